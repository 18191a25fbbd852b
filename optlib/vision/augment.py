"""`FlipAndShift`: the usual augmentation of small images, with flips that alternate from epoch to epoch."""

import torch

from .. import checks
from ..data.pixels import alternating, windows

FLIPS = ("alternating", "random", None)
IMAGES_AT_ONCE = 500  # their indices stay in the processor's cache


class FlipAndShift:
    """Mirrors images left to right and shifts them by a few pixels: an ``augment`` of `fit`.

    What comes in at the borders is the image in the mirror.  `optlib.data.augment.ImageBatches` does the same batch by
    batch, with cutout and the mean color at the borders besides.

    Parameters
    ----------
    flip : "alternating", "random" or None
        "random": each image is mirrored in half of the epochs, by chance.  "alternating": chance decides for the first
        epoch, and from then on each image is mirrored in every second epoch (`optlib.data.pixels.alternating`).
    shift : int, at least 0
        Most pixels of a shift, drawn for each image, epoch and direction.
    seed : int, at least 0
        Of the alternating flips, which must remember the first epoch.  All else comes from the seed of `fit`.
    """

    def __init__(self, flip="alternating", shift=2, seed=0):
        if flip not in FLIPS:
            raise ValueError(f"FlipAndShift: flip={flip!r} must be one of {', '.join(map(repr, FLIPS))}")
        checks.integer("FlipAndShift", "shift", shift, least=0)
        checks.integer("FlipAndShift", "seed", seed, least=0)
        self.flip, self.shift, self.seed = flip, int(shift), int(seed)

    def __call__(self, images, epoch, generator):
        """Bytes (N, H, W, 3) for that epoch; ``images`` are not changed."""
        n, height, width = images.shape[:3]
        if self.shift >= min(height, width):
            raise ValueError(f"FlipAndShift: shift={self.shift} must be less than {height} and {width} pixels")
        flipped = self._flipped(n, epoch, generator)
        top, left = torch.randint(-self.shift, self.shift + 1, (2, n), generator=generator)
        left = torch.where(flipped, -left, left)  # mirrored first and then shifted, where `windows` cuts first
        places = torch.arange(n), top, left, flipped
        pieces = zip(*(each.to(images.device).split(IMAGES_AT_ONCE) for each in places), strict=True)
        images = images.contiguous()
        return torch.cat([windows(images, *piece, height, width) for piece in pieces])

    def _flipped(self, n, epoch, generator):
        if self.flip == "alternating":
            return alternating(n, self.seed, epoch)
        return torch.rand(n, generator=generator) < 0.5 if self.flip else torch.zeros(n, dtype=torch.bool)

    def __repr__(self):
        return f"FlipAndShift(flip={self.flip!r}, shift={self.shift}, seed={self.seed})"
