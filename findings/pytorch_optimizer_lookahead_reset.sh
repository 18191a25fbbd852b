#!/usr/bin/env bash
# Library: pytorch-optimizer 4.1.0 with torch 2.13.0, Lookahead(..., pullback_momentum="reset" or "pullback").
# Guess:   after each pull toward the slow weights the momentum of the optimizer inside starts again at 0 (or is pulled
#          back as well), whichever optimizer it is.
# Happens: only a state called momentum_buffer is touched, as torch's SGD has it. Adam, AdamW, NAdam, RAdam and Lion call
#          theirs exp_avg, and both settings do nothing, to the last bit and without a word.
# Matters: a comparison of the three settings around Adam, as in Lookahead's paper, compares a run with itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  'torch==2.13.0' 'numpy==2.4.6' 'pytorch-optimizer==4.1.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import pytorch_optimizer
import torch
from pytorch_optimizer import Lookahead

CURVATURES = torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
INSIDE = {
    "torch SGD, momentum 0.9": lambda weights: torch.optim.SGD(weights, lr=0.02, momentum=0.9),
    **{f"torch {name}": (lambda weights, name=name: getattr(torch.optim, name)(weights, lr=0.05))
       for name in ("Adam", "AdamW", "NAdam", "RAdam")},
    "its own Lion": lambda weights: pytorch_optimizer.Lion(weights, lr=0.05),
}


def end(inside, setting):
    """Weights after four pulls, on a quadratic bowl."""
    weights = torch.ones(4, dtype=torch.float64, requires_grad=True)
    optimizer = Lookahead(inside([weights]), k=5, alpha=0.5, pullback_momentum=setting)
    for _ in range(22):
        optimizer.zero_grad()
        (CURVATURES * weights.square()).sum().div(2).backward()
        optimizer.step()
    return weights.detach()


print("pytorch_optimizer", version("pytorch_optimizer"), "torch", torch.__version__)
print("guess: each setting ends somewhere else than no pull of the momentum")
differ = {}
for name, inside in INSIDE.items():
    far = [(end(inside, setting) - end(inside, "none")).abs().max().item() for setting in ("reset", "pullback")]
    print(f"seen:  {name:24} reset moves the end by {far[0]:.2g}, pullback by {far[1]:.2g}")
    differ[name] = [distance > 0 for distance in far]
assert differ == {name: [name.startswith("torch SGD")] * 2 for name in INSIDE}
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
