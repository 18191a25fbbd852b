#!/usr/bin/env bash
# Library: timm 1.0.31, CosineLRScheduler with warm-up, stepped as its training script does: step(epoch + 1) after an epoch.
# Guess:   the warm-up rises to the optimizer's learning rate, and the cosine falls from there.
# Happens: by default (warmup_prefix=False) the cosine has run since epoch 0, under the warm-up. With 5 of 20 epochs the last
#          warm epoch has .8, the next .854, and the learning rate that was asked for is never used.
# Matters: a recipe carried over from another library, where the peak is reached, trains at a lower peak without a word;
#          warmup_prefix=True gives what one expects, and then 25 epochs instead of 20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
# Without what timm needs for its models: the schedulers import torch alone.
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps 'timm==1.0.31'
cat > "$folder/check.py" <<'PY'
import importlib.util
import sys
import types
from importlib.metadata import version

import torch

timm = types.ModuleType("timm")  # the package without its models
timm.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
sys.modules["timm"] = timm
from timm.scheduler.cosine_lr import CosineLRScheduler  # noqa: E402


def rates(epochs, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = CosineLRScheduler(optimizer, t_initial=20, warmup_t=5, **options)
    seen = []
    for epoch in range(epochs):
        seen.append(round(optimizer.param_groups[0]["lr"], 3))
        scheduler.step(epoch + 1)
    return seen


plain, prefix = rates(20), rates(25, warmup_prefix=True)
print("timm", version("timm"), "torch", torch.__version__)
print("guess: the peak is 1.0, at epoch 5")
print("seen:  the peak is", max(plain), "at epoch", plain.index(max(plain)), "of", plain)
print("with warmup_prefix=True:", max(prefix), "at epoch", prefix.index(max(prefix)))
assert max(plain) == 0.854
assert plain.index(0.854) == 5
assert max(prefix) == 1.0
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
