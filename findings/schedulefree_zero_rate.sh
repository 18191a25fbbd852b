#!/usr/bin/env bash
# Library: schedulefree 1.4.1 with torch 2.13.0, a parameter group frozen by lr = 0 in the middle of a run.
# Guess:   a rate of 0 stops the group, as it does for torch's optimizers.
# Happens: only the iterate z stands still. The average goes on taking it in, with the weight of the largest rate so far, and
#          the weights at which gradients are taken go with it: a weight that is frozen at 1.995 on its way from 3 to 1 is at
#          1.498 after 200 further steps and at 1.090 after 2000. Only a group that had lr=0 from the start stands still.
# Matters: layers that are to stay as they are move for thousands of steps, most right after the freezing, against rates that
#          read 0. requires_grad=False, or a gradient of None, does stop them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'schedulefree==1.4.1'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import schedulefree
import torch

OPTIMIZERS = {
    "torch SGD": lambda groups: torch.optim.SGD(groups, lr=0.01),
    "torch AdamW": lambda groups: torch.optim.AdamW(groups, lr=0.01),
    "SGDScheduleFree": lambda groups: schedulefree.SGDScheduleFree(groups, lr=0.01),
    "AdamWScheduleFree": lambda groups: schedulefree.AdamWScheduleFree(groups, lr=0.01),
    "RAdamScheduleFree": lambda groups: schedulefree.RAdamScheduleFree(groups, lr=0.01),
}


def evaluated(optimizer, weight):
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    value = weight.item()
    if hasattr(optimizer, "train"):
        optimizer.train()
    return value


def frozen(make, by_rate):
    """A weight with gradient 1 when it is frozen after 200 steps, after 200 further ones, and after 2000."""
    weight, other = torch.nn.Parameter(torch.tensor(3.0)), torch.nn.Parameter(torch.tensor(3.0))
    optimizer = make([{"params": [weight]}, {"params": [other]}])
    values = [evaluated(optimizer, weight)]
    for step in range(1, 2201):
        optimizer.zero_grad()
        (weight.detach() if step > 200 and not by_rate else weight).add(other).backward()
        optimizer.step()
        if step == 200 and by_rate:
            optimizer.param_groups[0]["lr"] = 0.0
        if step in (200, 400, 2200):
            values.append(evaluated(optimizer, weight))
    return [round(value, 3) for value in values[1:]]


print("schedulefree", version("schedulefree"), "torch", torch.__version__)
print("a weight that is frozen after 200 steps: then, 200 steps later, 2000 steps later")
for name, make in OPTIMIZERS.items():
    rate, detached = frozen(make, by_rate=True), frozen(make, by_rate=False)
    print(f"{name}: guess {3 * [rate[0]]}, seen {rate} by lr = 0, {detached} by no gradient")
    assert detached == 3 * rate[:1]
    if name.startswith("torch"):
        assert rate == detached
    else:
        assert rate[1] < rate[0] - 0.1 and rate[2] < rate[1] - 0.04
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
