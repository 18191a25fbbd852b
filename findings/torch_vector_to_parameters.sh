#!/usr/bin/env bash
# Library: torch 2.13.0, torch.nn.utils.vector_to_parameters.
# Guess:   it copies the numbers of the vector into the weights, as load_state_dict does and as parameters_to_vector copies
#          the other way: the vector is a safe place to come back to.
# Happens: the weights become views of the vector. Training overwrites the vector, and two models that were set to the same
#          vector are one model from then on: each step of the first moves the second, which nobody trains.
# Matters: "start" is no longer the start after the first step, so a return to it, a distance from it or a picture of the
#          loss around it is 0 or wrong, and an ensemble from one start has one member. vector_to_parameters(start.clone(),
#          ...) cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def after_a_step(of_start):
    """The start and two models that were set to it, after one of them has made a step."""
    start = torch.zeros(3)
    trained, idle = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    for model in (trained, idle):
        vector_to_parameters(of_start(start), model.parameters())
    optimizer = torch.optim.SGD(trained.parameters(), lr=1.0)
    trained(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return [start.tolist(), *(parameters_to_vector(model.parameters()).tolist() for model in (trained, idle))]


print("torch", torch.__version__)
print("guess: start %s, trained model %s, the other %s" % tuple(after_a_step(torch.clone)))
print("seen:  start %s, trained model %s, the other %s" % tuple(after_a_step(lambda start: start)))
assert after_a_step(torch.clone) == [[0.0] * 3, [-1.0] * 3, [0.0] * 3]
assert after_a_step(lambda start: start) == [[-1.0] * 3] * 3
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
