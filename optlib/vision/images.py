"""Images on their way into a network: checked, batched and normalized."""

import zlib

import numpy as np
import torch

from .. import checks
from ..data.batching import batches
from ..data.pixels import Normalize
from ..data.seeds import number_for


class _Set:
    """Images, or other examples, and their labels."""

    def __init__(self, images, labels, normalize):
        kind = type(self).__name__
        if labels is not None and len(labels) != len(images):
            raise ValueError(f"{kind}: {len(images)} inputs and {len(labels)} labels were given; one of each is needed")
        if not len(images):
            raise ValueError(f"{kind}: no examples were given; at least one is needed")
        self.images, self.labels, self.normalize = images, labels, normalize or Normalize()

    def batch(self, i, images=None):
        """Normalized inputs and labels of the examples ``i``; ``images`` take the place of those as stored."""
        x = self.normalize((self.images if images is None else images)[i])
        return x, x if self.labels is None else self.labels[i]


class Shuffled(_Set):
    """Mini-batches of a set of images: shuffled, augmented, normalized.  `fit` makes one from a pair.

    Random numbers depend only on the seed and the epoch, so any epoch can be had without those before it.

    Parameters
    ----------
    images, labels : tensors
        Any examples for which ``normalize`` is given.  None for labels: the inputs themselves, as an autoencoder has.
    size : int
        Images in a batch.
    seed, augment, normalize : as in `fit`
    """

    def __init__(self, images, labels, size, seed=0, augment=None, normalize=None):
        super().__init__(images, labels, normalize)
        self.augment, self.batches = augment, batches(len(images), size, seed=seed)

    def epoch(self, k):
        """Yield the batches of epoch ``k``, 0 for the first: inputs, of images floats (b, 3, H, W), and labels (b,)."""
        images, order = self.images, torch.from_numpy(self.batches.order(k)).to(self.images.device)
        if self.augment is not None:
            images = self.augment(images, k, torch.Generator().manual_seed(number_for(self.batches.seed, k, 1)))
            given = self.images
            if getattr(images, "shape", None) != given.shape or images.dtype != given.dtype:
                dtype = str(given.dtype).removeprefix("torch.")
                raise ValueError(f"fit: augment must return {dtype} {tuple(given.shape)}, as it is given")
        for i in order.split(self.batches.size):
            yield self.batch(i, images)


class InOrder(_Set):
    """Batches of ``size`` images of a set in the order given, without augmentation, for tests; see `Shuffled`."""

    def __init__(self, images, labels, normalize=None, size=500):
        super().__init__(images, labels, normalize)
        self.size = checks.integer("InOrder", "size", size, least=1)

    def epoch(self, k=0):
        """As `Shuffled.epoch`; the same for each ``k``."""
        for first in range(0, len(self.images), self.size):
            yield self.batch(slice(first, first + self.size))


def as_train(train, batch, seed, augment, normalize, device):
    """The source of training batches of `fit`: a pair becomes one on ``device``, a source is checked and returned."""
    if hasattr(train, "epoch"):
        check_unset("fit", train, batch=batch, augment=augment, normalize=normalize)
        if not hasattr(train, "batches"):
            cut = "a source has how an epoch of n examples is cut as self.batches = ol.data.batches(n, size, seed=0)"
            raise TypeError(f"fit: train is a {type(train).__name__} without batches; {cut}")
        return train
    images, labels = as_pair("fit", "train", train)
    size = checks.integer("fit", "batch", batch, least=1, most=len(images))
    return Shuffled(images.to(device), labels.to(device), size, seed, augment, normalize)


def check_unset(who, source, **settings):
    """ValueError for a setting of pairs beside a source that makes its own batches."""
    for name, value in settings.items():
        if value is not None:
            raise ValueError(f"{who}: {name}={value!r} is for pairs (images, labels); {source!r} makes its own")


def fingerprint(source):
    """Checksums of a source's images and labels, or of its first batch, so that a run resumes with the same data."""
    pair = (source.images, source.labels) if isinstance(source, _Set) else next(iter(source.epoch(0)))
    return [f"{zlib.crc32(each.cpu().contiguous().numpy()):08x}" for each in pair if each is not None]


def as_images(who, name, images):
    """Bytes (N, H, W, 3) as a tensor, from a tensor or a NumPy array; TypeError or ValueError if they are not."""
    images = _as_tensor(images)
    if not isinstance(images, torch.Tensor) or images.dtype != torch.uint8:
        raise TypeError(f"{who}: {name} is {_kind(images)}; it must be a tensor or an array of bytes (uint8)")
    if images.ndim != 4 or images.shape[-1] != 3 or not images.numel():
        raise ValueError(
            f"{who}: {name} has shape {tuple(images.shape)}; it must be (N, height, width, 3), such as (N, 32, 32, 3)"
        )
    return images


def as_pair(who, name, pair):
    """Images (N, H, W, 3) and labels (N,) of one set as tensors; the range of the labels is not checked."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{who}: {name} is a {type(pair).__name__}; it must be a pair (images, labels)")
    images, labels = as_images(who, f"the images of {name}", pair[0]), _as_tensor(pair[1])
    if not isinstance(labels, torch.Tensor) or labels.dtype.is_floating_point or labels.dtype == torch.bool:
        raise TypeError(f"{who}: the labels of {name} are {_kind(labels)}; they must be integers")
    if labels.shape != images.shape[:1]:
        one = f"one for each image, ({len(images)},)"
        raise ValueError(f"{who}: the labels of {name} have shape {tuple(labels.shape)}; they must be {one}")
    return images, labels.long()


def are_scores(output, labels):
    """Whether a network's outputs are scores of classes, two or more: floats along the last dimension.

    The labels are then integers of the other dimensions: (B,) with scores (B, classes), (B, T) with (B, T, classes).
    """
    tensors = isinstance(output, torch.Tensor) and isinstance(labels, torch.Tensor)
    return (tensors and not labels.dtype.is_floating_point and output.shape[:-1] == labels.shape
            and output.shape[-1] > 1)  # fmt: skip


def sums_of(loss, output, labels):
    """Of a batch, the loss and the share of correct predictions, both summed over its examples: float64 (2,).

    Only the loss, (1,), where the outputs are no scores.
    """
    total = loss.double() * len(labels)
    if not are_scores(output, labels):
        return total[None]
    return torch.stack([total, (output.argmax(-1) == labels).sum().double() / labels[0].numel()])


def check_labels(who, name, labels, classes):
    """ValueError for labels that the network has no score for."""
    low, high = labels.min().item(), labels.max().item()
    if low < 0 or high >= classes:
        wrong = f"contain {low if low < 0 else high}; the network has {classes} classes"
        raise ValueError(f"{who}: the labels of {name} {wrong}, so labels from 0 to {classes - 1} are allowed")


def _as_tensor(value):
    if not isinstance(value, np.ndarray):
        return value
    # torch takes no mirrored arrays, nor those of other machines.
    usable = value.flags.behaved and value.dtype.isnative and min(value.strides, default=0) >= 0
    try:
        return torch.from_numpy(value if usable else value.astype(value.dtype.newbyteorder("="), "C"))
    except TypeError:  # a dtype that torch does not have, such as text
        return value


def _kind(value):
    return value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
