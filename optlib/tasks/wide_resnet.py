"""`WideResNet`: residual networks of few layers with many channels, for images of 32 or 96 pixels.

Source: S. Zagoruyko, N. Komodakis (2016), Wide Residual Networks, BMVC.  arXiv:1605.07146
"""

import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from ..vision.parts import he_


class Block(nn.Module):
    """Two convolutions, each after BatchNorm and ReLU, whose output is added to the input (table 1 of the paper).

    Where the shape changes, the shortcut is a 1 x 1 convolution of the normalized input.

    Parameters
    ----------
    d_in, d_out : int
        Input and output channels.
    stride : int
        2 halves the image.
    """

    def __init__(self, d_in, d_out, stride):
        super().__init__()
        self.norm, self.first = nn.BatchNorm2d(d_in), nn.Conv2d(d_in, d_out, 3, stride, padding=1, bias=False)
        self.inner_norm, self.second = nn.BatchNorm2d(d_out), nn.Conv2d(d_out, d_out, 3, padding=1, bias=False)
        reshaped = stride != 1 or d_in != d_out
        self.shortcut = nn.Conv2d(d_in, d_out, 1, stride, bias=False) if reshaped else None

    def forward(self, x):
        ready = F.relu(self.norm(x))
        change = self.second(F.relu(self.inner_norm(self.first(ready))))
        return change + (x if self.shortcut is None else self.shortcut(ready))


class WideResNet(nn.Module):
    """WRN-depth-width of the paper, 16-8 by default: 10.96 million parameters with 10 classes.

    A convolution of 16 channels, three stages of ``(depth - 4) / 6`` blocks, with ``width`` times 16, 32 and 64
    channels, and a linear layer of the mean of each channel over the image.  The paper's images have 32 pixels; those
    of 96 (STL-10) are taken as well, at nine times the cost.  Its optional dropout is left out.

    Parameters
    ----------
    depth : int
        Number of convolutions, the three of shortcuts included: 10, 16, 22, 28, ...
    width : int, at least 1
    classes : int, at least 2
    seed : int, at least 0
        Decides the weights to start from (`he_`); torch's own random state is neither read nor changed.
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, depth=16, width=8, classes=10, seed=0):
        super().__init__()
        if checks.integer("WideResNet", "depth", depth, least=10) % 6 != 4:
            raise ValueError(f"WideResNet: depth={depth} must be 4 more than a multiple of 6, such as 10, 16, 22 or 28")
        checks.integer("WideResNet", "width", width, least=1)
        checks.integer("WideResNet", "classes", classes, least=2)
        blocks, d_in = [], 16
        self.stem = nn.Conv2d(3, d_in, 3, padding=1, bias=False)
        for k, d_out in enumerate((16 * width, 32 * width, 64 * width)):
            for j in range((depth - 4) // 6):
                blocks.append(Block(d_in, d_out, 2 if k and not j else 1))
                d_in = d_out
        self.blocks, self.norm = nn.Sequential(*blocks), nn.BatchNorm2d(d_in)
        self.classifier = nn.Linear(d_in, classes)
        he_(self, seed)

    def forward(self, x):
        """Scores (B, classes) of images (B, 3, H, W)."""
        x = F.relu(self.norm(self.blocks(self.stem(x))))
        return self.classifier(x.mean(dim=(2, 3)))
