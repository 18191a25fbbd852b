#!/usr/bin/env bash
# Library: timm 1.0.31 (AdamW, NAdamW, Lion, Lamb with caution=True; "cadamw" and so on in its factory)
#          and pytorch-optimizer 4.1.0 (Lion, LaProp, AdEMAMix with cautious=True) with torch 2.13.0, an Embedding.
# Guess:   a cautious optimizer leaves out the entries whose step and gradient disagree and makes the rest a little longer;
#          a step stays near the learning rate, and the row of a token moves as under the optimizer without caution.
# Happens: the rest is multiplied by the number of all entries over that of those that agree. A gradient of 0 does not agree,
#          so the rows of all tokens that are not in the batch count as left out. With one token in the batch its row moves
#          by 10, 100 or 1000 learning rates (889 in pytorch-optimizer) in a table of 10, 100 or 1000 rows. timm does not go
#          above 1000, pytorch-optimizer does.
# Matters: a vocabulary has 50,000 rows, a batch some hundreds of tokens. The same holds for any weight with many zero
#          gradients, as after ReLU, and for the moment when momentum carries nearly all weights past the minimum. Of a
#          table of 400 rows that AdamW fits to a loss of .0007, caution leaves one of .5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'pytorch-optimizer==4.1.0'
# Without what timm needs for its models: these optimizers import torch alone.
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps 'timm==1.0.31'
cat > "$folder/check.py" <<'PY'
import importlib.util
import sys
import types
from importlib.metadata import version

import pytorch_optimizer
import torch

(place,) = importlib.util.find_spec("timm").submodule_search_locations
for name, path in (("timm", place), ("timm.optim", place + "/optim")):  # the packages without timm's models
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from timm.optim.adamw import AdamWLegacy  # noqa: E402
from timm.optim.lamb import Lamb  # noqa: E402
from timm.optim.lion import Lion  # noqa: E402
from timm.optim.nadamw import NAdamW  # noqa: E402

RATE = 0.001
OPTIMIZERS = {"timm AdamW": (AdamWLegacy, "caution"), "timm NAdamW": (NAdamW, "caution"), "timm Lion": (Lion, "caution"),
              "timm Lamb": (Lamb, "caution")}
for name in ("Lion", "LaProp", "AdEMAMix"):
    OPTIMIZERS[f"pytorch-optimizer {name}"] = getattr(pytorch_optimizer, name), "cautious"


def step(make, rows, **settings):
    """The first step of the row of the one token in the batch, in learning rates."""
    torch.manual_seed(0)
    table = torch.nn.Embedding(rows, 8)
    before, optimizer = table.weight.detach().clone(), make(table.parameters(), lr=RATE, weight_decay=0.0, **settings)
    table(torch.tensor([3])).sum().backward()
    optimizer.step()
    return round((table.weight.detach() - before)[3].abs().max().item() / RATE, 1)


def fitted(rows=400, batch=4, steps=10000, **settings):
    """Mean squared error of a table that learns one number for each token, from batches of four tokens."""
    torch.manual_seed(0)
    table, targets = torch.nn.Embedding(rows, 1), torch.randn(rows, 1)
    optimizer = AdamWLegacy(table.parameters(), lr=0.01, weight_decay=0.0, **settings)
    for _ in range(steps):
        tokens = torch.randint(rows, (batch,))
        optimizer.zero_grad()
        (table(tokens) - targets[tokens]).square().mean().backward()
        optimizer.step()
    return (table.weight.detach() - targets).square().mean().item()


print("timm", version("timm"), "pytorch-optimizer", version("pytorch-optimizer"), "torch", torch.__version__)
for name, (make, setting) in OPTIMIZERS.items():
    plain = [step(make, rows) for rows in (10, 100, 1000, 10000)]
    careful = [step(make, rows, **{setting: True}) for rows in (10, 100, 1000, 10000)]
    print(f"{name}: first step with 10, 100, 1000, 10000 rows: {plain} learning rates, cautious {careful}")
    assert max(plain) < 2
    factors = [10, 100, 1000, 1000] if setting == "caution" else [80 / 9, 800 / 9, 8000 / 9, 80000 / 9]
    assert all(abs(c / (p * f) - 1) < 0.01 for c, p, f in zip(careful, plain, factors))
plain, careful = fitted(), fitted(caution=True)
print(f"loss of a table of 400 rows after training: AdamW {plain:.6f}, with caution {careful:.6f}")
assert plain < 0.002 and careful > 0.2
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
