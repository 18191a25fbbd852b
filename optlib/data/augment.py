"""Mini-batches of images on the device where the network is: shuffled, augmented, normalized.  Needs torch.

>>> from optlib.data.augment import ImageBatches
>>> train = ImageBatches(*ol.data.cifar10(train=True), 512, train=True, device="cuda")
>>> test = ImageBatches(*ol.data.cifar10(train=False), 2000, train=False, device="cuda")
>>> for x, y in train.epoch(0):
...     loss = cross_entropy(network(x), y)

The images lie on the device as bytes.  A batch is cut out of them by one gather, whatever is flipped and shifted, so
that no worker processes are needed; then it is normalized.
"""

import numpy as np
import torch

from .. import checks
from .batching import batches
from .cifar import CIFAR10_MEAN, CIFAR10_STD
from .pixels import Normalize, alternating, cut_out, pad, windows
from .seeds import generator

CROP = 4  # pixels of padding, as in He et al. (2016), section 4.2


class ImageBatches:
    """Mini-batches ``(x, y)`` of a set of images; all chance is drawn from seed and number of the epoch alone.

    So a run that was stopped goes on with the very batches it would have had, a GPU sees the same images as a CPU, and
    an image is flipped and shifted in the same way whatever the size of the batches.

    Parameters
    ----------
    images : uint8 array or tensor (n, height, width, 3)
    labels : array or tensor of integers (n,)
    size : int from 1 to n
        Examples in a batch.
    train : bool
        True: shuffled and augmented.  False, for test and validation images: all of them, in order, never augmented;
        flip, crop, cutout and last="drop" are then refused.
    flip : bool or "alternating", optional
        Mirror an image, left to right, with probability 1/2.  "alternating": chance decides in epoch 0, and then
        each image is mirrored in every second epoch (`optlib.data.pixels.alternating`).  None: as ``train``.
    crop : int, optional
        Shift an image by up to so many pixels in each direction.  None: 4 for training.
    border : "mean" or "reflect"
        What comes in from outside at a shift: the mean color, to the nearest byte, which is less than 0.005 from 0
        after normalization; or the image in the mirror.
    cutout : int, optional
        Side of a square at a random center that is set to 0, the mean color; what lies outside the image is left
        off.  None or 0: no square.  DeVries, Taylor (2017), arXiv:1708.04552, take 16 for CIFAR-10.
    seed : int, at least 0
    last : "keep" or "drop"
        What becomes of the last batch of an epoch where it is smaller than the others.
    device, dtype : of the batches, torch.float32 on the CPU unless told otherwise
    mean, std : three numbers each
        Of red, green and blue, of 0..255: of all training images, CIFAR-10's own unless told otherwise.

    Raises
    ------
    TypeError, ValueError
        Naming argument, value and what is allowed.
    """

    def __init__(
        self, images, labels, size, *, train, flip=None, crop=None, border="mean", cutout=None, seed=0, last="keep",
        device="cpu", dtype=torch.float32, mean=CIFAR10_MEAN, std=CIFAR10_STD,
    ):  # fmt: skip
        if not isinstance(train, (bool, np.bool_)):
            raise TypeError(f"ImageBatches: train={train!r} must be True (augmented) or False (never augmented)")
        if flip is not None and not isinstance(flip, (bool, np.bool_)) and flip != "alternating":
            raise TypeError(f"ImageBatches: flip={flip!r} must be True or False or 'alternating'")
        if border not in ("mean", "reflect"):
            raise ValueError(f"ImageBatches: border={border!r} must be 'mean' or 'reflect'")
        if last not in ("keep", "drop"):
            raise ValueError(f"ImageBatches: last={last!r} must be 'keep' or 'drop'")
        if not train and (flip or crop or cutout or last == "drop"):
            raise ValueError(
                f"ImageBatches: train=False, but flip={flip!r}, crop={crop!r}, cutout={cutout!r}, last={last!r}; test "
                "images are neither augmented nor left out"
            )
        images, labels = _images(images), torch.as_tensor(labels)
        if labels.shape != images.shape[:1] or labels.is_floating_point():
            raise ValueError(
                f"ImageBatches: labels are {labels.dtype} of shape {tuple(labels.shape)}; they must be integers, one "
                f"for each of the {len(images)} images"
            )
        self.train = bool(train)
        self.flip = self.train if flip is None else flip if isinstance(flip, str) else bool(flip)
        self.border = border
        self.crop = CROP * self.train if crop is None else crop
        self.cutout = cutout or 0
        self.height, self.width = images.shape[1:3]
        reach = min(self.height, self.width) - (border == "reflect")
        checks.integer("ImageBatches", "crop", self.crop, least=0, most=reach)
        checks.integer("ImageBatches", "cutout", self.cutout, least=0, most=min(self.height, self.width))
        self.batches = batches(len(images), size, seed=seed, last=last)
        self.device, self.dtype = torch.device(device), dtype
        self._normalize = Normalize(mean, std)
        self.labels = labels.to(self.device, torch.int64)
        images = images.to(self.device)
        self._pixels = pad(images, self.crop, mean) if border == "mean" else images.contiguous()

    def __len__(self):
        """Batches in an epoch."""
        return self.batches.per_epoch

    def epoch(self, k=0):
        """The batches of epoch ``k`` = 0, 1, 2, ..., one after the other.

        Yields
        ------
        x : tensor (b, 3, height, width) in ``dtype``, normalized, in the memory format channels_last
        y : int64 tensor (b,)
        """
        checks.integer("ImageBatches.epoch", "k", k, least=0)
        n, size = self.batches.n, self.batches.size
        order = self.batches.order(k) if self.train else np.arange(n)
        order = torch.from_numpy(order[: len(self) * size]).to(self.device)
        flipped, top, left, hole_top, hole_left = (torch.from_numpy(draw).to(self.device) for draw in self._draws(k))
        for i in order.split(size):
            seen = windows(self._pixels, i, top[i], left[i], flipped[i], self.height, self.width)
            x = self._normalize.quick(seen, self.dtype)
            if self.cutout:
                x = cut_out(x, hole_top[i], hole_left[i], self.cutout)
            yield x, self.labels[i]

    def _draws(self, k):
        # One number for each image and purpose, used or not, so that one setting does not change the chance of others.
        rng, n = generator("ImageBatches", self.batches.seed, "order", int(k), 1), self.batches.n  # of its own by the 1
        flipped = rng.random(n) < 0.5 * bool(self.flip)
        if self.flip == "alternating":
            flipped = alternating(n, self.batches.seed, int(k)).numpy()
        top, left = rng.integers(2 * self.crop + 1, size=(2, n)) - self.crop * (self.border == "reflect")
        shift = self.cutout // 2
        return flipped, top, left, rng.integers(self.height, size=n) - shift, rng.integers(self.width, size=n) - shift

    def __repr__(self):
        border = ", reflected" if self.border == "reflect" else ""
        does = [f"crop {self.crop}{border}"] * (self.crop > 0) + [f"cutout {self.cutout}"] * (self.cutout > 0)
        does = ["flip" if self.flip is True else "alternating flip"] * bool(self.flip) + does
        return (
            f"<ImageBatches: {self.batches.n:,} images in {len(self)} batches of {self.batches.size} on {self.device}, "
            f"{'shuffled' if self.train else 'in order'}, {', '.join(does) or 'not augmented'}>"
        )


def normalize(images, dtype=torch.float32, mean=CIFAR10_MEAN, std=CIFAR10_STD):
    """Images as a network wants them: each color with mean 0 and standard deviation 1 over the training images.

    Parameters
    ----------
    images : uint8 array or tensor (n, height, width, 3)

    Returns
    -------
    tensor (n, 3, height, width), in the memory format channels_last, on the device of ``images``
    """
    return Normalize(mean, std).quick(_images(images), dtype)


def _images(images):
    if isinstance(images, np.ndarray):
        images = np.require(images, requirements=["C", "W"])  # torch warns of others, or refuses them
    images = torch.as_tensor(images)
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[3] != 3 or not images.numel():
        raise ValueError(
            f"images are {images.dtype} of shape {tuple(images.shape)}; they must be uint8 (n, height, width, 3), as "
            "ol.data.cifar10 gives them"
        )
    return images
