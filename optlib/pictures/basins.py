"""Basins of attraction: from each start on a grid, which minimum does a rule reach?"""

import numpy as np

from ..minimize import minimize
from ..words import settings_text
from . import theme
from .draw import minima as mark_minima
from .maps import TINTS, _patch
from .picture import Picture, headline, joined, new_figure, number, point, show_name
from .terrain import checked_extent
from .tracks import check_function, legend

NUMBERS = 2**22  # numbers of a path held at once: 32 MB, however many steps are asked for
MOST_FOUND = 400  # minima that are told apart
SEVERAL = 7  # minima that get a color and a line in the legend of their own


def basins(f, opt, steps=200, n=200, minima=None, tol=None, extent=None, title=None, shade=True):
    """Run a rule from n x n starts and color each start by the minimum that it ends in.

    Parameters
    ----------
    f : Function of two coordinates
    opt : Optimizer or its class
    steps, n : int
    minima : sequence of points, optional
        The minima to look for; by default those that ``f`` knows, global and local.  Further end points that
        many runs share, and where the slope is nearly zero, are found and counted as local minima.
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
    for name, value, low, high in (("n", n, 2, 2000), ("steps", steps, 0, 10**6)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise ValueError(f"basins: {name}={value!r} must be an integer from {low} to {high}")
    opt = opt() if isinstance(opt, type) else opt
    extent = checked_extent("basins", f.domain if extent is None else extent, 2)
    tol = 0.01 * max(high - low for low, high in extent) if tol is None else tol
    if not np.isfinite(tol) or tol <= 0:
        raise ValueError(f"basins: tol={tol!r} must be a number above 0")
    known = np.array([*f.minima, *f.local_minima] if minima is None else minima, dtype=float).reshape(-1, 2)

    sides = [np.linspace(low, high, n) for low, high in extent]
    starts = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    ends, made = _run(f, opt, starts, steps, tol)
    targets = _found(f, starts, ends, known, tol)
    reached, distance = _nearest(ends, targets)
    reached[~(distance <= tol)] = -1
    counts = np.bincount(reached[reached >= 0], minlength=len(targets))
    # By size, but basins of nearly one size by place: a handful of starts on a border shall not decide.
    order = sorted(np.flatnonzero(counts), key=lambda k: (-round(200 * counts[k] / len(starts)), *targets[k].round(3)))
    picture = _paint(f, opt, steps, n, extent, targets, reached, made, order, title, shade)
    picture.counts = {tuple(map(float, targets[k])): int((reached == k).sum()) for k in order}
    picture.counts[None] = int((reached < 0).sum())
    return picture


# --- the runs ----------------------------------------------------------------------------------------------------


def _run(f, opt, starts, steps, tol):
    """End points (N, 2), NaN where a run diverged, and the step at which each came within ``tol`` of its end."""
    ends, made = np.full(starts.shape, np.nan), np.full(len(starts), steps)
    with np.errstate(all="ignore"):
        valid = np.flatnonzero(np.isfinite(f(starts)))
    size = max(256, NUMBERS // (3 * (steps + 1)))
    for first in range(0, len(valid), size):
        part = valid[first : first + size]
        path = minimize(f, opt, starts[part], steps)
        away = ((path.x - path.x[-1]) ** 2).sum(axis=-1) > tol**2
        made[part] = np.where(away.any(axis=0), steps + 1 - away[::-1].argmax(axis=0), 0)
        ends[part] = np.where(path.diverged[:, None], np.nan, path.end)
    return ends, made


def _found(f, starts, ends, known, tol):
    """The known minima, and places where many further runs come to rest."""
    targets = list(known)
    with np.errstate(all="ignore"):
        steepness = np.linalg.norm(f.grad(np.stack([starts, ends])), axis=-1)
    usual = np.nanmedian(steepness[0][np.isfinite(steepness[0])])
    resting = steepness[1] <= 0.02 * usual
    left = np.flatnonzero(resting & ~(_nearest(ends, np.array(targets).reshape(-1, 2))[1] <= tol))
    left = left[np.argsort(steepness[1][left], kind="stable")]  # the runs that came closest first
    fewest = max(3, len(starts) // 5000)
    while len(left) >= fewest and len(targets) < MOST_FOUND:
        same = np.linalg.norm(ends[left] - ends[left[0]], axis=1) <= tol
        if same.sum() >= fewest:
            targets.append(ends[left[0]])
        left = left[~same]
    return np.array(targets).reshape(-1, 2)


def _nearest(points, targets):
    """Index of the nearest target and the distance to it; -1 and infinity where there is none."""
    index, distance = np.full(len(points), -1), np.full(len(points), np.inf)
    for k, target in enumerate(targets):
        here = np.linalg.norm(points - target, axis=1)
        closer = here < distance
        index[closer], distance[closer] = k, here[closer]
    return index, distance


# --- the picture -------------------------------------------------------------------------------------------------


def _paint(f, opt, steps, n, extent, targets, reached, made, order, title, shade):
    colors = _colors(f, targets, order)
    image = np.full((n * n, 3), _rgb(theme.UNDEFINED))
    for k in order:
        image[reached == k] = _rgb(colors[k])
    if shade:
        # Full color for the quickest, two thirds of it for the slowest; the tail of stragglers counts as slowest.
        slow = np.clip(made / max(1.0, np.quantile(made, 0.98)), 0, 1)
        image *= np.where(reached >= 0, 1 - 0.4 * slow, 1.0)[:, None]
    handles, labels = _legend(f, targets, reached, order, colors)
    with theme.themed():
        figure = new_figure(layout="compressed")
        axes = figure.subplots()
        (x0, x1), (y0, y1) = extent
        equal = 0.5 <= (x1 - x0) / (y1 - y0) <= 2
        axes.imshow(image.reshape(n, n, 3), origin="lower", extent=(x0, x1, y0, y1), interpolation="nearest",
                    aspect="equal" if equal else "auto")  # fmt: skip
        axes.set(xlabel="start x", ylabel="start y")
        mark_minima(axes, f, extent)
        settings = f"{settings_text(opt)}, {steps:,} steps from {n} × {n} starts"
        headline(figure, title or f"{show_name(f)}: which minimum is reached?", settings)
        legend(figure, handles, labels)
    listed = [f"{point(targets[k])} from {_share(reached == k)}" for k in order[:SEVERAL]]
    more = len(order) - SEVERAL
    return Picture(figure, axes, joined([
        f"Basins of attraction of {f.name}, starts with x from {number(x0)} to {number(x1)} and y from "
        f"{number(y0)} to {number(y1)}. {settings}.",
        f"Minima reached: {', '.join(listed)}{f', and {more} more' if more > 0 else ''}." if order else "",
        f"No minimum from {_share(reached < 0)} of the starts, drawn gray." if (reached < 0).any() else "",
        "Darker starts need more steps." if shade else "",
    ]))  # fmt: skip


def _colors(f, targets, order):
    """A color for each minimum: its own for a few, else strong ones for the global and pale ones for the others."""
    if len(order) <= SEVERAL:
        return {k: theme.mix(TINTS[i], theme.PAPER, 0.25) for i, k in enumerate(order)}
    best = [k for k in order if _is_global(f, targets[k])]
    colors = {k: TINTS[i % len(TINTS)] for i, k in enumerate(best)}
    rest = [k for k in order if k not in colors]
    rest.sort(key=lambda k: (round(float(targets[k][1]), 2), float(targets[k][0])))  # by rows, so neighbors differ
    pale = [theme.mix(TINTS[len(best) % 2 + i], theme.PAPER, 0.6) for i in range(5)]
    return {**colors, **{k: pale[i % len(pale)] for i, k in enumerate(rest)}}


def _legend(f, targets, reached, order, colors):
    if len(order) <= SEVERAL:
        handles = [_patch(colors[k]) for k in order]
        labels = [f"{point(targets[k])}: {_share(reached == k)}" for k in order]
    else:
        best = [k for k in order if _is_global(f, targets[k])][:SEVERAL]
        rest = [k for k in order if k not in best]
        handles = [_patch(colors[k]) for k in [*best, rest[0]]]
        labels = [f"global minimum {point(targets[k])}: {_share(reached == k)}" for k in best]
        labels.append(f"{len(rest)} local minima: {_share(np.isin(reached, rest))}")
    if (reached < 0).any():
        handles.append(_patch(theme.UNDEFINED))
        labels.append(f"none reached: {_share(reached < 0)}")
    return handles, labels


def _is_global(f, x):
    """Whether a point is one of the global minima that the function knows."""
    return any(np.allclose(x, known, atol=1e-3) for known in f.minima)


def _share(mask):
    """A share in whole percent: single starts on a border differ between machines."""
    percent = 100 * mask.mean()
    return f"{percent:.0f} %" if percent >= 0.5 else "under 1 %"


def _rgb(color):
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
