"""A notebook as the body of a page: text, code, stored outputs; solutions folded, widgets left out."""

import dataclasses
import re

import nbformat

from .. import markup
from ..cells import Style, Writer, naming
from ..colab.bootstrap import is_bootstrap

# JupyterLab's wording -> that of a page.
WORDING = {
    "click the three dots, or the bar at its left": "click on it",
    "click the three dots or the bar at their left": "click on them",
}
STYLE = Style(
    links=".html",
    note="The sliders of this picture call the code above, so they need the running notebook. Here it stands as at the "
    "start.",
    text='<div class="text">{}</div>',
    hidden="<details><summary>Code</summary>{}</details>",
    check='<details class="checks"><summary>Checks</summary>{}</details>',
    answer='<details class="optlib-answer" open><summary>Output: predict first</summary>{}</details>',
    solution='<details class="solution"><summary>Solution</summary>{}</details>',
    table='<div class="figure">{}</div>',
)
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


def writer(folder, anchors):
    """The writer of a page, whose headings are added to the anchors."""
    return Writer(folder, STYLE, anchors)


def read(path, colab=None):
    """The page of the notebook at ``path``; ``colab`` is the link that opens it there, where there is one."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if not is_bootstrap(cell)]
    opening = next((cell for cell in cells if cell.cell_type == "markdown"), nbformat.v4.new_markdown_cell())
    for cell in cells:
        for here, there in WORDING.items():
            if cell.cell_type == "markdown":
                cell.source = cell.source.replace(here, there)
    anchors = markup.Anchors()
    write = writer(path.parent, anchors)
    with naming(path.name):
        body = "\n".join([*map(write.cell, cells), write.script()])
    minutes = MINUTES.search(opening.source)
    paragraphs = [text for text in opening.source.split("\n\n") if text.strip() and not text.startswith("#")]
    lead = (
        writer(path.parent, markup.Anchors()).markdown(paragraphs[0], opening.get("attachments")) if paragraphs else ""
    )
    name = path.stem.partition("_")[2].replace("_", " ").capitalize() or path.stem
    # The title of the first notebook is that of the course; in lists it goes by the name of its file.
    title = name if path.stem.startswith("00_") or not anchors.rows else anchors.rows[0][2]
    return Page(path.stem, title, body, anchors.rows, lead, minutes[1] if minutes else None, colab)
