#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, optax.contrib.mechanize, a tuner of the learning rate around another optimizer.
# Guess:   the rate of the inner optimizer does not matter much, "1.0 (or any other constant)" says its documentation: around
#          adam(1.0), adam(.1) or adam(.001) it finds the scale in some hundred steps.
# Happens: the scale begins at 1e-6. How far the inner optimizer has gone is not kept but worked out from the weights, as the
#          difference to where they began. In float32 a step of 1e-6 times .1 leaves a weight of 5 as it is, so that
#          difference is 0, the tuner sees neither gain nor loss, and at the next step all is as before: nothing moves, in
#          20,000 steps or ever. What stands still depends on the size of the weights: those of 1 at a rate of .01, those
#          of 40 at 1.0, the rate of the documentation's example, and in bfloat16 one of .1 at 1.0, too.
# Matters: no error, no NaN; the loss is constant. One weight near 0 is enough to wake all of them, as a bias that begins at 0
#          is, so it works in a network and not in the small problem one tries it on, or in bfloat16 without biases.
#          With s_init=1e-2 the first of the examples below moves.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import functools

import jax
import jax.numpy as jnp
import optax

STEPS = 20_000
RATES = (1.0, 0.1, 0.01, 0.001)


@functools.partial(jax.jit, static_argnames="settings")
def descend(weights, rate, settings=()):
    """Weights after many steps on the sum of their squares."""
    rule = optax.contrib.mechanize(optax.adam(rate), **dict(settings))

    def step(_, carry):
        weights, state = carry
        updates, state = rule.update(2 * weights, state, weights)
        return optax.apply_updates(weights, updates), state

    return jax.lax.fori_loop(0, STEPS, step, (weights, rule.init(weights)))[0]


print("Optax", optax.__version__, "JAX", jax.__version__)
print("guess: near 0 after", STEPS, "steps, for each of these")
starts = {"5, -3": jnp.array([5.0, -3.0]), "1, -.5": jnp.array([1.0, -0.5]), "40, -50": jnp.array([40.0, -50.0]),
          "5, .01": jnp.array([5.0, 0.01]), ".1, -.05 in bfloat16": jnp.array([0.1, -0.05], jnp.bfloat16)}
moved = {}
for name, start in starts.items():
    for rate in RATES:
        end = descend(start, rate)
        moved[name, rate] = not bool((end == start).all())
        assert not moved[name, rate] or float(jnp.abs(end).max()) < 0.1
    print(f"seen:  from {name}:", ", ".join(f"adam({rate}) {'near 0' if moved[name, rate] else 'NOT MOVED'}" for rate in RATES))
end = descend(starts["5, -3"], 0.1, (("s_init", 1e-2),))
print("seen:  from 5, -3 with s_init=1e-2: adam(0.1)", "near 0" if float(jnp.abs(end).max()) < 0.1 else end)
assert [moved["5, -3", rate] for rate in RATES] == [True, False, False, False]
assert [moved["1, -.5", rate] for rate in RATES] == [True, True, False, False]
assert not any(moved["40, -50", rate] or moved[".1, -.05 in bfloat16", rate] for rate in RATES)
assert all(moved["5, .01", rate] for rate in RATES)
assert float(jnp.abs(end).max()) < 0.1
PY
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore "$folder/check.py"
