"""Images on their way into a network: checked, scaled, and turned into what a convolution reads."""

import zlib

import numpy as np
import torch

from ..data.batching import batches
from ..data.pixels import Normalize
from ..data.seeds import number_for


class Shuffled:
    """Mini-batches of a set of images: shuffled, augmented, normalized.  `fit` makes one of a pair.

    All chance is drawn from the seed and the number of the epoch alone, so that any epoch can be had without those
    before it.

    Parameters
    ----------
    images, labels : tensors
    size : int
        Images in a batch.
    seed, augment, normalize : as in `fit`
    """

    def __init__(self, images, labels, size, seed=0, augment=None, normalize=None):
        self.images, self.labels = images, labels
        self.augment, self.normalize = augment, normalize or Normalize()
        self.batches = batches(len(images), size, seed=seed)

    def epoch(self, k):
        """The batches of epoch ``k``, 0 for the first, one after the other: floats (b, 3, H, W) and labels (b,)."""
        images, order = self.images, torch.from_numpy(self.batches.order(k)).to(self.images.device)
        if self.augment is not None:
            images = self.augment(images, k, torch.Generator().manual_seed(number_for(self.batches.seed, k, 1)))
            if getattr(images, "shape", None) != self.images.shape or images.dtype != torch.uint8:
                raise ValueError(
                    f"fit: augment must return bytes (uint8) of the shape it is given, {tuple(self.images.shape)}"
                )
        for i in order.split(self.batches.size):
            yield self.normalize(images[i]), self.labels[i]

    def first_two(self):
        """A small batch that costs no augmentation."""
        return self.normalize(self.images[:2]), self.labels[:2]


class InOrder:
    """Batches of a set of images as it is, for looking at all of them once.

    Parameters
    ----------
    images, labels : tensors
    normalize : callable, optional
    size : int
        Images in a batch.
    """

    def __init__(self, images, labels, normalize=None, size=500):
        self.images, self.labels, self.normalize, self.size = images, labels, normalize or Normalize(), size

    def epoch(self, k=0):
        """As `Shuffled.epoch`; the same for each ``k``."""
        for x, labels in zip(self.images.split(self.size), self.labels.split(self.size), strict=True):
            yield self.normalize(x), labels


def is_source(who, name, value, train=True):
    """Whether a value makes its own batches, as `optlib.data.augment.ImageBatches` does."""
    if not hasattr(value, "epoch"):
        return False
    if getattr(value, "train", train) != train:
        kind = "made with train=False" if train else "made with train=True: its images are augmented"
        raise ValueError(f"{who}: {name}={value!r} is {kind}; the other kind is needed here")
    return True


def as_test(who, test, normalize, size=500):
    """Test images as something that gives batches in order; from a pair, or as they are."""
    return test if is_source(who, "test", test, train=False) else InOrder(*as_pair(who, "test", test), normalize, size)


def fingerprint(source):
    """Checksums of what a source holds, so that a run is not continued with other images."""
    images = source.images if hasattr(source, "images") else next(iter(source.epoch(0)))[0]
    return [f"{zlib.crc32(each.cpu().contiguous().numpy()):08x}" for each in (images, source.labels)]


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
