#!/usr/bin/env bash
# Library: torch-optimizer 0.3.0 (torch 2.13.0), SGDW: the SGD with decoupled weight decay of Loshchilov and Hutter.
# Guess:   weight_decay shrinks each weight towards 0: without a gradient x becomes x (1 - lr weight_decay).
# Happens: weight_decay itself is subtracted, lr weight_decay at each step, whatever the weight is: 2, 0 and -2 all lose the
#          same, so that 0 leaves 0 and -2 grows to -3.
# Matters: all weights drift down at a constant speed. It passes for decay where weights are near 1, and no loss says why.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'torch-optimizer==0.3.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
import torch_optimizer

START, STEPS, RATE, DECAY = [2.0, 0.0, -2.0], 100, 0.1, 0.1
weights = torch.nn.Parameter(torch.tensor(START))
optimizer = torch_optimizer.SGDW([weights], lr=RATE, weight_decay=DECAY)
for _ in range(STEPS):
    weights.grad = torch.zeros(3)
    optimizer.step()
guess = torch.tensor(START) * (1 - RATE * DECAY) ** STEPS
print("torch-optimizer", version("torch-optimizer"), "torch", torch.__version__)
print(f"guess: {START} decays in {STEPS} steps to {[round(x, 3) for x in guess.tolist()]}")
print(f"seen:  {[round(x, 3) for x in weights.tolist()]}")
assert torch.allclose(weights, torch.tensor(START) - STEPS * RATE * DECAY, atol=1e-4)
PY
"$folder/venv/bin/python" "$folder/check.py"
