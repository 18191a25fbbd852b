"""Small sets in the formats of the official ones, and descriptions of them with the right checksums."""

import dataclasses
import gzip
import hashlib
import struct

import fake_cifar
import numpy as np

from optlib.data import __main__ as command
from optlib.data import cifar, idx, stl, text

N = {"train": 12, "test": 11}
N_CIFAR10 = {"train": 5 * fake_cifar.RECORDS, "test": fake_cifar.RECORDS}


def labels(rng, n, classes=10):
    return (rng.permutation(n) % classes).astype(np.uint8)


def idx_file(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def idx_contents(rng):
    files = {}
    for name, part in (("train", "train"), ("t10k", "test")):
        files[f"{name}-images-idx3-ubyte"] = idx_file(rng.integers(256, size=(N[part], 28, 28), dtype=np.uint8))
        files[f"{name}-labels-idx1-ubyte"] = idx_file(labels(rng, N[part]))
    return files


def cifar100_contents(rng):
    columns = lambda n: [labels(rng, n, 20), labels(rng, n, 100), rng.integers(256, size=(n, 3072), dtype=np.uint8)]
    return {f"{part}.bin": np.column_stack(columns(n)).tobytes() for part, n in N.items()}


def stl10_contents(rng):
    files = {}
    for part, n in N.items():
        files[f"{part}_X.bin"] = rng.integers(256, size=(n, 3 * 96 * 96), dtype=np.uint8).tobytes()
        files[f"{part}_y.bin"] = (labels(rng, n) + 1).tobytes()
    return files


TREEBANK = {
    "ptb.train.txt": b" the cat sat on the <unk> \n a dog sat \n the end \n",
    "ptb.valid.txt": b" the dog sat \n",
    "ptb.test.txt": b" the cat sat on a dog \n the <unk> end \n",
}
# Name of the loader -> where the description of its official files is, and what makes small ones.
SETS = {
    "mnist": (idx, "MNIST", idx_contents),
    "fashion_mnist": (idx, "FASHION_MNIST", idx_contents),
    "cifar10": (cifar, "CIFAR10", lambda rng: fake_cifar.contents(rng.integers(99))),
    "cifar100": (cifar, "CIFAR100", cifar100_contents),
    "stl10": (stl, "STL10", stl10_contents),
}


def count(name, train):
    """How many images the small set has."""
    return (N_CIFAR10 if name == "cifar10" else N)["train" if train else "test"]


def contents(name):
    """The files by name; MNIST and Fashion-MNIST have different ones of the same names."""
    return SETS[name][2](np.random.default_rng(list(SETS).index(name)))


def archives(name, files):
    """The bytes of the archives of the files, by name."""
    official = getattr(*SETS[name][:2])
    packed = {}
    for archive in official.archives:
        some = {file.name: files[file.name] for file in archive.files}
        tar = archive.inside and fake_cifar.packed(some, inside=archive.inside)
        packed[archive.packed.name] = tar or gzip.compress(*some.values(), 1, mtime=0)
    return packed


def install(patch, name, files, url="http://127.0.0.1/none"):
    """Let loader and command take these files for the official ones."""
    module, attribute, _ = SETS[name]
    official = getattr(module, attribute)
    packed = archives(name, files)
    small = tuple(
        dataclasses.replace(
            archive, url=f"{url}/{archive.packed.name}",
            packed=fake_cifar.known(archive.packed.name, packed[archive.packed.name]),
            files=tuple(fake_cifar.known(file.name, files[file.name]) for file in archive.files),
        )
        for archive in official.archives
    )  # fmt: skip
    official = dataclasses.replace(official, archives=small)
    patch.setattr(module, attribute, official)
    patch.setitem(command.SETS, official.command.split()[-1], official)
    return official


def install_treebank(patch, files):
    """The same for the Penn Treebank."""
    checksum = lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest()
    parts = tuple(text.Part(name, len(d.split()) + d.count(b"\n"), checksum(d)) for name, d in files.items())
    patch.setattr(text, "PENN_TREEBANK", dataclasses.replace(text.PENN_TREEBANK, loose=parts))
