#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, optax.inject_hyperparams around a rule, all weights bfloat16.
# Guess:   inject_hyperparams(optax.adam)(learning_rate=...) takes the steps that optax.adam takes, with numbers that
#          can be read and set later. The numbers are Python floats; bfloat16 is for weights and averages.
# Happens: every number is rounded to the highest dtype among the weights. In bfloat16 a decay of .999 is 1: Adam
#          divides by 1 - 1 and the weights are NaN after the first step; RMSProp's average stays 0, and its steps are
#          the gradient times the rate over 1e-4. One float32 weight in the model hides all this.
# Matters: this is Optax's way to a rate that is logged or set by hand, and RMSProp says nothing. The docstring names no
#          rounding; its hyperparam_dtype, an "optional datatype override", set to jnp.float32 prevents it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import math

import jax.numpy as jnp
import optax

RULES = {
    "adam": (optax.adam, {"learning_rate": 0.01}),
    "rmsprop, decay .999": (optax.rmsprop, {"learning_rate": 0.01, "decay": 0.999}),
}


def path(rule, other=jnp.bfloat16):
    """The sum of 50 steps of a bfloat16 weight with gradient 1, beside a weight of another dtype with gradient 0."""
    weights = {"other": jnp.zeros(1, other), "weight": jnp.zeros(1, jnp.bfloat16)}
    gradients = {"other": jnp.zeros(1, other), "weight": jnp.ones(1, jnp.bfloat16)}
    state, total = rule.init(weights), 0.0
    for _ in range(50):
        updates, state = rule.update(gradients, state, weights)
        total += float(updates["weight"][0])
    return total


print("Optax", optax.__version__)
seen = {}
for name, (rule, numbers) in RULES.items():
    plain = path(rule(**numbers))
    injected = path(optax.inject_hyperparams(rule)(**numbers))
    cured = path(optax.inject_hyperparams(rule, hyperparam_dtype=jnp.float32)(**numbers))
    beside = path(optax.inject_hyperparams(rule)(**numbers), jnp.float32)
    print(f"{name:20} guess {plain:.4g}, as without it; seen {injected:.4g};",
          f"with hyperparam_dtype {cured:.4g}; beside a float32 weight {beside:.4g}")
    assert abs(cured / plain - 1) < 0.02 and abs(beside / plain - 1) < 0.02
    seen[name] = injected
state = optax.inject_hyperparams(optax.adam)(learning_rate=0.01).init({"weight": jnp.zeros(1, jnp.bfloat16)})
print("Adam's numbers:", {name: str(value) for name, value in state.hyperparams.items()})
assert float(state.hyperparams["b2"]) == 1.0
assert math.isnan(seen["adam"]) and abs(seen["rmsprop, decay .999"] / (-50 * 0.01 / 1e-4) - 1) < 0.02
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
