#!/usr/bin/env bash
# Library: marimo 0.25.2, `marimo convert` from a Jupyter notebook.
# Guess:   the converted notebook gives the same numbers, or convert says that it cannot; a variable set in two cells, which
#          marimo forbids, is renamed so that each use finds the value it found before.
# Happens: the later cell's assignments are renamed and its reads are not, also where a loop reads what it assigned in the
#          turn before: `w -= lr * grad(w)` becomes `w_1 = w - lr * grad(w)`, which starts from the same w at each turn.
#          A function that reads `lr` keeps the first cell's, though a later cell sets it anew. No warning, exit status 0.
# Matters: weights in one cell and the training loop in the next is the usual notebook. Ten steps of gradient descent become
#          one (.8 for .107), the best of several losses becomes the last one, and a lowered rate is not used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME="$folder" XDG_CONFIG_HOME="$folder/config" XDG_STATE_HOME="$folder/state" XDG_CACHE_HOME="$folder/cache"
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'marimo==0.25.2'
cat > "$folder/check.py" <<'PY'
import contextlib
import io
import json
import subprocess
import sys

NOTEBOOKS = {
    "descent": ["w, lr = 1.0, 0.1", "for step in range(10):\n    w -= lr * 2 * w\nprint(round(w, 3))"],
    "best": ["best = 9.0", "for loss in (5.0, 3.0, 7.0):\n    if loss < best:\n        best = loss\nprint(best)"],
    "rate": ["lr = 0.1\ndef after_step(w):\n    return w - lr * w", "print(after_step(1.0))", "lr = 0.01",
             "print(after_step(1.0))"],
}


def by_the_notebook(cells):
    printed, names = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        for cell in cells:
            exec(cell, names)
    return printed.getvalue().split()


def by_marimo(name, cells):
    shape = dict(cell_type="code", execution_count=None, metadata={}, outputs=[])
    notebook = dict(nbformat=4, nbformat_minor=4, metadata={}, cells=[dict(shape, source=cell) for cell in cells])
    with open(f"{name}.ipynb", "w") as file:
        json.dump(notebook, file)
    convert = [sys.executable, "-m", "marimo", "convert", f"{name}.ipynb", "-o", f"{name}_marimo.py"]
    said = subprocess.run(convert, check=True, capture_output=True, text=True)
    assert "warning" not in (said.stdout + said.stderr).lower(), said
    ran = subprocess.run([sys.executable, f"{name}_marimo.py"], check=True, capture_output=True, text=True)
    return ran.stdout.split()


print(subprocess.run([sys.executable, "-m", "marimo", "--version"], capture_output=True, text=True).stdout.strip())
seen = {name: by_marimo(name, cells) for name, cells in NOTEBOOKS.items()}
print("guess:", {name: by_the_notebook(cells) for name, cells in NOTEBOOKS.items()})
print("seen: ", seen)
with open("descent_marimo.py") as file:
    print(*[line for line in file if "for step" in line or "w_1 =" in line], sep="", end="")
assert seen == {"descent": ["0.8"], "best": ["7.0"], "rate": ["0.9", "0.9"]}, seen
assert {name: by_the_notebook(cells) for name, cells in NOTEBOOKS.items()} \
    == {"descent": ["0.107"], "best": ["3.0"], "rate": ["0.9", "0.99"]}
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
