#!/usr/bin/env bash
# Library: SciPy 1.17.1, optimize.direct with its default settings, more than a few dimensions.
# Guess:   it goes on to maxfun, 1000 evaluations for each dimension, or says success at a point near the minimum; a sum of
#          squares, each coordinate for itself, is as easy as it gets.
# Happens: it ends once the box around the best point has less than vol_tol = 1e-16 of the volume. Each cut makes one side a
#          third, so that is after 34 cuts, whatever the dimension: three or four for each of 10 coordinates, one for each of
#          30, which leaves 1/6, 1/2 and 5/6 to choose from. In 50 dimensions it is cut in 34 coordinates, and 16 stand where
#          they began, in the middle of their bounds. success is True.
# Matters: after 2279 of 50000 evaluations an answer comes back in which a third of the coordinates has not moved. The
#          message names the volume, but that this default is one for a few dimensions is nowhere said. With vol_tol=0 the
#          same call ends at 4e-13 in 10 dimensions, where it is 4e-4 otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import scipy
from scipy.optimize import direct


def search(dimensions, **settings):
    """The result for a sum of squares, and how many coordinates it leaves in the middle, and the largest error."""
    target = np.where(np.arange(dimensions) % 2, 0.2, 0.8) + np.linspace(-0.02, 0.02, dimensions)
    result = direct(lambda point: float(((point - target) ** 2).sum()), [(0, 1)] * dimensions, **settings)
    return result, int((np.abs(result.x - 0.5) < 1e-9).sum()), np.abs(result.x - target).max()


print("SciPy", scipy.__version__)
print("guess: 1000 evaluations for each dimension, or a minimum near 0 where success is True; coordinates near .2 and .8")
seen = {}
for dimensions in (10, 30, 50):
    result, middle, error = seen[dimensions] = search(dimensions)
    print(f"seen:  {dimensions} dimensions, success {result.success}, {result.nfev} evaluations, minimum {result.fun:.2g}, "
          f"largest error {error:.2g}, {middle} coordinates at .5")
result, middle, error = search(10, vol_tol=0)
print(f"seen:  10 dimensions, success {result.success}, {result.nfev} evaluations, minimum {result.fun:.2g}, vol_tol=0")
print("message:", seen[50][0].message)
assert all(entry[0].success for entry in seen.values())
assert all(entry[0].nfev < 100 * dimensions for dimensions, entry in seen.items())
assert seen[10][0].fun > 1e-4 and seen[30][0].fun > 0.02 and seen[50][0].fun > 1 and seen[50][1] == 16 and result.fun < 1e-9
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
