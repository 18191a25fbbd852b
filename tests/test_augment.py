"""Augmented batches: each pixel where a slow loop puts it, random numbers from seed and epoch alone, numbers pinned."""

import zlib

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.data.pixels import windows
from optlib.vision import FlipAndShift, Normalize
from optlib.vision.images import InOrder, Shuffled

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


def some(n=60, height=32, width=32):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(n, height, width, 3), dtype=np.uint8)
    return torch.from_numpy(images), torch.from_numpy(rng.integers(10, size=n))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def shuffled(size=16, seed=7, device="cpu", n=60):
    images, labels = (each.to(device) for each in some(n))
    return Shuffled(images, labels, size, seed, FlipAndShift("random", shift=4))


def all_of(batches, k=0):
    x, labels = zip(*batches.epoch(k), strict=True)
    return torch.cat(x).cpu(), torch.cat(labels).cpu()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("mean", "std"), [((10, 20, 30), (1, 2, 4)), (ol.data.CIFAR10_MEAN, ol.data.CIFAR10_STD)], ids=["own", "default"]
)
def test_normalization_against_numpy(device, mean, std):
    images, _ = some(7, 5, 9)
    x = Normalize(mean, std)(images.to(device))
    floats = images.float().to(device)
    assert torch.equal(Normalize(mean, std)(floats), x)
    assert torch.equal(floats, images.to(floats))  # the caller's are not written to
    assert (x.shape, x.dtype, x.device.type) == ((7, 3, 5, 9), torch.float32, device)
    assert x.is_contiguous(memory_format=torch.channels_last)
    expected = (images.double().numpy() - mean) / std
    np.testing.assert_allclose(x.cpu(), expected.transpose(0, 3, 1, 2), rtol=1e-6, atol=1e-6)


def test_the_subset_is_normalized_to_about_0_and_1():
    x = Normalize()(torch.from_numpy(ol.data.cifar10(full=False)[0]))
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), atol=0.03, rtol=0)
    torch.testing.assert_close(x.std((0, 2, 3)), torch.ones(3), atol=0.02, rtol=0)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("height", "width"), [(32, 32), (5, 7), (1, 1)])
def test_windows_against_a_loop(device, height, width):
    images, _ = some(20, height + 4, width + 6)
    rng = np.random.default_rng(1)
    index, top, left = rng.integers(20, size=50), rng.integers(5, size=50), rng.integers(7, size=50)
    flipped = rng.random(50) < 0.5
    tensors = (torch.as_tensor(each).to(device) for each in (images, index, top, left, flipped))
    for i, row, column, flip, window in zip(index, top, left, flipped, windows(*tensors, height, width), strict=True):
        expected = images[i, row : row + height, column : column + width]
        assert torch.equal(window.cpu(), expected.flip(1) if flip else expected)


@pytest.mark.parametrize("device", DEVICES)
def test_windows_beyond_the_border_are_those_of_numpys_mirrored_padding(device):
    images, _ = some(9, 5, 7)
    places = [(top, left, flip) for top in range(-4, 5) for left in range(-6, 7) for flip in (False, True)]
    index = np.arange(len(places)) % 9
    tensors = (torch.as_tensor(each).to(device) for each in (images, index, *zip(*places, strict=True)))
    padded = np.pad(images, ((0, 0), (4, 4), (6, 6), (0, 0)), mode="reflect")
    for i, (top, left, flip), window in zip(index, places, windows(*tensors, 5, 7).cpu().numpy(), strict=True):
        expected = padded[i, top + 4 : top + 9, left + 6 : left + 13]
        np.testing.assert_array_equal(window, expected[:, ::-1] if flip else expected)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("flip", "ways"), [(None, 25), ("random", 50), ("alternating", 50)])
def test_each_image_is_flipped_and_then_shifted_with_even_chances(device, flip, ways):
    """All ways that an image may go are tried; exactly one fits."""
    images, _ = some(2000, 6, 7)
    augmented = FlipAndShift(flip, shift=2)(images.to(device), 0, generator(1)).cpu()
    counts = []
    for faces in (images, images.flip(2))[: ways // 25]:
        padded = torch.from_numpy(np.pad(faces, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect"))
        candidates = [padded[:, top : top + 6, left : left + 7] for top in range(5) for left in range(5)]
        counts += [(each == augmented).flatten(1).all(1) for each in candidates]
    fits = torch.stack(counts)
    assert (fits.sum(0) == 1).all()
    deviation = np.sqrt(2000 / ways)
    assert (abs(fits.sum(1) - 2000 / ways) < 4 * deviation).all()


def test_alternating_flips_show_both_sides_of_each_image_in_two_epochs():
    x, augment = some()[0], FlipAndShift(shift=0)
    epochs = [augment(x, k, generator(k)) for k in range(4)]  # whatever the random numbers of the epoch
    mirrored = [(epoch == x.flip(2)).flatten(1).all(1) for epoch in epochs]
    plain = [(epoch == x).flatten(1).all(1) for epoch in epochs]
    assert all((m ^ p).all() for m, p in zip(mirrored, plain, strict=True))
    assert 15 < mirrored[0].sum() < 45
    assert torch.equal(mirrored[0], ~mirrored[1])
    assert torch.equal(mirrored[0], mirrored[2])
    assert not torch.equal(FlipAndShift(shift=0, seed=1)(x, 0, generator()), epochs[0])


def test_random_flips_are_drawn_anew_and_can_be_left_out():
    x, augment = some()[0], FlipAndShift("random", shift=0)
    first, second = (augment(x, k, generator(k)) for k in range(2))
    assert 15 < (first == second).flatten(1).all(1).sum() < 45
    assert torch.equal(FlipAndShift(None, shift=0)(x, 1, generator()), x)


def test_recorded_runs_can_be_repeated():
    """Checksums of what the recorded runs saw: flips, shifts, normalization, and whole epochs of batches."""
    images, _ = some(700)
    arrays = [FlipAndShift(flip)(images, 1, generator(5)) for flip in ("alternating", "random")]
    arrays.append(Normalize()(images))
    assert [zlib.crc32(each.contiguous().numpy()) for each in arrays] == [1633348628, 2599880449, 595977300]
    for k, expected in ((0, 2141443334), (5, 1413258829)):
        checksum = 0
        for batch in shuffled(256, seed=3, n=700).epoch(k):
            for each in batch:
                checksum = zlib.crc32(each.contiguous().numpy(), checksum)
        assert checksum == expected


def test_every_image_once_in_an_epoch_and_each_epoch_anew():
    batches = shuffled(32, n=100)
    batches.labels = torch.arange(100)  # which image it is
    assert [len(labels) for _, labels in batches.epoch(0)] == [32, 32, 32, 4]
    epochs = [all_of(batches, k) for k in range(3)]
    for _, labels in epochs:
        assert sorted(labels.tolist()) == list(range(100))
    assert len({tuple(labels.tolist()) for _, labels in epochs}) == 3
    first, second = (x[labels.argsort()] for x, labels in epochs[:2])
    assert (first == second).flatten(1).all(1).sum() < 10


def test_the_same_again_in_any_order_and_after_a_stop():
    epochs = [all_of(shuffled(), k) for k in range(3)]
    np.random.seed(5)  # noqa: NPY002  (the global states must not matter)
    torch.manual_seed(5)
    again = shuffled()
    for k in (2, 0, 1):
        assert all(torch.equal(a, b) for a, b in zip(all_of(again, k), epochs[k], strict=True))
    assert not torch.equal(all_of(shuffled(seed=8))[0], epochs[0][0])


def test_the_size_of_the_batches_does_not_change_the_images():
    assert all(map(torch.equal, all_of(shuffled(7), 4), all_of(shuffled(60), 4)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_sees_the_same_images():
    (x, labels), (other, other_labels) = (all_of(shuffled(device=device), 1) for device in ("cpu", "cuda"))
    torch.testing.assert_close(x, other, atol=1e-6, rtol=0)
    assert torch.equal(labels, other_labels)


def test_what_was_given_is_not_changed():
    images, labels = some()
    before, augment = images.clone(), FlipAndShift()
    assert torch.equal(augment(images, 3, generator(1)), augment(images, 3, generator(1)))
    for x, _ in Shuffled(images, labels, 16).epoch(0):
        x.zero_()
    assert torch.equal(images, before)


def test_test_images_are_all_there_in_order_and_never_augmented():
    images, labels = some(70)
    for k in (0, 1, 5):
        x, y = all_of(InOrder(images, labels, size=32), k)
        assert torch.equal(x, Normalize()(images))
        assert torch.equal(y, labels)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: FlipAndShift("both"), ValueError, "flip='both' must be 'alternating', 'random' or None"),
    (lambda: FlipAndShift(shift=-1), ValueError, "shift=-1 must be an integer of at least 0"),
    (lambda: FlipAndShift(shift=1.5), TypeError, "shift=1.5 must be an integer"),
    (lambda: FlipAndShift(shift=True), TypeError, "shift=True must be an integer"),
    (lambda: FlipAndShift(seed=-1), ValueError, "seed=-1"),
    (lambda: FlipAndShift(shift=6)(some(3, 9, 6)[0], 0, generator()), ValueError, "shift=6 must be less than 9"),
    (lambda: Normalize(std=(1, 0, 1)), ValueError, "std above 0"),
    (lambda: Normalize(mean=0.5), ValueError, "must be three numbers each"),
])  # fmt: skip
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_they_say_what_they_are():
    """A recorded run is compared with its settings by these texts."""
    assert repr(FlipAndShift("random", shift=4)) == "FlipAndShift(flip='random', shift=4, seed=0)"
    assert repr(Normalize((1, 2, 3), (4, 5, 6))) == "Normalize(mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0))"
