#!/usr/bin/env bash
# Library: adabound 0.0.5 and torch-optimizer 0.3.0, AdaBound, with torch 2.13.0.
# Guess:   a parameter group that is added by add_param_group, as in gradual unfreezing, is trained like the first one.
# Happens: it is never trained. A step pairs the groups with the learning rates that were noted when the optimizer was made,
#          and ends with the shorter of the two lists: the weights of the added group do not move in 200 steps, and get no
#          state, while param_groups and a schedule show their rate. The first group moves as if nothing had been added.
# Matters: the unfrozen layers of a network stay at their old weights without a word, and AdaBound loses the comparison for
#          it. Naming all groups at the start, with requires_grad=False for the frozen ones, cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'adabound==0.0.5' 'torch-optimizer==0.3.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import adabound
import torch
import torch_optimizer


def train(make, at_start):
    """Two weights with the same loss from the same start, the second in a group that is there at the start or added."""
    first, second = (torch.ones(1, requires_grad=True) for _ in range(2))
    optimizer = make([{"params": [first]}, {"params": [second]}] if at_start else [{"params": [first]}], lr=0.01)
    if not at_start:
        optimizer.add_param_group({"params": [second], "lr": 0.01})
    for _ in range(200):
        optimizer.zero_grad()
        (first.square() + second.square()).sum().backward()
        optimizer.step()
    return first.item(), second.item(), [group["lr"] for group in optimizer.param_groups], second in optimizer.state


print("adabound", version("adabound"), "torch-optimizer", version("torch-optimizer"), "torch", torch.__version__)
for make in (torch.optim.Adam, adabound.AdaBound, torch_optimizer.AdaBound):
    for at_start in (True, False):
        first, second, rates, known = train(make, at_start)
        print(f"{make.__module__}.{make.__name__}, second group {'there at the start' if at_start else 'added'}: weights from 1, "
              f"1 to {first:.3f}, {second:.3f}; rates shown {rates}; state of the second: {known}")
        assert abs(first) < 0.1 and rates == [0.01, 0.01]
        if at_start or make is torch.optim.Adam:
            assert second == first and known
        else:
            assert second == 1 and not known
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
