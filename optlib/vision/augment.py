"""`FlipAndShift`: the usual augmentation of small images."""

import torch

from .. import checks
from ..data.pixels import alternating, windows

FLIPS = ("alternating", "random", None)
IMAGES_AT_ONCE = 500  # so many indices fit into the processor's cache


class FlipAndShift:
    """Mirrors images left to right and shifts them by a few pixels: an ``augment`` of `fit`.

    Beyond the borders an image is continued by its mirror image.

    Parameters
    ----------
    flip : "alternating", "random" or None
        "random": each image is mirrored in an epoch with probability 1/2.  "alternating": so in the first epoch, and
        from then on each image in every second epoch (`optlib.data.pixels.alternating`).  None: no image is mirrored.
    shift : int, at least 0
        Most pixels of a shift, drawn for each image, epoch and direction.
    seed : int, at least 0
        Of the alternating flips, which depend on the first epoch.  All other random numbers come from the seed of
        `fit`.
    """

    def __init__(self, flip="alternating", shift=2, seed=0):
        self.flip = checks.choice("FlipAndShift", "flip", flip, FLIPS)
        self.shift = checks.integer("FlipAndShift", "shift", shift)
        self.seed = checks.integer("FlipAndShift", "seed", seed)

    def __call__(self, images, epoch, generator):
        """Bytes (N, H, W, 3) for that epoch, 0 for the first; ``images`` are not changed."""
        n, height, width = images.shape[:3]
        if self.shift >= min(height, width):
            raise ValueError(f"FlipAndShift: shift={self.shift} must be less than {height} and {width} pixels")
        flipped = self._flipped(n, epoch, generator)
        top, left = torch.randint(-self.shift, self.shift + 1, (2, n), generator=generator)
        left = torch.where(flipped, -left, left)  # images are mirrored and then shifted; `windows` cuts first
        places = (each.to(images.device).split(IMAGES_AT_ONCE) for each in (torch.arange(n), top, left, flipped))
        images = images.contiguous()
        return torch.cat([windows(images, *chunk, height, width) for chunk in zip(*places, strict=True)])

    def _flipped(self, n, epoch, generator):
        if self.flip == "alternating":
            return alternating(n, self.seed, epoch)
        return torch.rand(n, generator=generator) < 0.5 if self.flip else torch.zeros(n, dtype=torch.bool)

    def __repr__(self):
        return f"FlipAndShift(flip={self.flip!r}, shift={self.shift}, seed={self.seed})"
