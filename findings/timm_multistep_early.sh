#!/usr/bin/env bash
# Library: timm 1.0.31, MultiStepLRScheduler, stepped as its training script does: step(epoch + 1) after an epoch.
# Guess:   decay_t=[30, 60] lowers the rate at epochs 30 and 60, as torch's MultiStepLR with these milestones does, and as
#          timm's own StepLRScheduler with decay_t=30 does.
# Happens: it lowers it one epoch early, at 29 and 59.
# Matters: a recipe carried over trains an epoch less at its first rate, which is much where milestones are few epochs
#          apart; a comparison of two libraries "with the same schedule" has two. Two schedules of one library disagree about
#          the same number.
# Source:  https://github.com/huggingface/pytorch-image-models/pull/2753 (closed)
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
from torch.optim.lr_scheduler import MultiStepLR

timm = types.ModuleType("timm")  # the package without its models
timm.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
sys.modules["timm"] = timm
from timm.scheduler.multistep_lr import MultiStepLRScheduler  # noqa: E402
from timm.scheduler.step_lr import StepLRScheduler  # noqa: E402

EPOCHS = 90
SCHEDULES = {
    "torch MultiStepLR([30, 60])": lambda optimizer: MultiStepLR(optimizer, [30, 60]),
    "timm StepLRScheduler(30)": lambda optimizer: StepLRScheduler(optimizer, decay_t=30, decay_rate=0.1),
    "timm MultiStepLRScheduler([30, 60])": lambda optimizer: MultiStepLRScheduler(
        optimizer, decay_t=[30, 60], decay_rate=0.1
    ),
}


def drops(schedule):
    """The epochs that have another rate than the one before."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, rates = schedule(optimizer), []
    for epoch in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step() if isinstance(scheduler, MultiStepLR) else scheduler.step(epoch + 1)
    return [epoch for epoch in range(1, EPOCHS) if rates[epoch] < 0.5 * rates[epoch - 1]]


print("timm", version("timm"), "torch", torch.__version__)
print("guess: the rate drops at epochs [30, 60]")
seen = {name: drops(schedule) for name, schedule in SCHEDULES.items()}
for name, epochs in seen.items():
    print(f"seen:  {epochs} with {name}")
assert list(seen.values()) == [[30, 60], [30, 60], [29, 59]]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
