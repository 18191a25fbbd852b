"""`surface`: the landscape of a function in space, which a reader turns, with paths on it."""

import numpy as np

from ..minimize import Trajectory, minimize
from ..optimizers.base import as_rule
from ..pictures import landscape
from ..pictures.background import LEVELS
from ..pictures.picture import base64_text, bundle, show_name
from ..pictures.terrain import terrain
from ..pictures.tracks import check_function, tracks
from . import browser_data, page, svg
from .animation import MOST_PATHS, Animation
from .scene import scene

SCRIPTS = ("core.js", "canvas.js", "space.js", "surface.js")
THINNING = 4  # the player has every so many points of a terrain's 241 a side
HOLE = 65535  # stands for a height that is undefined; space.js has the same number
ROOM = 0.25  # times the heights from the lowest contour line to the highest: so far above it the landscape is cut off


def surface(f, *rules, start=None, steps=100, labels=None, title=None):
    """The landscape of a function in space: the mouse, a finger or arrow keys turn it, and rules walk on it.

    It needs no kernel; where no script runs, it is a still picture.

    Parameters
    ----------
    f : Function
        Of two coordinates.
    *rules : optimizer classes, instances or names; also paths, as `minimize` returns them
    start, steps : as in `minimize`
        For the rules; paths keep their own.
    labels : sequence of str, optional
        One a path, instead of rule and settings.
    title : str, optional
        Instead of the function's name.
    """
    check_function("surface", f)
    paths = [rule if isinstance(rule, Trajectory | np.ndarray)
             else minimize(f, as_rule("surface", rule, by_name=True), start, steps) for rule in rules]  # fmt: skip
    return Surface(f, tracks("surface", f, paths, labels), show_name(f) if title is None else str(title))


class Surface:
    """A function of two coordinates in space, with paths on it; see `surface`.

    Attributes
    ----------
    heights : masked array (n, n)
        As they are drawn: values, or where contour lines are spaced by equal factors, exponents of ten; in the row of
        the lowest y first.  What lies far above the highest contour line is cut off, so that it does not flatten the
        valley.
    label : str
        What the heights are.
    picture : Picture
        The still.
    """

    def __init__(self, f, tracks, title):
        if len(tracks) > MOST_PATHS:
            raise ValueError(f"surface: {len(tracks)} paths are given; a picture that turns shows at most {MOST_PATHS}")
        self.tracks, self.title = tracks, title
        land = terrain("surface", f, None, tracks, LEVELS)
        self.label = land.lifted_label
        # The lowest contour line is the floor of a logarithmic scale, or a valley would fall to minus infinity.
        scale = (lambda z: np.ma.log10(np.ma.maximum(z, land.levels[0]))) if land.log else np.asanyarray
        self._levels, heights = np.asarray(scale(land.levels)), scale(land.z[::THINNING, ::THINNING])
        highest = self._levels[-1] + ROOM * (self._levels[-1] - self._levels[0])
        self.heights = np.ma.minimum(heights, highest)
        self._cut_off = highest if heights.max() > highest else None
        self._scene = scene(f, None, tracks, "surface")
        self.picture = landscape.surface(f, *tracks, labels=[track.label for track in tracks] or None, title=title)

    def __repr__(self):
        return f"<surface: {self.picture.description}>"

    def data(self):
        """What the player needs, as plain data."""
        low, high = float(self.heights.min()), float(self.heights.max())
        span = high - low or 1.0
        shares = np.ma.filled((self.heights - low) / span * (HOLE - 1), HOLE).round().astype("<u2")
        cut_off = "" if self._cut_off is None else f", cut off above {self._cut_off:.3g}"
        paths = Animation(self._scene, self.tracks, self.title).data() if self.tracks else {"paths": [], "settings": ""}
        return paths | {
            "title": self.title, "description": self.picture.description,
            "scene": browser_data.scene_data(self._scene), "note": f"Height: {self.label}{cut_off}.",
            "relief": {
                "side": len(shares), "heights": base64_text(shares.tobytes()),
                "levels": ((self._levels - low) / span).round(4).tolist(), "range": [low, low + span],
                "label": self.label,
            },
        }  # fmt: skip

    def html(self):
        """Still, data and script as one piece of HTML, without any reference to the network."""
        still = page.small_still(self.picture.png(dpi=80), self.picture.description)
        return page.player("optlib-surface", still + svg.NOTE, self.data(), SCRIPTS)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.html(), self.picture.png(dpi=72), repr(self))
