#!/usr/bin/env bash
# Library: Keras 3.15.1 on torch 2.13.0: an optimizer with use_ema=True, EarlyStopping(restore_best_weights=True),
#          ModelCheckpoint(save_best_only=True).
# Guess:   after fit the model holds the average of the weights, of the best epoch or of the last: fit writes it at its end.
# Happens: EarlyStopping puts its copy back after that, and the copy is of the weights without average, chosen by their
#          loss. The model, and the file of the best epoch, are to the last bit those of a run without use_ema.
# Matters: the average was asked for and computed at every step, and is thrown away without a word: a validation loss of
#          .37 for .034. The validation losses that are logged never belong to the average either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

rng = np.random.default_rng(0)
x, x_val = (rng.normal(size=(256, 8)).astype("float32") for _ in range(2))
slope = rng.normal(size=(8, 1)).astype("float32")
y = x @ slope + rng.normal(size=(256, 1)).astype("float32")
y_val = x_val @ slope


def run(callbacks=(), **options):
    """The model after 20 epochs of small, noisy batches: the validation loss of an epoch is far above that of the average."""
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.05, **options), "mse")
    model.fit(x, y, batch_size=2, epochs=20, shuffle=False, verbose=0, validation_data=(x_val, y_val), callbacks=list(callbacks))
    return model


def loss(model):
    return round(float(model.evaluate(x_val, y_val, verbose=0)), 4)


def stopping():
    return keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)


print("Keras", keras.__version__, "on", keras.backend.backend())
ema = {"use_ema": True, "ema_momentum": 0.99}
saved = os.path.join(sys.argv[1], "best.keras")
average, raw = run(**ema), run([stopping()])
both = run([stopping(), keras.callbacks.ModelCheckpoint(saved, save_best_only=True)], **ema)
print("average of the weights, no EarlyStopping:", loss(average), "- EarlyStopping, no average:", loss(raw))
print("guess: with both, the loss of an average,", loss(average), "or less")
print("seen: ", loss(both), "in the model,", loss(keras.models.load_model(saved)), "in the file of the best epoch")
for model in (both, keras.models.load_model(saved)):
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), raw.get_weights()))
assert loss(both) > 2 * loss(average)
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
