#!/usr/bin/env bash
# Library: torch 2.13.0, LinearLR, ConstantLR and SequentialLR; a run resumed from optimizer.state_dict() and
#          scheduler.state_dict().
# Guess:   once both states are loaded the rate is that of the run without a break, in whatever order objects are made and
#          states loaded; so it is with StepLR, ExponentialLR and CosineAnnealingLR.
# Happens: made after the optimizer has its state, the scheduler of a warm-up multiplies the loaded rate by start_factor
#          once more (SequentialLR: goes back to its first rate), its own state puts no rate back, and each later rate is
#          reckoned from the one before: after a warm-up from .1 the resumed run keeps about a tenth of its rate, to its
#          end.
# Matters: "load the optimizer, make the scheduler, load the scheduler" is a usual order, and get_last_lr() of the loaded
#          scheduler shows the right rate until the first step. To make both before loading either cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import copy

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, ExponentialLR, LinearLR, SequentialLR, StepLR

BREAK, END = 8, 12
SCHEDULES = {
    "StepLR": lambda optimizer: StepLR(optimizer, 5),
    "ExponentialLR": lambda optimizer: ExponentialLR(optimizer, 0.9),
    "CosineAnnealingLR": lambda optimizer: CosineAnnealingLR(optimizer, 20),
    "LinearLR": lambda optimizer: LinearLR(optimizer, start_factor=0.1, total_iters=5),
    "ConstantLR": lambda optimizer: ConstantLR(optimizer, factor=0.1, total_iters=5),
    "SequentialLR": lambda optimizer: SequentialLR(
        optimizer, [LinearLR(optimizer, 0.1, total_iters=5), ExponentialLR(optimizer, 0.9)], [5]
    ),
}


def sgd():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def rates(optimizer, scheduler, steps):
    seen = []
    for _ in range(steps):
        seen.append(round(optimizer.param_groups[0]["lr"], 4))
        optimizer.step()
        scheduler.step()
    return seen


def resumed(schedule, scheduler_first):
    optimizer = sgd()
    scheduler = schedule(optimizer)
    rates(optimizer, scheduler, BREAK)
    states = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer = sgd()
    if scheduler_first:
        scheduler = schedule(optimizer)
    optimizer.load_state_dict(states[0])
    if not scheduler_first:
        scheduler = schedule(optimizer)
    scheduler.load_state_dict(states[1])
    return scheduler.get_last_lr(), rates(optimizer, scheduler, END - BREAK)


print("torch", torch.__version__)
for name, schedule in SCHEDULES.items():
    optimizer = sgd()
    guess = rates(optimizer, schedule(optimizer), END)[BREAK:]
    told, seen = resumed(schedule, scheduler_first=False)
    print(f"{name:18} guess: {guess}   seen: {seen}")
    assert resumed(schedule, scheduler_first=True)[1] == guess
    assert abs(told[0] - guess[0]) < 1e-3
    if name in ("StepLR", "ExponentialLR", "CosineAnnealingLR"):
        assert seen == guess
    else:
        assert all(0.1 <= rate / right < 0.14 for rate, right in zip(seen, guess, strict=True)), (name, seen)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
