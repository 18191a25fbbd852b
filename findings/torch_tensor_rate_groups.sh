#!/usr/bin/env bash
# Library: torch 2.13.0, an optimizer with two parameter groups whose learning rate is a tensor, as compiled steps want it.
# Guess:   lr=torch.tensor(1.0) is a default like lr=1.0: each group has its own, and a schedule that multiplies the first
#          by 1 and the second by .1 leaves 1 and .1.
# Happens: both groups hold the very tensor that was given, and schedules write into it: the last group's rate is that of
#          all, here .1 and .1. The caller's own tensor changes too.
# Matters: separate rates for backbone and head, or for weights and biases, become one as soon as a float becomes a tensor.
#          A tensor of its own in each group, {"params": ..., "lr": torch.tensor(1.0)}, cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch


def rates(lr):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    optimizer = torch.optim.Adam(groups, lr=lr)
    torch.optim.lr_scheduler.LambdaLR(optimizer, [lambda step: 1.0, lambda step: 0.1])
    return [round(float(group["lr"]), 6) for group in optimizer.param_groups]


tensor = torch.tensor(1.0)
print("torch", torch.__version__)
print("guess:", rates(1.0), "with a float and with a tensor")
print("seen: ", rates(tensor), "with a tensor, and the caller's tensor is now", round(tensor.item(), 6))
assert rates(1.0) == [1.0, 0.1]
assert rates(torch.tensor(1.0)) == [0.1, 0.1]
assert abs(tensor.item() - 0.1) < 1e-6
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
