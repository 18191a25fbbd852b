#!/usr/bin/env bash
# Library: scikit-learn 1.9.1, MLPClassifier and MLPRegressor with warm_start=True.
# Guess:   after a fit to one task, fit to another starts at the weights found and trains until the loss stands still.
# Happens: the smallest loss of the first task, and the count of epochs without progress, are carried over too. The
#          first loss of the new task is larger, the count is past its limit: fit ends after one epoch, without a
#          warning. With early_stopping=True it is the best validation score, and the first task's weights come back.
# Matters: pretraining and fine-tuning seem to run, and the model still answers the first task. partial_fit in a loop,
#          an epoch each, trains on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.simplefilter("error")
x = np.random.default_rng(0).normal(size=(200, 2))
SETTINGS = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.01, "max_iter": 1000, "random_state": 0}


def second_task(Model, first, second, early_stopping):
    """Epochs and score of the second task: after the first one, and by a model that starts with it."""
    model = Model(warm_start=True, early_stopping=early_stopping, **SETTINGS).fit(x, first)
    model.fit(x, second)
    fresh = Model(early_stopping=early_stopping, **SETTINGS).fit(x, second)
    return model.n_iter_, model.score(x, second), fresh.n_iter_, fresh.score(x, second)


print("scikit-learn", sklearn.__version__)
for early_stopping in (False, True):
    for Model, first, second in (
        (MLPClassifier, x[:, 0] > 0, x[:, 1] > 0),
        (MLPRegressor, x[:, 0], 3 * x[:, 1]),
    ):
        epochs, score, fresh_epochs, fresh_score = second_task(Model, first, second, early_stopping)
        print(f"{Model.__name__}, early_stopping={early_stopping}")
        print(f"    guess: {fresh_epochs} epochs, score {fresh_score:.2f}   seen: {epochs} epoch, score {score:.2f}")
        assert epochs == 1 and score < 0.6
        assert fresh_epochs > 10 and fresh_score > 0.85

model = MLPClassifier(warm_start=True, **SETTINGS).fit(x, x[:, 0] > 0)
for _ in range(200):
    model.partial_fit(x, x[:, 1] > 0)
print(f"by 200 calls of partial_fit: {model.score(x, x[:, 1] > 0):.2f}")
assert model.score(x, x[:, 1] > 0) > 0.95
PY
"$folder/venv/bin/python" "$folder/check.py"
