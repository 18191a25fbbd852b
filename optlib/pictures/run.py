"""One run on the contours of its function, and its values step by step."""

import numpy as np

from . import theme
from .picture import number, padded, point, show_name
from .sketch import DOTS, LINE, Drawing, Layer, Panel, Sketch, moving
from .terrain import checked_extent
from .tracks import check_function, path_points

DECADES = (8, 1.5)  # shown below and above the first value on a logarithmic axis


@moving("x", "title")
def run(f, x, title="", extent=None):
    """A path on the contours of a function, and beside it the values at its points.

    Under `ol.sliders` a page draws it by itself where ``x`` comes from plain Python: loops and arithmetic.

    Parameters
    ----------
    f : Function
        Of two coordinates.  Where its minimum is known, the values above it are drawn on a logarithmic axis.
    x : array (steps + 1, 2)
        The points, the start first; what follows after a point or value that is not finite is left out.
    title : str
    extent : ((x low, x high), (y low, y high)), optional
        By default the function's domain.
    """
    check_function("run", f)
    points_given, kept = path_points("run", f, x)
    log, lowest, name, shown = f.minimum is not None, f.minimum or 0.0, f.name, show_name(f)

    def finite(x):
        end = min([t for t, p in enumerate(x) if t > 0 and not np.isfinite(f(p) + sum(p))] + [len(x)])
        return x[:end], [(t, f(p) - lowest) for t, p in enumerate(x[:end])]

    def points(x, title):
        x, values = finite(x)
        return [x, [x[0]], [x[-1]], values]

    def words(x, title):
        x, values = finite(x)
        first, last = values[0][1], values[-1][1]
        headline, steps = title if title else shown, len(x) - 1
        what = "height above the minimum" if log else "value"
        return (
            headline,
            f"after {steps} steps: {what} {number(last)}",
            f"{headline}: a path of {steps} steps from {point(x[0], 0)} to {point(x[-1])} on contours of {name}; the "
            f"{what} goes from {number(first)} to {number(last)}.",
            ["", "", "", ""],
        )

    start = float(f(points_given[0])) - lowest or 1.0
    values = f(points_given[:kept])
    ends = padded(np.nanmin(values), np.nanmax(values), 0.1)
    across = (start * 10.0 ** -DECADES[0], start * 10.0 ** DECADES[1]) if log else ends
    panels = (
        Panel(*(f.domain if extent is None else checked_extent("run", extent, 2)), f.names[:2], ground=f),
        Panel((0, max(len(values) - 1, 1)), across, ("step", ""), (False, log), title="f − minimum" if log else "f"),
    )
    layers = (
        Layer(LINE, theme.INK, width=1.6), Layer(DOTS, theme.PAPER, size=9.0, edge=theme.INK),
        Layer(DOTS, theme.VERMILLION, size=10.0), Layer(LINE, theme.INK, 1),
    )  # fmt: skip
    return Drawing(Sketch(panels, layers, points, words, size=(9.6, 5.0)), points_given[:kept].tolist(), str(title))
