#!/usr/bin/env bash
# Library: diffusers 0.42.1 with torch 2.13.0, get_scheduler("piecewise_constant", step_rules=...).
# Guess:   as its documentation says, "1:1000,0.1:1000,0.01" is the full rate for the first 1000 steps, a tenth for the
#          next 1000, and a hundredth after that; "1:10,0.1:20,0.01:30,0.005" has phases of 10, 20 and 30 steps.
# Happens: the numbers are places, counted from the start, at which a phase ends, and the phases are kept in a dictionary
#          by that place. Of two phases of the same length the second replaces the first: a run with phases of 1000 and
#          1000 begins with a tenth of its rate. The phases of the documentation's example have 10, 10 and 10 steps.
# Matters: the full rate is never used, or the last rate begins at half of the steps; no error, no warning. Each number
#          plus those before it ("1:1000,0.1:2000,0.01") gives what one wants.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'diffusers==0.42.1'
cat > "$folder/check.py" <<'PY'
from itertools import groupby

import diffusers
import torch
from diffusers.optimization import get_scheduler


def phases(rules, steps):
    """Rates and for how many steps each is used."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = get_scheduler("piecewise_constant", optimizer, step_rules=rules), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return [(rate, len(list(group))) for rate, group in groupby(rates)]


print("diffusers", diffusers.__version__, "torch", torch.__version__, "(rate, steps)")
for rules, guess, expected in (
    ("1:1000,0.1:1000,0.01", [(1.0, 1000), (0.1, 1000), (0.01, 1000)], [(0.1, 1000), (0.01, 2000)]),
    ("1:10,0.1:20,0.01:30,0.005", [(1.0, 10), (0.1, 20), (0.01, 30), (0.005, 40)],
     [(1.0, 10), (0.1, 10), (0.01, 10), (0.005, 70)]),
):
    seen = phases(rules, sum(steps for _, steps in guess))
    print(f"{rules}\nguess: {guess}\nseen:  {seen}")
    assert seen == expected != guess
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
