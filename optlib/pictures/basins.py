"""Basins of attraction: from each start on a grid, which minimum does a rule reach?"""

import numpy as np

from .. import checks
from ..minimize import minimize
from ..optimizers.base import as_rule
from ..words import settings_text
from . import theme
from .draw import minima as mark_minima
from .draw import patch
from .picture import Picture, canvas, point, show_name
from .terrain import checked_extent, nearly_square
from .tracks import check_function, title_and_legend

NUMBERS = 2**22  # numbers of a path held at once: 32 MB, however many steps are asked for
MOST_MINIMA = 400  # no more than so many are distinguished
TINTS = (theme.BLUE, theme.ORANGE, theme.GREEN, theme.VERMILLION, theme.SKY, theme.PURPLE, theme.YELLOW)
SEVERAL = 7  # minima that get a color and a line in the legend of their own


def basins(f, opt, steps=200, n=200, minima=None, tol=None, extent=None, title=None, shade=True):
    """Run a rule from n x n starts and color each start by the minimum that it ends in.

    Parameters
    ----------
    f : Function of two coordinates
    opt : optimizer class, instance or name
    steps, n : int
    minima : sequence of points, optional
        The minima to look for; by default those that ``f`` knows, global and local.  Further end points that
        many runs share, and where the gradient is nearly zero, count as local minima.
    tol : float, optional
        A run has reached a minimum if it ends at most so far from it; by default 1 % of the extent's longer side.
    extent : ((x low, x high), (y low, y high)), optional
        Where the starts lie; by default the function's domain.
    shade : bool
        Whether starts that need more steps are drawn darker.

    Returns
    -------
    Picture
        With ``counts``, a dict from each minimum reached (a tuple) to its number of starts; the key None stands
        for the starts from which none was reached.
    """
    check_function("basins", f)
    n, steps = checks.integer("basins", "n", n, 2, 2000), checks.integer("basins", "steps", steps, 0, 10**6)
    rule = as_rule("basins", opt, "opt", by_name=True)
    extent = checked_extent("basins", f.domain if extent is None else extent, 2)
    tol = 0.01 * max(high - low for low, high in extent) if tol is None else tol
    tol = checks.number("basins", "tol", tol, "(0, inf)")
    known = np.array([*f.minima, *f.local_minima] if minima is None else minima, dtype=float).reshape(-1, 2)

    starts = np.stack(np.meshgrid(*(np.linspace(low, high, n) for low, high in extent)), axis=-1).reshape(-1, 2)
    ends, needed = _run(f, rule, starts, steps, tol)
    targets = _targets(f, starts, ends, known, tol)
    reached, distance = _nearest(ends, targets)
    reached[~(distance <= tol)] = -1
    lost = reached < 0
    counts = np.bincount(reached[~lost], minlength=len(targets))
    # By size; basins of nearly one size by place, so that a handful of starts on a border does not decide.
    order = sorted(np.flatnonzero(counts), key=lambda k: (-round(200 * counts[k] / len(starts)), *targets[k].round(3)))

    colors, patches = _legend(f, targets, reached, order)
    image = np.full((n * n, 3), np.array(theme.rgb(theme.UNDEFINED)) / 255)
    for k in order:
        image[reached == k] = np.array(theme.rgb(colors[k])) / 255
    if shade:
        # Full color for the quickest, two thirds of it for the slowest; the tail of stragglers counts as slowest.
        slowness = np.clip(needed / max(1.0, np.quantile(needed, 0.98)), 0, 1)
        image *= np.where(lost, 1.0, 1 - 0.4 * slowness)[:, None]
    settings = f"{settings_text(rule)}, {steps:,} steps from {n} × {n} starts"
    with canvas(layout="compressed") as (figure, axes):
        axes.imshow(image.reshape(n, n, 3), origin="lower", extent=(*extent[0], *extent[1]), interpolation="nearest",
                    aspect="equal" if nearly_square(extent) else "auto")  # fmt: skip
        axes.set(xlabel=f"start {f.names[0]}", ylabel=f"start {f.names[1]}")
        mark_minima(axes, f, extent)
        title_and_legend(figure, title or f"{show_name(f)}: which minimum is reached?", settings, patches)
    (x0, x1), (y0, y1) = extent
    listed = [f"{point(targets[k])} from {_share(reached == k)}" for k in order[:SEVERAL]]
    more = len(order) - SEVERAL
    picture = Picture(
        figure, axes,
        f"Basins of attraction of {f.name}, starts with {f.names[0]} from {x0:.4g} to {x1:.4g} and {f.names[1]} from "
        f"{y0:.4g} to {y1:.4g}. {settings}.",
        f"Minima reached: {', '.join(listed)}{f', and {more} more' if more > 0 else ''}." if order else "",
        f"No minimum from {_share(lost)} of the starts, drawn gray." if lost.any() else "",
        "Darker starts need more steps." if shade else "",
    )  # fmt: skip
    picture.counts = {tuple(map(float, targets[k])): int(counts[k]) for k in order} | {None: int(lost.sum())}
    return picture


def _run(f, rule, starts, steps, tol):
    """End points (N, 2), NaN where a run diverged, and the step at which each came within ``tol`` of its end."""
    ends, needed = np.full(starts.shape, np.nan), np.full(len(starts), steps)
    with np.errstate(all="ignore"):
        valid = np.flatnonzero(np.isfinite(f(starts)))
    size = max(256, NUMBERS // (3 * (steps + 1)))
    for first in range(0, len(valid), size):
        chunk = valid[first : first + size]
        path = minimize(f, rule, starts[chunk], steps)
        away = ((path.x - path.x[-1]) ** 2).sum(axis=-1) > tol**2
        needed[chunk] = np.where(away.any(axis=0), steps + 1 - away[::-1].argmax(axis=0), 0)
        ends[chunk] = np.where(path.diverged[:, None], np.nan, path.end)
    return ends, needed


def _targets(f, starts, ends, known, tol):
    """The known minima, and places where many further runs come to rest."""
    targets = list(known)
    with np.errstate(all="ignore"):
        slope_at_start, slope = np.linalg.norm(f.grad(np.stack([starts, ends])), axis=-1)
    resting = slope <= 0.02 * np.nanmedian(slope_at_start[np.isfinite(slope_at_start)])
    left = np.flatnonzero(resting & ~(_nearest(ends, known)[1] <= tol))
    left = left[np.argsort(slope[left], kind="stable")]  # the runs that came closest first
    fewest = max(3, len(starts) // 5000)
    while len(left) >= fewest and len(targets) < MOST_MINIMA:
        same = np.linalg.norm(ends[left] - ends[left[0]], axis=1) <= tol
        if same.sum() >= fewest:
            targets.append(ends[left[0]])
        left = left[~same]
    return np.array(targets).reshape(-1, 2)


def _nearest(points, targets):
    """Index of the nearest target and the distance to it; -1 and infinity where there is none."""
    index, distance = np.full(len(points), -1), np.full(len(points), np.inf)
    for k, target in enumerate(targets):
        to_target = np.linalg.norm(points - target, axis=1)
        closer = to_target < distance
        index[closer], distance[closer] = k, to_target[closer]
    return index, distance


def _legend(f, targets, reached, order):
    """A color for each minimum, and the handles of the legend: each minimum with its share, or of many the global ones.

    Of many, the global minima have strong colors and the others pale ones.
    """
    best, rest, kind = order, [], ""
    colors = {k: theme.mix(TINTS[i], theme.PAPER, 0.25) for i, k in enumerate(order[:SEVERAL])}
    if len(order) > SEVERAL:
        best = [k for k in order if any(np.allclose(targets[k], known, atol=1e-3) for known in f.minima)]
        rest, kind = [k for k in order if k not in best], "global minimum "
        rest.sort(key=lambda k: (round(float(targets[k][1]), 2), float(targets[k][0])))  # by rows, so neighbors differ
        pale = [theme.mix(TINTS[len(best) % 2 + i], theme.PAPER, 0.6) for i in range(5)]
        colors = {k: TINTS[i % len(TINTS)] for i, k in enumerate(best)}
        colors |= {k: pale[i % len(pale)] for i, k in enumerate(rest)}
    patches = [patch(colors[k], f"{kind}{point(targets[k])}: {_share(reached == k)}") for k in best[:SEVERAL]]
    if kind:
        rest = [*best[SEVERAL:], *rest]
        patches.append(patch("none", f"pale: {len(rest)} local minima, {_share(np.isin(reached, rest))}"))
    if (reached < 0).any():
        patches.append(patch(theme.UNDEFINED, f"none reached: {_share(reached < 0)}"))
    return colors, patches


def _share(mask):
    """A share in whole percent: single starts on a border differ between machines."""
    percent = 100 * mask.mean()
    return f"{percent:.0f} %" if percent >= 0.5 else "under 1 %"
