#!/usr/bin/env bash
# Library: Keras 3.15.1 (JAX 0.10.2 as backend): EarlyStopping and ModelCheckpoint(save_best_only=True), watching a score
#          that is NaN at the end of the first epoch.
# Guess:   NaN is not the best value of anything; the first number takes its place, as a NaN later on is passed over.
# Happens: the first value becomes the best whatever it is, and no number is greater (or smaller) than NaN. No later epoch
#          counts as better: no other checkpoint is written, training stops when the patience is over, and the weights of
#          the first epoch are put back.
# Matters: precision and F1 are 0/0 as long as the network predicts no positives, which is how training on few positives
#          begins. Here F1 rises to .99, and the weights put back, like those in the only file, still predict none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

x = np.linspace(-1, 1, 200, dtype="float32")[:, None]
y = (x > 0.6).astype("float32")


def f1(model):
    positive = model.predict(x, batch_size=200, verbose=0) > 0.5
    hits = np.sum(positive * y)
    precision, recall = hits / np.float64(positive.sum()), hits / y.sum()
    return float(2 * precision * recall / (precision + recall))


def run(name, undefined):
    """Train with this number in place of a score that is 0/0."""
    folder = os.path.join(sys.argv[1], name)
    os.makedirs(folder)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "sigmoid", kernel_initializer="zeros")])
    model.compile(keras.optimizers.Adam(0.5), "binary_crossentropy")
    scores = []

    def score(epoch, logs):
        scores.append(f1(model))
        logs["val_f1"] = undefined if np.isnan(scores[-1]) else scores[-1]

    watch = {"monitor": "val_f1", "mode": "max"}
    model.fit(
        x,
        y,
        batch_size=200,
        epochs=20,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_end=score),
            keras.callbacks.EarlyStopping(**watch, patience=12, restore_best_weights=True),
            keras.callbacks.ModelCheckpoint(folder + "/{epoch}.keras", **watch, save_best_only=True),
        ],
    )
    saved = sorted(int(file.split(".")[0]) for file in os.listdir(folder))
    print(f"seen:  {name}: F1 by epoch", *(f"{value:.2f}" for value in scores))
    print(f"       saved: epochs {saved}; F1 of the weights put back: {f1(model):.2f}")
    return scores, saved, f1(model)


print("Keras", keras.__version__, "on", keras.backend.backend())
print("guess: NaN before the first number matters no more than 0 does")
scores, saved, kept = run("0 for 0/0", 0.0)
assert np.isnan(scores[0]) and kept == max(scores[1:]) and len(saved) > 2
scores, saved, kept = run("NaN for 0/0", float("nan"))
assert np.isnan(scores[0]) and saved == [1] and np.isnan(kept)
assert len(scores) == 13 and max(scores[9:]) > 0.8
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
