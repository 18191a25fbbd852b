"""The page *One name, several rules*: what other libraries do, rule by rule, under a filter (its script: site.js)."""

import html
import pathlib
import re

import numpy as np

import optlib as ol
from optlib.course import cards
from optlib.pictures.table import Table

from .. import markup
from ..elsewhere import docstrings
from .notebook_page import Page, writer

NAME, TITLE = "one_name", "One name, several rules"
WIDE, HIGH, LEFT, UNDER, RIM = 300, 150, 44, 22, 8  # pixels of a picture, and of what surrounds its lines
LEAD = (
    "<p>What {} libraries do under the names of our rules, measured: which walk the same path, and how the others "
    "differ.</p>"
)
TEXT = """<p>All were fed the same gradients. A row says what an optimizer is called there, with what was set; its
defaults; how its path differs from that of our rule; and the length of its first step for a gradient of 1, over the
learning rate. In Python <code>ol.elsewhere("Adam")</code> shows the same table,
<code>ol.translate("keras", "Adam", epsilon=1e-6)</code> makes the rule that walks that path, and
<code>ol.identify(step)</code> says which rule an optimizer is that you bring.</p>
<div class="filter" hidden><label for="filter">Show rows with these words, such as <i>keras adam</i></label>
<input type="search" id="filter" autocomplete="off"><p role="status"></p></div>
"""
OPEN = ["rule", "what else is known"]


def page():
    """The page, with a section for each rule of which another library's path is recorded."""
    anchors = markup.Anchors()
    head, parts, libraries, others = anchors.heading(TITLE, 1), [], set(), []
    for name, rule in ol.OPTIMIZERS.items():
        _, hand = docstrings.paragraphs(rule)
        try:
            elsewhere = ol.elsewhere(name)
        except KeyError:
            others.append([name, hand.replace("`", "")])
            continue
        libraries |= {re.sub("^keras_.*", "keras", row[0]) for row in elsewhere.table.rows}
        heading = anchors.heading(name, 2)
        parts.append(f"<section>{heading}{words(hand)}{picture(elsewhere)}{table(elsewhere)}</section>")
    rest = Table(docstrings.NONE.replace("this rule", "these rules"), OPEN, others, "<<", (20, 80))
    parts.append(f'<section>{anchors.heading("Other rules", 2)}<div class="figure">{rest.html()}</div></section>')
    lead = LEAD.format(len(libraries))
    return Page(NAME, TITLE, head + lead + TEXT + "\n".join(parts), anchors.rows, lead)


def linked(sheet, headings):
    """The cheat sheet's HTML, in which the names of rules lead to their sections of the page with these headings."""
    anchors = [anchor for _, anchor, *_ in headings]

    def link(match):
        return f'{match[1]}<a href="{NAME}.html#{match[2] if match[2] in anchors else anchors[-1]}">{match[2]}</a>'

    return re.sub(r'(<th scope="row">(?:<svg.*?</svg>)?)(\w+)(?=<br)', link, sheet)


def words(hand):
    return writer(pathlib.Path(), None).markdown(cards.prose(hand)) if hand else ""


def table(elsewhere):
    """The table with Keras in one row where its three backends agree."""
    rows, merged = {}, []
    for library, *row in elsewhere.table.rows:
        rows.setdefault(tuple(row), set()).add(docstrings.TITLES.get(library, library))
    for row, names in rows.items():
        if names.issuperset(docstrings.KERAS):
            names = names.difference(docstrings.KERAS) | {"keras (jax, tensorflow, torch)"}
        merged += [[name, *row] for name in names]
    shown = Table(elsewhere.table.caption, elsewhere.table.columns, sorted(merged), elsewhere.table.align,
                  elsewhere.table.widths)  # fmt: skip
    return f'<div class="figure">{shown.html()}</div>'


def picture(elsewhere):
    """The first ten steps as a small drawing, with the names beside it."""
    lines = elsewhere.picture.axes.lines
    paths = np.array([line.get_ydata() for line in lines])
    low, high = min(paths.min(), 0.0), max(paths.max(), 0.0)
    right, bottom = WIDE - RIM, HIGH - UNDER
    xs = np.linspace(LEFT, right, paths.shape[1])
    ys = RIM + (bottom - RIM) * (high - paths) / (high - low or 1.0)
    drawn, names = [], []
    for line, path in zip(lines, ys, strict=True):
        look = f'stroke="{line.get_color()}"' + (' stroke-dasharray="6 3"' if line.get_linestyle() != "-" else "")
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, path, strict=True))
        drawn.append(f'<polyline points="{points}" {look}/>')
        names.append(f'<li><svg width="28" height="4" aria-hidden="true"><path d="M0 2H28" {look}/></svg> '
                     f"{html.escape(line.get_label())}</li>")  # fmt: skip
    texts = [(LEFT - 5, RIM + 4, f"{high:.3g}"), (LEFT - 5, bottom + 4, f"{low:.3g}"),
             (right, HIGH - 6, "ten steps; way from the start, over lr")]  # fmt: skip
    drawn += [f'<text x="{x}" y="{y}" text-anchor="end">{text}</text>' for x, y, text in texts]
    return (
        f'<div class="optlib-figure steps"><svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" role="img" '
        f'aria-label="{html.escape(elsewhere.picture.description)}"><path class="axis" '
        f'd="M{LEFT} {RIM}V{bottom}H{right}"/>{"".join(drawn)}</svg><ul>{"".join(names)}</ul></div>'
    )
