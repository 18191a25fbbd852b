"""Sharpness against torch's exact Hessian, for one network and for many, and what it refuses."""

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.training.layout import flatten

rng = np.random.default_rng(0)
DATA = ol.data.Data(rng.standard_normal((30, 5)), rng.integers(3, size=30))
NETWORK = ol.networks.MLP([5, 4, 3])


def largest_eigenvalue(network, params):
    """Of the Hessian by automatic differentiation."""
    shapes, activation = network.shapes, getattr(torch, network.activation)

    def loss(w):
        parts = w.split([int(np.prod(shape)) for shape in shapes.values()])
        W1, b1, W2, b2 = (part.reshape(shape) for part, shape in zip(parts, shapes.values(), strict=True))
        z = activation(torch.tensor(DATA.x) @ W1 + b1) @ W2 + b2
        return torch.nn.functional.cross_entropy(z, torch.tensor(DATA.y))

    hessian = torch.autograd.functional.hessian(loss, torch.tensor(flatten(params, shapes)))
    return torch.linalg.eigvalsh(hessian)[-1].item()


@pytest.mark.parametrize("network", [NETWORK, ol.networks.MLP([5, 40, 3], "relu")])
def test_it_is_the_largest_eigenvalue_of_the_hessian(network):
    many = network.init(seed=range(9))
    exact = [largest_eigenvalue(network, ol.networks.pick(many, k)) for k in range(9)]
    np.testing.assert_allclose(ol.sharpness(network, many, DATA), exact, rtol=1e-3)
    assert ol.sharpness(network, network.init(seed=2), DATA, products=1000) == pytest.approx(exact[2], rel=1e-8)


def test_more_products_never_make_it_smaller():
    values = [ol.sharpness(NETWORK, NETWORK.init(seed=1), DATA, products) for products in (1, 2, 4, 8, 16)]
    assert (np.diff(values) > 0).all()


def test_after_a_run_has_diverged_there_is_none():
    run = ol.train(NETWORK, ol.GradientDescent(lr=1e200), DATA, batch=30, steps=4, path=True)
    values = ol.sharpness(NETWORK, run.path, DATA)
    assert values[0] == pytest.approx(ol.sharpness(NETWORK, NETWORK.init(seed=0), DATA))
    assert np.isnan(values[1:]).all()


def test_of_no_networks_there_are_no_values():
    none = {name: np.stack([w])[:0] for name, w in NETWORK.init(seed=0).items()}
    assert ol.sharpness(NETWORK, none, DATA).shape == (0,)


def test_what_has_no_sharpness_is_refused_in_words():
    params = NETWORK.init(seed=0)
    with pytest.raises(TypeError, match="sharpness: params are float32; only float64 is allowed"):
        ol.sharpness(NETWORK, NETWORK.init(seed=0, dtype=np.float32), DATA.astype(np.float32))
    with pytest.raises(ValueError, match="sharpness: products=0"):
        ol.sharpness(NETWORK, params, DATA, products=0)
    with pytest.raises(TypeError, match="sharpness: data is a tuple"):
        ol.sharpness(NETWORK, params, (DATA.x, DATA.y))
    real = type("Real", (ol.networks.MLP,), {"backward": lambda self, params, x, y: (0.0, self.init())})([5, 4, 3])
    with pytest.raises(TypeError, match="sharpness: Real.backward gives real gradients for complex weights"):
        ol.sharpness(real, params, DATA)
