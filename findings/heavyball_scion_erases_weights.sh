#!/usr/bin/env bash
# Library: heavyball 3.2.1 with torch 2.13.0, Scion.
# Guess:   an optimizer moves the weights that it is given: the first step changes each matrix by about the learning rate, and
#          with a small rate a trained network stays what it is.
# Happens: with a weight's first gradient Scion throws the weight away and puts a random orthogonal matrix in its place, drawn
#          with the number of the weight in its group as the seed; vectors become 0, biases and the scales of a LayerNorm
#          alike. The rate plays no part: with 1e-9 the loss of a trained network goes from .0003 to .37 in one step.
#          Neither the description of the class nor an argument tells of it, and none turns it off.
# Matters: fine-tuning starts from nothing, and so does a run that is resumed without the optimizer's state; a pretrained
#          layer that is unfrozen in the middle of a run is erased there. Runs with different seeds of the program all have
#          the same weights after the first step, so the spread over seeds leaves out that of the initialization, which
#          the other optimizers of a comparison have.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'heavyball==3.2.1'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import heavyball
import torch
from torch import nn

heavyball.utils.compile_mode = None  # so that no compiler of C++ is needed


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, 32), nn.LayerNorm(32), nn.Tanh(), nn.Linear(32, 1))


def loss(model):
    return (model(X) - Y).square().mean()


def step(model, optimizer):
    optimizer.zero_grad()
    loss(model).backward()
    optimizer.step()


def flat(model):
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


print("heavyball", version("heavyball"), "torch", torch.__version__)
torch.manual_seed(0)
X = torch.randn(128, 8)
Y = X[:, :1].sin()
trained = network(0)
adam = torch.optim.Adam(trained.parameters(), lr=0.01)
for _ in range(1000):
    step(trained, adam)
for make in (heavyball.AdamW, heavyball.Muon, heavyball.Scion):
    model = network(0)
    model.load_state_dict(trained.state_dict())
    before = flat(model), loss(model).item()
    step(model, make(model.parameters(), lr=1e-9))
    moved, after = (flat(model) - before[0]).abs().max().item(), loss(model).item()
    print(f"{make.__name__}, learning rate 1e-9: the largest change of a weight is {moved:.1g}, the loss goes from "
          f"{before[1]:.6f} to {after:.6f}; scales of the LayerNorm about {model[1].weight.mean().item():.1g}")
    assert before[1] < 0.001
    if make is heavyball.Scion:
        assert moved > 0.5 and after > 0.3 and model[1].weight.abs().max() < 1e-8
    else:
        assert moved < 1e-6 and after < 0.001

pair = [network(1), network(2)]
print("two seeds, largest difference of a weight before:", round((flat(pair[0]) - flat(pair[1])).abs().max().item(), 3), end=" ")
for model in pair:
    step(model, heavyball.Scion(model.parameters(), lr=1e-9))
apart = (flat(pair[0]) - flat(pair[1])).abs().max().item()
print(f"after Scion's first step: {apart:.1g}")
assert apart < 1e-6

model = network(0)
model.load_state_dict(trained.state_dict())
model[0].requires_grad_(False)
optimizer, old = heavyball.Scion(model.parameters(), lr=1e-4), model[0].weight.detach().clone()
for number in range(50):
    if number == 40:
        kept = (model[0].weight - old).abs().max().item()
        model[0].requires_grad_(True)
    step(model, optimizer)
    if number == 40:
        likeness = nn.functional.cosine_similarity(model[0].weight.detach().flatten(), old.flatten(), dim=0).item()
print(f"a layer unfrozen after 40 steps: changed by {kept} before; its first step leaves a cosine of {likeness:.2f} with itself")
assert kept == 0 and abs(likeness) < 0.3
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
