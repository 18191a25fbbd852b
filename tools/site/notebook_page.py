"""A notebook as the body of a page: text, code, stored outputs; solutions folded, widgets left out."""

import dataclasses
import html
import re

import nbformat
from nbconvert.filters import ansi2html

from ..colab.bootstrap import is_bootstrap
from . import markup

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# What is said of JupyterLab, as it is on a page.
WORDING = {"click the three dots, or the bar at its left": "click on it"}
LIVES = re.compile(r'<div class="optlib-(?:explorable|animation)')
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
    outputs = "".join(_output(output, anchors) for output in cell.outputs)
    if any(WIDGET_VIEW in output.get("data", {}) for output in cell.outputs) and not LIVES.search(outputs):
        outputs += NOTE
    if "solution" in tags:
        return f'<details class="solution"><summary>Solution</summary>{source}{outputs}</details>'
    if "hide-input" in tags:
        source = f"<details><summary>Code</summary>{source}</details>"
    return source + outputs


def _output(output, anchors):
    """The richest form that a page can show: a player before its picture, a picture before its text."""
    if output.output_type == "stream":
        return f'<pre class="output">{ansi2html(output.text)}</pre>'
    if output.output_type == "error":
        return f'<pre class="output">{ansi2html(chr(10).join(output.traceback))}</pre>'
    data = output.data
    if WIDGET_VIEW in data:
        return ""  # its sliders would be dead; the output before it lives without a kernel
    if "text/html" in data:
        return f'<div class="output rich">{data["text/html"]}</div>'
    if "text/markdown" in data:
        return f'<div class="output rich">{markup.markdown(data["text/markdown"], anchors)}</div>'
    if "image/png" in data:
        alt = html.escape(data.get("text/plain", ""))
        source = "data:image/png;base64," + data["image/png"].strip()
        return f'<div class="output rich"><img alt="{alt}" src="{source}"></div>'
    return f'<pre class="output">{html.escape(data.get("text/plain", ""))}</pre>'
