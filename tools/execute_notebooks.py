"""Execute the notebooks from top to bottom and store their outputs, in a form that only changes with them.

    python -m tools.execute_notebooks [--check] [NOTEBOOK ...]

Without names all of ``notebooks/*.ipynb`` are executed.  A notebook is written only if something changed:
first to a temporary name, then renamed, so that an interrupted run leaves the old file as it was.  ``--check``
writes nothing and fails if something would change.
"""

import argparse
import pathlib
import re
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from optlib.checks import replacing

from .cells import WIDGET_VIEW
from .roles import is_check, is_prediction, tags

ROOT = pathlib.Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 120  # seconds
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    # Without its exporter, `nbconvert --to script` leaves out all text.
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python",
                      "nbconvert_exporter": "python"},
}  # fmt: skip
FOLDED = "hide-cell"  # the tag by which MyST and Jupyter Book fold a cell


def execute(path):
    """Return the notebook at ``path``, executed in its own folder and normalized."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT, record_timing=False, store_widget_state=False, kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # no warning that the kernel's TCP is not encrypted
    )  # fmt: skip
    client.execute()
    return normalize(notebook)


def normalize(notebook):
    """Drop what differs from machine to machine and from run to run; keep what the course sets."""
    extra = {k: v for k, v in notebook.metadata.items() if k in ("accelerator", "colab", "title")}
    notebook.metadata = nbformat.from_dict({**METADATA, **extra})
    for cell in notebook.cells:
        for name in ("execution", "ExecuteTime", "collapsed"):
            cell.metadata.pop(name, None)
        if "solution" in tags(cell):
            _fold(cell)
        if is_check(cell) or is_prediction(cell):
            cell.metadata["jupyter"] = {"source_hidden": True}
        if is_prediction(cell):
            cell.metadata["transient"] = {"remove_source": True}  # for nbconvert: the code tells the answer
        if "answer" in tags(cell):  # until the prediction before it is made
            cell.metadata["jupyter"] = {**cell.metadata.get("jupyter", {}), "outputs_hidden": True}
        if cell.cell_type == "code":
            cell.outputs = _merge_streams(cell.outputs)
    return _number_widgets(notebook)


def _fold(cell):
    """Fold a solution in JupyterLab and MyST, and leave it out of what nbconvert writes, each told in its own way."""
    cell.metadata["jupyter"] = {"source_hidden": True}
    cell.metadata["transient"] = {"remove_source": True}
    cell.metadata["tags"] = [*(tag for tag in tags(cell) if tag != FOLDED), FOLDED]


def _merge_streams(outputs):
    """Join consecutive prints: into how many outputs the kernel splits them depends on timing."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last is not None and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _number_widgets(notebook):
    """Widget models carry random ids; number them in the order of their views, also where a page names its own.

    The models themselves are not stored: pages would show their sliders, which do nothing without a kernel, in place
    of the pictures and players beside them.
    """
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    views = [data[WIDGET_VIEW] for data in shown if WIDGET_VIEW in data]
    numbers = {view["model_id"]: f"{count:032x}" for count, view in enumerate(views, start=1)}
    for view in views:
        view["model_id"] = numbers[view["model_id"]]
    for data in shown:
        if "text/html" in data:
            data["text/html"] = re.sub(
                "(?<=optlib-bridge-)[0-9a-f]{32}", lambda m: numbers.get(m[0], m[0]), data["text/html"]
            )
    return notebook


def write(notebook, path, check=False):
    """Write atomically, unless it is only to be checked; return whether the file changed, or would change."""
    text = nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    changed = text != path.read_text(encoding="utf-8")
    if changed and not check:
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8")
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if an output would change")
    options = parser.parse_args()
    paths = [p.resolve() for p in options.notebooks] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    stale = 0
    for path in paths:
        if not path.is_file():
            sys.exit(f"{path} is not a file; name notebooks such as notebooks/00_start_here.ipynb")
        try:
            notebook = execute(path)
        except CellExecutionError as error:
            sys.exit(f"{path.name}: a cell failed; the file is left as it was.\n{error}")
        changed = write(notebook, path, options.check)
        stale += changed
        print(f"{path.name}: {'changed' if changed else 'as it was'}")
    if options.check and stale:
        sys.exit(f"{stale} of {len(paths)} notebooks would change: run make notebooks")


if __name__ == "__main__":
    main()
