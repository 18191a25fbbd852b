#!/usr/bin/env bash
# Library: PyHessian 0.1 with torch 2.13.0, hessian(model, criterion, data=..., cuda=False).eigenvalues() in the middle of a
#          training.
# Guess:   to look at the curvature changes nothing about the model: it goes on in training mode, and a gradient that waits for
#          its step is still there.
# Happens: hessian() puts the model into evaluation mode and leaves it there. From then on there is no dropout, and BatchNorm
#          normalizes by its running averages of that moment, which do not move any more. hessian() adds the gradient of its
#          batch to the gradients that are there (for one that waits, a step twice as long), and eigenvalues() deletes all of
#          them: a step right after it does nothing.
# Matters: the sharpness that is logged every hundred steps changes the run that it is to describe, from the first look on.
#          The loss stays plausible; model.train() is called at the start of an epoch, if at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'pyhessian==0.1'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from pyhessian import hessian
from torch import nn
from torch.nn.functional import mse_loss

torch.manual_seed(0)
INPUTS = torch.randn(64, 4)
TARGETS = INPUTS.sum(1, keepdim=True)


def look(model, once=True):
    analysis = hessian(model, mse_loss, data=(INPUTS, TARGETS), cuda=False)
    return analysis.eigenvalues(maxIter=20)[0][0] if once else None


def train(at=None, **mend):
    """Train for 60 steps in training mode; look at the curvature before step `at`."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 1)).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(60):
        if step == at:
            state = torch.get_rng_state()
            look(model)
            torch.set_rng_state(state)  # the random start of the power iteration is not what this is about
            model.train(mend.get("again", model.training))
        optimizer.zero_grad()
        loss = mse_loss(model(INPUTS), TARGETS)
        loss.backward()
        optimizer.step()
    return model, loss.item(), model[1].num_batches_tracked.item()


print("PyHessian", version("pyhessian"), "torch", torch.__version__)
(plain, plain_loss, plain_count), (looked, looked_loss, looked_count) = train(), train(at=20)
mended, mended_loss, mended_count = train(at=20, again=True)
print(f"no look: training mode {plain.training}, BatchNorm has seen {plain_count} batches, last training loss {plain_loss:.3f}")
print(f"a look before step 20: training mode {looked.training}, {looked_count} batches, {looked_loss:.3f}")
print(f"the same and model.train(): training mode {mended.training}, {mended_count} batches, {mended_loss:.3f}")
assert plain.training and plain_count == 60 and not looked.training and looked_count == 20
assert looked_loss < 0.5 * plain_loss and mended_loss == plain_loss

weight = nn.Linear(4, 1)
waiting = {}
for what in ("nothing", "hessian(...)", "hessian(...).eigenvalues()"):
    weight.zero_grad()
    mse_loss(weight(INPUTS), TARGETS).backward()
    if what != "nothing":
        look(weight, once="eigen" in what)
    waiting[what] = None if weight.weight.grad is None else weight.weight.grad.detach().clone()
    print(f"gradient that waits for its step, after {what}: {waiting[what]}")
assert torch.allclose(waiting["hessian(...)"], 2 * waiting["nothing"]) and waiting["hessian(...).eigenvalues()"] is None
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
