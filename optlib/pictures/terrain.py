"""Values of a function on a grid, and the levels and scale to draw them with."""

import dataclasses

import numpy as np

from ..checks import choice, integer
from .background import MOST, contour_levels
from .picture import share

GRID = 241  # points a side: contour lines are smooth at lecture size
LEVELS = 16
LOG = (True, False, "auto")  # whether an axis or a color scale is logarithmic


@dataclasses.dataclass
class Terrain:
    """A function of two coordinates over a rectangle.

    ``z`` holds the heights that are drawn: the values themselves, or in a ``log`` picture the values above
    ``lowest``.  Undefined ones are masked.
    """

    extent: tuple
    X: np.ndarray
    Y: np.ndarray
    z: np.ma.MaskedArray
    levels: np.ndarray
    log: bool
    lowest: float
    label: str
    names: tuple

    @property
    def heights(self):
        """``z`` for 3-D axes, which have no logarithmic scale: the exponents of ten in a log picture.

        They end at a floor, since a thin valley that falls to minus infinity would be drawn as a comb.
        """
        return np.ma.log10(np.ma.maximum(self.z, self._floor)) if self.log else self.z

    def lift(self, f):
        """Values of points on the path, on the scale of `heights`."""
        return np.log10(np.maximum(f - self.lowest, self._floor)) if self.log else f

    @property
    def _floor(self):
        return max(self.levels[0], float(np.quantile(self.z.compressed(), 0.03)))

    @property
    def lifted_label(self):
        return f"log10 of {self.label}" if self.log else self.label

    def words(self):
        """The rectangle and what is undefined in it."""
        sides = zip(self.names, self.extent, strict=True)
        over = " and ".join(f"{name} from {low:.4g} to {high:.4g}" for name, (low, high) in sides)
        scale = ", on a logarithmic scale" if self.log else ""
        holes = np.ma.getmaskarray(self.z)
        undefined = f" It is undefined in {share(holes)} of the area, which is left blank." if holes.any() else ""
        return f"over {over}{scale}.{undefined}"


def terrain(who, f, extent=None, tracks=(), levels=LEVELS, log="auto"):
    """Sample ``f`` over ``extent``; see `plots.contour` for the arguments."""
    extent = grown(f.domain, tracks) if extent is None else checked_extent(who, extent, 2)
    X, Y = np.meshgrid(*(np.linspace(low, high, GRID) for low, high in extent))
    z = sampled(who, f, X, Y)
    finite = z[~np.isnan(z)]
    known = f.minimum is not None and np.isfinite(f.minimum)
    lowest = min(float(f.minimum), float(finite.min())) if known else float(finite.min())
    levels, log = _levels(who, finite, lowest, levels, log)
    label = f"f({', '.join(f.names[:2])})"
    if log:
        z, levels = z - lowest, levels - lowest
        if abs(lowest) > 1e-9:
            label += " − minimum" if known else " − lowest value"
    return Terrain(extent, X, Y, np.ma.masked_invalid(z), levels, log, lowest, label, f.names[:2])


def sampled(who, f, *coordinates):
    """Values of ``f`` at coordinates of one shape, NaN where they are not finite; ValueError if they all are not.

    Values beyond `MOST` count as infinite.
    """
    with np.errstate(all="ignore"):
        values = np.array(np.broadcast_to(f.at(*coordinates), coordinates[0].shape), dtype=float)
        values[~(np.abs(values) < MOST)] = np.nan
    if np.isnan(values).all():
        extent = tuple((float(x.min()), float(x.max())) for x in coordinates)
        raise ValueError(f"{who}: {f.name} has no finite value, up to {MOST:g} in size, over extent={extent}")
    return values


def grown(domain, tracks):
    """The function's domain, widened where a path starts outside."""
    sides = []
    for i, (low, high) in enumerate(domain):
        starts = [track.x[0, i] for track in tracks]
        room = 0.05 * (high - low)
        low = low if all(s >= low for s in starts) else min(starts) - room
        high = high if all(s <= high for s in starts) else max(starts) + room
        sides.append((float(low), float(high)))
    return tuple(sides)


def checked_extent(who, extent, dim):
    """``extent`` as a tuple of ``dim`` finite sides."""
    try:
        sides = tuple((float(low), float(high)) for low, high in extent)
    except (TypeError, ValueError):
        sides = ()
    if len(sides) != dim or not all(np.isfinite(side).all() and side[0] < side[1] for side in sides):
        raise ValueError(f"{who}: extent={extent!r} must be {dim} pair{'s' * (dim > 1)} (low, high) with low < high")
    return sides


def nearly_square(extent):
    """Whether one scale for both axes suits this rectangle: right angles then stay right."""
    (x0, x1), (y0, y1) = extent
    return 0.5 <= (x1 - x0) / (y1 - y0) <= 2


def _levels(who, finite, lowest, levels, log):
    """Level values, rising, and whether the scale is logarithmic above ``lowest``."""
    choice(who, "log", log, LOG)
    if np.ndim(levels):
        levels = np.unique(np.asarray(levels, dtype=float))
        if len(levels) < 2 or not np.isfinite(levels).all():
            raise ValueError(f"{who}: levels={levels!r} must be a number of levels or at least 2 finite values")
        log = _rise_by_factors(levels) and levels[0] > lowest if log == "auto" else log
        if log and levels[0] <= lowest:
            raise ValueError(f"{who}: levels start at {levels[0]:g}; with log=True all must lie above {lowest:g}")
        return levels, log
    levels = contour_levels(finite, lowest, integer(who, "levels", levels, 2, 200), log)
    return levels, _rise_by_factors(levels) if log == "auto" else log


def _rise_by_factors(levels):
    """Whether rising levels are spaced by factors rather than by equal differences."""
    gaps = np.diff(levels)
    return bool(gaps[-1] > 2 * gaps[0])
