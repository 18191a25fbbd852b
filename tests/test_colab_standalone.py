"""`make colab`: each notebook as one file that runs where nothing of the course is in reach.

What the files hold is tested everywhere.  They are executed in the environment of `make test-colab` only, in an empty
folder, by a kernel that sees neither the repository nor array-api-compat; torch, whose version on Colab has no CPU
build, is that of the course, and of CIFAR-10 and Fashion-MNIST, which cannot be fetched in a test, the bundled subset.
"""

import functools
import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from slides_cases import NOTEBOOKS, ROOT, code_cells

from tools.colab import __main__ as command
from tools.colab import package, repository
from tools.colab.bootstrap import is_bootstrap
from tools.colab.standalone import FETCHED, NOVEL, WORDING, standalone

ADDRESS = "https://github.com/someone/course"
COLAB = importlib.metadata.version("ipywidgets").startswith("7.")

text_of = functools.cache(command.text_of)


def colab_copy(path, *address):
    return nbformat.reads(text_of(path, *address), as_version=4)


def test_it_is_the_notebook_less_its_outputs_and_with_the_package(path):
    notebook, original = colab_copy(path), nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(notebook))
    sources = [re.sub(r"\A#@title (Solution|Checks|Predict)\n", "", cell.source) for cell in code_cells(notebook)]
    assert [s for s in sources if s in {cell.source for cell in code_cells(original)}] == [
        cell.source for cell in code_cells(original)
    ]
    assert notebook.cells[[is_bootstrap(cell) for cell in notebook.cells].index(True) - 1].id == "package"
    for cell in code_cells(notebook):
        folded = cell.metadata.get("cellView") == "form"
        assert folded == cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert folded >= ("#@title" in cell.source)
    code = "".join(sources)
    records = 800_000 * ('"six"' in code) + 600_000 * ('"subset_retuned"' in code)
    assert len(text_of(path)) < 950_000 + 300_000 * bool(NOVEL.search(code)) + records


def test_the_command_writes_all_of_them_with_the_same_bytes_each_time_and_none_of_this_machine(
    tmp_path, monkeypatch, capsys
):
    run = [sys.executable, "-m", "tools.colab", "--out", str(tmp_path)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [path.name for path in NOTEBOOKS]
    assert all(path.name in done.stdout for path in NOTEBOOKS)
    for path in NOTEBOOKS:
        text = (tmp_path / path.name).read_text(encoding="utf-8")
        assert text == text_of(path)
        assert str(ROOT) not in text
    monkeypatch.setattr(sys, "argv", [*run[2:], "none.ipynb"])
    with pytest.raises(SystemExit):
        command.main()
    assert capsys.readouterr().err.endswith("none.ipynb is not a file; name notebooks such as "
                                            "notebooks/00_start_here.ipynb\n")  # fmt: skip


def test_the_words_are_those_of_colab_and_no_link_is_dead(path):
    text = "\n".join(cell.source for cell in colab_copy(path, "").cells if cell.cell_type == "markdown")
    assert not [words for words in (*WORDING, "Kernel →", "three dots", "JupyterLab") if words in text]
    assert not re.findall(r"\]\((?!https?://)[^)]*", text)


def test_a_link_to_the_course_stands_only_where_it_is_published(path):
    published, unpublished = colab_copy(path, ADDRESS), colab_copy(path, "")
    about, nowhere = (next(c.source for c in n.cells if c.id == "about-colab") for n in (published, unpublished))
    assert "http" not in nowhere
    assert f"]({repository.colab_link(path.stem, ADDRESS)})" in about
    assert ADDRESS in about
    text = "\n".join(cell.source for cell in published.cells if cell.cell_type == "markdown")
    assert not re.findall(r"\]\((?!https?://)[^)]*", text)


def test_a_gpu_and_the_data_are_asked_for_by_the_notebooks_that_need_them():
    sources = "x = 'import torch'", "import numpy\nimport torch", "ol.data.cifar10()", "ol.benchmark.load('cpu')"
    plain, torch, cifar, recorded = (
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]) for code in sources
    )
    assert ["accelerator" in standalone(n, "x").metadata for n in (plain, torch, cifar)] == [False, True, False]
    assert [any(c.id == "cifar10" for c in standalone(n, "x").cells) for n in (torch, cifar, recorded)] == [
        False, True, False
    ]  # fmt: skip
    for code, fetched in (("ol.data.fashion_mnist()", ["fashion-mnist"]), ("TASKS['mnist']", ["mnist"])):
        copy = standalone(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), "x")
        assert [c.id for c in copy.cells if c.id in FETCHED] == fetched


def test_all_files_of_the_package_ride_along_and_those_of_array_api_compat():
    inside = set(package.files(results=[path.name for path in package.RESULTS.glob("*.jsonl")], novel=True))
    codes = 'device="cpu"', 'map(benchmark.load, ("six", "cpu"))'
    assert [package.asked_for(code) for code in codes] == [(), ("cpu.jsonl", "six.jsonl")]
    wanted = subprocess.run(["git", "ls-files", "optlib", "data/results"], cwd=ROOT, capture_output=True, text=True)
    fashion = "optlib/data/files/fashion-mnist-subset/"
    assert wanted.returncode or {name for name in wanted.stdout.split() if not name.startswith(fashion)} <= inside
    assert "optlib/data/files/novel/pride_and_prejudice.txt.bz2" in inside
    assert {"also/array_api_compat/torch/__init__.py", "also/array_api_compat/LICENSE"} <= inside
    assert not [name for name in inside if name.endswith((".pyc", ".pkl", ".pt"))]
    assert all(name.startswith(("optlib/", "also/array_api_compat/", "data/results/")) for name in inside)


def bare(code, folder):
    run = [sys.executable, "-I", "-S", "-"]
    return subprocess.run(run, input=code, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_package_is_unpacked_whole_and_a_damaged_one_is_refused(tmp_path):
    good = package.source()
    done = bare(f"{good}\nprint(folder, sys.path[0] == folder, sys.path[-1])", tmp_path)
    folder, first, last = done.stdout.split()
    assert (first, last, done.stderr) == ("True", f"{folder}/also", "")
    for name, path in package.files(results=(), novel=False).items():
        assert (Path(folder) / name).read_bytes() == path.read_bytes(), name
    assert list(tmp_path.iterdir()) == []
    middle = len(good) // 2
    damaged = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]
    broken = bare(damaged + "\nprint('unpacked')", tmp_path)
    assert "unpacked" not in broken.stdout
    assert "ValueError: This copy of the notebook is damaged" in broken.stderr


def view(folder, packages, hidden=("optlib", "__editable__", "array_api_compat")):
    """A folder with links to all installed packages but those that Colab does not have."""
    folder.mkdir()
    for path in Path(packages).iterdir():
        if not path.name.lstrip("_").startswith(tuple(name.lstrip("_") for name in hidden)):
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def kernel_names(tmp_path_factory):
    """Names of kernels: to "colab" only Colab's packages are installed; to "torch" after them those of the course."""
    base = tmp_path_factory.mktemp("kernel")
    paths = [view(base / "packages", sysconfig.get_path("purelib"))]
    _add_kernel(base, "colab", paths)
    course = list((ROOT / ".venv" / "lib").glob(f"python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"))
    if course:
        _add_kernel(base, "torch", [*paths, view(base / "course", course[0])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(base))
        patch.delenv("PYTHONPATH", raising=False)
        patch.setenv("OPTLIB_DATA", str(ROOT / "data"))
        patch.setenv("MPLCONFIGDIR", str(base / "matplotlib"))
        # Build matplotlib's list of fonts first: on a slow machine it prints a notice on stderr.
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], timeout=300, check=True)
        yield ["colab", "torch"][: 1 + bool(course)]


def _add_kernel(base, name, paths):
    start = (f"import sys; sys.path += {[str(path) for path in paths]}; "
             "import runpy; runpy.run_module('ipykernel_launcher', run_name='__main__')")  # fmt: skip
    spec = {"argv": [sys.executable, "-S", "-c", start, "-f", "{connection_file}"], "display_name": name}
    (base / "kernels" / name).mkdir(parents=True)
    (base / "kernels" / name / "kernel.json").write_text(json.dumps(spec))


WITH_TORCH = [path for path in NOTEBOOKS if COLAB and colab_copy(path).metadata.get("accelerator") == "GPU"]
WITHOUT = [path for path in NOTEBOOKS[::-1] if path not in WITH_TORCH]  # the longest first


@pytest.mark.skipif(not COLAB, reason="these are not Colab's versions: make test-colab")
@pytest.mark.parametrize("path", [*WITHOUT, *WITH_TORCH], ids=lambda path: path.stem)
def test_it_runs_in_an_empty_folder_without_a_warning(path, kernel_names, tmp_path):
    name = "torch" if path in WITH_TORCH else "colab"
    if name not in kernel_names:
        pytest.skip("no torch is here for this Python; make test-colab runs it on the course's own")
    import kernels
    import races
    from nbclient import NotebookClient
    from traitlets.config import Config

    notebook = colab_copy(path)
    for cell in code_cells(notebook):
        if cell.id in FETCHED:
            cell.source = "pass"  # the network is not part of a test
        cell.source = races.shorter(cell.source)
    where = "import optlib, array_api_compat\nprint(optlib.__file__, array_api_compat.__file__)"
    notebook.cells.append(nbformat.v4.new_code_cell(where))
    NotebookClient(notebook, timeout=300, startup_timeout=300, kernel_name=name,
                   config=Config(KernelManager=kernels.apart()),
                   resources={"metadata": {"path": str(tmp_path)}}).execute()  # fmt: skip
    errors = [output.text for cell in code_cells(notebook) for output in cell.outputs if output.get("name") == "stderr"]
    assert errors == []
    assert all(cell.execution_count for cell in code_cells(notebook) if cell.source)
    # One print may arrive in several outputs, depending on when the kernel flushes.
    places = "".join(output.text for output in notebook.cells[-1].outputs).split()
    assert re.search(r"optlib-\w+/optlib/__init__.py$", places[0])
    assert re.search(r"optlib-\w+/also/array_api_compat/__init__.py$", places[1])
    digest = hashlib.sha256((Path(places[0]).parent / "registry.py").read_bytes()).digest()
    assert digest == hashlib.sha256((ROOT / "optlib" / "registry.py").read_bytes()).digest()
