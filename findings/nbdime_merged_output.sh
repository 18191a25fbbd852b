#!/usr/bin/env bash
# Library: nbdime 4.0.4, the merge of two versions of a notebook, as `git merge` with nbdime does it.
# Guess:   one changes the learning rate in a cell, the other runs that cell again: a conflict, as both touched the cell; or
#          the outputs are cleared, as they fit neither.
# Happens: a merge without conflict: the source of the one with the output and the execution count of the other.
# Matters: the notebook says lr = 0.01 above a loss that was computed with .1, as if it had been run so; no run gave this
#          result. Nothing marks it; outputs count as a conflict only where both sides changed them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'nbdime==4.0.4' 'nbformat==5.11.1'
cat > "$folder/check.py" <<'PY'
import copy
from importlib.metadata import version

import nbformat
from nbdime.merging.notebooks import merge_notebooks


def printed(text):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


cell = nbformat.v4.new_code_cell("lr = 0.1\nprint(train(lr))", id="a", execution_count=1, outputs=[printed("0.52\n")])
base = nbformat.v4.new_notebook(cells=[cell])
ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
ours.cells[0].source = "lr = 0.01\nprint(train(lr))"
theirs.cells[0].outputs = [printed("0.47\n")]
theirs.cells[0].execution_count = 7
merged, decisions = merge_notebooks(base, ours, theirs)
found = merged.cells[0]
seen = found.source.splitlines()[0], found.outputs[0].text.strip(), found.execution_count
conflicts = sum(decision.conflict for decision in decisions)
print("nbdime", version("nbdime"), "ours: lr = 0.01, not run again; theirs: lr = 0.1, run again: 0.47")
print("guess: a conflict, or no output")
print(f"seen:  {conflicts} conflicts: {seen[0]!r} with the output {seen[1]} of run {seen[2]}")
assert seen == ("lr = 0.01", "0.47", 7) and conflicts == 0
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
