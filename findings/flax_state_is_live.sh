#!/usr/bin/env bash
# Library: Flax 0.12.8 (JAX 0.10.2), nnx.state(model) and nnx.split(model)[1], kept in memory as the best so far.
# Guess:   JAX arrays never change, so a state is what the model was at that moment; nnx.update(model, best) brings it back.
# Happens: the state holds the very Variables of the model, and the optimizer writes into these. The kept state moves along,
#          nnx.update changes nothing, the last weights pass for the best. copy.copy is no better; their docstrings are silent.
# Matters: early stopping, "back to the best epoch", a start kept for a second run. nnx.clone of the model or the state,
#          nnx.to_pure_dict and copy.deepcopy take a copy that stays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'flax==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'optax==0.2.8' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import copy

import flax
import jax
import jax.numpy as jnp
import optax
from flax import nnx

KEEPS = {
    "nnx.state(model)": nnx.state,
    "nnx.split(model)[1]": lambda model: nnx.split(model)[1],
    "copy.copy": lambda model: copy.copy(nnx.state(model)),
    "copy.deepcopy": lambda model: copy.deepcopy(nnx.state(model)),
    "nnx.clone": lambda model: nnx.state(nnx.clone(model)),
    "nnx.to_pure_dict": lambda model: nnx.to_pure_dict(nnx.state(model)),
}


@nnx.jit
def loss(model, target):
    return jnp.mean((model(jnp.ones((1, 1))) - target) ** 2)


def losses(keep):
    """Validation loss (the target there is 2, in training 3): the best, the last, and that of the best state put back."""
    model, lowest, best = nnx.Linear(1, 1, kernel_init=nnx.initializers.zeros, rngs=nnx.Rngs(0)), 9.0, None
    optimizer = nnx.Optimizer(model, optax.sgd(0.02), wrt=nnx.Param)
    for _ in range(100):
        optimizer.update(model, nnx.grad(loss)(model, 3.0))
        current = float(loss(model, 2.0))
        if current < lowest:
            lowest, best = current, keep(model)
    nnx.update(model, best)
    return round(lowest, 3), round(current, 3), round(float(loss(model, 2.0)), 3)


print("Flax", flax.__version__, "on JAX", jax.__version__)
for name, keep in KEEPS.items():
    lowest, last, back = losses(keep)
    print(f"{name:19} best {lowest}, last {last}; put back, guess: {lowest}, seen: {back}")
    assert lowest < 0.01 and last > 0.9 and back == (last if name in list(KEEPS)[:3] else lowest), name
PY
"$folder/venv/bin/python" "$folder/check.py"
