#!/usr/bin/env bash
# Library: pyro-ppl 1.9.2 with torch 2.13.0, an optimizer of pyro.optim with clip_args, and a schedule of pyro.optim.
# Guess:   clip_args={"clip_norm": 1.} limits the length of the gradient of all parameters to 1, as clip_grad_norm_ of
#          model.parameters() does, and an ExponentialLR gives all parameters one rate.
# Happens: each parameter has an optimizer, a clip and a schedule of its own. Two parameters with gradients 3 and .5 get 1
#          and .5, so the step has another direction, and 100 parameters have a length of up to 10. A parameter that is
#          first used at step 10 begins its own schedule there, at the full rate, where the others are at a thousandth.
# Matters: clipping changes which way the guide moves whenever gradients differ in size. A branch or layer that comes in
#          late, or a learned start that is first used in a second phase, is trained at the rate of the beginning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'pyro-ppl==1.9.2'
cat > "$folder/check.py" <<'PY'
import pyro
import torch
from pyro.infer import SVI, Trace_ELBO

SETTINGS = {"optimizer": torch.optim.SGD, "optim_args": {"lr": 1.0}, "gamma": 0.5}


def moves(gradients, late=None, steps=1, **more):
    """How far each parameter goes in each step; the parameter `late` is first used in step 10."""
    pyro.clear_param_store()
    count = 0

    def model():
        for name, gradient in gradients.items():
            if name != late or count >= 10:
                pyro.factor("term " + name, -gradient * pyro.param(name, torch.zeros(())))

    schedule = pyro.optim.ExponentialLR(dict(SETTINGS), **more)
    run, seen, old = SVI(model, lambda: None, schedule, Trace_ELBO()), [], dict.fromkeys(gradients, 0.0)
    for count in range(steps):
        run.step()
        schedule.step()
        new = {name: value.item() for name, value in pyro.get_param_store().items()}
        seen.append({name: new[name] - old[name] for name in new})
        old |= new
    return seen


print("pyro", pyro.__version__, "torch", torch.__version__)
free, clipped = moves({"a": 3.0, "b": 0.5})[0], moves({"a": 3.0, "b": 0.5}, clip_args={"clip_norm": 1.0})[0]
length = sum(value**2 for value in free.values()) ** 0.5
print("step without clipping", free, "guess", {name: round(value / length, 3) for name, value in free.items()},
      "seen", {name: round(value, 3) for name, value in clipped.items()})
assert abs(clipped["a"] + 1) < 1e-4 and abs(clipped["b"] + 0.5) < 1e-4
many = moves({f"p{number}": 3.0 for number in range(100)}, clip_args={"clip_norm": 1.0})[0]
print("length of the clipped step of 100 parameters:", round(sum(value**2 for value in many.values()) ** 0.5, 3))
assert sum(value**2 for value in many.values()) > 99

seen = moves({"a": 1.0, "b": 1.0}, late="b", steps=12)
print("steps 10 and 11, gradient 1 for both:", seen[10:])
assert abs(seen[10]["a"] + 0.5**10) < 1e-5 and seen[10]["b"] == -1 and seen[11]["b"] == -0.5
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
