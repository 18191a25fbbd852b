"""What the cheat sheet says of a rule, read from its docstring."""

import dataclasses
import re

from ..words import value_text
from . import cards

DASH = "–"  # where a docstring says nothing


@dataclasses.dataclass(frozen=True)
class Entry:
    """What the sheet says of one rule.  What its docstring does not say is an empty text; ``year`` is then None."""

    name: str
    formula: tuple  # of lines, each a tuple of formulas in LaTeX
    hypers: tuple  # of (name, symbol in LaTeX or "" where that is the name, default as text)
    memory: str
    authors: str  # surnames: "Kingma, Ba" or "Liu et al."
    year: int | None
    paper: str
    link: str
    when: str

    @property
    def count(self):
        """Numbers per parameter that are kept, in short: ``"2"``, or ``"$n$"``, a hyper-parameter."""
        match = re.search(r"(\w+) numbers? per parameter", self.memory)
        symbols = {name: f"${symbol}$" for name, symbol, _ in self.hypers if symbol}
        return symbols.get(match[1], match[1]) if match else ""

    @property
    def link_text(self):
        """The link as readers see it: ``"arXiv:1412.6980"``, ``"openreview.net"``."""
        site = re.sub(r"https?://(arxiv\.org/abs/)?", lambda match: "arXiv:" if match[1] else "", self.link)
        return site.partition("/")[0]


def read_entry(rule):
    """The `Entry` of an optimizer."""
    sections = cards.sections(rule)
    texts = {label: " ".join(text.split()) for label, text in sections.items()}
    return Entry(
        name=type(rule).__name__,
        formula=formula_lines(sections.get("Formula", "")),
        hypers=tuple(
            (name, about.symbol.replace(rf"\text{{{name}}}", ""), value_text(about.default))
            for name, about in rule.hypers.items()
        ),
        memory=texts.get("Memory", ""),
        when=texts.get("When", ""),
        **_reference(texts.get("Source", "")),
    )


def formula_lines(section):
    r"""The formulas of a docstring's section: for each ``$$...$$`` a tuple of its parts, which a \qquad separates."""
    displayed = re.findall(r"\$\$(.+?)\$\$", section, flags=re.DOTALL)
    lines = ([" ".join(part.split()) for part in line.split(r"\qquad")] for line in displayed)
    return tuple(tuple(part for part in line if part) for line in lines)


_YEAR = r"(1[5-9]\d\d|20\d\d)"


def _reference(source):
    """Authors, year, paper and link of the first reference in the section on sources."""
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
