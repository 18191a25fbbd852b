"""`Picture`: a figure together with its description, shown on a page of its own color."""

import base64
import html
import io
import os
import pathlib
import re
import textwrap

import numpy as np

from . import theme
from .ticks import plain_powers

DPI = 144  # half as fine again as it is shown, so that text is crisp on dense screens
SHOWN = 0.655  # width on the page over pixels of the file: 8 inches appear as 755 pixels
PALETTE = 224  # colors in the file: a third of the size of full color, with no visible loss
PINNED = 40  # so many of them are the picture's most frequent colors, which therefore stay exact
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

    def __init__(self, figure, axes, description):
        self.figure, self.axes, self.description = figure, axes, description
        self._laid_out = False

    def png(self, dpi=DPI):
        """The picture as the bytes of a PNG file with a palette."""
        from PIL import Image

        raw = io.BytesIO()
        self._draw(raw, "rgba", dpi)
        size = tuple(int(side) for side in self.figure.get_size_inches() * dpi)
        image = Image.frombuffer("RGBA", size, raw.getvalue(), "raw", "RGBA", 0, 1).convert("RGB")
        packed = io.BytesIO()
        with_palette(image).save(packed, format="png", optimize=True)
        return packed.getvalue()

    def save(self, path, dpi=200):
        """Write a .png, .svg or .pdf file, which appears only when it is whole; returns its path."""
        path = pathlib.Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in FORMATS:
            raise ValueError(f"save: path={str(path)!r} must end in {' or '.join('.' + name for name in FORMATS)}")
        # Dates are left out, so that the same picture is the same file.
        about = {"png": {"Description": self.description, "Software": None},
                 "svg": {"Description": self.description, "Date": None},
                 "pdf": {"Subject": self.description, "CreationDate": None}}[kind]  # fmt: skip
        part = path.with_name(path.name + ".part")
        try:
            self._draw(part, kind, dpi, about)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def _draw(self, file, kind, dpi, metadata=None):
        with theme.themed():
            if not self._laid_out:
                plain_powers(self.figure)
                # A layout moves the ticks on which it was based, so the second is the right one; every further one
                # would move everything a little again.
                for _ in range(2):
                    self.figure.get_layout_engine().execute(self.figure)
                self.figure.set_layout_engine("none")
                self._laid_out = True
            self.figure.savefig(file, format=kind, dpi=dpi, metadata=metadata)

    def html(self):
        """The picture as one HTML element with alternative text, on white, for light and dark pages alike."""
        return self._html(self.png())

    def inline_svg(self):
        """The picture as one HTML element that holds its lines: a page can put it in the place of another at once.

        An image in HTML has to be decoded first, and pictures that follow each other would flicker.
        """
        raw = io.StringIO()
        self._draw(raw, "svg", DPI, {"Date": None})
        drawn = raw.getvalue()
        drawn = drawn[drawn.index("<svg") :]
        drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.S)
        width = round(self.figure.get_figwidth() * DPI * SHOWN)
        label = html.escape(self.description, quote=True)
        style = f'role="img" aria-label="{label}" style="width:{width}px;max-width:100%;height:auto;display:block"'
        return _figure(drawn.replace("<svg", f"<svg {style}", 1))

    def _html(self, png):
        width, height = (round(int.from_bytes(png[i : i + 4], "big") * SHOWN) for i in (16, 20))  # PNG header
        alt = html.escape(self.description, quote=True)
        data = base64.b64encode(png).decode("ascii")
        return _figure(
            f'<img alt="{alt}" width="{width}" height="{height}" style="max-width:100%;height:auto;display:block" '
            f'src="data:image/png;base64,{data}">'
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = self.png()
        return {
            "text/html": self._html(png),
            "image/png": base64.b64encode(png).decode("ascii"),  # for pages that drop HTML
            "text/plain": self.description,
        }

    def __repr__(self):
        return self.description


def _figure(content):
    return (
        f'<figure style="margin:0.5em 0;padding:8px;display:inline-block;max-width:100%;box-sizing:border-box;'
        f'background:{theme.PAPER};border-radius:8px">{content}</figure>'
    )


def with_palette(image, size=PALETTE):
    """The image in ``size`` colors.

    Averaging alone would mix the color of a thin line with that of its surroundings, and one optimizer's color
    with another's; so the colors of the theme and the most frequent ones, the flat ones, are kept as they are.
    """
    from PIL import Image

    found = image.getcolors(image.width * image.height)  # (count, color); NumPy would sort a million pixels
    counts, colors = np.array([count for count, _ in found]), np.array([color for _, color in found])
    used = _packed(colors)
    order = np.argsort(used)
    counts, colors, used = counts[order], colors[order], used[order]
    ours = np.isin(used, [int(color[1:], 16) for color in (*theme.COLORS, theme.YELLOW, theme.PAPER, theme.UNDEFINED)])
    pinned = colors[np.argsort(np.where(ours, counts.sum(), counts), kind="stable")[::-1][:PINNED]]
    # Each color counts once, or the ends of a color scale, of which there is little, would be merged into a few steps.
    once = Image.fromarray(colors.astype(np.uint8)[None])
    mixed = once.quantize(size - PINNED, dither=Image.Dither.NONE).getpalette()
    palette = np.concatenate([pinned, np.array(mixed[: 3 * (size - PINNED)], dtype=int).reshape(-1, 3)])
    # Pillow's own search for the nearest color is rough: it would turn white pages off-white.
    distance = (palette**2).sum(axis=1) - 2 * colors @ palette.T
    nearest = np.empty(1 << 24, np.uint8)  # one entry a color; the system brings only those pages that are touched
    nearest[used] = distance.argmin(axis=1)
    index = nearest[_packed(np.asarray(image))]
    small = Image.fromarray(index)
    small.putpalette(palette.astype(np.uint8).tobytes())
    return small


def _packed(colors):
    """Red, green and blue, shape (..., 3), as one number each."""
    red, green, blue = np.moveaxis(colors.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def new_figure(size=theme.SIZE, layout="constrained"):
    """A figure of its own; to be called within `theme.themed`."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout=layout, dpi=DPI)


def headline(figure, title, settings=""):
    """The title of a figure: what it shows, and below it with which settings; long lines are broken."""
    width = int(8.2 * figure.get_figwidth())  # characters of size 14 in a line
    lines = []
    for part in filter(None, (title, settings)):
        lines += [text(part)] if "$" in part else textwrap.wrap(part, width)
    figure.suptitle("\n".join(lines), x=0.015, ha="left", fontsize=14)


def number(value):
    """A number with four significant digits; what is only rounding error is 0, alike on every machine."""
    value = float(value)
    return "0" if abs(value) < 1e-9 else f"{value:.4g}"


def point(x):
    """A point as text: ``(1, -0.5)``; of many coordinates the first three."""
    shown = [number(0.0 if abs(v) < 1e-6 else v) for v in x[:3]]
    return f"({', '.join(shown)}{', ...' if len(x) > 3 else ''})" if len(x) > 1 else shown[0]


def show_name(f):
    """The name of a function as it stands in titles."""
    name = f.name.replace("_", " ")
    return name[:1].upper() + name[1:]


def text(words):
    """Text that matplotlib can draw as it is: dollar signs that do not enclose a formula are plain signs."""
    from matplotlib.mathtext import MathTextParser

    words = str(words)
    if "$" in words:
        try:
            MathTextParser("path").parse(words)
        except ValueError:
            words = words.replace("$", r"\$")
    return " " + words if words.startswith("_") else words  # legends skip what starts with an underscore


def joined(sentences):
    """Sentences as one text, empty ones left out."""
    return " ".join(sentence for sentence in sentences if sentence)
