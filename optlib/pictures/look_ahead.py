"""One step, taken apart: what momentum remembers, what it adds, and where Nesterov's rule takes the slope instead."""

import numpy as np

from .. import checks
from . import draw, theme
from .picture import Picture, canvas, number, point, show_name
from .terrain import terrain
from .tracks import check_function, title_and_legend

_ROOM = 0.35  # of the arrows' reach, left free around them
_PROPORTION = 1.75  # width of the axes over their height


def look_ahead(f, x, v, lr, beta, title=None, extent=None):
    """One step of momentum and one of Nesterov's rule from the same point with the same velocity.

    Both first move along what is remembered, to ``x - lr beta v``.  Momentum then goes down the slope at ``x``,
    Nesterov's rule down the slope at the point that has just been reached.

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

    Returns
    -------
    Picture
    """
    check_function("look_ahead", f)
    x, v = _pair("x", x), _pair("v", v)
    lr = checks.number("look_ahead", "lr", lr, "(0, inf)")
    beta = checks.number("look_ahead", "beta", beta, "[0, 1)")
    ahead = x - lr * beta * v
    ends = {"heavy": ahead - lr * f.grad(x), "nesterov": ahead - lr * f.grad(ahead)}
    slope = x - lr * f.grad(x)
    land = terrain("look_ahead", f, extent or _around(x, slope, ahead, *ends.values()))
    blue, sky = (theme.style_of(name)["color"] for name in ("Momentum", "Nesterov"))
    sky = theme.mix(sky, theme.INK, 0.25)  # its own color is too pale for an arrow over the landscape
    with canvas() as (figure, axes):
        draw.contours(axes, land)
        handles = [
            _arrow(axes, x, ahead, theme.INK, theme.DASHED, "what is remembered: −lr · β · v"),
            _arrow(axes, x, slope, blue, theme.DOTTED, "the slope at x: −lr · gradient"),
            _arrow(axes, ahead, ends["heavy"], blue, theme.SOLID, "momentum adds the slope at x"),
            _arrow(axes, ahead, ends["nesterov"], sky, theme.SOLID, "Nesterov adds the slope at the look-ahead point"),
        ]
        for place, fill in ((x, theme.PAPER), (ahead, theme.INK)):
            axes.plot(*place, "o", color=fill, markeredgecolor=theme.INK, markeredgewidth=1.8, markersize=9, zorder=6)
        settings = f"one step from x = {point(x)} with v = {point(v)}, lr {number(lr)}, β {number(beta)}"
        title_and_legend(figure, title or f"{show_name(f)}: where is the slope taken?", settings,
                         handles + draw.minima(axes, f, land.extent), loc="outside lower center", ncols=2)  # fmt: skip
    return Picture(figure, axes, (
        f"Contours of {f.name} with one step from {point(x)}, velocity {point(v)}, learning rate {number(lr)}, beta "
        f"{number(beta)}. What is remembered leads to {point(ahead)}. With the slope at the start, momentum ends at "
        f"{point(ends['heavy'])}; with the slope at the look-ahead point, Nesterov's rule ends at "
        f"{point(ends['nesterov'])}."
    ))  # fmt: skip


def _pair(name, value):
    try:
        pair = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        pair = np.empty(0)
    if pair.shape != (2,) or not np.isfinite(pair).all():
        raise ValueError(f"look_ahead: {name}={value!r} must be two finite numbers")
    return pair


def _around(*points):
    """A rectangle of the figure's proportions that holds the points with room around them."""
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    needed = (high - low) / 2 + _ROOM * max((high - low).max(), 1e-6) / 2
    half = np.maximum(needed, np.array([_PROPORTION * needed[1], needed[0] / _PROPORTION]))
    middle = (low + high) / 2
    return tuple((float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True))


def _arrow(axes, tail, head, color, dashes, label):
    """An arrow between two points; returns its shaft, for the legend."""
    style = (0, dashes) if dashes else "solid"
    (shaft,) = axes.plot(*np.transpose([tail, head]), color=color, linewidth=2.2, linestyle=style, label=label,
                         zorder=5)  # fmt: skip
    draw.arrow_head(axes, head, head - tail, color, 5.5, 18)  # apart from the shaft, or its outline would be dashed too
    return shaft
