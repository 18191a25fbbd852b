#!/usr/bin/env bash
# Library: Flax 0.12.8 (flax.serialization) and xgboost 3.2.0 (here as xgboost-cpu), NumPy arrays of big-endian numbers, as
#          np.frombuffer gives them for the files of MNIST (IDX), and readers of netCDF-3 and FITS.
# Guess:   NumPy computes with such arrays as with all others, so a library takes the numbers too, as LightGBM, safetensors and
#          Orbax do, or says that it cannot, as JAX, CatBoost and Arrow do.
# Happens: flax.serialization writes the bytes and a name of the type without their order, and xgboost.DMatrix reads them as if
#          they were little-endian. 1, 2, 3 become 4.6e-41, 9e-44, 2.3e-41: features and labels, weights and targets.
# Matters: nearly all is 0, a tree has nothing to learn, and nothing is said: XGBRegressor predicts 0 where the mean is 50.
#          array.astype(np.float32) sets it right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'flax==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'xgboost-cpu==3.2.0' 'safetensors==0.8.0' 'numpy==2.4.6' 'scipy==1.17.1' \
    'scikit-learn==1.9.1'
cat > "$folder/check.py" <<'PY'
import flax
import numpy as np
import xgboost
from flax import serialization
from safetensors.numpy import load, save

numbers = np.frombuffer(np.arange(1, 101, dtype=">f4").tobytes(), ">f4")  # as from a file
print(f"Flax {flax.__version__}, xgboost {xgboost.__version__}; guess: {numbers[:3]}, NumPy's mean {numbers.mean()}")
state = {"x": numbers}
back = {
    "safetensors": load(save(state))["x"],
    "flax.serialization": serialization.from_bytes({"x": np.zeros(100, np.float32)}, serialization.to_bytes(state))["x"],
    "label of DMatrix": xgboost.DMatrix(numbers[:, None], label=numbers).get_label(),
    "feature of DMatrix": xgboost.DMatrix(numbers[:, None]).get_data().toarray().ravel(),
}
for name, array in back.items():
    print(f"seen:  {array[:3]}, {name}")
    assert np.array_equal(array, numbers) == (name == "safetensors") and (name == "safetensors" or abs(array[:3]).max() < 1e-40)
for kind in (">f4", ">f8", "<f4"):
    data = numbers.astype(kind)
    predicted = xgboost.XGBRegressor(n_estimators=50, n_jobs=1).fit(data[:, None], data).predict(data[:, None].astype("<f4"))
    print(f"XGBRegressor on {kind}: guess: mean 50.5, seen: {abs(predicted).mean():.4g}")
    assert (abs(predicted.mean() - 50.5) < 0.5) == (kind == "<f4")
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
