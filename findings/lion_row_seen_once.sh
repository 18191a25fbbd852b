#!/usr/bin/env bash
# Library: lion-pytorch 0.2.5 and Lion of pytorch-optimizer 4.1.0 with torch 2.13.0 on a CPU, an embedding table.
# Guess:   a row whose word came up in the first batch and never again comes to rest when the momentum of .99 has faded,
#          after some hundreds of steps; with Adam it moves by 5 times the learning rate in all.
# Happens: it never comes to rest. Each step is the sign of the average, however small that is, times the full learning
#          rate; from 1 the average takes 10,000 steps to fall to 7e-44, and there it stays, since float32 rounds .99 of
#          it to itself. After 12,000 steps the row has moved by 12,000 times the learning rate.
# Matters: rows of rare words, experts and heads that are seldom used walk in the direction of their last gradient at the
#          pace of rows that are learned. Weight decay ends it only where it is as large as the step, at a weight of
#          1 / weight_decay. Gradients of None (zero_grad with set_to_none, a part that no batch uses at all) are skipped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'lion-pytorch==0.2.5' 'pytorch-optimizer==4.1.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import lion_pytorch
import pytorch_optimizer
import torch

STEPS, MARKS, RATE = 12_000, (100, 1_000, 12_000), 0.001
MAKES = {
    "Adam": lambda weights: torch.optim.Adam(weights, lr=RATE),
    "lion-pytorch": lambda weights: lion_pytorch.Lion(weights, lr=RATE, weight_decay=0.0),
    "pytorch-optimizer": lambda weights: pytorch_optimizer.Lion(weights, lr=RATE, weight_decay=0.0),
}


def moved(make):
    """How many rates the row of word 0 has moved after its one batch, at some steps; and its average at the end."""
    table = torch.nn.Embedding(2, 1)
    torch.nn.init.zeros_(table.weight)
    optimizer, seen = make(table.parameters()), []
    gradients = [torch.autograd.grad(table(torch.tensor([word])).sum(), table.weight)[0] for word in (0, 1)]
    for step in range(STEPS + 1):
        table.weight.grad = gradients[0 if step == 0 else 1].clone()
        optimizer.step()
        if step == 0:
            start = table.weight[0].item()
        if step in MARKS:
            seen.append(round(abs(table.weight[0].item() - start) / RATE))
    return seen, optimizer.state[table.weight]["exp_avg"][0].item()


print("torch", torch.__version__, *(f"{name} {version(name)}" for name in ("lion-pytorch", "pytorch-optimizer")))
print("steps after the batch:", *MARKS)
for name, make in MAKES.items():
    seen, average = moved(make)
    print(f"{name}: moved by {seen} times the rate, average {average:.3g}", flush=True)
    if name == "Adam":
        assert seen[-1] < 10
    else:
        assert all(abs(distance / mark - 1) < 0.02 for distance, mark in zip(seen, MARKS, strict=True))
        still = torch.tensor(average)
        assert 0 < average < 1e-43 and still * 0.99 == still
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
