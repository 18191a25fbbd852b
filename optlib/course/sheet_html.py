"""The cheat sheet as HTML: a real table, formulas as SVG, nothing to be fetched."""

import html
import re

from ..pictures import theme
from . import formula
from .entries import DASH

CSS = """
.optlib-sheet { font: 15px/1.45 system-ui, sans-serif; color-scheme: light dark;
  background: Canvas; color: CanvasText; --line: #c9ced3; --soft: #55595e; --band: #f4f6f8; --link: #0b5394; }
.optlib-sheet .wide { overflow-x: auto; }
.optlib-sheet table { border-collapse: collapse; width: 100%; }
.optlib-sheet caption { text-align: left; padding: 0 0 0.8em; color: var(--soft); }
.optlib-sheet caption span { display: inline-block; margin-right: 1.6em; }
.optlib-sheet th, .optlib-sheet td { text-align: left; vertical-align: top; padding: 0.55em 0.8em; }
.optlib-sheet thead th { color: var(--soft); border-bottom: 2px solid var(--soft); }
.optlib-sheet tbody tr:nth-child(even) > * { background: var(--band); }
.optlib-sheet small { font-size: 0.87em; font-weight: normal; color: var(--soft); }
.optlib-sheet svg { fill: currentColor; overflow: visible; }
.optlib-sheet svg[role="img"] { font-size: 1.12em; }
.optlib-sheet svg.key { display: block; margin: 0.25em 0; }
.optlib-sheet .line { display: flex; flex-wrap: wrap; align-items: baseline; column-gap: 2em; }
.optlib-sheet .line > * { margin: 0.2em 0; }
.optlib-sheet ul { list-style: none; margin: 0; padding: 0; white-space: nowrap; }
.optlib-sheet td { min-width: 13em; }
.optlib-sheet td:nth-of-type(2) { min-width: 18em; }
.optlib-sheet td p { margin: 0.4em 0 0; line-height: 1.35; }
.optlib-sheet a { color: var(--link); }
@media (prefers-color-scheme: dark) {
  .optlib-sheet { --line: #4a4f55; --soft: #b4bac0; --band: #1d2125; --link: #8ec7ff; }
}
@media screen {
  .optlib-sheet .on-paper { display: none; }
}
@media screen and (max-width: 760px) {
  .optlib-sheet :is(table, caption, tbody, tr, th, td) { display: block; }
  .optlib-sheet thead { display: none; }
  .optlib-sheet tr { border-top: 1px solid var(--line); padding: 0.4em 0; }
  .optlib-sheet tbody :is(th, td) { min-width: 0; padding: 0.3em 0.6em; }
}
@media print {
  @page { size: A4 landscape; margin: 8mm; }
  .optlib-sheet { font-size: 8px; line-height: 1.2; color-scheme: light;
    --soft: #55595e; --band: #f1f3f5; --link: #0b5394; }
  .optlib-sheet .wide { overflow: visible; }
  .optlib-sheet tr { break-inside: avoid; }
  .optlib-sheet :is(th, td) { min-width: 0 !important; padding: 0.18em 0.4em; vertical-align: middle; }
  .optlib-sheet td:nth-of-type(1) { width: 52%; }
  .optlib-sheet td:nth-of-type(2) { width: 24%; }
  .optlib-sheet tbody th { white-space: nowrap; }
  .optlib-sheet svg.key { margin: 0; }
  .optlib-sheet .step { display: flex; flex-wrap: wrap; align-items: center; column-gap: 1.3em; }
  .optlib-sheet .line { display: contents; }
  .optlib-sheet .line > * { margin: 0; }
  .optlib-sheet small { font-size: 0.9em; }
  .optlib-sheet .on-screen { display: none; }
  .optlib-sheet td p { margin: 0; line-height: 1.2; }
  .optlib-sheet ul { white-space: normal; }
  .optlib-sheet li { display: inline-block; margin-right: 0.8em; }
}
"""
COLUMNS = ("Rule", "One step, and its source", "When to reach for it", "Settings and memory")


def element(title, notation, entries):
    """The table of the rules, with its style and the letters of its formulas."""
    shapes = {}
    legend = " ".join(f"<span>{_prose(words, shapes)}</span>" for words in notation)
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "\n".join(_row(entry, shapes) for entry in entries)
    # A table wider than its page scrolls, with the keyboard too.
    return (
        f'<div class="optlib-sheet tex2jax_ignore mathjax_ignore">\n<style>{CSS}</style>\n{formula.outlines(shapes)}\n'
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
