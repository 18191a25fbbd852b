"""What other libraries name, take and do: `names.json`, written by hand, and `measured.json`, from their paths.

A row of names.json is ``family word=value ... argument>meaning ...``: the family of ours, its conventions, and what
an argument of theirs means for it where ``means`` does not say so; ``-`` has no part in the path.  What follows
``; vector:``, ``; matrix:`` or ``; kernel:`` is for such weights, where the library has another rule for them.
measured.json has of each library its version and date, and of each row the defaults of all arguments, the first step
over lr, and for each recorded run its settings, how far it is from the rule of the row (`matcher.error`) and, where no
rule of ours walks it, the nearest that was found.
"""

import difflib
import functools
import json
import math
from pathlib import Path

ALIASES = {"keras": "keras_jax", "tensorflow": "keras_tensorflow", "jax": "optax"}
ROUNDING = {"float64": 1e-9, "float32": 3e-5}  # error up to which a path is the same; the second for float32 inside
KINDS = ("vector", "matrix", "kernel")


@functools.cache
def read(name):
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))


@functools.cache
def rows(library):
    """All rows of a library: name there -> text."""
    own = dict(read("names")["names"][library])
    return rows(own.pop("like")) | own if "like" in own else own


@functools.cache
def row(library, name, kind=""):
    """The family of a row, its conventions, and argument -> meaning, for weights of a ``kind``."""
    first, *others = rows(library)[name].split("; ")
    family, *parts = dict(part.split(": ", 1) for part in others).get(kind, first).split()
    fixed = {word: _value(text) for word, text in (part.split("=") for part in parts if "=" in part)}
    means = dict(part.split(">") for part in parts if ">" in part)
    return family, fixed, read("names")["means"] | {word: text.split(",") if "," in text else text
                                                    for word, text in means.items()}  # fmt: skip


def _value(text):
    try:
        return json.loads(text.lower())
    except ValueError:
        return text


def library_of(who, library):
    name = ALIASES.get(library, library)
    if name not in read("measured"):
        raise KeyError(f"{who}: library={library!r} is not known; there are {', '.join(read('measured'))}")
    return name


def entry(who, library, name):
    """What was measured of one name: a dict with ``defaults``, ``error``, ..."""
    known = read("measured")[library]["rows"]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(known)}"
        raise KeyError(f"{who}: {library} has no {name!r}; {hint}")
    return known[name]


def measured(about, settings):
    """Error and nearest rule ("" where that of the row walks the path) of the recorded run most like these settings."""
    runs = [run for run in about["runs"] if run[1] is not None]
    alike = [run for run in runs if all(settings.get(argument) == value for argument, value in run[0].items())]
    _, error, nearest = max(alike or runs, key=lambda run: len(run[0]), default=[{}, math.inf, "none: it refused all"])
    return error, nearest
