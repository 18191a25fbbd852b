#!/usr/bin/env bash
# Library: accelerate 1.15.0 with torch 2.13.0, two prepared loaders read together, as labeled and unlabeled batches are:
#          zip(labeled, cycle(unlabeled)), gradients accumulated over 4 batches.
# Guess:   the labeled loader, which ends the epoch, decides: of 18 batches steps come after 4, 8, 12, 16 and the last.
# Happens: the loader that was begun last decides. Each time the short one ends, there is a step, of whatever has gathered,
#          divided by 4 all the same; the end of the epoch goes unnoticed. With 5 unlabeled batches steps come after 4, 5, 9,
#          10, 14, 15; three batches are left over and carried into the next epoch.
# Matters: every second step comes from a single batch and is a quarter as long; under Adam it is a full one. A loader that
#          is only looked into in the middle of an epoch, next(iter(validation)), hides the epoch's end in the same way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
from itertools import chain, repeat

import accelerate
import torch

BATCHES, EVERY = 18, 4


def run(short, look=False):
    """After which batches there is a step, and by how much the weight, whose gradient is 1, moves in each."""
    helper = accelerate.Accelerator(gradient_accumulation_steps=EVERY, cpu=True)
    layer = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(layer.weight)
    layer, optimizer, long, other = helper.prepare(
        layer, torch.optim.SGD(layer.parameters(), lr=1.0), torch.utils.data.DataLoader(torch.ones(BATCHES, 1)),
        torch.utils.data.DataLoader(torch.ones(5, 1)))
    pairs = zip(long, chain.from_iterable(repeat(other)) if short else repeat(None))
    steps, lengths = [], []
    for number, (batch, _) in enumerate(pairs, start=1):
        before = layer.weight.item()
        with helper.accumulate(layer):
            helper.backward(layer(batch).sum())
            optimizer.step()
            optimizer.zero_grad()
        if layer.weight.item() != before:
            steps.append(number)
            lengths.append(before - layer.weight.item())
        if look and number == 10:
            next(iter(other))
    return steps, lengths


print("accelerate", accelerate.__version__, "torch", torch.__version__)
guess, seen, looked = run(short=False), run(short=True), run(short=False, look=True)
print("guess: steps after {}, of lengths {}, as with one loader".format(*guess))
print("seen:  steps after {}, of lengths {}, with two loaders".format(*seen))
print("seen:  steps after {}, of lengths {}, with a look into another loader".format(*looked))
assert guess == ([4, 8, 12, 16, 18], [1, 1, 1, 1, 0.5])
assert seen == ([4, 5, 9, 10, 14, 15], [1, 0.25, 1, 0.25, 1, 0.25])
assert looked == ([4, 8, 12, 16], [1, 1, 1, 1])
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
