#!/usr/bin/env bash
# Library: bitsandbytes 0.50.2 with torch 2.13.0 on a CPU, its optimizers with optim_bits=32.
# Guess:   SGD(nesterov=True), SGD(dampening=.5), RMSprop(momentum=.9) and Adam(weight_decay=.5) do what torch's optimizers of
#          these names do with these arguments; with 32 bits they agree to rounding.
# Happens: the first three are accepted and used nowhere: the weights are to the last bit those without them. Adam's decay is
#          that of AdamW. What bitsandbytes does not have elsewhere (centered, lr_decay) raises an error.
# Matters: a drop-in replacement that saves memory is another method: after ten steps RMSprop without its momentum has gone
#          a fifth of the way. With plain momentum, without decay, and as AdamW, the two libraries agree.
# Source:  https://github.com/bitsandbytes-foundation/bitsandbytes/pull/2085 (open, nesterov and dampening) and issue 10
#          (closed, Adam)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'bitsandbytes==0.50.2' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import bitsandbytes
import torch

START = torch.linspace(-2, 2, 5000)


def moved(optimizer, **options):
    """How far ten steps take the weights."""
    weights = torch.nn.Parameter(START.clone())
    optimizer = optimizer([weights], lr=0.01, **options)
    for step in range(10):
        weights.grad = torch.sin(torch.arange(5000.0) + 0.3 * step) + 0.1
        optimizer.step()
    return weights.detach() - START


def apart(first, second):
    return ((first - second).abs().max() / second.abs().max()).item()


print("bitsandbytes", bitsandbytes.__version__, "torch", torch.__version__)
for name, plain, option in (
    ("SGD", {"momentum": 0.9}, {"nesterov": True}),
    ("SGD", {"momentum": 0.9}, {"dampening": 0.5}),
    ("RMSprop", {}, {"momentum": 0.9}),
):
    theirs, torchs = getattr(bitsandbytes.optim, name), getattr(torch.optim, name)
    seen = moved(theirs, optim_bits=32, **plain, **option)
    print(f"{name} with {option}: guess: as torch's; seen: apart by {apart(seen, moved(torchs, **plain, **option)):.0%}")
    assert apart(seen, moved(torchs, **plain, **option)) > 0.1
    assert torch.equal(seen, moved(theirs, optim_bits=32, **plain))
    assert apart(seen, moved(torchs, **plain)) < 1e-4
seen = moved(bitsandbytes.optim.Adam, optim_bits=32, weight_decay=0.5)
for torchs in (torch.optim.Adam, torch.optim.AdamW):
    print(f"Adam with decay, apart from torch's {torchs.__name__} by {apart(seen, moved(torchs, weight_decay=0.5)):.1%}")
assert apart(seen, moved(torch.optim.Adam, weight_decay=0.5)) > 0.1
assert apart(seen, moved(torch.optim.AdamW, weight_decay=0.5)) < 1e-3
assert apart(moved(bitsandbytes.optim.Adam, optim_bits=32), moved(torch.optim.Adam)) < 1e-4
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
