#!/usr/bin/env bash
# Library: Optax 0.2.8 with Equinox 0.13.8 on JAX 0.10.2: optax.contrib.muon and optax.adaptive_grad_clip.
# Guess:   Equinox's documentation trains its layers with Optax: a linear layer with the same weights and gradients takes the
#          same step in Equinox as in Flax.
# Happens: both rules take a matrix for (inputs, outputs), as Flax stores it; Equinox stores (outputs, inputs). Muon's factor
#          sqrt(max(1, outputs / inputs)) is that of the transposed layer, and the clipping goes by inputs, not by units.
# Matters: a layer from 256 to 16 takes steps 4 times as long, one from 16 to 256 steps a quarter as long. Where one
#          of 16 units has a gradient 1,000 times as large, clipping cuts the others to a 33rd and leaves it 4 times its limit.
#          muon_weight_dimension_numbers and `axis` are there for it, if one knows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'equinox==0.13.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import importlib.metadata

import equinox
import jax
import jax.numpy as jnp
import numpy
import optax


def steps(inputs, outputs, rule, scales):
    """The step of a layer with its weight as Flax stores it, and of Equinox's with the same gradient."""
    layer = equinox.nn.Linear(inputs, outputs, use_bias=False, key=jax.random.key(0))
    kernel = {"kernel": layer.weight.T}
    xs = jax.random.normal(jax.random.key(1), (64, inputs))
    wanted = scales * jax.random.normal(jax.random.key(2), (64, outputs))

    def flax_loss(kernel):
        return ((xs @ kernel["kernel"] - wanted) ** 2).sum()

    def equinox_loss(layer):
        return ((jax.vmap(layer)(xs) - wanted) ** 2).sum()

    result = []
    for loss, weights in ((flax_loss, kernel), (equinox_loss, layer)):
        update, _ = rule.update(jax.grad(loss)(weights), rule.init(weights), weights)
        result.append(jax.tree.leaves(update)[0])
    return numpy.array(result[0].T), numpy.array(result[1])


print(*(f"{name} {importlib.metadata.version(name)}" for name in ("optax", "equinox", "jax")))
print("guess: equal steps, ratio 1")
ratios = {}
for inputs, outputs in ((256, 16), (16, 256), (64, 64)):
    first, second = steps(inputs, outputs, optax.contrib.muon(0.02), 1.0)
    ratios[inputs, outputs] = float(numpy.linalg.norm(second) / numpy.linalg.norm(first))
    print(f"seen:  muon, {inputs} to {outputs}: Equinox's step is {ratios[inputs, outputs]:.2f} times Flax's")
assert abs(ratios[256, 16] - 4) < 0.05 and abs(ratios[16, 256] - 0.25) < 0.01 and abs(ratios[64, 64] - 1) < 0.01
scales = jnp.where(jnp.arange(16) == 0, 1000.0, 1.0)
first, second = steps(256, 16, optax.adaptive_grad_clip(0.01), scales)
lengths = [numpy.linalg.norm(step, axis=1) for step in (first, second)]
print("seen:  clipped gradient of unit 0 (large) and 1:", *(f"{length[0]:.2g} and {length[1]:.2g}" for length in lengths))
assert abs(lengths[0][0] / lengths[0][1] - 1) < 0.3 and lengths[1][0] / lengths[1][1] > 100
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
