"""Make the bundled subset of a set of images from its full, official files.

    python -m optlib.data download cifar10
    python tools/make_subset.py cifar10             # data/cifar-10-subset/
    python -m optlib.data download fashion-mnist
    python tools/make_subset.py fashion-mnist       # optlib/data/files/fashion-mnist-subset/

A subset is the first 500 images of each class in the official order of the training images and the first 100 of each
class of the test images.  That order mixes the classes already, so that no draw of our own is needed, and anyone can
check the choice by counting.  The images keep their order and every pixel.

Written only if the contents would change: another version of libwebp packs the same pixels into other bytes, and
megabytes would enter the repository's history again for nothing.
"""

import argparse
import hashlib
import io
import json
import pathlib

import numpy as np
from PIL import Image

import optlib as ol
from optlib.checks import replacing
from optlib.data import sprites
from optlib.pictures.picture import encoded

ROOT = pathlib.Path(__file__).resolve().parent.parent
SETS = {
    "cifar10": (ol.data.cifar10, sprites.CIFAR10, ROOT / "data", {
        "origin": "https://www.cs.toronto.edu/~kriz/cifar.html, binary version",
        "citation": "A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images",
        "classes": list(ol.data.CIFAR10_CLASSES),
    }),
    "fashion-mnist": (ol.data.fashion_mnist, sprites.FASHION_MNIST, sprites.FILES, {
        "origin": "https://github.com/zalandoresearch/fashion-mnist",
        "citation": "H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms, arXiv:1708.07747",
        "license": "MIT, see LICENSE",
        "classes": list(ol.data.FASHION_MNIST_CLASSES),
    }),
}  # fmt: skip


def about(name):
    """What the manifest says besides the checksums."""
    _, subset, _, facts = SETS[name]
    side = subset.shape[0]
    return {
        "what": f"Class-balanced subset of {subset.title}: the first 500 training and the first 100 test images of "
        "each class",
        **facts,
        "made by": f"python tools/make_subset.py {name}",
        "layout": f"images of {side} x {side} pixels, {sprites.COLUMNS} in a row, row by row; labels.npz holds the "
        "label of each and its position, from 0, among the official training or test images",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=SETS, metavar="NAME", help=" or ".join(SETS))
    parser.add_argument("--root", type=pathlib.Path, help="folder of the full set (default: the package's own)")
    parser.add_argument("--out", type=pathlib.Path, help="folder to write (default: where the package finds it)")
    arguments = parser.parse_args()
    load, subset, home, _ = SETS[arguments.name]
    out = arguments.out or home / subset.folder
    sets, arrays = {}, {}
    for name, train in (("train", True), ("test", False)):
        images, labels = load(train, arguments.root, full=True)
        index = subset.chosen(labels, train)
        sets[name] = images[index], labels[index], index
        arrays |= {f"{name}_labels": labels[index].astype(np.uint8), f"{name}_index": index.astype(np.uint16)}
        print(name, "images: mean", images.mean((0, 1, 2)).round(4), "deviation", images.std((0, 1, 2)).round(4))
    if same(subset, out, sets):
        print(f"{out.name} has these contents already; nothing written")
    else:
        write(arguments.name, out, sets, arrays)


def same(subset, folder, sets):
    try:
        old = {name: subset.read(folder, name == "train") for name in sets}
    except (OSError, KeyError, ValueError):  # nothing there, or something else
        return False
    return all(np.array_equal(a, b) for name in sets for a, b in zip(sets[name], old[name], strict=True))


def pack(images):
    """Square images (n, side, side[, 3]) as one picture, 50 in a row; the rest of the last row is black."""
    n, side, _, *colors = images.shape
    rows = -(-n // sprites.COLUMNS)
    filled = np.zeros((rows * sprites.COLUMNS, side, side, *colors), np.uint8)
    filled[:n] = images
    grid = filled.reshape(rows, sprites.COLUMNS, side, side, *colors).swapaxes(1, 2)
    return grid.reshape(rows * side, sprites.COLUMNS * side, *colors)


def write(set_name, folder, sets, arrays):
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    files = {f"{name}.webp": encoded(Image.fromarray(pack(images)), "WEBP", lossless=True, quality=100, method=4)
             for name, (images, _, _) in sets.items()}  # fmt: skip
    files["labels.npz"] = packed.getvalue()
    listed = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    files["manifest.json"] = (json.dumps(about(set_name) | {"files": listed}, indent=1) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with replacing(folder / name) as part:
            part.write_bytes(data)
        print(f"{name:14} {len(data):>10,} bytes")
    manifest = files["manifest.json"]
    print(f"manifest in optlib/data/sprites.py: {len(manifest)} bytes, SHA-256 {hashlib.sha256(manifest).hexdigest()}")


if __name__ == "__main__":
    main()
