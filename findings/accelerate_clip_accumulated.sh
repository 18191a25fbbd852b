#!/usr/bin/env bash
# Library: accelerate 1.15.0 with torch 2.13.0, accelerator.clip_grad_norm_ within accelerator.accumulate over 4 batches.
# Guess:   like step and zero_grad of a prepared optimizer and step of a prepared schedule, which do nothing until the fourth
#          batch, the clip acts once, on the mean gradient of the four. The loop need not know of the accumulation.
# Happens: it clips what has been added up so far, after each batch. A first gradient of 10 (of 40 / 4) becomes 1 and three
#          of -.75 are added to it, each sum being clipped again: the step goes uphill, +1 for -1. With equal batches
#          it is right.
# Matters: how much a batch counts depends on its place among the four; the result is no clipped mean of anything. Clipping
#          only where accelerator.sync_gradients is true, as the guide's examples do, is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import accelerate
import torch
from accelerate import Accelerator


def step(gradients, ask):
    """The move of one weight by SGD with rate 1 after four batches with these gradients, clipped to 1."""
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=4)
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=1.0))
    for gradient in gradients:
        with accelerator.accumulate(model):
            accelerator.backward(gradient * model.weight.sum())
            if accelerator.sync_gradients or not ask:
                accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    return round(model.weight.item(), 3)


print("accelerate", accelerate.__version__, "torch", torch.__version__)
for gradients in ((40.0, -3.0, -3.0, -3.0), (-3.0, -3.0, -3.0, 40.0), (2.0, 2.0, 2.0, 2.0)):
    mean = sum(gradients) / 4
    guess, seen = -max(-1.0, min(1.0, mean)), step(gradients, ask=False)
    print(f"gradients {gradients}, mean {mean}: guess {guess}, seen {seen}, with sync_gradients {step(gradients, ask=True)}")
    assert step(gradients, ask=True) == guess
    assert seen == (1.0 if gradients[0] == 40 else guess)
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
