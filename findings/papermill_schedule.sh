#!/usr/bin/env bash
# Library: papermill 2.7.0 with ipykernel 7.4.0, parameters given as Python objects to execute_notebook.
# Guess:   the notebook gets the objects, or an error where one cannot be written as Python.
# Happens: a dict's keys all become strings and a tuple becomes a string: a schedule {0: .1, 2: .01} arrives as
#          {"0": .1, "2": .01}, betas (0.9, 0.999) as "(0.9, 0.999)".
# Matters: schedule.get(epoch, rate) finds no epoch, and the notebook trains at one rate without a word; the first two
#          elements of the betas are "(" and "0". Lists of pairs arrive as they are.
# Source:  https://github.com/nteract/papermill/issues/484 and /784 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export IPYTHONDIR="$folder/ipython" JUPYTER_CONFIG_DIR="$folder/config" JUPYTER_DATA_DIR="$folder/data"
export JUPYTER_RUNTIME_DIR="$folder/runtime"
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'papermill==2.7.0' 'nbclient==0.11.0' 'nbformat==5.11.1' 'ipykernel==7.4.0' 'ipython==9.18.1' 'jupyter_client==8.10.0'
cat > "$folder/check.py" <<'PY'
import logging
from importlib.metadata import version

import nbformat
import papermill

logging.getLogger("papermill").setLevel(logging.ERROR)
SCHEDULE, BETAS = {0: 0.1, 2: 0.01}, (0.9, 0.999)
CODE = """rate, rates = 1.0, []
for epoch in range(4):
    rate = dict(schedule).get(epoch, rate)
    rates.append(rate)
print(rates, betas[0])"""


def printed(**parameters):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    cell = nbformat.v4.new_code_cell("schedule = betas = None", metadata={"tags": ["parameters"]})
    nbformat.write(
        nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_code_cell(CODE)], metadata=metadata), "in.ipynb"
    )
    ran = papermill.execute_notebook("in.ipynb", "out.ipynb", parameters=parameters, progress_bar=False)
    return ran.cells[-1].outputs[0].text.strip()


print("papermill", version("papermill"), "ipykernel", version("ipykernel"))
guess = printed(schedule=[list(pair) for pair in SCHEDULE.items()], betas=list(BETAS))
seen = printed(schedule=SCHEDULE, betas=BETAS)
print("guess: rates and first beta", guess)
print("seen:  rates and first beta", seen)
assert guess == "[0.1, 0.1, 0.01, 0.01] 0.9"
assert seen == "[1.0, 1.0, 1.0, 1.0] ("
PY
cd "$folder"
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" ||
  { cat "$folder/errors"; exit 1; }
