"""Progress bars: a bar in a terminal, a widget in a notebook, few plain lines in a file, never a warning."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import kernels
import nbformat
import pytest
import torch
from nbclient import NotebookClient
from traitlets.config import Config
from vision_cases import one_thread, short  # noqa: F401

from optlib.data.progress import progress_bar, say
from optlib.vision.progress import Progress

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("imported", [(), ("IPython", "ipykernel.zmqshell")], ids=["alone", "beside ipykernel"])
def test_a_terminal_has_a_bar(capsys, monkeypatch, imported):
    for name in imported:
        importlib.import_module(name)
    for name in ("tqdm.auto", "tqdm.autonotebook"):
        monkeypatch.delitem(sys.modules, name, raising=False)  # they choose as they are imported
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress_bar(8_000_000, "x.gz", unit="B") as bar:
        bar.update(4_000_000)
        say("broken; trying again in 1 s")
        bar.update(4_000_000)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split("\n")[0].split("\r")[-1] == "broken; trying again in 1 s"
    assert re.search(r"\rx.gz: 100%.* 8.00M/8.00M .*B/s", err.split("\n")[1])


def test_a_file_has_a_line_each_tenth(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)  # to import it amid a download would be in the way of Ctrl-C
    with progress_bar(1000, "x.gz", initial=250, unit="B") as bar:
        for _ in range(75):
            bar.update(10)
    assert capsys.readouterr() == ("", "".join(f"x.gz: {tenth} %\n" for tenth in range(30, 101, 10)))


def test_a_run_in_a_file_writes_a_line_an_epoch(capsys):
    short(epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(":")[0] for line in err.split("\n")] == ["epoch 1/2", "epoch 2/2", ""]
    assert "images/s" in err


def test_a_run_in_a_terminal_has_a_bar_and_a_line_an_epoch(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    short(epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    first, second, last = (line.split("\r") for line in err.split("\n"))
    assert first[-1].startswith("epoch 1/2: train")
    assert second[-1].startswith("epoch 2/2: train")
    assert any(re.match(r"epoch 2/2: +50%.* 22.0/44.0 .*images/s", each) for each in second[:-1])
    assert last[-2:] == [" " * len(last[-2]), ""]  # at the end the bar is gone


def test_the_bar_of_a_run_tells_loss_and_share(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(True, epochs=4, images=1000)
    progress.begin(1)
    progress.bar.mininterval = 0
    progress.step([torch.tensor(125.0)], seen=500)
    assert re.match(r"epoch 2/4: +38%.* 1.50k/4.00k .* images/s, loss 0.2500", str(progress.bar))
    progress.close()


def test_without_progress_nothing_is_written(capsys):
    short()
    assert capsys.readouterr() == ("", "")


def test_a_notebook_has_a_widget_and_lines_but_no_stderr():
    code = f"import sys, warnings; sys.path.insert(0, {str(ROOT / 'tests')!r}); warnings.simplefilter('error')\n"
    code += "from vision_cases import short\nshort(epochs=2, progress=True);"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    options = {"config": Config(KernelManager=kernels.apart()), "resources": {"metadata": {"path": str(ROOT)}}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", **options).execute()
    outputs = notebook.cells[0].outputs
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    assert [output.name for output in outputs if output.output_type == "stream"].count("stderr") == 0
    assert [line.split(":")[0] for line in text.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    widgets = [output for output in outputs if output.output_type == "display_data"]
    assert len(widgets) == 1
    assert "application/vnd.jupyter.widget-view+json" in widgets[0].data


def test_a_notebook_without_ipywidgets_has_a_bar_of_text_and_no_warning():
    code = """
import sys, types
sys.modules |= {"ipywidgets": None, "ipykernel.zmqshell": types.ModuleType("ipykernel.zmqshell")}
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=None))
from optlib.data.progress import progress_bar, where
with progress_bar(10, "x") as bar:
    bar.update(10)
print(where())
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.stdout == "notebook\n"
    assert "x: 100%" in done.stderr
    assert "rror" not in done.stderr
    assert "arning" not in done.stderr
