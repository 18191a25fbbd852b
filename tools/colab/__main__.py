"""Write the notebooks for Colab, each a single file that brings the course's package along.

    python -m tools.colab [--out FOLDER] [NOTEBOOK ...]

The same sources give the same bytes.
"""

import argparse
import pathlib

import nbformat

from optlib.checks import replacing

from .standalone import standalone

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text_of(path, address=None):
    """The file for Colab that the notebook at ``path`` becomes, as text."""
    return nbformat.writes(standalone(nbformat.read(path, as_version=4), path.stem, address), version=4) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.colab", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path, help="by default all of notebooks/")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "colab", help="folder to write to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not path.is_file():
            parser.error(f"{path} is not a file; name notebooks such as notebooks/00_start_here.ipynb")
        out = options.out / path.name
        with replacing(out) as part:
            part.write_text(text_of(path), encoding="utf-8", newline="\n")
        print(f"{out.relative_to(pathlib.Path.cwd()) if out.is_relative_to(pathlib.Path.cwd()) else out}: "
              f"{out.stat().st_size / 1000:.0f} kB")  # fmt: skip


if __name__ == "__main__":
    main()
