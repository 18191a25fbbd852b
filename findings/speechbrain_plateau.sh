#!/usr/bin/env bash
# Library: speechbrain 1.1.2 with torch 2.13.0, nnet.schedulers.ReduceLROnPlateau.
# Guess:   the schedule of torch by that name: after `patience` epochs without a smaller loss the rate is halved, from the
#          first epoch on; standing still is no improvement; several optimizers in the list share one patience.
# Happens: by default nothing happens in the first 65 epochs (dont_halve_until_epoch), and the loss to beat is then that of
#          epoch 65, not the best so far. A loss that is exactly the same counts as an improvement. Each optimizer in the
#          list counts an epoch for itself into the one counter: with two optimizers patience=1 halves the rate every epoch,
#          as patience=0 does, and with three patience=2 does; patience=2 with two happens to be right.
# Matters: a run of 60 epochs keeps its first rate to the end however the loss climbs, and a second optimizer, as for a
#          pretrained encoder beside the rest, makes the rate fall twice as fast or not, by the parity of patience.
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
from speechbrain.nnet.schedulers import ReduceLROnPlateau, update_learning_rate  # noqa: E402


def rates(losses, optimizers=1, **settings):
    """The rate after each epoch, by the loop of speechbrain's recipes, from a rate of 1."""
    schedule = ReduceLROnPlateau(**settings)
    optimizers = [torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0) for _ in range(optimizers)]
    seen = []
    for epoch, loss in enumerate(losses, start=1):
        _, rate = schedule(optimizers, epoch, loss)
        for optimizer in optimizers:
            update_learning_rate(optimizer, rate)
        seen.append(optimizers[0].param_groups[0]["lr"])
    return seen


def in_torch(losses, patience):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, seen = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience), []
    for loss in losses:
        schedule.step(loss)
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


def first_cut(seen):
    return next((epoch for epoch, rate in enumerate(seen, start=1) if rate < 1), None)


print("speechbrain", version("speechbrain"), "torch", torch.__version__)
climbing = [1.0 + epoch for epoch in range(80)]
print("a loss that climbs from 1 by 1 an epoch: first cut at epoch", first_cut(rates(climbing)), "guess, as in torch,",
      first_cut(in_torch(climbing, 2)))
assert first_cut(rates(climbing)) == 68 and first_cut(in_torch(climbing, 2)) == 4

anchored = [1.0] * 64 + [9.0] + [8.0 - 0.01 * epoch for epoch in range(60)]  # 1, once 9, then a little below 8
print("best loss 1, epoch 65 has 9, then 8 and slowly down: first cut at epoch", first_cut(rates(anchored)),
      "guess 68 at the latest")
assert first_cut(rates(anchored)) is None

still = [1.0] * 200
print("a loss that stands still for 200 epochs: first cut at epoch", first_cut(rates(still, dont_halve_until_epoch=1)),
      "guess, as in torch,", first_cut(in_torch(still, 2)))
assert first_cut(rates(still, dont_halve_until_epoch=1)) is None and first_cut(in_torch(still, 2)) == 4

cuts = {}
for patience in range(4):
    for optimizers in (1, 2, 3):
        seen = rates(climbing[:13], optimizers, patience=patience, dont_halve_until_epoch=1)
        cuts[patience, optimizers] = sum(later < earlier for earlier, later in zip(seen, seen[1:]))
    print(f"patience={patience}: cuts in 12 epochs with 1, 2, 3 optimizers:", [cuts[patience, number] for number in (1, 2, 3)])
assert [cuts[patience, 1] for patience in range(4)] == [12, 6, 4, 3]
assert [cuts[patience, 2] for patience in range(4)] == [12, 12, 4, 6]
assert [cuts[patience, 3] for patience in range(4)] == [12, 6, 12, 3]
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
