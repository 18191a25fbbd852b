"""A numerical derivative as a secant: the points that the line runs through, the tangent, and the error for every h."""

import numpy as np

from ..checks import number as checked_number
from . import theme
from .charts import drawable
from .picture import padded
from .sketch import DOTS, LINE, Drawing, Layer, Panel, Sketch, moving

SMALLEST, LARGEST = 1e-15, 2.0  # widths for which the error is drawn


@moving("h")
@np.errstate(all="ignore")  # the curve has gaps where fn is not defined
def secant(fn, x, h, derivative=None, extent=None):
    """A function of one number, the line through (x - h) and (x + h), the one through x and (x + h), the tangent.

    Parameters
    ----------
    fn : callable of an array
    x, h : float
        The point, and the width of the difference; h > 0.
    derivative : float, optional
        The true slope at ``x``.  With it a second panel shows the error of both differences for every h, down to where
        rounding takes over.  By default the tangent has the slope at h = 1e-5.
    extent : (low, high), optional
        By default 1.2 h to either side, and at least 2.2.
    """
    h = checked_number("secant", "h", h, "(0, inf)")
    if not np.isfinite(fn(x)):
        raise ValueError(f"secant: fn is {fn(x)} at x={x!r}; choose a place where it is finite")
    low, high = (x - max(2.2, 1.2 * h), x + max(2.2, 1.2 * h)) if extent is None else extent
    known = derivative is not None
    slope = float(derivative if known else (fn(x + 1e-5) - fn(x - 1e-5)) / 2e-5)

    def differences(h):
        return (fn(x + h) - fn(x)) / h, (fn(x + h) - fn(x - h)) / (2 * h)

    def line(at, steepness):
        return [(low, fn(at) + steepness * (low - at)), (high, fn(at) + steepness * (high - at))]

    def points(h):
        forward, central = differences(h)
        feet = [(x - h, fn(x - h)), (x, fn(x)), (x + h, fn(x + h))]
        errors = [[(h, abs(forward - slope))], [(h, abs(central - slope))]] if known else []
        return [line(x, forward), line(x - h, central), feet, *errors]

    def words(h):
        forward, central = differences(h)
        return (
            f"Feet at x = {x:.4g} and h = {h:.4g} to either side",
            f"slope {slope:.4f}    forward {forward:.4f}    central {central:.4f}",
            f"A curve with its tangent at x = {x:.4g}, of slope {slope:.4f}. With h = {h:.4g} the forward "
            f"difference gives {forward:.4f} and the central one {central:.4f}.",
            ["forward", "central", "", "", ""] if known else ["forward", "central", ""],
        )

    def handles(h):
        return [(0, x + h, fn(x + h)), (1, h, abs(differences(h)[1] - slope))] if known else [(0, x + h, fn(x + h))]

    across = np.linspace(low, high, 300)
    heights = drawable(fn(across), False)
    panels = [Panel((low, high), padded(np.nanmin(heights), np.nanmax(heights), 0.25), ("x", "f(x)"))]
    red, blue = theme.VERMILLION, theme.BLUE
    layers = [
        Layer(LINE, theme.FAINT, points=list(zip(across, heights, strict=True)), width=1.6),
        Layer(LINE, theme.INK, points=line(x, slope), label="tangent", dashes=theme.DOTTED),
        Layer(LINE, red, dashes=theme.DASHED), Layer(LINE, blue), Layer(DOTS, theme.INK),
    ]  # fmt: skip
    if known:
        widths = np.geomspace(SMALLEST, LARGEST, 240)
        errors = np.maximum(np.abs(np.array(differences(widths)) - slope), 1e-18)
        panels.append(Panel((SMALLEST, LARGEST), (1e-13, 10.0), ("h", ""), (True, True), title="error of the slope"))
        for color, error, dashes in zip((red, blue), errors, (theme.DASHED, theme.SOLID), strict=True):
            layers.insert(0, Layer(LINE, color, 1, list(zip(widths, error, strict=True)), width=1.4, dashes=dashes))
        layers += [Layer(DOTS, red, 1, size=10.0), Layer(DOTS, blue, 1, size=10.0)]
    size = (9.0 if known else 8.0, 4.6)
    return Drawing(Sketch(tuple(panels), tuple(layers), points, words, handles, (("h",), ("h",)), size), h)
