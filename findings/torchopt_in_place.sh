#!/usr/bin/env bash
# Library: TorchOpt 0.7.3 with torch 2.13.0, its functional optimizers, whose calls are those of Optax: init, update,
#          apply_updates.
# Guess:   they are functions, as in Optax: update and apply_updates return new objects, and the old parameters and the old
#          state are still there, to go back to where a step was worse.
# Happens: both work in place unless told inplace=False. The old parameters are the new ones, so that going back goes
#          nowhere. The old state has the new averages beside the old count of steps: neither of the two. Two runs that
#          start from the same parameters and state push each other on.
# Matters: "try a step, keep it if the loss fell", a line search, branches from one state with different rates, the best
#          parameters so far: each of them works in Optax as written, and here there is nothing left to go back to.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'torchopt==0.7.3' 'jax==0.10.2' 'optax==0.2.8'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import jax.numpy as jnp
import optax
import torch
import torchopt


def guarded(make, apply, array, rate, **settings):
    """Losses of 2 x^2 by steps of Adam that are kept only if the loss fell; the rate is halved where it did not."""
    parameters, losses = {"x": array(1.0)}, []
    for _ in range(12):
        optimizer = make(rate)
        state = optimizer.init(parameters)
        before = 2 * float(parameters["x"]) ** 2
        updates, state = optimizer.update({"x": 4 * parameters["x"]}, state, **settings)
        trial = apply(parameters, updates, **settings)
        if 2 * float(trial["x"]) ** 2 < before:
            parameters = trial
        else:
            rate /= 2
        losses.append(round(2 * float(parameters["x"]) ** 2, 3))
    return losses


print("torchopt", version("torchopt"), "torch", torch.__version__, "optax", optax.__version__)
old = {"x": torch.zeros(1)}
optimizer = torchopt.adam(0.1)
state = optimizer.init(old)
updates, new_state = optimizer.update({"x": torch.ones(1)}, state)
new = torchopt.apply_updates(old, updates)
print("parameters before and after a step:", old["x"].item(), new["x"].item())
print("state before:", state[0], "\nstate after: ", new_state[0])
assert new["x"].data_ptr() == old["x"].data_ptr() and abs(old["x"].item() + 0.1) < 1e-6
assert abs(state[0].mu[0].item() - 0.1) < 1e-6 and state[0].count[0].item() == 0 and new_state[0].count[0].item() == 1

start = {"x": torch.zeros(1)}
ends = {}
for rate in (0.1, 1.0, 10.0):  # three branches from one start
    branch, optimizer = start, torchopt.sgd(rate)
    state = optimizer.init(branch)
    updates, state = optimizer.update({"x": torch.ones(1)}, state)
    ends[rate] = torchopt.apply_updates(branch, updates)
print("one step of SGD from 0 with gradient 1 and rates .1, 1, 10:", {rate: end["x"].item() for rate, end in ends.items()})
assert all(abs(end["x"].item() + 11.1) < 1e-5 for end in ends.values())

in_optax = guarded(optax.adam, optax.apply_updates, jnp.array, 1.5)
in_place = guarded(torchopt.adam, torchopt.apply_updates, torch.tensor, 1.5)
not_in_place = guarded(torchopt.adam, torchopt.apply_updates, torch.tensor, 1.5, inplace=False)
print("losses of guarded steps\n  optax               ", in_optax, "\n  torchopt, as it comes", in_place,
      "\n  torchopt, inplace=False", not_in_place)
assert not_in_place == in_optax and in_optax[-1] < 0.05 and sorted(in_optax, reverse=True) == in_optax
assert any(later > earlier for earlier, later in zip(in_place, in_place[1:]))
PY
OMP_NUM_THREADS=1 JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore "$folder/check.py"
