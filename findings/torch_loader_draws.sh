#!/usr/bin/env bash
# Library: torch 2.13.0, DataLoader with default settings: no shuffling, no workers.
# Guess:   to read data in their order draws no random number, so a look at the validation set after each epoch leaves the
#          training as it is without that look.
# Happens: each `for batch in loader` draws one number from torch's global generator. Dropout and the shuffling of the next
#          epoch are others, and the same seed ends at other weights.
# Matters: "the same seed" with and without validation, or with validation every second epoch, are two runs; a difference
#          between them is not what the change did. DataLoader(..., generator=torch.Generator()) for the validation set
#          cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch
from torch.utils.data import DataLoader


def second_order(look, **settings):
    """The order of the second epoch of a shuffled loader, with or without a look at other data between the two."""
    torch.manual_seed(0)
    training, validation = DataLoader(range(8), shuffle=True), DataLoader(range(4), **settings)
    for _ in range(2):
        order = [item.item() for item in training]
        if look:
            list(validation)
    return order


print("torch", torch.__version__)
print("guess: the second epoch's order is", second_order(False), "with and without a look")
print("seen:  with a look it is", second_order(True))
assert second_order(True) != second_order(False)
assert second_order(True, generator=torch.Generator()) == second_order(False)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
