#!/usr/bin/env bash
# Library: accelerate 1.15.0 with torch 2.13.0: a run stopped in the middle of an epoch by save_state, and resumed by
#          load_state and skip_first_batches, as its documentation shows.
# Guess:   after 5 of 10 batches of a shuffled DataLoader the resumed run sees the 5 that are left: the order can be made
#          again, since the states of the generators are in the checkpoint.
# Happens: the states are those of the break and not those of the beginning of the epoch, so the order is drawn anew and
#          the first 5 batches of a new order are skipped: of 40 examples 11 come twice in the epoch and 11 never.
#          With use_seedable_sampler=True a break in the first epoch goes on as guessed, one in the second skips 5 batches
#          of the order of the first epoch: nobody counts epochs in the new process, unless it calls loader.set_epoch(epoch)
#          before skip_first_batches; after it, it is too late.
# Matters: no word is said and the number of batches is right. A run that is stopped each few hours within long epochs
#          leaves out a good part of the data, and the results are not those of the run without a break.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import json
import subprocess
import sys

import accelerate
import torch
from accelerate import Accelerator, DataLoaderConfiguration, skip_first_batches
from accelerate.utils import set_seed
from torch.utils.data import DataLoader, TensorDataset


def run(seedable, stop, tell, resume):
    """Examples of each batch of three epochs; the first run saves after 5 batches of epoch `stop`."""
    set_seed(0)
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(use_seedable_sampler=seedable))
    model = torch.nn.Linear(1, 1)
    model, optimizer, loader = accelerator.prepare(
        model, torch.optim.SGD(model.parameters()), DataLoader(TensorDataset(torch.arange(40)), batch_size=4, shuffle=True)
    )
    place, seen = f"state-{seedable}-{stop}-{tell}", []
    if resume:
        accelerator.load_state(place)
    for epoch in range(stop if resume else 0, 3):
        if tell == "before":
            loader.set_epoch(epoch)
        current = skip_first_batches(loader, 5) if resume and epoch == stop else loader
        if tell == "after":
            loader.set_epoch(epoch)
        for number, (batch,) in enumerate(current):
            seen.append(batch.tolist())
            if not resume and epoch == stop and number == 4:
                accelerator.save_state(place)
    return seen


def compare(*settings):
    whole, rest = (
        json.loads(subprocess.run([sys.executable, "-W", "ignore", __file__, json.dumps([*settings, resume])], check=True,
                                  capture_output=True, text=True).stdout.splitlines()[-1])
        for resume in (False, True)
    )
    start = 10 * settings[1]
    assert len(rest) == len(whole) - start - 5
    epoch = sum(whole[start : start + 5] + rest[:5], [])
    print(f"use_seedable_sampler={settings[0]}, break in epoch {settings[1]}, set_epoch {settings[2]}: the epoch of 40 "
          f"examples saw {len(set(epoch))} of them; the same rest: {whole[start + 5 : start + 10] == rest[:5]}", flush=True)
    return len(set(epoch)), whole[start + 5 : start + 10] == rest[:5]


if len(sys.argv) > 1:
    print(json.dumps(run(*json.loads(sys.argv[1]))))
else:
    print("accelerate", accelerate.__version__, "torch", torch.__version__)
    assert compare(False, 0, "never") == (29, False)
    assert compare(True, 0, "never") == (40, True)
    assert compare(True, 1, "never") == (29, False)
    assert compare(True, 1, "after") == (29, False)
    assert compare(True, 1, "before") == (40, True)
PY
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
