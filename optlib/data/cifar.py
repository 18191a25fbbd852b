"""CIFAR-10 and CIFAR-100: 60,000 color images of 32 x 32 pixels in ten or in a hundred classes.

Only the official binary versions are read: the images also circulate as pickles, which can run any code when opened.
Every file is compared with its official SHA-256 each time it is read.
"""

import numpy as np

from . import sprites
from .archive import tarball
from .official import Official, check_labels

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# Mean and standard deviation of red, green and blue (0..255) over the 50,000 training images of each set.
CIFAR10_MEAN, CIFAR10_STD = (125.3069, 122.9504, 113.8654), (62.9932, 62.0887, 66.7049)
CIFAR100_MEAN, CIFAR100_STD = (129.304, 124.070, 112.434), (68.170, 65.392, 70.418)

SIDE = 32
PLANES = 3 * SIDE * SIDE  # bytes of the red, green and blue plane of an image
RECORD, RECORD_100 = 1 + PLANES, 2 + PLANES  # before them the label; of CIFAR-100 the coarse and the fine one

# Size and SHA-256 of the archives as in TensorFlow Datasets (url_checksums/cifar10.txt, cifar100.txt), SHA-256 of the
# files as in torchvision-ruby (datasets/cifar10.rb, cifar100.rb): the official page has only MD5s, which can be forged.
CIFAR10 = Official(
    name="cifar10",
    title="CIFAR-10",
    folders=("cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin"),
    archives=(tarball(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", 170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", "cifar-10-batches-bin", (
            ("data_batch_1.bin", 10_000 * RECORD, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
            ("data_batch_2.bin", 10_000 * RECORD, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
            ("data_batch_3.bin", 10_000 * RECORD, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
            ("data_batch_4.bin", 10_000 * RECORD, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
            ("data_batch_5.bin", 10_000 * RECORD, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
            ("test_batch.bin", 10_000 * RECORD, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
        ),
    ),),
    subset=sprites.CIFAR10,
    others={
        "cifar-10-batches-py": "the Python version of CIFAR-10, as torchvision and Keras have it: pickles, which can "
        "run any code when opened; only the binary version is read",
        "cifar-10-batches-mat": "the Matlab version of CIFAR-10; only the binary version is read",
        "cifar-100-binary": "CIFAR-100, which has other classes",
        "cifar-100-python": "CIFAR-100, which has other classes",
    },
)  # fmt: skip
CIFAR100 = Official(
    name="cifar100",
    title="CIFAR-100",
    folders=("cifar-100", "cifar-100-binary", "cifar-100/cifar-100-binary"),
    archives=(tarball(
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", 168_513_733,
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec", "cifar-100-binary", (
            ("train.bin", 50_000 * RECORD_100, "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
            ("test.bin", 10_000 * RECORD_100, "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
        ),
    ),),
    others={
        "cifar-100-python": "the Python version of CIFAR-100, as torchvision and Keras have it: pickles, which can "
        "run any code when opened; only the binary version is read",
        "cifar-100-matlab": "the Matlab version of CIFAR-100; only the binary version is read",
        "cifar-10-batches-bin": "CIFAR-10, which has other classes",
    },
)  # fmt: skip


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
        If a file is missing, truncated, still packed or not the official one; names it.
    TypeError
        For other arguments.

    Source: A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images,
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    return CIFAR10.images(lambda *place: _read(CIFAR10, RECORD, 10, *place), train, root, full)


def cifar100(train=True, root=None):
    """CIFAR-100, as arrays: 500 training and 100 test images of each of a hundred classes.

    Parameters
    ----------
    train : bool
        True: the 50,000 training images.  False: the 10,000 test images.
    root : path, optional
        Folder of ``train.bin`` and ``test.bin`` of the official binary version, or a folder with ``cifar-100`` or the
        archive's own folder ``cifar-100-binary`` in it.  None: as for `cifar10`.

    Returns
    -------
    images : uint8 array (n, 32, 32, 3)
        Red, green and blue, 0..255; in the official order.
    labels : int64 array (n,)
        The fine labels, 0..99, in the alphabetical order of their names.

    Raises
    ------
    FileNotFoundError, OSError, TypeError
        As for `cifar10`.

    Source: A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images,
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    return CIFAR100.images(lambda *place: _read(CIFAR100, RECORD_100, 100, *place), train, root, full=True)


def _read(official, record, classes, folder, train):
    """Images and labels of files of such records; the label that counts is the last byte before the planes."""
    files = [file for file in official.files if train != file.name.startswith("test")]
    count = sum(file.size for file in files) // record
    images, labels = np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty(count, np.int64)
    first = 0
    for file in files:
        records = np.frombuffer(file.read(folder, official.remedy(folder)), np.uint8).reshape(-1, record)
        rows = slice(first, first + len(records))
        labels[rows] = records[:, record - PLANES - 1]
        check_labels(labels[rows], classes, folder / file.name)
        images[rows] = records[:, record - PLANES :].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        first = rows.stop
    return images, labels
