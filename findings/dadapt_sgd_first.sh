#!/usr/bin/env bash
# Library: dadaptation 3.2 with torch 2.13.0, DAdaptSGD with lr=1, as recommended.
# Guess:   the method finds the rate by itself, so that one odd batch at the start is forgotten; and weight_decay and momentum
#          of a parameter group are those of the group, as in torch and in DAdaptAdam.
# Happens: each step is divided by the length of the very first gradient, to the end. Where that of a quadratic is a hundred
#          times as long as it would be, the weights have moved by .000004 of a way of 2 after 300 steps, where they
#          otherwise have arrived after 100; where it is a tenth, they run off to NaN. DAdaptAdam arrives in each case. And the
#          decay and the momentum of the first group in the list are used for all: with "no decay" for the biases the
#          biases are decayed, or nothing is, by the order of the groups.
# Matters: the first gradient is seldom like the others: it is long at a random start, short where the last layer starts at 0.
#          A run of DAdaptSGD stands still, or is lost, by one batch, and a comparison has it down for a bad optimizer. The
#          usual split into groups with and without decay has no effect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'setuptools==80.9.0' 'dadaptation==3.2'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version
from math import isnan

import torch
from dadaptation import DAdaptAdam, DAdaptSGD


def train(make, groups, steps=300, first=1.0):
    """Weights from 3 to their minimum at 1, ten to a group; the loss of the first batch is multiplied by `first`."""
    weights = [torch.full((10,), 3.0, requires_grad=True) for _ in groups]
    optimizer = make([{"params": [weight], **settings} for weight, settings in zip(weights, groups)], lr=1.0)
    for number in range(steps):
        optimizer.zero_grad()
        loss = sum((weight - 1).square().sum() for weight in weights) / 2
        (loss * (first if number == 0 else 1.0)).backward()
        optimizer.step()
    return [weight[0].item() for weight in weights]


print("dadaptation", version("dadaptation"), "torch", torch.__version__)
for first in (0.1, 1.0, 100.0):
    for make in (DAdaptSGD, DAdaptAdam):
        (ended,) = train(make, [{}], first=first)
        print(f"{make.__name__}, first gradient times {first}: the weight goes from 3 to {ended:.7f} in 300 steps, guess 1")
        if make is DAdaptAdam or first == 1.0:
            assert abs(ended - 1) < 0.01
        else:
            assert isnan(ended) if first == 0.1 else 0 < 3 - ended < 1e-4
(early,) = train(DAdaptSGD, [{}], steps=100)
print(f"DAdaptSGD, first gradient as it is, after 100 steps: {early:.4f}")
assert abs(early - 1) < 0.01

decayed, free = {"weight_decay": 0.5}, {"weight_decay": 0.0}
for make in (torch.optim.SGD, DAdaptAdam, DAdaptSGD):
    for groups, order in (([decayed, free], "decayed first"), ([free, decayed], "free first")):
        if make is torch.optim.SGD:
            ended = train(lambda groups, lr: torch.optim.SGD(groups, lr=0.1), groups)
        else:
            ended = train(make, groups)
        right = [1 / (1 + group["weight_decay"]) for group in groups]
        print(f"{make.__name__}, weight_decay {[group['weight_decay'] for group in groups]}: ends at "
              f"{[round(weight, 3) for weight in ended]}, guess {[round(weight, 3) for weight in right]}")
        expected = right if make is not DAdaptSGD else [right[0], right[0]]
        assert all(abs(weight - value) < 0.01 for weight, value in zip(ended, expected))
paths = [train(DAdaptSGD, [{"momentum": 0.0}, {"momentum": momentum}], steps=20) for momentum in (0.0, 0.9)]
print(f"DAdaptSGD, 20 steps with momentum 0 in the first group, 0 or .9 in the second: {paths}")
assert paths[0] == paths[1]
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
