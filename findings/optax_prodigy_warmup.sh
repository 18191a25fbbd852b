#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, optax.contrib.prodigy with optax.warmup_cosine_decay_schedule.
# Guess:   a warm-up whose first learning rate is exactly 0 makes the first step do nothing, with Prodigy as with Adam.
# Happens: the first step turns every weight into NaN, and they stay NaN. Prodigy estimates its step from a quotient;
#          with the default safeguard_warmup=False both its parts carry the learning rate as a factor: 0/0. A first rate
#          of 1e-3, or safeguard_warmup=True, trains as expected. The other rules of this check take the same schedule.
# Matters: 0 is the usual start of a warm-up. Putting Prodigy in Adam's place in a training script that works ruins the
#          weights at the first step, the one step that should change nothing.
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

TARGET = jnp.array([3.0, -1.0])


def train(rule, steps):
    """Weights after each step on half the squared distance to TARGET, from (1, 1)."""
    weights = jnp.ones(2)
    state = rule.init(weights)
    path = []
    for _ in range(steps):
        gradient = jax.grad(lambda x: 0.5 * jnp.sum((x - TARGET) ** 2))(weights)
        updates, state = rule.update(gradient, state, weights)
        weights = optax.apply_updates(weights, updates)
        path.append(weights)
    return path


def warm_up(first):
    return optax.warmup_cosine_decay_schedule(first, 1.0, warmup_steps=10, decay_steps=300)


print("Optax", optax.__version__, "on JAX", jax.__version__)
print("guess: with a first learning rate of 0 the first step leaves the weights at (1, 1), whatever the rule")
RULES = {
    "adam, from 0": optax.adam(warm_up(0.0)),
    "lion, from 0": optax.lion(warm_up(0.0)),
    "prodigy, from 0": optax.contrib.prodigy(warm_up(0.0)),
    "prodigy, from 0.001": optax.contrib.prodigy(warm_up(1e-3)),
    "prodigy, from 0, safeguard_warmup": optax.contrib.prodigy(warm_up(0.0), safeguard_warmup=True),
}
paths = {name: train(rule, 300) for name, rule in RULES.items()}
for name, path in paths.items():
    print(f"{name:34} after step 1: {path[0]}   after step 300: {path[-1]}")

assert float(warm_up(0.0)(0)) == 0.0
for name, path in paths.items():
    if name == "prodigy, from 0":
        assert all(bool(jnp.isnan(weights).all()) for weights in path), "Prodigy now survives a first rate of 0"
    else:
        assert all(bool(jnp.isfinite(weights).all()) for weights in path), name
for name in ("adam, from 0", "lion, from 0", "prodigy, from 0, safeguard_warmup"):
    assert bool((paths[name][0] == 1.0).all()), name
print("seen: NaN from the first step on, for Prodigy with its default settings alone")
PY
"$folder/venv/bin/python" "$folder/check.py"
