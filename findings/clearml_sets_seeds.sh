#!/usr/bin/env bash
# Library: clearml 2.1.12 with torch 2.13.0, Task.init at the beginning of a training script (here in offline mode).
# Guess:   an experiment tracker records and leaves random numbers alone: the seed that was set before holds, and without a
#          seed each run is another.
# Happens: Task.init seeds random, NumPy and torch with 1337, whatever was set before. Its docstring does not say so, and no
#          message does. Of seeds set above it 0, 1 and 2 give the same weights to the last bit.
# Matters: "mean over five seeds" is five times one run, with a spread of 0 or only the noise of the hardware, and a
#          comparison of optimizers rests on one draw. Seeds set after Task.init hold; Task.set_random_seed(None) before it
#          leaves NumPy and torch alone; from `random` it draws all the same.
# Source:  https://github.com/clearml/clearml/issues/1481 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'clearml==2.1.12'
cat > "$folder/check.py" <<'PY'
import os
import random
import sys

import numpy as np
import torch
from clearml import Task


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def train():
    """A few steps of a small network on random data, and a number of each generator."""
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
    return random.random(), np.random.random(), model.weight.sum().item()


seed, where = sys.argv[1:]
if where == "alone":
    seed_all(int(seed))
    print(*train())
    sys.exit()
if where == "untouched":
    Task.set_random_seed(None)
if where in ("before", "untouched"):
    seed_all(int(seed))
Task.init("optimizers", "seeds", output_uri=False, auto_resource_monitoring=False)
if where == "after":
    seed_all(int(seed))
print(*train(), flush=True)
os._exit(0)  # Nothing is to be sent.
PY
cat > "$folder/all.py" <<'PY'
import os
import subprocess
import sys
from importlib.metadata import version

folder = os.path.dirname(os.path.abspath(__file__))
environment = os.environ | {"CLEARML_OFFLINE_MODE": "1", "CLEARML_CACHE_DIR": folder + "/cache", "HOME": folder,
                            "CLEARML_CONFIG_FILE": folder + "/clearml.conf", "OMP_NUM_THREADS": "1"}

with open(folder + "/clearml.conf", "w") as file:
    file.write("sdk { development { report_use_subprocess: false } }\n")


def run(seed, where):
    done = subprocess.run([sys.executable, "-W", "ignore", "check.py", str(seed), where], cwd=folder, env=environment,
                          check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    numbers = [line for line in lines if len(line) == 3 and line[0].startswith("0.")]
    assert len(numbers) == 1 and "1337" not in done.stdout + done.stderr
    return tuple(map(float, numbers[0]))


print("clearml", version("clearml"), "torch", version("torch"), "(random, NumPy, sum of the weights)")
alone = [run(seed, "alone") for seed in range(3)]
seen = {where: [run(seed, where) for seed in range(count)]
        for where, count in (("before", 3), ("none", 2), ("after", 2), ("untouched", 2))}
fixed = run(1337, "alone")
for name, runs in {"no tracker, seeds 0, 1, 2": alone, "seeds set before Task.init": seen["before"],
                   "no seed, two runs": seen["none"], "seed 1337 without a tracker": [fixed],
                   "seeds set after Task.init": seen["after"], "set_random_seed(None)": seen["untouched"]}.items():
    print(f"{name:28}", *runs)
assert len(set(alone)) == 3
assert set(seen["before"]) == set(seen["none"]) == {fixed}
for where in ("after", "untouched"):
    assert [run[1:] for run in seen[where]] == [run[1:] for run in alone[:2]]
PY
"$folder/venv/bin/python" "$folder/all.py"
