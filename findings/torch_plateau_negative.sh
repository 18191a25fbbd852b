#!/usr/bin/env bash
# Library: torch 2.13.0, ReduceLROnPlateau with default settings (mode "min", threshold 1e-4, relative).
# Guess:   a loss that stands still, or grows, lowers the learning rate after `patience` epochs, whatever its sign.
# Happens: "better" means below best * (1 - 1e-4). For a negative best that is above it: a loss that stays at -1, and one that
#          climbs from -1 by less than 1e-4 an epoch, count as better at every epoch, and the rate is never lowered. A positive
#          loss that does the same lowers it.
# Matters: log-likelihoods, ELBOs and energies are negative; the rate then stays high without a word.
#          threshold_mode="abs" cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch


def rate(losses, **settings):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, **settings)
    for loss in losses:
        schedule.step(loss)
    return optimizer.param_groups[0]["lr"]


still, climbing = [-1.0] * 100, [-1.0 + 5e-5 * epoch for epoch in range(100)]
print("torch", torch.__version__)
print("guess: the rate falls far below 1 in each case")
print(f"seen:  loss 1: {rate([1.0] * 100):.0e}, loss -1: {rate(still)}, climbing from -1: {rate(climbing)}")
assert rate([1.0] * 100) < 1e-7
assert rate([2.0 + loss for loss in climbing]) < 1e-7
assert rate(still) == rate(climbing) == 1.0
assert rate(still, threshold_mode="abs") < 1e-7
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
