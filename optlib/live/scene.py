"""The part of a function that is shown, and where things lie in it."""

import dataclasses
import functools

import numpy as np

from ..checks import instance
from ..functions import Function
from ..pictures import background
from ..pictures.picture import padded
from ..pictures.terrain import checked_extent, grown, nearly_square

GRID = 160  # points a side from which levels and ranges are read


@dataclasses.dataclass(frozen=True)
class Scene:
    """The part of the plane that is shown for a function of one or two coordinates.

    For two coordinates the plane is theirs; for one it is the graph, with the value upwards.  ``x`` and ``y`` are its
    sides, (low, high) in the function's units.
    """

    f: Function
    x: tuple
    y: tuple

    @property
    def flat(self):
        """True for the contours of two coordinates, False for the graph of one."""
        return self.f.dim == 2

    @property
    def equal(self):
        """Whether both axes have one scale."""
        return self.flat and nearly_square((self.x, self.y))

    def fitted(self, width, height):
        """Size of the picture within this one."""
        if not self.equal:
            return width, height
        across = (self.x[1] - self.x[0]) / (self.y[1] - self.y[0])
        return min(width, round(height * across)), min(height, round(width / across))

    @property
    def labels(self):
        """Of the two axes."""
        return self.f.names[:2] if self.flat else ("x", "f(x)")

    @functools.cached_property
    def levels(self):
        """Values of the contour lines, rising."""
        lowest = self.f.minimum if self.f.minimum is not None and np.isfinite(self.f.minimum) else None
        return background.contour_levels(self.sample(GRID, GRID), lowest, background.LEVELS)

    def bands(self, width, height):
        """The contour picture as bands, uint8 of shape (height, width), top row first."""
        return background.bands(self.sample(width, height)[::-1], self.levels)

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
        if not self.flat:  # all lie at one height, also where the formula itself is 0 / 0
            points = np.column_stack([points, np.full(len(points), self.f.minimum, dtype=float)])
        inside = (points >= [self.x[0], self.y[0]]) & (points <= [self.x[1], self.y[1]])
        return points[inside.all(axis=1)]

    def points(self, track):
        """Where a path runs in the picture: points (steps + 1, 2); see `pictures.tracks.Track`."""
        return track.x if self.flat else track.on_graph()

    def sample(self, width, height):
        """Values (height, width) at the centers of pixels, as an image is shown, but the lowest row first."""
        (x0, x1), (y0, y1) = self.x, self.y
        x = x0 + (np.arange(width) + 0.5) * (x1 - x0) / width
        y = y0 + (np.arange(height) + 0.5) * (y1 - y0) / height
        with np.errstate(all="ignore"):
            values = self.f.at(*np.meshgrid(x, y))
        return np.broadcast_to(np.asarray(values, dtype=float), (height, width))


def scene(f, extent=None, tracks=(), who="scene"):
    """The `Scene` of a function of one or two coordinates; ``who`` is named in errors.

    By default the extent is the function's domain, widened to hold the starts of ``tracks``.
    """
    instance(who, "f", f, Function, "ol.objective(lambda x: x**2)")
    if f.dim not in (1, 2):
        raise ValueError(f"{who}: {f.name} has {f.dim} coordinates; a picture takes functions of 1 or 2")
    if extent is None:
        sides = grown(f.domain, tracks)
    else:
        sides = checked_extent(who, (extent,) if f.dim == 1 and np.ndim(extent) == 1 else extent, f.dim)
    if f.dim == 2:
        return Scene(f, *sides)
    values = Scene(f, sides[0], (0.0, 1.0)).graph()[:, 1]
    if np.isnan(values).all():
        raise ValueError(f"{who}: {f.name} has no finite value over extent={sides[0]}")
    return Scene(f, sides[0], padded(np.nanmin(values), np.nanquantile(values, 0.99), 0.06))
