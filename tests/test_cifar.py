"""CIFAR-10: what is read is what the files hold, and no damaged or incomplete set is accepted."""

from pathlib import Path

import fake_cifar
import numpy as np
import pytest

import optlib as ol
from optlib.data import cifar, official
from optlib.data.__main__ import main as command

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = ROOT / "data" / "cifar-10-subset"
FULL = cifar.CIFAR10.find()
with_full = pytest.mark.skipif(FULL is None, reason="the full CIFAR-10 is not here")


@pytest.fixture
def files(monkeypatch):
    """The six files of a small set, which the loader then takes for the official one; nothing is found by itself."""
    files = fake_cifar.contents()
    fake_cifar.install(monkeypatch, fake_cifar.official(files, b""))
    return files


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("OPTLIB_DATA", raising=False)
    monkeypatch.setattr(official, "_noted", set())


@pytest.fixture
def alone(monkeypatch):
    """As on a machine without the full set."""
    if FULL is not None:
        real = official.Official.find
        found = lambda self, root=None: None if root is None else real(self, root)
        monkeypatch.setattr(official.Official, "find", found)


# --- the full set -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", [True, False])
def test_the_files_are_read_as_their_format_says(files, tmp_path, train):
    images, labels = ol.data.cifar10(train, root=fake_cifar.put(tmp_path, files))
    records = b"".join(data for name, data in files.items() if name.startswith("data_batch") == train)
    assert images.shape == (len(records) // 3073, 32, 32, 3)
    assert (images.dtype, labels.dtype, labels.shape) == (np.uint8, np.int64, images.shape[:1])
    for i in (0, 1, 39, len(images) - 1):
        record = records[3073 * i : 3073 * (i + 1)]
        assert labels[i] == record[0]
        for row, column, color in ((0, 0, 0), (0, 31, 1), (31, 0, 2), (7, 19, 0), (19, 7, 2)):
            assert images[i, row, column, color] == record[1 + 1024 * color + 32 * row + column]
    assert images.flags.c_contiguous
    assert images.flags.writeable


def test_the_official_description():
    (archive,) = cifar.CIFAR10.archives
    assert archive.url == "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    assert [file.name for file in archive.files] == [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    assert {file.size for file in archive.files} == {30_730_000}
    assert all(len(file.checksum) == 64 for file in (archive.packed, *archive.files))
    assert len({file.checksum for file in (archive.packed, *archive.files)}) == 7
    assert len(ol.data.CIFAR10_CLASSES) == 10


@pytest.mark.parametrize("folder", ["", "cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin"])
@pytest.mark.parametrize("how", ["root", "text", "OPTLIB_DATA"])
def test_where_the_files_may_lie(files, tmp_path, monkeypatch, capsys, folder, how):
    fake_cifar.put(tmp_path / folder, files)
    root = {"root": tmp_path, "text": str(tmp_path), "OPTLIB_DATA": None}[how]
    if how == "OPTLIB_DATA":
        monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    for full in (None, True):
        assert len(ol.data.cifar10(root=root, full=full)[0]) == 200
    assert capsys.readouterr().out == ""


def test_the_order_of_the_places(files, tmp_path, monkeypatch):
    other = fake_cifar.contents(seed=1)
    fake_cifar.put(tmp_path / "course" / "data" / "cifar-10", files)
    fake_cifar.install(monkeypatch, fake_cifar.official(files, b""))
    (tmp_path / "course" / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "course" / "notebooks" / "deep")
    assert cifar.CIFAR10.find() == tmp_path / "course" / "data" / "cifar-10"
    monkeypatch.setenv("OPTLIB_DATA", str(fake_cifar.put(tmp_path / "named", other)))
    assert cifar.CIFAR10.find() == tmp_path / "named"
    assert cifar.CIFAR10.find(tmp_path / "course" / "data") == tmp_path / "course" / "data" / "cifar-10"


@pytest.mark.parametrize("broken", [file.name for file in cifar.CIFAR10.files])
@pytest.mark.parametrize(
    ("how", "words"), [("missing", "is missing"), ("shorter", "is truncated"), ("longer", "is too long"),
                       ("empty", "is truncated: it has 0 bytes")]
)  # fmt: skip
def test_a_set_that_is_not_whole_is_refused_by_name(files, tmp_path, broken, how, words):
    fake_cifar.put(tmp_path, files)
    change = {"shorter": files[broken][:-1], "longer": files[broken] + b"0", "empty": b""}
    (tmp_path / broken).unlink() if how == "missing" else (tmp_path / broken).write_bytes(change[how])
    for train in (True, False):  # also where the other half would do
        with pytest.raises(OSError, match=rf"{broken} {words}.*python -m optlib.data download cifar10 --root"):
            ol.data.cifar10(train, root=tmp_path)


@pytest.mark.parametrize("broken", [file.name for file in cifar.CIFAR10.files])
def test_a_single_changed_bit_is_refused_by_name(files, tmp_path, broken):
    data = bytearray(files[broken])
    data[12345] ^= 4
    fake_cifar.put(tmp_path, files | {broken: bytes(data)})
    with pytest.raises(OSError, match=rf"{broken} is damaged: its SHA-256 is [0-9a-f]{{64}}, not [0-9a-f]{{64}}; repl"):
        ol.data.cifar10(train=broken.startswith("data"), root=tmp_path)


def test_half_a_set_does_not_become_the_subset(files, tmp_path, monkeypatch):
    fake_cifar.put(tmp_path / "cifar-10", {"test_batch.bin": files["test_batch.bin"]})
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"data_batch_1\.bin is missing"):
        ol.data.cifar10()
    (tmp_path / "cifar-10" / "test_batch.bin").rename(tmp_path / "cifar-10" / "test_batch.bin.part")
    assert cifar.CIFAR10.find() != tmp_path / "cifar-10"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"train": "test"}, TypeError, "train='test' must be True or False"),
        ({"train": 1}, TypeError, "train=1 must be True"),
        ({"full": "yes"}, TypeError, "full='yes' must be True or False"),
        ({"root": 7}, TypeError, "root=7 must be the path of a folder"),
        ({"root": ""}, TypeError, "root='' must be the path of a folder"),
        ({"root": "no/such"}, FileNotFoundError, "root='no/such' does not exist; it must be a folder"),
        ({"root": "file"}, NotADirectoryError, "root='file' is a file"),
        ({"root": "."}, FileNotFoundError, r"not in \.; get it .*: python -m optlib.data download cifar10 --root \."),
        ({"root": "a b"}, FileNotFoundError, "download cifar10 --root 'a b'"),
        ({"root": ".", "full": False}, FileNotFoundError, r"neither CIFAR-10 nor its bundled subset .*OPTLIB_DATA"),
    ],
)  # fmt: skip
def test_bad_arguments(tmp_path, monkeypatch, arguments, error, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "a b").mkdir()
    with pytest.raises(error, match=words):
        ol.data.cifar10(**arguments)


# --- what other programs keep -------------------------------------------------------------------------------------

PLACES = {
    "torchvision": "cifar-10-batches-py", "Keras 3": "cifar-10-batches-py/cifar-10-batches-py",
    "torchvision, in a folder": "cifar-10/cifar-10-batches-py",
}  # fmt: skip


def python_version(path):
    """An archive like the official one of the Python version."""
    path.write_bytes(fake_cifar.packed({"data_batch_1": b"x", "test_batch": b"y"}, inside="cifar-10-batches-py"))
    return path


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("inside", [False, True])
def test_the_folders_of_torchvision_and_keras_are_named_for_what_they_are(files, tmp_path, place, inside):
    fake_cifar.put(tmp_path / place, {"data_batch_1": b"x", "batches.meta": b"y"})
    root = tmp_path / place if inside else tmp_path
    with pytest.raises(FileNotFoundError, match=r"cifar-10-batches-py is the Python version .*: pickles.*get it .*"
                       rf"python -m optlib\.data download cifar10 --root {root}$"):  # fmt: skip
        ol.data.cifar10(root=root)


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "cifar-10-batches-py_archive"])  # of torchvision, of Keras
def test_the_archive_of_the_python_version_is_named_for_what_it_is(files, tmp_path, capsys, name):
    path = python_version(tmp_path / name)
    words = f"{path} is the Python version of CIFAR-10"
    with pytest.raises(FileNotFoundError, match=words):
        ol.data.cifar10(root=tmp_path)
    with pytest.raises(NotADirectoryError, match=words):
        ol.data.cifar10(root=path)
    out = tmp_path / "out"
    assert command(["download", "cifar10", "--archive", str(path), "--root", str(out)]) == 1
    error = capsys.readouterr().err
    assert f"error: {words}" in error
    assert "must be cifar-10-binary.tar.gz, from http" in error
    assert not out.exists()


def test_the_official_archive_is_to_be_unpacked(files, tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(fake_cifar.packed(files))
    with pytest.raises(FileNotFoundError, match=f"unpacked: python -m optlib.data download cifar10 --archive {path}"):
        ol.data.cifar10(root=tmp_path)


def test_the_note_says_what_lies_in_the_folder_that_is_named(files, alone, tmp_path, monkeypatch, capsys):
    fake_cifar.put(tmp_path / "cifar-10-batches-py", {"data_batch_1": b"x"})
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    ol.data.cifar10()
    assert "is the Python version of CIFAR-10" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["root", "OPTLIB_DATA"])
def test_without_a_home_folder_a_tilde_is_told(monkeypatch, capsys, name):
    words = f"{name}='~no-such-user/data': the home folder behind ~ is not known here; write it in full"
    monkeypatch.setenv("OPTLIB_DATA", "~no-such-user/data" if name == "OPTLIB_DATA" else "")
    root = Path("~no-such-user/data") if name == "root" else None
    with pytest.raises(FileNotFoundError, match=words):
        ol.data.cifar10(root=root)
    assert command(["download", "cifar10", *(["--root", str(root)] if root else [])]) == 1
    assert words in capsys.readouterr().err
