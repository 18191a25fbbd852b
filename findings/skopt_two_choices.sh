#!/usr/bin/env bash
# Library: scikit-optimize 0.10.2 with scikit-learn 1.9.1, BayesSearchCV and gp_minimize, choices given as a list.
# Guess:   a list is a list of choices, as in GridSearchCV and as the documentation of Optimizer says (a tuple is a range):
#          {"batch_size": [32, 64]} tries 32 and 64.
# Happens: a list of two numbers is a range, [32, 64] all whole numbers from 32 to 64, [1e-4, 1e-2] all fractions between,
#          drawn uniformly and not on a logarithmic scale. A list of three numbers or more is one of choices.
# Matters: one choice taken from a list of three turns it into a range. Sizes, layers or rates that nobody asked for are
#          trained, and nine in ten draws of [1e-4, 1e-2] lie above 1e-3. Nothing is said.
# Source:  https://github.com/scikit-optimize/scikit-optimize/issues/1064 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scikit-optimize==0.10.2' 'scikit-learn==1.9.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import numpy as np
from sklearn.linear_model import SGDRegressor
from skopt import BayesSearchCV


def tried(choices, name):
    """The values of one setting that a search of 8 trials tries."""
    search = BayesSearchCV(
        SGDRegressor(), {name: choices}, n_iter=8, cv=2, random_state=0, optimizer_kwargs={"n_initial_points": 8}
    )
    draws = np.random.default_rng(0)
    search.fit(draws.normal(size=(40, 2)), draws.normal(size=40))
    return sorted({float(value) for value in search.cv_results_["param_" + name]})


print("scikit-optimize", version("scikit-optimize"))
for name, choices in (
    ("max_iter", [16, 32, 64]), ("max_iter", [32, 64]), ("alpha", [1e-4, 1e-3, 1e-2]), ("alpha", [1e-4, 1e-2])
):
    seen = tried(choices, name)
    print(f"{choices}: guess: only these, seen {seen}")
    assert set(seen).issubset(choices) == (len(choices) == 3)
    assert min(choices) <= min(seen) and max(seen) <= max(choices)
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
