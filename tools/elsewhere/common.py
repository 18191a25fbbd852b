"""The sequences of gradients, and the file of the paths that a library walks on them.

Nothing but the standard library: this runs in the environment of each library.  A library's adapter makes a list of
`Run` and one function ``walk(run, dtype, x0, gradients, factors)``, which yields the weights after each step, as a
number, nested lists or anything with ``tolist``; ``factors`` multiply the run's learning rate step by step.
"""

import contextlib
import datetime
import inspect
import itertools
import json
import math
import os
import platform
import re
import struct
import sys
import warnings
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

STEPS = 12
DROP = (1.0,) * 6 + (0.01,) * 6  # what the learning rate is multiplied by, from step 1 to 12
FULL = (1.0,) * STEPS

# A number: signs that change, zeros, what is tiny and what is large against the gradients before.
SCALAR = [1.0, -0.5, 2.0, 0.25, 0.0, -3.0, 1e-9, 1e4, 0.0, -0.001, 0.7, 0.7]
# Three coordinates: of about 1; tiny, where it matters what stands beside epsilon; first huge, then small.
VECTOR = [
    [0.4, 0.0, 1e4], [-0.8, 2e-9, -3e3], [0.25, -3e-8, 0.0], [0.7, 1e-7, 0.0], [-0.3, 4e-8, 20.0], [0.0, 0.0, -2.0],
    [0.6, -2e-7, 0.25], [0.5, 1e-8, 0.0], [-0.2, 3e-6, 500.0], [0.9, -1e-9, -0.03], [-1.1, 5e-8, 0.4], [0.3, 1e-8, 6.0],
]  # fmt: skip


def numbers(seed):
    """Reproducible numbers of three decimals in [-1, 1], without a library."""
    while True:
        seed = (1103515245 * seed + 12345) % 2**31
        yield (seed >> 16) % 2001 / 1000 - 1


def nested(values, shape):
    return next(values) if not shape else [nested(values, shape[1:]) for _ in range(shape[0])]


def of_shape(seed, *shape):
    values = numbers(seed)
    return {"x0": nested(values, shape), "gradients": [nested(values, shape) for _ in range(STEPS)]}


SEQUENCES = {
    "scalar": {"x0": 1.0, "gradients": SCALAR},
    "vector": {"x0": [1.0, -2.0, 0.5], "gradients": VECTOR},
    "zeros": {"x0": [0.0, 0.0, 0.0], "gradients": VECTOR},
    "matrix": of_shape(1, 4, 3),
    "square": of_shape(2, 4, 4),
    "kernel": of_shape(3, 4, 2, 1, 2),  # of a convolution: outputs, inputs, height, width
}
ELEMENTS = ("scalar", "vector", "zeros")  # for rules that see each number alone
FACTORS = (*ELEMENTS, "matrix", "kernel")  # for rules that keep one number for a row and one for a column
MATRICES = ("vector", "matrix", "kernel")  # for rules that see rows and columns
SQUARES = (*MATRICES, "square")  # for rules with an eigenbasis, which is arbitrary unless the gradient has full rank
DROPPED = {"vector", "matrix"}  # all files together are to stay below 2 MB


@dataclass
class Run:
    """One optimizer of a library with settings.  ``extra`` is for the adapter; ``lr`` where no setting names it."""

    name: str
    make: object
    settings: dict = field(default_factory=dict)
    sees: tuple = ELEMENTS
    note: str = ""
    lr: float | None = None
    extra: dict = field(default_factory=dict)
    defaults: dict | None = None


def signature(make):
    """Defaults of a class or function, as it says them itself."""
    parameters = inspect.signature(make).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


RATES = ("lr", "learning_rate", "learning_rate_init")


def learning_rate(run):
    for numbers_of in (run.settings, run.defaults):
        for name in RATES:
            with contextlib.suppress(TypeError, ValueError):
                return float(numbers_of[name]) if name in numbers_of else float("no")
    return None


def plain(value):
    """A setting as JSON: numbers, words, lists; anything else by the name of its kind."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    with contextlib.suppress(Exception):
        return number(float(value))
    return getattr(value, "__name__", type(value).__name__)


def number(value):
    return value if math.isfinite(value) else str(value)  # "nan", "inf", "-inf": JSON has no such numbers


def short(value):
    """The shortest decimal that is the same float32."""
    for digits in (6, 7, 8, 9):
        rounded = float(f"{value:.{digits}g}")
        if math.isnan(value) or struct.pack("f", rounded) == struct.pack("f", value):
            return rounded
    return value


def flat(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, list | tuple):
        return [float(value)]
    return [each for row in value for each in flat(row)]


def words(error):
    """An error as its class and first line, without folders of this machine."""
    text = re.sub(r"(?:/[\w.+~-]+)+/", "", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"[:200]


def path(walk, run, dtype, x0, gradients, factors):
    keep = number if dtype == "float64" else lambda value: number(short(value))
    steps = [[keep(each) for each in flat(x)] for x in walk(run, dtype, x0, gradients, factors)]
    assert len(steps) == len(gradients), f"{len(steps)} steps for {len(gradients)} gradients"
    return [step[0] for step in steps] if not isinstance(x0, list) else steps


def attempt(refused, where, *walked):
    """A path, or None and its error among the refused."""
    try:
        return path(*walked)
    except Exception as error:
        refused.setdefault(words(error), []).append(where)


def filled(value, x0):
    return [filled(value, each) for each in x0] if isinstance(x0, list) else value


def recorded(run, walk, dtypes):
    """What a file keeps of one run."""
    run.lr = learning_rate(run) if run.lr is None else run.lr
    row = {"name": run.name, "settings": plain(run.settings), "defaults": plain(run.defaults), "lr": run.lr}
    paths, refused, first, zero, notes = {}, {}, None, None, [run.note] if run.note else []
    again = "vector" if "scalar" in run.sees else "matrix"  # all that the second dtype walks
    for dtype, name in itertools.product(dtypes, run.sees):
        if name != again and any(other != dtype for other in paths):
            continue
        where, x0, gradients = f"{dtype} {name}", SEQUENCES[name]["x0"], SEQUENCES[name]["gradients"]
        whole = attempt(refused, where, walk, run, dtype, x0, gradients, FULL)
        if whole is None:
            continue
        paths.setdefault(dtype, {})[name] = whole
        if name in DROPPED and run.lr:
            dropped = attempt(refused, f"{where} drop", walk, run, dtype, x0, gradients, DROP)
            if dropped is not None:
                # Up to step 6 nothing has changed yet; a rule that draws random numbers keeps all twelve.
                paths[dtype][f"{name} drop"] = dropped[6:] if dropped[:6] == whole[:6] else dropped
        if whole != attempt(refused, where, walk, run, dtype, x0, gradients, FULL):
            notes.append(f"{where}: two runs differ")
        if zero is None:
            still = attempt(refused, f"{where} of 0", walk, run, dtype, filled(2.0, x0), filled(0.0, [x0]), FULL[:1])
            zero = still and number(max((float(x) - 2.0 for x in flat(still)), key=abs))
        if name == "scalar" and first is None and run.lr:
            first = number((x0 - float(whole[0])) / run.lr)
    row |= {"first": first, "zero": zero, "paths": paths, "refused": refused, "note": "; ".join(dict.fromkeys(notes))}
    return row


def shared(rows):
    """Paths and defaults that are equal in every bit to those of an earlier run are written as its name."""
    names = {}
    for row in rows:
        first = names.setdefault(json.dumps(row["defaults"]), row["name"])
        if first != row["name"]:
            row["defaults"] = first
        for dtype, paths in row["paths"].items():
            first = names.setdefault((dtype, json.dumps(paths)), row["name"])
            if first != row["name"]:
                row["paths"][dtype] = first
    return rows


def write(target, document):
    """As JSON, a run a line; under a temporary name first."""
    head = json.dumps({name: value for name, value in document.items() if name != "runs"})[:-1]
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in document["runs"])
    target = Path(target)
    part = target.with_name(target.name + f".{os.getpid()}.unfinished")
    part.write_text(f'{head}, "runs": [\n{rows}\n]}}\n', encoding="utf-8")
    part.replace(target)


def document(library, packages, rows):
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names)), f"names twice: {sorted(n for n in set(names) if names.count(n) > 1)}"
    versions = {package: version(package) for package in packages}
    return {
        "library": library,
        "version": versions[packages[0]],
        "packages": versions,
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        "runs": shared(rows),
    }


def record(library, packages, runs, walk, dtypes=("float64", "float32"), defaults=lambda run: signature(run.make)):
    """Walk all runs of a library and write its file, named on the command line with its digest.

    ``packages`` are the distributions whose versions decide, the library's own first.
    """
    warnings.simplefilter("ignore")
    rows = []
    for run in runs:
        if run.defaults is None:
            run.defaults = defaults(run)
        rows.append(recorded(run, walk, dtypes))
        seen = "refused" if not rows[-1]["paths"] else f"first {rows[-1]['first']}, zero {rows[-1]['zero']}"
        print(f"  {run.name}: {seen}", flush=True)
    finish(document(library, packages, rows))


def finish(file):
    target, digest, *requirements = sys.argv[1:]
    write(target, {**file, "requirements": requirements, "digest": digest} | {"runs": file["runs"]})
