#!/usr/bin/env bash
# Library: torch 2.13.0, torch.autocast on a CPU (on a GPU it is the same cache), weights in float32.
# Guess:   whether `with torch.autocast(...)` stands around each forward pass or around the loop makes no difference but to
#          the time: forward passes run in bfloat16, the step changes the float32 weights.
# Happens: within one `with`, the bfloat16 copies of the weights are made once. The steps do change the weights, but no
#          forward pass sees them: the loss is the same number at every step, and the weights run off in the direction of
#          the first gradient. Without gradients it is the same: to swap in averaged weights changes no prediction.
# Matters: a training loop, an LBFGS closure or "evaluate, swap in the average, evaluate again" under one `with` works on
#          old weights without a word. To enter it anew for each forward pass, or cache_enabled=False, cures it.
# Source:  https://docs.pytorch.org/docs/stable/amp.html advises to wrap forward passes only, not what else happens.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import contextlib

import torch


def autocast(**settings):
    return torch.autocast("cpu", torch.bfloat16, **settings)


def train(around_loop, around_forward):
    """Losses of gradient descent on (weight - 4)^2 from 0, and the last weight."""
    layer, losses = torch.nn.Linear(1, 1, bias=False), []
    torch.nn.init.zeros_(layer.weight)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.25)
    with around_loop():
        for _ in range(8):
            with around_forward():
                loss = (layer(torch.ones(1, 1)).float() - 4).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, layer.weight.item()


def two_predictions():
    layer = torch.nn.Linear(1, 1, bias=False)
    with autocast(), torch.no_grad():
        predictions = []
        for value in (1.0, 3.0):
            layer.weight.fill_(value)
            predictions.append(layer(torch.ones(1, 1)).item())
    return predictions


plain = contextlib.nullcontext
guess, seen = train(plain, autocast), train(autocast, plain)
print("torch", torch.__version__)
print("guess: losses %s, last weight %g" % guess)
print("seen:  losses %s, last weight %g" % seen)
print("guess: weights 1 and 3 predict 1 and 3;  seen:", two_predictions())
assert guess[0][-1] < 1e-2 and abs(guess[1] - 4) < 0.1
assert seen == ([16.0] * 8, 16.0)
assert train(lambda: autocast(cache_enabled=False), plain) == guess
assert two_predictions() == [1.0, 1.0]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
