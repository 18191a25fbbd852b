#!/usr/bin/env bash
# Library: transformers 5.24.0 with torch 2.13.0, the schedules of transformers.optimization.
# Guess:   after num_training_steps the rate stays where the schedule ends, at 0 or at the lowest rate, whatever its shape.
# Happens: that is so for linear, polynomial, hard restarts and warm-up-stable-decay. But get_cosine_schedule_with_warmup and
#          get_cosine_with_min_lr_schedule_with_warmup follow the cosine on, up again: half as many steps more bring half of the
#          highest rate (with a lowest rate of 0.1, 0.55 of it), twice as many steps all of it.
# Matters: the number of steps is often counted beforehand, and too low (accumulation, several processes, one more epoch). The
#          other schedules waste these steps; these two undo the decay, in the last checkpoint of all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0'
cat > "$folder/check.py" <<'PY'
import torch
import transformers
from transformers import optimization as schedules

WARM, STEPS = 10, 110
MAKE = {
    "linear": lambda o: schedules.get_linear_schedule_with_warmup(o, WARM, STEPS),
    "polynomial": lambda o: schedules.get_polynomial_decay_schedule_with_warmup(o, WARM, STEPS, lr_end=0.01),
    "hard restarts": lambda o: schedules.get_cosine_with_hard_restarts_schedule_with_warmup(o, WARM, STEPS, num_cycles=2),
    "stable, decay": lambda o: schedules.get_wsd_schedule(o, WARM, 20, num_training_steps=STEPS),
    "cosine": lambda o: schedules.get_cosine_schedule_with_warmup(o, WARM, STEPS),
    "cosine, lowest .1": lambda o: schedules.get_cosine_with_min_lr_schedule_with_warmup(o, WARM, STEPS, min_lr=0.1),
}


def rates(make):
    """The rate of each step, of a highest rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, values = make(optimizer), []
    for _ in range(2 * STEPS):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return values


print("transformers", transformers.__version__, "torch", torch.__version__)
print("rate after                steps asked for   half as many more   twice")
for name, make in MAKE.items():
    values = rates(make)
    end, half, twice = (values[WARM + k] for k in (100, 150, 200))
    print(f"{name:25} {end:15.3f} {half:19.3f} {twice:7.3f}")
    if name.startswith("cosine"):
        assert end < 0.11 and 0.49 < half < 0.56 and twice > 0.999
    else:
        assert end < 0.011 and half == end and twice == end
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
