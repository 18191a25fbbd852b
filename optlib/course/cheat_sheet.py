"""The cheat sheet: every rule of the registry in one notation, read from its docstring."""

import dataclasses
import os
import pathlib
import re
import textwrap

from ..optimizers.base import Optimizer
from ..registry import OPTIMIZERS
from ..words import value_text
from . import cards, latex

TITLE = "Cheat sheet: optimizers"
DASH = "–"  # where a docstring says nothing
FORMATS = (".html", ".pdf", ".png", ".svg")
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


@dataclasses.dataclass(frozen=True)
class Entry:
    """What the sheet says of one rule.  What its docstring does not say is an empty text; ``year`` is then None."""

    name: str
    summary: str
    formula: tuple  # of lines, each a tuple of formulas in LaTeX
    hypers: tuple  # of (name, symbol in LaTeX or "" where that is the name, default as text)
    memory: str
    authors: str
    year: int | None
    paper: str
    link: str
    when: str

    @property
    def cited(self):
        """Authors and year in short: ``"Kingma, Ba 2015"``."""
        return f"{self.authors} {self.year or ''}".strip()

    @property
    def count(self):
        """Numbers per parameter that are kept, as short as it goes: ``"2"``, or ``"$n$"``, a hyper-parameter."""
        found = re.search(r"(\w+) numbers? per parameter", self.memory)
        symbols = {name: f"${symbol}$" for name, symbol, _ in self.hypers if symbol}
        return symbols.get(found[1], found[1]) if found else ""


class CheatSheet:
    """What `cheat_sheet` returns: a table in a notebook, text in a terminal, a page in a file.

    Attributes
    ----------
    entries : list of Entry
    """

    def __init__(self, entries):
        self.entries = entries

    def html(self):
        """The sheet as one HTML element that needs nothing beyond itself; formulas are SVG with their LaTeX as text."""
        from . import sheet_html

        return sheet_html.element(TITLE, NOTATION, self.entries)

    def save(self, path):
        """Write a page: .html, or one A4 page as .pdf, .svg or .png.  The same sheet is the same file.

        The file appears only when it is whole.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        ValueError
            If the path ends otherwise.
        """
        path = pathlib.Path(path)
        kind = path.suffix.lower()
        if kind not in FORMATS:
            raise ValueError(f"save: path={str(path)!r} must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        part = path.with_name(path.name + ".part")
        try:
            if kind == ".html":
                from ..live import page

                body = f'<h1 style="font-family:system-ui,sans-serif">{TITLE}</h1>\n{self.html()}'
                part.write_text(page.document(TITLE, body), encoding="utf-8", newline="\n")
            else:
                self._draw(part, kind.lstrip("."))
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def figure(self, pdf=False):
        """The page as a matplotlib figure, A4 landscape; ``pdf`` if it is to be written as PDF."""
        from . import sheet

        return sheet.page(TITLE, NOTATION, self.entries, pdf)

    def _draw(self, file, kind):
        from . import sheet

        # Dates are left out, so that the same sheet is the same file.
        about = {"png": {"Title": TITLE, "Software": None}, "svg": {"Title": TITLE, "Date": None},
                 "pdf": {"Title": TITLE, "CreationDate": None}}[kind]  # fmt: skip
        with sheet.drawing():
            self.figure(kind == "pdf").savefig(file, format=kind, dpi=200, metadata=about)

    def markdown(self):
        """The sheet in Markdown with LaTeX between dollar signs."""
        lines = [f"### {TITLE}", "", " · ".join(_markdown(words) for words in NOTATION), ""]
        lines += ["| rule | one step, and its source | when to reach for it, settings, memory |", "|" + " :--- |" * 3]
        for entry in self.entries:
            formulas = [" &emsp; ".join(_inline(part) for part in line) for line in entry.formula]
            hypers = [f"{_inline(symbol, False)} " * (symbol != "") + cards._code(f"{name}={default}")
                      for name, symbol, default in entry.hypers]  # fmt: skip
            source = _markdown(entry.paper) + (f" [{linked(entry.link)}](<{entry.link}>)" if entry.link else "")
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
        notation = "; ".join(_plain(words) for words in NOTATION)
        blocks = [f"{TITLE}\n{wrap.fill(notation)}"]
        for entry in self.entries:
            hypers = ", ".join(f"{name}={default}" for name, _, default in entry.hypers)
            formulas = ["    " + "    ".join(map(latex.to_plain, line)) for line in entry.formula]
            source = f"{entry.paper} {linked(entry.link)}".strip()
            said = {"settings": hypers, "memory": entry.memory, "when": entry.when, "source": source}
            lines = [wrap.fill(f"{label}: {_plain(words) or DASH}") for label, words in said.items()]
            blocks.append("\n".join([f"{entry.name} ({entry.year or DASH})", *(formulas or [f"    {DASH}"]), *lines]))
        return "\n\n".join(blocks)


def cheat_sheet(rules=None):
    """All rules on one page: formula, settings with defaults, memory, year, paper, when to reach for them.

    Parameters
    ----------
    rules : sequence of optimizer classes, instances or names, optional
        All that are registered unless given.

    Returns
    -------
    CheatSheet
        Shows itself in a notebook; ``.save("sheet.pdf")`` writes a page for the wall.

    Raises
    ------
    KeyError
        For a name that is not registered.
    TypeError
        For what is no rule.
    ValueError
        If there is none.
    """
    if isinstance(rules, (str, type, Optimizer)):
        rules = [rules]
    classes = [_class_of(rule) for rule in (OPTIMIZERS.values() if rules is None else rules)]
    if not classes:
        raise ValueError("cheat_sheet: rules is empty; leave it out for all that are registered")
    return CheatSheet([_entry(cls) for cls in classes])


def _class_of(rule):
    cls = OPTIMIZERS[rule] if isinstance(rule, str) else rule if isinstance(rule, type) else type(rule)
    if not issubclass(cls, Optimizer):
        raise TypeError(f"cheat_sheet: {rule!r} is no optimizer; pass classes such as ol.Adam, or their names")
    return cls


def _entry(cls):
    said = cards.sections(cls)
    words = {label: " ".join(text.split()) for label, text in said.items()}
    return Entry(
        name=cls.__name__,
        summary=words[""],
        formula=tuple(tuple(line) for line in latex.lines(said.get("Formula", ""))),
        hypers=tuple(
            (name, about.symbol.replace(rf"\text{{{name}}}", ""), value_text(about.default))
            for name, about in cls.hypers.items()
        ),
        memory=words.get("Memory", ""),
        when=words.get("When", ""),
        **_reference(words.get("Source", "")),
    )


_YEAR = r"(1[5-9]\d\d|20\d\d)"


def _reference(source):
    """The first reference of a docstring's section: who, when, where; a link that belongs to it."""
    source = source.replace("*", "")
    first, *others = [*re.finditer(rf"\({_YEAR}\)", source)] or [None]
    own = source[: source.rfind(";", 0, others[0].start())] if others else source
    link = re.search(r"arXiv:(\d{4}\.\d{4,5})|(https?://[^\s<>]+)", own)
    paper = (own[: link.start()] if link else own).partition(";")[0].strip(" .,")
    year = first or re.search(rf"\b{_YEAR}\b", source)
    return {
        "authors": _surnames(source[: first.start()]) if first else "",
        "year": int(year[1]) if year else None,
        "paper": paper,
        "link": "" if not link else f"https://arxiv.org/abs/{link[1]}" if link[1] else link[2].rstrip(".,;"),
    }


def _surnames(authors):
    names = [re.sub(r"^(?:[^\W\d_]\.[\s-]*)+", "", name.strip()) for name in authors.split(",")]
    names = [name for name in names if name]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} et al."


# --- the two forms that need no pictures ----------------------------------------------------------------------------


def linked(link):
    """A link as it is read: ``"arXiv:1412.6980"``, ``"openreview.net"``."""
    return re.sub(r"https?://(arxiv\.org/abs/)?", lambda found: "arXiv:" if found[1] else "", link).partition("/")[0]


def _inline(formula, displayed=True):
    """A formula in a cell of a Markdown table: no bar may end the cell, no sign may begin an HTML tag."""
    formula = formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("<", r"\lt ").replace(">", r"\gt ")
    return rf"$\displaystyle {formula}$" if displayed else f"${formula}$"


def _markdown(words):
    """Prose in a cell of a Markdown table; its formulas stay."""
    pieces = re.split(r"(\$[^$]+\$)", words)
    pieces[1::2] = [_inline(piece.strip("$"), displayed=False) for piece in pieces[1::2]]
    pieces[::2] = [cards._prose(piece).replace("|", "&#124;") for piece in pieces[::2]]
    return "".join(pieces) or DASH


def _plain(words):
    return re.sub(r"\$([^$]+)\$", lambda found: latex.to_plain(found[1]), words).replace("``", "")
