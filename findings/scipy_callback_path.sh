#!/usr/bin/env bash
# Library: SciPy 1.17.1, scipy.optimize.minimize.
# Guess:   a callback may be written `callback(xk)` or `callback(intermediate_result)`; keeping xk in a list gives the
#          path of the iterates, so keeping intermediate_result.x gives the same path.
# Happens: with callback(xk) it does, for every method tried here. With callback(intermediate_result) it depends on the
#          method: BFGS and CG hand out a new array each time, L-BFGS-B and Newton-CG the array they go on working in.
#          The list then holds one and the same point (the last), beside the right value of the function for each step.
# Matters: the path drawn over a contour plot shrinks to one dot for two methods and is right for the others, and
#          "keep the best x so far" keeps the last one. Store intermediate_result.x.copy().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import scipy
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

START = [-1.2, 1.0]


def path_of_points(method, **derivatives):
    points = []
    minimize(rosen, START, method=method, callback=lambda xk: points.append(xk), **derivatives)
    return points


def path_of_results(method, **derivatives):
    points, values = [], []

    def callback(intermediate_result):
        points.append(intermediate_result.x)
        values.append(intermediate_result.fun)

    minimize(rosen, START, method=method, callback=callback, **derivatives)
    return points, values


print("SciPy", scipy.__version__)
print("guess: both forms of the callback give the whole path, with every method")
print(f"{'method':10} {'steps':>5} {'distinct, callback(xk)':>23} {'distinct, callback(intermediate_result)':>40}")
distinct = {}
for method in ("CG", "BFGS", "L-BFGS-B", "Newton-CG"):
    derivatives = {"jac": rosen_der} | ({"hess": rosen_hess} if method == "Newton-CG" else {})
    plain = path_of_points(method, **derivatives)
    points, values = path_of_results(method, **derivatives)
    assert len(plain) == len(points) > 15
    assert len({tuple(x) for x in plain}) == len(plain), "callback(xk) no longer gives a path"
    distinct[method] = len({tuple(x) for x in points})
    print(f"{method:10} {len(points):5} {len({tuple(x) for x in plain}):23} {distinct[method]:40}")
    if distinct[method] == 1:
        kept = rosen(points[0])
        print(f"{'':10} point kept for step 1: {points[0]}, f there {kept:.3g}; value reported then: {values[0]:.3g}")
        assert values[0] > 1 and rosen(points[0]) < 1e-3
    else:
        assert distinct[method] == len(points)
assert distinct["L-BFGS-B"] == distinct["Newton-CG"] == 1, "L-BFGS-B and Newton-CG now hand out copies"
print("seen: the path is lost with L-BFGS-B and Newton-CG, and only in the second form")
PY
"$folder/venv/bin/python" "$folder/check.py"
