"""Slopes: the two feet of a numerical derivative, and a field of gradients."""

import numpy as np

from .. import theme
from . import draw
from .picture import Picture, headline, new_figure, number, point, show_name
from .terrain import terrain
from .tracks import check_function, legend


def secant(fn, x, h, derivative=None, extent=None):
    """A function of one number, the line through (x - h) and (x + h), the one through x and (x + h), the tangent.

    Parameters
    ----------
    fn : callable of an array
    x, h : float
        The point, and the width of the difference; h > 0.
    derivative : float, optional
        The true slope at ``x``; the tangent is drawn with it.  By default the slope at h = 1e-5.
    extent : (low, high), optional
        By default two widths to either side, and at least 2.

    Returns
    -------
    Picture
    """
    if not h > 0:
        raise ValueError(f"secant: h={h!r} must be a positive number")
    low, high = extent or (x - max(2.0, 1.2 * h), x + max(2.0, 1.2 * h))
    if derivative is None:
        derivative = (fn(x + 1e-5) - fn(x - 1e-5)) / 2e-5
    forward = (fn(x + h) - fn(x)) / h
    central = (fn(x + h) - fn(x - h)) / (2 * h)
    across = np.linspace(low, high, 400)
    blue, red = theme.BLUE, theme.VERMILLION
    with theme.themed():
        figure = new_figure((8.0, 4.6))
        axes = figure.subplots()
        axes.plot(across, fn(across), color=theme.FAINT, linewidth=1.6)
        axes.axline((x, fn(x)), slope=derivative, color=theme.INK, linestyle=(0, theme.DOTTED), label="tangent")
        axes.axline((x, fn(x)), slope=forward, color=red, linestyle=(0, theme.DASHED), label="forward")
        axes.axline((x - h, fn(x - h)), slope=central, color=blue, label="central")
        feet = np.array([x - h, x, x + h])
        axes.plot(feet, fn(feet), "o", color=theme.INK, markersize=7, zorder=5)
        heights = fn(across)
        room = 0.25 * (heights.max() - heights.min()) or 1.0
        axes.set(xlim=(low, high), ylim=(heights.min() - room, heights.max() + room), xlabel="x", ylabel="f(x)")
        said = f"slope {derivative:.4f}    forward {forward:.4f}    central {central:.4f}"
        headline(figure, f"Feet at x = {number(x)} and h = {number(h)} to either side", said)
        handles, labels = axes.get_legend_handles_labels()
        legend(figure, handles, labels)
    description = (
        f"A curve with its tangent at x = {number(x)}, of slope {derivative:.4f}. With h = {number(h)} the forward "
        f"difference gives {forward:.4f} and the central one {central:.4f}."
    )
    return Picture(figure, axes, description)


def gradient_field(f, n=9, title=None, extent=None):
    """Contour lines of a function of two coordinates and its gradient at ``n`` by ``n`` points.

    Arrows have equal lengths, so that those of gentle places can be seen; their directions are to scale, since
    both axes are.

    Returns
    -------
    Picture
    """
    check_function("gradient_field", f)
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 2 <= n <= 40:
        raise ValueError(f"gradient_field: n={n!r} must be an integer from 2 to 40")
    land = terrain("gradient_field", f, extent, [], 16, "auto")
    (left, right), (bottom, top) = land.extent
    across, up = (right - left) / n, (top - bottom) / n
    X, Y = np.meshgrid(left + across * (np.arange(n) + 0.5), bottom + up * (np.arange(n) + 0.5))
    g = f.grad(np.stack([X, Y], axis=-1))
    length = np.linalg.norm(g, axis=-1, keepdims=True)
    arrow = 0.6 * min(across, up) * np.divide(g, length, out=np.zeros_like(g), where=length > 0)
    with theme.themed():
        figure = new_figure(layout="compressed")
        axes = figure.subplots()
        filled = draw.contours(axes, land)
        draw.colorbar(figure, axes, filled, land)
        axes.set_aspect("equal")
        axes.quiver(X - arrow[..., 0] / 2, Y - arrow[..., 1] / 2, arrow[..., 0], arrow[..., 1], color=theme.INK,
                    angles="xy", scale_units="xy", scale=1, width=0.004, zorder=4)  # fmt: skip
        handles = draw.minima(axes, f, land.extent)
        headline(figure, title or show_name(f), "arrows: direction of the gradient, all of one length")
        if handles:
            legend(figure, handles, [handle.get_label() for handle in handles])
    corner = point((left, bottom)), point((right, top))
    description = (
        f"Contours of {f.name} from {corner[0]} to {corner[1]} with {n} by {n} arrows that point along the gradient: "
        "each crosses its contour line at a right angle, uphill."
    )
    return Picture(figure, axes, description)
