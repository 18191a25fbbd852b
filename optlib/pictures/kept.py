"""A figure that is drawn once and kept, for pictures that a slider redraws while it is dragged.

Only the artists that move are drawn again, and only the pixels that they change are looked up in the palette: a frame
takes a few milliseconds instead of hundreds.
"""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from . import theme
from .picture import DPI, PALETTE, Picture, with_palette


class KeptFigure:
    """A background that stays, and artists that are set and drawn for each picture.

    A subclass draws the background in its own ``__init__``, within `theme.themed`, and puts the artists that move into
    ``moving``, in the order in which they are drawn.

    Parameters
    ----------
    size : (width, height) in inches
    moving_colors, background_colors : sequences of hex colors
    shares : sequence of float from 0 to 1
        The palette holds mixtures of each moving color with so much of each background color, for soft edges.
    """

    def __init__(self, size, moving_colors, background_colors, shares):
        self.figure = Figure(figsize=size, dpi=DPI, layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self.palette, self.moving = None, []
        blends = [theme.mix(a, b, share) for a in moving_colors for b in background_colors for share in shares]
        self.blends = np.array([theme.rgb(color) for color in dict.fromkeys(blends)], float)

    def frame(self):
        """PNG bytes of the figure with its artists where they are now."""
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
        self.figure.dpi = DPI  # matplotlib does not promise to restore it after saving at another resolution
        for artist in self.moving:
            artist.set_visible(False)
        self.canvas.draw()
        for artist in self.moving:
            artist.set_visible(True)
        background = with_palette(Image.fromarray(self._pixels()[..., :3]), 256 - len(self.blends)).getpalette()
        colors = np.concatenate([np.array(background, float).reshape(-1, 3), self.blends])
        self.palette = colors.astype(int).ravel().tolist()
        self.clean = self.canvas.copy_from_bbox(self.figure.bbox)
        self.clean_pixels = self._pixels().copy().view(np.uint32)[..., 0]
        # The nearest palette color for every color of 5 bits a channel; exact for the colors of the background.
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
        indices = self.clean_indices.copy()
        keys = (pixels.reshape(-1, 4)[changed, :3].astype(np.uint16) >> 3) @ np.array([1024, 32, 1], np.uint16)
        indices.ravel()[changed] = self.nearest[keys]
        return indices


class KeptPicture(Picture):
    """A picture on a `KeptFigure` that it shares with others: it sets the moving artists before it is drawn.

    A subclass defines ``_set``, which does so.
    """

    def __init__(self, board, *sentences):
        super().__init__(board.figure, board.axes, *sentences)
        self.board = board
        self._laid_out = True  # the axes have fixed places; a layout for each frame would take most of its time

    def png(self, dpi=DPI, colors=PALETTE):
        """The picture as the bytes of a PNG file; at the usual resolution in a few milliseconds."""
        if (dpi, colors) != (DPI, PALETTE):
            return super().png(dpi, colors)
        self._set()
        return self.board.frame()

    def _draw(self, file, kind, dpi, metadata=None):
        self._set()
        super()._draw(file, kind, dpi, metadata)


def _nearest(wanted, colors):
    """For each of ``wanted`` (n, 3) the index of the nearest of ``colors`` (m, 3), uint8 (n,)."""
    return ((colors**2).sum(axis=1) - 2 * wanted @ colors.T).argmin(axis=1).astype(np.uint8)
