#!/usr/bin/env bash
# Library: myst-nb 1.4.0 with jupyter-cache 1.0.1 (Sphinx 9.0.4), nb_execution_mode = "cache", as books of notebooks use it.
# Guess:   each notebook is executed in its own folder; the cache notices when one of them has changed. A file read by a
#          notebook may change unnoticed, but each page shows what its own notebook has computed at some time.
# Happens: the cache knows a notebook by the code of its cells (and the kernel) and not by its path. Two notebooks with the same
#          code are one: the second is never executed and shows the outputs of the first.
# Matters: one report for each run, copied into the folder of the run and reading metrics.json beside it, shows the first run's
#          loss on every page: .1 where it is .9. Nothing is said; mode "force" is right, and so is a line of code that differs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'myst-nb==1.4.0' 'jupyter-cache==1.0.1' 'sphinx==9.0.4' 'ipykernel==7.4.0'
cat > "$folder/check.py" <<'PY'
import json
import pathlib
import subprocess
import sys

import nbformat

CODE = "import json\nprint('loss', json.load(open('metrics.json'))['loss'])"
losses = {"run_a": 0.1, "run_b": 0.9}


def build(mode, own_line=False):
    """What the pages of the two runs show."""
    book = pathlib.Path(mode + str(own_line))
    for run, loss in losses.items():
        (book / run).mkdir(parents=True)
        (book / run / "metrics.json").write_text(json.dumps({"loss": loss}))
        code = f"# {run}\n{CODE}" if own_line else CODE
        cells = [nbformat.v4.new_markdown_cell(f"# Report of {run}"), nbformat.v4.new_code_cell(code)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), book / run / "report.ipynb")
    (book / "index.md").write_text("# Runs\n\n```{toctree}\nrun_a/report\nrun_b/report\n```\n")
    (book / "conf.py").write_text(f'extensions = ["myst_nb"]\nnb_execution_mode = "{mode}"\n')
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "text", book, book / "out"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pages = {run: (book / "out" / run / "report.txt").read_text() for run in losses}
    return {run: float(page.split("loss ")[-1]) for run, page in pages.items()}


print("guess:", losses)
for mode, own_line in (("force", False), ("cache", False), ("cache", True)):
    seen = build(mode, own_line)
    print("seen: ", seen, f"with mode {mode!r}" + (" and a comment in the code that names the run" if own_line else ""))
    assert (seen == losses) == (mode == "force" or own_line)
    assert seen == losses or len(set(seen.values())) == 1
PY
cd "$folder"
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/python" -W ignore check.py
