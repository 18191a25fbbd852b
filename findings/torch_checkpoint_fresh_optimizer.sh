#!/usr/bin/env bash
# Library: torch 2.13.0, torch.distributed.checkpoint.save and load, on one process without any sharding.
# Guess:   load({"model": model, "optimizer": optimizer}) into a new model and a new Adam brings back what save wrote, or
#          says what it could not: the two are objects with state_dict and load_state_dict, as its documentation wants.
# Happens: load reads only what is already in the state that it is to fill, and a fresh optimizer has none: averages and
#          step counts stay in the file, the settings of the groups come back, no error and no warning. The same happens
#          with state dicts in place of the objects; a key of the model that is not in the file is an error.
# Matters: a resumed Adam starts anew: where its averages would carry it .0709 on, it goes .1 back here. A state made by
#          get_state_dict of torch.distributed.checkpoint.state_dict is read as a whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import sys

import torch
import torch.distributed.checkpoint as checkpoint
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict


def made(rate):
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1, bias=False)
    return model, torch.optim.Adam(model.parameters(), lr=rate)


def step(model, optimizer, gradient):
    """How far one step carries the weight on, where the earlier gradients were 1."""
    before = model.weight.item()
    model.weight.grad = torch.full((1, 1), gradient)
    optimizer.step()
    return before - model.weight.item()


def resumed(how, folder):
    model, optimizer = made(0.5)
    if how == "objects":
        checkpoint.load({"model": model, "optimizer": optimizer}, checkpoint_id=folder)
    elif how == "state dicts":
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        checkpoint.load(state, checkpoint_id=folder)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    else:
        state = dict(zip(("model", "optimizer"), get_state_dict(model, optimizer)))
        checkpoint.load(state, checkpoint_id=folder)
        set_state_dict(model, optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])
    return model, optimizer


print("torch", torch.__version__)
model, optimizer = made(0.1)
for _ in range(10):
    step(model, optimizer, 1.0)
plain, full = f"{sys.argv[1]}/plain", f"{sys.argv[1]}/full"
checkpoint.save({"model": model, "optimizer": optimizer}, checkpoint_id=plain)
checkpoint.save(dict(zip(("model", "optimizer"), get_state_dict(model, optimizer))), checkpoint_id=full)
weight = model.weight.item()
guess = step(model, optimizer, -1.0)
print(f"guess: the next step goes {guess:.4f}")
assert abs(guess - 0.0709) < 1e-4
for how, folder in (("objects", plain), ("state dicts", plain), ("get_state_dict", full)):
    again, loaded = resumed(how, folder)
    assert again.weight.item() == weight and loaded.param_groups[0]["lr"] == 0.1
    kept, seen = len(loaded.state), step(again, loaded, -1.0)
    print(f"seen:  {how}: state of {kept} weights, the next step goes {seen:.4f}")
    if how == "get_state_dict":
        assert kept == 1 and abs(seen - guess) < 1e-6
    else:
        assert kept == 0 and abs(seen + 0.1) < 1e-4
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder"
