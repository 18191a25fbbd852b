#!/usr/bin/env bash
# Library: torch 2.13.0, an optimizer made of model.named_parameters(), state_dict and load_state_dict.
# Guess:   the names are stored with the state, so each weight gets back its own averages, in whatever order the weights are
#          given to the new optimizer; or the difference is refused.
# Happens: the state is handed out by position, and the names of the old order are taken over with it. Where shapes agree
#          nothing is said: Adam's averages of the first layer are the second's, and param_groups names each weight by the
#          other's name. Only a hook of one's own before loading can sort by name.
# Matters: a module that is defined in another place, or a group for the biases that is built otherwise, changes the order.
#          Of two layers with gradients .01 and 1 the first stands nearly still after resumption, with steps of a hundredth
#          of the learning rate, and the second's steps are up to 6 times too long.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import io

import torch


def model(swapped=False):
    """Two layers of one shape, defined in one order or the other."""
    layers = {name: torch.nn.Linear(2, 2, bias=False) for name in ("first", "second")}
    return torch.nn.ModuleDict(dict(reversed(layers.items())) if swapped else layers)


def train(layers, optimizer, steps):
    for _ in range(steps):
        layers["first"].weight.grad = torch.full((2, 2), 0.01)
        layers["second"].weight.grad = torch.ones(2, 2)
        optimizer.step()


def resumed(swapped):
    """Steps 1, 10 and 100 of both layers after resumption, in learning rates; whether the names are right."""
    layers = model()
    optimizer = torch.optim.Adam(layers.named_parameters(), lr=0.001)
    train(layers, optimizer, 1000)
    file = io.BytesIO()
    torch.save((layers.state_dict(), optimizer.state_dict()), file)
    file.seek(0)
    weights, state = torch.load(file)
    layers = model(swapped)
    layers.load_state_dict(weights)
    optimizer = torch.optim.Adam(layers.named_parameters(), lr=0.001)
    optimizer.load_state_dict(state)
    names = dict(zip(optimizer.param_groups[0]["param_names"], optimizer.param_groups[0]["params"]))
    right = all(dict(layers.named_parameters())[name] is weight for name, weight in names.items())
    places = []
    for _ in range(100):
        places.append([layers[name].weight[0, 0].item() for name in ("first", "second")])
        train(layers, optimizer, 1)
    places.append([layers[name].weight[0, 0].item() for name in ("first", "second")])
    return [[round((places[step - 1][layer] - places[step][layer]) / 0.001, 2) for step in (1, 10, 100)]
            for layer in (0, 1)], right


print("torch", torch.__version__)
for swapped in (False, True):
    steps, right = resumed(swapped)
    print("swapped order" if swapped else "same order", "steps 1, 10, 100: guess 1, seen", steps,
          "names", "right" if right else "wrong")
    if swapped:
        assert steps[0][2] < 0.02 and steps[1][1] > 4 and not right
    else:
        assert all(abs(length - 1) < 0.02 for layer in steps for length in layer) and right
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
