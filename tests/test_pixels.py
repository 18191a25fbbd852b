"""Windows, squares and borders of images: each pixel where a slow loop puts it."""

import numpy as np
import pytest
import torch
from test_augment import DEVICES, some

from optlib.data.augment import normalize
from optlib.data.pixels import cut_out, pad, windows


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("height", "width"), [(32, 32), (5, 7), (1, 1)])
def test_windows_against_a_loop(device, height, width):
    images, _ = some(20, height + 4, width + 6)
    rng = np.random.default_rng(1)
    index, top, left = rng.integers(20, size=50), rng.integers(5, size=50), rng.integers(7, size=50)
    flipped = rng.random(50) < 0.5
    tensors = (torch.from_numpy(array).to(device) for array in (images, index, top, left, flipped))
    found = windows(*tensors, height, width).cpu().numpy()
    for b in range(50):
        window = images[index[b], top[b] : top[b] + height, left[b] : left[b] + width]
        np.testing.assert_array_equal(found[b], window[:, ::-1] if flipped[b] else window)


@pytest.mark.parametrize("device", DEVICES)
def test_windows_that_reach_beyond_the_border_see_the_image_in_the_mirror(device):
    images, _ = some(9, 5, 7)
    places = [(top, left, flip) for top in range(-4, 5) for left in range(-6, 7) for flip in (False, True)]
    index = np.arange(len(places)) % 9
    tensors = (torch.as_tensor(each).to(device) for each in (images, index, *zip(*places, strict=True)))
    found = windows(*tensors, 5, 7).cpu().numpy()
    padded = np.pad(images, ((0, 0), (4, 4), (6, 6), (0, 0)), mode="reflect")
    for i, (top, left, flip), window in zip(index, places, found, strict=True):
        expected = padded[i, top + 4 : top + 9, left + 6 : left + 13]
        np.testing.assert_array_equal(window, expected[:, ::-1] if flip else expected)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("last", [True, False])
def test_squares_against_a_loop(device, last):
    x = torch.randn(30, 3, 9, 12, device=device)
    if last:
        x = x.to(memory_format=torch.channels_last)
    before = x.clone()
    rng = np.random.default_rng(2)
    top, left = rng.integers(-4, 9, size=30), rng.integers(-4, 12, size=30)
    found = cut_out(x, torch.from_numpy(top).to(device), torch.from_numpy(left).to(device), 5)
    for b in range(30):
        before[b, :, max(top[b], 0) : top[b] + 5, max(left[b], 0) : left[b] + 5] = 0
    assert torch.equal(found, before)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(x, found)


@pytest.mark.parametrize("pixels", [0, 1, 4])
def test_the_border_has_the_mean_color(pixels):
    images, _ = some(3, 6, 5)
    padded = pad(torch.from_numpy(images), pixels).numpy()
    assert padded.shape == (3, 6 + 2 * pixels, 5 + 2 * pixels, 3)
    inner = padded[:, pixels : pixels + 6, pixels : pixels + 5].copy()
    np.testing.assert_array_equal(inner, images)
    if pixels:
        assert padded[:, 0, 0].tolist() == padded[:, -1, -1].tolist() == 3 * [[125, 123, 114]]
        assert normalize(padded)[:, :, 0, 0].abs().max() < 0.005
