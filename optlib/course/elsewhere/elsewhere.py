"""`elsewhere`: what other libraries do under a rule's name, as a table and a picture."""

import functools

import numpy as np

from ... import optimizers as of
from ...optimizers.base import Optimizer
from ...pictures import charts
from ...pictures.table import Table
from ...registry import OPTIMIZERS
from . import around, conventions, layers, others, table, translation

COLUMNS = ["library", "its name there", "defaults", "how it differs", "first step / lr", "version"]
WIDTHS = (21, 18, 34, 42, 10, 10)
# Registered rules that a rule with conventions is one of.
OF = {conventions.AnyMomentum: "Momentum", conventions.AnyAdam: "Adam", conventions.AnyRMSProp: "RMSProp",
      conventions.AnyAdaGrad: "AdaGrad", conventions.AnyAdaMax: "AdaMax", conventions.AnyRAdam: "RAdam",
      conventions.AnyAdaBelief: "AdaBelief", conventions.AnyLaProp: "LaProp", conventions.AnyADOPT: "ADOPT",
      conventions.AnyAdan: "Adan", conventions.AnyAdEMAMix: "AdEMAMix", layers.AnyLAMB: "LAMB", layers.AnyLARS: "LARS",
      layers.AnyAdafactor: "Adafactor", layers.AnyMuon: "Muon", layers.AnyMARS: "MARS", others.LateASGD: "ASGD",
      others.SparseAdam: "Adam", others.RestlessLion: "Lion", others.OneSquare: "AdamMini"}  # fmt: skip
NUMBERS = {"lr", "beta", "beta1", "beta2", "beta3", "rho", "eps", "nu", "nu1", "nu2", "alpha", "momentum"}
WORDS = {
    "L2": "weight decay is part of the gradient", "WeightDecay": "decoupled weight decay", "Uphill": "it climbs",
    "CautiousMean": "cautious", "Cautious": "cautious", "FreeNow": "weighted by the present rate",
    "ClipNorm": "the norm of the gradient is clipped", "AnyClipNorm": "its norm is clipped, with a margin",
    "ClipValue": "each number of the gradient is clipped", "AnyDecay": "decoupled weight decay, in another form",
    "Capped": "steps no longer than lr times the weights", "Sinking": "lr times weight_decay is subtracted",
    "FreeAfterZ": "the mean is recovered with the path after its step", "ScheduleFree": "", "Lookahead": "looks ahead",
    "AnyLookahead": "looks ahead from its first synchronization on", "Accumulate": "means of gradients",
}  # fmt: skip
GRADIENTS = np.array([1.0, 0.9, 1.1, -0.5, 1.0, 0.02, 0.01, 0.02, 1.0, 1.0])  # of the picture: ten steps
KNOWN = ("torch ", "keras", "optax")  # named first where libraries share a line
LINES, EYE = 8, 0.01  # lines in one picture; nearer than this share of its height they are one


class Elsewhere:
    """What `elsewhere` returns.

    Attributes
    ----------
    table : Table
        A row for each library that has the rule.
    picture : Picture or None
        The first ten steps of each path that differs, over lr; None where no default path can be walked.
    """

    def __init__(self, table, rule, paths):
        self.table, self._drawn = table, (rule, paths)

    @functools.cached_property
    def picture(self):
        return _picture(*self._drawn)

    def _repr_mimebundle_(self, include=None, exclude=None):
        page = self.table.html() + (self.picture.html() if self.picture else "")
        return {"text/html": page, "text/plain": repr(self)}

    def __repr__(self):
        return "\n\n".join(filter(None, [repr(self.table), self.picture and self.picture.description]))


def elsewhere(rule):
    """What other libraries do under the name of a rule.

    Parameters
    ----------
    rule : str, or class of a registered rule
        Such as "Adam".

    Returns
    -------
    Elsewhere
        Shown as a table and a picture of the first ten steps.
    """
    if isinstance(rule, type) and issubclass(rule, Optimizer):
        rule = rule.__name__
    OPTIMIZERS[rule]  # a wrong name is answered with the nearest
    lines, paths = [], []
    for library, about in table.read("measured").items():
        for name, measured in about["rows"].items():
            settings, ours = _first_of(rule, library, name)
            if ours is None:
                continue
            lr = ours.settings().get("lr")
            first = _first(ours)
            given = ", ".join(f"{argument}={value}" for argument, value in settings.items())
            lines.append([library, f"{name}({given})" if given else name, _defaults(library, name, measured),
                          _differs(ours) or "the same rule",
                          "" if first is None else f"{first:.3g}", about["version"]])  # fmt: skip
            if not callable(lr):
                paths.append((f"{library} {name}", _path(ours) / lr))
    dates = sorted(about["date"] for about in table.read("measured").values())
    when = f"on {dates[0]}" if dates[0] == dates[-1] else f"from {dates[0]} to {dates[-1]}"
    caption = f"{rule} in other libraries, recorded {when}"
    if not lines:
        raise KeyError(f"elsewhere: none of the libraries of the table has {rule}")
    return Elsewhere(Table(caption, COLUMNS, lines, align="<" * len(COLUMNS), widths=WIDTHS), rule, paths)


@functools.cache
def _runs():
    """Recorded runs that a rule walks: library -> name -> settings, rule, its names; lr = 0.01 unless given."""
    found = {}
    for library, about in table.read("measured").items():
        for name, measured in about["rows"].items():
            for settings, _, nearest in measured["runs"]:
                if nearest or name not in table.rows(library):
                    continue
                every = measured["defaults"] | settings
                if not any(every.get(rate) is not None for rate in translation.RATES):
                    every["learning_rate"] = 0.01
                rule = translation.rule_of(library, name, every)
                found.setdefault(library, {}).setdefault(name, []).append((settings, rule, _names(rule)))
    return found


def _first_of(rule, library, name):
    """Settings and rule of the first recorded run of a row that goes by a rule's name."""
    runs = _runs().get(library, {}).get(name, [])
    return next(((settings, ours) for settings, ours, names in runs if rule in names), (None, None))


def _parts(rule):
    """The classes of a rule, from the outermost in."""
    cls, parts = type(rule), []
    while getattr(cls, "wrapped", None):
        parts.append(cls.wrapper)
        cls = cls.wrapped
    return [*parts, cls]


def _names(rule):
    """The registered names that a rule goes by."""
    *outer, cls = _parts(rule)
    names = {OF.get(cls, cls.__name__)} | {each.__name__ for each in outer if each.__name__ in OPTIMIZERS}
    settings = rule.settings()
    if cls is conventions.AnyMomentum and settings["nesterov"]:
        names = {"Nesterov"}
    if cls is conventions.AnyAdam:
        names |= {"AMSGrad"} if settings["largest"] or settings["largest_corrected"] else set()
        names |= {"Nadam"} if settings["psi"] or settings["ahead"] or settings["ahead_corrected"] else set()
        names -= {"Adam"} if len(names & {"AMSGrad", "Nadam"}) else set()
        names = {"AdamW"} if of.WeightDecay in outer and "Adam" in names else names
    if {of.ScheduleFree, around.FreeNow, around.FreeAfterZ} & {*outer}:
        names = {"ScheduleFree"}
    return names


def _defaults(library, name, measured):
    means = table.row(library, name)[2]
    shown = {argument: value for argument, value in measured["defaults"].items()
             if argument in means and means[argument] != "-" and value not in (None, False, 0)}  # fmt: skip
    return ", ".join(f"{argument} {_short(value)}" for argument, value in shown.items())


def _short(value):
    if isinstance(value, list):
        return "(" + ", ".join(map(_short, value)) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _differs(rule):
    """In words: what is around it, and each convention that is not ours."""
    *outer, cls = _parts(rule)
    words = [word for word in (WORDS[each.__name__] for each in outer) if word]
    if cls in OF or cls.__module__ == others.__name__:
        for name, value in rule.settings().items():
            about = cls.hypers.get(name)
            if about is None or name in NUMBERS or callable(value) or value == about.default:
                continue
            text = about.doc if isinstance(value, bool) else f"{name} {value:g}: {about.doc}"
            words.append(text)
    if callable(rule.settings().get("lr")):
        words.append(f"rate {type(rule.settings()['lr']).__name__}")
    return "; ".join(words)


def _path(rule):
    """The way of a number from 1 in ten steps: one rule for vectors as for numbers."""
    x, points, rule = np.ones(1), [0.0], rule.fresh()
    for g in GRADIENTS:
        x = rule.advance(x, np.array([g]))
        points.append(float(x[0]) - 1.0)
    return np.array(points)


def _first(rule):
    lr = rule.settings().get("lr")
    return None if callable(lr) or not lr else -float(_path(rule)[1]) / lr


def _picture(rule, paths):
    """Lines that the eye can tell apart, those of most libraries first."""
    if not paths:
        return None
    apart = EYE * np.ptp([path for _, path in paths])
    groups = []
    for name, path in paths:
        near = next((group for group in groups if np.abs(group[1] - path).max() <= apart), None)
        if near is None:
            groups.append(([name], path))
        else:
            near[0].append(name)
    groups.sort(key=lambda group: -len(group[0]))
    ys = {}
    for names, path in groups[:LINES]:
        best = min(names, key=lambda name: (not name.startswith(KNOWN), len(name)))
        ys[best.replace("jax_example_libraries", "jax") + (f" + {len(names) - 1}" if len(names) > 1 else "")] = path
    steps = np.arange(len(GRADIENTS) + 1)
    return charts.curves(steps, ys, "step", "way from the start, over lr", f"{rule}: the first ten steps")
