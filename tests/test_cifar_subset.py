"""The bundled subset of CIFAR-10, where the package finds it, and the script that made it."""

import dataclasses
import hashlib
import json
import shutil
import sys

import fake_cifar
import numpy as np
import pytest
import test_cifar as full
from processes import python
from test_cifar import BUNDLED, FULL, ROOT, with_full

import optlib as ol
from optlib.data import cifar, sprites
from tools import make_subset as script

alone, files, pytestmark = full.alone, full.files, full.pytestmark
FASHION = sprites.FILES / sprites.FASHION_MNIST.folder

# --- the subset -----------------------------------------------------------------------------------------------------


def test_the_subset_is_what_it_says(alone):
    for train, count in ((True, 5000), (False, 1000)):
        images, labels = ol.data.cifar10(train)
        assert (images.shape, images.dtype) == ((count, 32, 32, 3), np.uint8)
        assert (labels.shape, labels.dtype) == ((count,), np.int64)
        assert np.bincount(labels).tolist() == [count // 10] * 10
        assert images.flags.c_contiguous
        assert images.flags.writeable
        again, _, index = sprites.CIFAR10.read(BUNDLED, train)
        np.testing.assert_array_equal(again, images)
        assert index[0] == 0
        assert (np.diff(index) > 0).all()
        assert index[-1] < 10 * count
        assert len(np.unique(images.reshape(count, -1), axis=0)) == count
        # Near the constants of all training images: a class or a color out of place would be far off.
        np.testing.assert_allclose(images.mean((0, 1, 2)), ol.data.CIFAR10_MEAN, atol=2)
        np.testing.assert_allclose(images.std((0, 1, 2)), ol.data.CIFAR10_STD, atol=1)


def test_the_first_images_are_the_known_ones(capsys):
    """Frog and cat, the first of the official order, with their first pixels as they are printed all over the web."""
    images, labels = ol.data.cifar10(full=False)
    assert [ol.data.CIFAR10_CLASSES[label] for label in labels[:5]] == ["frog", "truck", "truck", "deer", "automobile"]
    assert images[0, 0, :2].tolist() == [[59, 62, 63], [43, 46, 45]]
    images, labels = ol.data.cifar10(False, full=False)
    assert [ol.data.CIFAR10_CLASSES[label] for label in labels[:5]] == ["cat", "ship", "ship", "airplane", "frog"]
    assert images[0, 0, :2].tolist() == [[158, 112, 49], [159, 111, 47]]
    assert capsys.readouterr() == ("", "")  # nothing is said where the subset was asked for


@with_full
@pytest.mark.parametrize("train", [True, False])
def test_every_pixel_is_genuine(train):
    images, labels = ol.data.cifar10(train, root=FULL, full=True)
    assert len(images) == (50_000 if train else 10_000)
    assert (np.bincount(labels) == len(labels) // 10).all()
    small, small_labels, index = sprites.CIFAR10.read(BUNDLED, train)
    np.testing.assert_array_equal(images[index], small)
    np.testing.assert_array_equal(labels[index], small_labels)
    for label in range(10):  # the first of each class, as the manifest says
        ours = index[small_labels == label]
        np.testing.assert_array_equal(np.flatnonzero(labels == label)[: len(ours)], ours)


@with_full
def test_the_constants_are_those_of_all_training_images():
    images, _ = ol.data.cifar10(root=FULL, full=True)
    np.testing.assert_allclose(images.mean((0, 1, 2)), ol.data.CIFAR10_MEAN, atol=5e-5)
    np.testing.assert_allclose(images.std((0, 1, 2)), ol.data.CIFAR10_STD, atol=5e-5)


def test_the_subset_is_said_once_in_one_line(alone, capsys):
    ol.data.cifar10()
    output = capsys.readouterr()
    assert output.out == cifar.CIFAR10.note + "\n"
    assert output.err == ""
    assert "5,000 training and 1,000 test images. The full set (170 MB)" in output.out
    assert output.out.endswith("python -m optlib.data download cifar10\n")
    ol.data.cifar10(False)
    ol.data.cifar10()
    assert capsys.readouterr().out == ""


def test_who_named_a_place_is_told_that_nothing_is_there(alone, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    ol.data.cifar10()
    assert capsys.readouterr().out == f"{cifar.CIFAR10.note} (they are not in OPTLIB_DATA={tmp_path})\n"


def test_the_subset_can_be_had_where_all_images_are(files, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTLIB_DATA", str(fake_cifar.put(tmp_path, files)))
    assert len(ol.data.cifar10()[0]) == 200
    assert len(ol.data.cifar10(full=False)[0]) == 5000
    assert len(ol.data.cifar10(full=False, root=ROOT / "data")[0]) == 5000


@with_full
@pytest.mark.parametrize("train", [True, False])
def test_the_subset_of_all_images_is_the_bundled_one(monkeypatch, train):
    bundled = sprites.CIFAR10.read(BUNDLED, train)
    monkeypatch.setattr(sprites.Subset, "find", lambda self, bases: None)
    for ours, theirs in zip(ol.data.cifar10(train, root=FULL, full=False), bundled, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_where_only_all_images_are_the_subset_is_taken_from_them(files, tmp_path, monkeypatch):
    few = dataclasses.replace(sprites.CIFAR10, train=70)
    fake_cifar.install(monkeypatch, dataclasses.replace(cifar.CIFAR10, subset=few))
    folder = fake_cifar.put(tmp_path, files)
    images, labels = ol.data.cifar10(root=folder)
    few, few_labels = ol.data.cifar10(root=folder, full=False)
    index = sorted(i for label in range(10) for i in np.flatnonzero(labels == label)[:7])
    np.testing.assert_array_equal(few, images[index])
    np.testing.assert_array_equal(few_labels, labels[index])


def test_all_images_can_be_required(alone, monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the full CIFAR-10 is not in data/cifar-10 of .*: python -m optlib"):
        ol.data.cifar10(full=True)
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=rf"is not in OPTLIB_DATA={tmp_path} or in data/cifar-10 of "):
        ol.data.cifar10(full=True)


@pytest.mark.parametrize("broken", ["manifest.json", "train.webp", "test.webp", "labels.npz"])
@pytest.mark.parametrize("how", ["missing", "truncated", "damaged: its SHA-256"])
@pytest.mark.parametrize(("load", "whole", "remedy"), [
    (ol.data.cifar10, BUNDLED, "git checkout"), (ol.data.fashion_mnist, FASHION, "reinstall the package"),
], ids=["cifar10", "fashion_mnist"])  # fmt: skip
def test_a_broken_subset_is_refused_by_name(tmp_path, monkeypatch, load, whole, remedy, broken, how):
    folder = shutil.copytree(whole, tmp_path / whole.name)
    data = bytearray((folder / broken).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / broken).unlink()
    if how != "missing":
        (folder / broken).write_bytes(data[:-5] if how == "truncated" else data)
    monkeypatch.setattr(sprites, "FILES", tmp_path / "none")
    with pytest.raises(OSError, match=rf"{broken} is {how}.*{remedy}"):
        load(broken != "test.webp", root=tmp_path, full=False)


def test_a_tampered_subset_with_a_fitting_manifest_is_refused(tmp_path):
    """The manifest is itself compared with what the package knows."""
    folder = tmp_path / "cifar-10-subset"
    shutil.copytree(BUNDLED, folder)
    tampered = (folder / "labels.npz").read_bytes() + b"0"
    (folder / "labels.npz").write_bytes(tampered)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["labels.npz"] = {"bytes": len(tampered), "sha256": hashlib.sha256(tampered).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    with pytest.raises(OSError, match=r"manifest\.json is damaged"):
        ol.data.cifar10(root=tmp_path, full=False)


def test_without_pillow_there_is_a_clear_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="read with Pillow: python -m pip install pillow"):
        ol.data.cifar10(full=False)


def test_a_pillow_without_webp_is_a_clear_error(monkeypatch):
    features = pytest.importorskip("PIL.features")
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(ImportError, match="this Pillow cannot read WebP"):
        ol.data.cifar10(full=False)


# --- where the package is -------------------------------------------------------------------------------------------


def test_nothing_heavy_is_loaded(files, tmp_path):
    """Not by the full set; Pillow by the sprites, torch by the augmentation only."""
    fake_cifar.put(tmp_path, files)
    code = f"""
import sys, optlib as ol
from optlib.data import cifar
sys.path.insert(0, {str(ROOT / "tests")!r})
import fake_cifar
cifar.CIFAR10 = fake_cifar.official(fake_cifar.contents(), b"")
ol.data.cifar10(root={str(tmp_path)!r})
print("torch" in sys.modules, "PIL" in sys.modules)
ol.data.cifar10(full=False)
print("torch" in sys.modules, "PIL" in sys.modules)
"""
    assert python(code, tmp_path).split() == ["False", "False", "False", "True"]


def test_an_installed_package_outside_the_course(tmp_path):
    shutil.copytree(ROOT / "optlib", tmp_path / "lib" / "optlib", ignore=shutil.ignore_patterns("__pycache__"))
    code = """
import optlib as ol
try:
    ol.data.cifar10()
except FileNotFoundError as error:
    print(error)
"""
    output = python(code, tmp_path, tmp_path / "lib", OPTLIB_DATA="")
    assert "neither CIFAR-10 nor its bundled subset" in output
    assert "python -m optlib.data download cifar10" in output
    assert "OPTLIB_DATA" in output
    # The same package, used from a folder of the course: the subset is found.
    code = "import optlib as ol; print(len(ol.data.cifar10(full=False)[0]))"
    assert python(code, ROOT / "notebooks", tmp_path / "lib") == "5000"
    assert python(code, tmp_path, tmp_path / "lib", OPTLIB_DATA=str(ROOT / "data")) == "5000"


def test_the_images_do_not_ride_in_the_package():
    """CIFAR-10 has no license."""
    assert not list((ROOT / "optlib").rglob("*cifar-10*"))
    assert "cifar" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# --- the script that made the subset ---------------------------------------------------------------------------------


def test_the_script_makes_what_the_loader_reads(files, tmp_path, monkeypatch, capsys):
    few = dataclasses.replace(sprites.CIFAR10, train=70, test=20)
    load, _, *more = script.SETS["cifar10"]
    monkeypatch.setitem(script.SETS, "cifar10", (load, few, *more))
    fake_cifar.put(tmp_path / "full", files)
    out = tmp_path / "cifar-10-subset"
    monkeypatch.setattr(sys, "argv", ["script", "cifar10", "--root", str(tmp_path / "full"), "--out", str(out)])
    script.main()
    manifest = (out / "manifest.json").read_bytes()
    pinned = f"{len(manifest)} bytes, SHA-256 {hashlib.sha256(manifest).hexdigest()}"
    assert pinned in capsys.readouterr().out
    few = dataclasses.replace(few, manifest=fake_cifar.known("manifest.json", manifest))
    monkeypatch.setitem(script.SETS, "cifar10", (load, few, *more))
    for train, each in ((True, 7), (False, 2)):
        images, labels = ol.data.cifar10(train, root=tmp_path / "full")
        index = sorted(i for label in range(10) for i in np.flatnonzero(labels == label)[:each])
        small, small_labels, positions = few.read(out, train)
        assert positions.tolist() == index
        np.testing.assert_array_equal(small, images[index])
        np.testing.assert_array_equal(small_labels, labels[index])
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    script.main()
    assert "nothing written" in capsys.readouterr().out
    assert before == {path.name: path.stat().st_mtime_ns for path in out.iterdir()}


def test_the_script_wrote_the_manifest_that_is_there():
    manifest = json.loads((BUNDLED / "manifest.json").read_text(encoding="utf-8"))
    assert {name: value for name, value in manifest.items() if name != "files"} == script.about("cifar10")
    assert {path.name for path in BUNDLED.iterdir()} == {*manifest["files"], "manifest.json", ".gitattributes"}
    assert dataclasses.astuple(sprites.CIFAR10.manifest) == dataclasses.astuple(
        fake_cifar.known("manifest.json", (BUNDLED / "manifest.json").read_bytes())
    )
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 10.5e6


@pytest.mark.parametrize("n", [1, 49, 50, 51, 100])
@pytest.mark.parametrize("colors", [(), (3,)])
def test_a_sprite_gives_back_its_images(n, colors):
    images = np.random.default_rng(n).integers(256, size=(n, 32, 32, *colors), dtype=np.uint8)
    picture = script.pack(images)
    assert picture.shape == (-(-n // 50) * 32, 1600, *colors)
    np.testing.assert_array_equal(picture[:32, 32 * (min(n, 50) - 1) : 32 * min(n, 50)], images[min(n, 50) - 1])
    np.testing.assert_array_equal(sprites.unpack(picture, n, images.shape[1:]), images)


def test_the_readme_says_what_is_there():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    size = sum(path.stat().st_size for path in BUNDLED.iterdir())
    assert f"`cifar-10-subset/`, {size / 1e6:.1f} MB" in text
    for path in BUNDLED.glob("[!.]*"):
        assert f"`{path.name}`" in text
    made = "tools/make_subset.py cifar10"
    for word in (cifar.CIFAR10.command, made, "Krizhevsky (2009)", "To remove it", "OPTLIB_DATA"):
        assert word in text, word
