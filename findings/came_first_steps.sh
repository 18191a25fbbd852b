#!/usr/bin/env bash
# Library: came-pytorch 0.1.3 with torch 2.13.0, CAME(parameters, lr=1e-3) with default settings and no weight decay.
# Guess:   as with Adam or Adafactor a step is about the learning rate long for each weight, in a matrix as in a bias; if
#          anything, averages that start at 0 make the first steps shorter.
# Happens: a matrix's step is divided by the root of an average (decay .9999) of how far the gradient was from its own average;
#          it starts at 0, is not corrected for it, and nothing limits the quotient. With noise as large as the gradient the
#          first 30 steps are 11 to 20 learning rates long and the 1000th still 3.6; a gradient without noise makes them 11,
#          then 49. A bias or a flat vector with the same gradients goes by .1, .2, ... and never above 1.
# Matters: a warm-up the other way round, over thousands of steps: with a rate that is good for AdamW the first steps of the
#          matrices are ten times as long. And matrices move up to 50 times as far as the biases beside them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'came-pytorch==0.1.3'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from came_pytorch import CAME

RATE, SHOWN = 0.001, (0, 9, 29, 99, 999)


def steps(make, noise, number=1000):
    """The root mean square of the steps of a matrix and of a vector with 64 weights, in learning rates."""
    torch.manual_seed(0)
    weights = [torch.zeros(8, 8, requires_grad=True), torch.zeros(64, requires_grad=True)]
    optimizer, seen = make(weights, lr=RATE, weight_decay=0.0), []
    for _ in range(number):
        old = [weight.detach().clone() for weight in weights]
        for weight in weights:
            weight.grad = 1 + noise * torch.randn(weight.shape)
        optimizer.step()
        seen.append([(weight.detach() - before).square().mean().sqrt().item() / RATE for weight, before in zip(weights, old)])
    return torch.tensor(seen).T


print("came-pytorch", version("came-pytorch"), "torch", torch.__version__)
seen = {}
for noise in (0.0, 1.0, 3.0):
    for name, make in (("CAME", CAME), ("AdamW", torch.optim.AdamW)):
        matrix, vector = seen[name, noise] = steps(make, noise)
        print(f"noise {noise}, {name}: steps {[step + 1 for step in SHOWN]} of a matrix",
              [round(matrix[step].item(), 2) for step in SHOWN], "of a vector", [round(vector[step].item(), 2) for step in SHOWN],
              "learning rates")
    assert seen["AdamW", noise].max() < 1.01
    assert seen["CAME", noise][1].max() < 1.01 and abs(seen["CAME", noise][1, 0] - 0.1) < 0.01
    assert (seen["CAME", noise][0, :30] > 5).all() and seen["CAME", noise][0, 0] > 10
assert 45 < seen["CAME", 0.0][0, 99] < 55 and 3 < seen["CAME", 1.0][0, 999] < 4 and seen["CAME", 1.0][0, :30].max() > 18
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
