#!/usr/bin/env bash
# Library: xgboost 3.2.0 (here as xgboost-cpu), early stopping with booster="dart" and booster="gblinear".
# Guess:   predict uses the model of best_iteration and gives best_score on the data it was measured on, as with
#          booster="gbtree". LightGBM 4.7.0 switches early stopping off with dart, and says so.
# Happens: a later round of dart rescales the trees it drops, also those up to best_iteration, and best_iteration is a number
#          of trees, not a copy: with normalize_type="forest" an error of .72 becomes .92. gblinear has no trees to leave
#          out: predict uses the coefficients of the last round, with an error of 1.94 for 1.66.
# Matters: best_score, and the best value of the log, belong to a model that is nowhere any more. A choice between boosters
#          by best_score compares what cannot be used. save_best=True of the callback EarlyStopping is an error with
#          gblinear, and does not help with dart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'xgboost-cpu==3.2.0' 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import xgboost

random = np.random.default_rng(0)
X = random.normal(size=(600, 8))
Y = X[:, 0] + 2 * np.sin(3 * X[:, 1]) + 0.5 * random.normal(size=600)
FEW_X = random.normal(size=(320, 30))
FEW_Y = FEW_X[:, :5].sum(axis=1) + random.normal(size=320)


def stopped(x, y, train, save_best=False, **settings):
    """Best score of the log, and the error of predict on the same data."""
    stop = xgboost.callback.EarlyStopping(20, save_best=save_best)
    model = xgboost.XGBRegressor(n_estimators=500, callbacks=[stop], random_state=0, n_jobs=1, **settings)
    model.fit(x[:train], y[:train], eval_set=[(x[train:], y[train:])], verbose=False)
    log = model.evals_result()["validation_0"]["rmse"]
    assert model.best_score == min(log) == log[model.best_iteration] and len(log) == model.best_iteration + 21
    error = float(np.sqrt(np.mean((model.predict(x[train:]) - y[train:]) ** 2)))
    print(f"{settings}{', save_best' * save_best}: best_score {model.best_score:.4f} at {model.best_iteration}, "
          f"predict {error:.4f}, last round {log[-1]:.4f}")
    return model.best_score, error, log[-1]


print("xgboost", xgboost.__version__)
best, error, _ = stopped(X, Y, 300, booster="gbtree")
assert abs(error - best) < 1e-4
best, error, _ = stopped(X, Y, 300, booster="dart", rate_drop=0.3)
assert error > best + 0.01
for save_best in (False, True):
    forest = {"rate_drop": 0.1, "one_drop": 1, "normalize_type": "forest"}
    best, error, _ = stopped(X, Y, 300, save_best, booster="dart", **forest)
    assert error > best + 0.1
best, error, last = stopped(FEW_X, FEW_Y, 31, booster="gblinear", learning_rate=0.5, reg_lambda=0.0)
assert error > best + 0.1 and abs(error - last) < 1e-4
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
