"""CIFAR-10, beside what `test_data_official` asks of each set: its places, its halves, and what other programs keep."""

from pathlib import Path

import fake_cifar
import pytest

import optlib as ol
from optlib.data import cifar, official
from optlib.data.__main__ import main as command

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = ROOT / "data" / "cifar-10-subset"
FULL = cifar.CIFAR10.find()
pytestmark = pytest.mark.usefixtures("no_data_by_name")
with_full = pytest.mark.skipif(FULL is None, reason="the full CIFAR-10 is not here")


@pytest.fixture
def files(monkeypatch):
    """The six files of a small set, which the loader then takes for the official one; nothing is found by itself."""
    files = fake_cifar.contents()
    fake_cifar.install(monkeypatch, fake_cifar.official(files, b""))
    return files


@pytest.fixture
def alone(monkeypatch):
    """As on a machine without the full set."""
    if FULL is not None:
        real = official.Official.find
        found = lambda self, root=None: None if root is None else real(self, root)
        monkeypatch.setattr(official.Official, "find", found)


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


def test_half_a_set_does_not_become_the_subset(files, tmp_path, monkeypatch):
    fake_cifar.put(tmp_path / "cifar-10", {"test_batch.bin": files["test_batch.bin"]})
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"data_batch_1\.bin is missing"):
        ol.data.cifar10()
    (tmp_path / "cifar-10" / "test_batch.bin").rename(tmp_path / "cifar-10" / "test_batch.bin.part")
    assert cifar.CIFAR10.find() != tmp_path / "cifar-10"


@pytest.mark.parametrize(("arguments", "error", "words"), [
    ({"train": 1}, TypeError, "train=1 must be True"),
    ({"root": ""}, TypeError, "root='' must be the path of a folder"),
    ({"root": "."}, FileNotFoundError, r"not in \.; get it .*: python -m optlib.data download cifar10 --root \."),
    ({"root": "a b"}, FileNotFoundError, "download cifar10 --root 'a b'"),
    ({"root": ".", "full": False}, FileNotFoundError, r"neither CIFAR-10 nor its bundled subset .*OPTLIB_DATA"),
])  # fmt: skip
def test_bad_arguments(tmp_path, monkeypatch, arguments, error, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    with pytest.raises(error, match=words):
        ol.data.cifar10(**arguments)


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
