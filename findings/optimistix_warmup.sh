#!/usr/bin/env bash
# Library: optimistix 0.1.0 with Optax 0.2.8 on JAX 0.10.2: minimise with OptaxMinimiser(optimizer, rtol, atol).
# Guess:   rtol and atol are about the minimum: a slow optimizer, or one with a warm-up, takes more steps until it is there.
# Happens: it stops where one step changes the point and the loss by less than the tolerances. After the first step of a
#          warm-up from 0, or with a learning rate below atol + rtol |y|, that is so at once, wherever the point is.
# Matters: the result is the start, after 2 steps, with RESULTS.successful: minimum at 3, answer .0001 with a warm-up over 100
#          steps. As the rate falls in a schedule to 0 the solver "converges" likewise, wherever it is then.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optimistix==0.1.0' 'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import importlib.metadata

import jax.numpy as jnp
import optax
import optimistix

RATES = {
    "rate .01": (0.01, 0.0),
    "warm-up to .01 in 100 steps": (optax.linear_schedule(0.0, 0.01, 100), 0.0),
    "rate .0001, start at 1": (1e-4, 1.0),
    "cosine from .01 to 0 in 100 steps": (optax.cosine_decay_schedule(0.01, 100), 0.0),
}
print(*(f"{name} {importlib.metadata.version(name)}" for name in ("optimistix", "optax", "jax")), "minimum at 3")
print("guess: all end near 3, or say that they did not")
seen = {}
for name, (rate, start) in RATES.items():
    solver = optimistix.OptaxMinimiser(optax.adam(rate), rtol=1e-4, atol=1e-4)
    solution = optimistix.minimise(lambda y, _: (y - 3) ** 2, solver, jnp.array(start), max_steps=10_000, throw=False)
    successful = bool(solution.result == optimistix.RESULTS.successful)
    seen[name] = round(float(solution.value), 4), int(solution.stats["num_steps"]), successful
    print("seen: ", name, "ends at %s after %s steps, successful: %s" % seen[name])
assert abs(seen["rate .01"][0] - 3) < 0.1 and seen["rate .01"][1] > 100
assert seen["warm-up to .01 in 100 steps"] == (0.0001, 2, True)
assert seen["rate .0001, start at 1"] == (1.0002, 2, True)
assert seen["cosine from .01 to 0 in 100 steps"][0] < 1 and seen["cosine from .01 to 0 in 100 steps"][2]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
