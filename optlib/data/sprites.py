"""Bundled subsets: small images side by side in one large lossless WebP image (a sprite)."""

import dataclasses
import io
import json
from pathlib import Path

import numpy as np

from .archive import File

COLUMNS, CLASSES = 50, 10
FILES = Path(__file__).parent / "files"  # what comes with the package itself


@dataclasses.dataclass(frozen=True)
class Subset:
    """The first images of each class of a set, the same number of each, in the official order."""

    title: str  # the set's name in messages
    folder: str  # of ``train.webp``, ``test.webp``, ``labels.npz`` and ``manifest.json``
    shape: tuple  # of one image: (side, side) in gray, (side, side, 3) in color
    manifest: File  # it holds size and SHA-256 of the other files
    remedy: str  # what to do about a damaged file
    train: int = 5_000  # images
    test: int = 1_000

    @property
    def described(self):
        """What it is, in words."""
        return f"the bundled {self.train:,} training and {self.test:,} test images"

    def find(self, bases):
        """The folder of the subset: in the package, or in the first of ``bases`` that holds it; or None."""
        candidates = (base if base.name == self.folder else base / self.folder for base in (FILES, *bases))
        return next((folder for folder in candidates if folder.is_dir()), None)

    def chosen(self, labels, train):
        """Positions of the subset among all training or test images with these labels: the first of each class."""
        each = (self.train if train else self.test) // CLASSES
        return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)]))

    def read(self, folder, train):
        """Images, uint8 (n, *shape), labels, int64 (n,), and rising positions among the official images, int64 (n,).

        An OSError names a file that is missing, truncated or damaged; ImportError where Pillow cannot read WebP.
        """
        folder, part = Path(folder), "train" if train else "test"
        listed = json.loads(self.manifest.read(folder, self.remedy))["files"]
        data = {
            name: File(name, listed[name]["bytes"], listed[name]["sha256"]).read(folder, self.remedy)
            for name in (f"{part}.webp", "labels.npz")
        }
        with np.load(io.BytesIO(data["labels.npz"]), allow_pickle=False) as file:
            labels, index = file[f"{part}_labels"].astype(np.int64), file[f"{part}_index"].astype(np.int64)
        picture = self._decoded(data[f"{part}.webp"])
        return unpack(picture if len(self.shape) == 3 else picture[:, :, 0], len(labels), self.shape), labels, index

    def _decoded(self, data):
        try:
            from PIL import Image, features
        except ImportError:
            raise ImportError(
                f"the bundled images of {self.title} are read with Pillow: python -m pip install pillow"
            ) from None
        if not features.check("webp"):
            raise ImportError("this Pillow cannot read WebP; another build can: python -m pip install --upgrade pillow")
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as picture:
            return np.asarray(picture.convert("RGB"))


CIFAR10 = Subset(
    "CIFAR-10", "cifar-10-subset", (32, 32, 3),
    File("manifest.json", 1_014, "8460a2264737aef0b37286755510dcd10b49a6c022dc33bf94115a0077451388"),
    "the files come with the course's repository: git checkout -- data/cifar-10-subset",
)  # fmt: skip
FASHION_MNIST = Subset(
    "Fashion-MNIST", "fashion-mnist-subset", (28, 28),
    File("manifest.json", 1_124, "8bc6c2fca3e5c61e2e80633d8d0a323e699ae2f6ee3262f94d7ce2bf5e3e806b"),
    "reinstall the package",
)  # fmt: skip


def unpack(picture, n, shape):
    """The first ``n`` images, of this shape, of a picture that has 50 in a row; see tools/make_subset.py."""
    side, _, *colors = shape
    rows = len(picture) // side
    grid = picture.reshape(rows, side, COLUMNS, side, *colors).swapaxes(1, 2)
    return grid.reshape(rows * COLUMNS, *shape)[:n]
