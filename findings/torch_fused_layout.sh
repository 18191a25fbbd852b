#!/usr/bin/env bash
# Library: torch 2.13.0 on a CPU; SGD, Adam, AdamW, and Adagrad with fused=True.
# Guess:   fused=True takes the same steps, only faster: each weight is moved by its own element of the gradient.
# Happens: weights, gradients, and averages are read in the order in which they lie in memory. Where their strides differ,
#          each weight gets the number of another one, without a word. (On CUDA torch raises an error, see the source.)
# Matters: a gradient worked out by hand as (x.T @ delta).T has such strides; so have the averages of a run that is
#          resumed as channels_last. Use grad.contiguous(), the memory format of the saved run, or no fused=True.
# Source:  https://github.com/pytorch/pytorch/issues/106951 (the error on CUDA)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import copy

import torch


def step_by_hand(**options):
    """One step of gradient descent from 0, with a gradient that was worked out as a transposed product."""
    weight = torch.nn.Parameter(torch.zeros(2, 3))
    weight.grad = torch.tensor([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]).T
    torch.optim.SGD([weight], lr=1.0, **options).step()
    return (-weight.detach()).tolist()


def train(model, optimizer, data):
    for _ in range(20):
        optimizer.zero_grad()
        model(data).square().mean().backward()
        optimizer.step()


def change_by_format(**options):
    """How far a run resumed as channels_last ends from the same run resumed as it was."""
    torch.manual_seed(0)
    model, data = torch.nn.Conv2d(3, 4, 3), torch.randn(8, 3, 8, 8)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, **options)
    train(model, optimizer, data)
    resumed = copy.deepcopy(model).to(memory_format=torch.channels_last)
    again = torch.optim.Adam(resumed.parameters(), lr=0.01, **options)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(model, optimizer, data)
    train(resumed, again, data)
    return (model.weight - resumed.weight).abs().max().item()


print("torch", torch.__version__)
print("step along [[1, 2, 3], [4, 5, 6]]: guess", step_by_hand(), " seen", step_by_hand(fused=True))
plain, fused = change_by_format(), change_by_format(fused=True)
print(f"largest change of a weight by channels_last: guess {plain:.3f}  seen {fused:.3f}")
assert step_by_hand() == [[1, 2, 3], [4, 5, 6]]
assert step_by_hand(fused=True) == [[1, 4, 2], [5, 3, 6]]
assert plain < 1e-4 and fused > 0.02
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
