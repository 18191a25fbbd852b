#!/usr/bin/env bash
# Library: jaxopt 0.8.5 on JAX 0.10.2, GradientDescent(fun, stepsize=0.1).
# Guess:   gradient descent: each step is x - .1 times the gradient at x.
# Happens: acceleration=True is the default: it is Nesterov's accelerated method (FISTA), whose momentum grows from step to
#          step. ProjectedGradient and ProximalGradient are accelerated alike.
# Matters: as the plain method of a comparison it is the wrong one: it overshoots the minimum, where gradient descent does
#          not, and at a rate of 1.5 / curvature it runs off, where gradient descent converges.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'jaxopt==0.8.5' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import importlib.metadata

import jax.numpy as jnp
import jaxopt


def path(rate, steps, **options):
    """Iterates for the loss x**2 / 2 from 1."""
    solver = jaxopt.GradientDescent(lambda x: (x**2).sum() / 2, stepsize=rate, tol=0.0, **options)
    x, points = jnp.ones(1), []
    state = solver.init_state(x)
    for _ in range(steps):
        x, state = solver.update(x, state)
        points.append(float(x[0]))
    return points


def shown(points):
    return [float(f"{point:.3g}") for point in points]


print("jaxopt", importlib.metadata.version("jaxopt"), "jax", importlib.metadata.version("jax"), "loss x**2 / 2 from 1")
for rate, steps in ((0.1, 40), (1.5, 40)):
    guess = [(1 - rate) ** count for count in range(1, steps + 1)]
    seen, plain = path(rate, steps), path(rate, steps, acceleration=False)
    print(f"guess: rate {rate}:", shown(guess[:5]), "after 40 steps", shown(guess[-1:]))
    print(f"seen:  rate {rate}:", shown(seen[:5]), "after 40 steps", shown(seen[-1:]))
    assert all(abs(a - b) < 1e-5 for a, b in zip(plain, guess))
    if rate == 0.1:
        assert abs(seen[4] - 0.4824) < 1e-3 and min(seen) < -0.05
    else:
        assert abs(seen[-1]) > 100 > 1e-6 > abs(guess[-1])
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
