#!/usr/bin/env bash
# Library: orbax-checkpoint 0.12.8 on JAX 0.10.2, CheckpointManager with best_fn.
# Guess:   best_fn with best_mode="min" and max_to_keep=2 keeps the two checkpoints of the smallest loss: a run that
#          diverges at its end has lost nothing.
# Happens: the checkpoints are sorted by the loss, and each comparison with NaN is false: what is NaN stays where it
#          was, at the end, the place of the best. best_step() is the last NaN, and the good checkpoints are deleted.
# Matters: two checkpoints after the loss became NaN nothing is left to go back to, and this is what best_fn was set
#          for. best_mode="max" does the same. A best_fn that turns NaN into infinity (-infinity for "max") cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'orbax-checkpoint==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import importlib.metadata
import math
import sys

import jax.numpy as jnp
import orbax.checkpoint as ocp

LOSSES = [0.5, 0.2, 0.3, 0.4, math.nan, math.nan]


def kept(name, best_fn):
    """Steps that are left of a run, the best of them, and the weight that is restored from it."""
    options = ocp.CheckpointManagerOptions(max_to_keep=2, best_fn=best_fn, best_mode="min")
    with ocp.CheckpointManager(f"{sys.argv[1]}/{name}", options=options) as manager:
        for step, loss in enumerate(LOSSES):
            state = {"weight": jnp.array([10 * loss])}
            manager.save(step, args=ocp.args.StandardSave(state), metrics={"loss": loss})
        manager.wait_until_finished()
        best = manager.best_step()
        return manager.all_steps(), best, float(manager.restore(best)["weight"][0])


def finite(metrics):
    return math.inf if math.isnan(metrics["loss"]) else metrics["loss"]


seen = kept("plain", lambda metrics: metrics["loss"])
cured = kept("finite", finite)
print("orbax-checkpoint", importlib.metadata.version("orbax-checkpoint"), "losses", LOSSES)
print("guess: steps [1, 2] are kept, best 1")
print(f"seen:  steps {seen[0]} are kept, best {seen[1]}, its weight {seen[2]}; with infinity for NaN: {cured[:2]}")
assert seen[:2] == ([4, 5], 5) and math.isnan(seen[2])
assert cured[:2] == ([1, 2], 1) and abs(cured[2] - 2.0) < 1e-6
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
