#!/usr/bin/env bash
# Library: xgboost 3.2.0 (here as xgboost-cpu), early stopping by a metric of one's own or of scikit-learn 1.9.1.
# Guess:   eval_metric=r2_score or roc_auc_score, scores of scikit-learn, are maximized, as "auc" is; a function of one's own
#          is a loss and is minimized, or one has to say.
# Happens: the beginning of the function's name decides: what starts with auc, pre, map or ndcg (but "mape") is maximized,
#          all else minimized. r2_score and roc_auc_score are minimized; a loss called prediction_error is maximized.
# Matters: the first and worst tree is the best iteration, and predict uses it alone: R2 .17 for .99, without a word. The
#          documentation of eval_metric says that functions are minimized, and nothing of names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'xgboost-cpu==3.2.0' 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy
import xgboost
from sklearn.metrics import mean_squared_error, r2_score, roc_auc_score

generator = numpy.random.default_rng(0)
inputs = generator.normal(size=(600, 4))
targets = inputs[:, 0] + 0.1 * generator.normal(size=600)
labels = (inputs[:, 0] + inputs[:, 1] * inputs[:, 2] > 0).astype(int)
train, valid = slice(0, 400), slice(400, None)


def squared_error(truth, guess):
    return float(((truth - guess) ** 2).mean())


def prediction_error(truth, guess):
    return squared_error(truth, guess)


def best(kind, wanted, metric):
    """Number of trees used, and what the metric says of them."""
    model = kind(n_estimators=300, learning_rate=0.1, max_depth=3, n_jobs=1, eval_metric=metric, early_stopping_rounds=10)
    model.fit(inputs[train], wanted[train], eval_set=[(inputs[valid], wanted[valid])], verbose=False)
    return model.best_iteration + 1, round(model.score(inputs[valid], wanted[valid]), 2)


print("xgboost", xgboost.__version__, "trees used, and R2 or accuracy; guess: one number of trees for the same errors")
seen = {}
for metric in ("rmse", mean_squared_error, squared_error, prediction_error, r2_score):
    seen[metric] = best(xgboost.XGBRegressor, targets, metric)
for metric in ("auc", roc_auc_score):
    seen[metric] = best(xgboost.XGBClassifier, labels, metric)
for metric, result in seen.items():
    print("seen: ", metric if isinstance(metric, str) else metric.__name__ + "()", result)
assert seen["rmse"] == seen[mean_squared_error] == seen[squared_error] and seen["rmse"][0] > 20 and seen["rmse"][1] > 0.9
assert seen[prediction_error] == seen[r2_score] and seen[r2_score][0] == 1 and seen[r2_score][1] < 0.3
assert seen["auc"][0] > 20 > 2 > seen[roc_auc_score][0]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
