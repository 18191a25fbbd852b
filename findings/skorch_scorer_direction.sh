#!/usr/bin/env bash
# Library: skorch 1.4.0 with torch 2.13.0 and scikit-learn 1.9.1, the callback EpochScoring with a scorer of scikit-learn.
# Guess:   a name such as "roc_auc", "f1" or "neg_log_loss" stands for a scorer of scikit-learn, of which the larger value
#          is always the better one, as GridSearchCV takes them: roc_auc_best marks the epochs with the best score so far.
# Happens: EpochScoring has lower_is_better=True unless told otherwise, for scorers too. roc_auc_best marks each epoch
#          whose score is the worst so far; Checkpoint(monitor="roc_auc_best", load_best=True) puts back the worst
#          weights, and EarlyStopping(monitor="roc_auc"), whose default is the same, stops a run because it gets better.
# Matters: here the weights of AUC 0 are put back where the last epoch has 1. Losses and scores look right in the table
#          that is printed, where the marks of the "best" are colors. lower_is_better=False, in both, is needed with each
#          scorer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'scikit-learn==1.9.1' 'skorch==1.4.0'
cat > "$folder/check.py" <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import torch
from sklearn.metrics import get_scorer
from skorch import NeuralNetBinaryClassifier
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochScoring
from skorch.dataset import Dataset
from skorch.helper import predefined_split

inputs = np.linspace(-1, 1, 64, dtype="float32")[:, None]
answers = (inputs[:, 0] > 0).astype("float32")


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor([-1.0]))  # all wrong at first

    def forward(self, inputs):
        return (inputs * self.slope)[:, 0]


class Watch(Callback):  # to put back a checkpoint puts back its history, too
    def on_train_begin(self, net, **_):
        self.scores = []

    def on_epoch_end(self, net, **_):
        self.scores.append(round(float(net.history[-1, "roc_auc"]), 2))


def fit(*stop, **direction):
    """AUC of the epochs, and of the weights after the fit."""
    watch = Watch()
    net = NeuralNetBinaryClassifier(
        Line, max_epochs=12, lr=1.0, verbose=0, train_split=predefined_split(Dataset(inputs, answers)),
        callbacks=[
            ("scoring", EpochScoring("roc_auc", **direction)), ("watch", watch),
            ("checkpoint", Checkpoint(monitor="roc_auc_best", dirname=sys.argv[1], load_best=True)), *stop])
    net.fit(inputs, answers)
    return watch.scores, float(get_scorer("roc_auc")(net, inputs, answers))


print("skorch", version("skorch"), "scikit-learn", version("scikit-learn"), "torch", torch.__version__)
epochs, kept = fit()
right = fit(lower_is_better=False)
stopped, _ = fit(("stop", EarlyStopping(monitor="roc_auc", patience=5)))
print("AUC of the epochs:", epochs)
print("guess: AUC of the weights that are kept:", max(epochs), " seen:", kept, " with lower_is_better=False:", right[1])
print("guess: early stopping lets the 12 epochs run; seen:", len(stopped))
assert epochs[0] == 0 and epochs[-1] == 1 and kept == 0 and right[1] == 1 and len(stopped) < 12
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
