#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, optax.masked.
# Guess:   optax.masked(optax.adam(0.1), mask) trains where the mask is True and leaves the other parameters as they are; as
#          a mask for weight decay, in optax.adamw, does for decay.
# Happens: where it is False the gradient itself is the update, and apply_updates adds it: "frozen" parameters walk uphill
#          at a rate of 1. Here one step takes 1 to 4, at a gradient of 3.
# Matters: the way that offers itself to freeze a layer ruins just that layer. optax.partition with optax.set_to_zero() for
#          the others freezes them.
# Source:  https://github.com/google-deepmind/optax/issues/159 (open; said to be intended)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import jax
import jax.numpy as jnp
import optax

PARAMETERS = {"head": jnp.array(1.0), "frozen": jnp.array(1.0)}
MASK = {"head": True, "frozen": False}


def after_a_step(rule):
    gradients = {"head": jnp.array(3.0), "frozen": jnp.array(3.0)}
    updates, _ = rule.update(gradients, rule.init(PARAMETERS), PARAMETERS)
    return {name: round(float(value), 3) for name, value in optax.apply_updates(PARAMETERS, updates).items()}


masked = after_a_step(optax.masked(optax.adam(0.1), MASK))
parted = after_a_step(
    optax.partition({True: optax.adam(0.1), False: optax.set_to_zero()}, MASK)
)
print("Optax", optax.__version__, "on JAX", jax.__version__)
print("guess:", {"head": 0.9, "frozen": 1.0})
print("seen: ", masked, "by optax.masked,", parted, "by optax.partition")
assert masked == {"head": 0.9, "frozen": 4.0}
assert parted == {"head": 0.9, "frozen": 1.0}
PY
"$folder/venv/bin/python" "$folder/check.py"
