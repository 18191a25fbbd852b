#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, MultiSteps (gradients accumulated over 4 batches) around a rule that is guarded against
#          NaN: apply_if_finite(adam, ...) or chain(zero_nans(), sgd).
# Guess:   one batch with a NaN costs one step, that of its four batches: apply_if_finite refuses it, zero_nans makes it 0;
#          the next four batches begin with an empty sum.
# Happens: MultiSteps empties its sum by multiplying it by 0, and NaN times 0 is NaN. Every later sum is NaN, every later
#          step is refused or 0, and the weights stay for ever where they were. The counted steps go on, and the loss is
#          finite. apply_if_finite lets the NaN through in the end, after as many refusals as it was told to bear.
# Matters: a run of a million batches ends at its first NaN, and looks like one that has converged. The other way round,
#          apply_if_finite around MultiSteps, or with should_skip_update_fn=optax.skip_not_finite it goes on as guessed.
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


def train(rule, bad=None, batches=400):
    """One weight on its way to 3, and the counted steps. The gradient of batch `bad` is NaN."""
    @jax.jit
    def step(weight, state, number):
        gradient = jnp.where(number == bad, jnp.nan, 2 * (weight - 3)) if bad is not None else 2 * (weight - 3)
        updates, state = rule.update(gradient, state, weight)
        return optax.apply_updates(weight, updates), state

    weight = jnp.zeros(1)
    state = rule.init(weight)
    for number in range(batches):
        weight, state = step(weight, state, number)
    return weight.item(), state


adam = optax.adam(0.1)
guarded = optax.MultiSteps(optax.apply_if_finite(adam, 1000), 4)
zeroed = optax.MultiSteps(optax.chain(optax.zero_nans(), optax.sgd(0.1)), 4)
print("Optax", optax.__version__, "JAX", jax.__version__)
print("guess: about 3 after 100 steps, one of which is lost")
good, _ = train(guarded)
print("seen:  %.4f without a NaN" % good)
seen, state = train(guarded, 21)
print("seen:  %.4f with a NaN in batch 21 of 400, MultiSteps(apply_if_finite(adam, 1000)); steps counted: %d, sum: %s" % (
    seen, state.gradient_step, state.acc_grads))
flat, _ = train(zeroed, 21)
print("seen:  %.4f, MultiSteps(chain(zero_nans(), sgd)); without a NaN %.4f" % (flat, train(zeroed)[0]))
few, _ = train(optax.MultiSteps(optax.apply_if_finite(adam, 10), 4), 21)
print("seen:  %.4f, MultiSteps(apply_if_finite(adam, 10))" % few)
outer, _ = train(optax.apply_if_finite(optax.MultiSteps(adam, 4).gradient_transformation(), 1000), 21)
told, _ = train(optax.MultiSteps(adam, 4, should_skip_update_fn=optax.skip_not_finite), 21)
print("seen:  %.4f, apply_if_finite(MultiSteps(adam)), and %.4f with skip_not_finite" % (outer, told))
assert abs(good - 3) < 0.05 and abs(outer - 3) < 0.05 and abs(told - 3) < 0.05
assert abs(seen - 0.5) < 0.01 and jnp.isnan(state.acc_grads).all() and state.gradient_step == 100
assert flat < 2.1 and few != few
PY
cd "$folder"
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore "$folder/check.py"
