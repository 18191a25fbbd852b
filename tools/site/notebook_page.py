"""A notebook as the body of a page: text, code, stored outputs; solutions folded, widgets left out."""

import dataclasses
import html
import re

import nbformat
from nbconvert.filters import ansi2html

from ..colab.bootstrap import is_bootstrap
from ..outputs import misses_sliders, shown
from . import markup

# What is said of JupyterLab, as it is on a page.
WORDING = {"click the three dots, or the bar at its left": "click on it"}
NOTE = """<p class="note">The sliders of this picture call the code above, so they need the running notebook. Here it
stands as at the start.</p>"""
MINUTES = re.compile(r"takes (?:about )?([\w-]+) \*\*minutes\*\*")


@dataclasses.dataclass(frozen=True)
class Page:
    """What the template is given.

    ``headings`` is a list of (level, anchor, text, HTML); ``lead`` the first paragraph as HTML, ``minutes`` a text or
    None.
    """

    name: str
    title: str
    body: str
    headings: list
    lead: str = ""
    minutes: str | None = None
    colab: str | None = None


def read(path, colab=None):
    """The page of the notebook at ``path``; ``colab`` is the link that opens it there, where there is one."""
    notebook = nbformat.read(path, as_version=4)
    anchors = markup.Anchors()
    body = "\n".join(_cell(cell, anchors) for cell in notebook.cells if not is_bootstrap(cell))
    opening = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    minutes = MINUTES.search(opening)
    lead = markup.markdown(opening.split("\n\n")[1], markup.Anchors())
    title = _name(path.stem, anchors.found[0][2])
    return Page(path.stem, title, body, anchors.found, lead, minutes[1] if minutes else None, colab)


def _name(stem, title):
    """The first notebook has the title of the course; in lists it goes by the name of its file."""
    return stem.partition("_")[2].replace("_", " ").capitalize() if stem.startswith("00_") else title


def _cell(cell, anchors):
    if cell.cell_type == "markdown":
        source = cell.source
        for here, there in WORDING.items():
            source = source.replace(here, there)
        return f'<div class="text">{markup.markdown(source, anchors)}</div>'
    if cell.cell_type == "raw":
        return ""
    tags = cell.metadata.get("tags", [])
    source = f'<div class="code">{markup.code(cell.source)}</div>'
    outputs = "".join(_output(kind, data, anchors) for kind, data in shown(cell)) + NOTE * misses_sliders(cell)
    if "solution" in tags:
        return f'<details class="solution"><summary>Solution</summary>{source}{outputs}</details>'
    if "hide-input" in tags:
        source = f"<details><summary>Code</summary>{source}</details>"
    return source + outputs


def _output(kind, data, anchors):
    if kind == "stream":
        return f'<pre class="output">{ansi2html(data[kind])}</pre>'
    if kind == "text/plain":
        return f'<pre class="output">{html.escape(data[kind])}</pre>'
    if kind == "text/html":
        made = data[kind]
    elif kind == "text/markdown":
        made = markup.markdown(data[kind], anchors)
    else:
        alt = html.escape(data.get("text/plain", ""))
        made = f'<img alt="{alt}" src="data:{kind};base64,{data[kind].strip()}">'
    return f'<div class="output rich">{made}</div>'
