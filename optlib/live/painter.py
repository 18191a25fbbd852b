"""Frames in a few milliseconds: contours and axes are drawn once, paths over a copy of them.

A frame stays in indexed color.  Only the pixels that a path has changed are looked up in the palette, and an
indexed PNG is a quarter of the bytes of a full one: both together make a frame about ten times faster than
drawing a new matplotlib figure.
"""

import functools
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform
from PIL import Image, ImageDraw, ImageFont

from ..pictures import theme
from ..pictures.theme import dash_array
from .look import DARK, LIGHT
from .palette import Palette

SIZE = (600, 500)
_COVER = 0.85  # how much of a path the legend's paper covers
STEPS_SHOWN = 80  # paths of at most so many steps carry a dot for each
_DPI = 100
_MARGINS = (60, 14, 30, 42)  # left, right, top, bottom in pixels


class Painter:
    """Draws paths over the picture of one scene.

    Parameters
    ----------
    scene : scene.Scene
    size : (width, height) in pixels
    dark : bool
    scale : float
        Pixels a unit of ``size``: 2 for print or sharp screens.
    """

    def __init__(self, scene, size=SIZE, dark=False, scale=1):
        self.scene, self.dark = scene, dark
        self.look = DARK if dark else LIGHT
        self.width, self.height = (round(side * scale) for side in size)
        self.figure = Figure(figsize=(size[0] / _DPI, size[1] / _DPI), dpi=_DPI * scale, facecolor=self.look.paper)
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes = self._make_axes(size)
        self._draw_background()
        self.canvas.draw()
        self.pixels = np.asarray(self.canvas.buffer_rgba())
        self.clean = self.canvas.copy_from_bbox(self.figure.bbox)
        self.palette = Palette(self.pixels, self.look)
        self.renderer = self.canvas.get_renderer()
        self.pens = {}
        self.origin = np.array([scene.x[0], scene.y[0]])
        self.reach = np.array([scene.x[1], scene.y[1]]) - self.origin

    def frame(self, tracks, title="", upto=None):
        """Indices into the palette, uint8 (height, width), of the picture with these paths.

        Parameters
        ----------
        tracks : list of pictures.tracks.Track
        title : str
        upto : int, optional
            Last step to draw.
        """
        self.canvas.restore_region(self.clean)
        self._draw_marker(self._place(self.scene.minima()), "*", 11, theme.YELLOW, theme.INK, 0.8)
        for track in tracks:
            self._draw_path(self._place(self.scene.points(track)[: upto if upto is None else upto + 1]), track.style)
        if tracks:
            self._draw_legend([track.full_label for track in tracks], [track.style for track in tracks])
        if title:
            self._draw_title(title)
        return self.palette.indices(self.pixels)

    def image(self, indices):
        """A frame as a Pillow image."""
        picture = Image.fromarray(indices)  # becomes indexed when it gets its palette
        picture.putpalette(self.palette.colors.ravel().tolist())
        return picture

    def png(self, *args, **kwargs):
        """`frame` as the bytes of an indexed PNG."""
        out = io.BytesIO()
        self.image(self.frame(*args, **kwargs)).save(out, "PNG", optimize=True)
        return out.getvalue()

    # --- the part that never changes ---------------------------------------------------------------------

    def _make_axes(self, size):
        left, right, top, bottom = _MARGINS
        width, height = size
        box = [left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height]
        axes = self.figure.add_axes(box, facecolor=self.look.paper)
        axes.set(xlim=self.scene.x, ylim=self.scene.y)
        axes.tick_params(labelsize=9, colors=self.look.ink)
        for spine in axes.spines.values():
            spine.set_color(self.look.faint)
        for write, name in zip((axes.set_xlabel, axes.set_ylabel), self.scene.labels, strict=True):
            write(name, fontsize=10, color=self.look.ink, labelpad=1)
        return axes

    def _draw_background(self):
        axes, scene = self.axes, self.scene
        if scene.flat:
            width, height = (round(side) for side in axes.bbox.size)
            axes.imshow(
                _smooth(scene.bands(2 * width, 2 * height), self.look),
                extent=(*scene.x, *scene.y), aspect="auto", interpolation="nearest",
            )
        else:
            axes.plot(*scene.graph().T, color=self.look.faint, lw=2)

    # --- the part that is drawn for every frame ----------------------------------------------------------

    def _place(self, points):
        """Points of the scene in pixels, y upwards, as the renderer takes them."""
        pixels = (points - self.origin) / self.reach * self.axes.bbox.size + self.axes.bbox.min
        # Clip far outside of the picture, where the renderer would overflow.
        return np.clip(pixels, -20 * self.width, 20 * self.width)

    def _draw_path(self, points, style):
        line, color = Path(points), self.look.path_color(style)
        self.renderer.draw_path(self._pen(self.look.paper, 3.6, alpha=0.75), line, _HERE)
        self.renderer.draw_path(self._pen(self.look.path_color(style), 1.9, dashes=dash_array(style)), line, _HERE)
        if 1 < len(points) <= STEPS_SHOWN:
            self._draw_marker(points, "o", 3.2, color, color, 0.5)
        self._draw_marker(points[:1], "o", 7, self.look.paper, color, 1.8)
        self._draw_marker(points[-1:], style["marker"], 9, color, self.look.paper, 1.0)

    def _draw_marker(self, points, marker, size, fill, edge, width):
        outline = _outline(marker, self._points(size))
        self.renderer.draw_markers(self._pen(edge, width), *outline, Path(points), _HERE, to_rgba(fill))

    def _pen(self, color, width, alpha=1.0, dashes=()):
        key = color, width, alpha, dashes
        if key not in self.pens:
            pen = self.renderer.new_gc()
            pen.set_foreground(to_rgba(color, alpha), isRGBA=True)
            pen.set_linewidth(self._points(width))
            pen.set_joinstyle("round")
            pen.set_clip_rectangle(self.axes.bbox)
            if dashes:
                pen.set_dashes(0, [self._points(width * d) for d in dashes])
            self.pens[key] = pen
        return self.pens[key]

    def _points(self, size):
        return size * self.figure.dpi / 72

    def _draw_legend(self, labels, styles):
        """In the upper right corner, over the paths, which show through a little."""
        row, sample = self._points(13.5), self._points(28)
        masks = [self._text(str(label), 9) for label in labels]
        width = sample + max(m.shape[1] for m in masks) + self._points(14)
        height = row * len(labels) + self._points(5)
        x0, y1 = self.axes.bbox.x1 - width - self._points(4), self.axes.bbox.y1 - self._points(4)
        box = Path.unit_rectangle().transformed(Affine2D().scale(width, height).translate(x0, y1 - height))
        self.renderer.draw_path(self._pen(self.look.faint, 0.6), box, _HERE, to_rgba(self.look.paper, _COVER))
        for i, (mask, style) in enumerate(zip(masks, styles, strict=True)):
            y = y1 - row * (i + 0.5) - self._points(2.5)
            ends = np.array([[x0 + self._points(5), y], [x0 + sample, y]])
            color = self.look.path_color(style)
            self.renderer.draw_path(self._pen(color, 1.9, dashes=dash_array(style)), Path(ends), _HERE)
            self._draw_marker(ends.mean(axis=0, keepdims=True), style["marker"], 6, color, self.look.paper, 0.8)
            self._stamp(mask, x0 + sample + self._points(6), self.height - y - mask.shape[0] / 2)

    def _draw_title(self, title):
        mask = self._text(title, 10)
        self._stamp(mask, (self.width - mask.shape[1]) / 2, self._points(7))

    def _text(self, text, size):
        return _text_mask(text, round(self._points(size)))

    def _stamp(self, mask, left, top):
        """Ink, as thick as the mask says, at a place given from the upper left corner."""
        left, top = max(0, round(left)), max(0, round(top))
        part = self.pixels[top : top + mask.shape[0], left : left + mask.shape[1], :3]
        ink = np.array(to_rgba(self.look.ink)[:3]) * 255
        share = mask[: part.shape[0], : part.shape[1], None]
        part[...] = part + (ink - part) * share


_HERE = IdentityTransform()


@functools.lru_cache(maxsize=256)
def _outline(marker, size):
    shape = MarkerStyle(marker)
    return shape.get_path(), shape.get_transform().scale(size)


@functools.lru_cache(maxsize=512)
def _text_mask(text, pixels):
    """How much ink each pixel of a line of text gets, 0 to 1; matplotlib's own text takes 50 times as long."""
    font = _font(pixels)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    _, high, _, low = font.getbbox("Ag|", anchor="ls")  # the same height for every text
    mask = Image.new("L", (max(1, right - min(0, left) + 1), low - high))
    ImageDraw.Draw(mask).text((-min(0, left), -high), text, fill=255, font=font, anchor="ls")
    return np.asarray(mask, dtype=np.float32) / 255


@functools.cache
def _font(pixels):
    return ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans")), pixels)


def _smooth(bands, look):
    """Bands at twice the size -> RGB image with smooth edges and a thin line at each level."""
    edge = np.zeros(bands.shape, bool)
    edge[:, 1:] |= bands[:, 1:] != bands[:, :-1]
    edge[1:] |= bands[1:] != bands[:-1]
    colors = look.bands().astype(np.float32)
    picture = np.where(edge[..., None], 0.82 * colors[bands], colors[bands])
    rows, columns = bands.shape[0] // 2, bands.shape[1] // 2
    picture = picture[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, 3).mean(axis=(1, 3))
    return picture.astype(np.uint8)


@functools.lru_cache(maxsize=16)
def painter(scene, size=SIZE, dark=False, scale=1):
    """The `Painter` of a scene, kept for the next time; see `scene.scene`."""
    return Painter(scene, size, dark, scale)
