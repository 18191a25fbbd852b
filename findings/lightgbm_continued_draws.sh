#!/usr/bin/env bash
# Library: LightGBM 4.7.0, training in pieces: booster = lgb.train(..., num_boost_round=1, init_model=booster) in a loop, with
#          bagging_fraction=.5 and bagging_freq=1, or with feature_fraction; against CatBoost 1.2.10 with init_model.
# Guess:   each piece draws rows and features of its own, with or without a seed: by and by every row is used. In CatBoost 40
#          trees at once, in pieces of 10 and one by one are the same model.
# Happens: each piece begins the random numbers anew. Tree by tree, all of them see one and the same half of the rows, the
#          other half is never trained on; with feature_fraction=.34 only 2 of 6 features are ever looked at.
# Matters: a loop of one's own around lgb.train, for a schedule, a test after every tree or a checkpoint, throws half of the data
#          away; in pieces of 10, as for a model continued daily, the draws of the first 10 trees come again. No seed helps
#          but one that changes from piece to piece. Booster.update in a loop is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'lightgbm==4.7.0' 'catboost==1.2.10' 'numpy==2.4.6' 'scipy==1.17.1'
cat > "$folder/check.py" <<'PY'
import catboost
import lightgbm
import numpy as np

draw = np.random.default_rng(0)
features, target = draw.normal(size=(400, 6)), draw.normal(size=400)
deep = {"learning_rate": 0.3, "num_leaves": 400, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
halves = {**deep, "bagging_fraction": 0.5, "bagging_freq": 1}


def train(settings, piece, trees=40, change_seed=False):
    booster = None
    for start in range(0, trees, piece):
        seed = {"seed": start} if change_seed else {"seed": 1}
        booster = lightgbm.train({**settings, **seed}, lightgbm.Dataset(features, target), piece, init_model=booster)
    return booster


def error(model):
    """Root of the mean squared error on the training rows: leaves of one row learn whatever row they are shown."""
    return float(np.sqrt(np.mean((model.predict(features) - target) ** 2)))


def cat(piece, trees=40):
    model = None
    for _ in range(0, trees, piece):
        new = catboost.CatBoostRegressor(
            iterations=piece, learning_rate=0.3, depth=8, bootstrap_type="Bernoulli", subsample=0.5, random_seed=0,
            verbose=0, thread_count=1, allow_writing_files=False)
        model = new.fit(features, target, init_model=model)
    return model


print(f"LightGBM {lightgbm.__version__}, CatBoost {catboost.__version__}; the target's spread is {target.std():.2f}")
at_once, pieces, single = (error(train(halves, piece)) for piece in (40, 10, 1))
print(f"error on the training rows, 40 trees at once: {at_once:.3f}; in pieces of 10: {pieces:.3f}")
print(f"guess: about {at_once:.3f} tree by tree, too; seen: {single:.3f}; another seed each time: ", end="")
changing = error(train(halves, 1, change_seed=True))
missed = int(np.sum(abs(train(halves, 1).predict(features) - target) > 0.02))
print(f"{changing:.3f}")
print(f"rows that 40 single trees have not learned: {missed} of 400")
assert at_once < 0.1 and changing < 0.1 and pieces > 1.5 * at_once and single > 0.7 and 170 <= missed <= 200

few = {"feature_fraction": 0.34, "learning_rate": 0.1, "verbose": -1, "num_threads": 1}
used = {piece: int(np.sum(train(few, piece).feature_importance() > 0)) for piece in (40, 1)}
print(f"features in use with feature_fraction=.34: {used[40]} of 6 at once, {used[1]} tree by tree")
assert used == {40: 6, 1: 2}

booster = lightgbm.Booster({**halves, "seed": 1}, lightgbm.Dataset(features, target))
for _ in range(40):
    booster.update()
print(f"Booster.update in a loop: {error(booster):.3f}; CatBoost at once and one by one: {error(cat(40)):.4f}, {error(cat(1)):.4f}")
assert error(booster) < 0.1 and abs(error(cat(40)) - error(cat(1))) < 1e-6
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
