#!/usr/bin/env bash
# Library: torch 2.13.0, CosineAnnealingWarmRestarts with growing periods, step(epoch) as a resumed run or a loop with
#          fractions of epochs calls it.
# Guess:   step(n) sets the learning rate that n calls of step() set; at the beginning of a period that is the full one.
# Happens: the period is looked for with math.log, whose rounding makes 5 out of log_3(243) - a little: with T_0=1, T_mult=3
#          the restart at 121 is taken for the end of the period before, and the learning rate is the smallest one.
# Matters: a run that is resumed there begins with learning rate 0, and one that passes there by fractions misses the restart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch


def rate(*epochs):
    """The learning rate after these calls of step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=1, T_mult=3)
    for epoch in epochs:
        optimizer.step()
        scheduler.step(epoch)
    return optimizer.param_groups[0]["lr"]


restarts = [1, 4, 13, 40, 121, 364]  # 1, 1 + 3, 1 + 3 + 9, ...
seen = {n: (rate(n), rate(*n * [None])) for n in restarts}
print("torch", torch.__version__)
print("guess: 1.0 at each restart, whether by step(n) or by n times step()")
for n, (at_once, one_by_one) in seen.items():
    print(f"seen:  step({n}) {at_once}, {n} times step() {one_by_one}")
assert [n for n in restarts if seen[n] != (1.0, 1.0)] == [121]
assert seen[121] == (0.0, 1.0)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
