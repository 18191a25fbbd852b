#!/usr/bin/env bash
# Library: datasets 5.2.0, Dataset.map and Dataset.from_generator with functions from a module of one's own.
# Guess:   results are kept under a hash of the function. When the function has been edited its hash is another, and the next
#          run computes the data anew; so it does for a function in the script itself.
# Happens: a function that is imported counts by its name alone. After an edit map and from_generator hand out the data of the
#          old code, in every later run, with no message. So does a function of the script that calls an imported one.
# Matters: a bug mended in the preprocessing, another normalization or augmentation in prep.py changes nothing in the
#          training; one compares the old data with the old data. Moved into the script, the same line works.
#          map(load_from_cache_file=False) computes anew.
# Source:  https://github.com/huggingface/datasets/issues/3297 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'datasets==5.2.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os
import subprocess
import sys
from importlib.metadata import version

MODULE = '''
def scale(row):
    return {"x": row["x"] * FACTOR}


def times(number):
    return number * FACTOR


def rows():
    for number in (1, 2, 3):
        yield {"x": number * FACTOR}
'''
SCRIPT = '''
import datasets

import prep
from prep import times

datasets.disable_progress_bars()


def here(row):
    return {"x": row["x"] * FACTOR}


def calls(row):
    return {"x": times(row["x"])}


data = datasets.load_dataset("csv", data_files="data.csv", split="train")
print("written in the script", list(data.map(here)["x"]), sep=": ")
print("imported", list(data.map(prep.scale)["x"]), sep=": ")
print("calls an imported one", list(data.map(calls)["x"]), sep=": ")
print("imported generator", list(datasets.Dataset.from_generator(prep.rows)["x"]), sep=": ")
print("imported, without the cache", list(data.map(prep.scale, load_from_cache_file=False)["x"]), sep=": ")
'''
folder = os.path.dirname(os.path.abspath(__file__))
os.chdir(folder)
environment = os.environ | {"HF_HOME": folder + "/hub", "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
with open("data.csv", "w") as file:
    file.write("x\n1\n2\n3\n")
print("datasets", version("datasets"))
seen = {}
for factor in (10, 1000):
    for name, text in (("prep.py", MODULE), ("train.py", SCRIPT)):
        with open(name, "w") as file:
            file.write(text.replace("FACTOR", str(factor)))
    done = subprocess.run([sys.executable, "train.py"], env=environment, check=True, capture_output=True, text=True)
    seen[factor] = dict(line.split(": ") for line in done.stdout.splitlines())
    print(f"factor {factor} in both files:", seen[factor], "messages:", repr(done.stderr))
old, new = "[10, 20, 30]", "[1000, 2000, 3000]"
assert len(seen[10]) == 5 and set(seen[10].values()) == {old}
assert seen[1000] == {"written in the script": new, "imported": old, "calls an imported one": old,
                      "imported generator": old, "imported, without the cache": new}
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
