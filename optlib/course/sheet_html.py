"""The cheat sheet as HTML: a real table, formulas as SVG, nothing to be fetched."""

import html
import re

from ..live import page
from ..pictures import theme
from . import formula
from .entries import DASH

COLUMNS = ("Rule", "One step, and its source", "When to reach for it", "Settings and memory")


def element(title, notation, entries):
    """The table of the rules, with its style and the letters of its formulas."""
    shapes = {}
    legend = " ".join(f"<span>{_prose(words, shapes)}</span>" for words in notation)
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "\n".join(_row(entry, shapes) for entry in entries)
    # A table wider than its page scrolls, with the keyboard too.
    return (
        '<div class="optlib-sheet tex2jax_ignore mathjax_ignore">\n'
        f"<style>\n{page.asset('sheet.css')}\n</style>\n{formula.outlines(shapes)}\n"
        f'<div class="wide" role="region" aria-label="{html.escape(title)}" tabindex="0">\n<table>\n'
        f"<caption>{legend}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>\n</div>"
    )


def _row(entry, shapes):
    lines = [
        f'<div class="line">{"".join(f"<span>{formula.svg(part, shapes)}</span>" for part in line)}</div>'
        for line in entry.formula
    ]
    hypers = [
        f"<li>{formula.svg(symbol, shapes) if symbol else ''} <code>{html.escape(f'{name}={default}')}</code></li>"
        for name, symbol, default in entry.hypers
    ] or [f"<li>{DASH}</li>"]
    hypers.append(f'<li class="on-paper">memory {_prose(entry.count, shapes)}</li>')
    source = f'<span class="on-screen">{_prose(entry.paper, shapes)}</span>'
    if entry.link:
        source += f' <a href="{html.escape(entry.link)}">{html.escape(entry.link_text)}</a>'
    authors = f'<span class="on-paper">{html.escape(entry.authors)} </span>'
    cells = (
        f'<div class="step">{"".join(lines) or DASH}<p><small>{source}</small></p></div>',
        _prose(entry.when, shapes),
        f'<ul>{"".join(hypers)}</ul><p class="on-screen"><small>{_prose(entry.memory, shapes)}</small></p>',
    )
    header = f"{_key(entry.name)}{html.escape(entry.name)}<br/><small>{authors}{entry.year or DASH}</small>"
    return f'<tr><th scope="row">{header}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _key(name):
    """A piece of the line that stands for the rule in the course's pictures."""
    style = theme.style_of(name)
    dashes = " ".join(f"{2.5 * dash:g}" for dash in theme.dash_array(style))
    pattern = f' stroke-dasharray="{dashes}"' if dashes else ""
    color = "currentColor" if style["color"] == theme.BLACK else style["color"]
    return (
        f'<svg class="key" aria-hidden="true" width="60" height="4"><line x1="0" y1="2" x2="60" y2="2" '
        f'stroke="{color}" stroke-width="3"{pattern}/></svg>'
    )


def _prose(words, shapes):
    """Prose of a docstring: formulas between dollar signs and ``code`` are set as such, all else is plain text."""
    pieces = re.split(r"(\$[^$]+\$|``.+?``)", words)
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            pieces[i] = html.escape(piece)
        elif piece.startswith("$"):
            pieces[i] = formula.svg(piece.strip("$"), shapes)
        else:
            pieces[i] = f"<code>{html.escape(piece[2:-2])}</code>"
    return "".join(pieces) or DASH
