"""Pixels of many images at once: windows cut out and mirrored, colors normalized.  Needs torch.

Images are bytes (n, height, width, 3), on any device.
"""

import numpy as np
import torch

from .cifar import CIFAR10_MEAN, CIFAR10_STD
from .seeds import number_for


def windows(images, index, top, left, flipped, height, width):
    """Cut one window out of each of some images, at a place of its own, and mirror some windows left to right.

    Beyond a border the image is mirrored: row -1 is row 1, and row H is row H - 2.

    Parameters
    ----------
    images : tensor (n, H, W, channels), contiguous
    index : int64 tensor (b,)
        Which images.
    top, left : int64 tensors (b,)
        First row and column of each window.  From 0 to H - height and W - width the window lies inside; beyond, by
        less than H and W.
    flipped : bool tensor (b,)
    height, width : int
        Of the windows.

    Returns
    -------
    tensor (b, height, width, channels)
    """
    _, full_height, full_width, channels = images.shape
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = left[:, None] + torch.where(flipped[:, None], width - 1 - columns, columns)
    rows, columns = _mirrored(rows, full_height), _mirrored(columns, full_width)
    pixels = (index[:, None] * full_height + rows)[:, :, None] * full_width + columns[:, None, :]
    return images.view(-1, channels).index_select(0, pixels.flatten()).view(len(index), height, width, channels)


def _mirrored(index, size):
    """Positions beyond the borders, folded back."""
    index = index.abs()
    return torch.where(index < size, index, 2 * (size - 1) - index)


def alternating(n, seed, epoch):
    """Which of n images are mirrored in an epoch: at random in the first, and from then on each in every second one.

    So two epochs in a row show each image in both ways; random flips show half of the images the same way twice.

    Parameters
    ----------
    n : int
    seed : int, at least 0
        Of the random flips of the first epoch.
    epoch : int
        0 for the first.

    Returns
    -------
    bool tensor (n,), on the CPU

    Source: K. Jordan (2024), 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, section 3.6.  arXiv:2404.00498
    """
    generator = torch.Generator().manual_seed(number_for(seed, n))
    return (torch.rand(n, generator=generator) < 0.5) ^ (epoch % 2 == 1)


class Normalize:
    """Images as stored, bytes (B, H, W, 3), to what a network reads: floats (B, 3, H, W) of mean 0 and variance 1.

    The mean of each color is subtracted, and the rest is divided by its standard deviation; so it makes no difference
    that bytes go to 255 and not to 1.  The result shares the order in memory of the bytes, the colors of a pixel side
    by side: torch's channels-last layout, without a copy.

    Parameters
    ----------
    mean, std : three numbers each
        Of red, green and blue, of 0..255; by default those of CIFAR-10's training images.

    Raises
    ------
    ValueError
        For other shapes, or if a deviation is not above 0.
    """

    def __init__(self, mean=CIFAR10_MEAN, std=CIFAR10_STD):
        if np.shape(mean) != (3,) or np.shape(std) != (3,) or not all(s > 0 for s in std):
            raise ValueError(f"Normalize: mean={mean!r}, std={std!r} must be three numbers each, std above 0")
        self.mean, self.std = tuple(map(float, mean)), tuple(map(float, std))
        self._constants = {}

    def __call__(self, images):
        """Floats (B, 3, H, W) of bytes (B, H, W, 3)."""
        mean, std = self._repeated(images)
        flat = images.flatten(1).to(torch.float32, copy=True).sub_(mean).div_(std)
        return flat.view(images.shape).permute(0, 3, 1, 2)

    def _repeated(self, images):
        """Mean and standard deviation for each number of an image: loops over three at a time are slow."""
        key = images[0].numel(), images.device
        if key not in self._constants:
            constants = torch.tensor(self.mean), torch.tensor(self.std)
            self._constants[key] = [each.repeat(key[0] // 3).to(images.device) for each in constants]
        return self._constants[key]

    def __repr__(self):
        return f"Normalize(mean={self.mean}, std={self.std})"
