#!/usr/bin/env bash
# Library: Keras 3.15.1 (JAX 0.10.2 as backend), keras.optimizers.Ftrl with its defaults.
# Guess:   a step moves a weight by about the learning rate at most; where the gradient is 0 the weight stays, and with a
#          rate of 1e-9 nothing is to be seen.
# Happens: the first step puts each weight near 0, whatever the rate: the rule works out the weight anew from sums that begin
#          at 0 and know nothing of where it was. What is left of it is the larger the larger its gradient; of a gradient of
#          0.01 it is 0.05 %. torch has no such rule; TensorFlow's own does the same.
# Matters: it is meant for linear models that begin at 0. In a network the initialization is gone after one step: of layers
#          that feed each other all weights are near 0, and it learns a constant where SGD and Adam learn the function.
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

START, GRADIENTS = [2.0, 2.0, 2.0], [0.0, 0.01, 1.0]


def first_step(rate):
    weights = keras.Variable(np.array(START, "float32"))
    optimizer = keras.optimizers.Ftrl(rate)
    optimizer.build([weights])
    optimizer.apply([np.array(GRADIENTS, "float32")], [weights])
    return [round(float(x), 4) for x in keras.ops.convert_to_numpy(weights)]


def trained(optimizer):
    """Loss of a small network on a parabola, and length of its first layer's weights, before and after one step and 50."""
    keras.utils.set_random_seed(0)
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(32, "tanh"), keras.layers.Dense(32, "tanh"),
                              keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    lengths = [float(np.linalg.norm(model.layers[1].kernel))]
    for epochs in (1, 499):
        loss = model.fit(x, x**2, batch_size=64, epochs=epochs, verbose=0).history["loss"][-1]
        lengths.append(float(np.linalg.norm(model.layers[1].kernel)))
    return loss, lengths


print("Keras", keras.__version__, "on", keras.backend.backend())
print(f"weights {START}, gradients {GRADIENTS}, one step; guess: they stay within the learning rate of 2")
for rate in (1e-3, 1e-9):
    seen = first_step(rate)
    print(f"seen, rate {rate:g}: {seen}")
    assert seen[0] == 0 and seen[1] < 0.002 and seen[2] < 1.5, seen
print("a network of three layers, 500 steps; length of the middle weights at the start, after one step, at the end")
for rule, rate in ((keras.optimizers.SGD, 0.1), (keras.optimizers.Adam, 0.01), (keras.optimizers.Ftrl, 0.1)):
    loss, lengths = trained(rule(rate))
    print(f"  {rule.__name__:5} rate {rate:<5} lengths {[round(x, 3) for x in lengths]}, loss {loss:.2g}")
    is_ftrl = rule is keras.optimizers.Ftrl
    assert (lengths[1] < 0.1 * lengths[0]) == is_ftrl, rule
    assert (loss > 0.09) == is_ftrl, loss  # 0.095 is that of a constant
PY
"$folder/venv/bin/python" "$folder/check.py"
