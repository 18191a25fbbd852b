"""The course in the hands of other notebook tools: nothing is lost, and what is run comes out as stored."""

import html
import re
import subprocess
import sys

import jupytext
import papermill
import pytest
from nbconvert import HTMLExporter, MarkdownExporter, ScriptExporter
from slides_cases import NOTEBOOKS, ROOT, is_solution, read, solution_lines, squeezed
from slides_cases import code_cells as code

from tools.roles import is_prediction

SHORT = ROOT / "notebooks" / "00_start_here.ipynb"


def printed(notebook):
    """What the cells print, each as one text."""
    streams = lambda cell: [output.text for output in cell.outputs if output.output_type == "stream"]
    return ["".join(streams(cell)) for cell in code(notebook)]


def test_a_script_keeps_the_prose_and_every_name_in_it_is_defined(path, tmp_path):
    """Also `display`, which only IPython defines: other tools run the cells as a plain program."""
    script, about = ScriptExporter().from_filename(path)
    assert about["output_extension"] == ".py"
    lines = {line.lstrip("# ") for line in script.splitlines() if line.startswith("#")}
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert {line.lstrip("# ") for line in cell.source.splitlines() if line.strip()} <= lines
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", str(tmp_path / "script.py")]
    done = subprocess.run(ruff, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("path", "kind"), [(SHORT, HTMLExporter), *((path, MarkdownExporter) for path in NOTEBOOKS)],
                         ids=lambda each: getattr(each, "stem", None) or each.__name__)  # fmt: skip
def test_solutions_are_left_out_by_nbconvert_and_folded_by_myst(path, kind):
    """By what `test_notebooks.py` asks of the metadata of every solution; HTML, which takes long, of one notebook."""
    bare = read(path)
    for cell in code(bare):
        cell.outputs = []  # megabytes of pictures
    text = html.unescape(re.sub(r"<[^>]+>", "", kind().from_notebook_node(bare)[0]))
    assert not [line for line in solution_lines(path) if line in squeezed(text)]
    assert all("hide-cell" in cell.metadata.tags for cell in code(read(path)) if is_solution(cell))


def test_what_is_left_out_is_the_source_of_solutions_and_predictions_and_no_more():
    script, _ = ScriptExporter().from_filename(SHORT)
    missing = [is_solution(cell) or is_prediction(cell) for cell in code(read(SHORT)) if cell.source not in script]
    assert missing
    assert all(missing)


@pytest.mark.parametrize("kind", ["py:percent", "md", "md:myst"])
def test_jupytext_keeps_cells_tags_and_slides(path, kind):
    before, after = read(path), jupytext.reads(jupytext.writes(read(path), fmt=kind), fmt=kind)
    assert [(cell.cell_type, cell.source) for cell in after.cells] == [
        (cell.cell_type, cell.source) for cell in before.cells
    ]
    for one, other in zip(before.cells, after.cells, strict=True):
        for name in ("tags", "slideshow"):
            assert other.metadata.get(name) == one.metadata.get(name)


def test_papermill_runs_a_notebook_as_stored(tmp_path):
    papermill.execute_notebook(
        SHORT, tmp_path / "out.ipynb", cwd=SHORT.parent, kernel_name="python3", progress_bar=False
    )
    before, after = read(SHORT), read(tmp_path / "out.ipynb")
    assert [(cell.id, cell.source) for cell in after.cells] == [(cell.id, cell.source) for cell in before.cells]
    assert printed(after) == printed(before)
