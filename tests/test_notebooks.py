"""What every notebook must be, beside running: nbval executes them and compares their outputs."""

import configparser
import copy
import os
import re
import statistics
import subprocess
import symtable
import sys

import nbformat
import nbval.kernel
import order
import pytest
import races
from slides_cases import NOTEBOOKS, ROOT, code_cells

from tools.cells import WIDGET_VIEW
from tools.colab.bootstrap import is_bootstrap
from tools.execute_notebooks import normalize
from tools.roles import is_check, is_prediction, tags

# nbval compares nothing in a cell without stored output.  Each notebook keeps at least so many compared cells.
MINIMUM_COMPARED = {"00_start_here": 7, "01_gradient_descent": 25, "02_momentum": 40, "03_adaptive_methods": 36,
                    "04_minibatching": 20, "05_cifar_benchmark": 15, "06_rules_of_today": 20,
                    "07_training_in_practice": 20, "08_six_tasks": 12}  # fmt: skip
# nbval never compares these.
PICTURES = {"image/png", "image/jpeg", WIDGET_VIEW}
SLIDE_TYPES = {"slide", "subslide", "fragment", "notes", "skip", "-"}
# Of these with training loops of their own.
MEDIAN_LINES = dict.fromkeys(["06_rules_of_today", "07_training_in_practice", "08_six_tasks"], 9)
CELLS = {"00_start_here": (15, 40)} | dict.fromkeys(MEDIAN_LINES, (40, 86))
MOST_LINES, MOST_CLAIMS = 12, 8  # of a cell that teaches, in a notebook


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def is_compared(cell):
    """Whether nbval compares at least one thing in this cell's outputs."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return False
    return any(output.output_type == "stream" or set(output.get("data", {})) - PICTURES for output in cell.outputs)


def test_what_takes_minutes_is_shorter_in_a_test():
    sources = [cell.source for path in NOTEBOOKS for cell in code_cells(nbformat.read(path, as_version=4))]
    for long, short in races.SHORTER.items():
        (source,) = (source for source in sources if long in source)
        assert short in races.shorter(source)
        assert long not in races.shorter(source)


def test_files_that_are_begun_first_exist():
    files = {path.name for folder in ("notebooks", "tests") for path in (ROOT / folder).iterdir()}
    assert files.issuperset(name for name in order.LONGEST if name.removesuffix(".ipynb") not in MINIMUM_COMPARED)
    assert {"00_start_here", "01_gradient_descent"} <= {path.stem for path in NOTEBOOKS} <= {*MINIMUM_COMPARED}
    assert [order.place(name) for name in (*order.LONGEST, "another")] == list(range(len(order.LONGEST) + 1))


def test_every_cell_was_run_in_order(notebook):
    for count, cell in enumerate(code_cells(notebook), start=1):
        results = [output for output in cell.outputs if output.output_type == "execute_result"]
        assert {each.execution_count for each in (cell, *results)} == {count}


def test_enough_is_compared(path, notebook):
    compared = sum(map(is_compared, code_cells(notebook)))
    assert compared >= MINIMUM_COMPARED[path.stem], f"only {compared} cells are compared"


def test_outputs_are_clean(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text
            raw = re.search(r"np\.\w+\(|array\(|Difference\(|\{['(\d]", output.get("text", ""))
            assert not (raw and is_check(cell)), f"a reader sees {raw} of {cell.source[:40]}"


def test_nothing_personal_is_stored(path, notebook):
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "accelerator", "colab", "title"}
    text = re.sub(r"[A-Za-z0-9+/=]{200,}", "", path.read_text(encoding="utf-8"))  # pictures
    for pattern in (r"/(?:home|Users|root|tmp|work)/", r"[A-Z]:\\\\Users", r" at 0x[0-9a-f]+"):
        assert not re.search(pattern, text), pattern
    for cell in notebook.cells:
        assert not {"execution", "ExecuteTime"} & set(cell.metadata)


def test_the_metadata_are_those_that_the_writer_gives(notebook):
    """Among them what nbconvert needs to keep the prose in a script, and the folding of solutions."""
    assert notebook.metadata.language_info.nbconvert_exporter == "python"
    assert notebook == normalize(copy.deepcopy(notebook))


def test_widgets_stand_beside_something_that_needs_no_kernel(notebook):
    """The models are not stored; what a page shows in their place is the HTML before them."""
    assert "widgets" not in notebook.metadata
    for cell in code_cells(notebook):
        kinds = [set(output.get("data", {})) for output in cell.outputs]
        for before, kind in zip([set(), *kinds], kinds, strict=False):
            assert WIDGET_VIEW not in kind or {"text/html", "image/png"} <= before, cell.source


def test_cells_are_short_and_prose_prevails(path, notebook):
    taught = [cell for cell in notebook.cells if not is_bootstrap(cell) and not is_check(cell)]
    low, high = CELLS.get(path.stem, (40, 80))
    exercises = next(i for i, cell in enumerate(taught) if cell.source.startswith("## Exercise"))
    assert low <= exercises <= high
    prose = [cell for cell in taught if cell.cell_type == "markdown" or is_prediction(cell)]
    lengths = [len(cell.source.splitlines()) for cell in taught if cell not in prose]
    assert max(lengths) <= 15
    assert 2 <= statistics.median(lengths) <= MEDIAN_LINES.get(path.stem, 5)
    assert len(prose) >= len(lengths)


def is_lesson(cell):
    hidden = {"hide-input", "hide-cell", "solution", "exercise"} & {*tags(cell)}
    return cell.cell_type == "code" and not hidden and not is_prediction(cell)


def test_lessons_are_short_and_their_checks_out_of_the_way(notebook):
    for cell in filter(is_lesson, notebook.cells):
        assert not re.search(r"\bassert\b|claims\.add", cell.source), cell.source
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source
    hidden = [cell for cell in code_cells(notebook) if "hide-input" in tags(cell) and not is_bootstrap(cell)]
    assert hidden
    for cell in hidden:
        assert is_check(cell), cell.source
        assert cell.metadata.slideshow.slide_type == "skip"
        assert cell.metadata.jupyter.source_hidden
    assert sum(cell.source.count("claims.add(") for cell in code_cells(notebook)) <= MOST_CLAIMS


def test_every_cell_knows_its_slide(notebook):
    for cell in notebook.cells:
        assert cell.metadata.get("slideshow", {}).get("slide_type") in SLIDE_TYPES, cell.source[:60]
        solution = "solution" in cell.metadata.get("tags", [])
        assert not solution or cell.metadata.slideshow.slide_type == "skip", "a lecture must not show solutions"


def test_opening_and_closing(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for part in ("you will be able to", "minutes", "## Summary", "## Exercise", "## Sources"):
        assert part in text, part


def test_exercises_have_stub_hint_and_solution(notebook):
    """Each exercise: a stub that is checked, a folded hint, and a folded solution that passes its check."""
    checks = re.compile(r'ol\.check\("([^"]+)"')
    asked, solved = set(), set()
    for cell in code_cells(notebook):
        found = set(checks.findall(cell.source))
        if "solution" in cell.metadata.get("tags", []):
            assert cell.metadata.jupyter.source_hidden, "a solution must be folded"
            assert cell.metadata.transient.remove_source, "nbconvert must leave out a solution"
            assert not found or "assert ol.check(" in cell.source
            solved |= found
        else:
            asked |= found
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert asked
    assert asked == solved
    assert len(re.findall(r"<summary>.*[Hh]int", text)) >= len(asked)


def test_no_solution_takes_the_place_of_an_answer(notebook):
    """What a reader has written under a name is still there after Run all."""
    bound = {"exercise": set(), "solution": set()}
    for cell in code_cells(notebook):
        symbols = symtable.symtable(cell.source, "cell", "exec").get_symbols()
        for tag in bound.keys() & tags(cell):
            bound[tag].update(symbol.get_name() for symbol in symbols if symbol.is_assigned())
    assert bound["exercise"].isdisjoint(bound["solution"])


def test_no_link_is_dead(path, notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


def test_cells_are_numbered_in_their_order(notebook):
    ids = [cell.id for cell in notebook.cells if not is_bootstrap(cell)]
    assert ids == [f"c{number:02d}" for number in range(1, len(ids) + 1)]
    assert [cell.id for cell in notebook.cells if is_bootstrap(cell)] == ["bootstrap"]


def sanitized(text):
    """What nbval compares of an output."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / "tests" / "nbval.cfg")
    for name in rules.sections():
        text = re.sub(rules[name]["regex"], rules[name]["replace"], text)
    return text


SAME = {
    "rounding errors": ("[0.1,8.5e-13,7.883e-15,1.11e-16,0]", "[0.1,0,7.772e-15,0,3.3e-120]"),
    "packed paths": ('"packed":"aB3+/="', '"packed":"xY9"'),
    "checksums of what is stored": ('<figure data-live="optlib-c685efa888"', '<figure data-live="optlib-23a4ab0bdb"'),
}
OTHER = {
    "small numbers": ("[0.1,8.5e-9,0]", "[0.1,8.6e-9,0]"),
    "large numbers": ("[1e10,2]", "[0,2]"),
    "a tiny number that is told": ("f = 1e-12", "f = 0"),
    "a tiny setting": ('{"lr":1e-12,"beta":0}', '{"lr":0,"beta":0}'),
    "a checksum that is not stored with a picture": ("optlib-c685efa888", "optlib-23a4ab0bdb"),
}


@pytest.mark.parametrize("what", SAME | OTHER)
def test_only_what_differs_between_right_runs_is_not_compared(what):
    one, other = map(sanitized, (SAME | OTHER)[what])
    assert (one == other) == (what in SAME)


@pytest.mark.skipif(os.name != "posix", reason="kernels talk through files on POSIX only")
def test_kernels_that_start_at_once_share_no_address():
    one, other = nbval.kernel.KernelManager(), nbval.kernel.KernelManager()
    assert one.transport == other.transport == "ipc"
    assert one.ip != other.ip


def test_a_wrong_stored_number_fails(tmp_path):
    """The comparison bites: one changed digit in a stored output, and only it, makes nbval fail."""
    short = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4)
    for name, stored in (("good", "loss 0.125\n"), ("bad", "loss 0.126\n")):
        printed = nbformat.v4.new_output("stream", text=stored)
        short.cells = [nbformat.v4.new_code_cell("print('loss', 1 / 8)", execution_count=1, outputs=[printed])]
        nbformat.write(short, tmp_path / f"{name}.ipynb")
    sanitize = f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval.cfg'}"
    alone = ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *alone, "--nbval", "--nbval-current-env", sanitize, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
    assert re.findall(r"FAILED \S*?(\w+)\.ipynb", done.stdout) == ["bad"]
