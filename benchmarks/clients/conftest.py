"""torchvision as timm and Lightning import it, beside a torch without CUDA."""

import torch

# PyPI's torchvision is built for CUDA: its operators do not load, and its import needs two to be there.
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
if not torch.cuda.is_available():
    for name in ("nms", "qnms"):
        OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
