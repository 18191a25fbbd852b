"""Contours with arrows: the gradient, or a rule's first step, from every place of a landscape."""

import numpy as np

from ..checks import integer
from ..minimize import minimize
from ..optimizers.base import as_rule
from ..words import settings_text
from . import draw, theme
from .picture import Picture, canvas, point, show_name
from .terrain import terrain
from .tracks import check_function, title_and_legend

DIAGONAL = 1.0  # degrees: an arrow so near to a diagonal counts as one


def gradient_field(f, n=9, title=None, extent=None):
    """Contour lines of a function of two coordinates and its gradient at ``n`` by ``n`` points.

    Arrows have equal lengths, so that those on gentle slopes are visible; their directions are to scale, since
    both axes are.
    """
    settings = "arrows: direction of the gradient, all of one length"
    figure, axes, view, _ = _field("gradient_field", f, n, extent, title, settings, lambda x: f.grad(x), theme.INK)
    return Picture(figure, axes, (
        f"Contours of {f.name} {view} that point along the gradient: each crosses its contour line at a right angle, "
        "uphill."
    ))  # fmt: skip


def first_steps(f, rule, n=9, title=None, extent=None):
    """Contours of a function of two coordinates, and which way a rule's first step goes from ``n`` by ``n`` points.

    Arrows have equal lengths; their directions are to scale, since both axes are.

    Parameters
    ----------
    f : Function
    rule : optimizer class, instance or name
    n : int from 2 to 40
    title : str, optional
    extent : ((x low, x high), (y low, y high)), optional
        What is shown; by default the function's domain.
    """
    rule = as_rule("first_steps", rule, by_name=True)
    settings, color = settings_text(rule), theme.style_of(rule)["color"]
    steps = lambda points: minimize(f, rule, points, steps=1).x[1] - points
    subtitle = f"{settings}: direction of the first step"
    figure, axes, view, unit = _field("first_steps", f, n, extent, title, subtitle, steps, color)
    moves = unit.any(axis=-1)
    off = np.abs(np.abs(unit[moves, 0]) - np.abs(unit[moves, 1]))
    share = np.mean(off < np.radians(DIAGONAL) * np.sqrt(2)) if moves.any() else 0.0
    return Picture(figure, axes, (
        f"Contours of {f.name} {view}: the direction of the first step of {settings}. {100 * share:.0f} % of the "
        "arrows lie on a diagonal."
    ))  # fmt: skip


def _field(who, f, n, extent, title, settings, directions, color):
    """Contours and arrows; returns figure, axes, words for what is shown, unit vectors (k, 2) where f is finite."""
    check_function(who, f)
    n = integer(who, "n", n, 2, 40)
    land = terrain(who, f, extent)
    (left, right), (bottom, top) = land.extent
    across, up = (right - left) / n, (top - bottom) / n
    X, Y = np.meshgrid(left + across * (np.arange(n) + 0.5), bottom + up * (np.arange(n) + 0.5))
    places = np.stack([X.ravel(), Y.ravel()], axis=-1)
    with np.errstate(all="ignore"):
        places = places[np.isfinite(f(places))]
        vectors = directions(places)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    arrow = 0.6 * min(across, up) * unit
    with canvas(layout="compressed") as (figure, axes):
        draw.colorbar(figure, axes, draw.contours(axes, land), land)
        axes.set_aspect("equal")
        axes.quiver(*(places - arrow / 2).T, *arrow.T, color=color, angles="xy", scale_units="xy", scale=1,
                    width=0.0045, zorder=4)  # fmt: skip
        title_and_legend(figure, title or show_name(f), settings, draw.minima(axes, f, land.extent))
    drawn = f"{n} by {n}" if len(unit) == n * n else len(unit)
    return figure, axes, f"from {point((left, bottom), 0)} to {point((right, top), 0)} with {drawn} arrows", unit
