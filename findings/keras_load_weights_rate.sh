#!/usr/bin/env bash
# Library: Keras 3.15.1 (JAX 0.10.2 as backend), Model.load_weights after ModelCheckpoint(save_weights_only=True).
# Guess:   a .weights.h5 file holds the weights of the layers; loading it touches nothing else.
# Happens: the file of a compiled model also holds its optimizer: moments, step count and learning rate. Loading it
#          into a model that has been trained puts all three back, so a learning rate set just before is silently
#          undone. A model compiled but not yet trained keeps its own optimizer, and that case warns.
# Matters: "lower the learning rate, go back to the best weights, fine-tune" fine-tunes at the old rate; the same lines
#          in the other order do what was meant. Adam also goes on with the moments and the step count of that time.
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

keras.utils.set_random_seed(0)
best = os.path.join(sys.argv[1], "best.weights.h5")
x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
y = 2 * x + 1


def compiled(rate):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model


def state(model):
    return f"{float(model.optimizer.learning_rate):.0e}", int(model.optimizer.iterations)


print("Keras", keras.__version__, "on", keras.backend.backend())
print("guess: load_weights leaves the learning rate at the 1e-05 set before it, and the step count as it is")

model = compiled(1e-3)
keep_best = keras.callbacks.ModelCheckpoint(best, monitor="loss", save_best_only=True, save_weights_only=True)
model.fit(x, y, epochs=3, batch_size=16, verbose=0, callbacks=[keep_best])
print("trained, saved:                    rate %s, step %d" % state(model))
model.fit(x, y, epochs=2, batch_size=16, verbose=0)
model.optimizer.learning_rate = 1e-5
before = state(model)
print("trained on, rate lowered by hand:  rate %s, step %d" % before)
model.load_weights(best)
after = state(model)
print("after load_weights:                rate %s, step %d" % after)
assert before == ("1e-05", 20), before
assert after == ("1e-03", 12), f"load_weights no longer restores the optimizer: {after}"

fresh = compiled(1e-5)
fresh.load_weights(best)
print("the same into a new model:         rate %s, step %d" % state(fresh))
assert np.array_equal(fresh.get_weights()[0], model.get_weights()[0])
assert state(fresh) == ("1e-05", 0), state(fresh)

model.load_weights(best)
model.optimizer.learning_rate = 1e-5
print("load_weights first, then the rate: rate %s, step %d" % state(model))
assert state(model)[0] == "1e-05"
print("seen: loading weights sets the learning rate and the step count back, once the optimizer has been used")
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/check.py" "$folder"
