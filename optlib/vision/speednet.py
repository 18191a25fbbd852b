"""`SpeedNet`: a small network designed to learn CIFAR-10 fast.

The ideas are from a public speed record; the code is the course's own.

Source: K. Jordan (2024), 94% on CIFAR-10 in 3.29 Seconds on a Single GPU.  arXiv:2404.00498.  It builds on D. Page
(2018), How to Train Your ResNet, which whitens the patches, and on T. Balsam (2023), github.com/tysam-code/hlb-CIFAR10.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from ..schedules import Polynomial
from ..torch_driver.roles import trained
from .images import Normalize, as_images
from .parts import he_, identity_

SIZES = {"small": (32, 64, 64), "large": (64, 256, 256)}
PATCH = 2  # pixels on a side
SIZE = 3 * PATCH**2  # of a patch as a vector
LEAST_VARIANCE = 5e-4  # added to each variance; otherwise directions in which patches hardly differ are blown up
IMAGES, IMAGES_AT_ONCE = 5000, 500  # for the covariance of the patches


class SpeedNet(nn.Module):
    """Whitened patches, three groups of convolutions, and a linear layer.

    * The first convolution is not learned: `initialize` computes it from training images, so that its outputs are
      uncorrelated and of variance 1.  Each direction occurs with both signs, since the activation after it passes
      only one.  Its bias is learned.
    * A group is convolution, pooling, BatchNorm, GELU, convolution, BatchNorm, GELU.  The running statistics of
      BatchNorm adapt quickly (momentum 0.4), because runs are short, and only its bias is learned.
    * The scores are divided by 9, which keeps the first predictions uncertain.

    Parameters
    ----------
    size : "small" or "large"
        Channels of the groups: 32, 64, 64 (147 thousand parameters) or 64, 256, 256 (2.0 million).
    classes : int, at least 2
    seed : int, at least 0
        Decides the weights to start from (`he_`).
    identity : bool
        Whether the first filters of each convolution start as the identity (`identity_`), as in the record.
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, size="small", classes=10, seed=0, identity=False):
        super().__init__()
        checks.integer("SpeedNet", "classes", classes, least=2)
        self.size, self.identity = checks.choice("SpeedNet", "size", size, SIZES), bool(identity)
        self.whiten = nn.Conv2d(3, 2 * SIZE, PATCH)
        widths = (2 * SIZE, *SIZES[size])
        self.groups = nn.Sequential(*[Group(*pair) for pair in zip(widths, widths[1:], strict=False)])
        self.classifier = nn.Linear(widths[-1], classes, bias=False)
        he_(self, seed)
        if identity:
            identity_(self.groups)
        self.whiten.weight.requires_grad_(False)
        self.register_buffer("initialized", torch.tensor(False))
        self._known = False  # a copy of `initialized` once it is true: reading the buffer would make a GPU wait

    def forward(self, x):
        """Scores (B, classes) of images (B, 3, 32, 32)."""
        if not self._known:
            self._known = bool(self.initialized)
            if not self._known:
                raise RuntimeError("SpeedNet: the whitening is not set; call initialize(images) with training images")
        x = self.groups(F.gelu(self.whiten(x)))
        x = F.max_pool2d(x, x.shape[-1]).flatten(1)
        return self.classifier(x) / 9

    @torch.no_grad()
    def initialize(self, images, normalize=None):
        """Set the first layer so that it whitens the patches of these images, and return the network.

        With the covariance of the patches C = E diag(v) E^T, the rows of the filter are E^T / sqrt(v + 0.0005).

        Parameters
        ----------
        images : bytes (N, H, W, 3)
            Training images, tensor or array.  At most 5,000 of them are used, evenly spaced.
        normalize : callable, optional
            As in training; by default `Normalize`.
        """
        images, normalize = as_images("SpeedNet.initialize", "images", images), normalize or Normalize()
        mean, covariance = _patch_statistics(images, normalize)
        variances, directions = torch.linalg.eigh(covariance)
        filters = directions.T / (variances + LEAST_VARIANCE).sqrt()[:, None]
        filters = torch.cat([filters, -filters])
        self.whiten.weight.copy_(filters.view_as(self.whiten.weight))
        self.whiten.bias.copy_(-filters @ mean)
        self.initialized.fill_(True)
        return self

    def parameter_groups(self, lr, bias_factor=64.0):
        """Parameter groups for an optimizer: BatchNorm's biases have a learning rate of their own.

        Parameters
        ----------
        lr : float
        bias_factor : float
            The learning rate of BatchNorm's biases is ``bias_factor * lr``; the record reports that 64 speeds up
            training.
        """
        biases = [layer.bias for layer in self.modules() if isinstance(layer, nn.BatchNorm2d)]
        others = [p for p in trained(self) if all(p is not bias for bias in biases)]
        return [{"params": others, "lr": lr}, {"params": biases, "lr": bias_factor * lr}]


class Group(nn.Module):
    """Two convolutions; pooling halves the image after the first."""

    def __init__(self, d_in, d_out):
        super().__init__()
        self.first = nn.Conv2d(d_in, d_out, 3, padding=1, bias=False)
        self.norm_first = _norm(d_out)
        self.second = nn.Conv2d(d_out, d_out, 3, padding=1, bias=False)
        self.norm_second = _norm(d_out)

    def forward(self, x):
        x = F.gelu(self.norm_first(F.max_pool2d(self.first(x), 2)))
        return F.gelu(self.norm_second(self.second(x)))


def triangle(steps, peak=0.23, start=0.2, end=0.07):
    """A schedule: a factor that rises linearly from ``start`` to 1 and falls linearly to ``end``.

    Parameters
    ----------
    steps : int, at least 2
        Of the whole run.
    peak : float in (0, 1)
        Share of the steps on the rising line.
    start, end : numbers
    """
    steps = checks.integer("triangle", "steps", steps, least=2)
    up = min(max(round(checks.number("triangle", "peak", peak, "(0, 1)") * steps), 1), steps - 1)
    return Polynomial(start, steps=up, end=1.0).then(Polynomial(1.0, steps=steps - up, end=end), after=up)


def _norm(width):
    layer = nn.BatchNorm2d(width, momentum=0.4)
    layer.weight.requires_grad_(False)
    return layer


def _patch_statistics(images, normalize):
    """Mean (12,) and covariance (12, 12) of all patches, in the order of a convolution's weights."""
    count, total, squares = 0, 0.0, 0.0
    for chunk in images[:: -(-len(images) // IMAGES)].split(IMAGES_AT_ONCE):
        patches = normalize(chunk).unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # (B, 3, rows, columns, 2, 2)
        patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, SIZE).double()
        count, total, squares = count + len(patches), total + patches.sum(0), squares + patches.T @ patches
    mean = total / count
    return mean.float(), (squares / count - mean.outer(mean)).float()
