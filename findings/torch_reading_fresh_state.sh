#!/usr/bin/env bash
# Library: torch 2.13.0, torch.distributed.checkpoint.state_dict.get_optimizer_state_dict (get_state_dict too), on one
#          process and without any sharding.
# Guess:   to read the state of an optimizer changes nothing; of a fresh one it is empty, or zeros at step 0.
# Happens: it makes a real step with learning rate 0 and zero gradients, and leaves it counted: Adam's step is 1. The bias
#          correction believes in a gradient that never was, and the first step of the training is .744 of the learning
#          rate instead of 1, the second .858.
# Matters: a program that builds its checkpoint dictionary before training, so as to resume when there is a checkpoint,
#          trains otherwise than one that does not, even where there was nothing to resume.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import warnings

import torch
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

warnings.filterwarnings("ignore", category=FutureWarning)
LR = 0.1


def first_steps(read, make=torch.optim.Adam):
    """Lengths of two steps along a constant gradient, in learning rates; and the steps counted before them."""
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 1)
    optimizer = make(net.parameters(), lr=LR)
    if read:
        get_optimizer_state_dict(net, optimizer)
    counted = optimizer.state[net.weight]["step"].item() if optimizer.state else 0.0
    lengths = []
    for _ in range(2):
        before = net.weight.detach().clone()
        optimizer.zero_grad()
        net(torch.ones(8, 3)).sum().backward()
        optimizer.step()
        lengths.append((before - net.weight.detach()).abs().max().item() / LR)
    return lengths, counted


plain, none = first_steps(False)
read, counted = first_steps(True)
print("torch", torch.__version__)
print("guess: the same two steps with and without reading the state")
print(f"seen:  {plain[0]:.3f} and {plain[1]:.3f} without; {read[0]:.3f} and {read[1]:.3f} after reading, "
      f"where {counted:.0f} step counts as made")
assert (none, counted) == (0, 1)
assert max(abs(length - 1) for length in plain) < 1e-4
# With one gradient of 0 before it: m = .1 g / (1 - .9^2), v = .001 g^2 / (1 - .999^2).
expected = 0.1 / (1 - 0.9**2) / (0.001 / (1 - 0.999**2)) ** 0.5
assert abs(read[0] - expected) < 1e-3 and abs(read[1] - 0.858) < 1e-3
PY
"$folder/venv/bin/python" "$folder/check.py"
