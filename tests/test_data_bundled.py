"""What rides in the package: the novel, a part of Fashion-MNIST; and the words of the Penn Treebank, which does not."""

import dataclasses
import hashlib
import json
import shutil
import sys

import fake_cifar
import fake_sets
import numpy as np
import pytest

import optlib as ol
from optlib.data import idx, official, sprites, text
from tools import make_novel as tool
from tools import make_subset

FASHION = sprites.FILES / sprites.FASHION_MNIST.folder
FULL = idx.FASHION_MNIST.find()
pytestmark = pytest.mark.usefixtures("no_data_by_name")


def test_together_they_are_small():
    folders = FASHION, sprites.FILES / "novel"
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 3e6
    assert all("Permission is hereby granted" in (folder / "LICENSE").read_text("utf-8") for folder in folders)


# --- Fashion-MNIST --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", [True, False])
def test_the_part_of_fashion_mnist_is_what_it_says(train):
    count = 5000 if train else 1000
    images, labels = ol.data.fashion_mnist(train, full=False)
    assert (images.shape, images.dtype) == ((count, 28, 28), np.uint8)
    assert (labels.shape, labels.dtype) == ((count,), np.int64)
    assert np.bincount(labels).tolist() == [count // 10] * 10
    assert images.flags.c_contiguous
    assert images.flags.writeable
    names = [ol.data.FASHION_MNIST_CLASSES[label] for label in labels[:3]]
    assert names == (["ankle boot", "T-shirt/top", "T-shirt/top"] if train else ["ankle boot", "pullover", "trouser"])
    assert images.mean() == pytest.approx(72.94 if train else 73.15, abs=1)  # of all images
    # Trousers cover the middle of the picture and leave its sides free: neither transposed nor inverted.
    trousers = images[labels == 1].mean(0)
    assert trousers[:, 12:16].mean() > 5 * trousers[:, :4].mean()
    assert trousers[26, 9:19].mean() > 5 * trousers[9:19, 26].mean()


@pytest.mark.skipif(FULL is None, reason="the full Fashion-MNIST is not here")
@pytest.mark.parametrize("train", [True, False])
def test_every_pixel_of_fashion_mnist_is_genuine(train):
    images, labels = ol.data.fashion_mnist(train, root=FULL)
    small, small_labels, index = sprites.FASHION_MNIST.read(FASHION, train)
    np.testing.assert_array_equal(sprites.FASHION_MNIST.chosen(labels, train), index)
    np.testing.assert_array_equal(images[index], small)
    np.testing.assert_array_equal(labels[index], small_labels)


def test_which_of_both_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(official.Official, "find", lambda self, root=None: None)
    assert len(ol.data.fashion_mnist()[0]) == len(ol.data.fashion_mnist(full=False)[0]) == 5000
    note = "Fashion-MNIST: using the bundled 5,000 training and 1,000 test images. The full set (31 MB): "
    assert capsys.readouterr().out == f"{note}python -m optlib.data download fashion-mnist\n"
    monkeypatch.undo()
    files = fake_sets.contents("fashion_mnist")
    fake_sets.install(monkeypatch, "fashion_mnist", files)
    monkeypatch.setenv("OPTLIB_DATA", str(fake_cifar.put(tmp_path / "fashion-mnist", files)))
    assert len(ol.data.fashion_mnist()[0]) == len(ol.data.fashion_mnist(full=True)[0]) == fake_sets.N["train"]
    assert len(ol.data.fashion_mnist(full=False)[0]) == 5000
    assert capsys.readouterr().out == ""


def test_the_script_wrote_the_manifest_of_fashion_mnist():
    manifest = json.loads((FASHION / "manifest.json").read_text(encoding="utf-8"))
    files = manifest.pop("files")
    assert manifest == make_subset.about("fashion-mnist")
    assert {path.name for path in FASHION.iterdir()} == {*files, "manifest.json", "LICENSE", ".gitattributes"}


# --- the novel ------------------------------------------------------------------------------------------------------


def test_the_novel_is_that_of_the_source():
    (train, vocabulary), (test, again) = ol.data.novel(), ol.data.novel(False)
    assert vocabulary == again
    assert len(vocabulary) == 75
    assert sorted(set(vocabulary)) == list(vocabulary)
    assert (len(train), len(test), train.dtype, test.dtype) == (616_291, 68_477, np.int64, np.int64)
    words = "".join(vocabulary[code] for code in (*train.tolist(), *test.tolist()))
    assert words.startswith("PRIDE AND PREJUDICE\n\nBy Jane Austen\n")
    assert "a single man in possession\nof a good fortune, must be in want of a wife." in words
    expected = "dfc684d4f857fa938268f9ab9c5567b64bd0691251eca959644adeabe6287a4d"  # of the text in Debian's package
    assert hashlib.sha256(words.encode()).hexdigest() == expected
    assert np.bincount(train).min() == 3  # no character is known from the test part only
    assert np.bincount([*train, *test]).min() == 5


def test_a_damaged_novel_is_refused(monkeypatch):
    monkeypatch.setattr(text, "NOVEL", dataclasses.replace(text.NOVEL, checksum=64 * "0"))
    with pytest.raises(OSError, match=r"pride_and_prejudice\.txt\.bz2 is damaged: .*; reinstall the package"):
        ol.data.novel()
    with pytest.raises(TypeError, match="novel: train='test' must be True or False"):
        ol.data.novel("test")


def test_the_script_of_the_novel_takes_its_source_only(tmp_path, monkeypatch):
    (tmp_path / "Rdata.rdb").write_bytes(b"something else")
    monkeypatch.setattr(sys, "argv", ["script", str(tmp_path / "Rdata.rdb")])
    with pytest.raises(SystemExit, match=f"expected {tool.SOURCE_SHA256}"):
        tool.main()
    string = lambda line: b"\x00\x04\x00\x09" + len(line).to_bytes(4, "big") + line
    stream = lambda *lines: b"size" + tool.zlib.compress(b"R" + b"".join(map(string, lines)))
    store = stream(b"EMMA", b"one") + stream(tool.TITLE, b"", b"two lines")
    assert tool.lines(store, tool.TITLE) == [tool.TITLE, b"", b"two lines"]
    with pytest.raises(SystemExit, match="no novel SANDITON"):
        tool.lines(store, b"SANDITON")


# --- the Penn Treebank ----------------------------------------------------------------------------------------------


@pytest.fixture
def treebank(tmp_path, monkeypatch):
    fake_sets.install_treebank(monkeypatch, fake_sets.TREEBANK)
    return fake_cifar.put(tmp_path, fake_sets.TREEBANK)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_the_treebank_is_read_by_words(treebank, ending):
    for name, data in fake_sets.TREEBANK.items():
        (treebank / name).write_bytes(data.replace(b"\n", ending))
    for train, expected in (
        (True, "the cat sat on the <unk> <eos> a dog sat <eos> the end <eos>"),
        (False, "the cat sat on a dog <eos> the <unk> end <eos>"),
    ):
        codes, vocabulary = ol.data.penn_treebank(train, root=treebank)
        assert vocabulary == ("<eos>", "the", "sat", "<unk>", "a", "cat", "dog", "end", "on")
        assert codes.dtype == np.int64
        assert " ".join(vocabulary[code] for code in codes) == expected


@pytest.mark.parametrize("broken", fake_sets.TREEBANK)
@pytest.mark.parametrize("train", [True, False])
def test_another_treebank_is_refused_by_name(treebank, broken, train):
    data = fake_sets.TREEBANK[broken]
    for changed, words in (
        (None, "is missing"), (data[:-4], r"has \d+ words, not \d+: it is truncated or another version"),
        (data.replace(b" sat", b" set"), "is damaged: its MD5 is"), (data + b"\xff\n", r"has \d+ words, not"),
    ):  # fmt: skip
        (treebank / broken).unlink() if changed is None else (treebank / broken).write_bytes(changed)
        with pytest.raises(OSError, match=f"{broken} {words}.*Linguistic Data Consortium"):
            ol.data.penn_treebank(train, root=treebank)


def test_where_the_treebank_is_looked_for(tmp_path, monkeypatch):
    assert [part.words for part in text.PENN_TREEBANK.loose] == [929_589, 73_760, 82_430]
    for folder in (*text.PENN_TREEBANK.folders, ""):
        place = fake_cifar.put(tmp_path / "data" / folder, fake_sets.TREEBANK)
        monkeypatch.setenv("OPTLIB_DATA", str(tmp_path / "data"))
        assert text.PENN_TREEBANK.find() == place
        shutil.rmtree(place)
    with pytest.raises(FileNotFoundError, match="the full Penn Treebank is not in .*; its text belongs to the Ling"):
        ol.data.penn_treebank(root=tmp_path)
