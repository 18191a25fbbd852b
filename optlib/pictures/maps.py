"""Maps over two settings: results as colors."""

import dataclasses

import numpy as np
from matplotlib.colors import LogNorm, Normalize

from ..checks import choice, ends
from . import theme
from .charts import wants_log
from .draw import hatch, plain_colorbar
from .picture import Picture, canvas, number, share, text
from .terrain import LOG
from .tracks import title_and_legend

NARROW = (5.6, 5.6)  # inches


def on_edge(hyper, grid, best):
    """Whether the best of a rising grid, an index, is one of its ends, and no bound of the hyper-parameter itself."""
    low, with_low, high, with_high = ends(hyper.allowed)
    bounds = [low] * with_low + [high] * with_high
    return best in (0, len(grid) - 1) and float(grid[best]) not in bounds


def heatmap(values, x, y, label="value", title=None, *, log="auto", diverged=None, best="min", settings="",
            narrow=False):  # fmt: skip
    """Results over a grid of two settings, which you have; `ol.heatmap` makes the runs itself.

    Parameters
    ----------
    values : array (len(y), len(x))
        Row j belongs to y[j], column i to x[i].  NaN and infinity count as diverged.
    x, y : (name, array) or (name, array, "log")
        The settings, rising.
    label : str
        What the values are.
    log : "auto", True or False
        Logarithmic colors; automatic where values, none below zero, span more than two powers of ten.
    diverged : bool array, optional
        Cells that diverged although their value is finite.
    best : "min", "max" or None
        Which cell is marked by a star and named in the description.
    settings : str
        Second line of the title: what all cells share.
    narrow : bool
        Three quarters as wide, with the legend below: to stand beside another picture.
    """
    choice("heatmap", "log", log, LOG)
    choice("heatmap", "best", best, ("min", "max", None))
    x, y, z = _axis("x", x), _axis("y", y), np.asarray(values, dtype=float)
    marked, shape = np.asarray(np.zeros_like(z) if diverged is None else diverged, bool), (len(y.values), len(x.values))
    for name, cells in (("values", z), ("diverged", marked)):
        if cells.shape != shape:
            raise ValueError(f"heatmap: {name} has shape {cells.shape}; it must be {shape}, y first")
    lost = ~np.isfinite(z) | marked
    if lost.all():
        raise ValueError("heatmap: all values are NaN, infinite or marked as diverged; there is nothing to draw")
    kept = z[~lost]
    if log == "auto":
        log = wants_log([kept])
    if log:
        kept = kept[kept > 0]
        if not kept.size:
            raise ValueError("heatmap: log=True needs at least one value above zero")
    low, high = float(kept.min()), float(kept.max())
    norm = (LogNorm if log else Normalize)(low, high if high > low else low + max(abs(low), 1.0))
    shown = np.ma.masked_array(np.maximum(z, low) if log else z, lost)
    words = lambda v: number(v, min(1.0, max(abs(low), high)) * (1e-7 if log else 1.0))
    best_words = ""
    with canvas(NARROW if narrow else theme.SIZE) as (figure, axes):
        mesh = axes.pcolormesh(x.edges(), y.edges(), shown, cmap=theme.colormap(theme.RESULTS), norm=norm,
                               rasterized=True)  # fmt: skip
        axes.set(xlabel=text(x.name), ylabel=text(y.name))
        axes.set(xscale="log" if x.log else "linear", yscale="log" if y.log else "linear")
        plain_colorbar(figure, axes, mesh, text(label))
        handles = [hatch(axes, "diverged")] if lost.any() else []
        if best is not None:
            flat = np.argmin(np.where(lost, np.inf, z)) if best == "min" else np.argmax(np.where(lost, -np.inf, z))
            row, column = np.unravel_index(flat, z.shape)
            at_x, at_y = x.values[column], y.values[row]
            best_words = f"Best: {words(z[row, column])} at {x.name} {x.place(column)}, {y.name} {y.place(row)}."
            handles += axes.plot(at_x, at_y, marker="*", markersize=16, color=theme.YELLOW, zorder=3, clip_on=False,
                                 markeredgecolor=theme.INK, linestyle="none", label="best")  # fmt: skip
        place = {"loc": "outside lower left", "ncols": 2} if narrow else {}
        title_and_legend(figure, title or label, settings, handles, **place)
    return Picture(
        figure, axes,
        f"{title or label}: map of {label} over {x.words()} and {y.words()}, from {words(low)} to {words(high)}"
        + (", on a logarithmic scale." if log else "."),
        f"{settings}." if settings else "",
        f"{share(lost)} of the {z.size:,} cells diverged." if lost.any() else "",
        best_words,
    )  # fmt: skip


@dataclasses.dataclass
class _Axis:
    """One of the two settings: its name, its rising values, and whether they stand on a logarithmic axis."""

    name: str
    values: np.ndarray
    log: bool

    def place(self, i):
        """A value as text; the 0 of equal differences may be a rounding error."""
        return number(self.values[i], 0 if self.log else np.abs(self.values).max())

    def words(self):
        scale = " (logarithmic)" if self.log else ""
        return f"{self.name} from {self.place(0)} to {self.place(-1)}{scale}"

    def edges(self):
        """Borders of the cells around the values, one more than there are values."""
        v = np.log(self.values) if self.log else self.values
        edges = np.concatenate([[1.5 * v[0] - 0.5 * v[1]], (v[1:] + v[:-1]) / 2, [1.5 * v[-1] - 0.5 * v[-2]]])
        return np.exp(edges) if self.log else edges


def _axis(which, axis):
    """The `_Axis` of an argument."""
    if not isinstance(axis, (tuple, list)) or len(axis) not in (2, 3) or not isinstance(axis[0], str):
        raise TypeError(f'heatmap: {which}={axis!r} must be (name, values) or (name, values, "log")')
    name, values, scale = (*axis, "linear")[:3]
    if scale not in ("log", "linear"):
        raise ValueError(f'heatmap: {which} has scale {scale!r}; "log" and "linear" are allowed')
    values, log = np.asarray(values, dtype=float).ravel(), scale == "log"
    if len(values) < 2 or not (np.diff(values) > 0).all() or not np.isfinite(values).all() or (log and values[0] <= 0):
        raise ValueError(f"heatmap: the values of {which} must be at least 2, finite, rising{', above 0' * log}")
    return _Axis(name, values, log)
