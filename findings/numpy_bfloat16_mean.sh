#!/usr/bin/env bash
# Library: NumPy 2.4.6 with ml_dtypes 0.6.0, the bfloat16 arrays that np.asarray makes of JAX arrays (JAX 0.10.2).
# Guess:   mean, sum and std round their result to bfloat16, three digits, and are computed in more; NumPy does so with the
#          mean of float16, JAX with both.
# Happens: each sum is kept in bfloat16, where 256 + 1 is 256: the sum of 1000 ones is 256 and their mean .256. Of 100,000
#          numbers with mean 1 and spread .5 the mean is .01 and the standard deviation .15. There is no warning.
# Matters: the mean loss or accuracy of an epoch, the norm of a gradient, statistics of weights: the same line gives .01 for
#          the NumPy array and 1 for the JAX array it was made of, and the error grows with the number of elements.
#          dtype=np.float32 as an argument of mean, sum and std cures it.
# Source:  https://github.com/jax-ml/ml_dtypes/issues/63 (closed)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'numpy==2.4.6' 'ml_dtypes==0.6.0' 'jax==0.10.2' 'jaxlib==0.10.2'
cat > "$folder/check.py" <<'PY'
import warnings
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np

warnings.simplefilter("error")
print("NumPy", np.__version__, "ml_dtypes", version("ml_dtypes"), "JAX", version("jax"))
ones = jnp.ones(1000, jnp.bfloat16)
array = np.asarray(ones)
print("guess: mean of 1000 ones: 1; JAX:", ones.mean(), "NumPy, float16:", array.astype(np.float16).mean())
print("seen: ", array.mean(), "and the sum", array.sum())
assert float(ones.mean()) == float(array.astype(np.float16).mean()) == 1
assert float(array.sum()) == 256 and abs(float(array.mean()) - 0.256) < 0.001
losses = jnp.asarray(np.random.default_rng(0).normal(1, 0.5, 100_000), jnp.bfloat16)
array = np.asarray(losses)
print(f"guess: mean and spread {float(losses.mean()):.2f} {float(losses.std()):.2f}, as JAX has it")
print(f"seen:  {float(array.mean()):.3f} {float(array.std()):.3f}; norm {float(np.sqrt((array * array).sum())):.0f}, ", end="")
print(f"JAX's norm {float(jnp.linalg.norm(losses)):.0f}")
assert float(array.mean()) < 0.02 and float(array.std()) < 0.2
assert float(np.sqrt((array * array).sum())) < 0.2 * float(jnp.linalg.norm(losses))
assert abs(array.mean(dtype=np.float32) - 1) < 0.01 and abs(array.std(dtype=np.float32) - 0.5) < 0.01
PY
"$folder/venv/bin/python" "$folder/check.py"
