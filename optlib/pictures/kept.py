"""A figure that is drawn once and kept, for pictures that a slider redraws while it is dragged.

Only the artists that move are drawn anew, and only the pixels that they change are looked up in the palette: a frame
takes a few milliseconds instead of hundreds.
"""

import io

import numpy as np

from . import theme
from .picture import DPI, with_palette


class KeptFigure:
    """A background that stays, and artists that are set and drawn for each picture.

    A subclass draws the background in its own ``__init__``, within `theme.themed`, and puts the artists that move into
    ``moving``, in the order in which they are drawn.

    Parameters
    ----------
    size : (width, height) in inches
    blends : sequence of hex colors
        Colors of what moves, over everything that it may lie on.
    """

    def __init__(self, size, blends):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=size, dpi=DPI, layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self.palette, self.moving = None, []
        self.blends = np.array(
            [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in dict.fromkeys(blends)], float
        )

    def frame(self):
        """PNG bytes of the figure as it is set."""
        from PIL import Image

        with theme.themed():
            if self.palette is None:
                self._keep_background()
            self.canvas.restore_region(self.clean)
            for artist in self.moving:
                self.figure.draw_artist(artist)
        image = Image.fromarray(self._indices())
        image.putpalette(self.palette)
        packed = io.BytesIO()
        image.save(packed, "PNG", compress_level=1)
        return packed.getvalue()

    def _keep_background(self):
        """Remember the figure without its moving artists, and choose the palette."""
        from PIL import Image

        self.figure.dpi = DPI  # saving at another resolution leaves it as it was, but nothing promises that
        for artist in self.moving:
            artist.set_visible(False)
        self.canvas.draw()
        for artist in self.moving:
            artist.set_visible(True)
        own = with_palette(Image.fromarray(self._pixels()[..., :3]), 256 - len(self.blends)).getpalette()
        colors = np.concatenate([np.array(own, float).reshape(-1, 3), self.blends])
        self.palette = colors.astype(int).ravel().tolist()
        self.clean = self.canvas.copy_from_bbox(self.figure.bbox)
        self.clean_pixels = self._pixels().copy().view(np.uint32)[..., 0]
        # The nearest color of the palette for every color of 5 bits a channel; the same for the background, but exact.
        levels = np.stack(np.meshgrid(*[np.arange(32) * 8.0 + 4] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        self.nearest = _nearest(levels, colors)
        used, where = np.unique(self.clean_pixels, return_inverse=True)
        exact = _nearest(used[:, None].view(np.uint8)[:, :3].astype(float), colors)
        self.clean_indices = exact[where].reshape(self.clean_pixels.shape)

    def _pixels(self):
        return np.asarray(self.canvas.buffer_rgba())

    def _indices(self):
        """Index into the palette of each pixel; only those that changed are looked up."""
        pixels = self._pixels()
        changed = np.flatnonzero(pixels.view(np.uint32)[..., 0] != self.clean_pixels)
        found = self.clean_indices.copy()
        keys = (pixels.reshape(-1, 4)[changed, :3].astype(np.uint16) >> 3) @ np.array([1024, 32, 1], np.uint16)
        found.ravel()[changed] = self.nearest[keys]
        return found


def _nearest(wanted, colors):
    """For each of ``wanted`` (n, 3) the index of the nearest of ``colors`` (m, 3), uint8 (n,)."""
    return ((colors**2).sum(axis=1) - 2 * wanted @ colors.T).argmin(axis=1).astype(np.uint8)
