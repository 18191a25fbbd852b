#!/usr/bin/env bash
# Library: Keras 3.15.1 (JAX 0.10.2 as backend), exclude_from_weight_decay(var_names=[...]) of an optimizer.
# Guess:   var_names=["layer_norm", "head"] leaves the layers with these names out of the decay, as "bias" does for biases.
# Happens: only the last part of a variable's path is searched ("gamma", "kernel"), never the layer's name before it. Nothing
#          matches, all is decayed as if the call had not been made, and no word is said. The docstring speaks of "the model
#          variable's name"; a name without the layer cannot tell one kernel from another.
# Matters: the usual list of layers without decay does nothing: here a scale of 1 falls to 0.358 within 20 steps. var_list
#          with layer.trainable_variables, in one call together with var_names, does what was meant.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os
import warnings

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

EXCLUDED = ["layer_norm", "head"]


def kept(exclude):
    """What is left of body kernel, scale and head kernel after 20 steps with gradients of 0, that is, of decay alone."""
    layers = [keras.layers.Dense(4, name="body"), keras.layers.LayerNormalization(name="layer_norm"),
              keras.layers.Dense(1, name="head")]  # fmt: skip
    model = keras.Sequential([keras.Input((4,)), *layers])
    watched = [layers[0].kernel, layers[1].gamma, layers[2].kernel]
    optimizer = keras.optimizers.AdamW(learning_rate=0.1, weight_decay=0.5)
    exclude(optimizer, model)
    optimizer.build(model.trainable_variables)
    before = [np.linalg.norm(variable.value) for variable in watched]
    for _ in range(20):
        optimizer.apply([np.zeros(variable.shape, "float32") for variable in model.trainable_variables])
    return {v.path.split("/", 1)[1]: round(float(np.linalg.norm(v.value) / b), 3) for v, b in zip(watched, before)}


CALLS = {
    "no call": (lambda optimizer, model: None, [0.358, 0.358, 0.358]),
    f"var_names={EXCLUDED}": (
        lambda optimizer, model: optimizer.exclude_from_weight_decay(var_names=EXCLUDED), [0.358, 0.358, 0.358]),
    "var_names=['kernel']": (
        lambda optimizer, model: optimizer.exclude_from_weight_decay(var_names=["kernel"]), [1.0, 0.358, 1.0]),
    "var_list of the two layers": (
        lambda optimizer, model: optimizer.exclude_from_weight_decay(
            var_list=[v for name in EXCLUDED for v in model.get_layer(name).trainable_variables]), [0.358, 1.0, 1.0]),
}  # fmt: skip
print("Keras", keras.__version__, "on", keras.backend.backend())
print(f"guess for var_names={EXCLUDED}: the last line; warnings are errors here")
warnings.simplefilter("error")
for name, (exclude, expected) in CALLS.items():
    seen = kept(exclude)
    print(f"{name:34} {seen}")
    assert list(seen.values()) == expected, seen
PY
"$folder/venv/bin/python" "$folder/check.py"
