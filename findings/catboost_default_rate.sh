#!/usr/bin/env bash
# Library: catboost 1.2.10.
# Guess:   a setting that is given at its default value changes nothing.
# Happens: l2_leaf_reg=3, the default, changes the learning rate from 0.5 to 0.03 (20 iterations on 1,000 rows). Where none of
#          l2_leaf_reg, leaf_estimation_method and leaf_estimation_iterations is given, the rate is chosen by the number of rows
#          and iterations; else it is 0.03. So a grid over l2_leaf_reg alone compares models that have learned next to nothing:
#          test error 2.5 to 2.6 at 1, 3 and 10, where the default, whose l2_leaf_reg is 3 as well, has 0.67.
# Matters: the search says that no strength of regularization comes near the default, and a table in a paper that lists all
#          settings, defaults included, cannot be run again from the table. Naming learning_rate as well cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'catboost==1.2.10' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import catboost
import numpy as np

draw = np.random.default_rng(0)
x = draw.normal(size=(2000, 5))
y = 3 * x[:, 0] - 2 * x[:, 1] + x[:, 2] * x[:, 3]


def trained(**settings):
    """Learning rate, l2_leaf_reg, and root mean square error on rows that were not trained on."""
    model = catboost.CatBoostRegressor(
        iterations=20, random_seed=0, thread_count=1, verbose=False, allow_writing_files=False, **settings
    )
    model.fit(x[:1000], y[:1000])
    taken = model.get_all_params()
    error = np.sqrt(np.mean((model.predict(x[1000:]) - y[1000:]) ** 2))
    return taken["learning_rate"], taken["l2_leaf_reg"], error


print("catboost", catboost.__version__)
default = trained()
print(f"nothing given:           learning rate {default[0]:.3g}, l2_leaf_reg {default[1]:g}, test error {default[2]:.2f}")
given = {l2: trained(l2_leaf_reg=l2) for l2 in (1, 3, 10)}
for l2, (rate, _, error) in given.items():
    print(f"{f'l2_leaf_reg={l2} given:':24} learning rate {rate:.3g}, l2_leaf_reg {l2:g}, test error {error:.2f}")
both = trained(l2_leaf_reg=3, learning_rate=default[0])
print(f"both given:              learning rate {both[0]:.3g}, l2_leaf_reg {both[1]:g}, test error {both[2]:.2f}")
assert default[1] == 3 and default[0] > 0.3 and both[2] == default[2]
assert all(abs(rate - 0.03) < 1e-6 and error > 1.8 * default[2] for rate, _, error in given.values())
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
