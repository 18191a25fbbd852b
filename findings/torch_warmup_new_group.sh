#!/usr/bin/env bash
# Library: torch 2.13.0, optimizer.add_param_group after LinearLR was made.
# Guess:   the new group is warmed up to its own rate, or has it from the start; LambdaLR and CosineAnnealingWarmRestarts
#          raise an error instead.
# Happens: each step of the warm-up multiplies what a group has by a ratio of two factors. The new group was never lowered
#          to the first factor and is multiplied by its inverse: with start_factor=1/1000 it ends at 1000 times its rate.
# Matters: gradual unfreezing adds groups, and 1/1000 is a usual start of a warm-up. ConstantLR does the same. To make the
#          scheduler after the last group, or lower the group by the factor of the moment, cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingWarmRestarts, LambdaLR, LinearLR

STEPS = 10


def group(lr):
    return {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr}


def last_rates(schedule, late):
    """Rates of two groups after a warm-up of which the second group misses the start, or not."""
    optimizer = torch.optim.SGD([group(1.0)] if late else [group(1.0), group(0.5)])
    scheduler = schedule(optimizer)
    if late:
        optimizer.add_param_group(group(0.5))
    for _ in range(STEPS):
        optimizer.step()
        scheduler.step()
    return [round(group["lr"], 3) for group in optimizer.param_groups]


def refuses(schedule):
    try:
        last_rates(schedule, late=True)
    except ValueError:
        return True
    return False


def linear(optimizer):
    return LinearLR(optimizer, start_factor=1 / 1000, total_iters=STEPS)


def constant(optimizer):
    return ConstantLR(optimizer, factor=1 / 1000, total_iters=STEPS)


print("torch", torch.__version__)
for schedule in (linear, constant):
    print(f"{schedule.__name__:9} guess: {last_rates(schedule, late=False)}   seen: {last_rates(schedule, late=True)}")
    assert last_rates(schedule, late=False) == [1.0, 0.5]
    assert last_rates(schedule, late=True) == [1.0, 500.0]
assert refuses(lambda optimizer: LambdaLR(optimizer, lambda step: 1.0))
assert refuses(lambda optimizer: CosineAnnealingWarmRestarts(optimizer, STEPS))
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
