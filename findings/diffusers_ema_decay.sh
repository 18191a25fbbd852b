#!/usr/bin/env bash
# Library: diffusers 0.42.1 with torch 2.13.0, training_utils.EMAModel with default settings: decay=.9999,
#          use_ema_warmup=False.
# Guess:   without its warm-up the average moves by 1 - decay at each step, from the first step on, as in torch's
#          get_ema_multi_avg_fn, timm, Keras and ignite.
# Happens: there are two warm-ups, and use_ema_warmup chooses between them. With False the decay is (1 + n) / (10 + n) at
#          step n: .991 at step 1,000, .9991 at 10,000, and .9999 only after 89,991 steps.
# Matters: in a run of 1,000 steps decays of .992, .999 and .9999 are one and the same, an average over the last hundred
#          steps: to compare them compares nothing. Of weights 1, 2, ... 1000 it is 900, where .9999 means 49.
#          min_decay=decay gives a constant decay from the second step on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'diffusers==0.42.1'
cat > "$folder/check.py" <<'PY'
import diffusers
import torch
from diffusers.training_utils import EMAModel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

STEPS = 1000


def run(**settings):
    """The average of weights 1, 2, ... 1000, and the last decay."""
    model = torch.nn.Linear(1, 1, bias=False)
    average = EMAModel(model.parameters(), **settings)
    for step in range(STEPS):
        torch.nn.init.constant_(model.weight, step + 1)
        average.step(model.parameters())
    return round(average.shadow_params[0].item(), 1), round(average.cur_decay_value, 5)


def reference(decay):
    model = torch.nn.Linear(1, 1, bias=False)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
    for step in range(STEPS):
        torch.nn.init.constant_(model.weight, step + 1)
        average.update_parameters(model)
    return round(average.module.weight.item(), 1)


print("diffusers", diffusers.__version__, "torch", torch.__version__, "average of weights 1, 2, ... 1000")
for decay in (0.992, 0.999, 0.9999):
    guess, seen, constant = reference(decay), run(decay=decay), run(decay=decay, min_decay=decay)
    print(f"decay={decay}: guess {guess} seen {seen[0]}, last decay {seen[1]}; with min_decay={decay} {constant[0]}")
    assert seen == (900.0, 0.99108) and abs(constant[0] - guess) < 0.2
assert abs(reference(0.9999) - 49) < 1
average = EMAModel([torch.nn.Parameter(torch.zeros(1))])
print("decay at step", {step: round(average.get_decay(step), 6) for step in (1, 2, 1_000, 10_000, 89_991, 89_992)})
assert average.get_decay(80_000) < 0.9999 == average.get_decay(89_993)
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
