#!/usr/bin/env bash
# Library: pyro-ppl 1.9.2, optim.ClippedAdam (clip_norm=10 by default: "magnitude of norm to which gradients are clipped").
# Guess:   a gradient whose norm is above clip_norm is shortened to that norm, as torch's clip_grad_norm_ does, and keeps its
#          direction.
# Happens: each number of the gradient is cut to the interval from -clip_norm to clip_norm. At clip_norm=5 the gradient
#          (30, 4) becomes (5, 4), of norm 6.4, where clipping by norm makes it (4.96, 0.66): its direction turns by 31 degrees.
#          A gradient of 10,000 numbers of 4.9, of norm 490, passes as it is. The cut gradient is also what param.grad holds
#          after the step, so that a norm that is logged there is one after clipping.
# Matters: a bound chosen from logged norms, as is usual, clips nothing in a model with many parameters; where it does clip,
#          steps take another direction.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'pyro-ppl==1.9.2'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
from pyro.optim.clipped_adam import ClippedAdam


def clipped(gradient, bound):
    """The gradient that enters the averages, and the one that stands at the parameter after the step."""
    weight = torch.nn.Parameter(torch.zeros_like(gradient))
    weight.grad = gradient.clone()
    optimizer = ClippedAdam([weight], lr=0.001, betas=(0.9, 0.999), clip_norm=bound)
    optimizer.step()
    return optimizer.state[weight]["exp_avg"] / (1 - 0.9), weight.grad


def by_norm(gradient, bound):
    weight = torch.nn.Parameter(torch.zeros_like(gradient))
    weight.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_([weight], bound)
    return weight.grad


print("pyro-ppl", version("pyro-ppl"), "torch", torch.__version__)
gradient, many = torch.tensor([30.0, 4.0], dtype=torch.float64), torch.full((10_000,), 4.9, dtype=torch.float64)
inside, after = clipped(gradient, 5.0)
expected = by_norm(gradient, 5.0)
turned = torch.rad2deg(torch.acos(inside @ gradient / inside.norm() / gradient.norm())).item()
print(f"(30, 4) at clip_norm=5: {inside.tolist()}, norm {inside.norm():.2f}, turned by {turned:.0f} degrees; "
      f"by clip_grad_norm_ {[round(v, 2) for v in expected.tolist()]}")
passed, _ = clipped(many, 5.0)
print(f"10,000 numbers of 4.9, norm {many.norm():.0f}: afterwards norm {passed.norm():.0f}; "
      f"by clip_grad_norm_ {by_norm(many, 5.0).norm():.2f}")
print("param.grad after the step:", after.tolist())
assert torch.allclose(inside, torch.tensor([5.0, 4.0], dtype=torch.float64)) and after.tolist() == [5.0, 4.0]
assert 30 < turned < 32 and torch.allclose(passed, many)
assert torch.isclose(expected.norm(), torch.tensor(5.0, dtype=torch.float64), rtol=1e-5)
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
