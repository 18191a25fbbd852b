#!/usr/bin/env bash
# Library: torch 2.13.0, torch.optim.Muon with its default settings but for the rate and no weight decay.
# Guess:   when the gradient of a matrix becomes exactly 0, the weights drift on until the momentum of .95 has faded: by
#          some twenty steps in all, as with SGD of the same momentum.
# Happens: each step is made of the orthogonalized average, which has the same length however small the average is. The
#          matrix goes on in its last direction with steps of full length for more than 300 steps and ends near 450 step
#          lengths away, where the average has become so small that eps (1e-7) counts. A gradient a thousand times as large
#          makes it 580.
# Matters: an expert that is not called, a branch that is multiplied by 0 or whose units are dead, a part frozen by
#          zeroing its gradients, and all of a model under zero_grad(set_to_none=False) while a part is not used, are moved
#          at the pace of parts that are trained. Gradients of None do stop a matrix.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch

RATE, MOMENTUM, STEPS = 0.02, 0.95, 700


def walk(make, size=1.0, gone=torch.zeros_like):
    """How far the weights get after the gradient is gone, in lengths of a step before; and the lengths of some steps."""
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(8, 4))
    gradient, optimizer = size * torch.randn(8, 4), make([weight])
    for _ in range(20):
        before = weight.detach().clone()
        weight.grad = gradient.clone()
        optimizer.step()
    start = weight.detach().clone()
    length, steps = (start - before).norm(), []
    for _ in range(STEPS):
        before = weight.detach().clone()
        weight.grad = gone(weight)
        optimizer.step()
        steps.append(((weight.detach() - before).norm() / length).item())
    whole = ((weight.detach() - start).norm() / length).item()
    return whole, [round(steps[step - 1], 2) for step in (1, 50, 100, 200, 300, STEPS)]


def muon(weights):
    return torch.optim.Muon(weights, lr=RATE, momentum=MOMENTUM, weight_decay=0.0)


def sgd(weights):
    return torch.optim.SGD(weights, lr=RATE, momentum=MOMENTUM, nesterov=True)


print("torch", torch.__version__)
cases = {
    "SGD": walk(sgd),
    "Muon": walk(muon),
    "Muon, gradient 1000 times as large": walk(muon, 1000.0),
    "Muon, gradient None": walk(muon, gone=lambda weight: None),
}
for name, (whole, steps) in cases.items():
    print(f"{name}: {whole:.1f} step lengths further; steps 1, 50, 100, 200, 300, {STEPS}: {steps}", flush=True)
assert cases["SGD"][0] < 25
assert 350 < cases["Muon"][0] < 550 and min(cases["Muon"][1][:5]) > 0.7
assert cases["Muon, gradient 1000 times as large"][0] > cases["Muon"][0] + 80
assert cases["Muon, gradient None"][0] == 0
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
