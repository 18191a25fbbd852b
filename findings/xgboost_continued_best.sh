#!/usr/bin/env bash
# Library: xgboost 3.2.0 (here as xgboost-cpu), XGBRegressor and XGBClassifier: a model that was stopped early is trained on by
#          fit(..., xgb_model=model).
# Guess:   the new model, fitted without early stopping, predicts by all its trees, the old and the new ones.
# Happens: "best_iteration" is an attribute of the booster and is handed on with it. predict uses the trees up to it, of the
#          old model; the 50 new ones are in the model, in its dumps and files, and in no prediction.
# Matters: a second training on newer data, or a last one on training and validation data together, changes nothing, and
#          nothing is said. Booster.predict does use all trees, so the two ways to predict differ; with
#          set_attr(best_iteration=None) on the old booster first, or iteration_range=(0, n) in predict, they agree.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'xgboost-cpu==3.2.0' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
cat > "$folder/check.py" <<'PY'
import numpy as np
import xgboost

draw = np.random.default_rng(0)


def sample(rows, slope):
    features = draw.normal(size=(rows, 3))
    return features, slope * features[:, 0] + 0.3 * draw.normal(size=rows)


old, held_out, new = sample(300, 1), sample(300, 1), sample(300, -1)  # of late the slope is the other way round
first = xgboost.XGBRegressor(n_estimators=500, early_stopping_rounds=5, random_state=0, n_jobs=1)
first.fit(*old, eval_set=[held_out], verbose=False)


def error(predictions):
    return round(float(np.mean((predictions - new[1]) ** 2)), 3)


def go_on():
    return xgboost.XGBRegressor(n_estimators=50, random_state=0, n_jobs=1).fit(*new, xgb_model=first)


second = go_on()
trees = second.get_booster().num_boosted_rounds()
print("xgboost", xgboost.__version__, "first model: best iteration", first.best_iteration, "of", first.get_booster().num_boosted_rounds())
print("error of the first model on the new data:", error(first.predict(new[0])))
everything = error(second.get_booster().predict(xgboost.DMatrix(new[0])))
print(f"guess: {everything} after 50 more trees on the new data, as by Booster.predict with all {trees}")
print(f"seen:  {error(second.predict(new[0]))}, equal predictions: {np.array_equal(second.predict(new[0]), first.predict(new[0]))}")
assert trees == first.get_booster().num_boosted_rounds() + 50
assert np.array_equal(second.predict(new[0]), first.predict(new[0]))
assert error(second.predict(new[0])) > 2 and everything < 0.1
assert error(second.predict(new[0], iteration_range=(0, trees))) == everything
first.get_booster().set_attr(best_iteration=None)
print("with the attribute removed before:", error(go_on().predict(new[0])))
assert error(go_on().predict(new[0])) == everything
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
