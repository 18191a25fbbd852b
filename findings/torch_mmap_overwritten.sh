#!/usr/bin/env bash
# Library: torch 2.13.0 on Linux, torch.load(mmap=True) and then torch.save to the same name; NumPy 2.4.6 with mmap_mode="c".
# Guess:   what was loaded stays what it was: mmap=True is a faster way to load, and "c" is copy-on-write, so that nothing on
#          the disk and in memory can change the other.
# Happens: torch.save and numpy.save empty the old file and write into it, and the loaded tensors show the new numbers; even
#          those that were changed in memory since, as cutting a file takes private pages away, too. So do the weights of a
#          model after load_state_dict(..., assign=True).
# Matters: the start of a run, kept to compare with, a "best" state, or a model in training takes on what another run saves
#          under that name: weights trained to 1.5 are 2. Loaded without mmap they stay. To save under another name and then
#          os.replace cures it. safetensors 0.8.0 is safe.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import os
import tempfile

import numpy
import torch

os.chdir(tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(__file__))))


def saved(value):
    torch.save({"first": torch.full((5000,), value), "second": torch.full((5000,), value)}, "model.pt")


def after(**options):
    """What the loaded state says once another was saved to the same name; `first` is trained before that, by 0.5."""
    saved(1.0)
    model = torch.nn.Module()
    for name in ("first", "second"):
        model.register_parameter(name, torch.nn.Parameter(torch.zeros(5000)))
    model.load_state_dict(torch.load("model.pt", **options), assign=True)
    with torch.no_grad():
        model.first += 0.5
    saved(2.0)
    return [parameter[2500].item() for parameter in model.parameters()]


print("torch", torch.__version__, "numpy", numpy.__version__, "loaded as 1, the first trained to 1.5, 2 saved to that name")
print("guess: [1.5, 1.0]")
plain, mapped = after(), after(mmap=True)
print("seen: ", mapped, "with mmap=True,", plain, "without")
numpy.save("weights.npy", numpy.full(5000, 1.0))
weights = numpy.load("weights.npy", mmap_mode="c")
numpy.save("weights.npy", numpy.full(5000, 2.0))
print("seen: ", float(weights[2500]), 'for 1.0 with NumPy\'s mmap_mode="c"')
assert plain == [1.5, 1.0] and mapped == [2.0, 2.0] and weights[2500] == 2.0
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
