"""Formulas and lines of text, typeset by matplotlib: how wide and high they are, and as SVG for a page."""

import functools
import hashlib
import html
import re

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from ..pictures.picture import text
from . import latex

# They ship with matplotlib; the letters are narrow, the formulas those of a book.
FAMILY, MATH = ("STIXGeneral", "DejaVu Sans"), "stix"
UNITS = 1000  # of an SVG's coordinates to the size of its letters


@functools.cache
def font(weight="normal", size=1.0):
    """The font of a sheet, in points."""
    return FontProperties(family=list(FAMILY), weight=weight, size=size, math_fontfamily=MATH)


@functools.cache
def drawable(formula):
    r"""A formula in LaTeX as a text that matplotlib draws: between dollar signs, or else in plain characters.

    Fractions are as large as in a displayed formula, the limits of sums stand beside them.
    """
    code = re.sub(r"\s+", " ", formula.strip())
    code = re.sub(r"\\frac(?![a-zA-Z])", r"\\dfrac", code)
    code = re.sub(r"\\(sum|prod)(?![a-zA-Z])", r"{\\\1}", code)
    code = re.sub(r"\\epsilon(?![a-zA-Z])", r"\\varepsilon", code)
    code = latex.to_mathtext(code, _cases)
    code = re.sub(r"(\\mathcal\{\w\})\s*\[", r"\1\,[", code)
    code = re.sub(r"[_^]\{[^{}]*\}", lambda script: re.sub(r" ?(?<!\\)([-+=<,]) ?", r"{\1}", script[0]), code)
    try:
        extent(f"${code}$")
    except ValueError:
        return text(latex.to_plain(formula).replace("$", r"\$"))
    return f"${code}$"


def with_formulas(words):
    """Text in which formulas in LaTeX stand between dollar signs, as matplotlib can draw it."""
    pieces = re.split(r"(\$[^$]+\$)", words)
    pieces[1::2] = [drawable(piece.strip("$")) for piece in pieces[1::2]]
    pieces[::2] = [piece.replace("``", "").replace("$", r"\$") for piece in pieces[::2]]
    return "".join(pieces)


def _cases(rows):
    """Two rows behind a brace, both at the left: the shorter is filled up with space."""
    rows = [" ".join(row) for row in rows]
    if len(rows) != 2:
        return r"\left\{\substack{" + r" \\ ".join(rows) + r"}\right."
    widths = [extent(f"${row}$")[0] for row in rows]
    em = extent(r"$\hspace{1}$")[0]
    filled = [f"{row}\\hspace{{{(max(widths) - width) / em:.3f}}}" for row, width in zip(rows, widths, strict=True)]
    return rf"\genfrac{{\{{}}{{.}}{{0}}{{0}}{{{filled[0]}}}{{{filled[1]}}}"


@functools.cache
def extent(string, weight="normal"):
    """Width, height above and depth below the baseline of a line of text in points, at size 1."""
    if _is_math(string):
        return _measured(string)[:3]
    width, height, depth = text_to_path.get_text_width_height_descent(string, font(weight), False)
    return width, height - depth, depth


@functools.cache
def rise(string, size):
    """How far above its place a PDF shows a formula, in points: matplotlib rounds its height up to whole points."""
    if not _is_math(string):
        return 0.0
    glyphs = text_to_path.mathtext_parser.parse(string, 72, font(size=size)).glyphs
    return glyphs[0][-1] - size * _measured(string)[3] if glyphs else 0.0


def _is_math(string):
    return string.count("$") > string.count(r"\$")


@functools.cache
def _measured(string):
    """Width, above, below of a text with formulas, and the height of its first letter; all at size 1."""
    scale = text_to_path.FONT_SCALE  # large, so that rounding up to whole points does not matter
    found = text_to_path.mathtext_parser.parse(string, 72, font(size=scale))
    first = found.glyphs[0][-1] if found.glyphs else 0.0
    return tuple(value / scale for value in (found.width, found.height - found.depth, found.depth, first))


def svg(formula, shapes):
    """A formula in LaTeX as an SVG element in the line of a text; its alternative text is the LaTeX.

    ``shapes`` is a dict that gathers the letters' outlines, id -> path; a page holds each once: see `outlines`.
    """
    string = drawable(formula)
    if not string.startswith("$"):
        return f"<code>{html.escape(latex.to_plain(formula))}</code>"
    glyphs, outlines_, bars = text_to_path.get_glyphs_mathtext(font(), string)
    width, above, below = (UNITS * value for value in extent(string))
    parts, grow = [], UNITS / text_to_path.FONT_SCALE
    for name, x, y, size in glyphs:
        d = _path(*outlines_[name])
        if d:
            key = "optlib-" + hashlib.sha256(d.encode()).hexdigest()[:8]
            shapes[key] = d
            scale = f" scale({size:.3g})" if round(size, 3) != 1 else ""
            parts.append(f'<use href="#{key}" transform="translate({x * grow:.0f} {-y * grow:.0f}){scale}"/>')
    for corners, _ in bars:
        (left, low), (right, high) = grow * np.min(corners[:4], axis=0), grow * np.max(corners[:4], axis=0)
        parts.append(
            f'<rect x="{left:.0f}" y="{-high:.0f}" width="{right - left:.0f}" height="{max(high - low, 40):.0f}"/>'
        )
    return (
        f'<svg role="img" aria-label="{html.escape(formula)}" viewBox="0 {-above:.0f} {width:.0f} {above + below:.0f}" '
        f'style="width:{width / UNITS:.3f}em;height:{(above + below) / UNITS:.3f}em;'
        f'vertical-align:{-below / UNITS:.3f}em">{"".join(parts)}</svg>'
    )


def outlines(shapes):
    """The element that holds the letters of all formulas on a page; to be put before the first of them."""
    paths = "".join(f'<path id="{key}" d="{d}"/>' for key, d in sorted(shapes.items()))
    return f'<svg aria-hidden="true" width="0" height="0" style="position:absolute"><defs>{paths}</defs></svg>'


def _path(vertices, codes):
    """The outline of a letter in `UNITS`, y downward, as the attribute d of an SVG path."""
    points = np.round(np.asarray(vertices) * [UNITS, -UNITS] / text_to_path.FONT_SCALE).astype(int)
    commands, at = [], 0
    while at < len(codes):
        letter, count = {1: ("M", 1), 2: ("L", 1), 3: ("Q", 2), 4: ("C", 3), 79: ("Z", 1)}[int(codes[at])]
        numbers = "" if letter == "Z" else " ".join(str(n) for n in points[at : at + count].ravel())
        commands.append(letter + numbers)
        at += count
    return "".join(commands)
