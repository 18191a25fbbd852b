"""The full sets: read as their formats say, found where they may lie, refused if anything is wrong."""

import dataclasses
import re
from pathlib import Path

import fake_sets
import numpy as np
import pytest
from fake_cifar import put
from fake_sets import count

import optlib as ol
from optlib.data import __main__ as command
from optlib.data import idx

ROOT = Path(__file__).resolve().parent.parent
SETS = list(fake_sets.SETS)
REAL = {name: getattr(*fake_sets.SETS[name][:2]).find() for name in SETS}
each = pytest.mark.parametrize("name", SETS)
pytestmark = pytest.mark.usefixtures("no_data_by_name")


@pytest.fixture
def files(monkeypatch, name):
    """The files of a small set, which the loader then takes for the official ones."""
    files = fake_sets.contents(name)
    fake_sets.install(monkeypatch, name, files)
    return files


def load(name, *arguments, **keywords):
    return getattr(ol.data, name)(*arguments, **keywords)


# --- what is read ---------------------------------------------------------------------------------------------------


def idx_record(files, train, i):
    """Label and a function (row, column) -> pixel of image i, straight from the format."""
    part = "train" if train else "t10k"
    pixels, answers = files[f"{part}-images-idx3-ubyte"], files[f"{part}-labels-idx1-ubyte"]
    return answers[8 + i], lambda row, column: pixels[16 + 784 * i + 28 * row + column]


def cifar10_record(files, train, i):
    record = b"".join(data for name, data in files.items() if name.startswith("data_batch") == train)[3073 * i :]
    return record[0], lambda row, column, color: record[1 + 1024 * color + 32 * row + column]


def cifar100_record(files, train, i):
    record = files["train.bin" if train else "test.bin"][3074 * i :]
    return record[1], lambda row, column, color: record[2 + 1024 * color + 32 * row + column]


def stl10_record(files, train, i):
    part = "train" if train else "test"
    pixels = files[f"{part}_X.bin"][3 * 9216 * i :]
    return files[f"{part}_y.bin"][i] - 1, lambda row, column, color: pixels[9216 * color + 96 * column + row]


FORMATS = {
    "mnist": (idx_record, (28, 28)),
    "fashion_mnist": (idx_record, (28, 28)),
    "cifar10": (cifar10_record, (32, 32, 3)),
    "cifar100": (cifar100_record, (32, 32, 3)),
    "stl10": (stl10_record, (96, 96, 3)),
}


@each
@pytest.mark.parametrize("train", [True, False])
def test_the_files_are_read_as_their_format_says(files, name, tmp_path, train):
    images, labels = load(name, train, root=put(tmp_path, files))
    record, shape = FORMATS[name]
    assert images.shape == (count(name, train), *shape)
    assert (images.dtype, labels.dtype, labels.shape) == (np.uint8, np.int64, images.shape[:1])
    assert images.flags.c_contiguous
    assert images.flags.writeable
    rng = np.random.default_rng(0)
    for i in (0, 1, len(images) // 5, len(images) - 1):  # a fifth: in CIFAR-10's second file
        label, pixel = record(files, train, i)
        assert labels[i] == label
        for place in [tuple(side - 1 for side in shape), *rng.integers(shape, size=(20, len(shape))).tolist()]:
            assert images[(i, *place)] == pixel(*place)


@each
def test_the_official_description(name):
    official = getattr(*fake_sets.SETS[name][:2])
    packed = [archive.packed for archive in official.archives]
    assert all(file.size > 1000 and len(file.checksum) == 64 for file in packed)
    assert len({file.checksum for file in (*packed, *official.files)}) == len(packed) + len(official.files)
    assert {len(file.checksum) for file in official.files} == {32 if name == "stl10" else 64}
    sizes = {"cifar10": 60_000 * 3073, "cifar100": 60_000 * 3074, "stl10": 13_000 * (27_648 + 1)}
    assert sum(file.size for file in official.files) == sizes.get(name, 70_000 * 785 + 2 * (16 + 8))
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert f"`{official.folders[0]}/`" in text
    assert f"/data/{official.folders[0]}/\n" in (ROOT / ".gitignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_real_files_where_they_are(name):
    if REAL[name] is None:
        pytest.skip("they are not here")
    for train, first in ((True, {"mnist": [5, 0, 4, 1, 9], "fashion_mnist": [9, 0, 0, 3, 0]}[name]),
                         (False, {"mnist": [7, 2, 1, 0, 4], "fashion_mnist": [9, 2, 1, 1, 6]}[name])):  # fmt: skip
        images, labels = load(name, train, root=REAL[name])
        assert images.shape == (60_000 if train else 10_000, 28, 28)
        assert labels[:5].tolist() == first
    assert images.mean() == pytest.approx({"mnist": 33.791, "fashion_mnist": 73.147}[name], abs=1e-3)


# --- where it is looked for -----------------------------------------------------------------------------------------

PLACES = [(name, place) for name in SETS for place in ("", *getattr(*fake_sets.SETS[name][:2]).folders)]


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_where_the_files_may_lie(files, name, place, tmp_path, monkeypatch, capsys):
    base = tmp_path / (getattr(*fake_sets.SETS[name][:2]).folders[0] if place == "" else "base")
    put(base / place, files)
    assert len(load(name, root=base)[0]) == len(load(name, root=str(base))[0]) == count(name, True)
    monkeypatch.setenv("OPTLIB_DATA", str(base))
    assert len(load(name, False)[1]) == count(name, False)
    assert capsys.readouterr().out == ""


@each
def test_where_nothing_is_the_command_is_named(files, name, tmp_path, monkeypatch):
    word = name.replace("_", "-")
    full = {"full": True} if name in ("fashion_mnist", "cifar10") else {}
    with pytest.raises(FileNotFoundError, match=rf"{name}: the full .* python -m optlib\.data download {word} --root "):
        load(name, root=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(type(getattr(*fake_sets.SETS[name][:2])), "find", lambda self, root=None: None)
        with pytest.raises(FileNotFoundError, match=rf"{name}: the full .* python -m optlib\.data download {word}$"):
            load(name, **full)


@pytest.mark.parametrize("name", ["mnist"])
def test_files_that_are_still_packed_are_named(files, name, tmp_path):
    put(tmp_path / "MNIST" / "raw", {"nothing": b""})
    put(tmp_path / "mnist", fake_sets.archives(name, files))
    words = rf"images-idx3-ubyte\.gz is to be unpacked: .* download mnist --archive {tmp_path / 'mnist'}; or"
    with pytest.raises(FileNotFoundError, match=words):
        ol.data.mnist(root=tmp_path)
    packed = fake_sets.archives(name, files)["t10k-images-idx3-ubyte.gz"]
    put(tmp_path / "mnist", files | {"t10k-images-idx3-ubyte": packed})
    with pytest.raises(OSError, match="t10k-images-idx3-ubyte is still packed by gzip; replace it with: python -m"):
        ol.data.mnist(root=tmp_path)


def test_the_two_sets_with_the_same_names_are_told_apart(tmp_path, monkeypatch, capsys):
    """By OPTLIB_DATA alone neither is taken for the other, and by `root` it is refused in words."""
    files = fake_sets.contents("mnist")
    last = fake_sets.install(monkeypatch, "mnist", files).files[-1]
    fashion = fake_sets.install(monkeypatch, "fashion_mnist", fake_sets.contents("fashion_mnist"))
    fashion = dataclasses.replace(fashion, rivals={last.checksum: "MNIST"})
    monkeypatch.setattr(idx, "FASHION_MNIST", fashion)
    monkeypatch.setitem(command.SETS, "fashion-mnist", fashion)
    ours = put(tmp_path / "mnist", files)
    monkeypatch.setenv("OPTLIB_DATA", str(ours))
    assert idx.MNIST.find() == ours
    assert idx.FASHION_MNIST.find() != ours
    with pytest.raises(OSError, match=r"fashion_mnist: .*mnist holds MNIST; the files of Fashion-MNIST must lie in an"):
        ol.data.fashion_mnist(root=ours)
    elsewhere = put(tmp_path / "digits", files)  # a name that tells nothing
    with monkeypatch.context() as patch:
        patch.setenv("OPTLIB_DATA", str(elsewhere))
        assert idx.MNIST.find() == elsewhere
        assert idx.FASHION_MNIST.find() != elsewhere
        assert command.main(["download", "mnist", "--root", str(elsewhere)]) == 0
    assert "does not look there" not in capsys.readouterr().out
    before = {path.name: path.stat().st_mtime_ns for path in ours.iterdir()}
    assert command.main(["download", "fashion-mnist", "--root", str(ours)]) == 1
    assert before == {path.name: path.stat().st_mtime_ns for path in ours.iterdir()}


# --- what is refused ------------------------------------------------------------------------------------------------

BROKEN = [(name, file) for name in SETS for file in fake_sets.contents(name)]


@pytest.mark.parametrize(("name", "broken"), BROKEN)
def test_a_set_that_is_not_whole_is_refused_by_name(files, name, broken, tmp_path):
    path, word = tmp_path / broken, name.replace("_", "-")
    put(tmp_path, files)
    for data, words in (
        (None, "is missing"), (files[broken][:-1], "is truncated"), (files[broken] + b"0", "is too long"),
        (b"", "is truncated: it has 0 bytes"),
    ):  # fmt: skip
        path.unlink() if data is None else path.write_bytes(data)
        for train in (True, False):  # also where the other half would do
            with pytest.raises(OSError, match=rf"{broken} {words}.*python -m optlib.data download {word} --root"):
                load(name, train, root=tmp_path)
    data = bytearray(files[broken])
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match=rf"{broken} is damaged: its (SHA-256|MD5) is [0-9a-f]+, not [0-9a-f]+; replace"):
        load(name, broken.startswith(("train", "data")), root=tmp_path)


@each
def test_labels_beyond_the_classes_are_refused(name, tmp_path, monkeypatch):
    """Where even the checksum fits, as of a description that is wrong."""
    files = fake_sets.contents(name)
    file, at, label, says = {
        "cifar10": ("test_batch.bin", 0, 10, "label 10; labels are 0 to 9"),
        "cifar100": ("test.bin", 1, 100, "label 100; labels are 0 to 99"),
        "stl10": ("test_y.bin", 3, 0, "label 0; labels are 1 to 10"),
    }.get(name, ("t10k-labels-idx1-ubyte", 9, 10, "label 10; labels are 0 to 9"))
    data = bytearray(files[file])
    data[at] = label
    fake_sets.install(monkeypatch, name, files | {file: bytes(data)})
    with pytest.raises(OSError, match=f"{file} has the {says}"):
        load(name, False, root=put(tmp_path, files | {file: bytes(data)}))


HEADS = {
    "other bytes": (b"<htm", "is no idx file of bytes in 3 dimensions: it begins with 3c 68 74 6d, not 00 00 08 03"),
    "floats": (bytes((0, 0, 13, 3)), "begins with 00 00 0d 03, not 00 00 08 03"),
    "labels": (bytes((0, 0, 8, 1)), "begins with 00 00 08 01, not 00 00 08 03"),
    "fewer": (bytes((0, 0, 8, 3, 0, 0, 0, 11)), r"has 9,408 numbers, not the \(11, 28, 28\) that it says"),
    "more rows": (bytes((0, 0, 8, 3, 0, 0, 0, 12, 0, 0, 0, 29)), r"has 9,408 numbers, not the \(12, 29, 28\)"),
}


@pytest.mark.parametrize(("start", "words"), HEADS.values(), ids=HEADS)
def test_an_idx_file_is_what_its_head_says(start, words, tmp_path, monkeypatch):
    files = fake_sets.contents("mnist")
    name = "train-images-idx3-ubyte"
    files[name] = start + files[name][len(start) :]
    fake_sets.install(monkeypatch, "mnist", files)
    with pytest.raises(OSError, match=f"{name} {'' if words.startswith(('is', 'has')) else '.*'}{words}"):
        ol.data.mnist(root=put(tmp_path, files))


def test_as_many_labels_as_images(tmp_path, monkeypatch):
    files = fake_sets.contents("mnist")
    files["t10k-labels-idx1-ubyte"] = fake_sets.idx_file(np.zeros(10, np.uint8))
    fake_sets.install(monkeypatch, "mnist", files)
    with pytest.raises(OSError, match="t10k-images-idx3-ubyte has 11 images, t10k-labels-idx1-ubyte 10 labels"):
        ol.data.mnist(False, root=put(tmp_path, files))


@pytest.mark.parametrize("name", [*SETS, "penn_treebank"])
def test_bad_arguments(name, tmp_path):
    (tmp_path / "file").touch()
    for arguments, error, words in (
        ({"train": "test"}, TypeError, "train='test' must be True or False"),
        ({"root": 7}, TypeError, "root=7 must be the path of a folder"),
        ({"root": tmp_path / "none"}, FileNotFoundError, "none' does not exist; it must be a folder"),
        ({"root": tmp_path / "file"}, NotADirectoryError, "file' is a file; it must be the folder of [a-z]"),
    ):
        with pytest.raises(error, match=f"{name}: {words}" if error is TypeError else words):
            load(name, **arguments)
    if name in ("fashion_mnist", "cifar10"):
        with pytest.raises(TypeError, match=f"{name}: full='yes' must be True or False"):
            load(name, full="yes")


@pytest.mark.parametrize(("name", "folder"), [
    ("cifar100", "cifar-100-python"), ("cifar100", "cifar-10-batches-bin"), ("stl10", "stl10_matlab"),
])  # fmt: skip
def test_what_other_programs_keep_is_named_for_what_it_is(files, name, folder, tmp_path):
    official = getattr(*fake_sets.SETS[name][:2])
    path = put(tmp_path / folder, {"train": b"x"})
    with pytest.raises(FileNotFoundError, match=re.escape(f"{path} is {official.others[folder]}")):
        load(name, root=path)
