#!/usr/bin/env bash
# Library: Keras 3.15.1 on JAX 0.10.2, the learning rate set before each batch by a callback.
# Guess:   learning_rate = ... in on_train_batch_begin is the rate of that batch; with torch as backend it is.
# Happens: within an epoch the training state is outside the model, and only the attribute self.model of a callback
#          brings the two together. By an optimizer that was kept, or the variable `model` in a LambdaCallback, the rate
#          can be set and reads as set, but the whole epoch runs at the rate of its first batch.
# Matters: a warm-up from 0 over the first epoch learns nothing in it. To write self.model.optimizer each time, or to
#          use a LearningRateSchedule, cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import jax
import keras
import numpy as np

BATCHES = 50
RATES = [0.1 * batch / BATCHES for batch in range(BATCHES)]
x = np.ones((BATCHES, 1), "float32")


class Attribute(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = RATES[batch]


class Kept(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.optimizer = self.model.optimizer

    def on_train_batch_begin(self, batch, logs=None):
        self.optimizer.learning_rate = RATES[batch]
        assert abs(float(self.optimizer.learning_rate) - RATES[batch]) < 1e-6


def variable(model):
    return keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: setattr(model.optimizer, "learning_rate", RATES[batch])
    )


def weight_after_an_epoch(make_callback):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(x, x, batch_size=1, epochs=1, verbose=0, callbacks=[make_callback(model)])
    return round(model.get_weights()[0].item(), 3)


guess, *seen = (weight_after_an_epoch(way) for way in (lambda model: Attribute(), lambda model: Kept(), variable))
print("Keras", keras.__version__, "on JAX", jax.__version__, "a weight from 0 toward 1, after an epoch of warm-up")
print(f"guess: {guess}, as by self.model   seen: {seen[0]} by a kept optimizer, {seen[1]} by the variable")
assert guess > 0.9 and seen == [0.0, 0.0]
PY
KERAS_BACKEND=jax "$folder/venv/bin/python" -W ignore "$folder/check.py"
