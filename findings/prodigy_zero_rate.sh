#!/usr/bin/env bash
# Library: prodigyopt 1.1.2 with torch 2.13.0, a parameter group with lr=0 in Prodigy.
# Guess:   the group stands still; 0 is the one rate of its own that Prodigy lets a group have.
# Happens: with lr=0 the averages of the gradient are no longer updated, but the step is taken all the same, at the rate
#          of the other groups: the group runs on in its last direction forever. Weight decay shrinks it, too.
# Matters: to freeze the body of a network halfway by its rate ruins it; a trained body with lr=0 from the start fades
#          away under decay. requires_grad_(False) with gradients of None, or leaving the group out, freezes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'prodigyopt==1.1.2'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from prodigyopt import Prodigy
from torch import nn


def run(freeze, frozen_from=50, weight_decay=0.0):
    """How far the body moves once it is frozen, its length beside the one it had then, and the last loss."""
    torch.manual_seed(0)
    x = torch.randn(256, 4)
    y = torch.tanh(x @ torch.randn(4, 1))
    body, head = nn.Linear(4, 16), nn.Linear(16, 1)
    groups = [{"params": body.parameters()}, {"params": head.parameters()}]
    optimizer = Prodigy(groups, lr=1.0, weight_decay=weight_decay)
    for step in range(400):
        if step == frozen_from:
            start = body.weight.detach().clone()
            freeze(body, optimizer)
        loss = (head(torch.tanh(body(x))) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved = (body.weight - start).abs().max()
    return moved.item(), (body.weight.norm() / start.norm()).item(), loss.item()


def by_rate(body, optimizer):
    optimizer.param_groups[0]["lr"] = 0.0


def by_gradient(body, optimizer):
    body.requires_grad_(False)


print("prodigyopt", version("prodigyopt"), "with torch", torch.__version__)
guess, seen = run(by_gradient), run(by_rate)
for name, (moved, _, loss) in (("guess", guess), ("seen", seen)):
    print(f"frozen at step 50: {name:5}  moved {moved:.2f}, last loss {loss:.5f}")
faded = run(by_rate, frozen_from=0, weight_decay=0.1)
print(f"frozen at step 0, decay 0.1: guess length 1.00   seen length {faded[1]:.2f}")
assert guess[0] == 0 and guess[2] < 0.001
assert seen[0] > 3 and seen[2] > 10 * guess[2]
assert faded[1] < 0.5
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
