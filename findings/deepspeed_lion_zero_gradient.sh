#!/usr/bin/env bash
# Library: DeepSpeed 0.19.8 with torch 2.13.0, DeepSpeedCPULion (it compiles where it is used: this needs a C++ compiler).
# Guess:   a weight whose gradient has always been 0 stays, as in the paper and in every other Lion: the sign of 0 is 0.
# Happens: it falls by the learning rate at each step. The kernel takes the sign by copysign, for which 0 is positive.
# Matters: embedding rows of words that have not come up, dead units, padding: all walk down at full speed, Lion's step being
#          the largest there is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'deepspeed==0.19.8'
export TORCH_EXTENSIONS_DIR="$folder/extensions" PATH="$folder/venv/bin:$PATH"
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from deepspeed.ops.lion import DeepSpeedCPULion

ROWS, RATE, STEPS = 4, 1e-3, 100
table = torch.nn.Parameter(torch.ones(ROWS, 64))
optimizer = DeepSpeedCPULion([table], lr=RATE)
for _ in range(STEPS):
    table.grad = torch.zeros_like(table)
    table.grad[0] = -1.0  # the one word that comes up
    optimizer.step()
rows = [round(row.mean().item(), 4) for row in table.detach()]
print("deepspeed", version("deepspeed"), "torch", torch.__version__)
print(f"guess: row 0 climbs to {1 + STEPS * RATE:.1f}, the other rows stay at 1")
print(f"seen:  rows {rows}")
assert abs(rows[0] - (1 + STEPS * RATE)) < 1e-3, rows
assert all(abs(row - (1 - STEPS * RATE)) < 1e-3 for row in rows[1:]), rows
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
