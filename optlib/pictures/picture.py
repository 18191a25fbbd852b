"""`Picture`: a figure together with its description, shown on a page of its own color."""

import base64
import contextlib
import html
import io
import pathlib
import re
import textwrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from PIL import Image

from ..checks import replacing
from . import theme
from .ticks import plain_labels

DPI = 144  # half as fine again as it is shown, so that text is crisp on dense screens
LOSSLESS = {"lossless": True, "method": 3, "quality": 50}  # as small as with more effort, in two thirds of the time
SHOWN = 0.655  # width on the page over pixels of the file: 8 inches appear as 755 pixels
PALETTE = 224  # colors in the file: a third of the size of full color, with no visible loss
# Notebooks keep the picture as WebP without loss, in fewer colors, and as a small PNG for what shows no HTML.
STORED, SMALL = {"dpi": DPI, "colors": 128}, {"dpi": 72, "colors": 48}
PINNED = 40  # so many of them are the picture's most frequent colors, kept exactly
EXACT = (*theme.PATH_COLORS, theme.YELLOW, theme.PAPER, theme.UNDEFINED)
FORMATS = ("png", "svg", "pdf")


class Picture:
    """A matplotlib figure that describes itself.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        Not known to pyplot, so it is shown once and needs no closing.
    axes : matplotlib Axes, or list of them where there are several
    description : str
        What is drawn, with settings, starts and ends: the alternative text, and the text form in a terminal.
    counts : dict or None
        Of `plots.basins` only: how many starts reached which minimum.
    """

    counts = None

    def __init__(self, figure, axes, *sentences):
        self.figure, self.axes = figure, axes
        self.description = " ".join(filter(None, sentences))
        self._laid_out = False

    def png(self, dpi=DPI, colors=PALETTE):
        """The picture as the bytes of a PNG file with a palette."""
        return encoded(self._indexed(dpi, colors), "PNG", optimize=True)

    def _indexed(self, dpi, colors):
        raw = io.BytesIO()
        self._draw(raw, "rgba", dpi)
        size = tuple(int(side) for side in self.figure.get_size_inches() * dpi)
        image = Image.frombuffer("RGBA", size, raw.getvalue(), "raw", "RGBA", 0, 1).convert("RGB")
        return indexed(image, palette_of(image, colors))

    def save(self, path, dpi=200):
        """Write a .png, .svg or .pdf file, which appears only once it is complete; returns its path."""
        path = pathlib.Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in FORMATS:
            raise ValueError(f"save: path={str(path)!r} must end in {' or '.join('.' + name for name in FORMATS)}")
        # No dates: the same picture is the same file.
        metadata = {"png": {"Description": self.description, "Software": None},
                    "svg": {"Description": self.description, "Date": None},
                    "pdf": {"Subject": self.description, "CreationDate": None}}[kind]  # fmt: skip
        with replacing(path) as part:
            self._draw(part, kind, dpi, metadata)
        return path

    def _draw(self, file, kind, dpi, metadata=None):
        with theme.themed(), np.errstate(all="ignore"):
            if not self._laid_out:
                plain_labels(self.figure)
                # Lay out twice where axes keep their shape: the first layout moves the ticks on which it was based.
                # Then stop, since every further layout would move everything a little again.
                for _ in range(1 + any(axes.get_aspect() != "auto" for axes in self.figure.axes)):
                    self.figure.get_layout_engine().execute(self.figure)
                self.figure.set_layout_engine(None)
                self._laid_out = True
            self.figure.savefig(file, format=kind, dpi=dpi, metadata=metadata)

    def html(self):
        """The picture as one HTML element with alternative text, on white, for light and dark pages alike."""
        image = self._indexed(**STORED)
        width, height = (round(side * SHOWN) for side in image.size)
        return _figure(
            f'<img alt="{html.escape(self.description)}" width="{width}" height="{height}" '
            f'style="max-width:100%;height:auto;display:block" '
            f'src="data:image/webp;base64,{base64_text(encoded(image.convert("RGB"), "WEBP", **LOSSLESS))}">'
        )

    def inline_svg(self):
        """The picture as one HTML element that holds its lines: a page can put it in the place of another at once.

        A browser has to decode an image first, and pictures in quick succession would flicker.
        """
        file = io.StringIO()
        self._draw(file, "svg", DPI, {"Date": None})
        svg = file.getvalue()
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
        width = round(self.figure.get_figwidth() * DPI * SHOWN)
        label = html.escape(self.description)
        style = f'role="img" aria-label="{label}" style="width:{width}px;max-width:100%;height:auto;display:block"'
        return _figure(svg.replace("<svg", f"<svg {style}", 1))

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.html(), self.png(**SMALL), self.description)

    def __repr__(self):
        return self.description


# White paper would glare from a dark JupyterLab, and from a dark page of the course.
DIM = ".optlib-figure {filter: brightness(0.84)}"
DIMMED = f'<style>.optlib-figure {{border-radius: 8px}}\n[data-jp-theme-light="false"] {DIM}</style>'


def _figure(content):
    return (
        f'{DIMMED}<figure class="optlib-figure" style="margin:0.5em 0;padding:8px;display:inline-block;'
        "max-width:100%;box-sizing:border-box;"
        f'background:{theme.PAPER};border-radius:8px">{content}</figure>'
    )


def bundle(html, png, text):
    """What a notebook keeps of a picture: HTML, a PNG file for pages that drop HTML, and text for a terminal."""
    return {"text/html": html, "image/png": base64_text(png), "text/plain": text}


def base64_text(content):
    """Bytes as text, the form in which notebooks keep pictures."""
    return base64.b64encode(content).decode("ascii")


def encoded(image, kind, **options):
    """An image as the bytes of a file of this kind; ``options`` are Pillow's."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def palette_of(image, size=PALETTE, exact=EXACT):
    """The ``size`` colors of an image that show it best, an array (size, 3).

    Averaging alone would mix the color of a thin line with that of its surroundings, and one optimizer's color
    with another's; so those of the theme (or other ``exact`` ones) and the most frequent, those of flat areas, stay.
    """
    counts, colors = _counted(image)
    packed = _packed(colors)
    order = np.argsort(packed)
    counts, colors, packed = counts[order], colors[order], packed[order]
    weights = np.where(np.isin(packed, [int(color[1:], 16) for color in exact]), counts.sum(), counts)
    pinned = colors[np.argsort(weights, kind="stable")[::-1][:PINNED]]
    # Count each color once, or the rare ends of a color scale would be merged into a few steps.
    once = Image.fromarray(colors.astype(np.uint8)[None])
    averaged = once.quantize(size - PINNED, dither=Image.Dither.NONE).getpalette()
    return np.concatenate([pinned, np.array(averaged[: 3 * (size - PINNED)], dtype=int).reshape(-1, 3)])


def indexed(image, palette):
    """The image in the colors of a palette."""
    _, colors = _counted(image)
    table = np.empty(1 << 24, np.uint8)  # one entry a color; only the pages that are touched take memory
    table[_packed(colors)] = nearest(colors, palette)
    return with_colors(table[_packed(np.asarray(image))], palette)


def nearest(colors, palette):
    """Indices, uint8 (n,), of the nearest of a palette; Pillow's search is rough, and turns white pages off-white."""
    return ((palette**2).sum(axis=1) - 2 * colors @ palette.T).argmin(axis=1).astype(np.uint8)


def with_colors(indices, palette):
    """An image of indices into a palette."""
    image = Image.fromarray(indices)  # becomes indexed when it gets its palette
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image


def _counted(image):
    """How often each color occurs, and the colors (n, 3); NumPy would sort a million pixels."""
    return map(np.array, zip(*image.getcolors(image.width * image.height), strict=True))


def _packed(colors):
    """Red, green and blue, shape (..., 3), as one integer each."""
    red, green, blue = np.moveaxis(colors.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def new_figure(size=theme.SIZE, layout="constrained"):
    """A figure of its own, unknown to pyplot; call it within `theme.themed`."""
    figure = Figure(figsize=size, layout=layout, dpi=DPI)
    FigureCanvasAgg(figure)  # keeps its renderer: without it, each layout and the drawing parse all texts anew
    return figure


@contextlib.contextmanager
def canvas(size=theme.SIZE, layout="constrained", **subplots):
    """A new figure and its axes, drawn on within this block in the style of the course.

    ``subplots`` goes on to matplotlib's `Figure.subplots`.
    """
    # Numbers of 1e200 overflow on their way to pixels, and what is infinite there is not drawn.
    with theme.themed(), np.errstate(all="ignore"):
        figure = new_figure(size, layout)
        yield figure, figure.subplots(**subplots)


def headline(figure, title, settings=""):
    """The title of a figure: what it shows, and below it with which settings; long lines are broken."""
    width = int(8.2 * figure.get_figwidth())  # characters of size 14 in a line
    lines = []
    for line in filter(None, (title, settings)):
        lines += [text(line)] if "$" in line else textwrap.wrap(line, width)
    figure.suptitle("\n".join(lines), x=0.015, ha="left", fontsize=14)


def padded(low, high, share):
    """The ends of an axis, with this share of their distance added at either end; 1 around a single value."""
    room = share * (high - low) or 1.0
    return float(low - room), float(high + room)


def number(value, beside=1.0):
    """A result with four significant digits; what is only rounding error ``beside`` others is 0, on every machine."""
    value = float(value) + 0.0  # not -0
    return "0" if abs(value) < 1e-9 * beside else f"{value:.4g}"


def share(mask):
    """A share in percent in two digits."""
    percent = 100 * mask.mean()
    return f"{percent:.2g} %" if percent < 99.5 else "100 %" if mask.all() else "over 99 %"


def digits(least, values):
    """Significant digits that tell values apart: ``least``, and the leading ones that all share, as in 1e6 + x."""
    most, span = np.abs(values).max(), np.ptp(values)
    return least + max(0, int(np.log10(most / span))) if span > 0 else least


def point(x, beside=1e3):
    """A point as text: ``(1, -0.5)``; of many coordinates the first three.

    Coordinates below 1e-9 times ``beside`` are rounding errors, shown as 0; a start was set, so it takes ``beside=0``.
    """
    shown = [number(v, beside) for v in x[:3]]
    return f"({', '.join(shown)}{', ...' if len(x) > 3 else ''})" if len(x) > 1 else shown[0]


def show_name(f):
    """The name of a function as it stands in titles."""
    return capitalized(f.name.replace("_", " "))


def capitalized(words):
    """A title with a capital letter at its start, unless it starts with a symbol such as f(x)."""
    return words[:1].upper() + words[1:] if words[1:2].isalpha() else words


def text(words):
    """Text that matplotlib can draw unchanged: dollar signs that do not enclose a formula are plain signs."""
    words = str(words)
    if "$" in words:
        try:
            MathTextParser("path").parse(words)
        except ValueError:
            words = words.replace("$", r"\$")
    return " " + words if words.startswith("_") else words  # legends skip what starts with an underscore
