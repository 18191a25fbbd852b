"""Curves that follow sliders: computed by the page itself where they come from plain Python."""

import math

import numpy as np

from .. import checks
from . import theme
from .picture import number, point
from .sketch import LINE, Drawing, Layer, Panel, Sketch, moving


@moving("lines", "title")
def graph(lines, title="", *, labels, xlabel, ylabel, xlim, ylim, logx=False, logy=False, hlines=()):
    """Curves through points, on axes that stay as they are.

    Under `ol.sliders` a page draws it by itself where ``lines`` comes from plain Python: loops and arithmetic.

    Parameters
    ----------
    lines : sequence of sequences of (x, y)
        Points that are not finite leave gaps.
    title : str
        By default what the axes show.
    labels : sequence of str
        One a line.
    xlabel, ylabel : str
    xlim, ylim : (low, high)
        Above 0 on logarithmic axes.
    logx, logy : bool
    hlines : sequence of numbers
        Heights of dotted lines.
    """
    given = [np.asarray(line, dtype=float) for line in lines]
    if any(line.ndim != 2 or line.shape[1] != 2 or not len(line) for line in given):
        raise ValueError("graph: each of lines must be points (x, y), one at least")
    labels = [labels] if isinstance(labels, str) else list(labels)
    levels = checks.vector("graph", "hlines", hlines) if np.size(hlines) else ()
    if len(labels) != len(given):
        raise ValueError(f"graph: labels={labels!r} must be {len(given)} texts, one a line")
    box = []
    for name, limits, log in (("xlim", xlim, logx), ("ylim", ylim, logy)):
        low, high = checks.vector("graph", name, limits, "(0, inf)" if log else "(-inf, inf)", least=2, most=2)
        if not low < high:
            raise ValueError(f"graph: {name}={limits!r} must be (low, high)")
        box.append((float(low), float(high)))

    about = f"{ylabel} against {xlabel}"

    def words(lines, title):
        told = [
            f" {label}: from {point(line[0])} to {point(line[-1])}, highest "
            f"{number(max([p[1] for p in line if math.isfinite(p[0] + p[1])] + [math.nan]))}."
            for label, line in zip(labels, lines, strict=True)
        ]
        headline = title if title else about
        return headline, "", f"{headline}: {about}.{''.join(told)}", labels

    layers = [Layer(LINE, theme.FAINT, points=[(box[0][0], y), (box[0][1], y)], width=1.2, dashes=theme.DOTTED)
              for y in levels]  # fmt: skip
    layers += [Layer(LINE, style["color"], width=2.2) for style in theme.looks([None] * len(given))]  # solid: they wave
    sketch = Sketch((Panel(*box, (xlabel, ylabel), (bool(logx), bool(logy))),), tuple(layers),
                    lambda lines, title: lines, words, size=(8.0, 4.6))  # fmt: skip
    return Drawing(sketch, [line.tolist() for line in given], str(title))
