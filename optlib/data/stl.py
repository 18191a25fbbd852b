"""STL-10: 13,000 labeled color images of 96 x 96 pixels in ten classes."""

import numpy as np

from .archive import tarball
from .official import Official, check_labels

STL10_CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
SIDE = 96
PIXELS = 3 * SIDE * SIDE

# Size and SHA-256 of the archive as in TensorFlow Datasets (datasets/stl10/checksums.tsv).  Of the files only the MD5s
# are published (torchvision/datasets/stl10.py); those fetched by the command come out of an archive of right SHA-256.
# The 100,000 images without labels, in the same archive, are not unpacked.
STL10 = Official(
    name="stl10",
    title="STL-10",
    folders=("stl-10", "stl10_binary", "stl-10/stl10_binary"),
    archives=(tarball(
        "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", 2_640_397_119,
        "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866", "stl10_binary", (
            ("train_X.bin", 5_000 * PIXELS, "918c2871b30a85fa023e0c44e0bee87f"),
            ("train_y.bin", 5_000, "5a34089d4802c674881badbb80307741"),
            ("test_X.bin", 8_000 * PIXELS, "7f263ba9f9e0b06b93213547f721ac82"),
            ("test_y.bin", 8_000, "36f9794fa4beb8a2c72628de14fa638e"),
        ),
    ),),
    others={"stl10_matlab": "the Matlab version of STL-10; only the binary version is read"},
)  # fmt: skip


def stl10(train=True, root=None):
    """STL-10, as arrays: the images with labels.

    Parameters
    ----------
    train : bool
        True: the 5,000 training images.  False: the 8,000 test images.
    root : path, optional
        Folder of ``train_X.bin``, ``train_y.bin``, ``test_X.bin`` and ``test_y.bin`` of the official binary version, or
        a folder with ``stl-10`` or the archive's own folder ``stl10_binary`` in it.  None: as for `cifar10`.

    Returns
    -------
    images : uint8 array (n, 96, 96, 3)
        Red, green and blue, 0..255; in the official order.  (On disk they lie column by column.)
    labels : int64 array (n,)
        Positions in `STL10_CLASSES`, 0..9.  (On disk they are 1..10.)

    Raises
    ------
    FileNotFoundError, OSError, TypeError
        As for `cifar10`.

    Source: A. Coates, H. Lee, A. Y. Ng (2011), An Analysis of Single-Layer Networks in Unsupervised Feature Learning,
    AISTATS, https://cs.stanford.edu/~acoates/stl10/.
    """
    return STL10.images(_read, train, root, full=True)


def _read(folder, train):
    pixels, answers = STL10.files[:2] if train else STL10.files[2:]
    remedy = STL10.remedy(folder)
    labels = np.frombuffer(answers.read(folder, remedy), np.uint8).astype(np.int64) - 1
    check_labels(labels, 10, folder / answers.name, first=1)
    planes = np.frombuffer(pixels.read(folder, remedy), np.uint8).reshape(-1, 3, SIDE, SIDE)
    return planes.transpose(0, 3, 2, 1).copy(), labels
