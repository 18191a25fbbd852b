"""Make `optlib/data/files/digits.npz` from scikit-learn's copy of the handwritten digits.

    python -m pip download scikit-learn --no-deps --dest /some/folder
    python tools/make_digits.py /some/folder/scikit_learn-*.whl

The argument is a wheel of scikit-learn or the file ``digits.csv.gz`` in it.  The source is refused unless its SHA-256
is the one below.  The result is written only if its contents would change: another version of zlib may pack the same
contents into other bytes, and then the checksum in `optlib/data/sets.py` would have to change for nothing.
"""

import argparse
import gzip
import hashlib
import io
import pathlib
import zipfile

import numpy as np

from optlib.checks import replacing

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = ROOT / "optlib" / "data" / "files" / "digits.npz"
IN_WHEEL = "sklearn/datasets/data/digits.csv.gz"
SOURCE_SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path, help="wheel of scikit-learn, or digits.csv.gz")
    parser.add_argument("--out", type=pathlib.Path, default=RESULT, help="file to write (default: in the package)")
    arguments = parser.parse_args()
    images, labels = parsed(read(arguments.source))
    if same(arguments.out, images, labels):
        print(f"{arguments.out.name} has these contents already; nothing written")
    else:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(arguments.out) as part, part.open("wb") as file:
            np.savez_compressed(file, images=images, labels=labels)
        print(f"{arguments.out.name} written")
    packed = arguments.out.read_bytes()
    print(f"DIGITS in optlib/data/sets.py: {len(packed)} bytes, SHA-256 {hashlib.sha256(packed).hexdigest()}")


def read(source):
    """The bytes of digits.csv.gz, checked."""
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            packed = wheel.read(IN_WHEEL)
    else:
        packed = source.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{source}: SHA-256 of digits.csv.gz is {digest}, expected {SOURCE_SHA256}")
    return packed


def parsed(packed):
    """Images uint8 (1797, 8, 8) in 0..16 and labels uint8 (1797,), in the order of the source."""
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",")
    numbers = table.astype(np.uint8)
    if table.shape != (1797, 65) or not np.array_equal(numbers, table):
        raise SystemExit(f"the table has shape {table.shape}; expected whole numbers in shape (1797, 65)")
    return numbers[:, :64].reshape(-1, 8, 8), numbers[:, 64].copy()


def same(path, images, labels):
    if not path.exists():
        return False
    with np.load(path, allow_pickle=False) as old:
        return np.array_equal(old["images"], images) and np.array_equal(old["labels"], labels)


if __name__ == "__main__":
    main()
