"""The bundled subset of CIFAR-10: small images side by side in one large lossless WebP image (a sprite)."""

import io
import json
from pathlib import Path

import numpy as np

from .archive import File

FOLDER = "cifar-10-subset"
TRAIN_IMAGES, TEST_IMAGES = 5_000, 1_000
SIDE, COLUMNS, CLASSES = 32, 50, 10

# The manifest holds size and SHA-256 of the other files.
MANIFEST = File("manifest.json", 1_026, "86357cef64ccb4ac6f29936757c05d04d0b66986c4bfa652ad5c3e83c10b3cf5")
REMEDY = "the files come with the course's repository: git checkout -- data/" + FOLDER


def find(bases):
    """The folder of the subset in the first of the folders ``bases`` that has it (or is it), or None."""
    candidates = (base if base.name == FOLDER else base / FOLDER for base in bases)
    return next((folder for folder in candidates if folder.is_dir()), None)


def chosen(labels, train):
    """Positions of the subset among all training or test images with these labels: the first of each class."""
    each = (TRAIN_IMAGES if train else TEST_IMAGES) // CLASSES
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)]))


def read(folder, train):
    """Images, labels and positions in the official order, each file checked first.

    Returns
    -------
    images : uint8 array (n, 32, 32, 3)
    labels : int64 array (n,)
    index : int64 array (n,)
        Ascending: image i is number ``index[i]`` of the official 50,000 training or 10,000 test images.

    Raises
    ------
    FileNotFoundError, OSError
        If a file is missing, truncated or damaged, named.
    ImportError
        If Pillow is missing or cannot read WebP.
    """
    folder, part = Path(folder), "train" if train else "test"
    listed = json.loads(MANIFEST.read(folder, REMEDY))["files"]
    data = {
        name: File(name, listed[name]["bytes"], listed[name]["sha256"]).read(folder, REMEDY)
        for name in (f"{part}.webp", "labels.npz")
    }
    with np.load(io.BytesIO(data["labels.npz"]), allow_pickle=False) as file:
        labels, index = file[f"{part}_labels"].astype(np.int64), file[f"{part}_index"].astype(np.int64)
    return unpack(_decoded(data[f"{part}.webp"]), len(labels)), labels, index


def pack(images):
    """Images (n, 32, 32, 3) as one picture, 50 in a row; the rest of the last row is black."""
    rows = -(-len(images) // COLUMNS)
    filled = np.zeros((rows * COLUMNS, SIDE, SIDE, 3), np.uint8)
    filled[: len(images)] = images
    grid = filled.reshape(rows, COLUMNS, SIDE, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * SIDE, COLUMNS * SIDE, 3)


def unpack(picture, n):
    """The first ``n`` images of a picture from `pack`."""
    rows = len(picture) // SIDE
    grid = picture.reshape(rows, SIDE, COLUMNS, SIDE, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * COLUMNS, SIDE, SIDE, 3)[:n]


def encoded(picture):
    """The picture as lossless WebP."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", lossless=True, quality=100, method=4)
    return file.getvalue()


def _decoded(data):
    try:
        from PIL import Image, features
    except ImportError:
        raise ImportError("the bundled images of CIFAR-10 are read with Pillow: python -m pip install pillow") from None
    if not features.check("webp"):
        raise ImportError("this Pillow cannot read WebP; another build can: python -m pip install --upgrade pillow")
    with Image.open(io.BytesIO(data), formats=["WEBP"]) as picture:
        return np.asarray(picture.convert("RGB"))
