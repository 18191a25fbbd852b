#!/usr/bin/env bash
# Library: fastai 2.8.12 with torch 2.13.0, the column train_loss that fit prints and keeps in learn.recorder.values.
# Guess:   the mean of the training losses of the epoch, as valid_loss beside it is the mean over the validation set.
# Happens: it is a moving average over batches with decay .98, corrected for its start, that goes on from epoch to epoch:
#          about the last 50 batches count. With 4 batches in an epoch it says .19 at the end of the 15th, where the means
#          of the last six epochs are below .0001; valid_loss says 0.0000.
# Matters: on a small data set training looks much worse than validation, as if the model were not yet fitted, for a dozen
#          epochs more; in a large one the number is that of the epoch's end. learn.recorder.losses holds the same
#          average.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'fastai==2.8.12'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import numpy as np
import torch
from fastai.basics import SGD, Callback, DataLoader, DataLoaders, Learner, MSELossFlat
import fastai.callback.progress  # gives Learner no_bar
from torch.utils.data import TensorDataset


class Losses(Callback):
    def before_fit(self):
        self.all = []

    def after_batch(self):
        if self.training:
            self.all.append(self.learn.loss.item())


torch.manual_seed(0)
inputs = torch.randn(64, 1)
data = TensorDataset(inputs, 3 * inputs + 1)
loaders = DataLoaders(DataLoader(data, bs=16, shuffle=True), DataLoader(data, bs=16))
learn = Learner(loaders, torch.nn.Linear(1, 1), loss_func=MSELossFlat(), opt_func=SGD, cbs=Losses())
with learn.no_bar(), learn.no_logging():
    learn.fit(15, lr=0.1)
batches = np.array(learn.losses.all)
guess = batches.reshape(15, 4).mean(axis=1)
seen, valid = np.array(learn.recorder.values)[:, :2].T
average = mass = 0.0
for loss in batches:
    average, mass = 0.98 * average + 0.02 * loss, 0.98 * mass + 0.02
print("fastai", version("fastai"), "torch", torch.__version__)
for epoch in (0, 1, 2, 4, 9, 14):
    print(f"epoch {epoch + 1:2}: guess {guess[epoch]:.4f}, seen {seen[epoch]:.4f}, valid_loss {valid[epoch]:.4f}")
assert guess[9:].max() < 1e-4 and valid[9:].max() < 1e-4 and seen[14] > 0.1
assert abs(seen[14] - average / mass) < 1e-3
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
