"""`make notebooks`: the same notebook gives the same bytes, and a failing cell costs nothing."""

import json
import sys

import nbformat
import pytest
from nbformat import v4

from tools import execute_notebooks as tool

WIDGET = "import ipywidgets as w\nw.VBox([w.IntSlider(3), w.Image(value=b'png')])"


def notebook(folder, *sources):
    cells = [v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    path = folder / "small.ipynb"
    nbformat.write(v4.new_notebook(cells=cells, metadata={"signature": "me", "widgets": {}}), path)
    return path


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """A notebook with prints and a widget, after a first and a second execution."""
    path = notebook(tmp_path_factory.mktemp("notebooks"), "print('a')\nprint('b')\nprint(6 * 7)", WIDGET)
    first = tool.write(tool.execute(path), path)
    text = path.read_text()
    second = tool.write(tool.execute(path), path)
    return path, first, text, second


def test_a_second_run_changes_no_byte(twice):
    path, first, text, second = twice
    assert first is True
    assert second is False
    assert path.read_text() == text
    assert not list(path.parent.glob("*.part"))


def test_nothing_of_the_machine_is_kept(twice):
    stored = json.loads(twice[2])
    assert set(stored["metadata"]) == {"kernelspec", "language_info"}
    assert "version" not in stored["metadata"]["language_info"]
    assert [cell["execution_count"] for cell in stored["cells"]] == [1, 2]
    assert not any("execution" in cell["metadata"] for cell in stored["cells"])
    stream = {"name": "stdout", "output_type": "stream", "text": ["a\n", "b\n", "42\n"]}
    assert stored["cells"][0]["outputs"] == [stream]


def test_widgets_are_numbered_and_their_models_left_out(twice):
    stored = json.loads(twice[2])
    (output,) = stored["cells"][1]["outputs"]
    assert output["data"][tool.WIDGET_VIEW]["model_id"] == f"{1:032x}"


def test_a_page_names_the_widgets_of_its_own_cell_by_their_number():
    names = ["a" * 32, "b" * 32]
    outputs = [[{"text/html": f'<div data-bridge="optlib-bridge-{name}">'}, {tool.WIDGET_VIEW: {"model_id": name}}]
               for name in names]  # fmt: skip
    cells = [nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data=data) for data in pair])
             for pair in outputs]  # fmt: skip
    notebook = tool.normalize(nbformat.v4.new_notebook(cells=cells))
    pages = [cell.outputs[0].data["text/html"] for cell in notebook.cells]
    assert pages == [f'<div data-bridge="optlib-bridge-{number:032x}">' for number in (1, 2)]


def test_check_tells_a_stale_output(twice, monkeypatch, capsys):
    path, *_, text, _ = twice
    monkeypatch.setattr(sys, "argv", ["execute_notebooks.py", "--check", str(path)])
    tool.main()
    assert "as it was" in capsys.readouterr().out
    try:
        path.write_text(text.replace("42", "43"))
        with pytest.raises(SystemExit, match="1 of 1 notebooks would change"):
            tool.main()
        assert "43" in path.read_text()
    finally:
        path.write_text(text)


def test_a_failing_cell_leaves_the_file_alone(tmp_path, monkeypatch):
    path = notebook(tmp_path, "print(1)", "raise RuntimeError('broken on purpose')")
    before = path.read_text()
    monkeypatch.setattr(sys, "argv", ["execute_notebooks.py", str(path)])
    with pytest.raises(SystemExit, match="small.ipynb: a cell failed"):
        tool.main()
    assert path.read_text() == before


def test_a_missing_notebook_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["execute_notebooks.py", str(tmp_path / "none.ipynb")])
    with pytest.raises(SystemExit, match="none.ipynb is not a file"):
        tool.main()
