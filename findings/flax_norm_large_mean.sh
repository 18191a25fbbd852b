#!/usr/bin/env bash
# Library: Flax 0.12.8 (nnx.LayerNorm, nnx.BatchNorm), and Keras 3.15.1 on torch 2.13.0 (BatchNormalization), fed with
#          float32 numbers around 10,000 with a spread of 1; against torch's own layers.
# Guess:   a normalization takes the mean away, whatever it is: the output has spread 1. float32 holds such numbers to a
#          thousandth, and a normalization first thing in a network is there for such inputs.
# Happens: the variance is computed as the mean of squares minus the square of the mean, in float32: of 100,000,000 minus
#          100,000,000 nothing is left. Where Flax gets 0 the output is 1000 times too large; Keras on torch gets a
#          negative number and NaN.
# Matters: air pressure, prices, time stamps: an input that is not centered is blown up to thousands, or is right in one batch
#          and not in the next; at a mean of 1000 all is well. use_fast_variance=False sets Flax right; in Keras, JAX as backend.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'flax==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'keras==3.15.1' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import flax
import jax.numpy as jnp
import keras
import numpy as np
import torch
from flax import nnx

centered = np.random.default_rng(0).normal(size=(64, 256))
inputs = {mean: (centered + mean).astype(np.float32) for mean in (1_000, 10_000)}
layers = {
    "Flax, LayerNorm": lambda x: nnx.LayerNorm(256, rngs=nnx.Rngs(0))(jnp.asarray(x)),
    "Flax, BatchNorm": lambda x: nnx.BatchNorm(256, rngs=nnx.Rngs(0))(jnp.asarray(x)),
    "Keras, BatchNormalization": lambda x: keras.ops.convert_to_numpy(keras.layers.BatchNormalization()(x, training=True)),
    "Flax, LayerNorm(use_fast_variance=False)": lambda x: nnx.LayerNorm(256, use_fast_variance=False, rngs=nnx.Rngs(0))(x),
    "torch, LayerNorm": lambda x: torch.nn.LayerNorm(256)(torch.tensor(x)).detach(),
    "torch, BatchNorm1d": lambda x: torch.nn.BatchNorm1d(256)(torch.tensor(x)).detach(),
}
print(f"Flax {flax.__version__}, Keras {keras.__version__} on {keras.backend.backend()}, torch {torch.__version__}")
for number, (name, layer) in enumerate(layers.items()):
    spreads = {mean: float(np.std(np.asarray(layer(x)))) for mean, x in inputs.items()}
    print(f"{name:41} guess: spread 1, seen: {spreads[1_000]:.3f} at mean 1,000, {spreads[10_000]:.4g} at mean 10,000")
    assert abs(spreads[1_000] - 1) < 0.01 or name.startswith("Keras")
    if number < 3:
        assert not spreads[10_000] < 20
    else:
        assert abs(spreads[10_000] - 1) < 0.01
PY
KERAS_BACKEND=torch "$folder/venv/bin/python" -W ignore "$folder/check.py"
