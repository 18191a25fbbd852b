"""What the tests of decks and of handouts share: the tool, the notebooks, and what a lecture must not show."""

import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
sys.path.insert(0, str(ROOT))  # for `tools`, which is no part of the installed package


def squeezed(text):
    """Without white space: lines may be wrapped anywhere."""
    return re.sub(r"\s+", "", text)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_solution(cell):
    return "solution" in cell.metadata.get("tags", [])


def printed(cell):
    """The text of a cell's outputs, such as the source on a card."""
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "")
                   for output in cell.get("outputs", []))  # fmt: skip


def solution_lines(path):
    """Lines of code, squeezed, that stand in solutions and nowhere else in the notebook, nor in what it shows."""
    cells = read(path).cells
    elsewhere = squeezed("".join(cell.source + printed(cell) for cell in cells if not is_solution(cell)))
    lines = [squeezed(line) for cell in cells if is_solution(cell) for line in cell.source.splitlines()]
    only = [line for line in lines if len(line) > 12 and line not in elsewhere]
    assert only
    return only
