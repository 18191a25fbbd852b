#!/usr/bin/env bash
# Library: torch 2.13.0, ChainedScheduler of a warm-up by LinearLR(start_factor=.001, total_iters=5) and another schedule.
# Guess:   the factors multiply, in whatever order; with ExponentialLR or CosineAnnealingLR(eta_min=0) they do.
# Happens: LinearLR multiplies what it finds by a ratio of two factors, here by 201 at its first step. LambdaLR and
#          CosineAnnealingWarmRestarts set the rate anew each time: before LinearLR in the list they give .001, 181, 1.6,
#          1.1 for a rate of 1, after it they wipe the warm-up out. CosineAnnealingLR(20, eta_min=.1) adds to the rate what
#          the ratio then multiplies as well: before LinearLR its warm-up ends at 1.41 for .87.
# Matters: one step at 181 times the rate, under a warm-up, without a word. The documentation asks for "chainable" schedules
#          and names none that are not. SequentialLR, or one LambdaLR of the product, cures it.
# Source:  https://github.com/pytorch/pytorch/issues/129565 (open; CosineAnnealingWarmRestarts with MultiStepLR)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim import lr_scheduler

SCHEDULES = {
    "ExponentialLR": lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.9),
    "CosineAnnealingLR": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 20),
    "LambdaLR": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step),
    "CosineAnnealingWarmRestarts": lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 20),
    "CosineAnnealingLR to 0.1": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 20, eta_min=0.1),
}


def rates(*schedules):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    chained = lr_scheduler.ChainedScheduler([schedule(optimizer) for schedule in schedules])
    seen = []
    for _ in range(7):
        seen.append(round(optimizer.param_groups[0]["lr"], 3))
        optimizer.step()
        chained.step()
    return seen


def warmup(optimizer):
    return lr_scheduler.LinearLR(optimizer, start_factor=0.001, total_iters=5)


print("torch", torch.__version__)
for name, other in SCHEDULES.items():
    alone, before, after = rates(other), rates(other, warmup), rates(warmup, other)
    guess = [round(one * min(1, 0.001 + 0.1998 * step), 3) for step, one in enumerate(alone)]
    print(f"{name}\nguess: {guess}\nseen:  {before} before LinearLR,\n       {after} after it")
    if name in ("ExponentialLR", "CosineAnnealingLR"):
        assert max(abs(x - y) + abs(x - z) for x, y, z in zip(guess, before, after, strict=True)) < 0.003
    elif name in ("LambdaLR", "CosineAnnealingWarmRestarts"):
        assert before[0] == 0.001 and before[1] > 180 and before[2] > 1.6 and after == alone
    else:
        assert before[5] == max(before) == 1.411 and max(guess) == 0.868
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
