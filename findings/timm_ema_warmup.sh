#!/usr/bin/env bash
# Library: timm 1.0.31 with torch 2.13.0, ModelEmaV3(model, decay=.9999, use_warmup=True, update_after_step=...).
# Guess:   update(model) counts its calls, as torch's AveragedModel does, so that the average starts with a small decay, or
#          with a copy of the weights until update_after_step.
# Happens: the number of the step is an argument that need not be given: update(model, step=n). Without it both settings are
#          ignored, and the decay is .9999 from the first call on: after 1000 steps, in which a weight went from 0 to 1,
#          the average is at .048 for .907 with warm-up, and for 1 with update_after_step.
# Matters: an average that is still nine tenths random initialization is evaluated and saved; that it was to warm up was
#          said in the constructor.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'pillow' 'huggingface_hub' 'safetensors' 'pyyaml'
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps 'timm==1.0.31' 'torchvision==0.28.0'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:  # a torchvision for CUDA beside a torch for CPUs lacks its own operators, which nothing here calls
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from timm.utils import ModelEmaV3

STEPS = 1000


def average(told, **settings):
    """The average of a weight that goes from 0 to 1 in equal steps."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    ema = ModelEmaV3(model, decay=0.9999, **settings)
    for step in range(1, STEPS + 1):
        torch.nn.init.constant_(model.weight, step / STEPS)
        ema.update(model, **({"step": step} if told else {}))
    return round(ema.module.weight.item(), 3)


print("timm", version("timm"), "torch", torch.__version__)
plain = average(told=False)
for settings in ({"use_warmup": True}, {"update_after_step": 2000}):
    guess, seen = average(told=True, **settings), average(told=False, **settings)
    print(f"{settings}: guess {guess}, seen {seen}; without the setting {plain}")
    assert guess > 0.9 and seen == plain < 0.06
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
