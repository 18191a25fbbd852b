#!/usr/bin/env bash
# Library: Keras 3.15.1 (JAX 0.10.2 as backend), use_ema together with gradient_accumulation_steps.
# Guess:   the weights change once in every k calls, so their moving average does too: ema_momentum keeps its meaning
#          when a batch is cut into k smaller ones. (The docstring says the average goes by accumulated steps.)
# Happens: the average moves at each of the k calls, k - 1 times towards weights that did not change. A momentum m works
#          as m**k: on weights that walk at a constant pace, momentum .9 trails 9 updates behind without accumulation
#          and 2.6 updates behind with k = 4.
# Matters: accumulation is meant to leave training as it was and to save memory only. Here it shortens the average by a
#          factor of nearly k, so that the averaged weights that are evaluated and saved are almost the raw ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

UPDATES, MOMENTUM = 100, 0.9


class LastWeight(keras.callbacks.Callback):
    """Keeps the weight after one given batch, before the end of fit replaces it by the average."""

    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.batch:
            self.weight = float(self.model.get_weights()[0][0, 0])


def walk(accumulation):
    """The one weight of a network after 100 updates, and its average.

    The loss is minus the weight and the learning rate 1, so that each update adds 1.
    """
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    optimizer = keras.optimizers.SGD(
        1.0, use_ema=True, ema_momentum=MOMENTUM, gradient_accumulation_steps=accumulation
    )
    model.compile(optimizer, loss=lambda target, output: -output)
    calls = UPDATES * (accumulation or 1)
    last = LastWeight(calls - 1)
    x = np.ones((calls, 1), "float32")
    model.fit(x, x, batch_size=1, verbose=0, callbacks=[last])
    # The end of fit has put the average in the weight's place.
    return last.weight, float(model.get_weights()[0][0, 0])


print("Keras", keras.__version__, "on", keras.backend.backend())
expected = MOMENTUM / (1 - MOMENTUM)
print(f"guess: the average trails {expected:.2f} updates behind, with and without accumulation")
behind = {}
for accumulation in (None, 2, 4, 8):
    raw, average = walk(accumulation)
    behind[accumulation] = raw - average
    print(f"calls for an update: {accumulation or 1}; weight {raw:.0f}, average {average:.3f}, lag {raw - average:.3f}")
    assert raw == UPDATES

assert abs(behind[None] - expected) < 1e-2
for accumulation in (2, 4, 8):
    # One move right after an update, the others towards the same weight: L = m (m**(k-1) L + 1).
    every_call = MOMENTUM / (1 - MOMENTUM**accumulation)
    assert abs(behind[accumulation] - every_call) < 1e-2, f"the average no longer moves at every call: {behind}"
print("seen: the average moves at every call, so that its memory shrinks as the accumulation grows")
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/check.py"
