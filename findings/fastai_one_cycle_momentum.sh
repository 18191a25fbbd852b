#!/usr/bin/env bash
# Library: fastai 2.8.12 with torch 2.13.0, fit_one_cycle with an optimizer of torch in OptimWrapper.
# Guess:   torch's SGD that was made without momentum has none during fit_one_cycle either: only the rate follows the
#          cycle, as with fastai's own SGD, whose steps without momentum stay that.
# Happens: fit_one_cycle also sets the momentum, .95 to .85 and back, and in torch's SGD the number 0 that was there is
#          enough to receive it: plain SGD becomes SGD with momentum .95, whose steps are up to 20 times as long.
# Matters: a comparison of SGD with momentum compares two runs with momentum; a rate that is right for plain SGD diverges.
#          fit leaves it at 0, and moms=(0, 0, 0) does in fit_one_cycle.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'fastai==2.8.12'
cat > "$folder/check.py" <<'PY'
from functools import partial
from importlib.metadata import version

import torch
from fastai.basics import SGD, DataLoader, DataLoaders, Learner, OptimWrapper
import fastai.callback.schedule  # gives Learner fit_one_cycle

WRAPPED = partial(OptimWrapper, opt=torch.optim.SGD)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs):
        return self.weight * inputs


def distance(optimizer, method, **settings):
    """How far 100 steps under a constant gradient of 1 go, and the momentum at the end where torch has one."""
    loaders = DataLoaders(*(DataLoader([(torch.ones(1), torch.ones(1))] * 50, bs=1) for _ in range(2)))
    learn = Learner(loaders, Model(), loss_func=lambda out, _: out.mean(), opt_func=optimizer)
    with learn.no_bar(), learn.no_logging():
        getattr(learn, method)(2, 0.01, wd=0.0, **settings)
    momentum = learn.opt.opt.param_groups[0]["momentum"] if optimizer is WRAPPED else None
    return -learn.model.weight.item(), momentum


print("fastai", version("fastai"), "torch", torch.__version__)
guess, _ = distance(SGD, "fit_one_cycle")
seen, momentum = distance(WRAPPED, "fit_one_cycle")
print(f"guess: 100 steps go {guess:.3f}, momentum 0\nseen:  100 steps go {seen:.3f}, momentum {momentum:.3f}")
assert momentum > 0.9 and seen > 5 * guess
none, momentum = distance(WRAPPED, "fit_one_cycle", moms=(0, 0, 0))
assert momentum == 0 and abs(none - guess) < 1e-4
assert distance(WRAPPED, "fit")[1] == 0
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
