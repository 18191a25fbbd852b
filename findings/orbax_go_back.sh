#!/usr/bin/env bash
# Library: orbax-checkpoint 0.12.8 on JAX 0.10.2, CheckpointManager.save after going back to an earlier step.
# Guess:   a run that went wrong is set back to step 10 and trained on: the saves at 20, 30, 40 replace the old ones, or
#          raise ValueError, which the docstring of save promises "if the checkpoint already exists".
# Happens: each save up to the latest old step is skipped: save returns False and writes nothing. This is so at steps
#          that hold no checkpoint as well (25). save(..., force=True) writes at 25, and raises at 20.
# Matters: whoever resumes at latest_step() gets the weights of the abandoned run, and what was trained since is lost.
#          Deleting the later steps first cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'orbax-checkpoint==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import importlib.metadata
import sys

import jax.numpy as jnp
import orbax.checkpoint as ocp


def train(manager, steps, start, rate):
    """One save at each of the steps, of a weight that moves by rate in each step; what save returned."""
    done = {}
    for step in steps:
        state = {"weight": jnp.array([start + rate * step])}
        done[step] = manager.save(step, args=ocp.args.StandardSave(state))
    manager.wait_until_finished()
    return done


def run(name, delete):
    """Saves of the second run, and what a resumption finds: the latest step and its weight."""
    with ocp.CheckpointManager(f"{sys.argv[1]}/{name}") as manager:
        train(manager, [0, 10, 20, 30, 40], 0.0, 100.0)  # the learning rate was 100 times too large
        start = float(manager.restore(10)["weight"][0])
        if delete:
            for step in (20, 30, 40):
                manager.delete(step)
        done = train(manager, [20, 25, 30, 40], start - 10.0, 1.0)
    with ocp.CheckpointManager(f"{sys.argv[1]}/{name}") as manager:
        latest = manager.latest_step()
        return done, latest, float(manager.restore(latest)["weight"][0])


seen, cured = run("plain", False), run("deleted", True)
print("orbax-checkpoint", importlib.metadata.version("orbax-checkpoint"))
print("guess: saved at 20, 25, 30 and 40 once more, or an error; a resumption finds the new weight, 1030")
print(f"seen:  save returned {seen[0]}; a resumption at {seen[1]} finds {seen[2]}")
print(f"where the later steps were deleted: {cured[0]}; a resumption at {cured[1]} finds {cured[2]}")
assert seen == (dict.fromkeys([20, 25, 30, 40], False), 40, 4000.0)
assert cured == (dict.fromkeys([20, 25, 30, 40], True), 40, 1030.0)
with ocp.CheckpointManager(f"{sys.argv[1]}/plain") as manager:
    state = ocp.args.StandardSave({"weight": jnp.array([0.0])})
    assert manager.save(25, args=state, force=True)
    manager.wait_until_finished()
    try:
        manager.save(20, args=state, force=True)
    except ocp.checkpoint_manager.StepAlreadyExistsError as error:
        print("with force=True, at 25: saved; at 20:", type(error).__name__)
    else:
        raise AssertionError("force=True now overwrites")
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
