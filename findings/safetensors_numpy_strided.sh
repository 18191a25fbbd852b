#!/usr/bin/env bash
# Library: safetensors 0.8.0, safetensors.numpy.save_file and load_file, with NumPy 2.4.6.
# Guess:   an array comes back as it was saved, or is refused where its memory is not laid out row by row, as
#          safetensors.torch refuses such a tensor.
# Happens: the bytes are taken as they lie in memory. A matrix in Fortran order, such as a transposed one, comes back with
#          its numbers in other places; of every second number of a vector, the first half of the vector comes back.
# Matters: weights are transposed whenever they move between libraries that store (inputs, outputs) and (outputs, inputs);
#          shape and dtype are right, so nothing tells. np.ascontiguousarray before saving cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'safetensors==0.8.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

weight, vector = np.arange(6.0).reshape(2, 3), np.arange(6.0)
path = f"{sys.argv[1]}/weights.safetensors"
save_file({"transposed": weight.T, "every second": vector[::2], "copied": np.ascontiguousarray(weight.T)}, path)
back = load_file(path)
print("safetensors", safetensors.__version__)
print("guess:", weight.T.tolist(), vector[::2].tolist())
print("seen: ", back["transposed"].tolist(), back["every second"].tolist())
assert np.array_equal(back["copied"], weight.T)
assert back["transposed"].tolist() == [[0, 1], [2, 3], [4, 5]]
assert back["every second"].tolist() == [0, 1, 2]
PY
"$folder/venv/bin/python" "$folder/check.py" "$folder"
