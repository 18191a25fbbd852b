#!/usr/bin/env bash
# Library: Keras 3.15.1 on TensorFlow 2.21.0 (here as tensorflow-cpu), an Embedding whose row comes several times in a batch;
#          against the same on JAX 0.10.2.
# Guess:   the backend does not matter: the gradient of a row is the sum over its places in the batch. Adam's first step has
#          the length of the learning rate, and clipnorm=1 limits the gradient to length 1.
# Happens: TensorFlow hands the gradient over as a list of rows, one for each place, and Keras squares and measures this list
#          before it is added up: 100 ones count as 100 * 1^2 and not as 100^2. For a token that comes n times the mean of
#          squares in Adam, RMSprop and Adagrad is n times too small, and the norm for clipping is by sqrt(n).
# Matters: words that are frequent in a batch, padding first of all, are moved up to sqrt(n) times as far as on JAX or torch:
#          Adam's steps are 9.9 learning rates for 98 places, with clipnorm=1 SGD moves by 9.8. TensorFlow's global_norm of such a
#          gradient alone says 10 for 100. SGD with momentum and no clipping is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'tensorflow-cpu==2.21.0' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import json

import keras
import numpy as np

CASES = {
    "Adam": keras.optimizers.Adam(1.0),
    "RMSprop": keras.optimizers.RMSprop(1.0),
    "Adagrad": keras.optimizers.Adagrad(1.0),
    "SGD, clipnorm=1": keras.optimizers.SGD(1.0, clipnorm=1.0),
    "SGD, global_clipnorm=1": keras.optimizers.SGD(1.0, global_clipnorm=1.0),
    "SGD, momentum=.9": keras.optimizers.SGD(1.0, momentum=0.9),
}
tokens = np.array([[0] * 98 + [1, 2]])  # row 0 has the gradient 98, rows 1 and 2 have 1
moved = {}
for name, optimizer in CASES.items():
    rows = keras.layers.Embedding(3, 1, embeddings_initializer="zeros")
    model = keras.Sequential([rows, keras.layers.Flatten()])
    model.compile(optimizer, loss=lambda target, output: keras.ops.sum(output, axis=-1))
    model.train_on_batch(tokens, np.zeros((1, 100)))
    moved[name] = [round(-float(weight), 3) for weight in rows.get_weights()[0].ravel()]
print(json.dumps(moved))
PY
run() { KERAS_BACKEND=$1 TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/$1.log" | tail -n 1 > "$folder/$1.json"; }
run jax && run tensorflow || { cat "$folder"/*.log; exit 1; }
cat > "$folder/compare.py" <<'PY'
import json
import sys

jax, tensorflow = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("jax", "tensorflow"))
print("Keras 3.15.1: how far one step moves the rows of a token that comes 98 times, and of two that come once")
for name in jax:
    print(f"{name:23} guess, and JAX: {jax[name]}, seen on TensorFlow: {tensorflow[name]}")
for name, moved in tensorflow.items():
    if name == "SGD, momentum=.9":
        assert moved == jax[name] == [98.0, 1.0, 1.0]
    else:
        assert moved[0] > 8 * jax[name][0] > 0, name
assert jax["Adam"] == [1.0, 1.0, 1.0] and abs(jax["SGD, clipnorm=1"][0] - 1) < 0.001
PY
"$folder/venv/bin/python" "$folder/compare.py" "$folder"
