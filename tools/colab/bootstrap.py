"""The first code cell of every notebook: it finds the package wherever the notebook is opened.

    python -m tools.colab.bootstrap [NOTEBOOK ...]

puts the cell into notebooks that lack it, brings it up to date in the others, and does the same for README's link to
Colab.  Execute the notebooks afterwards: `make notebooks`.  The cell is the same everywhere, byte for byte.
"""

import argparse
import pathlib
import re

import nbformat

from optlib.checks import replacing

from . import repository

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAG = "bootstrap"
# Folded to its first line, which says what it does.
METADATA = {"jupyter": {"source_hidden": True}, "slideshow": {"slide_type": "skip"}, "tags": [TAG, "hide-input"]}

# Import the standard library only: notebook 04 sets a variable that NumPy reads when it is first imported.
CELL = '''\
# Finds the course's package, wherever this notebook is opened.
import importlib.util
import pathlib
import subprocess
import sys

REPOSITORY, here = "ADDRESS", pathlib.Path.cwd()
if not importlib.util.find_spec("optlib"):
    found = [p for p in (here, *here.parents, here / "course") if (p / "optlib" / "__init__.py").exists()]
    if not found and REPOSITORY and "google.colab" in sys.modules:
        found = [here / "course"]
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "array-api-compat"], check=True)
        subprocess.run(["git", "clone", "--quiet", "--depth=1", REPOSITORY, found[0]], check=True)
    assert found, "Package optlib not found: open this notebook in the course's folder (for Colab: `make colab`)."
    sys.path.insert(0, str(found[0]))'''


def source(address=None):
    """The cell's text, with the address of the course or of ``address``."""
    return CELL.replace("ADDRESS", repository.checked(repository.REPOSITORY if address is None else address))


def is_bootstrap(cell):
    return TAG in cell.metadata.get("tags", [])


def put(notebook, address=None):
    """Put the present cell into a notebook, before its first code cell, in place of an older one."""
    cells = [cell for cell in notebook.cells if not is_bootstrap(cell)]
    first = next((i for i, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    old = next((cell for cell in notebook.cells if is_bootstrap(cell)), None)
    new = old or nbformat.v4.new_code_cell(id=TAG)
    new.metadata = nbformat.from_dict(METADATA)
    new.source = source(address)
    notebook.cells = [*cells[:first], new, *cells[first:]]
    return notebook


LINK = re.compile(r"(?m)^\[!\[Open in Colab\].*\n\n")


def put_link(text, address=None):
    """README's text with a link to Colab under its title; without one if the course is not published."""
    link = repository.colab_link("00_start_here", address)
    title, _, rest = LINK.sub("", text).partition("\n\n")
    badge = f"[![Open in Colab]({repository.BADGE})]({link})\n\n" if link else ""
    return f"{title}\n\n{badge}{rest}"


def write(path, text):
    """Write atomically, and only what has changed."""
    if text != path.read_text(encoding="utf-8"):
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.name}: changed")


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.colab.bootstrap", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path)
    for path in parser.parse_args().notebooks or sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not path.is_file():
            parser.error(f"{path} is not a file; name notebooks such as notebooks/00_start_here.ipynb")
        notebook = put(nbformat.read(path, as_version=4))
        write(path, nbformat.writes(notebook, version=4).rstrip("\n") + "\n")
    write(ROOT / "README.md", put_link((ROOT / "README.md").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
