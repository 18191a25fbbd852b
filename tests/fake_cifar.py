"""A small CIFAR-10: the layout of the official files with few records, and the archive of them."""

import dataclasses
import gzip
import hashlib
import io
import tarfile

import numpy as np

from optlib.data import __main__ as command
from optlib.data import cifar
from optlib.data.archive import Archive, File

RECORDS = 40


def contents(seed=0):
    """The six files by name: ``RECORDS`` records each, every class among them."""
    rng = np.random.default_rng(seed)
    files = {}
    for file in cifar.CIFAR10.files:
        labels = rng.permutation(np.arange(RECORDS, dtype=np.uint8) % 10)
        files[file.name] = np.column_stack([labels, rng.integers(256, size=(RECORDS, 3072), dtype=np.uint8)]).tobytes()
    return files


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def packed(files, more=(), inside="cifar-10-batches-bin"):
    """The bytes of a .tar.gz of the files, in a folder, with two more files as in the official one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo(inside)
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in {"batches.meta.txt": b"airplane\n", **files, "readme.html": b"<html>"}.items():
            add(tar, f"{inside}/{name}", data)
        for member, data in more:
            tar.addfile(member, data and io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), 1, mtime=0)  # no clock: the same bytes in every process


def add(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def official(files, data, url="http://127.0.0.1/none.tar.gz"):
    """The description that belongs to the files and to the bytes of the archive."""
    contents = tuple(known(name, content) for name, content in files.items())
    archive = Archive(url, known("cifar-10-binary.tar.gz", data), contents, "cifar-10-batches-bin")
    return dataclasses.replace(cifar.CIFAR10, archives=(archive,))


def install(patch, official):
    """Let loader and command take this set for the official one."""
    patch.setattr(cifar, "CIFAR10", official)
    patch.setitem(command.SETS, "cifar10", official)


def known(name, data):
    return File(name, len(data), hashlib.sha256(data).hexdigest())
