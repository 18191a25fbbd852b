"""`VGG`, and `VGG16`, with BatchNorm, for images of 32 x 32 pixels.

Source: K. Simonyan, A. Zisserman (2015), Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR,
configuration D.  arXiv:1409.1556
"""

import torch
from torch import nn

from .. import checks
from .parts import convolution, he_

LAYERS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, and convolutions before each pooling


class VGG(nn.Module):
    """Convolutions of 3 x 3, one after the other, each with BatchNorm, and a linear layer.

    Parameters
    ----------
    layers : sequence of pairs
        Channels, and how many convolutions have them before a pooling halves the image.  The last one must leave a
        single pixel.
    classes, seed : as in `VGG16`
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, layers, classes=10, seed=0):
        super().__init__()
        checks.integer(type(self).__name__, "classes", classes, least=2)
        stack, d_in = [], 3
        for width, count in layers:
            for _ in range(count):
                stack += [convolution(d_in, width), nn.ReLU()]
                d_in = width
            stack.append(nn.MaxPool2d(2))
        self.layers = nn.Sequential(*stack)
        self.classifier = nn.Linear(d_in, classes)
        he_(self, seed)

    def forward(self, x):
        """Scores (B, classes) of images (B, 3, H, W)."""
        return self.classifier(self.layers(x).flatten(1))


class VGG16(VGG):
    """Thirteen convolutions of 3 x 3, one after the other, and a linear layer: 14.72 million parameters.

    The paper's two hidden linear layers of 4,096 units are for images of 224 pixels.  Here five poolings leave one
    pixel of 512 channels, which one linear layer reads, as is usual on CIFAR-10.  Each convolution is followed by
    BatchNorm, which is younger than the paper, and has no bias.

    Parameters
    ----------
    classes : int, at least 2
    seed : int, at least 0
        Decides the weights to start from (`he_`).
    """

    def __init__(self, classes=10, seed=0):
        super().__init__(LAYERS, classes, seed)
