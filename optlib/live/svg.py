"""Pictures that stand where no script runs: SVG images with axes."""

import html
import urllib.parse

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..pictures import theme
from ..pictures.picture import digits

LEFT, RIGHT, TOP, BOTTOM = 72, 14, 10, 50  # margins around the inside of the frame, as wide as their text
NOTE = "<p class='optlib-note'>A still picture: run this cell, and it moves.</p>"
MOST_NAMES, LONGEST, ROW = 8, 64, 24  # of a legend: names, letters in each, and pixels from one to the next
FONT = 15  # pixels; shown 726 pixels wide at most, so that text stays above 9 points


def side(low, high, log=False, label=""):
    """An axis as the player has it: of a logarithmic one the ends are exponents."""
    low, high = (np.log10([low, high])) if log else (low, high)
    return {"low": float(low), "high": float(high), "log": log, "label": label}


def share(side, values):
    """Where values stand on an axis, as shares of its length."""
    values = np.log10(values) if side["log"] else np.asarray(values, dtype=float)
    return (values - side["low"]) / (side["high"] - side["low"])


def frame(width, height, x, y):
    """SVG of a frame with ticks and labels around a picture of this size, whose upper left corner is (0, 0)."""
    faint = f"stroke='{theme.FAINT}'"
    elements = [f"<rect width='{width}' height='{height}' fill='none' {faint}/>"]
    for at, label in _ticks(x, width):
        elements += [f"<path d='M{at} {height}v5' {faint}/>", _text(at, height + FONT + 7, label)]
    for at, label in _ticks(y, height):
        elements += [f"<path d='M0 {height - at}h-5' {faint}/>", _text(-9, height - at + 5, label, "end")]
    elements.append(_text(width / 2, height + 44, x["label"]))
    elements.append(f"<g transform='translate({13 - LEFT} {height / 2}) rotate(-90)'>{_text(0, 0, y['label'])}</g>")
    return "".join(elements)


def _ticks(side, length):
    low, high = side["low"], side["high"]
    marks = MaxNLocator(6, steps=[1, 2, 5, 10], integer=side["log"]).tick_values(low, high)
    for t in marks[(marks >= low - 1e-9 * (high - low)) & (marks <= high + 1e-9 * (high - low))]:
        label = f"{10**t:.4g}" if side["log"] else f"{t:.{digits(4, (low, high))}g}"
        yield round(length * (t - low) / (high - low)), label.replace("-", "−", not label.count("e"))


def _text(x, y, words, anchor="middle"):
    return f"<text x='{x:g}' y='{y:g}' text-anchor='{anchor}'>{html.escape(str(words))}</text>"


def line(places, color, dashes=()):
    """A line through pixels (n, 2)."""
    points = " ".join(f"{x},{y}" for x, y in np.asarray(places).round().astype(int).tolist())
    dashed = f" stroke-dasharray='{' '.join(f'{3 * d:g}' for d in dashes)}'" if dashes else ""
    return f"<polyline fill='none' stroke='{color}' stroke-width='3' points='{points}'{dashed}/>"


def inside(width, height, content):
    """What lies outside of the frame is not drawn."""
    return f"<svg width='{width}' height='{height}'>{content}</svg>"


def dot(x, y, color):
    return f"<circle cx='{x:.0f}' cy='{y:.0f}' r='6' fill='{color}' stroke='{theme.PAPER}'/>"


def star(x, y):
    angles, radii = np.pi * np.arange(10) / 5, np.where(np.arange(10) % 2, 4.0, 9.0)
    corners = np.column_stack([x + radii * np.sin(angles), y - radii * np.cos(angles)]).round(1)
    points = " ".join(f"{a:g},{b:g}" for a, b in corners)
    return f"<polygon points='{points}' fill='{theme.YELLOW}' stroke='{theme.INK}'/>"


def legend(entries, height):
    """SVG of names below the axes of a picture so high, and how many pixels it takes.

    ``entries`` are (name, color, dashes).
    """
    more = [(f"and {len(entries) - MOST_NAMES} more", None, ())] if len(entries) > MOST_NAMES else []
    elements = []
    for i, (name, color, dashes) in enumerate([*entries[:MOST_NAMES], *more]):
        y = height + BOTTOM + ROW * (i + 0.75)
        if color:
            elements.append(line([(0, y - 5), (34, y - 5)], color, dashes))
        elements.append(_text(44, y, name[:LONGEST], "start"))
    return "".join(elements), ROW * (i + 1) if entries else 0


def image(width, height, content, description, below=0):
    """An ``<img>`` of SVG: ``content`` in a frame of this size, and ``below`` its axes so many pixels for more."""
    size = width + LEFT + RIGHT, height + TOP + BOTTOM + below
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='{-LEFT} {-TOP} {size[0]} {size[1]}' "
        f"font-family='system-ui, sans-serif' font-size='{FONT}' fill='{theme.INK}'>"
        f"<rect x='{-LEFT}' y='{-TOP}' width='{size[0]}' height='{size[1]}' fill='{theme.PAPER}'/>{content}</svg>"
    )
    url = "data:image/svg+xml," + urllib.parse.quote(svg, safe=" '()/:;,=+!*-._~@$?|")
    return (
        f'<img alt="{html.escape(description)}" width="{size[0]}" height="{size[1]}" '
        f'style="max-width:100%;height:auto" src="{url}">'
    )
