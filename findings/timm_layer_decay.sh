#!/usr/bin/env bash
# Library: timm 1.0.31 with torch 2.13.0, create_optimizer_v2(model, lr=1e-3, layer_decay=.75).
# Guess:   each layer has a learning rate of its own: .75 times that of the layer above it.
# Happens: each group gets an entry lr_scale, and all have the same lr. Only timm's own schedules read lr_scale. Without one,
#          or with one of torch, transformers or Lightning, there is no decay over the layers: the patch embedding of a
#          transformer is trained at 1e-3 for 2.4e-5.
# Matters: fine-tuning with layer decay is fine-tuning without it, under a name that says otherwise. It shows only in the
#          groups, where lr is the same in all.
# Source:  https://github.com/huggingface/pytorch-image-models/pull/2532 (closed)
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
import timm
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler

torch.manual_seed(0)
model = timm.create_model("vit_tiny_patch16_224", depth=12, num_classes=10)
start = [weight.detach().clone() for weight in (model.patch_embed.proj.weight, model.head.bias)]


def first_step(schedule):
    """How far the first step of Adam takes a weight of the first layer and one of the head."""
    with torch.no_grad():
        for weight, value in zip((model.patch_embed.proj.weight, model.head.bias), start):
            weight.copy_(value)
    optimizer = create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.0, layer_decay=0.75)
    schedule(optimizer)
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    moved = [(weight - value).abs().max().item() for weight, value in zip((model.patch_embed.proj.weight, model.head.bias), start)]
    return [float(f"{length:.2g}") for length in moved]


print("timm", version("timm"), "torch", torch.__version__)
print(f"guess: the first step is {0.75**13 * 1e-3:.2g} in the first layer, 0.001 in the head")
plain = first_step(lambda optimizer: None)
torchs = first_step(lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100))
timms = first_step(lambda optimizer: CosineLRScheduler(optimizer, t_initial=100))
print("seen: ", plain, "without a schedule", torchs, "with torch's", timms, "with timm's")
assert plain == torchs == [0.001, 0.001]
assert timms == [2.4e-5, 0.001]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
