"""A figure that is drawn once and kept: only what moves is drawn again, for films and for sliders that are dragged."""

import numpy as np
from PIL import Image

from . import theme
from .picture import DPI, EXACT, encoded, indexed, nearest, new_figure, palette_of, with_colors
from .ticks import plain_labels


class KeptFigure:
    """A background that stays, and artists that are set and drawn for each picture.

    A subclass draws the background in its own ``__init__``, within `theme.themed`, and puts the artists that move into
    ``moving``, in the order in which they are drawn.  Its size is in inches; for ``exact`` see `palette_of`.
    """

    def __init__(self, size, dpi=DPI, exact=EXACT):
        self.figure = new_figure(size, "none")
        self.figure.set(dpi=dpi, facecolor=theme.PAPER)
        self.canvas = self.figure.canvas
        self.dpi, self.exact, self.moving, self.background, self.palette = dpi, exact, [], None, None

    def image(self):
        """The figure with its artists where they are now, in the colors of the first such image: films need that."""
        with theme.themed():
            if self.background is None:
                self._keep_background()
            self.canvas.restore_region(self.background)
            for artist in self.moving:
                self.figure.draw_artist(artist)
        drawn = np.asarray(self.canvas.buffer_rgba())
        pixels = drawn.view(np.uint32)[..., 0]  # one number a pixel; they change with the figure
        if self.palette is None:
            picture = Image.fromarray(drawn).convert("RGB")
            self.palette = palette_of(picture, exact=self.exact)
            self.indices = np.asarray(indexed(picture, self.palette))
            self.known = pixels.copy()
        changed = pixels != self.known  # few: to look up only these is several times as fast
        indices = self.indices.copy()
        colors, which = np.unique(pixels[changed], return_inverse=True)
        indices[changed] = nearest(colors[:, None].view(np.uint8)[:, :3].astype(int), self.palette)[which]
        return with_colors(indices, self.palette)

    def png(self, **options):
        """The same as the bytes of a PNG file; ``options`` are Pillow's."""
        return encoded(self.image(), "PNG", **options)

    def _keep_background(self):
        plain_labels(self.figure)
        self.figure.dpi = self.dpi  # matplotlib does not promise to restore it after saving at another resolution
        for artist in self.moving:
            artist.set_visible(False)
        self.canvas.draw()
        for artist in self.moving:
            artist.set_visible(True)
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)
