#!/usr/bin/env bash
# Library: Optax 0.2.8 on JAX 0.10.2, clip_by_global_norm of float16 and bfloat16 gradients.
# Guess:   a finite gradient that is longer than the limit comes out with the length of the limit, as torch's
#          clip_grad_norm_ gives it: sums of squares are taken in float32.
# Happens: squares and their sum over the tensors stay in the gradient's own dtype. In float16 a length of 256 is
#          infinite, and the gradient becomes 0. In bfloat16 the sum stalls: 1000 tensors of length 10 count as 181, not
#          316, and leave with 1.75 times the limit. Under jit it is the same.
# Matters: with float16, or a scaled loss, clipping skips just the steps it was to make smaller, without NaN or a word;
#          in bfloat16 the limit grows with the number of tensors, so a deeper model is clipped less. tree.norm, also
#          for logging, has the same numbers. Gradients cast to float32 first are clipped right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6' 'torch==2.13.0'
cat > "$folder/check.py" <<'PY'
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

CASES = {  # dtype, tensors, elements of each, value of each element, length after clipping to 1
    "float16, 1 tensor": ("float16", 1, 4, 100.0, 1.0),
    "float16, 1 larger tensor": ("float16", 1, 4, 200.0, 0.0),
    "bfloat16, 100 tensors": ("bfloat16", 100, 100, 1.0, 1.0),
    "bfloat16, 400 tensors": ("bfloat16", 400, 100, 1.0, 1.105),
    "bfloat16, 1000 tensors": ("bfloat16", 1000, 100, 1.0, 1.75),
}


def length(arrays):
    return float(np.sqrt(sum((np.asarray(array, dtype=np.float64) ** 2).sum() for array in arrays)))


def by_optax(dtype, tensors, elements, value, jit=False):
    rule = optax.clip_by_global_norm(1.0)
    update = jax.jit(rule.update) if jit else rule.update
    gradients = [jnp.full(elements, value, dtype) for _ in range(tensors)]
    return length(update(gradients, rule.init(gradients))[0])


def by_torch(dtype, tensors, elements, value):
    weights = [torch.nn.Parameter(torch.zeros(elements, dtype=getattr(torch, dtype))) for _ in range(tensors)]
    for weight in weights:
        weight.grad = torch.full_like(weight, value)
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    return length(weight.grad.double() for weight in weights)


print("Optax", optax.__version__, "JAX", jax.__version__, "torch", torch.__version__)
print("guess: length 1 after clipping to 1, within the rounding of the dtype")
for name, (*case, expected) in CASES.items():
    seen, torchs, single = by_optax(*case), by_torch(*case), by_optax("float32", *case[1:])
    print(f"seen:  {name:25} {seen:.3f} by Optax, {torchs:.3f} by torch, {single:.3f} by Optax in float32")
    assert abs(seen - expected) < 0.02 and abs(torchs - 1) < 0.01 and abs(single - 1) < 1e-3
for name in ("float16, 1 larger tensor", "bfloat16, 400 tensors"):
    *case, expected = CASES[name]
    assert abs(by_optax(*case, jit=True) - expected) < 0.01
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
