#!/usr/bin/env bash
# Library: xgboost 3.2.0 (here as xgboost-cpu), callback LearningRateScheduler.
# Guess:   rate number k of the list is that of tree number k, as with reset_parameter of LightGBM and with the schedules of
#          networks: a list of three rates for three trees is used up.
# Happens: the callback acts after a tree. The first tree is fitted with the parameter eta, which is .3 if nobody names it,
#          each further one with the rate before its own, and the last rate is used by none. It stays in the model: the first
#          tree of a continued training takes it, and where eta is not named and there is no schedule all the others, too.
# Matters: a warm-up or a decay begins with a full step of .3: the rates .01, .02, .03 are .3, .01, .02, and the first tree
#          counts for more than the others together. No warning; the length of the list agrees. What sets it right is to name
#          the first rate as eta and to begin the list with the second.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'xgboost-cpu==3.2.0' 'numpy==2.4.6' 'scipy==1.17.1'
cat > "$folder/check.py" <<'PY'
import json

import numpy as np
import xgboost
from xgboost.callback import LearningRateScheduler

data = xgboost.DMatrix(np.zeros((10, 1)), np.ones(10))  # nothing to split by: a tree is one leaf, its rate times what is left
settings = {"lambda": 0, "base_score": 0}
rates = [0.01, 0.02, 0.03]


def used(booster):
    """The rate of each tree: its leaf divided by what the trees before it have left of the target 1."""
    left, seen = 1.0, []
    for tree in booster.get_dump(dump_format="json"):
        leaf = json.loads(tree)["leaf"]
        seen.append(round(leaf / left, 4))
        left -= leaf
    return seen


def train(schedule=None, **more):
    callbacks = [LearningRateScheduler(schedule)] if schedule else []
    return xgboost.train({**settings, **more.pop("params", {})}, data, 3, callbacks=callbacks, **more)


print("xgboost", xgboost.__version__)
print("guess:", rates, "for three trees")
first = train(rates)
print("seen: ", used(first), "with eta not named")
named = train(rates, params={"eta": 0.5})
print("seen: ", used(named), "with eta=0.5")
again, plain = train(rates, xgb_model=first), train(xgb_model=first)
print("seen: ", used(again)[3:], "in three more trees with the same schedule,", used(plain)[3:], "without one")
right = train([*rates[1:], rates[-1]], params={"eta": rates[0]})
print("seen: ", used(right), "with eta the first rate and the list begun at the second")
assert used(first) == [0.3, 0.01, 0.02] and used(named) == [0.5, 0.01, 0.02]
assert used(again)[3:] == [0.03, 0.01, 0.02] and used(plain)[3:] == [0.03] * 3
assert used(right) == rates
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
