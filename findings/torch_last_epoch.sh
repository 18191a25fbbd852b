#!/usr/bin/env bash
# Library: torch 2.13.0, learning-rate schedules made with last_epoch=25 in a run that goes on at epoch 26.
# Guess:   with last_epoch and the `initial_lr` that the constructor asks for, a schedule starts at the rate of epoch 26; so
#          does LambdaLR.
# Happens: StepLR, MultiStepLR, ExponentialLR, CosineAnnealingLR, LinearLR and PolynomialLR count from 26 but leave the rate
#          at its start, 100 times too large here: they only know how to get from one rate to the next. What the epochs
#          before would have done to the rate is never made up.
# Matters: a run that goes on from saved weights alone gets the full rate, and later steps of the schedule start from there.
#          The optimizer's saved state, which holds the rate, or a LambdaLR cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim import lr_scheduler

EPOCH = 26
SCHEDULES = {
    "LambdaLR": {"lr_lambda": lambda epoch: 0.9**epoch},
    "StepLR": {"step_size": 10},
    "MultiStepLR": {"milestones": [10, 20]},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 30},
    "LinearLR": {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 30},
    "PolynomialLR": {"total_iters": 30},
}


def sgd(**settings):
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], **settings}], lr=1.0)


def rate_of_whole_run(name):
    optimizer = sgd()
    schedule = getattr(lr_scheduler, name)(optimizer, **SCHEDULES[name])
    for _ in range(EPOCH):
        optimizer.step()
        schedule.step()
    return optimizer.param_groups[0]["lr"]


def rate_from_last_epoch(name):
    optimizer = sgd(initial_lr=1.0)
    schedule = getattr(lr_scheduler, name)(optimizer, **SCHEDULES[name], last_epoch=EPOCH - 1)
    assert schedule.last_epoch == EPOCH
    return optimizer.param_groups[0]["lr"]


print("torch", torch.__version__, "rate at epoch", EPOCH)
for name in SCHEDULES:
    guess, seen = rate_of_whole_run(name), rate_from_last_epoch(name)
    print(f"{name:18} guess: {guess:.4f}   seen: {seen:.4f}")
    assert guess < 0.3
    assert abs(seen - (guess if name == "LambdaLR" else 1.0)) < 0.05, (name, seen)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
