"""`CapsNet`: groups of units whose vector's length says whether a thing is there, with routing by agreement.

Source: S. Sabour, N. Frosst, G. Hinton (2017), Dynamic Routing Between Capsules, NeurIPS.  arXiv:1710.09829
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from ..vision.parts import he_

SIDE, GRID = 28, 6  # pixels of an image; positions after two convolutions of 9 x 9, the second with stride 2
WANTED, TOLERATED, DOWN = 0.9, 0.1, 0.5  # m+, m- and lambda of equation 4


def squash(s):
    """Vectors along the last dimension, shortened to a length below 1: n becomes n^2 / (1 + n^2) (equation 1)."""
    norm = s.norm(dim=-1, keepdim=True)
    return s * (norm / (1 + norm**2))


def route(votes, routings):
    """Capsules (B, K, d) from votes (B, K, N, d): what each of N capsules below predicts of each of K (procedure 1).

    A capsule below shares its vote out; more goes to the capsules above that agree with it, time after time.
    """
    b = torch.zeros_like(votes[..., 0])
    for k in range(routings):
        shares = b.softmax(dim=1)[:, :, None]
        v = squash((shares @ votes)[:, :, 0])
        if k + 1 < routings:
            b = b + (votes @ v[..., None])[..., 0]
    return v


class CapsNet(nn.Module):
    """Two convolutions of 9 x 9, ``capsules`` kinds of primary capsules, and one capsule for each class.

    The outputs are the lengths of the class capsules, from 0 to 1, which `margin_loss` and accuracy take; `capsules`
    gives the capsules themselves.  The default is the network of the paper without its decoder, 6.8 million parameters;
    the 1.4 million of the decoder, a penalty that is weighted by 0.0005, would have to see the labels.

    The paper does not say whether gradients pass through the routing; as in its authors' program they pass through all
    of it.  Nor does it give initial weights: those of the convolutions are he_'s, those of the votes let the sums of
    random votes have a length of about 1.

    Parameters
    ----------
    channels : int
        Of the first convolution.
    capsules, size : int
        Kinds of primary capsules, and the numbers in each.
    digit_size : int
        Numbers in the capsule of a class.
    routings : int, at least 1
        How often votes are shared out.
    classes : int, at least 2
    seed : int, at least 0
        Decides the weights to start from; torch's own random state is neither read nor changed.
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, channels=256, capsules=32, size=8, digit_size=16, routings=3, classes=10, seed=0):
        super().__init__()
        sizes = {"channels": channels, "capsules": capsules, "size": size, "digit_size": digit_size}
        for name, value in {**sizes, "routings": routings}.items():
            checks.integer("CapsNet", name, value, least=1)
        checks.integer("CapsNet", "classes", classes, least=2)
        self.size, self.routings, below = size, routings, capsules * GRID**2
        self.first, self.primary = nn.Conv2d(1, channels, 9), nn.Conv2d(channels, capsules * size, 9, stride=2)
        he_(self, seed)
        generator = torch.Generator().manual_seed(seed + 1)
        self.votes = nn.Parameter(torch.randn(below, size, classes, digit_size, generator=generator))
        self.votes.data *= classes / math.sqrt(below * digit_size)

    def capsules(self, x):
        """The capsules of the classes, (B, classes, digit_size), of images (B, 1, 28, 28)."""
        if x.shape[1:] != (1, SIDE, SIDE):
            raise ValueError(f"CapsNet: images have shape {tuple(x.shape)}; it must be (B, 1, {SIDE}, {SIDE})")
        x = self.primary(F.relu(self.first(x)))
        u = squash(x.unflatten(1, (-1, self.size)).permute(0, 1, 3, 4, 2).flatten(1, 3))  # (B, N, size)
        return route(torch.einsum("bni,nikd->bknd", u, self.votes), self.routings)

    def forward(self, x):
        """Lengths (B, classes) of the capsules of images (B, 1, 28, 28)."""
        return self.capsules(x).norm(dim=-1)


def margin_loss(lengths, labels):
    """Mean over a batch of equation 4: lengths (B, classes) of labels (B,) above 0.9, all others below 0.1."""
    there = F.one_hot(labels, lengths.shape[1])
    missed, imagined = F.relu(WANTED - lengths) ** 2, F.relu(lengths - TOLERATED) ** 2
    return (there * missed + DOWN * (1 - there) * imagined).sum(1).mean()
