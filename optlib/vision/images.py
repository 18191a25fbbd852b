"""Images on their way into a network: checked, scaled, and turned into what a convolution reads."""

import numpy as np
import torch

# Mean and standard deviation of the three channels of CIFAR-10's 50,000 training images, of values from 0 to 1.
CIFAR_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR_STD = (0.2470, 0.2435, 0.2616)


class Normalize:
    """From images as stored, bytes (B, H, W, C), to what a network reads: floats (B, C, H, W) of mean 0, variance 1.

    Bytes become numbers from 0 to 1, from which the mean of each channel is subtracted, and which are divided by its
    standard deviation.  The result lies in memory as the bytes did, channel by channel of one pixel: that is torch's
    channels-last layout, and it costs no copy.

    Parameters
    ----------
    mean, std : sequence of numbers, one a channel
        By default those of CIFAR-10.
    """

    def __init__(self, mean=CIFAR_MEAN, std=CIFAR_STD):
        self.mean, self.std = tuple(map(float, mean)), tuple(map(float, std))
        if len(self.mean) != len(self.std) or not all(s > 0 for s in self.std):
            raise ValueError(f"Normalize: std={std!r} must have {len(self.mean)} numbers above 0, one for each of mean")

    def __call__(self, images):
        """Floats (B, C, H, W) of bytes (B, H, W, C)."""
        mean, std = (torch.tensor(each, device=images.device) * 255 for each in (self.mean, self.std))
        return images.float().sub_(mean).div_(std).permute(0, 3, 1, 2)

    def __repr__(self):
        return f"Normalize(mean={self.mean}, std={self.std})"


def as_images(who, name, images):
    """A tensor of bytes (N, H, W, 3) from a tensor or a NumPy array, or an error that says what is wrong with it."""
    images = _as_tensor(images)
    if not isinstance(images, torch.Tensor) or images.dtype != torch.uint8:
        kind = images.dtype if isinstance(images, torch.Tensor) else type(images).__name__
        raise TypeError(f"{who}: {name} is {kind}; it must be a tensor or an array of bytes (uint8)")
    if images.ndim != 4 or images.shape[-1] != 3 or not images.numel():
        raise ValueError(
            f"{who}: {name} has shape {tuple(images.shape)}; it must be (N, height, width, 3), such as (N, 32, 32, 3)"
        )
    return images


def as_pair(who, name, pair):
    """Images and labels of one set, checked except for the number of classes."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{who}: {name} is a {type(pair).__name__}; it must be a pair (images, labels)")
    images, labels = as_images(who, f"the images of {name}", pair[0]), _as_tensor(pair[1])
    if not isinstance(labels, torch.Tensor) or labels.dtype.is_floating_point or labels.dtype in (torch.bool,):
        kind = labels.dtype if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise TypeError(f"{who}: the labels of {name} are {kind}; they must be integers")
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"{who}: the labels of {name} have shape {tuple(labels.shape)}; one for each image, ({len(images)},), is "
            "allowed"
        )
    return images, labels.long()


def check_labels(who, name, labels, classes):
    """Refuse labels that the network has no score for."""
    low, high = labels.min().item(), labels.max().item()
    if low < 0 or high >= classes:
        raise ValueError(
            f"{who}: the labels of {name} contain {low if low < 0 else high}; the network has {classes} classes, so "
            f"labels from 0 to {classes - 1} are allowed"
        )


def _as_tensor(value):
    if not isinstance(value, np.ndarray):
        return value
    try:
        return torch.from_numpy(value if value.flags.writeable else value.copy())
    except TypeError:  # a dtype that torch does not know, such as text
        return value
