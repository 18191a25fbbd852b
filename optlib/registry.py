"""The two tables that everything in the course runs over: `OPTIMIZERS` and `FUNCTIONS`.

A rule or function that is registered is thereby tested, documented, given sliders and benchmarked.
"""

import dataclasses
import difflib
import numbers

import numpy as np

from . import checks
from .arrays import is_array, refuse_matrix


class Registry(dict):
    """A dict in order of teaching that answers a wrong name with the nearest right ones."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def __missing__(self, name):
        near = difflib.get_close_matches(str(name), self, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(self)}"
        raise KeyError(f"no {self.kind} is named {name!r}; {hint}")

    def add(self, name, entry):
        """Enter ``entry`` under ``name``; a name that another module's entry holds is refused."""
        old = dict.get(self, name)
        if old is not None and getattr(old, "__module__", None) != getattr(entry, "__module__", None):
            raise ValueError(f"{self.kind} name {name!r} is taken by {old!r}; choose another name")
        self[name] = entry


OPTIMIZERS = Registry("optimizer")
FUNCTIONS = Registry("test function")


def register(cls):
    """Class decorator: enters an optimizer into `OPTIMIZERS` under its class name.

    Raises
    ------
    ValueError
        If the name is taken, if the rule lets numbers depend on each other and does not say so (see ``sees``), or if
        its steps write to hyper-parameters, which neither a reset nor a schedule would know of.
    """
    cls.settle_kind()
    OPTIMIZERS.add(cls.__name__, cls)
    return cls


@dataclasses.dataclass(frozen=True)
class Hyper:
    """What is known of one hyper-parameter: its symbol, the values it may take and the range of its slider."""

    default: object
    symbol: str
    allowed: str
    slider: tuple | None
    log: bool
    doc: str

    def check_scheduled(self, owner, name, value):
        """`check` of a schedule's value, no schedule itself; a learning rate may be 0, where a warm-up begins."""
        if callable(value):
            raise TypeError(f"{owner}: the schedule of {name} gives {value!r}, which is no number")
        about = dataclasses.replace(self, allowed=self.allowed.replace("(0", "[0")) if name == "lr" else self
        return about.check(owner, name, value)

    def check(self, owner, name, value):
        """Return ``value`` in the form that a rule stores, or raise naming argument, value and allowed range.

        A schedule (any callable) passes as it is.  Numbers become Python floats, so that they never widen
        a float32 array; arrays stay arrays.
        """
        kind = type(self.default)
        if kind is bool:
            return checks.flag(owner, name, value)
        if kind is tuple:
            return self._check_tuple(owner, name, value)
        if kind is float and callable(value) and not isinstance(value, type):
            return value
        if kind is float and is_array(value) and len(value.shape):
            return self._check_array(owner, name, value)
        if is_array(value) and not len(value.shape):
            value = value.item()
        if isinstance(value, (bool, str)) or not isinstance(value, numbers.Real) or kind is int and value % 1 > 0:
            allowed = "an integer" if kind is int else "a number, an array or a schedule"
            raise TypeError(f"{owner}: {name}={value!r} must be {allowed} in {self.allowed}")
        if not checks.inside(value, self.allowed):
            raise ValueError(f"{owner}: {name}={value!r} is outside the allowed range {self.allowed}")
        return kind(value)

    def _check_array(self, owner, name, value):
        refuse_matrix(owner, name, value)
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"{owner}: {name} has dtype {array.dtype}; real numbers in {self.allowed} are allowed")
        outside = array[~checks.inside(array, self.allowed)]
        if outside.size:
            raise ValueError(f"{owner}: {name} contains {outside[0]!r}, outside the allowed range {self.allowed}")
        return value if array.dtype.kind == "f" else 1.0 * value  # integers overflow

    def _check_tuple(self, owner, name, values):
        if not hasattr(values, "__iter__") or isinstance(values, str):
            raise TypeError(f"{owner}: {name}={values!r} must be a sequence of numbers in {self.allowed}")
        if not len(values := tuple(values)):
            raise ValueError(f"{owner}: {name} is empty; it needs at least one number in {self.allowed}")
        return tuple(checks.number(owner, name, value, self.allowed) for value in values)


def hyper(default, symbol, allowed="(-inf, inf)", *, slider=None, log=False, doc=""):
    """Declare a hyper-parameter of a rule, as a dataclass field.

    Parameters
    ----------
    default : float, int, bool or tuple of floats
        Its type decides what is accepted: a float also takes arrays and schedules.
    symbol : str
        LaTeX symbol, as in the paper (``r"\\beta_1"``).
    allowed : str
        Interval in the usual notation, ``"[0, 1)"``; it appears in error messages and on the card.
    slider : (low, high), optional
        Range of its slider; ``log=True`` makes the slider logarithmic.
    doc : str
        What it does, in a few words.
    """
    checks.ends(allowed)  # a malformed interval fails at import, not at the first use
    return dataclasses.field(default=default, metadata={"hyper": Hyper(default, symbol, allowed, slider, log, doc)})
