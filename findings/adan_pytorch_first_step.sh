#!/usr/bin/env bash
# Library: adan-pytorch 0.1.0 with torch 2.13.0; adan of pytorch-optimizer 4.1.0 beside it.
# Guess:   the first step is the first step of the paper: averages begin with the first gradient, and with the correction for
#          averages that start at 0 a constant gradient makes steps of once the learning rate.
# Happens: the first call of step() moves nothing: the averages are not updated in it, but the count of steps is. So the
#          correction always counts one gradient more than the averages have seen: under a constant gradient the second step is
#          0.71 of the rate, the third 0.82, the tenth 0.96. Weight decay is the only thing that acts in the first call.
# Matters: whoever looks after one step whether a rule trains at all sees no motion, and short comparisons with other rules
#          at the same rate are off.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'adan-pytorch==0.1.0' 'pytorch-optimizer==4.1.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import pytorch_optimizer
import torch
from adan_pytorch import Adan

RATE = 0.1


def steps(make, count=10):
    """Lengths of the steps of a weight whose gradient is always 1, in learning rates."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = make([weight]), []
    for _ in range(count):
        before = weight.item()
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        lengths.append((before - weight.item()) / RATE)
    return lengths


print("adan-pytorch", version("adan-pytorch"), "pytorch-optimizer", version("pytorch-optimizer"), "torch", torch.__version__)
theirs = steps(lambda p: Adan(p, lr=RATE, betas=(0.02, 0.08, 0.01)))
other = steps(lambda p: pytorch_optimizer.Adan(p, lr=RATE, betas=(0.98, 0.92, 0.99)))
print("adan-pytorch:     ", " ".join(f"{length:.3f}" for length in theirs))
print("pytorch-optimizer:", " ".join(f"{length:.3f}" for length in other))
assert all(abs(length - 1) < 1e-5 for length in other)
assert theirs[0] == 0 and abs(theirs[1] - 0.712) < 0.002 and abs(theirs[2] - 0.823) < 0.002 and 0.94 < theirs[9] < 0.96
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
