#!/usr/bin/env bash
# Library: SciPy 1.17.1 with NumPy 2.4.6, minimize without `jac` for a function that computes in float32.
# Guess:   the step of the numerical gradient is chosen by the number of digits, as least_squares does, and (1, 2) is found to
#          three or four digits.
# Happens: BFGS, L-BFGS-B, CG and TNC step by 1e-8 and SLSQP by 1.5e-8, which float32 cannot see: the gradient is exactly 0,
#          and they return the start with success=True after 0 or 1 steps. least_squares finds (1, 2) of the same float32
#          numbers.
# Matters: a loss of torch or JAX, float32 by default, handed to SciPy seems to be at its minimum wherever one starts.
#          options={"eps": 1e-3}, or float64, cures it.
# Source:  https://github.com/scipy/scipy/issues/17636 (closed)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import scipy
from scipy.optimize import least_squares, minimize

TARGET, START = np.array([1, 2], dtype=np.float32), np.array([100.0, 50.0])


def residuals(x):
    return x.astype(np.float32) - TARGET


def loss(x):
    return np.square(residuals(x)).sum()


print("SciPy", scipy.__version__, "NumPy", np.__version__)
assert loss(START).dtype == np.float32
print("guess: about (1, 2), as by least_squares:", least_squares(residuals, START).x)
assert np.allclose(least_squares(residuals, START).x, TARGET, atol=1e-2)
for method in ("BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"):
    result = minimize(loss, START, method=method)
    print(f"seen:  {result.x} by {method}, success={result.success}, steps: {result.nit}")
    assert result.success and (result.x == START).all(), method
    assert np.allclose(minimize(loss, START, method=method, options={"eps": 1e-2}).x, TARGET, atol=0.1), method
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
