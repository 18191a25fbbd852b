"""What an explorable shows, without any widget: a function, rules with their numbers, a start and steps."""

import dataclasses
import re
import types

import numpy as np

from .. import schedules
from ..checks import integer
from ..functions import Function
from ..minimize import minimize
from ..optimizers.base import as_rule
from ..optimizers.descent import GradientDescent
from ..pictures.picture import show_name
from ..pictures.tracks import settings_line, tracks
from ..registry import OPTIMIZERS
from ..words import stands_out
from . import page
from .scene import scene

MOST_STEPS = 100_000
SCHEDULE = re.compile(rf"\b(?=({'|'.join(schedules.__all__)})\()")


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """All that the controls of an explorable can change; a change gives another setting."""

    f: Function
    rules: dict  # all that can be chosen: name -> (class, hyper-parameters); two of one class differ by a number
    chosen: tuple  # of names
    start: tuple
    steps: int
    fixed: dict = dataclasses.field(default_factory=dict)  # hyper-parameters that have no control, and their values
    who: str = "explore"  # the caller, for messages
    evaluated: bool = False  # whether paths are of the points to evaluate, see `minimize`
    _known: dict = dataclasses.field(default_factory=dict, repr=False)  # the last path of each rule, by its name

    def changed(self, **fields):
        """The setting with other values for these fields."""
        return dataclasses.replace(self, **fields)

    def turned(self, names, **values):
        """The setting with other hyper-parameters for the rules of these names."""
        now = {name: self.rules[name] for name in names}
        new = {name: _entry(self.who, cls, own | values, {}) for name, (cls, own) in now.items()}
        return self.changed(rules=self.rules | new)

    def with_rules(self, names):
        """The setting in which these rules are chosen, each known to it or one of the course."""
        new = {name: OPTIMIZERS[name] for name in names if name not in self.rules}
        new = {name: _entry(self.who, cls, cls().settings(), self.fixed) for name, cls in new.items()}
        return self.changed(rules=self.rules | new, chosen=tuple(names))

    def with_start(self, start):
        """The setting with this start, of d finite numbers."""
        x = np.atleast_1d(start)
        if x.dtype.kind not in "fiu" or x.shape != (self.f.dim,) or not np.isfinite(x).all():
            plural = "s" if self.f.dim > 1 else ""
            raise ValueError(f"{self.who}: start={start!r} must be {self.f.dim} finite number{plural}, one point")
        return self.changed(start=tuple(map(float, x)))

    def with_steps(self, steps):
        return self.changed(steps=integer(self.who, "steps", steps, 1, MOST_STEPS))

    def rule(self, name):
        """A fresh instance of the rule of that name, as it is set."""
        cls, values = self.rules[name]
        return cls(**values)

    def paths(self):
        """The `Trajectory` of each chosen rule; only those whose numbers have changed are run again."""
        return [self.path(name) for name in self.chosen]

    def path(self, name):
        key = (self.f, self.evaluated, *self.rules[name][1].values(), self.start, self.steps)
        if self._known.get(name, (None,))[0] != key:
            run = minimize(self.f, self.rule(name), self.start, self.steps, evaluated=self.evaluated)
            self._known[name] = key, run
        return self._known[name][1]

    def tracks(self):
        """The same, ready to be drawn."""
        return tracks(self.who, self.f, self.paths())

    def track(self, name):
        """That of one rule, with the look that it has beside the chosen ones."""
        names = dict.fromkeys((*self.chosen, name))
        return dict(zip(names, self.with_rules(tuple(names)).tracks(), strict=True))[name]

    def title(self, tracks):
        """Function, learning rate, steps and start in one line."""
        return ", ".join(filter(None, (show_name(self.f), settings_line(tracks))))

    def code(self):
        """Lines of Python that draw the same picture."""
        calls = [code_call(type(rule), code_settings(rule).values()) for rule in map(self.rule, self.chosen)]
        run = f"ol.minimize(f, {{}}, start={self.start}, steps={self.steps})"
        draw = f"ol.plots.{'line' if self.f.dim == 1 else 'contour'}(f, {{}})"
        lines = [f'f = ol.FUNCTIONS["{self.f.name}"]'] if page.known_name(self.f) else []
        if len(calls) == 1:
            lines += [f"path = {run.format(calls[0])}", draw.format("path")]
        else:
            lines += [f"rules = [{', '.join(calls)}]", f"paths = [{run.format('rule')} for rule in rules]"]
            lines += [draw.format("*paths")]
        return "\n".join(lines)


def setting(f, rules, start=None, steps=100, fixed=None, who="explore"):
    """The `Setting` of what a reader gives: rules as classes, instances or names; ``fixed`` as name -> value."""
    scene(f, who=who)  # refuses what cannot be drawn
    fixed = fixed or {}
    if not rules:
        raise TypeError(f"{who}: give at least one optimizer, such as ol.Adam or ol.Adam(lr=0.1)")
    named = {}
    for rule in rules:
        rule = as_rule(who, rule, by_name=True)
        cls, same = type(rule), sum(type(rule) is other for other, _ in named.values())
        named[cls.__name__ if not same else f"{cls.__name__} {same + 1}"] = _entry(who, cls, rule.settings(), fixed)
    known = dict.fromkeys(name for _, values in named.values() for name in values)
    for name, value in fixed.items():
        if name not in known:
            raise TypeError(f"{who} got {name}={value!r}; the hyper-parameters of these rules are {', '.join(known)}")
    first = Setting(f, named, tuple(named), tuple(f.start), 1, fixed, who)
    return first.with_start(f.start if start is None else start).with_steps(steps)


def _entry(who, cls, values, fixed):
    """What a `Setting` has of a rule, whose class refuses what it may not have."""
    values = {name: fixed.get(name, value) for name, value in values.items()}
    if not one_setting(cls(**values)):
        raise ValueError(f"{who}: each rule has one setting; ol.heatmap draws a grid")
    return cls, values


def with_settings(rule, values):
    """A rule like this one, with other values for some of its hyper-parameters."""
    return type(rule)(**(rule.settings() | values))


def one_setting(rule):
    """Whether none of its hyper-parameters is an array, or a schedule of arrays."""
    return not any(getattr(value, "shape", ()) for value in rule.settings().values())


def code_settings(rule, never=()):
    """Settings as code by their names, ``{"lr": "lr=0.1"}``: lr and what is not at its default, but for ``never``."""
    return {name: f"{name}={_code(value)}" for name, value in rule.settings().items()
            if name not in never and stands_out(rule.hypers, name, value)}  # fmt: skip


def _code(value):
    """A value as code: a function by its name; ``...`` is left for the reader where it has none."""
    text = value.__name__ if isinstance(value, types.FunctionType) else repr(value)
    return "..." if "<" in text else SCHEDULE.sub("ol.schedules.", text)


def code_name(cls):
    """How code names a rule: those of the course are under ``ol``, a reader's own under its bare name."""
    cls = getattr(cls, "wrapper", None) or cls
    return f"ol.{cls.__name__}" if cls.__module__.startswith("optlib.") else cls.__name__


def code_call(cls, arguments):
    """How code makes a rule; hyper-parameters of a rule inside another can be named outside."""
    return f"{code_name(cls)}({', '.join([*code_of_wrapped(cls), *arguments])})"


def code_of_wrapped(cls):
    """The first argument of a rule around a rule as code, in a list; nothing where it is as by default."""
    wrapped = getattr(cls, "wrapped", None)
    if wrapped in (None, GradientDescent):
        return []
    return [code_call(wrapped, []) if code_of_wrapped(wrapped) else code_name(wrapped)]
