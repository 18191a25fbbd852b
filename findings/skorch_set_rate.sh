#!/usr/bin/env bash
# Library: skorch 1.4.0 with torch 2.13.0, parameter groups with rates of their own
#          (optimizer__param_groups=[("backbone.*", {"lr": 1e-4})]) and net.set_params(lr=...) between two calls of partial_fit.
# Guess:   lr is the rate of whatever has none of its own, as at initialization: set_params(lr=1e-3) changes the head from
#          1e-2 to 1e-3, and the backbone stays at 1e-4.
# Happens: it is written into all groups. The backbone goes from 1e-4 up to 1e-3: the rate was lowered tenfold, and the
#          pretrained part learns ten times as fast. The parameters of the net still say 1e-4 for it, and after initialize()
#          it has that again.
# Matters: lowering the rate by hand is the usual way to go on in skorch; it undoes the protection of pretrained layers
#          without a word. set_params(optimizer__param_groups__1__lr=...) does change one group.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'skorch==1.4.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import numpy as np
import skorch
import torch


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone, self.head = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)

    def forward(self, inputs):
        return self.head(self.backbone(inputs))


def net():
    torch.manual_seed(0)
    net = skorch.NeuralNetRegressor(
        Network, max_epochs=1, lr=1e-2, verbose=0, train_split=None,
        optimizer__param_groups=[("backbone.*", {"lr": 1e-4})])
    return net.partial_fit(inputs, targets)


def rates(net):
    names = {weight: name.split(".")[0] for name, weight in net.module_.named_parameters()}
    return {names[group["params"][0]]: group["lr"] for group in net.optimizer_.param_groups}


inputs = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
targets = inputs.sum(axis=1, keepdims=True)
first = net()
start = rates(first)
first.set_params(lr=1e-3)
seen = rates(first.partial_fit(inputs, targets))
second = net()
second.set_params(optimizer__param_groups__1__lr=1e-3)
one = rates(second.partial_fit(inputs, targets))
third = net()
third.set_params(lr=1e-3)
new = rates(third.initialize())
print("skorch", version("skorch"), "torch", torch.__version__)
print("at the start", start)
print("guess:", {"backbone": 1e-4, "head": 1e-3}, "after set_params(lr=1e-3)")
print("seen: ", seen, "\nseen: ", new, "after initialize()\nseen: ", one, "with the name of the group")
assert start == {"backbone": 1e-4, "head": 1e-2} and seen == {"backbone": 1e-3, "head": 1e-3}
assert new == one == {"backbone": 1e-4, "head": 1e-3}
assert first.get_params()["optimizer__param_groups"][0][1]["lr"] == 1e-4
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
