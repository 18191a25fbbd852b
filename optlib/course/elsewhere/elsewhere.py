"""`elsewhere`: what other libraries do under a rule's name, as a table and a picture."""

import functools

import numpy as np

from ... import optimizers as of
from ...optimizers.base import Optimizer
from ...pictures import charts
from ...pictures.table import Table
from ...registry import OPTIMIZERS
from ...schedules.base import Combined
from ...words import value_text
from . import around, corrections, others, table
from .matcher import walk

COLUMNS = ["library", "its name there", "defaults", "how it differs", "first step / lr", "version"]
WIDTHS = (21, 18, 34, 42, 10, 10)
WORDS = {  # for registered rules around a rule
    "WeightDecay": "decoupled weight decay", "AdamW": "decoupled weight decay", "ClipNorm": "the norm is clipped",
    "ClipValue": "each number of the gradient is clipped", "Cautious": "cautious", "Lookahead": "looks ahead",
    "ScheduleFree": "",
}  # fmt: skip
GRADIENTS = np.array([1.0, 0.9, 1.1, -0.5, 1.0, 0.02, 0.01, 0.02, 1.0, 1.0])  # of the picture: ten steps
KNOWN = ("torch ", "keras", "optax")  # named first where libraries share a line
LINES, EYE = 8, 0.01  # lines in one picture; nearer than this share of its height they are one


class Elsewhere:
    """A ``table`` with a row for each library that has a rule, and a ``picture`` of ten steps of each path, over lr."""

    def __init__(self, table, rule, paths):
        self.table, self._drawn = table, (rule, paths)

    @functools.cached_property
    def picture(self):
        return _picture(*self._drawn)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.table.html() + self.picture.html(), "text/plain": repr(self)}

    def __repr__(self):
        return f"{self.table!r}\n\n{self.picture.description}"


def elsewhere(rule):
    """What other libraries do under the name of a rule: a table, and a picture of the first ten steps.

    Parameters
    ----------
    rule : str, or class of a registered rule
        Such as "Adam".  A name that no rule has is a KeyError, as is a rule that no library of the table has.
    """
    rule = rule.__name__ if isinstance(rule, type) and issubclass(rule, Optimizer) else rule
    OPTIMIZERS[rule]  # a wrong name is answered with the nearest
    lines, paths = [], []
    for library, about in table.read("measured").items():
        for name, runs in _runs()[library].items():
            settings, ours, lr = next((run[:3] for run in runs if rule in run[3]), (None, None, None))
            if ours is None:
                continue
            # The way of a number from 1 in ten steps, over lr: one rule for vectors as for numbers.
            path = np.append(0.0, walk(ours, np.ones(1), GRADIENTS[:, None])[:, 0] - 1.0) / lr
            arguments = ", ".join(f"{argument}={value}" for argument, value in settings.items())
            there = f"{name}({arguments})" if arguments else name
            lines.append([library, there, _defaults(library, name, about["rows"][name]),
                          _differs(ours) or "the same rule", f"{0.0 - path[1]:.3g}", about["version"]])  # fmt: skip
            paths.append((f"{library} {name}", path))
    if not lines:
        raise KeyError(f"elsewhere: none of the libraries of the table has {rule}")
    dates = sorted(about["date"] for about in table.read("measured").values())
    when = f"on {dates[0]}" if dates[0] == dates[-1] else f"from {dates[0]} to {dates[-1]}"
    caption = f"{rule} in other libraries, recorded {when}"
    return Elsewhere(Table(caption, COLUMNS, lines, align="<" * len(COLUMNS), widths=WIDTHS), rule, paths)


@functools.cache
def _runs():
    """Recorded runs that a rule walks: library -> name -> settings, rule, learning rate (0.01 unless given), names."""
    runs = {}
    for library, about in table.read("measured").items():
        runs[library] = {}
        for name, measured in about["rows"].items():
            for settings, _, nearest in measured["runs"]:
                if nearest or name not in table.rows(library):
                    continue
                every = table.LENGTH | measured["defaults"] | settings
                means = table.section(library, name, every)[2]
                lr = next((every[a] for a, word in means.items() if word == "lr" and every.get(a) is not None), None)
                lr, every = lr or 0.01, every if lr else every | {"learning_rate": 0.01}
                rule = table.rule_of(library, name, every)
                runs[library].setdefault(name, []).append((settings, rule, lr, _names(rule, name)))
    return runs


def _parts(rule):
    """The classes of a rule, from the outermost in."""
    cls, parts = type(rule), []
    while getattr(cls, "wrapped", None):
        parts.append(cls.wrapper)
        cls = cls.wrapped
    return [*parts, cls]


def _registered(cls):
    """The registered rule that a class is, or is a variant of; None where it is another rule."""
    own = cls.__module__ != others.__name__
    return next((each.__name__ for each in cls.__mro__ if own and each.__name__ in OPTIMIZERS), None)


def _names(rule, name):
    """The registered names that a rule goes by, which has another there."""
    *outer, inner = map(_registered, _parts(rule))
    if "ScheduleFree" in outer:
        return {"ScheduleFree"}
    if isinstance(rule, of.Adam | of.AMSGrad) and rule.given("beta1") == 0:  # then it is divided and not averaged
        inner = "LaProp" if isinstance(rule, around.StepMean) else "RMSProp"
    if name == "RMSProp":
        inner = name
    return {"AdamW"} if inner == "Adam" and "WeightDecay" in outer else {inner, *outer} - {None}


def _defaults(library, name, measured):
    means = table.sections(library, name)[0][-1]
    return ", ".join(f"{argument} {value_text(value)}" for argument, value in measured["defaults"].items()
                     if means.get(argument, "-") != "-" and value not in (None, False, 0))  # fmt: skip


def _differs(rule):
    """In words: what is around it, the variant, and each convention that is not ours; see `around` and `variants`."""
    settings, words = rule.settings(), []
    for cls in _parts(rule):
        registered = OPTIMIZERS.get(_registered(cls))
        first = WORDS.get(cls.__name__, "") if cls is registered else cls.__doc__.partition("\n")[0]
        words.append(first if first[:1].islower() else "")
        for name, about in getattr(cls, "own", (cls.hypers,))[0].items():
            value = settings.get(name, about.default)
            if value == about.default or name in getattr(registered, "hypers", ()) and name != "psi":
                continue
            if isinstance(value, bool) or cls is around.Root:
                words.append(about.doc)
            elif name == "psi":
                soon = f"its momentum grows soon, psi {value:g}"
                words.append("its momentum does not grow" if value >= 1e6 else soon)
            elif " this" in about.doc:
                words.append(about.doc.replace("this", value_text(value)))
    rates = _factors(settings.get("lr"))
    epsilons = [] if corrections.Uncorrected in rates else _factors(settings.get("eps"))  # which would say the same
    for cls in [*rates, *epsilons]:
        own = cls.__module__ == corrections.__name__
        words.append(cls.__doc__ if own else f"the rate has the schedule {cls.__name__}")
    return "; ".join(dict.fromkeys(filter(None, words)))


def _factors(value):
    """The classes of the schedules that make up a hyper-parameter."""
    if isinstance(value, Combined):
        return [*_factors(value.a), *_factors(value.b)]
    return [type(value)] if callable(value) else []


def _picture(rule, paths):
    """Lines that the eye can tell apart, those of most libraries first."""
    apart, groups = EYE * np.ptp([path for _, path in paths]), []
    for name, path in paths:
        near = next((names for names, other in groups if np.abs(other - path).max() <= apart), None)
        if near is None:
            groups.append(([name], path))
        else:
            near.append(name)
    groups.sort(key=lambda group: -len(group[0]))
    lines = {}
    for names, path in groups[:LINES]:
        best = min(names, key=lambda name: (not name.startswith(KNOWN), len(name)))
        others = f" + {len(names) - 1}" if len(names) > 1 else ""
        lines[best.replace("jax_example_libraries", "jax") + others] = path
    steps = np.arange(len(GRADIENTS) + 1)
    return charts.curves(steps, lines, "step", "way from the start, over lr", f"{rule}: the first ten steps")
