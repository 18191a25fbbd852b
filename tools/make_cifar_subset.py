"""Make `data/cifar-10-subset/` from the official binary version of CIFAR-10.

    python -m optlib.data download cifar10
    python tools/make_cifar_subset.py

The subset is the first 500 images of each class in the official order of the training images and the first 100 of each
class of the test images.  That order is random already (https://www.cs.toronto.edu/~kriz/cifar.html), so that no draw
of our own is needed, and anyone can check the choice by counting.  The images keep their order and every pixel.

Written only if the contents would change: another version of libwebp packs the same pixels into other bytes, and 10 MB
would enter the repository's history again for nothing.
"""

import argparse
import hashlib
import io
import json
import pathlib

import numpy as np

import optlib as ol
from optlib.checks import replacing
from optlib.data import sprites

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABOUT = {
    "what": "Class-balanced subset of CIFAR-10: the first 500 training and the first 100 test images of each class",
    "origin": "https://www.cs.toronto.edu/~kriz/cifar.html, binary version",
    "citation": "A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images",
    "made by": "python tools/make_cifar_subset.py",
    "layout": f"images of {sprites.SIDE} x {sprites.SIDE} pixels, {sprites.COLUMNS} in a row, row by row; labels.npz "
    "holds the label of each and its position, from 0, among the official 50,000 training or 10,000 test images",
    "classes": list(ol.data.CIFAR10_CLASSES),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, help="folder of the full CIFAR-10 (default: the package's own)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "data" / sprites.FOLDER, help="folder to write")
    arguments = parser.parse_args()
    sets, arrays = {}, {}
    for name, train in (("train", True), ("test", False)):
        images, labels = ol.data.cifar10(train, arguments.root, full=True)
        index = sprites.chosen(labels, train)
        sets[name] = images[index], labels[index], index
        arrays |= {f"{name}_labels": labels[index].astype(np.uint8), f"{name}_index": index.astype(np.uint16)}
        print(name, "images: mean", images.mean((0, 1, 2)).round(4), "deviation", images.std((0, 1, 2)).round(4))
    if same(arguments.out, sets):
        print(f"{arguments.out.name} has these contents already; nothing written")
    else:
        write(arguments.out, sets, arrays)


def same(folder, sets):
    try:
        old = {name: sprites.read(folder, name == "train") for name in sets}
    except (OSError, KeyError, ValueError):  # nothing there, or something else
        return False
    return all(np.array_equal(a, b) for name in sets for a, b in zip(sets[name], old[name], strict=True))


def write(folder, sets, arrays):
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    files = {f"{name}.webp": sprites.encoded(sprites.pack(images)) for name, (images, _, _) in sets.items()}
    files["labels.npz"] = packed.getvalue()
    listed = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    files["manifest.json"] = (json.dumps(ABOUT | {"files": listed}, indent=1) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with replacing(folder / name) as part:
            part.write_bytes(data)
        print(f"{name:14} {len(data):>10,} bytes")
    manifest = files["manifest.json"]
    print(f"MANIFEST in optlib/data/sprites.py: {len(manifest)} bytes, SHA-256 {hashlib.sha256(manifest).hexdigest()}")


if __name__ == "__main__":
    main()
