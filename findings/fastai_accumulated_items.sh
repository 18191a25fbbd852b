#!/usr/bin/env bash
# Library: fastai 2.8.12 with torch 2.13.0, callback GradientAccumulation(n_acc).
# Guess:   n_acc=4 makes a step of every 4 batches, with the mean of their gradients, as accumulation by 4 does in
#          Lightning, accelerate, ignite and the Trainer of transformers.
# Happens: n_acc counts examples, and the loss of a batch is divided by n_acc / (size of the batch). Where a batch is
#          larger than n_acc nothing is accumulated, and the gradient is multiplied: with batches of 16 and n_acc=4 each
#          batch is a step, four times too long. The default n_acc, 32, doubles the steps for fastai's default batch of
#          64. And where n_acc is not a multiple of the batch, the step comes later than the divisor says: 100 and batches
#          of 64 give 1.28.
# Matters: SGD runs at four times its rate, clipping by norm and weight decay as L2 penalty see other gradients, and Adam,
#          which heeds no factor, hides that nothing is accumulated. The loss that is shown is right throughout.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'torchvision==0.28.0' 'fastai==2.8.12'
cat > "$folder/check.py" <<'PY'
import sys
from inspect import signature

import fastai
import torch
from fastai.basics import SGD, Callback, DataLoader, DataLoaders, Learner
from fastai.callback.training import GradientAccumulation


class Steps(Callback):
    order = 99

    def before_fit(self):
        self.weights = [0.0]

    def after_step(self):
        self.weights.append(next(self.model.parameters()).item())


def steps(batch, *n_acc):
    """How far each step of SGD with rate 1 goes where the mean gradient of every batch is -1; 8 batches."""
    model, data = torch.nn.Linear(1, 1, bias=False), [(torch.ones(1), torch.ones(1))] * (8 * batch)
    torch.nn.init.zeros_(model.weight)
    loaders = DataLoaders(DataLoader(data, bs=batch), DataLoader(data, bs=batch))
    learner = Learner(loaders, model, lambda output, _: -output.mean(), SGD, path=sys.argv[1])
    watch = Steps()
    with learner.no_bar(), learner.no_logging():
        learner.fit(1, 1.0, cbs=[GradientAccumulation(*n_acc), watch])
    return [round(b - a, 4) for a, b in zip(watch.weights, watch.weights[1:])]


print("fastai", fastai.__version__, "torch", torch.__version__, "length of each step in 8 batches with gradient 1")
assert signature(GradientAccumulation).parameters["n_acc"].default == 32
for name, guess, seen, expected in (
    ("batches of 16, n_acc=4", [1.0, 1.0], steps(16, 4), [4.0] * 8),
    ("batches of 64, default", None, steps(64), [2.0] * 8),
    ("batches of 64, n_acc=100", [1.0] * 4, steps(64, 100), [1.28] * 4),
    ("batches of 16, n_acc=64", [1.0, 1.0], steps(16, 64), [1.0, 1.0]),
):
    print(f"{name:25} guess: {guess or 'no step longer than 1'}  seen: {seen}")
    assert seen == expected
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
