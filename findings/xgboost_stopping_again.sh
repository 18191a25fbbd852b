#!/usr/bin/env bash
# Library: xgboost 3.2.0 (here as xgboost-cpu), callback EarlyStopping, one object for two trainings.
# Guess:   the callback starts anew with each training, as that of LightGBM 4.7.0 does: one line above a loop over folds or
#          targets makes it.
# Happens: it keeps the best score of the training before, and the number of failures since. If the errors of the second
#          training are larger, its first tree is one failure more, and it ends there, without a best_iteration.
# Matters: the second model is one tree, R2 .15 for .99, without a word; in the other order all would be well. A remark in the
#          documentation of the estimators' `callbacks` says that callbacks are to be made anew; nothing checks it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'xgboost-cpu==3.2.0' 'lightgbm==4.7.0' 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import lightgbm
import numpy
import xgboost

generator = numpy.random.default_rng(0)
inputs = generator.normal(size=(600, 4))
small = inputs[:, 0] + 0.1 * generator.normal(size=600)
large = 10 * inputs[:, 0] + generator.normal(size=600)
train, valid = slice(0, 400), slice(400, None)


def trained(kind, callback, targets):
    """Number of trees that are used, and the score (R2), of a model trained with this callback."""
    model = kind(n_estimators=300, learning_rate=0.1, n_jobs=1, max_depth=2)
    if kind is xgboost.XGBRegressor:
        model.set_params(callbacks=[callback])
        silent = {"verbose": False}
    else:
        model.set_params(verbose=-1)
        silent = {"callbacks": [callback]}
    model.fit(inputs[train], targets[train], eval_set=[(inputs[valid], targets[valid])], **silent)
    if kind is xgboost.XGBRegressor:
        booster = model.get_booster()
        trees = booster.num_boosted_rounds() if booster.attr("best_iteration") is None else booster.best_iteration + 1
    else:
        trees = model.best_iteration_
    return trees, round(model.score(inputs[valid], targets[valid]), 2)


print("xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__, "trees and R2 of the second training")
for kind, stopping in ((lightgbm.LGBMRegressor, lambda: lightgbm.early_stopping(5, verbose=False)),
                       (xgboost.XGBRegressor, lambda: xgboost.callback.EarlyStopping(rounds=5))):
    shared = stopping()
    trained(kind, shared, small)
    again, fresh = trained(kind, shared, large), trained(kind, stopping(), large)
    print(f"{kind.__name__}: guess {fresh}, seen {again}")
    if kind is xgboost.XGBRegressor:
        assert again[0] == 1 and again[1] < 0.3 and fresh[0] > 40 and fresh[1] > 0.95
    else:
        assert again == fresh and fresh[1] > 0.9
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
