"""CIFAR-10: 60,000 color images of 32 x 32 pixels in ten classes, or the bundled tenth of it.

Only the official binary version is read: the images also circulate as pickles, which can run any code when opened.
Every file is compared with its official SHA-256 each time it is read.
"""

import os
import shlex
from pathlib import Path

import numpy as np

from .. import checks
from . import sprites
from .archive import Archive, File

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# Mean and standard deviation of red, green and blue (0..255) over the 50,000 training images.
CIFAR10_MEAN = (125.3069, 122.9504, 113.8654)
CIFAR10_STD = (62.9932, 62.0887, 66.7049)

SIDE, RECORD = 32, 1 + 3 * 32 * 32  # one byte for the label, then the red, green and blue plane

# Size and SHA-256 of the archive as in TensorFlow Datasets (url_checksums/cifar10.txt), SHA-256 of the files as in
# torchvision-ruby (datasets/cifar10.rb): the official page gives only an MD5, which can be forged.
CIFAR10 = Archive(
    title="CIFAR-10",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    packed=File(
        "cifar-10-binary.tar.gz", 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
    ),
    inside="cifar-10-batches-bin",
    files=tuple(
        File(name, 10_000 * RECORD, sha256)
        for name, sha256 in (
            ("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
            ("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
            ("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
            ("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
            ("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
            ("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
        )
    ),
    others={
        "cifar-10-batches-py": "the Python version of CIFAR-10, as torchvision and Keras have it: pickles, which can "
        "run any code when opened; only the binary version is read",
        "cifar-10-batches-mat": "the Matlab version of CIFAR-10; only the binary version is read",
        "cifar-100-binary": "CIFAR-100, which has other classes",
        "cifar-100-python": "CIFAR-100, which has other classes",
    },
)
COMMAND = "python -m optlib.data download cifar10"
NOTE = (
    f"CIFAR-10: using the bundled {sprites.TRAIN_IMAGES:,} training and {sprites.TEST_IMAGES:,} test images. "
    f"All 60,000 (170 MB): {COMMAND}"
)
_noted = False


def cifar10(train=True, root=None, *, full=None):
    """CIFAR-10, as arrays.

    >>> images, labels = ol.data.cifar10()
    >>> ol.data.CIFAR10_CLASSES[labels[0]]
    'frog'

    Parameters
    ----------
    train : bool
        True: the training images.  False: the test images.
    root : path, optional
        Folder of the six files of the official binary version (``data_batch_1.bin`` to ``data_batch_5.bin`` and
        ``test_batch.bin``); the archive's own folder ``cifar-10-batches-bin`` or a folder ``cifar-10`` in it is found
        too.  None: the folder that the environment variable OPTLIB_DATA names, then ``data/cifar-10`` in the folders
        above the package, in the current folder and in those above it.
    full : bool, optional
        True: all images, or an error.  False: the subset of 5,000 training and 1,000 test images, the same number of
        each class; where the bundled one is missing, it is taken from all images.  None: all images if ``root`` is
        given or they are found, otherwise the subset, with one printed line the first time.

    Returns
    -------
    images : uint8 array (n, 32, 32, 3)
        Red, green and blue, 0..255; in the official order.  n is 50,000 or 10,000, of the subset 5,000 or 1,000.
    labels : int64 array (n,)
        Positions in `CIFAR10_CLASSES`.

    Raises
    ------
    FileNotFoundError
        If the images are not there; names the places searched and the command that fetches them.
    OSError
        If a file is missing, truncated or not the official one; names it.
    TypeError
        For other arguments.

    Source: A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images,
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    checks.flag("cifar10", "train", train)
    if full is not None and not checks.flag("cifar10", "full", full):
        return _subset(train, root)
    folder = find(root)
    if folder:
        return _full(folder, train)
    if full or root is not None:
        raise FileNotFoundError(
            f"cifar10: the full CIFAR-10 is not in {_searched(root)}; {_other(bases(root))}get it (170 MB) with: "
            f"{COMMAND}{'' if root is None else f' --root {shlex.quote(str(root))}'}"
        )
    subset = _subset(train, root)
    _note_once()
    return subset


def find(root=None):
    """The first folder that holds any of the six files, complete or not, or None.  See `cifar10` for ``root``."""
    places = ("", CIFAR10.inside, "cifar-10", f"cifar-10/{CIFAR10.inside}")
    candidates = (base / place for base in bases(root) for place in places)
    return next((folder for folder in candidates if CIFAR10.some_in(folder)), None)


def bases(root=None):
    """The folders in which data is searched for, in this order.

    Raises
    ------
    TypeError, FileNotFoundError, NotADirectoryError
        If ``root`` is given and is no folder.
    """
    if root is not None:
        if not isinstance(root, (str, os.PathLike)) or not os.fspath(root):
            raise TypeError(f"cifar10: root={root!r} must be the path of a folder")
        root = _expanded("root", root)
        if not root.exists():
            raise FileNotFoundError(f"cifar10: root={str(root)!r} does not exist; it must be a folder")
        if not root.is_dir():
            raise NotADirectoryError(
                f"cifar10: root={str(root)!r} is a file; {_other([root])}it must be the folder of the six files"
            )
        return [root]
    named = os.environ.get("OPTLIB_DATA")
    here = Path.cwd()
    upward = [folder / "data" for folder in (*Path(__file__).resolve().parents[2:], here, *here.parents)]
    return ([_expanded("OPTLIB_DATA", named)] if named else []) + upward


def _expanded(name, path):
    """The path with its ``~`` replaced."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise FileNotFoundError(
            f"cifar10: {name}={str(path)!r}: the home folder behind ~ is not known here; write it in full"
        ) from None


def _other(places):
    """What lies at or in these places in place of the six files, in words and with what to do; or ""."""
    inner = [path for place in places for path in (*place.glob("cifar-10*"), *place.glob("cifar-10*/cifar-10*"))]
    paths = [*places, *sorted(inner)]
    packed = next((path for path in paths if path.name == CIFAR10.packed.name and path.is_file()), None)
    if packed:
        return f"{packed} is to be unpacked: {COMMAND} --archive {shlex.quote(str(packed))}; or "
    return next((f"{other}; " for path in paths if (other := CIFAR10.other_at(path))), "")


def destination(root=None):
    """The folder for the download, in which `find` looks."""
    if root is not None:
        return _expanded("root", root)
    named = os.environ.get("OPTLIB_DATA")
    if named:
        return _expanded("OPTLIB_DATA", named) / "cifar-10"
    course = sprites.find(bases())
    return (course.parent if course else Path.cwd() / "data") / "cifar-10"


def _full(folder, train):
    remedy = f"replace it with: {COMMAND} --root {shlex.quote(str(folder))}"
    for file in CIFAR10.files:  # refuse an incomplete set, even if the files needed here are complete
        file.check_size(folder / file.name, remedy)
    files = [file for file in CIFAR10.files if file.name.startswith("data" if train else "test")]
    count = sum(file.size for file in files) // RECORD
    images, labels = np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty(count, np.int64)
    first = 0
    for file in files:
        records = np.frombuffer(file.read(folder, remedy), np.uint8).reshape(-1, RECORD)
        rows = slice(first, first + len(records))
        labels[rows] = records[:, 0]
        images[rows] = records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        first = rows.stop
    return images, labels


def _subset(train, root):
    folder = sprites.find(bases(root))
    if folder is not None:
        return sprites.read(folder, train)[:2]
    folder = find(root)
    if folder is None:
        raise FileNotFoundError(
            f"cifar10: neither CIFAR-10 nor its bundled subset ({sprites.FOLDER}, part of the course's repository) is "
            f"in {_searched(root)}; get all images (170 MB) with: {COMMAND}, or set OPTLIB_DATA to their folder"
        )
    images, labels = _full(folder, train)
    index = sprites.chosen(labels, train)
    return images[index], labels[index]


def _searched(root):
    if root is not None:
        return str(root)
    named = os.environ.get("OPTLIB_DATA")
    starts = dict.fromkeys((Path(__file__).resolve().parents[2], Path.cwd()))
    default = f"data/cifar-10 of {' or of '.join(map(str, starts))} or of a folder above"
    return (f"OPTLIB_DATA={named} or in " if named else "") + default


def _note_once():
    # Print, do not warn: nothing is wrong, and a notebook shows it as plain text.
    global _noted
    if not _noted:
        _noted = True
        named = os.environ.get("OPTLIB_DATA")
        other = _other([_expanded("OPTLIB_DATA", named)]) if named else ""
        print(NOTE + (f" ({other}they are not in OPTLIB_DATA={named})" if named else ""))
