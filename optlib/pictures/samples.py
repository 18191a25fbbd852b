"""What was drawn at random, or dealt: histograms of several samples, and rows of small pictures."""

import math

import numpy as np

from ..checks import integer
from . import theme
from .charts import checked_dict, marks
from .picture import Picture, canvas, headline, number, text
from .tracks import title_and_legend

CUT = 0.001  # share of the values on either side that may lie beyond the axis: a few outliers would squeeze the rest


def histograms(samples, xlabel, title=None, *, bins=80, vlines=None):
    """Histograms of several samples over a common axis, each with the same area.

    Parameters
    ----------
    samples : dict of label -> array of finite numbers
    xlabel, title : str
    bins : int from 2 to 1000
    vlines : dict of label -> position, optional
        Marked positions on the axis.
    """
    data = checked_dict("histograms", "samples", samples, "values")
    data = {label: np.asarray(values, dtype=float).ravel() for label, values in data.items()}
    for label, values in data.items():
        if not len(values) or not np.isfinite(values).all():
            raise ValueError(f"histograms: {label!r} must hold finite numbers, at least one")
    bins, vlines = integer("histograms", "bins", bins, 2, 1000), vlines or {}
    ends = np.array([np.quantile(values, (CUT, 1 - CUT)) for values in data.values()])
    low, high = ends[:, 0].min(), ends[:, 1].max()
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    with canvas((8.0, 4.6)) as (figure, axes):
        for (label, values), style in zip(data.items(), theme.looks([None] * len(data)), strict=True):
            density = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
            axes.stairs(density, edges, fill=True, color=theme.mix(style["color"], theme.PAPER, 0.3), alpha=0.25)
            axes.stairs(density, edges, color=style["color"], linestyle=style["linestyle"], linewidth=2, label=label)
        axes.set(xlabel=text(xlabel), ylabel="density")
        axes.set_xlim(edges[0], edges[-1], auto=True)  # unless a mark lies beyond
        axes.set_ylim(0, axes.get_ylim()[1] * (1.12 if vlines else 1.0))  # the marks are written along the upper edge
        marks(axes, vlines, {})
        title_and_legend(figure, title or f"Histograms of {xlabel}", "", axes.patches)
    beside = min(1.0, max(np.abs(v).max() for v in data.values()))
    return Picture(
        figure, axes,
        f"{title}: histograms of {xlabel}." if title else f"Histograms of {xlabel}.",
        *(f"{label}: {len(v):,} values, mean {number(v.mean(), beside)}, "
          f"standard deviation {number(v.std(), beside)}."
          for label, v in data.items()),
        *(f"Marked: {label} at {v:.4g}." for label, v in vlines.items()),
    )  # fmt: skip


def images(x, labels=None, title=None, *, columns=10, rows=None):
    """Small pictures in rows: in color, or gray and dark where the values are high.

    Parameters
    ----------
    x : array (n, height, width), or (n, side * side) for square pictures; bytes (n, height, width, 3) for color
    labels : sequence of n, optional
        Written above each picture.
    title : str, optional
    columns : int, at least 1
    rows : sequence of str, optional
        What each row shows, written at its left.
    """
    x = _checked_images(x)
    gray = {} if x.ndim == 4 else {"cmap": "gray_r", "vmin": x.min(), "vmax": x.max()}
    names = [] if labels is None else [str(label) for label in labels]
    if labels is not None and len(names) != len(x):
        raise ValueError(f"images: labels has {len(names)} entries for {len(x)} pictures; give one for each")
    columns = min(integer("images", "columns", columns, 1), len(x))
    count = -(-len(x) // columns)
    beside = [""] * count if rows is None else [str(row) for row in rows]
    if len(beside) != count:
        raise ValueError(f"images: rows has {len(beside)} entries; it needs one for each row, {count} in all")
    side = 8.0 / columns
    size = min(12.0, 72 * side / (0.6 * max(map(len, names), default=1)))  # a letter is about 0.6 of the size wide
    height = count * (side * x.shape[1] / x.shape[2] + (0.3 if names else 0.08)) + 0.6
    with canvas((8.0, height), nrows=count, ncols=columns, squeeze=False) as (figure, grid):
        for k, axes in enumerate(grid.ravel()):
            axes.set_axis_off()
            if k < len(x):
                axes.imshow(x[k], interpolation="nearest", **gray)
                if names:
                    axes.set_title(text(names[k]), fontsize=size, pad=3)
        for axes, row in zip(grid[:, 0], beside, strict=True):
            axes.text(-0.1, 0.5, text(row), transform=axes.transAxes, ha="right", va="center")
        headline(figure, title or f"{len(x)} pictures")
    kind = "pictures" if gray else "color pictures"
    return Picture(
        figure, list(grid.ravel()),
        f"{title}." if title else "",
        f"{len(x)} {kind} of {x.shape[1]} by {x.shape[2]} pixels.",
        f"Labels: {', '.join(names)}." if names else "",
        f"Rows: {', '.join(beside)}." if rows is not None else "",
    )  # fmt: skip


def _checked_images(x):
    x = np.asarray(x)
    if x.ndim == 4 and x.shape[3] == 3 and x.dtype == np.uint8 and x.size:
        return x
    x = x.astype(float)
    if x.ndim == 2:
        side = math.isqrt(x.shape[1])
        if side * side == x.shape[1]:
            x = x.reshape(len(x), side, side)
    if x.ndim != 3 or not x.size or not np.isfinite(x).all():
        raise ValueError(
            f"images: x has shape {x.shape}; it must be (n, height, width), or (n, side * side), of finite numbers, "
            "or (n, height, width, 3) of bytes"
        )
    return x
