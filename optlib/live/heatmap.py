"""`heatmap`: how low a rule gets for every pair of two hyper-parameters, and the path of each pair."""

import difflib

import numpy as np

from .. import checks
from ..minimize import grid, minimize
from ..optimizers.around import has_another_evaluation_point
from ..pictures import maps
from ..pictures.picture import SMALL, bundle, number
from ..trajectory import late_steps, lost
from . import browser_data, offline
from .scene import scene
from .setting import setting, with_settings

COLUMNS = "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:8px;align-items:start"
CHUNK = 8000  # settings that run together: their paths fit into memory that is used again and again


def heatmap(f, rule, x="lr", y="beta", *, xs=None, ys=None, n=200, start=None, steps=200):
    """Run a rule at n times n settings and show how low each gets: the highest value of the last tenth of its steps.

    A rule that keeps an average of its path is judged by that, as in a race.

    Parameters
    ----------
    f : Function
        Of one or two coordinates.
    rule : optimizer class, instance or name
        Hyper-parameters other than ``x`` and ``y`` keep the values of the instance.
    x, y : str
        Two hyper-parameters that are single numbers.
    xs, ys : 1-D arrays, optional
        Their values; by default ``n`` over the range of their sliders, by equal factors where that is logarithmic.
    n : int from 2 to 1000
    start, steps : as in `minimize`

    Returns
    -------
    SettingsMap
        It shows itself at the end of a cell: the map, and beside it the path of a setting, chosen by a click in the
        map, by arrow keys or by sliders, with or without a kernel.
    """
    shown = setting(f, [rule], start, steps, who="heatmap")
    if x == y:
        raise ValueError(f"heatmap: x and y are both {x!r}; choose two different hyper-parameters")
    n = checks.integer("heatmap", "n", n, 2, 1000)
    rule = shown.rule(shown.chosen[0])
    shown = shown.changed(evaluated=has_another_evaluation_point(type(rule)))
    return SettingsMap(shown, rule, {name: _values(rule, name, values, n) for name, values in ((x, xs), (y, ys))})


class SettingsMap:
    """Values at the end over two hyper-parameters; see `heatmap`.

    Attributes
    ----------
    xs, ys : arrays (n,) and (m,)
    values : array (m, n)
        Highest value of the last tenth of the steps (`Trajectory.worst_late`), NaN where the path left the finite
        numbers.
    diverged : bool array (m, n)
        Where it did, or ended more than `trajectory.LOST` times as high as it began.
    picture : Picture
    best : dict
        The setting with the lowest value, which is ``f``.
    edge : list of str
        Hyper-parameters whose best value is the first or last that was tried, so that a better one may lie beyond.
    """

    def __init__(self, setting, rule, axes):
        (self.x, self.xs), (self.y, self.ys) = axes.items()
        self.setting, self.rule = setting, rule
        self.values = self._ends(axes)
        row, column = np.unravel_index(np.nanargmin(self.values), self.values.shape)
        self.best = {self.x: float(self.xs[column]), self.y: float(self.ys[row]), "f": float(self.values[row, column])}
        at = {self.x: column, self.y: row}
        self.edge = [name for name in axes if maps.on_edge(rule.hypers[name], axes[name], at[name])]
        self.diverged = lost(self.values, setting.f(np.array(setting.start)))
        if self.diverged.all():  # then show the least bad of them
            self.diverged = np.isnan(self.values)
        sides = [(name, values, "log" if rule.hypers[name].log else "linear") for name, values in axes.items()]
        start = ", ".join(f"{v:.4g}" for v in setting.start)
        names = " and ".join(f"{name} {self.best[name]:.4g}" for name in self.edge)
        average = ", judged by the average" if setting.evaluated else ""
        edge = f"; the best {names} is at the edge: a better one may lie beyond" if names else ""
        self.picture = maps.heatmap(
            self.values, *sides, label=score_name(setting.steps),
            title=f"{type(rule).__name__} on {setting.f.name.replace('_', ' ')}",
            diverged=self.diverged, narrow=True,
            settings=f"{self.values.size:,} settings, {setting.steps:,} steps from ({start}){average}{edge}",
        )  # fmt: skip

    def __repr__(self):
        best = ", ".join(f"{name} {number(v) if name == 'f' else f'{v:.4g}'}" for name, v in self.best.items())
        share = f"{self.diverged.mean():.1%} diverged"
        return f"<{type(self.rule).__name__} at {self.values.size:,} settings: best {best}; {share}>"

    def path(self, **values):
        """The `Trajectory` of one setting: ``map.path(lr=0.1, beta=0.9)``."""
        rule, now = with_settings(self.rule, values), self.setting
        return minimize(now.f, rule, now.start, now.steps, evaluated=now.evaluated)

    def _ends(self, axes):
        """Highest late value for each pair, shape (len(ys), len(xs)); NaN for paths that diverged."""
        rows = max(1, CHUNK // len(self.xs))
        # As two axes rather than as pairs: what a rule computes of one setting alone, beta ** t, is then computed
        # once a row and not once a cell.
        chunks = (grid(**{self.y: self.ys[i : i + rows], self.x: self.xs}) for i in range(0, len(self.ys), rows))
        values = np.concatenate([self.path(**chunk).worst_late for chunk in chunks])
        if np.isnan(values).all():
            rule, names = type(self.rule).__name__, " or ".join(axes)
            raise ValueError(f"heatmap: {rule} diverges at all settings; try smaller values of {names}")
        return values

    def html(self):
        """The map, and beside it the path of a setting with sliders; without any reference to the network."""
        view = scene(self.setting.f, None, who="heatmap")
        setting = self.setting.turned(self.setting.chosen, **{name: self.best[name] for name in (self.x, self.y)})
        still = browser_data.still_image(view, setting.tracks(), repr(self))
        drawn = self.picture.html()  # before its axes are asked for: this is when they get their places
        chart = {"names": [self.x, self.y], **_chart(self.picture.axes)}
        path = offline.html(setting, view, still, names={self.x: self.xs, self.y: self.ys}, chart=chart)
        return f'<div style="{COLUMNS}"><div>{drawn}</div>{path}</div>'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.html(), self.picture.png(**SMALL), repr(self))


def score_name(steps):
    """What `Trajectory.worst_late` is, in words."""
    late = late_steps(steps)
    return f"highest of the last {late:,} values" if late > 1 else "value at the end"


def _chart(axes):
    """Where the axes lie in the picture, as fractions from its lower left corner, and what they show."""
    box = axes.get_position()
    return {
        "box": [round(v, 5) for v in (box.x0, box.y0, box.width, box.height)],
        "sides": [
            {"low": float(low), "high": float(high), "log": scale == "log"}
            for (low, high), scale in ((axes.get_xlim(), axes.get_xscale()), (axes.get_ylim(), axes.get_yscale()))
        ],
    }


def _values(rule, name, values, n):
    """The values of one hyper-parameter, rising; by default over the range of its slider."""
    usable = [h for h in rule.hypers if offline.can_turn(rule, h, ranged=values is not None)]
    if name not in usable:
        near = difflib.get_close_matches(str(name), usable, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(usable) or 'none'}"
        turned = " that a slider could turn" if values is None else ""
        raise ValueError(f"heatmap: {type(rule).__name__} has no number {name!r}{turned}; {hint}")
    about = rule.hypers[name]
    if values is None:
        low, high = about.slider
        return np.geomspace(low, high, n) if about.log else np.linspace(low, high, n)
    array = checks.vector("heatmap", f"values of {name}", values, about.allowed, least=2)
    if not (np.diff(array) > 0).all():
        raise ValueError(f"heatmap: values of {name}={values!r} must rise")
    return array
