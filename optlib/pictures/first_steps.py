"""The direction of a rule's first step from every place of a landscape."""

import numpy as np

from .. import theme
from ..docs import settings_text
from ..minimize import minimize
from . import draw
from .picture import Picture, headline, new_figure, point, show_name
from .terrain import terrain
from .tracks import check_function, legend

DIAGONAL = 1.0  # degrees: an arrow so near to a diagonal counts as one


def first_steps(f, rule, n=9, title=None, extent=None):
    """Contours of a function of two coordinates, and which way a rule's first step goes from ``n`` by ``n`` points.

    Arrows have equal lengths; their directions are to scale, since both axes are.

    Parameters
    ----------
    f : Function
    rule : optimizer class or instance
    n : int from 2 to 40
    title : str, optional
    extent : ((x low, x high), (y low, y high)), optional
        What is shown; by default the function's domain.

    Returns
    -------
    Picture
    """
    check_function("first_steps", f)
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 2 <= n <= 40:
        raise ValueError(f"first_steps: n={n!r} must be an integer from 2 to 40")
    land = terrain("first_steps", f, extent, [], 16, "auto")
    (left, right), (bottom, top) = land.extent
    across, up = (right - left) / n, (top - bottom) / n
    X, Y = np.meshgrid(left + across * (np.arange(n) + 0.5), bottom + up * (np.arange(n) + 0.5))
    run = minimize(f, rule, np.stack([X.ravel(), Y.ravel()], axis=-1), steps=1)
    step = run.x[1] - run.x[0]
    length = np.linalg.norm(step, axis=-1, keepdims=True)
    unit = np.divide(step, length, out=np.zeros_like(step), where=length > 0)
    arrow = 0.6 * min(across, up) * unit
    with theme.themed():
        figure = new_figure(layout="compressed")
        axes = figure.subplots()
        filled = draw.contours(axes, land)
        draw.colorbar(figure, axes, filled, land)
        axes.set_aspect("equal")
        axes.quiver(X.ravel() - arrow[:, 0] / 2, Y.ravel() - arrow[:, 1] / 2, arrow[:, 0], arrow[:, 1],
                    color=theme.style_of(run.rule)["color"], angles="xy", scale_units="xy", scale=1, width=0.005,
                    zorder=4)  # fmt: skip
        handles = draw.minima(axes, f, land.extent)
        made = settings_text(run.rule)
        headline(figure, title or show_name(f), f"{made}: direction of the first step")
        if handles:
            legend(figure, handles, [handle.get_label() for handle in handles])
    off = np.abs(np.abs(unit[:, 0]) - np.abs(unit[:, 1]))
    share = np.mean(off[length[:, 0] > 0] < np.radians(DIAGONAL) * np.sqrt(2)) if (length > 0).any() else 0.0
    corner = point((left, bottom)), point((right, top))
    return Picture(figure, axes, (
        f"Contours of {f.name} from {corner[0]} to {corner[1]} with {n} by {n} arrows: the direction of the first step "
        f"of {made}. {100 * share:.0f} % of the arrows lie on a diagonal."
    ))  # fmt: skip
