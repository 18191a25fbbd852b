#!/usr/bin/env bash
# Library: torch 2.13.0, torch.amp.GradScaler with two optimizers that have a weight in common, as actor and critic with one
#          encoder, each with an optimizer of its own.
# Guess:   scaler.step(a), scaler.step(b), scaler.update() do what a.step(), b.step() do without a scaler, as long as nothing
#          overflows: both see the gradient, and the weight moves twice.
# Happens: scaler.step divides the gradients of its optimizer by the scale where they lie, and remembers that by optimizer and
#          not by tensor. In the second step the common weight's gradient is divided once more: it is 65536 times too small.
#          A weight that should move by 11 moves by 1.00015; and which optimizer counts depends on the order of two lines.
# Matters: the encoder is trained by the first optimizer alone, at a wrong rate, without a word. With Adam the second still
#          moves it until the gradients come near eps, and with momentum or decay it goes on without a gradient. To
#          clip in between goes by the wrong gradient too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch


def moves(enabled, first=0):
    """How far one step of each of two optimizers, with rates 1 and 10, takes the encoder and the two heads."""
    encoder, *heads = (torch.nn.Parameter(torch.ones(1)) for _ in range(3))
    optimizers = [torch.optim.SGD([encoder, head], lr=rate) for head, rate in zip(heads, (1.0, 10.0))]
    scaler = torch.amp.GradScaler("cpu", enabled=enabled)
    scaler.scale((encoder + heads[0] + heads[1]).sum()).backward()
    for optimizer in optimizers if first == 0 else optimizers[::-1]:
        scaler.step(optimizer)
    scaler.update()
    return [round(1 - weight.item(), 5) for weight in (encoder, *heads)]


print("torch", torch.__version__)
plain, scaled, turned = moves(False), moves(True), moves(True, first=1)
print("guess: encoder and heads move by", plain, "with rates 1 and 10, as without a scaler")
print("seen: ", scaled, "with a scaler;", turned, "if the second optimizer steps first")
assert plain == [11.0, 1.0, 10.0]
assert abs(scaled[0] - 1) < 1e-3 and abs(turned[0] - 10) < 1e-3 and scaled[1:] == turned[1:] == [1.0, 10.0]
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
