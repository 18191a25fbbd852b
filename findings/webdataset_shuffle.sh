#!/usr/bin/env bash
# Library: webdataset 1.0.2 with torch 2.13.0, WebDataset(...).shuffle(100).
# Guess:   it shuffles like a DataLoader: seeds of random, NumPy and torch fix the order of a run, and each epoch has another.
# Happens: one or the other. Without `seed` the generator is made of the process number and the clock: no seed of the
#          program fixes it. With seed=0 it is made anew for each epoch: each has the same order.
# Matters: runs "with the same seed" differ, and a run that was made repeatable sees its examples in one order for ever.
#          shuffle(100, rng=random.Random(0)) does both.
# Source:  https://github.com/webdataset/webdataset/issues/122 for the first part
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'webdataset==1.0.2' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import random
from importlib.metadata import version

import numpy as np
import torch
import webdataset

SIZE = 50
with webdataset.TarWriter("samples.tar") as file:
    for number in range(SIZE):
        file.write({"__key__": f"{number:02d}", "cls": number})


def two_epochs(data):
    return [[int(sample["cls"]) for sample in data] for _ in range(2)]


def run(**settings):
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    if "rng" in settings:
        settings["rng"] = random.Random(settings["rng"])
    return two_epochs(webdataset.WebDataset("samples.tar", shardshuffle=False).shuffle(100, **settings))


def torch_run():
    torch.manual_seed(0)
    data = [{"cls": number} for number in range(SIZE)]
    return two_epochs(torch.utils.data.DataLoader(data, shuffle=True))


def told(first, second):
    """Of two runs of two epochs: is the second run the first, and is the second epoch the first."""
    assert sorted(first[0]) == list(range(SIZE)) != first[0]
    return {"runs are alike": first == second, "epochs are alike": first[0] == first[1]}


guess = told(torch_run(), torch_run())
seen = told(run(), run())
seeded = told(run(seed=0), run(seed=0))
print("webdataset", version("webdataset"), "torch", torch.__version__)
print("guess:", guess)
print("seen: ", seen, "with all three seeds set")
print("      ", seeded, "with shuffle(100, seed=0)")
assert guess == told(run(rng=0), run(rng=0)) == {"runs are alike": True, "epochs are alike": False}
assert seen == {"runs are alike": False, "epochs are alike": False}
assert seeded == {"runs are alike": True, "epochs are alike": True}
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
