#!/usr/bin/env bash
# Library: speechbrain 1.1.2 with torch 2.13.0, nnet.schedulers.NewBobScheduler(initial_value, annealing_factor=.5,
#          improvement_threshold=.0025, patient=0).
# Guess:   the rate is halved after more than `patient` epochs in a row whose loss is not better than the best one by .25 %.
# Happens: a loss is compared with that of the epoch before, not with the best; and the epochs without improvement are
#          counted over the whole run, an improvement does not start the count anew. With patient=2 three bumps, at epochs
#          5, 15 and 25 of a loss that falls by 10 % an epoch, halve the rate; a loss that goes up and down between 1 and
#          1.1 for ever loses a patience only every second epoch; one that has fallen back to 1.5 from 1 and creeps down
#          by 1 % an epoch is "improving". The change is divided by the old loss with its sign: a negative loss that falls
#          halves the rate at every epoch, one that climbs never does.
# Matters: noise alone uses up the patience, the sooner the longer a run is, while a run that has gone off keeps its rate. For
#          a log density, an SI-SNR in decibels or a mutual information as the loss, the schedule works the wrong way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'packaging==26.4' 'pyyaml==6.0.4' 'tqdm==4.70.1'
# Without what speechbrain needs to read audio: its schedules import torch alone.
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps 'speechbrain==1.1.2'
cat > "$folder/check.py" <<'PY'
import importlib.util
import sys
import types
from importlib.metadata import version

import torch

(place,) = importlib.util.find_spec("speechbrain").submodule_search_locations
for name in ("speechbrain", "speechbrain.nnet", "speechbrain.utils"):  # the packages without what they import for audio
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [place + name.removeprefix("speechbrain").replace(".", "/")]
from speechbrain.nnet.schedulers import NewBobScheduler  # noqa: E402


def rates(losses, **settings):
    schedule = NewBobScheduler(1.0, **settings)
    return [schedule(loss)[1] for loss in losses]


def guess(losses, patient):
    """The rates of torch's schedule that compares with the best loss and counts failures in a row."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, seen = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patient, threshold=0.0025), []
    for loss in losses:
        schedule.step(loss)
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


print("speechbrain", version("speechbrain"), "torch", torch.__version__)
bumps = [0.9**epoch * (1.2 if epoch in (5, 15, 25) else 1.0) for epoch in range(40)]
off = [3.0, 2.0, 1.0, 1.5] + [1.5 * 0.99**epoch for epoch in range(1, 30)]
CASES = {
    "three bumps on a falling loss": (bumps, 2, 0.5, 1.0),
    "1, 1.1, 1, 1.1, ... for 20 epochs": ([1.0, 1.1] * 10, 2, 0.125, 2.0**-6),
    "from 1 up to 1.5, then down by 1 % an epoch": (off, 2, 1.0, 2.0**-9),
    "negative loss, falling from -1 by .1 an epoch": ([-1 - 0.1 * epoch for epoch in range(8)], 0, 2.0**-7, 1.0),
    "negative loss, climbing from -5 by .1 an epoch": ([-5 + 0.1 * epoch for epoch in range(8)], 0, 1.0, 2.0**-7),
}
for what, (losses, patient, expected, best) in CASES.items():
    seen = rates(losses, patient=patient)
    print(f"{what}, patient={patient}: last rate {seen[-1]} (first cut at epoch "
          f"{next((epoch for epoch, rate in enumerate(seen) if rate < 1), None)}), by the guess {guess(losses, patient)[-1]}")
    assert seen[-1] == expected
assert rates(bumps, patient=2)[24:26] == [1.0, 0.5] and guess(bumps, 2)[-1] == 1
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
