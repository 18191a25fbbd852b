#!/usr/bin/env bash
# Library: torch 2.13.0, AveragedModel of torch.optim.swa_utils over a model in bfloat16.
# Guess:   the average of the weights is kept in float32, as optimizers with master weights keep theirs, so that small steps
#          toward the present weights add up: after 5,000 updates with decay .999 a weight that went from 1 to 2 is at 1.99.
# Happens: the average has the dtype of the weights. A step of .001 of the difference is less than half of bfloat16's last
#          digit, is rounded away each time, and the average stays at 1.0 for ever. So does the plain mean (SWA): of 500
#          points at 1 and 500 at 2 it is 1.0. No warning.
# Matters: the averaged weights that are evaluated and saved are those of the first update.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def averaged(dtype, moves, **options):
    """The average of one weight that takes these values."""
    model = torch.nn.Linear(1, 1, bias=False).to(dtype)
    with torch.no_grad():
        model.weight.fill_(moves[0])
        average = AveragedModel(model, **options)
        for value in moves:
            model.weight.fill_(value)
            average.update_parameters(model)
    return next(average.parameters()).item()


ema = {"multi_avg_fn": get_ema_multi_avg_fn(0.999)}
print("torch", torch.__version__)
for name, moves, options, guess in (("EMA", [1.0] + 5000 * [2.0], ema, 1.99), ("mean", 500 * [1.0] + 500 * [2.0], {}, 1.5)):
    half, single = (averaged(dtype, moves, **options) for dtype in (torch.bfloat16, torch.float32))
    print(f"{name}: guess {guess}, seen with bfloat16 {half}, with float32 {single:.3f}")
    assert abs(single - guess) < 0.01
    assert half == 1.0
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
