#!/usr/bin/env bash
# Library: optimistix 0.1.0, minimise(..., has_aux=True) with Newton-like methods, gradient descent and Nelder-Mead.
# Guess:   sol.aux is what the function returned beside its value at sol.value: the accuracy, the predictions or the parts
#          of the loss of the answer.
# Happens: it is that of a point that was evaluated before sol.value; the answer itself need not have been evaluated.
#          Gradient descent is one step behind, BFGS one accepted step: stopped after 8 steps from (.3, -1), with a loss
#          of 310, it gives (1.6, 3.1), with a loss of 2.6, and the aux of the start. Nelder-Mead hands out a point that
#          is better or worse than its answer.
# Matters: where a run is limited by max_steps, as one is that goes on in pieces, the loss reported in aux may be a hundred
#          times that of the answer; at convergence the difference is small. To call the function at sol.value is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'jax==0.10.2' 'numpy==2.4.6' 'optimistix==0.1.0' 'equinox==0.13.8'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import jax
import jax.numpy as jnp
import optimistix


def loss(point, _):
    value = jnp.sum((point - 3) ** 4) + jnp.sum(jnp.cos(5 * point))
    return value, {"point": point, "loss": value}


def solve(solver, steps):
    """The answer, its loss, and point and loss of the aux that comes with it."""
    start = jnp.array([0.3, -1.0])
    answer = optimistix.minimise(loss, solver, start, has_aux=True, max_steps=steps, throw=False)
    return answer.value, loss(answer.value, None)[0], answer.aux["point"], answer.aux["loss"]


print("optimistix", version("optimistix"), "jax", jax.__version__)
SOLVERS = {
    "BFGS": (optimistix.BFGS(1e-9, 1e-9), 8),
    "LBFGS": (optimistix.LBFGS(1e-9, 1e-9), 8),
    "NonlinearCG": (optimistix.NonlinearCG(1e-9, 1e-9), 8),
    "GradientDescent": (optimistix.GradientDescent(0.01, 1e-9, 1e-9), 2),
    "NelderMead": (optimistix.NelderMead(1e-9, 1e-9), 3),
}
seen = {}
for name, (solver, steps) in SOLVERS.items():
    seen[name] = solve(solver, steps)
    value, true, point, told = seen[name]
    print(f"{name}, {steps} steps: answer {value} with loss {true:.1f}; aux of {point} with loss {told:.1f}", flush=True)
for name in ("BFGS", "LBFGS", "NonlinearCG"):
    _, true, point, told = seen[name]
    assert told > 300 and true < 3 and jnp.allclose(point, jnp.array([0.3, -1.0]))
assert seen["GradientDescent"][3] > 10 * seen["GradientDescent"][1]
assert seen["NelderMead"][3] < seen["NelderMead"][1] - 10
PY
OMP_NUM_THREADS=1 JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore "$folder/check.py"
