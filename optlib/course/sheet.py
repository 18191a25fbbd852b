"""A cheat sheet on one page: a table whose letters are as large as the page allows."""

import contextlib
import re

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..pictures import theme
from ..pictures.picture import text
from . import formula
from .cheat_sheet import DASH, linked

PAGE = 841.89, 595.28  # A4, landscape, in points
MARGIN, GAP = 16.0, 9.0  # of the page; between columns
LARGEST = 12.0  # points: a sheet of few rules is not blown up further
HEAD = 13.0  # points, of the title
SMALL, TINY = 0.93, 0.8  # sizes of prose and of what is beside the point, relative to the formulas
LEADING = 0.13  # between lines, relative to the size of the letters
COLUMNS = (("Rule", 0.107), ("One step", 0.48), ("Memory", 0.035), ("Settings", 0.12), ("When to reach for it", 0.26))
_SPACE = PAGE[0] - 2 * MARGIN - GAP * (len(COLUMNS) - 1)
WIDTHS = [_SPACE * share / sum(share for _, share in COLUMNS) for _, share in COLUMNS]
LEFTS = [MARGIN + sum(WIDTHS[:i]) + GAP * i for i in range(len(COLUMNS))]
# Letters as the font has them, not fitted to pixels: then they are as wide in each format as they were measured.
AS_MEASURED = {"text.hinting": "no_hinting", "pdf.fonttype": 42}
PADDING = 0.36  # of each row
BAND = "#F1F3F5"  # behind every other rule


def drawing():
    """A context in which matplotlib draws what was measured here."""
    stack = contextlib.ExitStack()
    stack.enter_context(theme.themed())
    stack.enter_context(rc_context(AS_MEASURED))
    return stack


def page(title, notation, entries, pdf=False):
    """The rules on one page, as a matplotlib figure of A4 size; to be drawn within `drawing`.

    Parameters
    ----------
    title : str
    notation : sequence of str
        What the letters mean; each may hold formulas between dollar signs.
    entries : sequence of `cheat_sheet.Entry`
    pdf : bool
        Whether it will be written as PDF, where formulas would stand a little too high.
    """
    rows = [_cells(entry) for entry in entries]
    size = _largest(title, notation, rows)
    head, legend, laid, heights = _laid(title, notation, rows, size)
    spare = min((PAGE[1] - 2 * MARGIN - head - sum(heights)) / len(rows), 1.6 * size)

    figure = Figure(figsize=(PAGE[0] / 72, PAGE[1] / 72), facecolor=theme.PAPER)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE[0]), ylim=(PAGE[1], 0))
    axes.set_axis_off()
    _write(axes, MARGIN, MARGIN + 0.8 * HEAD, title, HEAD, "bold")
    _put(axes, MARGIN + _indent(title), MARGIN, legend)
    y = MARGIN + head - 0.25 * size
    for left, (name, _) in zip(LEFTS, COLUMNS, strict=True):
        _write(axes, left, y - 0.42 * size, name, SMALL * size, "bold", theme.FAINT)
    axes.add_line(Line2D([MARGIN, PAGE[0] - MARGIN], [y, y], color=theme.INK, linewidth=0.8))
    y = MARGIN + head
    for i, (entry, cells, height) in enumerate(zip(entries, laid, heights, strict=True)):
        if i % 2:
            axes.add_patch(Rectangle((MARGIN - 6, y), PAGE[0] - 2 * MARGIN + 12, height + spare, color=BAND, lw=0))
        for left, (lines, own) in zip(LEFTS, cells, strict=True):
            _put(axes, left, y + spare / 2 + (height - own) / 2, lines)
        _key(axes, theme.style_of(entry.name), MARGIN - 4, y + spare / 2, height)
        y += height + spare
    for words in axes.texts if pdf else ():
        words.set_y(words.get_position()[1] + formula.rise(words.get_text(), words.get_fontsize()))
    return figure


def _laid(title, notation, rows, size):
    """With letters of that size: height of the head, what the notation and the cells draw, heights of the rows."""
    legend = Flow([formula.with_formulas(words) for words in notation], SMALL)
    legend, height = legend.laid(PAGE[0] - 2 * MARGIN - _indent(title), size)
    laid = [[_stack(cell, width, size) for cell, width in zip(cells, WIDTHS, strict=True)] for cells in rows]
    return max(height, HEAD) + 2 * size, legend, laid, [max(height for _, height in cells) for cells in laid]


def _largest(title, notation, rows):
    """The largest size of letters with which all rows fit on the page and each piece into its column."""
    titles = [[Flow([name], SMALL, weight="bold")] for name, _ in COLUMNS]
    needed = [max(flow.needed() for cell in cells for flow in cell) for cells in zip(titles, *rows, strict=True)]

    def fits(size):
        if any(least * size > width for least, width in zip(needed, WIDTHS, strict=True)):
            return False
        head, _, _, heights = _laid(title, notation, rows, size)
        return head + sum(heights) + PADDING * size * len(rows) + 2 * MARGIN <= PAGE[1]

    if fits(LARGEST):
        return LARGEST
    size, step = 0.0, LARGEST / 2
    while step > 1e-3:
        size, step = size + step * fits(size + step), step / 2
    return size or step  # nothing is left out, however small it must be


def _indent(title):
    """Where the notation begins, at the right of the title."""
    return formula.extent(title, "bold")[0] * HEAD + 2 * HEAD


def _cells(entry):
    """What stands in the columns: for each a list of paragraphs."""
    hypers = [
        " ".join([text(name)] * (not _reads_as(symbol, name)) + [formula.drawable(symbol)] * (symbol != "") + ["="])
        + f" {_short(default)}"
        for name, symbol, default in entry.hypers
    ]
    cited = "  ".join(filter(None, [entry.cited, linked(entry.link)])) or DASH
    return [
        [Flow([text(entry.name)], weight="bold"), prose(cited, TINY)],
        [Flow([formula.drawable(part) for line in entry.formula for part in line] or [DASH])],
        [prose(entry.count or DASH)],
        [Flow(hypers or [DASH], SMALL, gap=0.8)],
        [prose(entry.when or DASH)],
    ]


def _reads_as(symbol, name):
    r"""Whether a symbol gives its keyword away: \beta_1 is beta1; what eta and epsilon are, the notation says."""
    read = re.sub(r"\W|_", "", symbol)
    return {"eta": "lr", "epsilon": "eps"}.get(read, read) == name


def _short(default):
    """``1e-08`` as a power of ten."""
    power = re.fullmatch(r"1e([+-])0*(\d+)", default)
    return f"$10^{{{power[1].strip('+')}{power[2]}}}$" if power else text(default)


class Flow:
    """Pieces of text or formulas that follow each other and are broken into lines between pieces.

    Parameters
    ----------
    pieces : list of str
        Drawn as matplotlib draws them: formulas between dollar signs.
    scale : float
        Size, relative to that of the formulas.
    gap : float
        Between pieces, relative to the size of the letters; 0 joins them by spaces into whole lines of text.
    weight : "normal" or "bold"
    color : hex
    """

    def __init__(self, pieces, scale=1.0, gap=1.2, weight="normal", color=theme.INK):
        self.pieces, self.scale, self.gap, self.weight, self.color = pieces, scale, gap, weight, color

    def needed(self):
        """The least width in which no piece is too long, at size 1."""
        return self.scale * max(formula.extent(piece, self.weight)[0] for piece in self.pieces)

    def laid(self, width, size):
        """What is drawn in a column of that width, and its height.

        The first is a list of (x, y of the baseline, text, size, weight, color).
        """
        size = size * self.scale
        placed, y = [], 0.0
        for line in self._lines(width / size):
            extents = [formula.extent(piece, self.weight) for piece in line]
            above, below = (max(extent[i] for extent in extents) for i in (1, 2))
            above, below = max(above, 0.72), max(below, 0.22)  # lines of text are equally far apart
            x = 0.0
            for piece, extent in zip(line, extents, strict=True):
                placed.append((x * size, y + above * size, piece, size, self.weight, self.color))
                x += extent[0] + self.gap
            y += (above + below + LEADING) * size
        return placed, y

    def _lines(self, width):
        lines, filled = [], 0.0
        for piece in self.pieces:
            if self.gap == 0:
                longer = f"{lines[-1][0]} {piece}" if lines else piece
                if lines and formula.extent(longer, self.weight)[0] <= width:
                    lines[-1] = [longer]
                else:
                    lines.append([piece])
                continue
            own = formula.extent(piece, self.weight)[0]
            if lines and filled + self.gap + own <= width:
                lines[-1].append(piece)
                filled += self.gap + own
            else:
                lines.append([piece])
                filled = own
        return lines


def prose(words, scale=SMALL, **look):
    """A paragraph of running text; formulas in it stay whole."""
    pieces = re.findall(r"(?:\\\$|[^\s$]|\$(?:\\\$|[^$])+\$)+", formula.with_formulas(words))
    return Flow(pieces, scale, gap=0, **look)


def _stack(paragraphs, width, size):
    """Paragraphs below each other: what is to be drawn, and the height."""
    placed, y = [], 0.0
    for paragraph in paragraphs:
        lines, height = paragraph.laid(width, size)
        placed += [(x, y + line, *rest) for x, line, *rest in lines]
        y += height
    return placed, y


def _put(axes, left, top, lines):
    for x, y, piece, size, weight, color in lines:
        _write(axes, left + x, top + y, piece, size, weight, color)


def _write(axes, x, y, words, size, weight="normal", color=theme.INK):
    axes.text(x, y, words, fontproperties=formula.font(weight, size), color=color, va="baseline", ha="left")


def _key(axes, style, x, top, height):
    """The color and the dashes of the rule in the course's pictures, at the left of its row."""
    axes.add_line(Line2D([x, x], [top, top + height], color=style["color"], linestyle=style["linestyle"], linewidth=2))
