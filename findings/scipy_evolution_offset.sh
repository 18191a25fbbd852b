#!/usr/bin/env bash
# Library: SciPy 1.17.1, optimize.differential_evolution with default settings.
# Guess:   a constant added to the function is added to the minimum, and nothing else changes: the search compares values.
# Happens: the search ends when the spread of the population's values is less than tol = .01 times their mean. Values around
#          2.3 that differ by hundredths, as validation losses near log(10) do, are close enough together when they are
#          first drawn: it ends after one generation with success=True and "Optimization terminated successfully". The
#          same function without the 2.3 takes 70 generations and finds the minimum.
# Matters: what comes back is a random point, rolled downhill by the final L-BFGS-B into the next hollow; without that
#          (polish=False, a noisy loss, whole numbers) it is the best of 30 or 60 draws. In the other direction a function
#          whose minimum is 0 never ends by this rule before its values are all but equal. tol=0 and atol for the scale of the
#          function make it independent of the constant.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import scipy
from scipy.optimize import differential_evolution


def search(constant, seed, **settings):
    """Generations, success, and how far the value found lies above the minimum, in units of the function's scale."""

    def loss(point):  # Rastrigin's function, whose hollows differ by 1, on the scale of differences between losses
        return constant + 0.0005 * float((point**2 - 10 * np.cos(2 * np.pi * point) + 10).sum())

    result = differential_evolution(loss, [(-4, 5), (-4, 5)], rng=seed, **settings)
    return result.nit, result.success, (result.fun - constant) / 0.0005


print("SciPy", scipy.__version__)
print("guess: the same search for each constant")
seen = {}
for name, constant, settings in (
    ("constant 0", 0.0, {}),
    ("constant 2.3", 2.3, {}),
    ("constant 2.3, polish=False", 2.3, {"polish": False}),
    ("constant 2.3, tol=0, atol=1e-6", 2.3, {"tol": 0, "atol": 1e-6}),
):
    runs = seen[name] = [search(constant, seed, **settings) for seed in range(5)]
    print(f"seen:  {name}: generations", *(run[0] for run in runs), "success", all(run[1] for run in runs), "above the minimum",
          *(f"{run[2]:.2f}" for run in runs))
assert all(run[1] for runs in seen.values() for run in runs)
assert all(run[0] > 50 and run[2] < 1e-6 for run in seen["constant 0"])
assert all(run[0] == 1 for run in seen["constant 2.3"]) and sum(run[2] > 0.9 for run in seen["constant 2.3"]) >= 3
assert all(run[0] > 20 and run[2] < 1e-2 for run in seen["constant 2.3, tol=0, atol=1e-6"])
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
