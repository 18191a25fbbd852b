"""`Sketch`: a picture described once, as arithmetic; matplotlib draws it, and so does a page while its sliders turn.

What moves are points, computed by a plain function of the settings.  A page gets that function translated from its
Python source (`live/translate.py`), so that it draws the very lines that Python has.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from matplotlib.ticker import NullLocator

from . import draw, theme
from .picture import Picture, new_figure, text
from .terrain import terrain
from .tracks import title_and_legend

FAR = 50.0  # times the width of a panel: points are cut there, out of sight
AREA, LINE, DOTS, ARROW, TEXT = "area", "line", "dots", "arrow", "text"


@dataclasses.dataclass(frozen=True)
class Panel:
    """Axes of a sketch; pairs are those of x and y."""

    x: tuple  # low, high
    y: tuple
    labels: tuple = ("", "")
    log: tuple = (False, False)  # which axes are logarithmic
    ticks: tuple = (None, None)  # dicts of place -> text, in place of round numbers
    title: str = ""
    equal: bool = False  # whether both axes have one scale
    ground: object = None  # a Function of two coordinates, whose contours are drawn below all layers


@dataclasses.dataclass(frozen=True)
class Layer:
    """One thing that is drawn: an area, a line through points, dots at points, an arrow between two, or text."""

    kind: str
    color: object  # hex, or a number from 0 to 1: so far from the low to the high end of the landscape's colors
    panel: int = 0  # index into the panels
    points: list | None = None  # (x, y) of what stays; what moves gets them from `Sketch.points`
    label: str = ""  # for the legend; of a text, the words
    pale: float = 0.0  # share of paper in the color
    width: float = 2.0  # of lines, in points
    dashes: tuple = theme.SOLID  # in multiples of the width
    marker: str = "o"  # of dots
    size: float = 7.0  # of dots, their diameter
    edge: str | None = None  # hex color of the rim of dots; by default that of the paper


@dataclasses.dataclass(frozen=True)
class Sketch:
    """A picture as data and plain functions of what moves, the arguments of a `Drawing`."""

    panels: tuple  # the first is the large one
    layers: tuple  # from back to front
    points: Callable  # of each layer that moves, in their order, its points (x, y)
    words: Callable  # title, settings, description, labels: one for each layer that moves, "" for none
    handles: Callable | None = None  # (panel, x, y) that can be dragged; the first of a panel follows a click anywhere
    moves: tuple = ()  # for each handle the settings that it turns; a slider of another name counts for all
    size: tuple = theme.SIZE  # in inches
    legend: dict = dataclasses.field(default_factory=dict)  # where matplotlib puts it; by default to the right


def moving(*names):
    """Decorator of a function that returns a `Drawing`: the arguments that its sketch takes, all others are fixed."""

    def mark(picture):
        picture.moving = names
        return picture

    return mark


class Drawing(Picture):
    """A sketch at one setting, the ``arguments`` of its functions, drawn by matplotlib."""

    def __init__(self, sketch, *arguments):
        self.sketch, self.arguments = sketch, arguments
        title, settings, description, labels = sketch.words(*arguments)
        mosaic = [[0, i] for i in range(1, len(sketch.panels))] or [[0]]
        moved = iter(zip(sketch.points(*arguments), labels, strict=True))
        with theme.themed(), np.errstate(all="ignore"):
            figure = new_figure(sketch.size)
            ratios = (1.7, 1)[: len(mosaic[0])]
            axes = list(figure.subplot_mosaic(mosaic, width_ratios=ratios).values())
            for each, panel in zip(axes, sketch.panels, strict=True):
                _frame(each, panel)
            handles = []
            for order, layer in enumerate(sketch.layers):
                points, label = next(moved) if layer.points is None else (layer.points, layer.label)
                handles += _draw(axes[layer.panel], layer, points, label, 2.1 + 0.01 * order, sketch.panels)
            title_and_legend(figure, title, settings, handles, **sketch.legend)
        super().__init__(figure, axes if len(axes) > 1 else axes[0], description)


def _frame(axes, panel):
    if panel.ground is not None:
        draw.contours(axes, terrain("sketch", panel.ground, (panel.x, panel.y)))
    axes.set(xlim=panel.x, ylim=panel.y, xlabel=panel.labels[0], ylabel=panel.labels[1])
    axes.set(xscale="log" if panel.log[0] else "linear", yscale="log" if panel.log[1] else "linear")
    for axis, ticks in zip((axes.xaxis, axes.yaxis), panel.ticks, strict=True):
        if ticks is not None:
            axis.set_ticks(list(ticks), list(ticks.values()))
            axis.set_minor_locator(NullLocator())
    if panel.title:
        axes.set_title(panel.title, fontsize=12, loc="left")
    axes.set_aspect("equal" if panel.equal else "auto")


def _draw(axes, layer, points, label, order, panels):
    """Draw one layer; returns what the legend names."""
    panel = panels[layer.panel]
    x, y = np.array(points, dtype=float).reshape(len(points), 2).T  # also of no points
    with np.errstate(invalid="ignore"):
        x, y = (v if log else np.clip(v, low - FAR * (high - low), high + FAR * (high - low))
                for v, (low, high), log in zip((x, y), (panel.x, panel.y), panel.log, strict=True))  # fmt: skip
    color = layer.color if isinstance(layer.color, str) else theme.shade(layer.color)
    color = theme.mix(color, theme.PAPER, layer.pale)
    if layer.kind == TEXT:
        box = {"facecolor": color, "edgecolor": "none", "pad": 1}
        axes.text(x[0], y[0], layer.label, ha="center", va="center", fontsize=layer.size, bbox=box, zorder=order)
        return []
    if layer.kind == AREA:
        axes.fill(x, y, color=color, linewidth=0, zorder=order - 1)
        return []
    style = {"color": color, "zorder": order, "label": text(label)}
    if layer.kind == DOTS:
        style |= {"linestyle": "none", "marker": layer.marker, "markersize": layer.size,
                  "markeredgecolor": layer.edge or theme.PAPER,
                  "markeredgewidth": 1.8 if layer.edge else 0.8}  # fmt: skip
    else:
        style |= {"linewidth": layer.width, "linestyle": (0, layer.dashes) if layer.dashes else "solid"}
    handles = axes.plot(x, y, **style)
    if layer.kind == ARROW:
        start, end = np.column_stack([x, y])[[0, -1]]
        draw.arrow_head(axes, end, end - start, color, order + 0.5, 18)
    return handles if label else []


def walk(rule, slopes, start, steps, lr=None):
    """Points of a rule along ``slopes``, a plain function of the coordinates: steps + 1 lists, with another ``lr``."""
    rule = rule.fresh() if lr is None else type(rule)(**(rule.settings() | {"lr": lr}))
    points = [np.array(start, dtype=float)]
    with np.errstate(all="ignore"):
        for k in range(steps):  # only the first step is checked: a run that diverges may leave the finite numbers
            points.append((rule.advance if k else rule.step)(points[-1], np.array(slopes(*points[-1].tolist()))))
    return [point.tolist() for point in points]
