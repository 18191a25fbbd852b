#!/usr/bin/env bash
# Library: Equinox 0.13.8 with Optax 0.2.8 on JAX 0.10.2: a constant array in a module, under jax.lax.stop_gradient.
# Guess:   what is only read under stop_gradient, the usual way to keep an array out of training, stays as it is.
# Happens: its gradient is an array of zeros, and the array counts as a parameter: AdamW decays it like any weight, and
#          so does Lion. In torch a buffer has no gradient and is left alone.
# Matters: a table of positions or the mean and scale of the inputs fades: 1.0 is .37 after 1,000 steps of AdamW with rate .01
#          and decay .1, and nothing says so. A mask, or partition into what is trained and what is not, cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'equinox==0.13.8' 'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import importlib.metadata

import equinox
import jax
import jax.numpy as jnp
import optax


class Scaled(equinox.Module):
    """A linear layer for standardized inputs."""

    scale: jax.Array
    linear: equinox.nn.Linear

    def __call__(self, x):
        return self.linear(x / jax.lax.stop_gradient(self.scale))


def trained(rule):
    model = Scaled(jnp.array([1.0, 20.0]), equinox.nn.Linear(2, 1, key=jax.random.key(0)))
    xs = jax.random.normal(jax.random.key(1), (32, 2)) * model.scale
    state = rule.init(equinox.filter(model, equinox.is_array))

    def loss(model):
        return (jax.vmap(model)(xs) ** 2).mean()

    @equinox.filter_jit
    def step(model, state):
        gradient = equinox.filter_grad(loss)(model)
        update, state = rule.update(gradient, state, equinox.filter(model, equinox.is_array))
        return equinox.apply_updates(model, update), state, gradient.scale

    for _ in range(1000):
        model, state, gradient = step(model, state)
        assert not gradient.any()
    return [round(value, 4) for value in model.scale.tolist()]


print(*(f"{name} {importlib.metadata.version(name)}" for name in ("equinox", "optax", "jax")), "scale after 1,000 steps")
print("guess: [1.0, 20.0]")
seen = {}
for name, rule in (("adam", optax.adam(0.01)), ("adamw", optax.adamw(0.01, weight_decay=0.1)),
                   ("lion", optax.lion(0.01, weight_decay=0.1))):
    seen[name] = trained(rule)
    print("seen: ", seen[name], name)
assert seen["adam"] == [1.0, 20.0]
assert seen["adamw"] == seen["lion"]
assert abs(seen["lion"][0] - 0.999**1000) < 1e-3 and abs(seen["lion"][1] - 20 * 0.999**1000) < 0.02
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
