"""The colors of a moving picture: few enough for an indexed PNG, looked up only where something has changed."""

import sys

import numpy as np
from PIL import Image

COLORS = 255  # the 256th is left for "as in the frame before", which makes films small
_GROUND_COLORS = 96
# Where the upper five bits of red, green and blue stand in a pixel read as one number.
_SHIFTS = (3, 11, 19) if sys.byteorder == "little" else (27, 19, 11)


class Palette:
    """The colors for one background and everything that is drawn over it."""

    def __init__(self, pixels, look):
        rgb = np.ascontiguousarray(pixels[..., :3])
        background = Image.fromarray(rgb).quantize(_GROUND_COLORS, method=Image.Quantize.MEDIANCUT)
        own = np.array(background.getpalette()[: 3 * _GROUND_COLORS], np.uint8).reshape(-1, 3)
        self.colors = np.vstack([own, look.blends(COLORS - len(own))])
        self.nearest = np.full(2**15, -1, np.int16)  # by color in 5 bits a channel; filled as colors appear
        self.clean = pixels.copy().view(np.uint32)[..., 0]
        self.clean_indices = np.array(background)

    def indices(self, pixels):
        """Palette indices, uint8 (height, width), of pixels drawn over the background."""
        packed = pixels.view(np.uint32)[..., 0]
        changed = np.flatnonzero(packed != self.clean)
        result = self.clean_indices.copy()
        result.ravel()[changed] = self._look_up(packed.ravel()[changed])
        return result

    def _look_up(self, packed):
        red, green, blue = (packed >> shift & 31 for shift in _SHIFTS)
        keys = red << 10 | green << 5 | blue
        indices = self.nearest[keys]
        if (indices < 0).any():
            fresh = np.unique(keys[indices < 0])
            colors = np.stack([fresh >> 10, fresh >> 5 & 31, fresh & 31], axis=-1).astype(np.int32) * 8 + 4
            distances = ((colors[:, None] - self.colors[None].astype(np.int32)) ** 2).sum(axis=-1)
            self.nearest[fresh] = distances.argmin(axis=1)
            indices = self.nearest[keys]
        return indices.astype(np.uint8)
