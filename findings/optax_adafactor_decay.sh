#!/usr/bin/env bash
# Library: Optax 0.2.8, adafactor(learning_rate, weight_decay_rate=.1).
# Guess:   the decay goes with the learning rate, as in optax.adamw and torch's Adafactor: .001 * .1 of a weight per step,
#          and none any more where the schedule has come to 0.
# Happens: the decay is added after the learning rate: each step takes a tenth of every weight, whatever the rate or its
#          schedule. After 100 steps .00003 of a weight is left, not .99; at a learning rate of 0 too.
# Matters: a decay taken over from AdamW is a thousand times stronger, and a schedule changes the balance of the two at
#          every step. The documentation says "rate at which to decay weights" and no more.
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

STEPS, RATE, DECAY = 100, 1e-3, 0.1


def left(optimizer):
    """What is left of a weight of 1 whose gradient is zero."""
    weights = jnp.ones(3)
    state = optimizer.init(weights)
    update = jax.jit(optimizer.update)
    for _ in range(STEPS):
        updates, state = update(jnp.zeros(3), state, weights)
        weights = optax.apply_updates(weights, updates)
    return float(weights[0])


print("Optax", optax.__version__)
guess = (1 - RATE * DECAY) ** STEPS
adamw = left(optax.adamw(RATE, weight_decay=DECAY))
print(f"guess: {guess:.3f} of a weight is left after {STEPS} steps; adamw: {adamw:.3f}")
assert abs(adamw - guess) < 1e-4
for name, rate in (("rate .001", RATE), ("rate 0", 0.0), ("cosine to 0", optax.cosine_decay_schedule(RATE, STEPS))):
    seen = left(optax.adafactor(rate, weight_decay_rate=DECAY))
    print(f"seen:  {seen:.1e} is left by adafactor, {name}")
    assert abs(seen / (1 - DECAY) ** STEPS - 1) < 1e-3
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
