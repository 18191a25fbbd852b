#!/usr/bin/env bash
# Library: SciPy 1.17.1, minimize_scalar(loss, bounds=(1e-7, 1e-4)), a search for a small number such as a learning rate.
# Guess:   the answer is right to some digits, as without bounds, where the tolerance is relative.
# Happens: with bounds the tolerance is absolute: xatol=1e-5. The search ends as soon as the interval is that long.
# Matters: a rate that is best at 3e-6 is given as 5.7e-6 after 6 evaluations, with success=True; over the rate's logarithm, or
#          with options={"xatol": 1e-10}, it is 3e-6. `tol` sets xatol, and is absolute here, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import math

import scipy
from scipy.optimize import minimize_scalar


def loss(rate):
    return math.log(rate / 3e-6) ** 2


print("scipy", scipy.__version__, "best rate 3e-06")
seen = minimize_scalar(loss, bounds=(1e-7, 1e-4))
fine = minimize_scalar(loss, bounds=(1e-7, 1e-4), options={"xatol": 1e-10})
free = minimize_scalar(lambda rate: loss(abs(rate)), bracket=(1e-7, 2e-6, 1e-4))
print(f"guess: {free.x:.4g} as without bounds")
print(f"seen:  {seen.x:.4g} after {seen.nfev} evaluations, success {seen.success}; with xatol=1e-10 {fine.x:.4g}")
assert seen.success and seen.x > 5e-6 and seen.nfev < 10
assert abs(fine.x / 3e-6 - 1) < 1e-3 and abs(free.x / 3e-6 - 1) < 1e-3
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
