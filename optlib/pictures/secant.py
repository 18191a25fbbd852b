"""A numerical derivative as a secant: the two points that the line runs through, and the tangent."""

import numpy as np

from ..checks import number as checked_number
from . import theme
from .picture import Picture, canvas, number
from .tracks import title_and_legend


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
    h = checked_number("secant", "h", h, "(0, inf)")
    low, high = extent or (x - max(2.0, 1.2 * h), x + max(2.0, 1.2 * h))
    if derivative is None:
        derivative = (fn(x + 1e-5) - fn(x - 1e-5)) / 2e-5
    forward = (fn(x + h) - fn(x)) / h
    central = (fn(x + h) - fn(x - h)) / (2 * h)
    across = np.linspace(low, high, 400)
    heights = fn(across)
    with canvas((8.0, 4.6)) as (figure, axes):
        axes.plot(across, heights, color=theme.FAINT, linewidth=1.6)
        axes.axline((x, fn(x)), slope=derivative, color=theme.INK, linestyle=(0, theme.DOTTED), label="tangent")
        axes.axline((x, fn(x)), slope=forward, color=theme.VERMILLION, linestyle=(0, theme.DASHED), label="forward")
        axes.axline((x - h, fn(x - h)), slope=central, color=theme.BLUE, label="central")
        feet = np.array([x - h, x, x + h])
        axes.plot(feet, fn(feet), "o", color=theme.INK, markersize=7, zorder=5)
        room = 0.25 * (heights.max() - heights.min()) or 1.0
        axes.set(xlim=(low, high), ylim=(heights.min() - room, heights.max() + room), xlabel="x", ylabel="f(x)")
        slopes = f"slope {derivative:.4f}    forward {forward:.4f}    central {central:.4f}"
        title_and_legend(figure, f"Feet at x = {number(x)} and h = {number(h)} to either side", slopes, axes.lines)
    return Picture(figure, axes, (
        f"A curve with its tangent at x = {number(x)}, of slope {derivative:.4f}. With h = {number(h)} the forward "
        f"difference gives {forward:.4f} and the central one {central:.4f}."
    ))  # fmt: skip
