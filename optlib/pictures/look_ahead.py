"""One step, taken apart: what momentum remembers and adds, and where Nesterov's rule takes the gradient instead."""

import numpy as np

from .. import checks
from . import theme
from .picture import point, show_name
from .sketch import ARROW, DOTS, Drawing, Layer, Panel, Sketch, moving
from .terrain import checked_extent
from .tracks import check_function

_ROOM = 0.35  # of the arrows' reach, left free around them
_PROPORTION = 1.75  # width of the axes over their height
_NAMES = ("remembered: −lr · β · v", "−lr · gradient at x", "momentum adds the gradient at x",
          "Nesterov adds the gradient ahead")  # fmt: skip


@moving("x", "v", "lr", "beta")
def look_ahead(f, x, v, lr, beta, title=None, extent=None):
    """One step of momentum and one of Nesterov's rule from the same point with the same velocity.

    Both first move along what is remembered, to ``x - lr beta v``.  Momentum then goes down the gradient at ``x``,
    Nesterov's rule down the gradient at the point that has just been reached.

    Parameters
    ----------
    f : Function
        Of two coordinates.
    x, v : (2,)
        Present point; velocity in the sum form, so that it points uphill and the step is ``-lr v``.
    lr, beta : float
    title : str, optional
    extent : ((x low, x high), (y low, y high)), optional
        By default what the arrows need.
    """
    check_function("look_ahead", f)
    x, v = (checks.vector("look_ahead", name, pair, least=2, most=2) for name, pair in (("x", x), ("v", v)))
    lr = checks.number("look_ahead", "lr", lr, "(0, inf)")
    beta = checks.number("look_ahead", "beta", beta, "[0, 1)")
    title = title or f"{show_name(f)}: where is the gradient taken?"
    name = f.name

    def moved(x, step, lr):
        return [x[0] - lr * step[0], x[1] - lr * step[1]]

    def places(x, v, lr, beta):
        """The look-ahead point, where the gradient alone would lead, and the ends of both rules."""
        ahead = moved(x, v, lr * beta)
        slope, slope_ahead = list(f.grad(x)), list(f.grad(ahead))
        return [ahead, moved(x, slope, lr), moved(ahead, slope, lr), moved(ahead, slope_ahead, lr)]

    def points(x, v, lr, beta):
        ahead, down, heavy, nesterov = places(x, v, lr, beta)
        return [[x, ahead], [x, down], [ahead, heavy], [ahead, nesterov], [x], [ahead]]

    def words(x, v, lr, beta):
        ahead, down, heavy, nesterov = places(x, v, lr, beta)
        return (
            title,
            f"one step from x = {point(x, 0)} with v = {point(v, 0)}, lr {lr:.4g}, β {beta:.4g}",
            f"Contours of {name} with one step from {point(x, 0)}, velocity {point(v, 0)}, learning rate {lr:.4g}, "
            f"beta {beta:.4g}. What is remembered leads to {point(ahead)}. With the gradient at the start, momentum "
            f"ends at {point(heavy)}; with the gradient at the look-ahead point, Nesterov's rule ends at "
            f"{point(nesterov)}.",
            [*_NAMES, "", ""],
        )

    def handles(x, v, lr, beta):
        return [(0, *places(x, v, lr, beta)[0]), (0, *x)]

    looks = ((theme.INK, theme.DASHED), (theme.BLUE, theme.DOTTED), (theme.BLUE, theme.SOLID),
             (theme.VERMILLION, theme.SOLID))  # fmt: skip
    layers = (
        *(Layer(ARROW, color, dashes=dashes, width=2.2) for color, dashes in looks),
        Layer(DOTS, theme.PAPER, size=9.0, edge=theme.INK), Layer(DOTS, theme.INK, size=9.0, edge=theme.INK),
    )  # fmt: skip
    box = extent if extent is None else checked_extent("look_ahead", extent, 2)
    panel = Panel(*(box or _around(x, *places(x.tolist(), v.tolist(), lr, beta))), f.names[:2], ground=f)
    sketch = Sketch((panel,), layers, points, words, handles, (("vx", "vy"), ("x", "y")),
                    legend={"loc": "outside lower center", "ncols": 2})  # fmt: skip
    return Drawing(sketch, x.tolist(), v.tolist(), lr, beta)


def _around(*points):
    """A rectangle of the figure's proportions that holds the points with room around them."""
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    needed = (high - low) / 2 + _ROOM * max((high - low).max(), 1e-6) / 2
    half = np.maximum(needed, np.array([_PROPORTION * needed[1], needed[0] / _PROPORTION]))
    middle = (low + high) / 2
    return tuple((float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True))
