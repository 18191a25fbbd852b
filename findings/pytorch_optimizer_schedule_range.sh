#!/usr/bin/env bash
# Library: pytorch-optimizer 4.1.0 with torch 2.13.0, its schedules PolyScheduler, LinearScheduler and get_wsd_schedule.
# Guess:   each stays between the smallest and the largest rate it was given: the polynomial and the linear one fall from
#          max_lr, at the end of the warm-up, to min_lr, at t_max, and stay there; warm-up, stable, decay with
#          min_lr_ratio=.1 ends in a decay to a tenth. So it is with torch's PolynomialLR and LinearLR and with the
#          schedules of these names in transformers.
# Happens: PolyScheduler takes a power of the number of steps since the warm-up, not of their share, and adds it up: with
#          the default power, .5, the rate rises, to 31 times max_lr after 1000 steps, and t_max plays no part.
#          LinearScheduler goes on falling after t_max, below 0: steps go uphill. The decay of get_wsd_schedule (by
#          default 1 - sqrt; 1 - square and linear alike) goes to 0 whatever min_lr_ratio is: from .005 it then jumps up
#          to .1.
# Matters: no error and no warning; a run diverges, climbs in its last steps when t_max was counted a little too small, or
#          ends with a rate twenty times that of the step before. The docstring of PolyScheduler states its formula.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'pytorch-optimizer==4.1.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from pytorch_optimizer import LinearScheduler, PolyScheduler, get_wsd_schedule


def run(make, steps):
    """The rates of the steps, and the weight after them, of which the loss is half the square."""
    weight = torch.nn.Parameter(torch.ones(()))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        weight.grad = weight.detach().clone()
        optimizer.step()
        schedule.step()
    return rates, weight.item()


print("pytorch-optimizer", version("pytorch-optimizer"), "torch", torch.__version__)
poly, _ = run(lambda optimizer: PolyScheduler(optimizer, t_max=1000, max_lr=0.001, warmup_steps=10), 1001)
print("guess: the polynomial schedule falls from its peak, 0.001, to 0")
print("seen: ", {step: round(poly[step], 5) for step in (10, 11, 12, 100, 500, 1000)})
linear, end = run(lambda optimizer: LinearScheduler(optimizer, t_max=100, max_lr=0.1), 150)
_, best = run(lambda optimizer: LinearScheduler(optimizer, t_max=100, max_lr=0.1), 101)
print("guess: the linear schedule ends at step 100 with 0, and the weight stays where it is")
print("seen: ", {step: round(linear[step], 4) for step in (1, 100, 110, 149)}, f"weight {best:.4f} and then {end:.4f}")
print("guess: the decay from step 100 to 200 ends at 0.1")
for kind in ("1-sqrt", "linear", "1-square", "cosine"):
    wsd, _ = run(lambda optimizer: get_wsd_schedule(optimizer, 0, 100, 100, min_lr_ratio=0.1, cooldown_type=kind), 203)
    print(f"seen:  {kind:8}", {step: round(wsd[step], 4) for step in (100, 150, 198, 199, 200, 202)})
    assert (min(wsd) >= 0.1) == (kind == "cosine") and wsd[200] == wsd[202] == 0.1
    assert kind != "1-sqrt" or wsd[199] < 0.0051
assert poly[11] == 0.001 and all(a < b for a, b in zip(poly[12:], poly[13:])) and 0.031 < poly[1000] < 0.032
assert min(linear[:101]) >= 0 > linear[110] > linear[149] and end > 2 * best
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
