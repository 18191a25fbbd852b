#!/usr/bin/env bash
# Library: torch 2.13.0, state_dict and load_state_dict of an optimizer, without a file between them.
# Guess:   load_state_dict copies, as a module's does: two optimizers with one state go their own ways afterwards.
# Happens: it takes the very tensors over. Two runs that branch from one state write into the same averages and the same
#          count of steps: here the second, told to go up by its own gradient, goes down with the first's. Loading a state
#          that was kept in memory brings nothing back, because it has moved along.
# Matters: branched runs, population-based training, "back to the best epoch", clones for a line search. A deep copy of
#          the state, or a way through torch.save, cures it.
# Source:  https://github.com/pytorch/pytorch/issues/196083 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import copy

import torch


def adam():
    weight = torch.nn.Parameter(torch.zeros(1))
    return weight, torch.optim.Adam([weight], lr=1.0)


def step(weight, optimizer, gradient, times=1):
    before = weight.item()
    for _ in range(times):
        weight.grad = torch.tensor([gradient])
        optimizer.step()
    return round(weight.item() - before, 4)


def first_step_of_branch(of_state, steps_of_trunk):
    trunk, branch = adam(), adam()
    step(*trunk, 1.0)
    branch[1].load_state_dict(of_state(trunk[1].state_dict()))
    step(*trunk, 10.0, steps_of_trunk)
    return step(*branch, -1.0)


def average_after_return(of_state):
    weight, optimizer = adam()
    step(weight, optimizer, 1.0)
    kept = of_state(optimizer.state_dict())
    step(weight, optimizer, 10.0, 20)
    optimizer.load_state_dict(kept)
    return round(optimizer.state[weight]["exp_avg"].item(), 4)


def as_it_is(state):
    return state


print("torch", torch.__version__)
print("guess: the branch's first step is", first_step_of_branch(as_it_is, 0), "whatever the trunk does;",
      "back at the kept state the average is", average_after_return(copy.deepcopy))  # fmt: skip
print("seen:  after 20 steps of the trunk it is", first_step_of_branch(as_it_is, 20), "and the average is",
      average_after_return(as_it_is))  # fmt: skip
assert 0 < first_step_of_branch(copy.deepcopy, 20) == first_step_of_branch(as_it_is, 0) < 0.1
assert first_step_of_branch(as_it_is, 20) < -0.5
assert average_after_return(copy.deepcopy) == 0.1
assert average_after_return(as_it_is) > 8
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
