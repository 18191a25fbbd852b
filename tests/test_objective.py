"""Functions of the reader's own."""

import copy

import numpy as np
import pytest
import torch

import optlib as ol


def bowl(x, y):
    return x**2 + 3 * y**2


BOWL_SLOPES = lambda x, y: (2 * x, 6 * y)


@pytest.mark.parametrize("grad", ["numerical", "torch", BOWL_SLOPES], ids=["numerical", "torch", "own"])
def test_gradient(grad):
    f = ol.objective(bowl, grad=grad)
    x = np.random.default_rng(0).normal(size=(7, 2))
    assert f.grad(x).shape == x.shape
    assert np.allclose(f.grad(x), x * [2, 6], rtol=1e-8, atol=1e-8)
    assert np.allclose(f.grad_at(1.0, 2.0), (2.0, 12.0), rtol=1e-8)


@pytest.mark.parametrize("grad", ["numerical", "torch", BOWL_SLOPES], ids=["numerical", "torch", "own"])
def test_it_is_minimized(grad):
    f = ol.objective(bowl, grad=grad, start=(2.0, -1.0))
    assert np.allclose(ol.minimize(f, ol.GradientDescent(lr=0.1), steps=100).end, 0, atol=1e-6)
    many = ol.minimize(f, ol.GradientDescent(lr=np.array([[0.1], [0.2]])), steps=100)
    assert np.allclose(many.end, 0, atol=1e-6)


def test_a_formula_in_torch():
    f = ol.objective(lambda x, y: torch.sin(x) ** 2 + torch.cosh(y), grad="torch", start=(1.0, 1.0))
    assert np.isclose(f(np.array([1.0, 1.0])), np.sin(1) ** 2 + np.cosh(1))
    assert np.allclose(f.grad(np.array([1.0, 1.0])), [np.sin(2), np.sinh(1)])
    assert type(f.at(1.0, 2.0)) is float
    assert torch.is_tensor(f(torch.ones(3, 2)))
    assert np.allclose(ol.minimize(f, ol.Adam(lr=0.1), steps=300).end, 0, atol=1e-2)


def test_a_coordinate_that_does_not_matter_has_slope_zero():
    f = ol.objective(lambda x, y: x**2, grad="torch")
    assert np.allclose(f.grad(np.array([1.0, 5.0])), [2, 0])


def test_defaults_and_description():
    f = ol.objective(lambda x, y, z: x * y * z)
    assert f.dim == 3
    assert f.start == (1.0, 1.0, 1.0)
    assert f.domain == ((-5.0, 5.0),) * 3
    assert f.name == "your function"
    assert ol.objective(bowl, minima=[(0, 0)]).minimum == 0
    assert ol.objective(lambda *x: sum(v**2 for v in x), dim=4).dim == 4
    assert copy.deepcopy(ol.objective(bowl))(np.ones(2)) == 4


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"fn": 3}, TypeError, "fn=3"),
        ({"fn": lambda *x: 0.0}, ValueError, "give dim="),
        ({"fn": bowl, "dim": 0}, ValueError, "dim=0"),
        ({"fn": bowl, "start": (1, 2, 3), "dim": 2}, ValueError, "start="),
        ({"fn": bowl, "domain": ((1, 0), (0, 1))}, ValueError, r"\(1.0, 0.0\)"),
        ({"fn": bowl, "grad": "exact"}, ValueError, "grad='exact'"),
        ({"fn": bowl, "grad": lambda x, y: (x,)}, ValueError, "tuple of 2"),
        ({"fn": bowl, "grad": lambda x, y: x}, ValueError, "tuple of 2"),
        ({"fn": lambda x, y: np.stack([x, y])}, ValueError, r"shape \(2, 2\)"),
    ],
)
def test_bad_input(arguments, error, named):
    with pytest.raises(error, match=named):
        ol.objective(**arguments)
