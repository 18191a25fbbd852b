#!/usr/bin/env bash
# Library: bitsandbytes 0.50.2 (Adam8bit) and torchao 0.18.0 (Adam8bit, Adam4bit) with torch 2.13.0, on a CPU.
# Guess:   Adam does not care how large a gradient is, and few bits cost a few percent: under constant gradients all weights
#          move lr at each step.
# Happens: 128 or 256 neighboring weights share one scale for each average. Beside a gradient of 1, a weight whose gradient
#          is a thousandth goes a quarter of its way in bitsandbytes' 8 bits; with a tenth it goes a third in torchao's 4
#          bits, with a hundredth next to nothing: the average of its gradient is rounded to 0. In torchao's 8 bits a
#          weight with a gradient of 3e-4 goes six times too far, for there the average of the squares is rounded away.
# Matters: within one tensor, rows of rare tokens or channels of small gradients stand still or run, while the loss goes
#          down thanks to the others. Both libraries keep 32 bits for tensors below 4096 numbers, so small tests show
#          nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'bitsandbytes==0.50.2' 'torchao==0.18.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import bitsandbytes
import torch
import torchao.optim

STEPS, RATE = 100, 1e-3


def ways(rule, small, size=4096):
    """How far weights with gradients 1 and `small`, in turns, have gone, in steps of the learning rate."""
    weights = torch.nn.Parameter(torch.zeros(size))
    optimizer = rule([weights], lr=RATE)
    for _ in range(STEPS):
        weights.grad = torch.tensor([1.0, small]).repeat(size // 2)
        optimizer.step()
    return [-x / RATE for x in weights[:2].tolist()]


CASES = [  # and between which numbers of steps the weight with the small gradient ends
    ("torch Adam, 32 bits", torch.optim.Adam, 3e-4, (99, 101)),
    ("bitsandbytes Adam8bit", bitsandbytes.optim.Adam8bit, 1e-2, (95, 105)),
    ("bitsandbytes Adam8bit", bitsandbytes.optim.Adam8bit, 1e-3, (15, 35)),
    ("torchao Adam8bit", torchao.optim.Adam8bit, 1e-2, (95, 105)),
    ("torchao Adam8bit", torchao.optim.Adam8bit, 3e-4, (400, 800)),
    ("torchao Adam4bit", torchao.optim.Adam4bit, 1e-1, (20, 50)),
    ("torchao Adam4bit", torchao.optim.Adam4bit, 1e-2, (0, 10)),
]
print("torch", torch.__version__, "bitsandbytes", version("bitsandbytes"), "torchao", version("torchao"))
print(f"guess: after {STEPS} steps all weights have gone about {STEPS} learning rates")
for name, rule, small, (least, most) in CASES:
    of_large, of_small = ways(rule, small)
    print(f"seen:  {of_large:5.1f} with gradient 1, {of_small:5.1f} with gradient {small:g}, by {name}")
    assert 95 < of_large < 105, name
    assert least < of_small < most, name
assert 99 < ways(bitsandbytes.optim.Adam8bit, 1e-3, size=4094)[1] < 101
PY
# torchao compiles its step; without a compiler at hand the numbers are the same.
TORCHDYNAMO_DISABLE=1 "$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" ||
  { cat "$folder/errors"; exit 1; }
