#!/usr/bin/env bash
# Library: schedulefree 1.4.1 and pytorch-optimizer 4.1.0 with torch 2.13.0: weights that get their first gradient late, as
#          in gradual unfreezing (requires_grad set in the middle of a run) or a rarely used expert.
# Guess:   the correction for averages that start at 0 counts the steps of each weight, as torch's Adam does: the first steps
#          of a late weight are those of a weight at the start of the run.
# Happens: these optimizers count the steps of the group. After 1000 steps the correction is nearly off, while the late
#          weight's averages are at 0: its second moment is a thousandth of the squared gradient. Under AdamP, Yogi, and
#          Grams its first step is 2.5 times the learning rate, and the tenth 5.2 times; LaProp starts at 25 times; the
#          iterate z of AdamWScheduleFree at 25 times, where each is to take steps of once the learning rate.
# Matters: layers are unfrozen late in order to disturb them little. A new parameter group for them, with a count of its
#          own, cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'schedulefree==1.4.1' 'pytorch-optimizer==4.1.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import pytorch_optimizer
import schedulefree
import torch

RATE = 0.01
OPTIMIZERS = {
    "torch Adam": torch.optim.Adam,
    "pytorch-optimizer AdamP": pytorch_optimizer.AdamP,
    "pytorch-optimizer Yogi": pytorch_optimizer.Yogi,
    "pytorch-optimizer Grams": pytorch_optimizer.Grams,
    "pytorch-optimizer LaProp": pytorch_optimizer.LaProp,
    "AdamWScheduleFree, its z": schedulefree.AdamWScheduleFree,
}


def steps(optimizer, wait):
    """The lengths of steps 1, 2, and 10 of a weight with gradient 1 after `wait` steps without one, in learning rates."""
    early, late = torch.nn.Parameter(torch.ones(4)), torch.nn.Parameter(torch.ones(4))
    optimizer = optimizer([early, late], lr=RATE)
    if isinstance(optimizer, schedulefree.AdamWScheduleFree):
        optimizer.train()
    late.requires_grad_(False)
    places = []
    for step in range(wait + 10):
        late.requires_grad_(step >= wait)
        optimizer.zero_grad()
        (early.sum() + late.sum()).backward()
        if step == wait:
            places.append(late[0].item())
        optimizer.step()
        if step >= wait:
            places.append(optimizer.state[late].get("z", late)[0].item())
    lengths = [(before - after) / RATE for before, after in zip(places, places[1:])]
    return [round(lengths[number], 2) for number in (0, 1, 9)]


print(*(f"{name} {version(name)}" for name in ("torch", "schedulefree", "pytorch_optimizer")))
print("guess: steps 1, 2, 10 of once the learning rate, from the start and late")
seen = {name: (steps(optimizer, 0), steps(optimizer, 1000)) for name, optimizer in OPTIMIZERS.items()}
for name, (start, late) in seen.items():
    print(f"seen:  {start} from the start, {late} after 1000 steps, {name}")
    assert all(abs(length - 1) < 0.01 for length in start)
    if name == "torch Adam":
        assert late == start
    elif "LaProp" in name or "ScheduleFree" in name:
        assert late[0] > 20
    else:
        assert late[0] > 2.3 and late[2] > 5
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
