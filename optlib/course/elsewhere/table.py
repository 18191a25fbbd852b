"""What other libraries name, take and do: `names.json`, written by hand, and `measured.json`, from their paths.

A row of names.json is ``RULE word=value ... argument>word ...``: a rule, its conventions (see `conventions`), and what
an argument of theirs means, where it is no hyper-parameter of the rule and ``means`` does not say so; ``-`` has no part
in the path as recorded.  A section after ``; `` is read instead where its condition holds: for weights of a kind
("vector", "matrix" or "kernel", also with "not"), or where an argument is not given or 0 ("no weight_decay").
measured.json has of each library its version and date, and of each row the defaults of all arguments, and for each
recorded run its settings, how far it is from the rule of the row (`matcher.error`) and, where no rule of ours walks it,
the nearest.
"""

import difflib
import functools
import json
import math
from pathlib import Path

import numpy as np

from . import conventions

ALIASES = {"keras": "keras_jax", "tensorflow": "keras_tensorflow", "jax": "optax"}
ROUNDING = {"float64": 1e-9, "float32": 3e-5}  # error up to which a path is the same; the second for float32 inside
KINDS = ("vector", "matrix", "kernel")
RATES = ("lr", "learning_rate", "learning_rate_init", "step_size")
LENGTH = {"max_steps": 12}  # of all recorded runs, for schedules that a library makes for a whole training


@functools.cache
def read(name):
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))


@functools.cache
def rows(library):
    """All rows of a library: name there -> text."""
    own = dict(read("names")["names"][library])
    return rows(own.pop("like")) | own if "like" in own else own


@functools.cache
def sections(library, name):
    """Of each section of a row: its condition ("" for the first), its rule, the words, and argument -> meaning."""
    return [_section(*reversed(text.rpartition(": ")[::2])) for text in rows(library)[name].split("; ")]


def _section(text, condition):
    rule, *parts = text.split()
    words = {part.partition("=")[0]: _value(part.partition("=")[2]) for part in parts if ">" not in part}
    own = {name: name for name in conventions.RULES[rule].hypers if name != "weight_decay"}
    means = dict(part.split(">") for part in parts if ">" in part)
    means = {argument: word.split(",") if "," in word else word for argument, word in means.items()}
    return condition, rule, words, read("names")["means"] | own | means


def _value(text):
    try:
        return json.loads(text.lower() or "true")
    except ValueError:
        return text


def section(library, name, settings, kind=""):
    """The section of a row for these settings and this kind of weights: rule, words, argument -> meaning."""
    (_, *first), *others = sections(library, name)
    for condition, *other in others:
        negation, _, word = condition.rpartition(" ")
        if not np.any(settings.get(word)) if negation == "no" else kind and (kind != word) == bool(negation):
            return other
    return first


def rule_of(library, name, settings, kind=""):
    """The rule of a row for settings with all defaults filled in; KeyError with the name of one that is missing."""
    rule, words, means = section(library, name, settings, kind)
    words = dict(words)
    for argument, value in settings.items():
        words |= _meaning(means.get(argument, "-"), value)
    about = read("measured").get(library, {"rows": {}})["rows"].get(name)  # None before it is measured
    words, needed = _settled(words), required(about) if about else []
    missing = [argument for argument in needed if settings.get(argument) is None]
    if missing or words.get("lr") is None:
        raise KeyError(*missing or ["a learning rate"])
    return conventions.build(rule, **words)


def _meaning(word, value):
    """What one argument says, as pairs of word and value."""
    if isinstance(word, list):
        values = value if isinstance(value, list | tuple) else [value] * len(word)
        return {each: v for each, v in zip(word, values, strict=False) if each != "-" and v is not None}
    if word == "-" or value is None or isinstance(value, str) and word not in TEXTS:
        return {}
    return SWITCHES[word](value) if word in SWITCHES else {word: value}


TEXTS = {"schedule": ("linear", "cosine", "constant", "constant_with_warmup"),
         "adjust": (None, "original", "match_rms_adamw")}  # fmt: skip
SWITCHES = {  # a word of libraries -> what it is in words of ours
    "correct": lambda on: {"uncorrected": not on},
    "loud": lambda on: {"silent": not on},
    "corrected_ahead": lambda on: {"ahead": on and "corrected"},
    "paper_cautious": lambda on: {"cautious": on and "paper"},
    "in_root": lambda on: {"place": on and "inside"},
    "decoupled": lambda on: {"decay": "decoupled"} if on else {"decay": "l2"},
    "own": lambda on: {"decay": "own"} if on else {"decay": "l2"},
    "divided": lambda on: {"decay": "decoupled"} if on else {"decay": "own"},
    "relative_decay": lambda on: {"decay": "relative"} if on else {},
    "adjust": lambda how: {"rms": 0.2} if how in (True, "match_rms_adamw") else {},
    "capped": lambda on: {} if on else {"fixed": True},
    "warmed": lambda on: {"warmup": 10_000 if on else 0},
}


def _settled(words):
    """Words of which one decides on others."""
    falls = words.pop("falls", None)  # Adafactor's rate, which is then the paper's, whatever else is given
    if falls is not None:
        words |= {"lr": 1e-2} if falls else {"fixed": True, "warmup": 0}
    if words.get("rms"):
        words |= {"unscaled": False, "wide": False}
    return words


def library_of(who, library):
    name = ALIASES.get(library, library)
    if name not in read("measured"):
        raise KeyError(f"{who}: library={library!r} is not known; there are {', '.join(read('measured'))}")
    return name


def entry(who, library, name):
    """What was measured of one name: a dict with ``defaults`` and ``runs``."""
    known = read("measured")[library]["rows"]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(known)}"
        raise KeyError(f"{who}: {library} has no {name!r}; {hint}")
    return known[name]


def required(about):
    """Arguments, other than the learning rate, that have no default and were given in all recorded runs."""
    given = set.intersection(*(set(run[0]) for run in about["runs"])) - {*RATES}
    return sorted(argument for argument in given if about["defaults"].get(argument) is None)


def measured(about, settings):
    """Error and nearest rule ("" where that of the row walks the path) of the recorded run most like these settings."""
    runs = [run for run in about["runs"] if run[1] is not None]
    alike = [run for run in runs if all(np.array_equal(settings.get(name), value) for name, value in run[0].items())]
    _, error, nearest = max(alike or runs, key=lambda run: len(run[0]), default=[{}, math.inf, "none: it refused all"])
    # SWATS is SGD only after more steps than were recorded.
    return error, nearest or ("Adam until it goes on as SGD" if "phase" in about["defaults"] else "")
