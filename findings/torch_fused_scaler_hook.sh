#!/usr/bin/env bash
# Library: torch 2.13.0, torch.amp.GradScaler and the hooks of SGD, Adam, AdamW or Adagrad with fused=True.
# Guess:   scaler.step() unscales the gradients and then calls optimizer.step(), or skips it where one is infinite, as its
#          documentation says: a hook before the step sees gradients divided by the scale, and no hook runs at a skipped
#          step. With fused=False it is so.
# Happens: with fused=True the division, and the decision to skip, are left to the kernel inside the step. A hook of
#          register_step_pre_hook sees gradients times 65536, and the one of register_step_post_hook runs all the same.
# Matters: clipping to 1 in such a hook always clips, and the kernel then divides by the scale: the step of SGD is 65536
#          times too small. An average kept by the hook after the step also counts the steps that were skipped. To call
#          scaler.unscale_(optimizer) before scaler.step cures the first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import math

import torch

SCALE = 65536


def step(rule, fused, gradient, clip=True, unscale_first=False):
    """Norm of the gradient in the hook before the step, length of the step, runs of the hook after it."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = rule([weight], lr=1.0, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=SCALE)
    norms, runs = [], []

    def before(*_):
        norms.append(weight.grad.norm().item())
        if clip:
            torch.nn.utils.clip_grad_norm_([weight], 1.0)

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(lambda *_: runs.append(1))
    scaler.scale(weight.sum() * gradient).backward()
    if unscale_first:
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    return norms, round(weight.norm().item(), 7), len(runs)


print("torch", torch.__version__)
guess, seen = (step(torch.optim.SGD, fused, 3.0) for fused in (False, True))
print("gradient 3, clipped to 1   guess:", guess, "  seen:", seen)
assert abs(guess[1] - 1) < 1e-5 and abs(seen[1] * SCALE - 1) < 0.01
for rule in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad):
    assert step(rule, False, 3.0)[0] == step(rule, True, 3.0, unscale_first=True)[0] == [3.0]
    assert step(rule, True, 3.0)[0] == [3.0 * SCALE]
guess, seen = (step(torch.optim.SGD, fused, math.inf, clip=False) for fused in (False, True))
print("gradient infinite, skipped guess:", guess, "  seen:", seen)
assert guess == ([], 0, 0) and seen == ([math.inf], 0, 1)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
