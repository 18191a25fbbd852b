#!/usr/bin/env bash
# Library: skorch 1.4.0 with torch 2.13.0, callback LRScheduler(step_every="batch") and a second call of partial_fit.
# Guess:   two calls of partial_fit, of 3 epochs each, give the rates of one call of 6 epochs; so they do with
#          step_every="epoch".
# Happens: the second call makes the scheduler anew and tells it the number of epochs, where its steps are batches: after 12
#          batches in 3 epochs it takes batch 3 for the next. A decay goes back from .0314 to .0729, OneCycleLR rises
#          again and does not come down in time. The callback counts the batches, but its count is not used here.
# Matters: partial_fit is there to go on with a training; with 1000 batches in an epoch the schedule begins almost anew.
#          Setting the callback's last_epoch to batch_idx_ - 1 before the call cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'skorch==1.4.0' 'scikit-learn==1.9.1'
cat > "$folder/check.py" <<'PY'
import numpy as np
import skorch
import torch
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR

DATA = np.ones((20, 1), dtype=np.float32), np.zeros((20, 1), dtype=np.float32)
SCHEDULES = [(LambdaLR, {"lr_lambda": lambda step: 0.9**step}), (OneCycleLR, {"max_lr": 0.1, "total_steps": 25})]


def rates(policy, settings, step_every, calls, cure=False):
    """Rates of 6 epochs of 4 batches, in one or two calls."""
    callback = LRScheduler(policy=policy, step_every=step_every, **settings)
    net = skorch.NeuralNetRegressor(
        torch.nn.Linear, module__in_features=1, module__out_features=1, lr=0.1, batch_size=5, max_epochs=6 // calls,
        train_split=None, verbose=0, callbacks=[("rate", callback)],
    )
    for call in range(calls):
        if cure and call:
            used = dict(net.callbacks_)["rate"]
            used.last_epoch = used.batch_idx_ - 1
        net.partial_fit(*DATA)
    seen = net.history[:, "event_lr"] if step_every == "epoch" else net.history[:, "batches", :, "event_lr"]
    return np.round(np.ravel(seen), 4).tolist()


print("skorch", skorch.__version__, "torch", torch.__version__)
for policy, settings in SCHEDULES:
    guess, seen = (rates(policy, settings, "batch", calls) for calls in (1, 2))
    print(f"{policy.__name__} from batch 10 on\nguess: {guess[10:]}\nseen:  {seen[10:]}")
    assert seen[:12] == guess[:12] and seen[12:] == guess[3:15] and seen[-1] > 2.5 * guess[-1]
    assert rates(policy, settings, "batch", 2, cure=True) == guess
    assert rates(policy, settings, "epoch", 2) == rates(policy, settings, "epoch", 1)
assert rates(*SCHEDULES[0], "batch", 2)[11:13] == [0.0314, 0.0729]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
