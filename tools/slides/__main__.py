"""Decks and handouts of the notebooks.

    python -m tools.slides slides [NOTEBOOK ...] [--out build/slides]
    python -m tools.slides handouts [NOTEBOOK ...] [--out build/handouts]

Without names all of ``notebooks/*.ipynb`` are converted, two at a time.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from .assets import ROOT, ToolMissing, cache
from .deck import write_decks
from .handout import chromium, write_handouts

PROCESSES = 2


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.slides", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["slides", "handouts"])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, help="folder, by default build/slides or build/handouts")
    options = parser.parse_args()
    paths = options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in paths:
        if path.suffix != ".ipynb" or not path.is_file():
            sys.exit(f"{path} is not a notebook; name files such as notebooks/00_start_here.ipynb")
    folder = options.out or ROOT / "build" / options.what
    try:
        if options.what == "handouts":
            chromium()
        cache()  # once, not in each process
        folder.mkdir(parents=True, exist_ok=True)
        write = write_decks if options.what == "slides" else write_handouts
        largest_first = sorted(paths, key=lambda path: -path.stat().st_size)
        shares = [share for i in range(PROCESSES) if (share := largest_first[i::PROCESSES])]
        with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
            written = [path for paths in pool.map(write, shares, [folder] * len(shares)) for path in paths]
    except (ToolMissing, FileNotFoundError, ValueError) as error:
        sys.exit(f"{error}")
    for path in sorted(written):
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
