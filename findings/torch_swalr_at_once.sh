#!/usr/bin/env bash
# Library: torch 2.13.0, torch.optim.swa_utils.SWALR with anneal_epochs=0, made before the training beside the schedule
#          that runs until the averaging begins, as the documentation of torch.optim shows it.
# Guess:   until SWALR is stepped the rate is that of the other schedule; at its first step it becomes swa_lr at once,
#          where anneal_epochs=10 would take ten epochs.
# Happens: with 0 the rate becomes swa_lr as soon as SWALR is made. Schedules that work out a rate from the one before, as
#          StepLR, ExponentialLR and CosineAnnealingLR do, go on from there: with a rate of 1 and swa_lr=.05 the whole run
#          before the averaging has a twentieth of its rates. LambdaLR loses the first epoch alone. anneal_epochs=1 gives
#          what one guesses for 0.
# Matters: a run that was to be trained at 1 and averaged at .05 is trained at .05 throughout, without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, StepLR
from torch.optim.swa_utils import SWALR

SCHEDULES = {
    "CosineAnnealingLR": lambda optimizer: CosineAnnealingLR(optimizer, T_max=10),
    "StepLR": lambda optimizer: StepLR(optimizer, step_size=3),
    "LambdaLR": lambda optimizer: LambdaLR(optimizer, lambda epoch: 0.5**epoch),
}
START, EPOCHS = 6, 9


def rates(make, anneal):
    """The rates of the epochs. Without SWALR from the start if anneal is None."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, seen = make(optimizer), []
    average = SWALR(optimizer, swa_lr=0.05, anneal_epochs=anneal) if anneal is not None else None
    for epoch in range(EPOCHS):
        seen.append(round(optimizer.param_groups[0]["lr"], 4))
        optimizer.step()
        if epoch < START:
            schedule.step()
        elif average:
            average.step()
        else:
            optimizer.param_groups[0]["lr"] = 0.05
    return seen


print("torch", torch.__version__)
for name, make in SCHEDULES.items():
    guess, seen, one = rates(make, None), rates(make, 0), rates(make, 1)
    print(f"{name:18} guess {guess}\n{'':18} seen  {seen}\n{'':18} with anneal_epochs=1 {one}")
    assert one == guess and seen[0] == 0.05 and seen[START + 1 :] == guess[START + 1 :]
    if name == "LambdaLR":
        assert seen[1:] == guess[1:]
    else:
        assert all(abs(a - 0.05 * b) < 1e-4 for a, b in zip(seen[: START + 1], guess))
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
