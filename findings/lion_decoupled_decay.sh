#!/usr/bin/env bash
# Library: lion-pytorch 0.2.5 with torch 2.13.0, Lion(..., decoupled_weight_decay=True).
# Guess:   the decay of a step is the weight_decay itself, times the schedule's factor: .01 leaves .99 of each weight,
#          whatever the learning rate of its group.
# Happens: weight_decay is divided by the `lr` argument of the constructor, not by the group's own first rate. A group
#          with a tenth of that rate decays a tenth as fast. Where rates stand in the groups alone, it is the default
#          1e-4: with a rate of .01 the first step erases the weight, with .03 it turns to -2 times itself and grows
#          from there. The divisor is in no state: a run that resumes with another `lr`, or none, goes on with another
#          decay.
# Matters: layer-wise rates are layer-wise decays again, which the switch was set to avoid, and a checkpoint that puts
#          back `lr` does not put back the decay. Nothing is said. One rate, named in the constructor each time, is
#          right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'lion-pytorch==0.2.5'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from lion_pytorch import Lion

SETTINGS = {"weight_decay": 0.01, "decoupled_weight_decay": True}


def decayed(make, steps=3):
    """Two weights of 1 after each of some steps whose gradients are 0: the decay alone."""
    weights = [torch.nn.Parameter(torch.ones(())) for _ in range(2)]
    optimizer = make(weights)
    path = []
    for _ in range(steps):
        for weight in weights:
            weight.grad = torch.zeros(())
        optimizer.step()
        path.append([round(weight.item(), 4) for weight in weights])
    return path


def groups(weights, *rates, **settings):
    return Lion([{"params": [w], "lr": rate} for w, rate in zip(weights, rates)], **SETTINGS, **settings)


def resumed(weights):
    optimizer = Lion(weights, **SETTINGS)
    optimizer.load_state_dict(Lion(weights, lr=1e-3, **SETTINGS).state_dict())
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3]
    return optimizer


GUESS = [[0.99, 0.99], [0.9801, 0.9801], [0.9703, 0.9703]]
CASES = {
    "lr=1e-3 for both": (lambda w: Lion(w, lr=1e-3, **SETTINGS), GUESS),
    "groups 1e-3 and 1e-4, lr=1e-3": (
        lambda w: groups(w, 1e-3, 1e-4, lr=1e-3), [[0.99, 0.999], [0.9801, 0.998], [0.9703, 0.997]]),
    "groups .01 and .03, no lr": (lambda w: groups(w, 0.01, 0.03), [[0.0, -2.0], [0.0, 4.0], [0.0, -8.0]]),
    "state of lr=1e-3 loaded, no lr": (resumed, [[0.9, 0.9], [0.81, 0.81], [0.729, 0.729]]),
}
print("lion-pytorch", version("lion-pytorch"), "torch", torch.__version__)
print("guess, in each case:                   ", GUESS)
for name, (make, expected) in CASES.items():
    seen = [[abs(value) if value == 0 else value for value in weights] for weights in decayed(make)]
    print(f"seen:  {name:32}", seen)
    assert seen == expected, seen
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
