"""`race`: several rules from one start, at one learning rate or each at its own best one, which is shown."""

import html
import numbers
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .. import checks
from ..minimize import minimize
from ..optimizers.around import has_another_evaluation_point
from ..optimizers.base import as_rule
from ..pictures import maps, theme
from ..pictures.charts import curves, drawable, loss, wants_log
from ..pictures.picture import SMALL, Picture, bundle
from ..trajectory import lost
from .animation import animate
from .heatmap import score_name
from .setting import one_setting, with_settings

RATES = np.geomspace(1e-4, 1e1, 200)  # those that are tried


def race(f, rules, *, lr=None, tune=False, rates=None, start=None, steps=100):
    """Run several rules from one start and show who gets lowest: a `Race`.

    A rule that keeps an average of its path, to be evaluated in place of it, is judged by that.

    Parameters
    ----------
    f : Function
    rules : optimizer class, instance or name, or a sequence of them
        Instances keep their own settings.
    lr : float, optional
        One learning rate for all.
    tune : bool
        Give each rule the best of ``rates``; all of them run at once.  A run is as good as the highest value of the
        last tenth of its steps.  Rules without a learning rate run as they are.
    rates : 1-D array, optional
        Rates to try, by default 200 from 0.0001 to 10.
    start, steps : as in `minimize`
    """
    checks.flag("race", "tune", tune)
    several = isinstance(rules, Iterable) and not isinstance(rules, str)
    rules = [as_rule("race", rule, by_name=True) for rule in (rules if several else [rules])]
    if not rules:
        raise TypeError("race: rules is empty; give at least one optimizer, such as [ol.Momentum, ol.Adam]")
    if lr is not None and tune:
        raise ValueError(f"race: lr={lr!r} is one rate for all and tune=True looks for one each; give only one of them")
    if rates is not None and not tune:
        raise ValueError("race: rates are tried only with tune=True")
    if np.ndim(start) > 1 or getattr(lr, "shape", ()) or not all(map(one_setting, rules)):
        raise ValueError("race: start is one point, and each rule has one setting; ol.heatmap draws a grid")
    searches = [None] * len(rules)
    if tune:
        rates = np.sort(checks.vector("race", "rates", RATES if rates is None else rates, "(0, inf)", least=2))
        searches = [_search(f, rule, rates, start, steps) for rule in rules]
    paths = []
    for rule, search in zip(rules, searches, strict=True):
        own_lr = search.best if search else lr
        if own_lr is not None and "lr" in rule.hypers:
            rule = with_settings(rule, {"lr": own_lr})
        paths.append(minimize(f, rule, start, steps, evaluated=has_another_evaluation_point(type(rule))))
    return Race(f, paths, searches)


class Race:
    """Paths of several rules, and how their learning rates were chosen; see `race`.

    Attributes
    ----------
    paths : list of Trajectory, in the order of the rules
    table : list of dicts
        ``rule``, ``lr`` (None for rules without one), ``f`` after the last step, ``score``, the highest value of the
        last tenth (see `Trajectory.worst_late`), ``diverged``, ``edge``: whether the best rate is the lowest or highest
        that was tried, so that a better one may lie beyond, and ``average``: whether ``f`` and ``score`` are of one.
    animation : Animation, or of functions of more than two coordinates that are no matrices the Picture of `plots.loss`
    tuning : Picture or None
        Score against learning rate, one curve a rule.
    """

    def __init__(self, f, paths, searches):
        self.f, self.paths, self.table = f, paths, []
        for path, search in zip(paths, searches, strict=True):
            lr = path.rule.settings().get("lr")
            self.table.append({
                "rule": type(path.rule).__name__, "lr": lr if isinstance(lr, numbers.Real) else None,
                "f": float(path.f[-1]), "score": path.worst_late,
                "diverged": path.diverged, "edge": bool(search and search.edge),
                "average": has_another_evaluation_point(type(path.rule)),
            })  # fmt: skip
        self.animation = loss(*paths) if f.dim > 2 and not f.shapes else animate(f, *paths)
        tuned = [(path, search) for path, search in zip(paths, searches, strict=True) if search is not None]
        self.tuning = _tuning_picture(tuned) if tuned else None

    def __repr__(self):
        lines = [f"{'rule':18} {'lr':>9} {score_name(self.paths[0].steps):>30}"]
        for row in sorted(self.table, key=lambda row: (row["diverged"], 0.0 if row["diverged"] else row["score"])):
            lr = "-" if row["lr"] is None else f"{row['lr']:.4g}"
            score = "-" if row["diverged"] else f"{row['score']:.2e}"
            remark = "  diverged" if row["diverged"] else "  at the edge of the rates tried" * row["edge"]
            remark += "  judged by its average" * row["average"]
            lines.append(f"{row['rule']:18} {lr:>9} {score:>30}{remark}")
        return "\n".join(lines)

    def html(self):
        """Animation, table and tuning as one piece of HTML without any reference to the network."""
        tuning = self.tuning.html() if self.tuning else ""
        return f"{self.animation.html()}\n<pre>{html.escape(repr(self))}</pre>\n{tuning}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        still = self.animation.png(**SMALL) if isinstance(self.animation, Picture) else self.animation.still()
        return bundle(self.html(), still, repr(self))


class _Search(NamedTuple):
    """Rates tried, the score of each (NaN where it diverged), the best rate, whether a better one may lie beyond."""

    rates: np.ndarray
    scores: np.ndarray
    best: float
    edge: bool


def _search(f, rule, rates, start, steps):
    """Try all rates at once; None for a rule that has none, or whose rate is a schedule."""
    if "lr" not in rule.hypers or callable(rule.settings()["lr"]):
        return None
    average = has_another_evaluation_point(type(rule))
    runs = minimize(f, with_settings(rule, {"lr": rates[:, None]}), start, steps, evaluated=average)
    if lost(runs.worst_late, runs.f[0, 0]).all():
        raise ValueError(f"race: {type(rule).__name__} diverges at all rates from {rates[0]:g} to {rates[-1]:g}")
    best = int(np.nanargmin(runs.worst_late))
    return _Search(rates, runs.worst_late, float(rates[best]), maps.on_edge(rule.hypers["lr"], rates, best))


def _tuning_picture(tuned):
    """Score against rate, one curve a rule, its best rate starred; runs that flew off are left out."""
    searches, values = {}, {}
    for path, search in tuned:
        name = type(path.rule).__name__
        same = sum(label.split(",")[0] == name for label in searches)
        label = f"{name}, no. {same + 1}" if same else name
        searches[label] = search
        values[label] = np.where(lost(search.scores, path.f[0]), np.nan, search.scores)
    log = wants_log([*values.values()])
    if log:  # zeros stand as low as the lowest value above them
        least = np.nanmin([drawable(each, log) for each in values.values()])
        values = {label: np.maximum(each, least) for label, each in values.items()}
    stars = [(search.best, np.nanmin(values[label])) for label, search in searches.items()]
    edge = [label for label, search in searches.items() if search.edge]
    title = "Every learning rate tried"
    if edge:
        title += f"; best at the edge, so a better one may lie beyond: {', '.join(edge)}"
    path, search = tuned[0]  # steps and rates are the same for all
    picture = curves(search.rates, values, "learning rate", score_name(path.steps), title, logx=True, logy=log)
    picture.axes.plot(*zip(*stars, strict=True), marker="*", linestyle="none", color=theme.YELLOW,
                      markeredgecolor=theme.INK, markersize=15, zorder=9)  # fmt: skip
    best = ", ".join(f"{label} {search.best:.4g}" for label, search in searches.items())
    picture.description += f" The best rate of each is starred: {best}."
    return picture
