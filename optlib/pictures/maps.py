"""Maps over two settings or over all starts: results as colors, regions by name, basins of attraction."""

import numpy as np

from . import theme
from .draw import hatch
from .picture import Picture, headline, joined, new_figure, number, text
from .terrain import check_log
from .tracks import legend

LABELED = 0.06  # regions of at least this share of the map carry their name inside
TINTS = (theme.BLUE, theme.ORANGE, theme.GREEN, theme.VERMILLION, theme.SKY, theme.PURPLE, theme.YELLOW)


def heatmap(values, x, y, label="value", title=None, *, log="auto", diverged=None, best="min", settings=""):
    """Results over a grid of two settings.

    Parameters
    ----------
    values : array (len(y), len(x))
        Row j belongs to y[j], column i to x[i].  NaN and infinity count as diverged.
    x, y : (name, array) or (name, array, "log")
        The settings, rising.
    label : str
        What the values are.
    log : "auto", True or False
        Logarithmic colors; automatic where positive values span more than two powers of ten.
    diverged : bool array, optional
        Cells that diverged although their value is finite.
    best : "min", "max" or None
        Which cell is marked by a star and named in the description.
    settings : str
        Second line of the title: what all cells share.

    Returns
    -------
    Picture
    """
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.patches import Patch

    check_log("heatmap", log)
    if best not in ("min", "max", None):
        raise ValueError(f"heatmap: best={best!r} must be 'min', 'max' or None")
    x, y = _axis("heatmap", "x", x), _axis("heatmap", "y", y)
    z = _grid("heatmap", "values", np.asarray(values, dtype=float), x, y)
    lost = ~np.isfinite(z) if diverged is None else ~np.isfinite(z) | np.asarray(diverged, dtype=bool)
    if lost.all():
        raise ValueError("heatmap: all values are NaN, infinite or marked as diverged; there is nothing to draw")
    kept = z[~lost]
    if log == "auto":
        log = kept.min() > 0 and kept.max() > 100 * kept.min()
    if log:
        kept = kept[kept > 0]
        if not kept.size:
            raise ValueError("heatmap: log=True needs at least one value above zero")
    low, high = float(kept.min()), float(kept.max())
    norm = (LogNorm if log else Normalize)(low, high if high > low else low + max(abs(low), 1.0))
    shown = np.ma.masked_array(np.maximum(z, low) if log else z, lost)
    with theme.themed():
        figure = new_figure()
        axes = figure.subplots()
        drawn = _mesh(axes, x, y, shown, cmap=theme.colormap(theme.RESULTS), norm=norm)
        bar = figure.colorbar(drawn, ax=axes, pad=0.02, aspect=26, label=text(label))
        bar.minorticks_off()
        bar.outline.set_visible(False)
        handles = [hatch(axes, "diverged", Patch)] if lost.any() else []
        at = _best(z, lost, best)
        if at:
            handles += axes.plot(x[1][at[1]], y[1][at[0]], marker="*", markersize=16, color=theme.YELLOW, zorder=3,
                                 markeredgecolor=theme.INK, linestyle="none", label="best")  # fmt: skip
        headline(figure, title or label, settings)
        if handles:
            legend(figure, handles, [handle.get_label() for handle in handles])
    return Picture(figure, axes, joined([
        f"{title or label}: map of {label} over {_span(x)} and {_span(y)}, from {number(low)} to {number(high)}"
        + (", on a logarithmic scale." if log else "."),
        f"{settings}." if settings else "",
        f"{100 * lost.mean():.2g} % of the {z.size:,} cells diverged." if lost.any() else "",
        f"Best: {number(z[at])} at {x[0]} {number(x[1][at[1]])}, {y[0]} {number(y[1][at[0]])}." if at else "",
    ]))  # fmt: skip


def regions(x, y, codes, names, title=None, settings=""):
    """A map of named regions, such as a phase diagram over two settings.

    Parameters
    ----------
    x, y : (name, array) or (name, array, "log")
        The settings, rising.
    codes : integer array (len(y), len(x))
        Which region a cell belongs to: an index into ``names``.
    names : sequence of str

    Returns
    -------
    Picture
    """
    x, y, names = _axis("regions", "x", x), _axis("regions", "y", y), [str(name) for name in names]
    codes = _grid("regions", "codes", np.asarray(codes), x, y)
    if codes.dtype.kind not in "iu" or codes.min() < 0 or codes.max() >= len(names):
        raise ValueError(f"regions: codes must be integers from 0 to {len(names) - 1}, one for each of {names}")
    shares = [float((codes == code).mean()) for code in range(len(names))]
    with theme.themed():
        figure = new_figure()
        axes = figure.subplots()
        colors = [_tint(code) for code in range(len(names))]
        _colored(axes, x, y, codes, colors)
        for code, share in enumerate(shares):
            if share >= LABELED:
                row, column = _deepest(codes == code)
                axes.text(x[1][column], y[1][row], text(names[code]), ha="center", va="center", fontsize=12,
                          bbox={"facecolor": theme.PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 2})  # fmt: skip
        headline(figure, title or "Regions", settings)
        present = [code for code in range(len(names)) if shares[code]]
        legend(figure, [_patch(colors[code]) for code in present], [names[code] for code in present])
    parts = ", ".join(f"{names[code]} {100 * shares[code]:.2g} %" for code in present)
    words = f"{title or 'Map of regions'} over {_span(x)} and {_span(y)}. Shares: {parts}."
    return Picture(figure, axes, joined([words, f"{settings}." if settings else ""]))


# --- arguments -----------------------------------------------------------------------------------------------


def _axis(who, which, axis):
    """(name, values, log) of one axis."""
    if not isinstance(axis, (tuple, list)) or len(axis) not in (2, 3) or not isinstance(axis[0], str):
        raise TypeError(f'{who}: {which}={axis!r} must be (name, values) or (name, values, "log")')
    name, values = axis[0], np.asarray(axis[1], dtype=float).ravel()
    log = len(axis) == 3 and axis[2] == "log"
    if len(axis) == 3 and axis[2] not in ("log", "linear"):
        raise ValueError(f'{who}: {which} has scale {axis[2]!r}; "log" and "linear" are allowed')
    if len(values) < 2 or not (np.diff(values) > 0).all() or not np.isfinite(values).all() or (log and values[0] <= 0):
        raise ValueError(f"{who}: the values of {which} must be at least 2, finite, rising{', above 0' * log}")
    return name, values, log


def _grid(who, what, z, x, y):
    if z.shape != (len(y[1]), len(x[1])):
        raise ValueError(f"{who}: {what} has shape {z.shape}; it must be (len(y), len(x)) = {len(y[1]), len(x[1])}")
    return z


def _best(z, lost, best):
    """Row and column of the best cell, or None."""
    if best is None:
        return None
    worst = np.inf if best == "min" else -np.inf
    find = np.argmin if best == "min" else np.argmax
    return tuple(int(i) for i in np.unravel_index(find(np.where(lost, worst, z)), z.shape))


def _span(axis):
    scale = " (logarithmic)" if axis[2] else ""
    return f"{axis[0]} from {number(axis[1][0])} to {number(axis[1][-1])}{scale}"


# --- strokes -------------------------------------------------------------------------------------------------


def _mesh(axes, x, y, z, **look):
    """Cells around the grid points, on logarithmic axes where these are asked for."""
    drawn = axes.pcolormesh(_edges(x), _edges(y), z, rasterized=True, **look)
    axes.set(xlabel=text(x[0]), ylabel=text(y[0]))
    axes.set_xscale("log" if x[2] else "linear")
    axes.set_yscale("log" if y[2] else "linear")
    return drawn


def _colored(axes, x, y, codes, colors):
    from matplotlib.colors import BoundaryNorm, ListedColormap

    norm = BoundaryNorm(np.arange(len(colors) + 1) - 0.5, len(colors))
    return _mesh(axes, x, y, codes, cmap=ListedColormap(colors), norm=norm)


def _edges(axis):
    _, values, log = axis
    v = np.log(values) if log else values
    edges = np.concatenate([[1.5 * v[0] - 0.5 * v[1]], (v[1:] + v[:-1]) / 2, [1.5 * v[-1] - 0.5 * v[-2]]])
    return np.exp(edges) if log else edges


def _tint(code):
    """Region colors: light enough for text, the later ones lighter still."""
    return theme.mix(TINTS[code % len(TINTS)], theme.PAPER, 0.45 + 0.25 * (code // len(TINTS) % 2))


def _patch(color):
    from matplotlib.patches import Patch

    return Patch(facecolor=color, edgecolor=theme.FAINT, linewidth=0.5)


def _deepest(mask):
    """A cell far from the region's border: the last one left when the border is peeled off again and again."""
    left = np.pad(mask, 1)
    while True:
        inner = left.copy()
        inner[1:-1, 1:-1] &= left[:-2, 1:-1] & left[2:, 1:-1] & left[1:-1, :-2] & left[1:-1, 2:]
        if not inner.any():
            rows, columns = np.nonzero(left)
            middle = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
            return int(rows[middle]) - 1, int(columns[middle]) - 1
        left = inner
