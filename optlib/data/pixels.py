"""What is done to the pixels of many images at once: windows cut out, mirrored, padded, squares blanked, normalized.

`augment.ImageBatches` and `optlib.vision.FlipAndShift` draw the chance; the arithmetic that both need is here.
Images are bytes (n, height, width, 3), on whatever device they lie.  Needs torch.
"""

import numpy as np
import torch

from .cifar import CIFAR10_MEAN, CIFAR10_STD
from .seeds import number_for


def pad(images, pixels, mean=CIFAR10_MEAN):
    """A border of the mean color round each image.

    Parameters
    ----------
    images : uint8 tensor (n, height, width, 3)
    pixels : int

    Returns
    -------
    uint8 tensor (n, height + 2 pixels, width + 2 pixels, 3)
    """
    n, height, width, channels = images.shape
    color = torch.tensor(mean, device=images.device).round().to(torch.uint8)
    padded = color.expand(n, height + 2 * pixels, width + 2 * pixels, channels).contiguous()
    padded[:, pixels : pixels + height, pixels : pixels + width] = images
    return padded


def windows(images, index, top, left, flipped, height, width):
    """Cut a window out of some images, each at a place of its own, and mirror some windows left to right.

    What lies beyond a border is the image in the mirror: row -1 is row 1, and row H is row H - 2.

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
    """Which of n images are mirrored in an epoch: by chance in the first, and from then on each in every second one.

    So two epochs in a row show both faces of every image, where chance shows half of the images the same one twice.

    Parameters
    ----------
    n : int
    seed : int, at least 0
        Of the chance in the first epoch.
    epoch : int
        0 for the first.

    Returns
    -------
    bool tensor (n,), on the CPU

    Source: K. Jordan (2024), 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, section 3.6.  arXiv:2404.00498
    """
    chance = torch.Generator().manual_seed(number_for(seed, n))
    return (torch.rand(n, generator=chance) < 0.5) ^ (epoch % 2 == 1)


def cut_out(x, top, left, size):
    """Set a square of each image to 0.

    Parameters
    ----------
    x : tensor (b, channels, height, width)
    top, left : integer tensors (b,)
        First row and column of each square; parts outside the image are left off.
    size : int

    Returns
    -------
    tensor of the same shape, in the memory format channels_last; ``x`` is not changed
    """
    b, channels, height, width = x.shape
    rows = torch.arange(height, device=x.device) - top[:, None]
    columns = torch.arange(width * channels, device=x.device) // channels - left[:, None]
    inside = ((rows >= 0) & (rows < size))[:, :, None] & ((columns >= 0) & (columns < size))[:, None, :]
    lines = x.permute(0, 2, 3, 1).reshape(b, height, width * channels)  # the order in memory: one loop without gaps
    return lines.masked_fill(inside, 0).view(b, height, width, channels).permute(0, 3, 1, 2)


class Normalize:
    """From images as stored, bytes (B, H, W, 3), to what a network reads: floats (B, 3, H, W) of mean 0, variance 1.

    The mean of each color is subtracted, and the rest is divided by its standard deviation; that bytes go to 255 and
    not to 1 makes no difference then.  The floats lie in memory as the bytes did, the colors of a pixel side by side:
    that is torch's channels-last layout, and it costs no copy.

    Parameters
    ----------
    mean, std : three numbers each
        Of red, green and blue, of 0..255; by default those of CIFAR-10's training images.
    """

    def __init__(self, mean=CIFAR10_MEAN, std=CIFAR10_STD):
        if np.shape(mean) != (3,) or np.shape(std) != (3,) or not all(s > 0 for s in std):
            raise ValueError(f"Normalize: mean={mean!r}, std={std!r} must be three numbers each, std above 0")
        self.mean, self.std = tuple(map(float, mean)), tuple(map(float, std))
        self._constants = {}

    def __call__(self, images):
        """Floats (B, 3, H, W) of bytes (B, H, W, 3)."""
        mean, std, _ = self._repeated(images)
        return _channels_first(images, images.flatten(1).float().sub_(mean).div_(std))

    def quick(self, images, dtype=torch.float32):
        """The same in any ``dtype``, by a product with 1 / std: a quarter faster, and the last bit may differ.

        `ImageBatches` takes this, `fit` the division, and so it stays: a run is repeated bit for bit, or not at all.
        """
        mean, _, scale = self._repeated(images)
        return _channels_first(images, images.flatten(1).float().sub_(mean).mul_(scale).to(dtype))

    def _repeated(self, images):
        """Mean, standard deviation and its inverse for each number of an image: loops over three at a time are slow."""
        where = images[0].numel(), images.device
        if where not in self._constants:
            mean, std = torch.tensor(self.mean), torch.tensor(self.std)
            self._constants[where] = [each.repeat(where[0] // 3).to(images.device) for each in (mean, std, 1 / std)]
        return self._constants[where]

    def __repr__(self):
        return f"Normalize(mean={self.mean}, std={self.std})"


def _channels_first(images, flat):
    return flat.view(images.shape).permute(0, 3, 1, 2)
