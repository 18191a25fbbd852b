#!/usr/bin/env bash
# Library: pytorch-ignite 0.5.5 with torch 2.13.0, ignite.handlers.LRScheduler around a schedule of torch.
# Guess:   attached to ITERATION_STARTED, as its documentation shows, it gives each iteration the rate that the schedule
#          gives in a plain loop which calls step() after each iteration.
# Happens: it asks for the first rate a second time, and torch works most rates out from the rate of the moment, so the
#          first factor counts twice. After LinearLR or ConstantLR with 0.1 the rate stays a tenth to the end of the run,
#          ExponentialLR and PolynomialLR are a step ahead, SWALR never moves. StepLR, the example shown, is right.
# Matters: a warm-up leaves a run with a tenth of its rate. A handler of one's own that calls step() at
#          ITERATION_COMPLETED gives the right rates; so does ignite's create_lr_scheduler_with_warmup for a warm-up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'pytorch-ignite==0.5.5'
cat > "$folder/check.py" <<'PY'
import ignite
import torch
from ignite.engine import Engine, Events
from ignite.handlers import LRScheduler
from torch.optim.lr_scheduler import ConstantLR, ExponentialLR, LinearLR, PolynomialLR, StepLR
from torch.optim.swa_utils import SWALR

SCHEDULES = {
    "LinearLR": lambda optimizer: LinearLR(optimizer, start_factor=0.1, total_iters=3),
    "ConstantLR": lambda optimizer: ConstantLR(optimizer, factor=0.1, total_iters=3),
    "ExponentialLR": lambda optimizer: ExponentialLR(optimizer, gamma=0.5),
    "PolynomialLR": lambda optimizer: PolynomialLR(optimizer, total_iters=5),
    "SWALR": lambda optimizer: SWALR(optimizer, swa_lr=0.1, anneal_epochs=2),
    "StepLR": lambda optimizer: StepLR(optimizer, step_size=2),
}


def rates(make, wrapped):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, seen = make(optimizer), []
    trainer = Engine(lambda engine, batch: optimizer.step())
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: seen.append(optimizer.param_groups[0]["lr"]))
    if wrapped:
        trainer.add_event_handler(Events.ITERATION_STARTED, LRScheduler(schedule))
    else:
        trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: schedule.step())
    trainer.run([0] * 5, max_epochs=1)
    return [round(rate, 4) for rate in seen]


print("pytorch-ignite", ignite.__version__, "with torch", torch.__version__)
guess = {name: rates(make, wrapped=False) for name, make in SCHEDULES.items()}
seen = {name: rates(make, wrapped=True) for name, make in SCHEDULES.items()}
for name in SCHEDULES:
    print(f"{name:13} guess {guess[name]}  seen {seen[name]}")
assert guess["LinearLR"] == [0.1, 0.4, 0.7, 1.0, 1.0] and seen["LinearLR"] == [0.01, 0.04, 0.07, 0.1, 0.1]
assert guess["ConstantLR"][-1] == 1.0 and seen["ConstantLR"][-1] == 0.1
assert seen["ExponentialLR"][:-1] == guess["ExponentialLR"][1:] and guess["ExponentialLR"][0] == 1.0
assert guess["SWALR"] == [1.0, 0.55, 0.1, 0.1, 0.1] and seen["SWALR"] == [1.0] * 5
assert guess["StepLR"] == seen["StepLR"]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
