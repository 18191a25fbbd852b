"""What lies behind the moving pictures: a function's picture, worked out once and drawn on again and again.

A `Scene` knows which part of the plane is shown and where a path runs in it.  Its `bands` are the contour
picture as small whole numbers, one a pixel: the number of level lines that lie below the value there.  Colors
come later, in Python or in the browser, so that one picture serves light and dark pages.
"""

import dataclasses
import functools

import numpy as np

from .functions import Function

LEVELS = 14  # with the bands between them and the one for "no value" this fits into 4 bits a pixel
NO_VALUE = 15  # the band of pixels where the function is not finite
GRID = 160  # points a side from which levels and ranges are read


def contour_levels(values, lowest=None, count=LEVELS):
    """Values at which contour lines are worth drawing, rising.

    Equally spaced, unless the values span so many powers of ten that all lines would crowd at the top: then
    they are spaced by equal factors above the lowest value.  The highest two per cent of the values do not
    count, so that a steep corner does not use up the lines.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("the function has no finite value in the domain that is shown")
    lowest = float(finite.min()) if lowest is None else min(float(finite.min()), lowest)
    above = finite - lowest
    low, high = np.quantile(above, [0.02, 0.98])
    if not high > 0:
        return lowest + np.linspace(0.0, 1.0, count + 2)[1:-1]
    if low > 0 and high / low > 50:
        return lowest + np.geomspace(max(low / 4, high * 1e-6), high, count)
    return lowest + np.linspace(0.0, high, count + 2)[1:-1]


@dataclasses.dataclass(frozen=True)
class Scene:
    """The part of the plane that is shown for a function of one or two coordinates.

    For two coordinates the plane is theirs; for one it is the graph, with the value upwards.

    Attributes
    ----------
    f : Function
    x, y : tuple of (low, high)
        What is shown, in the function's units.
    """

    f: Function
    x: tuple
    y: tuple

    @property
    def flat(self):
        """True for the contours of two coordinates, False for the graph of one."""
        return self.f.dim == 2

    @functools.cached_property
    def levels(self):
        """Values of the contour lines, rising."""
        lowest = self.f.minimum if self.f.minimum is not None and np.isfinite(self.f.minimum) else None
        return contour_levels(self._sample(GRID, GRID), lowest)

    def bands(self, width, height):
        """The contour picture, uint8 of shape (height, width), top row first; `NO_VALUE` where f is not finite."""
        values = self._sample(width, height)[::-1]
        index = np.searchsorted(self.levels, np.nan_to_num(values, nan=0.0).ravel(), side="right").reshape(values.shape)
        return np.where(np.isfinite(values), index, NO_VALUE).astype(np.uint8)

    def graph(self, count=400):
        """Points (count, 2) of the curve of a function of one coordinate; NaN where it is not finite."""
        x = np.linspace(*self.x, count)
        with np.errstate(all="ignore"):
            y = np.array(np.broadcast_to(self.f.at(x), x.shape), dtype=float)
        y[~np.isfinite(y)] = np.nan
        return np.stack([x, y], axis=-1)

    def minima(self):
        """Global minima that lie in view, as points (n, 2) of the picture."""
        if not self.f.minima:
            return np.empty((0, 2))
        points = np.array(self.f.minima, dtype=float)
        points = points if self.flat else np.column_stack([points, self.f(points)])
        inside = (points >= [self.x[0], self.y[0]]) & (points <= [self.x[1], self.y[1]])
        return points[inside.all(axis=1)]

    def points(self, track):
        """Where a path runs in the picture: points (steps + 1, 2); see `pictures.tracks.Track`."""
        return track.x if self.flat else np.column_stack([track.x[:, 0], track.f])

    def _sample(self, width, height):
        # Sampled at the pixels' middles, as an image is shown.
        (x0, x1), (y0, y1) = self.x, self.y
        x = x0 + (np.arange(width) + 0.5) * (x1 - x0) / width
        y = y0 + (np.arange(height) + 0.5) * (y1 - y0) / height
        with np.errstate(all="ignore"):
            values = self.f.at(*np.meshgrid(x, y))
        return np.broadcast_to(np.asarray(values, dtype=float), (height, width))


def scene(f, domain=None, who="scene"):
    """The `Scene` of a function of one or two coordinates.

    Parameters
    ----------
    f : Function
    domain : sequence of (low, high), one a coordinate, optional
        What to show instead of ``f.domain``.
    who : str
        Name of the caller, for messages.
    """
    if not isinstance(f, Function):
        raise TypeError(f"{who}: f={f!r} must be a Function; wrap your own with ol.objective(...)")
    if f.dim not in (1, 2):
        raise ValueError(f"{who}: {f.name} has {f.dim} coordinates; a picture takes functions of 1 or 2")
    sides = _sides(f.domain if domain is None else domain, f.dim, who)
    if f.dim == 2:
        return Scene(f, *sides)
    values = Scene(f, sides[0], (0.0, 1.0)).graph()[:, 1]
    if np.isnan(values).all():
        raise ValueError(f"{who}: {f.name} has no finite value in domain={domain!r}")
    low, high = np.nanmin(values), np.nanquantile(values, 0.99)
    room = 0.06 * (high - low) or 1.0
    return Scene(f, sides[0], (float(low - room), float(high + room)))


def _sides(domain, dim, who):
    try:
        sides = tuple((float(low), float(high)) for low, high in domain)
    except (TypeError, ValueError):
        sides = ()
    if len(sides) != dim or not all(np.isfinite(s).all() and s[0] < s[1] for s in sides):
        raise ValueError(f"{who}: domain={domain!r} must give {dim} pairs (low, high) with low < high")
    return sides
