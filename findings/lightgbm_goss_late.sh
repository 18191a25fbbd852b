#!/usr/bin/env bash
# Library: LightGBM 4.7.0, data_sample_strategy="goss": each tree is fitted to the rows with the largest gradients and a sample
#          of the others, by default to 30 % of all rows.
# Guess:   so is every tree, from the first or second on, whatever the learning rate is.
# Happens: the first 1 / learning_rate trees are fitted to all rows: 10 of them at .1, 100 at .01. No message
#          says so.
# Matters: with a rate of .01 and 100 trees the setting does nothing at all: no time is saved, and a comparison "with and
#          without" is one of a model with itself. With early stopping the small rates of a search are hardly sampled, the
#          large ones are; a smaller rate is not the same method in smaller steps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'lightgbm==4.7.0' 'numpy==2.4.6' 'scipy==1.17.1'
cat > "$folder/check.py" <<'PY'
import lightgbm
import numpy as np

draw = np.random.default_rng(0)
features = draw.normal(size=(2000, 5))
target = features[:, 0] + np.sin(features[:, 1]) + 0.5 * draw.normal(size=2000)


def train(rate, strategy, trees=120):
    settings = {"learning_rate": rate, "data_sample_strategy": strategy, "verbose": -1, "seed": 0, "num_threads": 1}
    return lightgbm.train(settings, lightgbm.Dataset(features, target), trees)


def rows(booster):
    """How many rows each tree was fitted to: the count at its root."""
    return [tree["tree_structure"]["internal_count"] for tree in booster.dump_model()["tree_info"]]


print("LightGBM", lightgbm.__version__)
for rate, late in ((0.5, 2), (0.1, 10), (0.01, 100)):
    sampled = rows(train(rate, "goss"))
    print(f"rate {rate}: guess: 600 of 2000 rows a tree; seen: 2000 in the first {sampled.count(2000)} trees, then {sampled[-1]}")
    assert sampled == [2000] * late + [600] * (120 - late)
same = np.array_equal(train(0.01, "goss", 100).predict(features), train(0.01, "bagging", 100).predict(features))
print("rate 0.01, 100 trees: guess: another model than without goss; seen: the same predictions,", same)
assert same
assert not np.array_equal(train(0.1, "goss", 100).predict(features), train(0.1, "bagging", 100).predict(features))
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
