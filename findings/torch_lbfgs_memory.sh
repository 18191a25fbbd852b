#!/usr/bin/env bash
# Library: torch 2.13.0, torch.optim.LBFGS near a minimum.
# Guess:   a pair of a step s and a change of the gradient y is kept where y's is positive relative to its parts, so that
#          L-BFGS goes on learning the curvature however near the minimum is.
# Happens: a pair is kept only where y's > 1e-10, an absolute bound. Nearer to the minimum no pair is kept any more, and the
#          method goes on with a frozen memory: on a bowl of 12 coordinates with condition number 1,000 it is 1e-5 away
#          after 150 steps, and the newest pair is that of step 103. A million times the same function ends 2e-7 away.
# Matters: how near the end is depends on the unit of the loss; tolerance_grad=0 and tolerance_change=0 do not help.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch

curvature = torch.logspace(0, 3, 12, dtype=torch.float64)


def run(scale):
    """Distance from the minimum 0 of scale * sum(curvature x^2) / 2 after 150 steps; whether the last 40 steps kept a pair."""
    x = torch.nn.Parameter(torch.ones(12, dtype=torch.float64))
    optimizer = torch.optim.LBFGS([x], lr=1.0, max_iter=1, history_size=10, tolerance_grad=0, tolerance_change=0)

    def closure():
        optimizer.zero_grad()
        loss = scale * 0.5 * (curvature * x**2).sum()
        loss.backward()
        return loss

    newest = {}
    for step in range(1, 151):
        optimizer.step(closure)
        newest[step] = optimizer.state[x]["old_dirs"][-1] if step > 1 else None
    return x.detach().norm().item(), newest[150] is not newest[110]


print("torch", torch.__version__)
print("guess: both end at about the same distance, and pairs are kept to the end")
(plain, learns), (scaled, _) = run(1.0), run(1e6)
print(f"seen:  {plain:.1e} for the function, {scaled:.1e} for 1e6 times the function; the last 40 steps kept a pair: {learns}")
assert plain > 20 * scaled
assert not learns
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
