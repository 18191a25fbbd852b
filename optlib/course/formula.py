"""Formulas in LaTeX as SVG for a page, typeset by matplotlib, which knows a part of LaTeX.

MathML is no better here: without a font for mathematics, which Linux often lacks, Chromium draws roots, braces and bars
too short.  Outlines look alike everywhere and follow the color of the text.
"""

import functools
import hashlib
import html
import re

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

# The font of the letters ships with matplotlib; the formulas are those of a book.
FONT = FontProperties(family=["STIXGeneral", "DejaVu Sans"], size=1.0, math_fontfamily="stix")
UNITS = 1000  # of an SVG's coordinates to the size of its letters
COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}

# LaTeX that matplotlib writes otherwise, or not at all: sizes of brackets are left out, fractions are as large as in a
# displayed formula, the limits of sums stand beside them.
_REPLACED = (
    (r"\s+", " "),
    (r"\\(?:[bB]igg?[lrm]?)(?![a-zA-Z])\s*", ""),
    (r"\\frac(?![a-zA-Z])", r"\\dfrac"),
    (r"\\tfrac(?![a-zA-Z])", r"\\frac"),
    (r"\\(sum|prod)(?![a-zA-Z])", r"{\\\1}"),
    (r"\\epsilon(?![a-zA-Z])", r"\\varepsilon"),
    (r"\\[lr]Vert(?![a-zA-Z])", r"\\|"),
    (r"\\([lg])e(?![a-zA-Z])", r"\\\1eq"),
    (r"\\lt(?![a-zA-Z])", "<"),
    (r"\\gt(?![a-zA-Z])", ">"),
    (r"\\operatorname\*", r"\\operatorname"),
    (r",\\ ", ", "),  # mathtext leaves a space after a comma anyway
    (r"\\(mathcal|mathrm|mathbf|mathbb) (\w)", r"\\\1{\2}"),
    ("'", "\\\\mathrm{\u2032}"),
)  # fmt: skip


@functools.cache
def mathtext(formula):
    """A formula in LaTeX as matplotlib reads it, between dollar signs; None where it cannot draw it."""
    code = formula.strip()
    for pattern, replacement in _REPLACED:
        code = re.sub(pattern, replacement, code)
    try:
        code = re.sub(r"\\begin\{cases\}(.+?)\\end\{cases\}", _cases, code)
        code = re.sub(r"(\\mathcal\{\w\})\s*\[", r"\1\,[", code)
        # No space around signs in indices and exponents.
        code = re.sub(r"[_^]\{[^{}]*\}", lambda script: re.sub(r" ?(?<!\\)([-+=<,]) ?", r"{\1}", script[0]), code)
        extent(f"${code}$")
    except ValueError:
        return None
    return f"${code}$"


def _cases(environment):
    """Rows behind a brace, aligned at the left: of two, the shorter is filled up with space."""
    rows = [re.sub(r"\s*&\s*", r" \\quad ", row.strip()) for row in environment[1].split(r"\\") if row.strip()]
    if len(rows) != 2:
        return r"\left\{\substack{" + r" \\ ".join(rows) + r"}\right."
    widths = [extent(f"${row}$")[0] for row in rows]
    em = extent(r"$\hspace{1}$")[0]
    filled = [f"{row}\\hspace{{{(max(widths) - width) / em:.3f}}}" for row, width in zip(rows, widths, strict=True)]
    return rf"\genfrac{{\{{}}{{.}}{{0}}{{0}}{{{filled[0]}}}{{{filled[1]}}}"


@functools.cache
def extent(string):
    """Width, height above and depth below the baseline of a text with formulas, for letters of size 1."""
    scale = text_to_path.FONT_SCALE  # large, so that rounding up to whole points does not matter
    font = FONT.copy()
    font.set_size(scale)
    box = text_to_path.mathtext_parser.parse(string, 72, font)
    return box.width / scale, (box.height - box.depth) / scale, box.depth / scale


def svg(formula, shapes):
    """A formula in LaTeX as an SVG element in the line of a text; its alternative text is the LaTeX.

    ``shapes`` is a dict that gathers the letters' outlines, id -> path; a page holds each once: see `outlines`.  A
    formula that matplotlib cannot draw is shown as its LaTeX.
    """
    element, letters = _drawn(formula)
    shapes.update(letters)
    return element


@functools.cache  # a cheat sheet has the same formulas each time, and drawing them takes a second
def _drawn(formula):
    """The SVG element of a formula, and its letters' outlines."""
    string = mathtext(formula)
    if string is None:
        return f"<code>{html.escape(formula)}</code>", {}
    glyphs, letters, bars = text_to_path.get_glyphs_mathtext(FONT, string)
    width, above, below = (UNITS * value for value in extent(string))
    elements, shapes, grow = [], {}, UNITS / text_to_path.FONT_SCALE
    for name, x, y, size in glyphs:
        d = _path(*letters[name])
        if d:
            key = "optlib-" + hashlib.sha256(d.encode()).hexdigest()[:8]
            shapes[key] = d
            scale = f" scale({size:.3g})" if round(size, 3) != 1 else ""
            elements.append(f'<use href="#{key}" transform="translate({x * grow:.0f} {-y * grow:.0f}){scale}"/>')
    for corners, _ in bars:
        (left, low), (right, high) = grow * np.min(corners[:4], axis=0), grow * np.max(corners[:4], axis=0)
        elements.append(
            f'<rect x="{left:.0f}" y="{-high:.0f}" width="{right - left:.0f}" height="{max(high - low, 40):.0f}"/>'
        )
    return (
        f'<svg role="img" aria-label="{html.escape(formula)}" viewBox="0 {-above:.0f} {width:.0f} {above + below:.0f}" '
        f'style="width:{width / UNITS:.3f}em;height:{(above + below) / UNITS:.3f}em;'
        f'vertical-align:{-below / UNITS:.3f}em">{"".join(elements)}</svg>',
        shapes,
    )


def outlines(shapes):
    """The element that holds the letters of all formulas on a page; to be put before the first of them."""
    paths = "".join(f'<path id="{key}" d="{d}"/>' for key, d in sorted(shapes.items()))
    return f'<svg aria-hidden="true" width="0" height="0" style="position:absolute"><defs>{paths}</defs></svg>'


def _path(vertices, codes):
    """The outline of a letter in `UNITS`, y downward, as the attribute d of an SVG path."""
    points = np.round(np.asarray(vertices) * [UNITS, -UNITS] / text_to_path.FONT_SCALE).astype(int)
    segments = Path(points, codes).iter_segments(simplify=False)
    return "".join(COMMANDS[code] + " ".join(f"{n:.0f}" for n in ends if code != Path.CLOSEPOLY)
                   for ends, code in segments)  # fmt: skip
