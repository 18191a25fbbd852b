#!/usr/bin/env bash
# Library: Keras 3.15.1 (here on JAX 0.10.2), policy "mixed_float16", model.optimizer.exclude_from_weight_decay.
# Guess:   what is excluded after compile is not decayed, as without the policy: model.optimizer is the optimizer, whose rate,
#          for example, is read and set through it.
# Happens: under this policy compile wraps the optimizer in a LossScaleOptimizer, and model.optimizer is the wrapper. It has the
#          method of all optimizers and takes the names into its own list, but the inner optimizer decays, by its own list.
# Matters: biases, the scales of normalizations and embeddings are decayed that were meant to be left alone; a switch to float16
#          changes what is regularized. Settings such as weight_decay are refused by the wrapper, this call is not. What works is to exclude
#          before compile, or by model.optimizer.inner_optimizer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import keras
import numpy as np


def bias(policy, exclude):
    """A bias of 1 without any gradient, after ten steps with a decay of lr * .5 = .05 each."""
    keras.mixed_precision.set_dtype_policy(policy)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, bias_initializer="ones")])
    optimizer = keras.optimizers.AdamW(learning_rate=0.1, weight_decay=0.5)
    if exclude == "before":
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, loss=lambda target, output: 0 * keras.ops.sum(output, axis=-1))
    if exclude == "after":
        model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    if exclude == "inner":
        model.optimizer.inner_optimizer.exclude_from_weight_decay(var_names=["bias"])
    for _ in range(10):
        model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
    return round(float(model.layers[-1].bias.numpy()[0] if hasattr(model.layers[-1].bias, "numpy") else model.layers[-1].bias[0]), 4)


print("Keras", keras.__version__, "on", keras.backend.backend(), "bias 1, excluded from weight decay")
seen = bias("mixed_float16", "after")
print(f"guess: 1.0 after ten steps, as in float32: {bias('float32', 'after')}; seen: {seen} under mixed_float16")
print(f"not excluded at all: {bias('mixed_float16', None)}; before compile: {bias('mixed_float16', 'before')}; "
      f"by the inner optimizer: {bias('mixed_float16', 'inner')}")
assert bias("float32", "after") == 1 == bias("mixed_float16", "before") == bias("mixed_float16", "inner")
assert seen == bias("mixed_float16", None) == round(0.95**10, 4)
PY
KERAS_BACKEND=jax "$folder/venv/bin/python" -W ignore "$folder/check.py"
