#!/usr/bin/env bash
# Library: torch 2.13.0, torch.nn.utils.clip_grad_norm_ of a list that names one weight twice, as layers with a tied
#          weight do.
# Guess:   a list put together from the parameters of two layers with a common weight is clipped as model.parameters() is,
#          which names each weight once; or a warning, which the optimizers of torch give for such a list.
# Happens: the gradient counts twice in the length and is multiplied twice by the factor. A gradient of length 200 under a
#          limit of 1 comes out with the length .0025 = 200 / (2 * 200^2 / 1), shorter the longer it was. No warning.
# Matters: with plain SGD the steps of tied weights become smaller as their gradients grow; the length that is returned
#          for the log is 283 for 200. A gradient below .7 times the limit is
#          not touched, so small runs look right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch

encoder, decoder = torch.nn.Embedding(2, 2), torch.nn.Linear(2, 2, bias=False)
decoder.weight = encoder.weight
model = torch.nn.Sequential(encoder, decoder)


def clipped(parameters, size):
    """The length that is returned, and the length of the gradient afterwards."""
    encoder.weight.grad = torch.full((2, 2), size / 2)
    found = torch.nn.utils.clip_grad_norm_(parameters, max_norm=1.0)
    return found.item(), encoder.weight.grad.norm().item()


print("torch", torch.__version__)
for size in (0.5, 2.0, 20.0, 200.0):
    guess = clipped(model.parameters(), size)
    seen = clipped([*encoder.parameters(), *decoder.parameters()], size)
    print(f"length {size}: guess {guess[0]:.1f} returned, {guess[1]:.4f} left; seen {seen[0]:.1f}, {seen[1]:.4f}")
    assert abs(guess[0] - size) < 1e-3 and abs(guess[1] - min(size, 1.0)) < 1e-4
    assert abs(seen[0] - 2**0.5 * size) < 1e-3
    assert abs(seen[1] - (size if size < 1 else 0.5 / size)) < 1e-4
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
