#!/usr/bin/env bash
# Library: Keras 3.15.1 on torch 2.13.0, an optimizer with use_ema=True, and fit called more than once.
# Guess:   fit(epochs=1) thirty times is fit(epochs=30), as it is without an average: the optimizer lives on between calls.
# Happens: at its end each fit writes the average over the weights, and the next call trains on from there. With momentum
#          .95 and 4 steps an epoch the loss after 30 epochs is .5 for .00005; the average should only have been read.
# Matters: a loop around fit (to draw a curve, to go on for a few epochs, to resume) trains at a fraction of its speed, with
#          Adam's moments of other weights. That fit ends so is documented; that a second fit starts there is easily missed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
y = 2 * x + 1


def run(calls, epochs, **options):
    """Weight, intercept and loss after so many calls of fit with so many epochs."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1, **options), "mse")
    for _ in range(calls):
        model.fit(x, y, batch_size=16, epochs=epochs, shuffle=False, verbose=0)
    weight, intercept = (float(values.item()) for values in model.get_weights())
    return round(weight, 3), round(intercept, 3), float(f"{model.evaluate(x, y, verbose=0):.1g}")


print("Keras", keras.__version__, "on", keras.backend.backend(), "- the line 2 x + 1")
ema = {"use_ema": True, "ema_momentum": 0.95}
once, parts = run(1, 30), run(30, 1)
print(f"without an average: weight, intercept, loss: {once} by fit(epochs=30), {parts} by 30 times fit(epochs=1)")
assert once == parts
once, parts = run(1, 30, **ema), run(30, 1, **ema)
print(f"guess: {once} twice")
print(f"seen:  {once} by fit(epochs=30), {parts} by 30 times fit(epochs=1)")
assert once[2] < 1e-4 and parts[2] > 0.4
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/check.py"
