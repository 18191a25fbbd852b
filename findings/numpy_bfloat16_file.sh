#!/usr/bin/env bash
# Library: NumPy 2.4.6 with ml_dtypes 0.6.0, whose bfloat16 is the dtype of JAX's and Keras's arrays of half precision.
# Guess:   numpy.save writes such an array with its dtype, or refuses; loading gives the numbers back.
# Happens: it is written as raw bytes: numpy.load gives an array of dtype V2 (void), also where ml_dtypes is imported. No
#          error, no warning; float8 becomes V1. The numbers come back by .view(ml_dtypes.bfloat16), if one knows.
# Matters: a checkpoint of weights in .npy or .npz has lost what its numbers are.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'numpy==2.4.6' 'ml_dtypes==0.6.0'
cat > "$folder/check.py" <<'PY'
import sys
from importlib.metadata import version

import ml_dtypes
import numpy as np

weights = np.array([0.5, 1.0, 2.0]).astype(ml_dtypes.bfloat16)
np.save(f"{sys.argv[1]}/weights.npy", weights)
loaded = np.load(f"{sys.argv[1]}/weights.npy")
print("numpy", version("numpy"), "ml_dtypes", version("ml_dtypes"))
print("guess: bfloat16 [0.5 1 2]")
print("seen: ", loaded.dtype, loaded)
assert loaded.dtype == "V2"
assert (loaded.view(ml_dtypes.bfloat16) == weights).all()
PY
"$folder/venv/bin/python" -W error "$folder/check.py" "$folder"
