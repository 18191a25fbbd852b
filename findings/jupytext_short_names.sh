#!/usr/bin/env bash
# Library: jupytext 1.19.6, a notebook written as a Python script, with IPython 9.4.0 to run the notebook's cells.
# Guess:   only magic (%time, !ls, a bare `ls`) becomes a comment. `mv = 0` stays, and so does every other assignment.
# Happens: a statement outside of loops and functions that begins with a variable called cat, cd, cp, mv, rm, ls, ren, copy
#          or echo, then a space and anything but = or a comma, is taken for a shell command and commented out:
#          `mv *= 0.9`, `cp -= lr * g`, `ls += [loss]`. IPython runs them as Python. No warning.
# Matters: moments (mv), a copy of the weights (cp), running means (rm), losses (ls): the script runs to its end without the
#          steps and prints other numbers than the notebook. Back in a notebook all looks well, as the comment is removed.
# Source:  https://github.com/jupytext/jupytext/issues/339 (closed) was the same for `cat = x` alone
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export IPYTHONDIR="$folder/ipython" JUPYTER_CONFIG_DIR="$folder/config" JUPYTER_DATA_DIR="$folder/data"
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'jupytext==1.19.6' 'ipython==9.4.0'
cat > "$folder/check.py" <<'PY'
import contextlib
import io
import subprocess
import sys
from importlib.metadata import version

import jupytext
import nbformat
from IPython.core.interactiveshell import InteractiveShell

CELLS = ["g, lr = 2.0, 0.1\nmv, cp, rm, ls = 1.0, 1.0, 1.0, []", "mv *= 0.9", "cp -= lr * g", "rm += lr * (g - rm)",
         "ls += [g]", "print(mv, cp, rm, ls)"]


def in_ipython():
    shell, printed = InteractiveShell.instance(), io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in CELLS:
            shell.run_cell(cell).raise_error()
    return printed.getvalue().strip()


def as_script(form):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbformat.write(notebook, "run.ipynb")
    subprocess.run([sys.executable, "-m", "jupytext", "--to", form, "run.ipynb"], check=True, capture_output=True)
    assert [cell.source for cell in jupytext.read("run.py").cells] == CELLS
    return subprocess.run([sys.executable, "run.py"], check=True, capture_output=True, text=True).stdout.strip()


print("jupytext", version("jupytext"), "IPython", version("ipython"))
print("guess:", in_ipython())
print("seen: ", as_script("py:percent"))
with open("run.py") as file:
    print(*[line for line in file if "mv *=" in line or "cp -=" in line], sep="", end="")
assert in_ipython() == "0.9 0.8 1.1 [2.0]", in_ipython()
assert as_script("py:percent") == as_script("py:light") == "1.0 1.0 1.0 []"
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
