#!/usr/bin/env bash
# Library: SciPy 1.17.1, scipy.optimize.brute over a function that is NaN at some points of the grid.
# Guess:   NaN is the worst value, as for Nelder-Mead, direct and dual_annealing: the smallest number of the grid is taken.
# Happens: brute takes the first NaN of the grid for the minimum, and returns it without a warning, with finish=None and
#          with the usual search from there. That differential_evolution ends at NaN too is at least told by success=False.
# Matters: searched for a learning rate, the answer is the first rate at which training diverges.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import warnings

import numpy as np
import scipy
from scipy.optimize import brute

warnings.simplefilter("error")


def loss(exponent):
    """The loss 50 x**2 + 25 x**4 after 200 steps of gradient descent from x = 1 at a learning rate 10**exponent."""
    rate, x = 10.0 ** np.ravel(exponent)[0], np.float64(1)
    with np.errstate(all="ignore"):
        for _ in range(200):
            x = x - rate * 100 * x * (1 + x**2)
        return 50 * x**2 + 25 * x**4


grid = np.linspace(-4, 0, 9)
losses = [float(loss(exponent)) for exponent in grid]
print("SciPy", scipy.__version__)
for exponent, value in zip(grid, losses):
    print(f"learning rate 10**{exponent}: loss {value:.2g}")
best = float(grid[np.nanargmin(losses)])
print("guess:", best)
seen = [float(np.ravel(brute(loss, ((-4, 0),), Ns=9, finish=finish))[0]) for finish in (None, scipy.optimize.fmin)]
print("seen: ", seen[0], "with finish=None,", seen[1], "with the usual search from there")
assert best == -2.5
assert seen == [-1.5, -1.5] and np.isnan(loss(-1.5))
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
