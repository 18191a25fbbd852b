"""CIFAR-10: what is read is what the files hold, no damaged or half set is taken for whole, the subset says so."""

import dataclasses
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fake_cifar
import numpy as np
import pytest

import optlib as ol
from optlib.data import cifar, sprites

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = ROOT / "data" / "cifar-10-subset"
FULL = cifar.find()
with_full = pytest.mark.skipif(FULL is None, reason="the full CIFAR-10 is not here")


@pytest.fixture
def files(monkeypatch):
    """The six files of a small set, which the loader then takes for the official one; nothing is found by itself."""
    files = fake_cifar.contents()
    monkeypatch.setattr(cifar, "CIFAR10", fake_cifar.archive(files, b""))
    return files


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("OPTLIB_DATA", raising=False)
    monkeypatch.setattr(cifar, "_noted", False)


@pytest.fixture
def alone(monkeypatch):
    """As on a machine without the full set."""
    if FULL is not None:
        monkeypatch.setattr(cifar, "find", lambda root=None, real=cifar.find: None if root is None else real(root))


def python(code, cwd, path=ROOT, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(path), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


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
    official = cifar.CIFAR10
    assert official.url == "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    assert [file.name for file in official.files] == [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    assert {file.size for file in official.files} == {30_730_000}
    assert all(len(file.sha256) == 64 for file in (official.packed, *official.files))
    assert len({file.sha256 for file in (official.packed, *official.files)}) == 7
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
    monkeypatch.setattr(cifar, "CIFAR10", fake_cifar.archive(files, b""))
    (tmp_path / "course" / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "course" / "notebooks" / "deep")
    assert cifar.find() == tmp_path / "course" / "data" / "cifar-10"
    monkeypatch.setenv("OPTLIB_DATA", str(fake_cifar.put(tmp_path / "named", other)))
    assert cifar.find() == tmp_path / "named"
    assert cifar.find(tmp_path / "course" / "data") == tmp_path / "course" / "data" / "cifar-10"


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
    assert cifar.find() != tmp_path / "cifar-10"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"train": "test"}, TypeError, "train='test' must be True"),
        ({"train": 1}, TypeError, "train=1 must be True"),
        ({"full": "yes"}, TypeError, "full='yes' must be True, False or None"),
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


# --- the subset -----------------------------------------------------------------------------------------------------


def test_the_subset_is_what_it_says(alone):
    for train, count in ((True, 5000), (False, 1000)):
        images, labels = ol.data.cifar10(train)
        assert (images.shape, images.dtype) == ((count, 32, 32, 3), np.uint8)
        assert (labels.shape, labels.dtype) == ((count,), np.int64)
        assert np.bincount(labels).tolist() == [count // 10] * 10
        assert images.flags.c_contiguous
        assert images.flags.writeable
        again, _, index = sprites.read(BUNDLED, train)
        np.testing.assert_array_equal(again, images)
        assert index[0] == 0
        assert (np.diff(index) > 0).all()
        assert index[-1] < 10 * count
        assert len(np.unique(images.reshape(count, -1), axis=0)) == count
        # Near the constants of all training images: a class or a color out of place would be far off.
        np.testing.assert_allclose(images.mean((0, 1, 2)), ol.data.CIFAR10_MEAN, atol=2)
        np.testing.assert_allclose(images.std((0, 1, 2)), ol.data.CIFAR10_STD, atol=1)


def test_the_first_images_are_the_known_ones():
    """Frog and cat, the first of the official order, with their first pixels as they are printed all over the web."""
    images, labels = ol.data.cifar10(full=False)
    assert [ol.data.CIFAR10_CLASSES[label] for label in labels[:5]] == ["frog", "truck", "truck", "deer", "automobile"]
    assert images[0, 0, :2].tolist() == [[59, 62, 63], [43, 46, 45]]
    images, labels = ol.data.cifar10(False, full=False)
    assert [ol.data.CIFAR10_CLASSES[label] for label in labels[:5]] == ["cat", "ship", "ship", "airplane", "frog"]
    assert images[0, 0, :2].tolist() == [[158, 112, 49], [159, 111, 47]]


@with_full
@pytest.mark.parametrize("train", [True, False])
def test_every_pixel_is_genuine(train):
    images, labels = ol.data.cifar10(train, root=FULL, full=True)
    assert len(images) == (50_000 if train else 10_000)
    assert (np.bincount(labels) == len(labels) // 10).all()
    small, small_labels, index = sprites.read(BUNDLED, train)
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
    said = capsys.readouterr()
    assert said.out == cifar.NOTE + "\n"
    assert said.err == ""
    assert "5,000 training and 1,000 test" in said.out
    assert said.out.endswith("python -m optlib.data download cifar10\n")
    ol.data.cifar10(False)
    ol.data.cifar10()
    assert capsys.readouterr().out == ""


def test_who_named_a_place_is_told_that_nothing_is_there(alone, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("OPTLIB_DATA", str(tmp_path))
    ol.data.cifar10()
    assert capsys.readouterr().out == f"{cifar.NOTE} (they are not in OPTLIB_DATA={tmp_path})\n"


def test_nothing_is_said_where_the_subset_was_asked_for(capsys):
    ol.data.cifar10(full=False)
    assert capsys.readouterr() == ("", "")


def test_the_subset_can_be_had_where_all_images_are(files, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTLIB_DATA", str(fake_cifar.put(tmp_path, files)))
    assert len(ol.data.cifar10()[0]) == 200
    assert len(ol.data.cifar10(full=False)[0]) == 5000
    assert len(ol.data.cifar10(full=False, root=ROOT / "data")[0]) == 5000


@with_full
@pytest.mark.parametrize("train", [True, False])
def test_the_subset_of_all_images_is_the_bundled_one(monkeypatch, train):
    bundled = sprites.read(BUNDLED, train)
    monkeypatch.setattr(sprites, "find", lambda bases: None)
    for ours, theirs in zip(ol.data.cifar10(train, root=FULL, full=False), bundled, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_where_only_all_images_are_the_subset_is_taken_from_them(files, tmp_path, monkeypatch):
    monkeypatch.setattr(sprites, "TRAIN_IMAGES", 70)
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


@pytest.mark.parametrize("broken", ["manifest.json", "train.webp", "labels.npz"])
@pytest.mark.parametrize("how", ["missing", "truncated", "damaged"])
def test_a_broken_subset_is_refused_by_name(tmp_path, broken, how):
    folder = tmp_path / "cifar-10-subset"
    shutil.copytree(BUNDLED, folder)
    data = bytearray((folder / broken).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / broken).unlink()
    if how != "missing":
        (folder / broken).write_bytes(data if how == "damaged" else data[:-5])
    with pytest.raises(OSError, match=rf"{broken} is {how}.*git checkout"):
        ol.data.cifar10(root=tmp_path, full=False)


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
    """Neither at import nor by the full set; Pillow by the sprites, torch by the augmentation only."""
    listed = "print([name for name in ('torch', 'PIL', 'urllib.request', 'tarfile') if name in sys.modules])"
    assert python(f"import sys, optlib as ol; ol.data.cifar10; {listed}", ROOT) == "[]"
    fake_cifar.put(tmp_path, files)
    code = f"""
import sys, optlib as ol
from optlib.data import cifar
sys.path.insert(0, {str(ROOT / "tests")!r})
import fake_cifar
cifar.CIFAR10 = fake_cifar.archive(fake_cifar.contents(), b"")
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
    said = python(code, tmp_path, tmp_path / "lib", OPTLIB_DATA="")
    assert "neither CIFAR-10 nor its bundled subset" in said
    assert "python -m optlib.data download cifar10" in said
    assert "OPTLIB_DATA" in said
    # The same package, used from a folder of the course: the subset is found.
    code = "import optlib as ol; print(len(ol.data.cifar10(full=False)[0]))"
    assert python(code, ROOT / "notebooks", tmp_path / "lib") == "5000"
    assert python(code, tmp_path, tmp_path / "lib", OPTLIB_DATA=str(ROOT / "data")) == "5000"


def test_the_images_do_not_ride_in_the_package():
    assert not list((ROOT / "optlib").rglob("*.webp"))
    assert "cifar" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# --- the script that made the subset ---------------------------------------------------------------------------------


def the_script():
    spec = importlib.util.spec_from_file_location("make_cifar_subset", ROOT / "tools" / "make_cifar_subset.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_script_makes_what_the_loader_reads(files, tmp_path, monkeypatch, capsys):
    script = the_script()
    monkeypatch.setattr(sprites, "TRAIN_IMAGES", 70)
    monkeypatch.setattr(sprites, "TEST_IMAGES", 20)
    fake_cifar.put(tmp_path / "full", files)
    out = tmp_path / "cifar-10-subset"
    monkeypatch.setattr(sys, "argv", ["script", "--root", str(tmp_path / "full"), "--out", str(out)])
    script.main()
    manifest = (out / "manifest.json").read_bytes()
    pinned = f"{len(manifest)} bytes, SHA-256 {hashlib.sha256(manifest).hexdigest()}"
    assert pinned in capsys.readouterr().out
    monkeypatch.setattr(sprites, "MANIFEST", fake_cifar.known("manifest.json", manifest))
    for train, each in ((True, 7), (False, 2)):
        images, labels = ol.data.cifar10(train, root=tmp_path / "full")
        index = sorted(i for label in range(10) for i in np.flatnonzero(labels == label)[:each])
        small, small_labels, found = sprites.read(out, train)
        assert found.tolist() == index
        np.testing.assert_array_equal(small, images[index])
        np.testing.assert_array_equal(small_labels, labels[index])
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    script.main()
    assert "nothing written" in capsys.readouterr().out
    assert before == {path.name: path.stat().st_mtime_ns for path in out.iterdir()}


def test_the_script_wrote_the_manifest_that_is_there():
    script, manifest = the_script(), json.loads((BUNDLED / "manifest.json").read_text(encoding="utf-8"))
    assert {name: value for name, value in manifest.items() if name != "files"} == script.ABOUT
    assert {path.name for path in BUNDLED.iterdir()} == {*manifest["files"], "manifest.json", ".gitattributes"}
    assert dataclasses.astuple(sprites.MANIFEST) == dataclasses.astuple(
        fake_cifar.known("manifest.json", (BUNDLED / "manifest.json").read_bytes())
    )
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 10.5e6


@pytest.mark.parametrize("n", [1, 49, 50, 51, 100])
def test_a_sprite_gives_back_its_images(n):
    images = np.random.default_rng(n).integers(256, size=(n, 32, 32, 3), dtype=np.uint8)
    picture = sprites.pack(images)
    assert picture.shape == (-(-n // 50) * 32, 1600, 3)
    np.testing.assert_array_equal(picture[:32, 32 * (min(n, 50) - 1) : 32 * min(n, 50)], images[min(n, 50) - 1])
    np.testing.assert_array_equal(sprites.unpack(picture, n), images)


def test_the_readme_says_what_is_there():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    size = sum(path.stat().st_size for path in BUNDLED.iterdir())
    assert f"`cifar-10-subset/`, {size / 1e6:.1f} MB" in text
    for path in BUNDLED.glob("[!.]*"):
        assert f"`{path.name}`" in text
    for word in (cifar.COMMAND, "tools/make_cifar_subset.py", "Krizhevsky (2009)", "To remove it", "OPTLIB_DATA"):
        assert word in text, word
