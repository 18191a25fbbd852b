"""Bad input meets one clear error that names argument, value and what is allowed; a half-written file is never seen."""

import contextlib
import errno
import functools
import math
import numbers
import os
import pathlib
import re
import shutil

import numpy as np

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows has no quotas


class WrongType(TypeError, ValueError):
    """A value of a wrong type; a ValueError too, so that whoever catches either kind catches it."""


def integer(who, name, value, least=0, most=None):
    """The value as an int; TypeError or ValueError unless it is an integer from ``least`` to ``most``."""
    allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
    error = ValueError if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else WrongType
    if error is WrongType or value < least or most is not None and value > most:
        raise error(f"{who}: {name}={value!r} must be an integer {allowed}")
    return int(value)


def number(who, name, value, allowed="(-inf, inf)"):
    """The value as a float; TypeError or ValueError unless it is one finite number in the interval ``allowed``."""
    if np.ndim(value) == 0 and hasattr(value, "item"):
        value = value.item()
    error = ValueError if isinstance(value, numbers.Real) and not isinstance(value, bool) else WrongType
    if error is WrongType or not inside(value, allowed):
        raise error(f"{who}: {name}={value!r} must be a number in {allowed}")
    return float(value)


def vector(who, name, values, allowed="(-inf, inf)", least=1, most=math.inf, also=""):  # for the error: "a number or "
    """The values as a 1-D float array; ValueError unless they are ``least`` to ``most``, all in the interval."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    error = ValueError if array.dtype.kind in "fiu" else WrongType
    if error is WrongType or array.ndim != 1 or not least <= len(array) <= most or not inside(array, allowed).all():
        count = "at least one number" if least == 1 else f"{'at least ' * (most > least)}{least} numbers"
        raise error(f"{who}: {name}={values!r} must be {also}a 1-D array of {count} in {allowed}")
    return array.astype(float)


def flag(who, name, value):
    """The value as a bool; TypeError unless it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise WrongType(f"{who}: {name}={value!r} must be True or False")
    return bool(value)


def choice(who, name, value, allowed):
    """The value; ValueError unless it is one of ``allowed``."""
    if not any(value is each or isinstance(value, type(each)) and value == each for each in allowed):
        raise ValueError(f"{who}: {name}={value!r} must be {one_of(allowed)}")
    return value


def instance(who, name, value, kind, such_as):
    """The value; TypeError unless it is an instance of ``kind``.  ``such_as`` is an example, as one would write it."""
    if not isinstance(value, kind):
        raise TypeError(f"{who}: {name}={value!r} must be a {kind.__name__}, such as {such_as}")
    return value


def one_of(allowed):
    """``'a', 'b' or 'c'``."""
    *before, last = map(repr, allowed)
    return f"{', '.join(before)} or {last}" if before else last


_INTERVAL = re.compile(r"([\[(])\s*(\S+)\s*,\s*(\S+?)\s*([\])])")


@functools.cache
def ends(interval):
    """Low end, whether it belongs to the interval, high end, whether it does: (0.0, True, 1.0, False) for "[0, 1)"."""
    match = _INTERVAL.fullmatch(interval)
    if match is None:
        raise ValueError(f"interval {interval!r} is not of the form '[low, high)'")
    left, low, high, right = match.groups()
    return float(low), left == "[", float(high), right == "]"


def inside(value, interval):
    """Whether a number (or each of an array) is finite and lies in an interval such as ``"(0, 1]"``."""
    low, with_low, high, with_high = ends(interval)
    above = (value > low) | (with_low & (value == low))
    below = (value < high) | (with_high & (value == high))
    largest = 2**1023 if isinstance(value, int) else math.inf  # an int may be beyond all floats
    return above & below & (abs(value) < largest)


@contextlib.contextmanager
def naming_full_disk(path, part=None):
    """An OSError that names the file and the space where the block, which writes ``path``, finds the disk full.

    ``part`` is the temporary file that takes up space meanwhile and will be removed.
    """
    try:
        yield
    except Exception as error:
        cause = error  # torch raises an error of its own over that of the system
        while cause is not None and getattr(cause, "errno", None) not in FULL:
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        path = pathlib.Path(path).absolute()
        space = shutil.disk_usage(path.parent).free + (part.stat().st_size if part and part.exists() else 0)
        problem = f"{cause.strerror}: {path} needs more than the {space / 1e6:,.1f} MB that are free; make room, or "
        raise OSError(cause.errno, problem + "name another place") from error


@contextlib.contextmanager
def replacing(path):
    """A temporary path beside ``path``, which takes its place when the block ends well and goes when it does not."""
    path = pathlib.Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{str(path)!r} cannot be written: there is no folder {str(path.parent)!r}")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with naming_full_disk(path, part):
            yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
