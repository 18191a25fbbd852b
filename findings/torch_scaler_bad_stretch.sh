#!/usr/bin/env bash
# Library: torch 2.13.0, torch.amp.GradScaler with float16 (here on the CPU), a stretch of batches whose loss is NaN, as from
#          a broken part of a data set.
# Guess:   the scaler leaves out the steps of these batches and halves its scale; with the first good batch training goes on,
#          with a smaller scale for a while.
# Happens: there is no lower end. After 50 such batches the scale is 65536 / 2^50, at which all gradients in float16 are 0:
#          the steps are taken and move nothing, and as the scale doubles once in 2000 steps this lasts for tens of thousands
#          of them. After 200 the scale is 0. Then the first GOOD batch makes every weight NaN: the scaler looks for infinity
#          in the gradient before it is divided by the scale, where 0 is fine, and 0 / 0 goes into the step.
# Matters: the loss stands still for no reason that could be seen, while momentum and weight decay go on; or the guard
#          against NaN puts NaN into weights that had come through the bad stretch unharmed. Nothing is said. Leaving
#          out batches whose loss is not finite before backward() avoids it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import math

import torch


def train(bad):
    """Bad batches, then good ones: the scale between the two, weights before the good ones, losses and weights after."""
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    inputs = torch.randn(16, 4)
    targets = inputs.sum(1, keepdim=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scaler = torch.amp.GradScaler("cpu")

    def step(batch):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.float16):
            outputs = model(batch)
        loss = (outputs.float() - targets).square().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    for _ in range(bad):
        step(inputs * math.nan)
    assert all(weight.isfinite().all() for weight in model.parameters())
    scale = scaler.get_scale()
    return scale, [step(inputs) for _ in range(1000)], model.weight.tolist()[0]


print("torch", torch.__version__)
print("guess: whatever came before, 1000 good batches take the loss from 3.18 to 0")
losses = {}
for bad in (0, 50, 200):
    scale, losses[bad], weights = train(bad)
    print(f"seen:  {bad} bad batches, scale {scale:.2g}, losses of good batches 1, 2, 1000:",
          *(f"{losses[bad][number]:.2g}" for number in (0, 1, 999)), "weights", [round(weight, 2) for weight in weights])
assert losses[0][-1] < 1e-4
assert losses[50][-1] == losses[50][0] > 3
assert losses[200][0] == losses[0][0] and all(math.isnan(loss) for loss in losses[200][1:])
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
