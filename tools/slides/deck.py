"""A notebook as a deck of slides: one HTML file that asks for nothing beyond itself.

The slide types of the cells decide what a slide holds; one without a heading has that of its section.  The browser
decides how it is laid out: `deck.js` measures the pieces, and `plan.js` chooses sizes, columns and, where one view is
too small for all, steps.
"""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from optlib.checks import replacing

from .. import markup
from ..cells import Style, Writer, naming, tags, title
from .assets import ROOT, text

ROWS = 6  # of a table on one slide
LIVE = Style(links=".html", hidden="", rows=ROWS)
STILL = Style(links="-slides.pdf", hidden="", rows=ROWS, still=True)

SITE = "../site/"  # where the page of a deck lies as both were built; site/__main__.py has decks beside the pages
WITHOUT_SCRIPT = """<noscript>
<style>.reveal.loading {{ visibility: visible; padding: 0 48px; }} .leaf::after {{ display: none; }}</style>
<p class="aside">These slides turn by JavaScript, which is switched off here: they stand one below the other.{}</p>
</noscript>
"""
# A fold that opens would grow beyond the slide, so its content goes to the speaker's notes.
FOLDED = re.compile(r"<details>.*?</details>", flags=re.DOTALL)
HEADING = re.compile(r"\s*<h([1-3])>(.*?)</h\1>", flags=re.DOTALL)


@dataclass
class Slide:
    """What is on the screen at once, or in steps: pieces of HTML by cell, and the notes of the speaker."""

    chapter: str  # HTML of its heading
    opens: bool  # a new chapter; the others stand below it
    headed: bool  # whether its first cell begins with a heading
    cells: list = field(default_factory=list)  # (whether it comes in a later step, HTML)
    notes: list = field(default_factory=list)


def is_shown(cell):
    """Whether the cell is part of the lecture; solutions never are."""
    return slide_type(cell) != "skip" and "solution" not in tags(cell)


def slide_type(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def slides(notebook, write):
    """The slides of a notebook, as `Slide` objects in order."""
    deck, chapter = [], ""
    for cell in filter(is_shown, notebook.cells):
        kind = slide_type(cell)
        if kind == "-" and "answer" in tags(cell):
            kind = "fragment"
        pieces = write.cell(cell)
        if kind in ("slide", "subslide") or not deck:
            heading = HEADING.match(pieces)
            chapter = heading[2] if heading and heading[1] < "3" else chapter
            deck.append(Slide(chapter, kind != "subslide", bool(heading)))
        if kind == "notes":
            deck[-1].notes.append(pieces)
        else:
            deck[-1].notes += FOLDED.findall(pieces)
            deck[-1].cells.append((kind == "fragment", FOLDED.sub("", pieces)))
    return deck


def deck(path, still=False):
    """HTML of the deck of the notebook at ``path``.

    With ``still`` the pages of the handout: no notes, no script of a player, each step of a slide a page.
    """
    body = []
    with naming(Path(path).name):
        notebook = nbformat.read(path, as_version=4)
        write = Writer(Path(path).parent, STILL if still else LIVE)
        leaves = slides(notebook, write)
        if not leaves:
            raise ValueError("it has no cell for a slide")
    for slide in leaves:
        if slide.opens:
            body.append("</section>\n<section>" if body else "<section>")
        body.append(_section(slide, title(notebook, path), still))
    kind = "still" if still else "live"
    styles, scripts, players = ([], [], "") if still else (
        ["reveal.css"], ["reveal.js", "notes.js"],
        f'<template id="players"><style>{text("players.css")}</style></template>\n',
    )  # fmt: skip
    own = Path(path).resolve().parent == ROOT / "notebooks"
    link = f' <a href="{SITE}{Path(path).stem}.html">The page</a> has all of it.' if own else ""
    return page(
        title(notebook, path), [*styles, "deck.css", "highlight.css"],
        f'<main class="reveal {kind} loading"><div class="slides">\n{WITHOUT_SCRIPT.format(link)}{chr(10).join(body)}\n'
        f"</section>\n</div></main>\n{players}{write.script()}",
        [*scripts, "plan.js", "deck.js"],
    )  # fmt: skip


def _section(slide, name, still):
    pieces = [] if slide.headed else [f'<div class="cell"><h2>{slide.chapter}</h2></div>']
    pieces += [
        f'<div class="cell{" fragment" if later and not still else ""}">\n{content}\n</div>'
        for later, content in slide.cells
    ]
    if slide.notes and not still:
        pieces.append(f'<aside class="notes">{"".join(slide.notes)}</aside>')
    where = html.escape(re.sub(r"\$|`|\\", "", name))
    return f'<section class="leaf" data-where="{where}">\n{chr(10).join(pieces)}\n</section>'


def page(name, styles, body, scripts=()):
    """An HTML document; ``styles`` and ``scripts`` are names of `assets.text`."""
    css = "\n".join(f"<style>\n{style}\n</style>" for style in [markup.font_style(), *map(text, styles)])
    javascript = "\n".join(f"<script>\n{text(script)}\n</script>" for script in scripts)
    body = re.sub(r"<annotation\b.*?</annotation>", "", body)  # of formulas their LaTeX, which no reader sees
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(name)}</title>\n{css}\n</head>\n<body>\n{body}\n"
        f"{javascript}\n</body>\n</html>\n"
    )


def write_decks(paths, folder):
    """Decks of these notebooks; returns the paths of the files."""
    written = []
    for path in paths:
        written.append(folder / f"{path.stem}.html")
        with replacing(written[-1]) as part:
            part.write_text(deck(path), encoding="utf-8")
    return written
