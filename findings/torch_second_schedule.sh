#!/usr/bin/env bash
# Library: torch 2.13.0, training in two phases with one optimizer: a schedule runs to its end, the rate is set to .01 in the
#          groups, and a new schedule is made for the second phase.
# Guess:   the new schedule starts from the rate that the group has, .01, as it does for an optimizer made with lr=.01.
# Happens: that depends on the schedule. LambdaLR, CosineAnnealingWarmRestarts and SequentialLR start from the rate of the
#          first phase, 1, and put it back into the groups; CyclicLR takes its first step alone with 1. StepLR,
#          CosineAnnealingLR, LinearLR, PolynomialLR, ExponentialLR and ChainedScheduler start from .01. The first schedule
#          leaves "initial_lr" in the groups, later ones do not write it anew. It is part of the state of the optimizer, so
#          a run that loads only that state and then sets its rate is taken back to the old one as well.
# Matters: a fine-tuning at .01 is done at 1, without a word; nearly all schedules of transformers are LambdaLR. Changing
#          CosineAnnealingLR to a warm-up followed by it in SequentialLR makes all rates a hundred times as large.
# Source:  https://github.com/pytorch/pytorch/issues/33416 and 21965 (both closed) ask about LambdaLR and CyclicLR
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim import lr_scheduler as schedules

OLD, NEW = 1.0, 0.01
TAKE_OLD = {
    "LambdaLR": lambda o: schedules.LambdaLR(o, lambda step: 1 - step / 8),
    "CosineAnnealingWarmRestarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 4),
    "SequentialLR": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, 0.1, total_iters=2), schedules.CosineAnnealingLR(o, 6)], [2]
    ),
}
TAKE_NEW = {
    "StepLR": lambda o: schedules.StepLR(o, 3),
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 8),
    "LinearLR": lambda o: schedules.LinearLR(o, 0.1, total_iters=4),
    "PolynomialLR": lambda o: schedules.PolynomialLR(o, 8),
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.5),
    "ChainedScheduler": lambda o: schedules.ChainedScheduler(
        [schedules.LinearLR(o, 0.1, total_iters=3), schedules.ExponentialLR(o, 0.9)]
    ),
}
CYCLE = {"CyclicLR": lambda o: schedules.CyclicLR(o, 0.001, 0.01, step_size_up=3)}


def sgd(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def rates(make, optimizer):
    schedule, seen = make(optimizer), []
    for _ in range(6):
        seen.append(float(f"{optimizer.param_groups[0]['lr']:.4g}"))
        optimizer.step()
        schedule.step()
    return seen


def second_phase(load):
    """An optimizer after a first phase at OLD. If load is true, a new one that has its state."""
    optimizer = sgd(OLD)
    rates(lambda o: schedules.CosineAnnealingLR(o, 6), optimizer)
    if load:
        state, optimizer = optimizer.state_dict(), sgd(NEW)
        optimizer.load_state_dict(state)
    optimizer.param_groups[0]["lr"] = NEW
    return optimizer


def close(first, second):
    return all(abs(a - b) < 1e-3 * abs(b) + 1e-9 for a, b in zip(first, second, strict=True))


print("torch", torch.__version__)
for name, make in (TAKE_OLD | TAKE_NEW | CYCLE).items():
    guess, seen, loaded = rates(make, sgd(NEW)), rates(make, second_phase(False)), rates(make, second_phase(True))
    print(f"{name}\n  guess {guess}\n  seen  {seen}")
    assert seen == loaded
    if name in TAKE_OLD:
        assert close(seen, [rate * OLD / NEW for rate in guess])
    elif name in TAKE_NEW:
        assert close(seen, guess)
    else:
        assert seen[0] == OLD and guess[0] == 0.001 and close(seen[1:], guess[1:])
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
