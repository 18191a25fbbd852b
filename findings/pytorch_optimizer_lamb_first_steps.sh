#!/usr/bin/env bash
# Library: pytorch-optimizer 4.1.0, Lamb with default settings but for the learning rate and no weight decay.
# Guess:   the trust ratio gives each step the length lr |w|, whatever the gradient: that is what LAMB is for.
# Happens: the correction of the first average for its start at 0 comes after the ratio and makes the step longer by
#          1 / (1 - 0.9^t): the first steps are 10, 5.3, 3.7, ... times lr |w| long.
# Matters: a learning rate taken from a paper or another library begins ten times too large, where a warm-up was meant to
#          be careful.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  'torch==2.13.0' 'numpy==2.4.6' 'pytorch-optimizer==4.1.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from pytorch_optimizer import Lamb

LR = 0.01


def lengths(steps=4):
    """Length of each step, in units of lr times the length of the weights, where all gradients are equal."""
    weights = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    optimizer = Lamb([weights], lr=LR, weight_decay=0.0)
    seen = []
    for _ in range(steps):
        before = weights.detach().clone()
        weights.grad = torch.tensor([1.0, 2.0])
        optimizer.step()
        seen.append(((weights.detach() - before).norm() / (LR * before.norm())).item())
    return seen


seen = lengths()
print("pytorch_optimizer", version("pytorch_optimizer"), "torch", torch.__version__)
print("guess: 1.00, 1.00, 1.00, 1.00 times lr |w|")
print("seen: ", ", ".join(f"{length:.2f}" for length in seen))
assert all(abs(length * (1 - 0.9**t) - 1) < 1e-3 for t, length in enumerate(seen, start=1))
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
