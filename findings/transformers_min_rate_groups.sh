#!/usr/bin/env bash
# Library: transformers 5.24.0 with torch 2.13.0: get_cosine_with_min_lr_schedule_with_warmup(min_lr=...) and
#          get_polynomial_decay_schedule_with_warmup(lr_end=...), parameter groups with rates of their own.
# Guess:   min_lr and lr_end are learning rates, so each group ends at that rate; torch's eta_min is one.
# Happens: both are divided by the rate in optimizer.defaults, which no group need have, and the quotient multiplies each
#          group's own. Groups at 1e-4 and 1e-2 that ask for an end at 1e-5 end at 1e-6 and 1e-4, because AdamW's default is
#          1e-3.
# Matters: a smaller rate for the backbone than for the head, or for each layer, is the usual reason for groups. The floor
#          is wrong for each group by a factor nobody wrote down.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'transformers==5.24.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
import transformers
from torch.optim.lr_scheduler import CosineAnnealingLR

STEPS, END = 10, 1e-5
SCHEDULES = {
    "torch, eta_min": lambda optimizer: CosineAnnealingLR(optimizer, STEPS, eta_min=END),
    "cosine, min_lr": lambda optimizer: transformers.get_cosine_with_min_lr_schedule_with_warmup(
        optimizer, 0, STEPS, min_lr=END
    ),
    "polynomial, lr_end": lambda optimizer: transformers.get_polynomial_decay_schedule_with_warmup(
        optimizer, 0, STEPS, lr_end=END
    ),
}


def last_rates(schedule):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (1e-4, 1e-2)]
    optimizer = torch.optim.AdamW(groups)
    scheduler = schedule(optimizer)
    for _ in range(STEPS):
        optimizer.step()
        scheduler.step()
    return [float(f"{group['lr']:.3g}") for group in optimizer.param_groups]


print("transformers", version("transformers"), "torch", torch.__version__)
print("guess:", [END, END])
seen = {name: last_rates(schedule) for name, schedule in SCHEDULES.items()}
for name, rates in seen.items():
    print(f"seen:  {rates} by {name}")
assert seen["torch, eta_min"] == [END, END]
assert seen["cosine, min_lr"] == seen["polynomial, lr_end"] == [1e-6, 1e-4]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
