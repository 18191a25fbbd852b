"""`race`: several rules from one start, at one learning rate or each at its own best one, which is shown."""

import html
import numbers

import numpy as np

from ..minimize import minimize
from ..optimizers.base import Optimizer
from ..pictures import theme
from ..pictures.charts import curves
from ..pictures.picture import number
from ..registry import OPTIMIZERS
from ..trajectory import lost
from . import page
from .animation import animate

RATES = (1e-4, 1e1, 200)  # lowest, highest and number of the rates that are tried, at equal factors


def race(f, rules, *, lr=None, tune=False, rates=None, start=None, steps=100):
    """Run several rules from one start and show who gets lowest.

    Parameters
    ----------
    f : Function
    rules : sequence of optimizer classes or instances
        Instances keep their own settings.
    lr : float, optional
        One learning rate for all.
    tune : bool
        Give each rule the rate of ``rates`` that ends lowest after ``steps`` steps; all rates run at once.  Rules
        without a learning rate run as they are.
    rates : 1-D array, optional
        Rates to try, by default 200 from 0.0001 to 10.
    start, steps : as in `minimize`

    Returns
    -------
    Race
        It shows itself at the end of a cell.
    """
    made = [_instance(rule) for rule in rules]
    if not made:
        raise TypeError("race: rules is empty; give at least one optimizer, such as [ol.Momentum, ol.Adam]")
    if lr is not None and tune:
        raise ValueError(f"race: lr={lr!r} is one rate for all and tune=True looks for one each; give only one of them")
    if rates is not None and not tune:
        raise ValueError("race: rates are tried only with tune=True")
    if tune:
        tried = _rates(rates)
        searches = [_search(f, rule, tried, start, steps) for rule in made]
        pairs = zip(made, searches, strict=True)
        chosen = [rule if found is None else _with_rate(rule, found.best) for rule, found in pairs]
    else:
        searches = [None] * len(made)
        chosen = [rule if lr is None else _with_rate(rule, lr) for rule in made]
    return Race(f, [minimize(f, rule, start, steps) for rule in chosen], searches)


class Race:
    """Paths of several rules, and how their learning rates were found; see `race`.

    Attributes
    ----------
    paths : list of Trajectory, in the order of the rules
    table : list of dicts
        ``rule``, ``lr`` (None for rules without one), ``f`` after the last step, ``diverged``, and ``edge``: whether
        the best rate is the lowest or highest that was tried, so that a better one may lie beyond.
    animation : Animation
    tuning : Picture or None
        Value after the last step against learning rate, one curve a rule.
    """

    def __init__(self, f, paths, searches):
        self.f, self.paths = f, paths
        self.table = [_row(path, search) for path, search in zip(paths, searches, strict=True)]
        self.animation = animate(f, *paths)
        tuned = [(path, search) for path, search in zip(paths, searches, strict=True) if search is not None]
        self.tuning = _tuning_picture(tuned) if tuned else None

    def __repr__(self):
        lines = [f"{'rule':18} {'lr':>9} {'f at the end':>13}"]
        for row in sorted(self.table, key=lambda row: (row["diverged"], row["f"])):
            lr = "-" if row["lr"] is None else number(row["lr"])
            remark = "  diverged" if row["diverged"] else "  at the edge of the rates tried" if row["edge"] else ""
            lines.append(f"{row['rule']:18} {lr:>9} {row['f']:13.2e}{remark}")
        return "\n".join(lines)

    def html(self):
        """Animation, table and tuning as one piece of HTML without any reference to the network."""
        tuning = self.tuning.html() if self.tuning else ""
        return f"{self.animation.html()}\n<pre>{html.escape(repr(self))}</pre>\n{tuning}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = page.base64_text(self.animation.still())
        return {"text/html": self.html(), "image/png": png, "text/plain": repr(self)}


class _Search:
    """Value at the end for each rate; NaN where the path diverged."""

    def __init__(self, rates, heights):
        self.rates, self.heights = rates, heights
        best = int(np.nanargmin(heights))
        self.best, self.edge = float(rates[best]), best in (0, len(rates) - 1)


def _search(f, rule, rates, start, steps):
    """Try all rates at once; None for a rule that has none, or whose rate is a schedule."""
    if "lr" not in rule.hypers or callable(rule.settings()["lr"]):
        return None
    runs = minimize(f, type(rule)(**(rule.settings() | {"lr": rates[:, None]})), start, steps)
    heights = np.where(runs.diverged, np.nan, runs.f[-1])
    if np.isnan(heights).all():
        raise ValueError(f"race: {type(rule).__name__} diverges at all rates from {rates[0]:g} to {rates[-1]:g}")
    return _Search(rates, heights)


def _tuning_picture(tuned):
    """Value at the end against rate, one curve a rule, its best rate starred; what flies off is left out."""
    steps = tuned[0][0].steps
    rates, heights, best = tuned[0][1].rates, {}, []
    for path, search in tuned:
        name = type(path.rule).__name__
        same = sum(label.split(",")[0] == name for label in heights)
        label = f"{name}, no. {same + 1}" if same else name
        heights[label] = np.where(lost(search.heights, path.f[0]), np.nan, search.heights)
        best.append((search.best, np.nanmin(search.heights)))
    log = bool(min(low for _, low in best) > 0)
    label = f"value after {steps:,} steps"
    picture = curves(rates, heights, "learning rate", label, "Every learning rate tried", logx=True, logy=log)
    star = dict(marker="*", linestyle="none", color=theme.YELLOW, markeredgecolor=theme.INK, markersize=15, zorder=9)
    picture.axes.plot(*zip(*best, strict=True), **star)
    picture.description += " The best rate of each is starred: " + ", ".join(
        f"{name} {number(rate)}" for name, (rate, _) in zip(heights, best, strict=True)
    ) + "."  # fmt: skip
    return picture


def _row(path, search):
    lr = path.rule.settings().get("lr")
    return {
        "rule": type(path.rule).__name__,
        "lr": lr if isinstance(lr, numbers.Real) else None,
        "f": float(path.f[-1]),
        "diverged": path.diverged,
        "edge": bool(search and search.edge),
    }


def _instance(rule):
    if isinstance(rule, str):
        rule = OPTIMIZERS[rule]
    if isinstance(rule, type) and issubclass(rule, Optimizer):
        return rule()
    if not isinstance(rule, Optimizer):
        raise TypeError(f"race: rule={rule!r} must be an optimizer, such as ol.Adam or ol.Adam(beta1=0.8)")
    return rule


def _with_rate(rule, lr):
    return type(rule)(**(rule.settings() | {"lr": lr})) if "lr" in rule.hypers else rule


def _rates(rates):
    low, high, count = RATES
    found = np.geomspace(low, high, count) if rates is None else np.asarray(rates, dtype=float)
    if found.ndim != 1 or len(found) < 2 or not (np.isfinite(found) & (found > 0)).all():
        raise ValueError(f"race: rates={rates!r} must be a 1-D array of at least 2 positive numbers")
    return np.sort(found)
