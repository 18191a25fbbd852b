"""Residual networks for images of 32 x 32 pixels: `ResNet18` and `ResNet20`.

Source: K. He, X. Zhang, S. Ren, J. Sun (2016), Deep Residual Learning for Image Recognition, CVPR.  arXiv:1512.03385
"""

import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from .parts import convolution, he_


class Block(nn.Module):
    """Two convolutions whose output is added to the input (figure 2 of the paper).

    Parameters
    ----------
    d_in, d_out : int
        Input and output channels.
    stride : int
        2 halves the image, and the shortcut too.
    project : bool
        Where the shape changes, the shortcut is a 1 x 1 convolution (True, option B of the paper), or takes every
        second pixel and appends channels of zeros, without parameters (False, option A).
    """

    def __init__(self, d_in, d_out, stride, project):
        super().__init__()
        self.first = convolution(d_in, d_out, stride=stride)
        self.second = convolution(d_out, d_out)
        self.stride, self.zeros = stride, d_out - d_in
        reshaped = stride != 1 or d_in != d_out
        self.shortcut = convolution(d_in, d_out, window=1, stride=stride) if project and reshaped else self._cut

    def forward(self, x):
        change = self.second(F.relu(self.first(x)))
        return F.relu(self.shortcut(x) + change)

    def _cut(self, x):
        if self.stride != 1:
            x = x[:, :, :: self.stride, :: self.stride]
        before = self.zeros // 2
        return F.pad(x, (0, 0, 0, 0, before, self.zeros - before)) if self.zeros else x


class ResNet(nn.Module):
    """A convolution, stages of blocks, the mean of each channel over the image, and a linear layer.

    Parameters
    ----------
    widths : sequence of ints
        Channels of each stage.  Each stage but the first halves the image.
    blocks : int
        Blocks in a stage.
    project : bool
        As in `Block`.
    classes, seed : as in `ResNet18`
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, widths, blocks, project, classes=10, seed=0):
        super().__init__()
        checks.integer(type(self).__name__, "classes", classes, least=2)
        self.stem = convolution(3, widths[0])
        stages, d_in = [], widths[0]
        for k, width in enumerate(widths):
            for j in range(blocks):
                stages.append(Block(d_in, width, 2 if k and not j else 1, project))
                d_in = width
        self.blocks = nn.Sequential(*stages)
        self.classifier = nn.Linear(d_in, classes)
        he_(self, seed)

    def forward(self, x):
        """Scores (B, classes) of images (B, 3, H, W)."""
        x = self.blocks(F.relu(self.stem(x)))
        return self.classifier(x.mean(dim=(2, 3)))


class ResNet18(ResNet):
    """The network of 18 layers, for small images: 11.17 million parameters.

    Four stages of two blocks with 64, 128, 256 and 512 channels, and projections where the shape changes.  The paper
    uses images of 224 pixels; at 32 pixels its first convolution (7 x 7, stride 2) and the pooling after it would
    discard most of the image, so a 3 x 3 convolution replaces them.  That is the network most often called ResNet-18
    on CIFAR-10.

    Parameters
    ----------
    classes : int, at least 2
    seed : int, at least 0
        Decides the weights to start from (`he_`).
    """

    def __init__(self, classes=10, seed=0):
        super().__init__((64, 128, 256, 512), 2, True, classes, seed)


class ResNet20(ResNet):
    """The network of 20 layers that the paper trains on CIFAR-10 (section 4.2): 0.27 million parameters.

    Three stages of three blocks with 16, 32 and 64 channels.  Its shortcuts have no parameters (option A).

    Parameters
    ----------
    classes, seed : as in `ResNet18`
    """

    def __init__(self, classes=10, seed=0):
        super().__init__((16, 32, 64), 3, False, classes, seed)
