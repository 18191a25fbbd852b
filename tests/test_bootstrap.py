"""The first code cell of every notebook: it finds the package or says what to do, and never pretends."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from slides_cases import NOTEBOOKS, ROOT

from tools.colab import bootstrap, repository

ADDRESS = "https://github.com/someone/course"
ON_COLAB = "import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
TELL = "\nprint(importlib.util.find_spec('optlib').origin, 'numpy' in sys.modules)"


def run(code, folder, bare=True, **environment):
    """Standard output and error of the code in ``folder``; ``bare``: an interpreter in which nothing is installed."""
    options = ["-I", "-S"] if bare else []
    done = subprocess.run([sys.executable, *options, "-c", code], cwd=folder, env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    return done.stdout.split(), done.stderr


@pytest.fixture
def course(tmp_path):
    """A folder like that of the course."""
    for folder in ("course/optlib", "course/notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "course/optlib/__init__.py").write_text("")
    return tmp_path / "course"


def test_it_is_the_first_code_cell_the_same_everywhere(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [bootstrap.is_bootstrap(cell) for cell in cells].index(True) == 0, "run: python -m tools.colab.bootstrap"
    assert sum(map(bootstrap.is_bootstrap, cells)) == 1
    assert cells[0].source == bootstrap.source(), "run: python -m tools.colab.bootstrap"
    assert cells[0].metadata == bootstrap.METADATA
    assert cells[0].outputs == []
    assert len(cells[0].source.splitlines()) <= 15


def test_putting_it_again_changes_nothing():
    for path in NOTEBOOKS:
        before = nbformat.read(path, as_version=4)
        assert bootstrap.put(nbformat.read(path, as_version=4)) == before


def test_an_address_reaches_cell_and_readme_and_leaves_both():
    notebook, text = nbformat.read(NOTEBOOKS[0], as_version=4), (ROOT / "README.md").read_text(encoding="utf-8")
    assert bootstrap.put_link(text) == text, "run: python -m tools.colab.bootstrap"
    assert (repository.BADGE in text) == bool(repository.REPOSITORY)
    linked = bootstrap.put_link(text, ADDRESS)
    assert f"({repository.colab_link('00_start_here', ADDRESS)})" in linked
    assert bootstrap.put_link(linked, ADDRESS) == linked
    assert bootstrap.put_link(linked, "") == bootstrap.put_link(text, "")
    put = bootstrap.put(notebook, ADDRESS)
    assert sum(ADDRESS in cell.source for cell in put.cells if cell.cell_type == "code") == 1
    assert repository.colab_link("01", "") is None


@pytest.mark.parametrize("wrong", ["github.com/a/b", "https://github.com/a", "https://github.com/a/b.git", 'x"; y("'])
def test_a_wrong_address_is_refused(wrong):
    with pytest.raises(ValueError, match=r"REPOSITORY=.* must be https://github\.com/OWNER/NAME"):
        bootstrap.source(wrong)


def test_where_the_package_is_installed_nothing_changes(tmp_path):
    code = f"import sys; before = [*sys.path]\n{bootstrap.source(ADDRESS)}\nassert sys.path == before{TELL}"
    out, error = run(code, tmp_path, bare=False)
    assert (error, out[1:]) == ("", ["False"])  # NumPy is not loaded: notebook 04 relies on it


@pytest.mark.parametrize("inside", [".", "notebooks"])
def test_it_is_found_in_the_folder_and_above(course, inside):
    out, error = run(ON_COLAB + bootstrap.source(ADDRESS) + TELL, course / inside)
    assert (out, error) == ([str(course / "optlib/__init__.py"), "False"], "")


@pytest.mark.parametrize(("where", "address"), [("", ADDRESS), (ON_COLAB, "")], ids=["at home", "no address"])
def test_elsewhere_it_says_what_to_do(tmp_path, where, address):
    out, error = run(where + bootstrap.source(address) + TELL, tmp_path)
    assert out == []
    assert error.splitlines()[-1].startswith("AssertionError: Package optlib not found: open this notebook in")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_on_colab_it_is_fetched_once_from_the_address(course, tmp_path):
    me = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    for command in (["init", "--quiet"], ["add", "optlib"], [*me, "commit", "--quiet", "-m", "course"]):
        subprocess.run(["git", *command], cwd=course, check=True, timeout=60)
    # git takes the address for this folder; pip looks at what is installed and nowhere else
    offline = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{course.as_uri()}.insteadOf",
               "GIT_CONFIG_VALUE_0": ADDRESS, "PIP_NO_INDEX": "1"}  # fmt: skip
    empty = tmp_path / "empty"
    empty.mkdir()
    for _ in range(2):  # the second time it is there
        out, error = run(ON_COLAB + bootstrap.source(ADDRESS) + TELL, empty, **offline)
        assert out == [str(empty / "course/optlib/__init__.py"), "False"], error
