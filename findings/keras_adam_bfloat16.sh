#!/usr/bin/env bash
# Library: Keras 3.15.1 on JAX 0.10.2 and on torch 2.13.0, optimizers with default settings for weights in bfloat16, as the
#          dtype policy "bfloat16" makes them.
# Guess:   Adam(1e-3) takes a first step of 1e-3, rounded to bfloat16 where that matters; torch's Adam does so.
# Happens: the correction of the averages for their start at 0 is computed in the dtype of the weight. There beta_2 = .999 is
#          1, so the learning rate is multiplied by sqrt(1 - 1) = 0: Adam, AdamW and Lamb never move a weight, not even one
#          that is 0. Nadam divides by the 0 and gives NaN (on JAX; on torch it raises an error). SGD and RMSprop train.
# Matters: fit() runs through, with a loss that stands still, as if the learning rate were too small. The policy
#          "mixed_bfloat16", which keeps weights in float32, is not concerned; beta_2=.99 works too.
# Source:  https://github.com/keras-team/keras-hub/issues/2629 (open) has the symptom, and suspects another cause
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'keras==3.15.1' 'jax==0.10.2' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import keras
import numpy
import torch

BACKEND = keras.backend.backend()
random = numpy.random.default_rng(0)
inputs = random.normal(size=(512, 8)).astype("float32")
labels = (inputs @ numpy.arange(8) > 0).astype("float32")[:, None]


def first_steps(name, **options):
    """A weight at 0 after each of three steps with gradient 1."""
    weight, path = keras.Variable(numpy.zeros(1), dtype="bfloat16"), []
    optimizer = getattr(keras.optimizers, name)(1e-3, **options)
    optimizer.build([weight])
    for _ in range(3):
        optimizer.apply([keras.ops.ones(1, dtype="bfloat16")])
        path.append(round(float(keras.ops.cast(weight.value, "float32")[0]), 4))
    return path


def trained(policy):
    """How far five epochs of Adam move the farthest weight."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    before = [numpy.asarray(weight, "float32") for weight in model.get_weights()]
    model.fit(inputs, labels, epochs=5, verbose=0)
    after = [numpy.asarray(weight, "float32") for weight in model.get_weights()]
    return max(abs(new - old).max() for new, old in zip(after, before))


parameter, path = torch.nn.Parameter(torch.zeros(1, dtype=torch.bfloat16)), []
optimizer = torch.optim.Adam([parameter], lr=1e-3)
for _ in range(3):
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    path.append(round(parameter.item(), 4))
print("keras", keras.__version__, "on", BACKEND)
print("guess:", path, "as torch.optim.Adam")
assert path == [-0.001, -0.002, -0.003]
for name in ("Adam", "AdamW", "Lamb", "SGD", "RMSprop") + (("Nadam",) if BACKEND == "jax" else ()):
    seen = first_steps(name)
    print("seen: ", seen, name)
    if name == "Nadam":
        assert numpy.isnan(seen).all()
    else:
        assert (seen == [0, 0, 0]) == (name in ("Adam", "AdamW", "Lamb")) and not numpy.isnan(seen).any()
assert first_steps("Adam", beta_2=0.99)[0] < -5e-4
pure, mixed = trained("bfloat16"), trained("mixed_bfloat16")
print(f"fit with Adam moves the farthest weight by {pure:.3f} under bfloat16, by {mixed:.3f} under mixed_bfloat16")
assert pure == 0 and mixed > 0.05
PY
for backend in jax torch; do
    KERAS_HOME="$folder/home" KERAS_BACKEND=$backend "$folder/venv/bin/python" -W ignore "$folder/check.py"
done
