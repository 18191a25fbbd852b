#!/usr/bin/env bash
# Library: torch 2.13.0, SequentialLR of a first schedule and OneCycleLR.
# Guess:   until the milestone the first schedule gives the rates that it gives alone: here a constant rate of .1, or a warm-up
#          to .1. OneCycleLR begins at the milestone.
# Happens: OneCycleLR, when it is made, writes its own first rate (max_lr / 25) into the optimizer as "initial_lr", and
#          SequentialLR starts from that: the first phase runs, or its warm-up ends, at .04 for .1. The momentum is
#          OneCycleLR's from the first step on, too: .95 for .9. With CyclicLR, StepLR or a cosine it is as guessed.
# Matters: the phase before the cycle (frozen layers, a warm-up) trains at a rate that nobody wrote down: with max_lr=.01 it
#          is 250 times too small. To make OneCycleLR only when its phase begins cures it.
# Source:  https://github.com/pytorch/pytorch/issues/72874 (open) was the first epoch's rate alone, which is right by now
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, CyclicLR, LinearLR, OneCycleLR, SequentialLR, StepLR


def first_phase(first, second=None):
    """Rate and momentum of the five steps before the milestone."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    schedule = first(optimizer)
    if second is not None:
        schedule = SequentialLR(optimizer, [schedule, second(optimizer)], [5])
    seen = []
    for _ in range(5):
        seen.append(tuple(round(optimizer.param_groups[0][name], 5) for name in ("lr", "momentum")))
        optimizer.step()
        schedule.step()
    return list(zip(*seen))


FIRSTS = {"constant": lambda o: ConstantLR(o, 1.0), "warm-up": lambda o: LinearLR(o, 0.1, total_iters=5)}
SECONDS = {
    "StepLR": lambda o: StepLR(o, 10),
    "CosineAnnealingLR": lambda o: CosineAnnealingLR(o, 10),
    "OneCycleLR": lambda o: OneCycleLR(o, max_lr=1.0, total_steps=10),
    "CyclicLR": lambda o: CyclicLR(o, base_lr=0.01, max_lr=0.5, step_size_up=3),
}
print("torch", torch.__version__)
for name, first in FIRSTS.items():
    guess = first_phase(first)
    print(f"guess: {name}: rates {guess[0]}, momentum {set(guess[1])}")
    for after, second in SECONDS.items():
        seen = first_phase(first, second)
        print(f"seen:  {name}, then {after}: rates {seen[0]}, momentum {set(seen[1])}")
        factor = 0.4 if after == "OneCycleLR" else 1
        assert all(abs(rate - factor * wanted) < 1e-5 for rate, wanted in zip(seen[0], guess[0]))
        assert set(seen[1]) == {0.95 if after == "OneCycleLR" else 0.9}
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
