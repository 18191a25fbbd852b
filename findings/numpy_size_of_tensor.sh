#!/usr/bin/env bash
# Library: NumPy 2.4.6 and torch 2.13.0, np.size of a tensor.
# Guess:   the number of elements, as np.shape, np.ndim and len give theirs for a tensor, and as np.size does for a list.
# Happens: NumPy returns the attribute `size` of what it is given, and a tensor's is a method: np.size(tensor) is the bound
#          method, without an error. np.shape and np.ndim of the same tensor are right.
# Matters: a check such as np.size(answer) != 1 is true of every tensor, and sums or averages over np.size fail far away.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import torch

tensor = torch.zeros(2, 3)
size = np.size(tensor)
print("numpy", np.__version__, "torch", torch.__version__)
print("guess: np.size(torch.zeros(2, 3)) is 6")
print(f"seen:  {type(size).__name__} {getattr(size, '__name__', size)!r}; np.shape {tuple(np.shape(tensor))}, "
      f"np.ndim {np.ndim(tensor)}, of the same as a list {np.size(tensor.tolist())}")
assert callable(size) and size() == tensor.shape
assert (tuple(np.shape(tensor)), np.ndim(tensor), np.size(tensor.tolist())) == ((2, 3), 2, 6)
assert np.size(tensor) != 6
PY
"$folder/venv/bin/python" "$folder/check.py"
