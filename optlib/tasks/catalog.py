"""The tasks: the six of a published benchmark, and a novel in place of the text that needs a license.

Of the budget ``full``, networks, data and 50 epochs are those of the benchmark; ``quick`` shrinks the images and the
networks until one core takes two or three seconds.
"""

import torch
import torch.nn.functional as F

from .. import data
from ..data.pixels import Normalize
from ..vision.augment import FlipAndShift
from ..vision.resnet import ResNet
from .base import ACCURACY, Task, register

SHRUNK_AT_ONCE = 500  # images


def shrunk(images, side):
    """Bytes (n, side, side, 3) of bytes (n, H, H, 3): each pixel is the mean of a square of pixels."""
    images, factor = torch.from_numpy(images), images.shape[1] // side
    if factor == 1:
        return images
    parts = [F.avg_pool2d(part.permute(0, 3, 1, 2).float(), factor) for part in images.split(SHRUNK_AT_ONCE)]
    return torch.cat(parts).round().byte().permute(0, 2, 3, 1).contiguous()


def cifar10(train, root, full, side):
    images, labels = data.cifar10(train, root if full else None, full=full)
    return shrunk(images, side), torch.from_numpy(labels)


register(Task(
    name="cifar10", title="CIFAR-10, a residual network",
    data=cifar10, normalize=Normalize(), augment=FlipAndShift("random", 2),
    network=ResNet, loss=F.cross_entropy, metric=ACCURACY,
    quick={
        "epochs": 3, "batch": 32, "examples": 2_500, "test_examples": 1_000, "validation": 500,
        "data": {"full": False, "side": 16}, "network": {"widths": [8, 16, 32], "blocks": 1, "project": False},
    },
    full={
        "epochs": 50, "batch": 64, "examples": 0, "test_examples": 0, "validation": 5_000,
        "data": {"full": True, "side": 32},
        "network": {"widths": [64, 128, 256, 512], "blocks": 2, "project": True},  # ResNet18
    },
    source="K. He, X. Zhang, S. Ren, J. Sun (2016), Deep Residual Learning for Image Recognition, CVPR. "
           "arXiv:1512.03385",
))  # fmt: skip
