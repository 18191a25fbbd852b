#!/usr/bin/env bash
# Library: torch 2.13.0, torch.optim.swa_utils.update_bn, which computes BatchNorm's statistics anew for averaged weights.
# Guess:   afterwards the running mean and variance are those of all the data that the loader gives, up to rounding.
# Happens: each batch counts alike, so the last one, of 2 examples, weighs as much as one of 64; and the variance is the mean
#          of the variances inside the batches, without that between them. Data in an order (all of one class, then the
#          next) has a variance of 0 for a feature that separates the classes.
# Matters: with a loader that does not shuffle, or with a small last batch, the averaged network is evaluated with wrong
#          statistics; drop_last=True and shuffle=True for this one pass cure it nearly.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim.swa_utils import update_bn

x = torch.cat([torch.zeros(64, 1), torch.full((64, 1), 10.0), torch.full((2, 1), 100.0)])  # in order, 130 examples
norm = torch.nn.BatchNorm1d(1)
update_bn(torch.utils.data.DataLoader(x, batch_size=64), norm)
mean, variance = norm.running_mean.item(), norm.running_var.item()
print("torch", torch.__version__)
print(f"guess: mean {x.mean().item():.2f}, variance {x.var().item():.1f}, those of the data")
print(f"seen:  mean {mean:.2f}, variance {variance:.1f}")
assert abs(mean - (0 + 10 + 100) / 3) < 1e-4
assert variance == 0.0
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
