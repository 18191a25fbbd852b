"""The networks of `optlib.vision`: counts, shapes, start, whitening."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from vision_cases import one_thread  # noqa: F401

from optlib import vision
from optlib.vision import VGG16, Normalize, ResNet, ResNet18, ResNet20, SpeedNet, count_parameters, he_, triangle


def smooth_images(n=40, seed=0, side=32):
    """Neighboring pixels and colors are correlated, as in photographs."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, side + 3, side + 3, 3)) + rng.normal(size=(n, side + 3, side + 3, 1))
    noise = sum(noise[:, i : i + side, j : j + side] for i in range(4) for j in range(4)) / 4
    return np.clip(128 + 45 * noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def networks():
    networks = {"ResNet18": ResNet18(), "ResNet20": ResNet20(), "VGG16": VGG16()}
    for size in ("small", "large"):
        networks[size] = SpeedNet(size).initialize(smooth_images(8))
    return networks


NAMES = ("ResNet18", "ResNet20", "VGG16", "small", "large")


@pytest.mark.parametrize(("make", "count"), [
    (ResNet18, 11_173_962),  # as in the public collections of networks for CIFAR-10
    (ResNet20, 269_722),  # shortcuts without parameters, as in the paper
    (lambda: ResNet((16, 32, 64), 3, project=True), 272_474),  # the count where shortcuts are projections
    (VGG16, 14_728_266 - 4_224),  # public ones have 4,224 biases, which BatchNorm subtracts again
])  # fmt: skip
def test_counts_of_parameters_are_the_published_ones(make, count):
    assert count_parameters(make()) == count


def test_counts_of_the_speed_networks():
    small, large = SpeedNet("small"), SpeedNet("large")
    assert round(count_parameters(small), -3) == 147_000
    assert round(count_parameters(large), -5) == 2_000_000
    frozen = small.whiten.weight.numel() + sum(2 * width for width in (32, 64, 64))
    assert count_parameters(small, trainable=True) == count_parameters(small) - frozen


@pytest.mark.parametrize("name", NAMES)
def test_scores_have_the_right_shape_and_gradients_reach_every_parameter(networks, name):
    model = networks[name].train()
    model.zero_grad()
    scores = model(torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert scores.shape == (4, 10)
    nn.functional.cross_entropy(scores, torch.arange(4)).backward()
    for key, p in model.named_parameters():
        if p.requires_grad:
            assert p.grad.isfinite().all(), key
            assert p.grad.any(), key
        else:
            assert p.grad is None


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_is_deterministic_and_takes_each_image_by_itself(networks, name):
    model, x = networks[name].eval(), torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        once, again, alone = model(x), model(x), model(x[1:2])
    assert torch.equal(once, again)
    torch.testing.assert_close(once[1:2], alone, rtol=1e-4, atol=1e-4)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("make", [ResNet18, ResNet20, VGG16, lambda **k: SpeedNet("large", **k), lambda seed: he_(
    nn.Sequential(nn.Conv1d(9, 200, 3), nn.Conv3d(3, 99, 3), nn.BatchNorm2d(3, affine=False)), seed)])  # fmt: skip
def test_weights_have_the_variance_of_he(make):
    for name, layer in make(seed=3).named_modules():
        if isinstance(layer, (nn.modules.conv._ConvNd, nn.Linear)) and name != "whiten":
            inputs, n = layer.weight[0].numel(), layer.weight.numel()
            assert layer.weight.var().item() * inputs / 2 == pytest.approx(1, abs=5 * (2 / n) ** 0.5), name
            assert abs(layer.weight.mean()) < 5 * (2 / inputs / n) ** 0.5, name
            assert layer.bias is None or not layer.bias.any()
        elif isinstance(layer, nn.BatchNorm2d) and layer.affine:
            assert (layer.weight == 1).all()
            assert not layer.bias.any()


def test_he_keeps_the_size_of_signals():
    deep = he_(nn.Sequential(*[each for _ in range(20) for each in (nn.Linear(256, 256), nn.ReLU())]), seed=0)
    x = torch.randn(64, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert 0.5 < deep(x).square().mean() / x.square().mean() < 2


@pytest.mark.parametrize("make", [ResNet20, VGG16, SpeedNet])
def test_torchs_random_numbers_are_neither_read_nor_changed(make):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = make(seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), make(seed=1).parameters(), strict=True))
    assert not torch.equal(first.classifier.weight, make(seed=2).classifier.weight)


def test_relus_stand_where_the_papers_have_them():
    x, model = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), ResNet((4, 6), 1, True).eval()
    start, block = model.stem(x).relu(), model.blocks[1]
    inner = model.blocks[0](start)
    torch.testing.assert_close(block(inner), (block.shortcut(inner) + block.second(block.first(inner).relu())).relu())
    torch.testing.assert_close(model(x), model.classifier(block(inner).mean((2, 3))))
    stage = [nn.Sequential, nn.ReLU]  # a convolution and its BatchNorm
    layers = vision.vgg.VGG([(4, 1), (6, 2)]).layers
    assert [*map(type, layers)] == [*stage, nn.MaxPool2d, *stage, *stage, nn.MaxPool2d]


def test_shortcuts_without_parameters_pass_every_second_pixel_on():
    model = ResNet20().eval()
    block = model.blocks[3]  # the first of the second stage: 16 channels to 32
    for conv in (block.first[0], block.second[0]):
        nn.init.zeros_(conv.weight)
    x = torch.rand(1, 16, 8, 8)
    y = block(x)
    assert y.shape == (1, 32, 4, 4)
    torch.testing.assert_close(y[:, 8:24], x[:, :, ::2, ::2])
    assert not y[:, :8].any()
    assert not y[:, 24:].any()


def test_the_first_layer_whitens():
    pictures = smooth_images()
    model = SpeedNet("small").initialize(pictures)
    x = Normalize()(torch.from_numpy(pictures))
    with torch.no_grad():
        out = model.whiten(x).permute(1, 0, 2, 3).reshape(24, -1).double()
    raw = torch.nn.functional.unfold(x, 2).permute(1, 0, 2).reshape(12, -1).double()
    assert (torch.cov(raw) - torch.eye(12)).abs().max() > 0.5  # the patches themselves are far from white
    assert (torch.cov(out[:12]) - torch.eye(12)).abs().max() < 0.02
    assert out.mean(dim=1).abs().max() < 1e-3
    torch.testing.assert_close(out[12:], -out[:12], rtol=0, atol=1e-4)


def test_the_first_filters_can_start_as_the_identity():
    x = torch.randn(2, 24, 8, 8, generator=torch.Generator().manual_seed(0))
    plain, passing = (SpeedNet("small", seed=3, identity=on) for on in (False, True))
    first = passing.groups[0].first
    torch.testing.assert_close(first(x)[:, :24], x)
    torch.testing.assert_close(first(x)[:, 24:], plain.groups[0].first(x)[:, 24:])
    second = passing.groups[0].second
    torch.testing.assert_close(second(first(x)), first(x))  # as many filters as inputs
    assert torch.equal(passing.classifier.weight, plain.classifier.weight)
    assert torch.equal(passing.whiten.weight, plain.whiten.weight)


def test_of_many_images_some_are_used(monkeypatch):
    monkeypatch.setattr(vision.speednet, "IMAGES", 4)
    pictures = smooth_images(9)
    some, chosen = SpeedNet("small").initialize(pictures), SpeedNet("small").initialize(pictures[::3])
    assert torch.equal(some.whiten.weight, chosen.whiten.weight)
    assert not torch.equal(some.whiten.weight, SpeedNet("small").initialize(pictures[:3]).whiten.weight)


def test_the_whitening_is_frozen_and_must_be_set():
    model = SpeedNet("small")
    with pytest.raises(RuntimeError, match="initialize"):
        model(torch.zeros(1, 3, 32, 32))
    assert not model.whiten.weight.requires_grad
    assert model.whiten.bias.requires_grad
    model.initialize(smooth_images(4))
    other = SpeedNet("small", seed=9)
    other.load_state_dict(model.state_dict())  # a loaded whitening is set
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(model.eval()(x), other.eval()(x))


def test_the_groups_of_parameters_hold_each_trainable_one_once():
    model = SpeedNet("small")
    others, biases = model.parameter_groups(0.5)
    assert (others["lr"], biases["lr"]) == (0.5, 32.0)
    held = [id(p) for group in (others, biases) for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert all(p.ndim == 1 for p in biases["params"])
    assert len(biases["params"]) == 6


def test_triangle():
    factor = triangle(100, peak=0.25, start=0.2, end=0.1)
    values = np.array([factor(t) for t in range(101)])
    assert (values.argmax(), values.max()) == (25, 1.0)
    assert (values[0], values[100]) == pytest.approx((0.2, 0.1))
    np.testing.assert_allclose(np.diff(values[:26]), 0.8 / 25)
    np.testing.assert_allclose(np.diff(values[25:]), -0.9 / 75)
    assert triangle(2)(1) == 1.0


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: SpeedNet("huge"), ValueError, "size='huge'.*small.*large"),
    (lambda: ResNet18(classes=1), ValueError, "classes=1"),
    (lambda: VGG16(seed=-1), ValueError, "seed=-1"),
    (lambda: SpeedNet().initialize(np.zeros((3, 32, 32, 3))), TypeError, "uint8"),
    (lambda: SpeedNet().initialize(np.zeros((3, 3, 32, 32), np.uint8)), ValueError, r"\(3, 3, 32, 32\)"),
    (lambda: triangle(1), ValueError, "steps=1"),
    (lambda: triangle(10, peak=1.0), ValueError, "peak=1.0"),
    (lambda: count_parameters([]), TypeError, "model is a list; it must be a torch.nn.Module"),
])  # fmt: skip
def test_wrong_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
