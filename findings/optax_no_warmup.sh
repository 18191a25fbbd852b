#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, warmup_constant_schedule and linear_schedule over 0 steps.
# Guess:   warmup_constant_schedule(init_value=0, peak_value=1, warmup_steps=0) is the rate 1 from the first step on: with no
#          warm-up the peak is there at once. warmup_cosine_decay_schedule and warmup_exponential_decay_schedule with
#          warmup_steps=0 begin at their peak.
# Happens: the rate is init_value at every step, so 0 forever. A line of linear_schedule over 0 steps never arrives at its
#          end_value. Of it there is only a message of level INFO to absl's log, which is not shown.
# Matters: in a comparison of warm-ups of 0, 100 and 1000 steps the run without any trains nothing, or, with an init_value
#          of a hundredth, at a hundredth of its rate.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'jax==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import jax.numpy as jnp
import optax

STEPS = (0, 1, 2, 100, 1000)


def rates(schedule):
    return [round(float(schedule(step)), 3) for step in STEPS]


def trained(warmup_steps):
    """The weight after 100 steps down x² / 2 from 1."""
    weight = jnp.ones(())
    optimizer = optax.sgd(optax.warmup_constant_schedule(0.0, 0.1, warmup_steps))
    state = optimizer.init(weight)
    for _ in range(100):
        update, state = optimizer.update(weight, state)
        weight = optax.apply_updates(weight, update)
    return round(float(weight), 3)


print("optax", optax.__version__, "rates at steps", STEPS)
print("guess:", [1.0] * 5, "with warmup_steps=0 to the peak 1; a weight of 1 is near 0 after 100 steps, with warm-up or without")
constant = rates(optax.warmup_constant_schedule(0.0, 1.0, 0))
print("seen: ", constant, "by warmup_constant_schedule(0, 1, 0)")
print("seen: ", rates(optax.warmup_constant_schedule(0.01, 1.0, 0)), "by warmup_constant_schedule(.01, 1, 0)")
print("seen: ", rates(optax.warmup_constant_schedule(0.0, 1.0, 1)), "by warmup_constant_schedule(0, 1, 1)")
print("seen: ", {steps: trained(steps) for steps in (0, 1, 10)}, "the weight after 100 steps, by warmup_steps")
assert constant == rates(optax.linear_schedule(0.0, 1.0, 0)) == [0] * 5
assert rates(optax.warmup_constant_schedule(0.01, 1.0, 0)) == [0.01] * 5
assert rates(optax.warmup_constant_schedule(0.0, 1.0, 1)) == [0, 1, 1, 1, 1]
assert rates(optax.warmup_cosine_decay_schedule(0.0, 1.0, 0, 2000))[0] == 1
assert rates(optax.warmup_exponential_decay_schedule(0.0, 1.0, 0, 100, 0.9))[0] == 1
assert trained(0) == 1 and trained(1) < 0.001 and trained(10) < 0.001
PY
JAX_PLATFORMS=cpu "$folder/venv/bin/python" -W ignore "$folder/check.py"
