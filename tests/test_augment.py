"""Batches of images: each pixel where a slow loop puts it, chance from seed and epoch alone, test images untouched."""

import zlib

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.data import augment
from optlib.data.augment import ImageBatches
from optlib.vision import FlipAndShift, Normalize

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
MEAN, STD = np.float32(ol.data.CIFAR10_MEAN), np.float32(ol.data.CIFAR10_STD)


def some(n=60, height=32, width=32, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(n, height, width, 3), dtype=np.uint8), rng.integers(10, size=n)


def numbered(n=60):
    """Images that say which one they are: two bytes in each pixel; the third says where it is."""
    images = np.zeros((n, 32, 32, 3), np.uint8)
    images[..., 0], images[..., 1] = np.arange(n)[:, None, None] // 256, np.arange(n)[:, None, None] % 256
    images[..., 2] = np.arange(32) * 8
    return images, np.arange(n)


def by_hand(images):
    """Normalized, channels first, in NumPy."""
    return ((images.astype(np.float64) - np.float64(MEAN)) / np.float64(STD)).transpose(0, 3, 1, 2)


def all_of(batches, k=0):
    xs, ys = zip(*batches.epoch(k), strict=True)
    return torch.cat(xs).cpu(), torch.cat(ys).cpu()


# --- normalization --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-6), (torch.float16, 2e-3), (torch.bfloat16, 1e-2)])
def test_normalization_against_numpy(device, dtype, close):
    images, _ = some(7, 5, 9)
    x = augment.normalize(torch.from_numpy(images).to(device), dtype)
    assert (x.shape, x.dtype, x.device.type) == ((7, 3, 5, 9), dtype, device)
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(x.double().cpu(), by_hand(images), atol=close)


def test_the_subset_is_normalized_to_about_0_and_1():
    x = augment.normalize(ol.data.cifar10(full=False)[0])
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), atol=0.03, rtol=0)
    torch.testing.assert_close(x.std((0, 2, 3)), torch.ones(3), atol=0.02, rtol=0)


def test_constants_of_ones_own():
    images, labels = some()
    own = {"mean": images.mean((0, 1, 2)).tolist(), "std": images.std((0, 1, 2)).tolist()}
    for x in (augment.normalize(images, **own), all_of(ImageBatches(images, labels, 7, train=False, **own))[0]):
        torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
        torch.testing.assert_close(x.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


# --- training batches -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
def test_a_whole_epoch_against_a_loop(device):
    """Flip, crop and cutout together, each image found again by trying all ways that it may have gone."""
    images, labels = some(40)
    batches = ImageBatches(images, labels, 16, train=True, cutout=8, seed=3, device=device)
    x, y = all_of(batches, 5)
    order = ol.data.batches(40, 16, seed=3).order(5)
    np.testing.assert_array_equal(y, labels[order])
    padded = augment.pad(torch.from_numpy(images), 4).numpy()
    ways = set()
    for found, i in zip(x.numpy(), order, strict=True):
        fits = [
            (top, left, flip)
            for top in range(9) for left in range(9) for flip in (1, -1)
            if (agree(found, by_hand(padded[i : i + 1, top : top + 32, left : left + 32, :][:, :, ::flip])[0])) > 0.9
        ]  # fmt: skip
        assert len(fits) == 1
        top, left, flip = fits[0]
        window = by_hand(padded[i : i + 1, top : top + 32, left : left + 32][:, :, ::flip])[0]
        rows, columns = np.nonzero(np.all(np.abs(found - window) > 1e-5, axis=0))
        assert np.all(found[:, rows, columns] == 0)
        assert np.ptp(rows) < 8
        assert np.ptp(columns) < 8
        ways.add(fits[0])
    assert len(ways) > 30


def agree(a, b):
    return np.mean(np.abs(a - b) < 1e-5)


@pytest.mark.parametrize("flip", [True, False])
def test_flips_come_by_halves_and_shifts_evenly(flip):
    images, labels = numbered(4000)
    x, y = all_of(ImageBatches(images, labels, 1000, train=True, flip=flip, seed=1))
    column = x[:, 2, 16] * STD[2] + MEAN[2]  # 8 times the column that a pixel came from
    slope = (column[:, 20] - column[:, 12]).round()
    assert set(slope.tolist()) == ({64.0, -64.0} if flip else {64.0})
    if flip:
        assert 0.47 < (slope < 0).float().mean() < 0.53  # 4 standard deviations
    first = torch.where(slope > 0, column[:, 12] / 8 - 12, column[:, 19] / 8 - 12).round().to(int) + 4
    counts = torch.bincount(first, minlength=9)
    assert len(counts) == 9
    assert (abs(counts - 4000 / 9) < 80).all()  # 4 standard deviations


def test_flips_can_alternate_as_those_of_flip_and_shift_do():
    images, labels = numbered(300)
    batches = ImageBatches(images, labels, 100, train=True, flip="alternating", crop=0, seed=4)
    for k in range(4):
        x, y = all_of(batches, k)
        flipped = torch.zeros(300, dtype=bool)
        flipped[y] = x[:, 2, 16, 20] < x[:, 2, 16, 12]
        seen = FlipAndShift(shift=0, seed=4)(torch.from_numpy(images), k, torch.Generator())
        assert torch.equal(flipped, seen[:, 16, 20, 2] < seen[:, 16, 12, 2])
        assert 100 < flipped.sum() < 200


def test_the_border_can_be_the_image_in_the_mirror():
    images, labels = some(200, 9, 9)
    settings = {"train": True, "flip": False, "crop": 3, "seed": 2}
    x, y = all_of(ImageBatches(images, labels, 50, border="reflect", **settings))
    mean_color, again = all_of(ImageBatches(images, labels, 50, **settings))
    assert torch.equal(y, again)  # the same images in the same places, but for the border
    order = ol.data.batches(200, 50, seed=2).order(0)
    padded = np.pad(images[order], ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    for found, other, image in zip(x.numpy(), mean_color.numpy(), padded, strict=True):
        fits = [
            place for place in np.ndindex(7, 7)
            if agree(found, by_hand(image[None, place[0] : place[0] + 9, place[1] : place[1] + 9])[0]) == 1
        ]  # fmt: skip
        assert len(fits) == 1
        inside = np.abs(other).max(0) > 0.005
        assert inside[max(3 - fits[0][0], 0) : 12 - fits[0][0], max(3 - fits[0][1], 0) : 12 - fits[0][1]].mean() > 0.99
        np.testing.assert_allclose(found[:, inside], other[:, inside], atol=1e-6)


def test_recorded_runs_can_be_repeated():
    """Which image is where and how in an epoch, and its numbers: checksums of what the recorded runs saw."""
    images, labels = some(700)
    batches = ImageBatches(images, labels, 256, train=True, cutout=8, seed=3)
    assert [zlib.crc32(all_of(batches, k)[0].contiguous().numpy()) for k in (0, 1)] == [1447202949, 2401935006]
    pictures = torch.from_numpy(images)
    seen = [FlipAndShift(flip)(pictures, 1, torch.Generator().manual_seed(5)) for flip in ("alternating", "random")]
    seen.append(Normalize()(pictures))
    assert [zlib.crc32(each.contiguous().numpy()) for each in seen] == [1633348628, 2599880449, 595977300]


def test_squares_have_their_center_anywhere():
    images, labels = numbered(3000)
    x, _ = all_of(ImageBatches(images, labels, 3000, train=True, flip=False, crop=0, cutout=16, seed=1))
    hole = (x == 0).all(1)
    share = hole.float().mean((1, 2))
    assert share.max() == 0.25  # 16 x 16 of 32 x 32, where nothing lies outside
    assert share.min() >= 1 / 16  # a quarter of the square, where the center is a corner
    often = hole.float().mean(0)
    assert abs(often[15, 15] - 0.25) < 0.03  # 16 of 32 centers cover row 15, 9 of 32 cover row 0
    assert abs(often[0, 0] - (9 / 32) ** 2) < 0.02


def test_every_image_once_in_an_epoch_and_each_epoch_anew():
    images, labels = numbered(100)
    batches = ImageBatches(images, labels, 32, train=True)
    assert len(batches) == 4
    seen = [all_of(batches, k)[1] for k in range(3)]
    for y in seen:
        assert sorted(y.tolist()) == list(range(100))
    assert len({tuple(y.tolist()) for y in seen}) == 3
    x = dict(zip(seen[0].tolist(), all_of(batches, 0)[0], strict=True))
    again = dict(zip(seen[1].tolist(), all_of(batches, 1)[0], strict=True))
    assert sum(torch.equal(x[i], again[i]) for i in range(100)) < 10


def test_the_last_batch_can_be_left_out():
    images, labels = some(100)
    assert [len(y) for _, y in ImageBatches(images, labels, 32, train=True).epoch(0)] == [32, 32, 32, 4]
    batches = ImageBatches(images, labels, 32, train=True, last="drop")
    assert [len(y) for _, y in batches.epoch(0)] == [32, 32, 32]
    assert len(batches) == 3


def test_the_same_again_in_any_order_and_after_a_stop():
    images, labels = some()
    batches = ImageBatches(images, labels, 16, train=True, cutout=4, seed=7)
    first = [all_of(batches, k) for k in range(3)]
    np.random.seed(5)  # noqa: NPY002  (the global state, which must not matter)
    torch.manual_seed(5)
    another = ImageBatches(images, labels, 16, train=True, cutout=4, seed=7)
    for k in (2, 0, 1):
        assert all(torch.equal(a, b) for a, b in zip(all_of(another, k), first[k], strict=True))
    other_seed = ImageBatches(images, labels, 16, train=True, cutout=4, seed=8)
    assert not torch.equal(all_of(other_seed)[0], first[0][0])


def test_the_size_of_the_batches_does_not_change_the_images():
    images, labels = some()
    small, large = (all_of(ImageBatches(images, labels, size, train=True, seed=2), 4) for size in (7, 60))
    assert torch.equal(small[0], large[0])
    assert torch.equal(small[1], large[1])


def test_cutout_changes_nothing_else():
    images, labels = some()
    plain, cut = (all_of(ImageBatches(images, labels, 60, train=True, cutout=c))[0] for c in (0, 8))
    assert torch.equal(torch.where(cut == 0, 0, plain), cut)
    assert (cut == 0).any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_sees_the_same_images():
    images, labels = some()
    both = [all_of(ImageBatches(images, labels, 16, train=True, cutout=4, device=d), 1) for d in ("cpu", "cuda")]
    torch.testing.assert_close(both[0][0], both[1][0], atol=1e-6, rtol=0)
    assert torch.equal(both[0][1], both[1][1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_a_batch_is(dtype):
    images, labels = some()
    for train in (True, False):
        x, y = next(ImageBatches(images, labels, 16, train=train, dtype=dtype).epoch(0))
        assert (x.shape, x.dtype) == ((16, 3, 32, 32), dtype)
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert (y.shape, y.dtype) == ((16,), torch.int64)
        torch.nn.functional.conv2d(x, torch.ones(2, 3, 3, 3, dtype=dtype))


def test_what_was_given_is_not_changed_and_may_be_read_only():
    images, labels = some()
    before = images.copy()
    images.flags.writeable = False
    batches = ImageBatches(images, labels, 16, train=True, crop=0, flip=False)
    for x, _ in batches.epoch(0):
        x.zero_()
    np.testing.assert_array_equal(images, before)
    assert all_of(batches)[0].abs().sum() > 0
    ImageBatches(images[::-1, :, ::-1], labels, 16, train=False)  # negative strides, which torch refuses


# --- test images ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
def test_test_images_are_never_augmented(device):
    images, labels = some(70)
    batches = ImageBatches(images, labels, 32, train=False, seed=9, device=device)
    for k in (0, 1, 5):
        x, y = all_of(batches, k)
        np.testing.assert_array_equal(y, labels)
        np.testing.assert_allclose(x, by_hand(images), atol=1e-6)
    torch.testing.assert_close(x, augment.normalize(images))


@pytest.mark.parametrize("more", [{"flip": True}, {"crop": 4}, {"cutout": 8}, {"last": "drop"}])
def test_to_augment_test_images_is_refused(more):
    with pytest.raises(ValueError, match="test images are neither augmented nor left out"):
        ImageBatches(*some(), 16, train=False, **more)


def test_to_say_no_for_test_images_is_allowed():
    images, labels = some()
    x, _ = all_of(ImageBatches(images, labels, 16, train=False, flip=False, crop=0, cutout=0))
    np.testing.assert_allclose(x, by_hand(images), atol=1e-6)


# --- errors and words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"images": np.zeros((60, 32, 32, 3))}, ValueError, r"images are torch.float64 .* must be uint8"),
        ({"images": np.zeros((60, 3, 32, 32), np.uint8)}, ValueError, r"shape \(60, 3, 32, 32\)"),
        ({"images": np.zeros((0, 32, 32, 3), np.uint8)}, ValueError, r"shape \(0, 32, 32, 3\)"),
        ({"labels": np.zeros(59, int)}, ValueError, r"labels are torch.int64 of shape \(59,\); .* the 60 images"),
        ({"labels": np.zeros(60)}, ValueError, "labels are torch.float64"),
        ({"size": 61}, ValueError, "size=61 must be an integer from 1 to 60"),
        ({"size": 0}, ValueError, "size=0"),
        ({"train": "yes"}, TypeError, "train='yes' must be True"),
        ({"flip": 0.5}, TypeError, "flip=0.5 must be True or False"),
        ({"flip": "both"}, TypeError, "flip='both' must be True or False or 'alternating'"),
        ({"border": "black"}, ValueError, "border='black' must be 'mean' or 'reflect'"),
        ({"border": "reflect", "crop": 32}, ValueError, "crop=32 must be an integer from 0 to 31"),
        ({"crop": -1}, ValueError, "crop=-1 must be an integer from 0 to 32"),
        ({"crop": True}, TypeError, "crop=True must be an integer"),
        ({"crop": 1.5}, TypeError, "crop=1.5 must be an integer"),
        ({"cutout": 33}, ValueError, "cutout=33 must be an integer from 0 to 32"),
        ({"seed": -1}, ValueError, "seed=-1"),
        ({"last": "weight"}, ValueError, "last='weight' must be 'keep' or 'drop'"),
        ({"std": (1, 0, 1)}, ValueError, "std above 0"),
        ({"mean": 0.5}, ValueError, "must be three numbers each"),
    ],
)
def test_bad_arguments(change, error, words):
    images, labels = some()
    arguments = {"images": images, "labels": labels, "size": 16, "train": True} | change
    with pytest.raises(error, match=words):
        ImageBatches(**arguments)


def test_a_bad_epoch():
    batches = ImageBatches(*some(), 16, train=True)
    for bad, error in ((-1, ValueError), (0.5, TypeError)):
        with pytest.raises(error, match=f"k={bad} must be an integer of at least 0"):
            next(batches.epoch(bad))


def test_it_says_what_it_does():
    images, labels = some()
    assert repr(ImageBatches(images, labels, 16, train=True, cutout=8)) == (
        "<ImageBatches: 60 images in 4 batches of 16 on cpu, shuffled, flip, crop 4, cutout 8>"
    )
    mirrored = ImageBatches(images, labels, 16, train=True, flip="alternating", border="reflect")
    assert "alternating flip, crop 4, reflected>" in repr(mirrored)
    assert repr(ImageBatches(images, labels, 16, train=False)) == (
        "<ImageBatches: 60 images in 4 batches of 16 on cpu, in order, not augmented>"
    )
