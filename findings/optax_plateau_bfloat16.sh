#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, optax.contrib.reduce_on_plateau, all weights bfloat16.
# Guess:   the loss that is handed over as value= is a float32 number and is compared as one: with rtol=1e-4 a loss that
#          falls by .02 % at each evaluation never lowers the rate. With float32 weights so it is.
# Happens: the best loss, and the mean over accumulation_size losses, are kept in the dtype of the weights. In bfloat16 the
#          neighbors of 1 are .996 and 1.008: twenty evaluations in a row look alike, more than patience, and the rate is
#          halved again and again while the loss falls. The mean is worse: after 256 losses of about 1 a further
#          one adds nothing to the sum, which goes on being divided by their number. The mean of 1000 losses of 1 is .256.
# Matters: training ends in effect, for a loss that improves all the time. rtol has no
#          effect below .004. One float32 array among the weights, a scale of a normalization say, hides all of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import jax
import jax.numpy as jnp
import optax


def run(dtype, losses, **settings):
    """The last scale of the rate, and the best loss that is kept."""
    rule = optax.contrib.reduce_on_plateau(factor=0.5, patience=10, rtol=1e-4, **settings)
    weights = jnp.ones(3, dtype)

    @jax.jit
    def all_of(losses):
        def step(state, loss):
            return rule.update(weights, state, value=loss)[1], None

        return jax.lax.scan(step, rule.init(weights), losses)

    state, _ = all_of(losses)
    return float(state.scale), float(state.best_value)


falling = jnp.float32(0.9998) ** jnp.arange(400)
print("Optax", optax.__version__, "JAX", jax.__version__)
print("guess: scale 1.0 for a loss that falls from 1 to %.3f in 400 evaluations; mean 1.0" % falling[-1])
scales, means = {}, {}
for dtype in (jnp.float32, jnp.bfloat16):
    name = jnp.dtype(dtype).name
    scales[name], _ = run(dtype, falling)
    _, means[name] = run(dtype, jnp.ones(1000), accumulation_size=1000)
    print(f"seen:  scale {scales[name]:.3g}; mean of 1000 losses of 1: {means[name]:.3f}; weights in {name}")
assert scales["float32"] == 1 and scales["bfloat16"] < 0.01
assert abs(means["float32"] - 1) < 1e-3 and abs(means["bfloat16"] - 0.256) < 1e-3
PY
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore "$folder/check.py"
