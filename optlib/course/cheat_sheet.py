"""The cheat sheet: every rule of the registry in one notation, read from its docstring."""

import pathlib
import re
import textwrap

from ..checks import replacing
from ..optimizers.base import Optimizer, as_rule
from ..registry import OPTIMIZERS
from . import cards
from .entries import DASH, read_entry

TITLE = "Cheat sheet: optimizers"
FORMATS = (".html", ".pdf", ".png")
NOTATION = (
    r"$x_t$ point after step $t = 1, 2, \dots$",
    r"$g_t$ gradient at $x_{t-1}$",
    "squares, roots, quotients and maxima coordinate by coordinate",
    r"$\eta$ learning rate (lr)",
    r"$\beta$ share of a memory that each step keeps",
    r"$m$, $v$, $u$, $G$ memories, 0 at first",
    r"$\hat m$, $\hat v$ corrected for the start at 0",
    r"$\overline{h}$, $\bar x$ a mean over steps",
    r"$\epsilon$ keeps divisions safe (eps)",
    "memory: numbers per parameter that are kept from step to step",
)


class CheatSheet:
    """What `cheat_sheet` returns: a table in a notebook, text in a terminal, pages in a file.

    ``entries`` is a list of `Entry`.
    """

    def __init__(self, entries):
        self.entries = entries

    def html(self):
        """The sheet as one HTML element that needs nothing beyond itself; formulas are SVG with their LaTeX as text."""
        from . import sheet_html

        return sheet_html.element(TITLE, NOTATION, self.entries)

    def save(self, path):
        """Write the sheet to a file: .html, or .pdf or .png, which Chromium prints: A4, as many pages as letters need.

        The file, whose path is returned, appears only when it is complete; the same sheet is the same .html.  Another
        ending is a ValueError; a page that cannot be printed, without Chromium or playwright, a RuntimeError.
        """
        from ..live import page
        from . import paper

        path = pathlib.Path(path)
        kind = path.suffix.lower()
        if kind not in FORMATS:
            raise ValueError(f"save: path={str(path)!r} must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        title = f'<h1 style="font-family:system-ui,sans-serif">{TITLE}</h1>'
        document = page.document(TITLE, f"{title}\n{self.html()}")
        with replacing(path) as part:
            part.write_bytes(document.encode() if kind == ".html" else paper.printed(document, kind))
        return path

    def markdown(self):
        """The sheet in Markdown with LaTeX between dollar signs."""
        lines = [f"### {TITLE}", "", " · ".join(_markdown(words) for words in NOTATION), ""]
        lines += ["| rule | one step, and its source | when to reach for it, settings, memory |", "|" + " :--- |" * 3]
        for entry in self.entries:
            formulas = [" &emsp; ".join(_inline(part) for part in line) for line in entry.formula]
            hypers = [f"{_inline(symbol, False)} " * (symbol != "") + cards.inline_code(f"{name}={default}")
                      for name, symbol, default in entry.hypers]  # fmt: skip
            source = _markdown(entry.paper) + (f" [{entry.link_text}](<{entry.link}>)" if entry.link else "")
            cells = [
                [f"**{_markdown(entry.name)}**", str(entry.year or DASH)],
                [*(formulas or [DASH]), f"<small>{source}</small>"],
                [_markdown(entry.when), ", ".join(hypers) or DASH, f"<small>{_markdown(entry.memory)}</small>"],
            ]
            lines.append(f"| {' | '.join('<br>'.join(cell) for cell in cells)} |")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/markdown": self.markdown(), "text/plain": repr(self)}

    def __repr__(self):
        wrap = textwrap.TextWrapper(100, initial_indent="    ", subsequent_indent="        ")
        blocks = [f"{TITLE}\n{wrap.fill(_plain('; '.join(NOTATION)))}"]
        for entry in self.entries:
            lines = [f"    {'    '.join(line)}" for line in entry.formula] or [f"    {DASH}"]
            texts = {
                "settings": ", ".join(f"{name}={default}" for name, _, default in entry.hypers),
                "memory": entry.memory,
                "when": entry.when,
                "source": f"{entry.paper} {entry.link_text}".strip(),
            }
            lines += [wrap.fill(f"{label}: {_plain(text) or DASH}") for label, text in texts.items()]
            blocks.append("\n".join([f"{entry.name} ({entry.year or DASH})", *lines]))
        return "\n\n".join(blocks)


def cheat_sheet(rules=None):
    """All rules in one table: formula, settings with defaults, memory, year, paper, when to reach for them.

    ``.save("sheet.pdf")`` of it writes a page for the wall.

    Parameters
    ----------
    rules : sequence of optimizer classes, instances or names, optional
        All that are registered unless given.  A name that is not registered is a KeyError, what is no rule a TypeError,
        an empty sequence a ValueError.
    """
    if isinstance(rules, (str, type, Optimizer)):
        rules = [rules]
    rules = OPTIMIZERS.values() if rules is None else rules
    entries = [read_entry(as_rule("cheat_sheet", rule, by_name=True)) for rule in rules]
    if not entries:
        raise ValueError("cheat_sheet: rules is empty; leave it out for all that are registered")
    return CheatSheet(entries)


def _inline(formula, displayed=True):
    """A formula in a cell of a Markdown table: no bar may end the cell, no sign may begin an HTML tag."""
    formula = formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("<", r"\lt ").replace(">", r"\gt ")
    return rf"$\displaystyle {formula}$" if displayed else f"${formula}$"


def _markdown(words):
    """Prose in a cell of a Markdown table; its formulas stay."""
    pieces = re.split(r"(\$[^$]+\$)", words)
    pieces[1::2] = [_inline(piece.strip("$"), displayed=False) for piece in pieces[1::2]]
    pieces[::2] = [cards.prose(piece).replace("|", "&#124;") for piece in pieces[::2]]
    return "".join(pieces) or DASH


def _plain(words):
    """Prose of a docstring in a terminal: formulas stay LaTeX, without the dollar signs."""
    return re.sub(r"\$([^$]+)\$", r"\1", words).replace("``", "")
