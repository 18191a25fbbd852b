"""What an explorable shows, without any widget: a function, rules with their numbers, a start and steps."""

import numpy as np

from ..arrays import is_array
from ..minimize import minimize
from ..optimizers.base import Optimizer
from ..pictures.picture import show_name
from ..pictures.tracks import settings_line, tracks
from ..registry import FUNCTIONS, OPTIMIZERS
from . import page
from .scene import scene

MOST_STEPS = 100_000


class Setting:
    """Everything that the controls of an explorable change.

    Attributes
    ----------
    f : Function
    rules : dict of name -> (class, dict of hyper-parameters)
        All rules that can be chosen; two of one class are told apart by a number.
    chosen : list of names
    start : list of d floats
    steps : int
    fixed : tuple of names of hyper-parameters that have no control
    """

    def __init__(self, f, rules, start=None, steps=100, fixed=None, who="explore"):
        self.who = who
        scene(f, who=who)  # refuses what cannot be drawn
        self.f = f
        self.rules = _named(rules, fixed or {}, who)
        self.chosen = list(self.rules)
        self.fixed = tuple(fixed or {})
        self.start = _check_start(f, start, who)
        self.steps = _check_steps(steps, who)
        self._known = {}

    def offer_all(self):
        """Let every other rule of the course be chosen too."""
        for name, cls in OPTIMIZERS.items():
            if not any(cls is known for known, _ in self.rules.values()):
                self.rules[name] = (cls, cls().settings())

    def functions(self):
        """Functions to choose from, by name: this one and those of the course with as many coordinates."""
        own = {} if self.f.name in FUNCTIONS else {self.f.name: self.f}
        return own | {name: f for name, f in FUNCTIONS.items() if f.dim == self.f.dim}

    def choose_function(self, f):
        """Turn to another function and to its own start."""
        self.f, self.start = f, list(f.start)

    def rule(self, name):
        """A fresh instance of the rule of that name, as it is set."""
        cls, values = self.rules[name]
        return cls(**values)

    def paths(self):
        """The `Trajectory` of each chosen rule; only those are run anew whose numbers have changed."""
        return [self._path(name) for name in self.chosen]

    def _path(self, name):
        settings = tuple(map(repr, self.rules[name][1].values()))
        key = (id(self.f), settings, tuple(self.start), self.steps)
        if self._known.get(name, (None,))[0] != key:
            self._known[name] = key, minimize(self.f, self.rule(name), self.start, self.steps)
        return self._known[name][1]

    def tracks(self):
        """The same, ready to be drawn."""
        return tracks(self.who, self.f, self.paths())

    def title(self, found):
        """Function, learning rate, steps and start in one line."""
        return ", ".join(part for part in (show_name(self.f), settings_line(found)) if part)

    def code(self):
        """Lines of Python that draw the same picture."""
        start = ", ".join(f"{v:.12g}" for v in self.start)
        start = f"({start},)" if len(self.start) == 1 else f"({start})"
        known = page.known_name(self.f)
        rules = [_call(self.rule(name)) for name in self.chosen]
        run = f"ol.minimize(f, {{}}, start={start}, steps={self.steps})"
        if len(rules) == 1:
            lines = [f"path = {run.format(rules[0])}"]
        else:
            lines = [f"rules = [{', '.join(rules)}]", f"paths = [{run.format('rule')} for rule in rules]"]
        draw = "line" if self.f.dim == 1 else "contour"
        lines.append(f"ol.plots.{draw}(f, {'path' if len(rules) == 1 else '*paths'})")
        return "\n".join([*([f'f = ol.FUNCTIONS["{self.f.name}"]'] if known else []), *lines])


def _call(rule):
    """A rule as the code that makes it; what stands at its default is left out, but not lr."""
    given = [
        f"{name}={value!r}"
        for name, value in rule.settings().items()
        if name == "lr" or is_array(value) or callable(value) or value != rule.hypers[name].default
    ]
    return f"{code_name(type(rule))}({', '.join(given)})"


def code_name(cls):
    """How code names a rule: those of the course are under ``ol``, a reader's own under its bare name."""
    return f"ol.{cls.__name__}" if cls.__module__.startswith("optlib.") else cls.__name__


def _named(rules, fixed, who):
    if not rules:
        raise TypeError(f"{who}: give at least one optimizer, such as ol.Adam or ol.Adam(lr=0.1)")
    found, used = {}, set()
    for rule in rules:
        if isinstance(rule, str):
            rule = OPTIMIZERS[rule]
        if isinstance(rule, type) and issubclass(rule, Optimizer):
            rule = rule()
        if not isinstance(rule, Optimizer):
            raise TypeError(f"{who}: rule={rule!r} must be an optimizer, such as ol.Adam or ol.Adam(lr=0.1)")
        values = rule.settings()
        values |= {name: value for name, value in fixed.items() if name in values}
        used |= set(fixed) & set(values)
        cls = type(rule)
        cls(**values)  # checks what was fixed
        same = sum(cls is known for known, _ in found.values())
        found[cls.__name__ if not same else f"{cls.__name__} {same + 1}"] = (cls, values)
    for name in fixed:
        if name not in used:
            known = ", ".join(dict.fromkeys(n for _, values in found.values() for n in values))
            raise TypeError(f"{who} got {name}={fixed[name]!r}; the hyper-parameters of these rules are {known}")
    return found


def _check_start(f, start, who):
    x = np.asarray(f.start if start is None else start)
    if x.ndim == 0:
        x = x[None]
    if x.dtype.kind not in "fiu" or x.shape != (f.dim,) or not np.isfinite(x).all():
        raise ValueError(f"{who}: start={start!r} must be {f.dim} finite number{'s' if f.dim > 1 else ''}, one point")
    return [float(v) for v in x]


def _check_steps(steps, who):
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)):
        raise TypeError(f"{who}: steps={steps!r} must be an integer from 1 to {MOST_STEPS:,}")
    if not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"{who}: steps={steps!r} must be an integer from 1 to {MOST_STEPS:,}")
    return int(steps)
