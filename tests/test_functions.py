"""Every registered function: gradient, minima, shapes, and what is said about it."""

import math
import pickle

import numpy as np
import pytest
import torch

import optlib as ol

ALL = [*ol.FUNCTIONS.values(), ol.functions.quadratic(angle=20, dim=12, name="quadratic of 12")]  # many coordinates
MINIMIZED = [f for f in ALL if f.minima]
PUBLISHED = {
    "mccormick": -1.9132229549810367, "styblinski_tang": -39.16616570377142 * 2, "goldstein_price": 3.0, "easom": -1.0,
}  # fmt: skip


def each(functions):
    return pytest.mark.parametrize("f", functions, ids=lambda f: f.name)


def points(f, n=1000, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.uniform(low, high, n) for low, high in f.domain], axis=-1)


def autograd(f, x):
    x = torch.tensor(x, requires_grad=True)
    return torch.autograd.grad(f(x).sum(), x)[0].numpy()


def test_the_catalog_is_complete_and_in_order():
    assert list(ol.FUNCTIONS)[:22] == [
        "theta_squared", "two_basins", "lessard", "sphere", "quadratic", "ravine", "saddle", "monkey_saddle", "booth",
        "matyas", "rosenbrock", "beale", "himmelblau", "three_hump_camel", "styblinski_tang", "mccormick",
        "goldstein_price", "ackley", "rastrigin", "griewank", "levy", "easom",
    ]  # fmt: skip


@each(ALL)
def test_gradient_against_automatic_differentiation(f):
    x = points(f)
    assert np.allclose(f.grad(x), autograd(f, x), rtol=1e-11, atol=1e-11 * np.abs(f.grad(x)).max())


@each(ALL)
def test_gradient_against_complex_step(f):
    x = points(f, seed=1)
    stepped = np.stack(ol.numerical.partials(f.at, x.T, method="complex step"), axis=-1)
    assert np.allclose(f.grad(x), stepped, rtol=1e-11, atol=1e-11 * np.abs(f.grad(x)).max())
    assert ol.numerical.check_gradient(f, x)


@each(ALL)
def test_gradient_in_five_dimensions(f):
    if not f.any_dim:
        with pytest.raises(ValueError, match=f"{f.name}.*d=5"):
            f.in_dim(5)
        return
    five = f.in_dim(5)
    path = pickle.loads(pickle.dumps(ol.minimize(f, ol.GradientDescent(), start=five.start, steps=1)))
    assert path.function == five
    x = np.random.default_rng(2).uniform(-2, 2, (50, 5))
    assert np.allclose(five.grad(x), autograd(five, x), rtol=1e-11, atol=1e-11)
    assert np.abs(five.grad(np.array(five.minima[0]))).max() < 1e-12
    assert math.isclose(five.minimum, f.minimum * 5 / 2, abs_tol=1e-12)
    assert len(five.domain) == len(five.start) == five.dim == 5


@each(MINIMIZED)
def test_every_global_minimum_is_one(f):
    lowest = f(points(f, 100_000)).min()
    for m in f.minima:
        m = np.array(m)
        assert abs(f(m) - f.minimum) < 1e-12
        assert np.abs(f.grad(m)).max() < 1e-12 * max(1, np.linalg.norm(f.hess(m)))
        assert all(low <= v <= high for v, (low, high) in zip(m, f.domain, strict=True))
    assert f.minimum <= lowest
    if f.name in PUBLISHED:
        assert math.isclose(f.minimum, PUBLISHED[f.name], rel_tol=1e-12)


@each([f for f in ALL if f.local_minima])
def test_every_local_minimum_is_one(f):
    for m in f.local_minima:
        m = np.array(m)
        assert f(m) > f.minimum + 1e-6
        hessian = f.hess(m)
        assert np.abs(f.grad(m)).max() < 1e-12 * max(1, np.linalg.norm(hessian))
        assert np.linalg.eigvalsh(hessian).min() > 0


def test_saddles_have_curvatures_of_both_signs():
    assert np.allclose(np.linalg.eigvalsh(ol.FUNCTIONS["saddle"].hess((0.0, 0.0))), [-2, 2])
    monkey = ol.FUNCTIONS["monkey_saddle"]
    assert np.allclose(monkey.hess((0.0, 0.0)), 0, atol=1e-9)
    assert monkey.minima == ol.FUNCTIONS["saddle"].minima == ()


def test_two_basins_has_all_that_it_promises():
    f = ol.FUNCTIONS["two_basins"]
    slope = lambda x: f.grad_at(x)[0]
    assert slope(-2.5) == slope(0.0) == 0
    assert slope(-2.6) < 0 > slope(-2.4)  # level, but falling on both sides
    assert slope(-0.1) > 0 > slope(0.1)  # the hilltop
    assert abs(slope(2.9)) < 1e-4  # the plateau
    assert f.at(2.9) > 0.99


def test_lessard_is_continuous_and_convex():
    f = ol.FUNCTIONS["lessard"]
    for border in (1.0, 2.0):
        for values in (f.at, lambda x: f.grad_at(x)[0]):
            assert math.isclose(values(border - 1e-12), values(border), rel_tol=1e-9)
    x = np.linspace(-3, 4, 1001)
    assert (np.diff(f.grad_at(x)[0]) > 0).all()


@each(ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_dtypes(f, dtype):
    for shape in ((), (3,), (2, 4)):
        x = np.full((*shape, f.dim), 0.3, dtype=dtype)
        assert f(x).shape == shape
        assert f(x).dtype == f.grad(x).dtype == dtype
        assert f.grad(x).shape == x.shape
    assert f.hess(np.array(f.start)).shape == (f.dim, f.dim)


@each(ALL)
def test_coordinates_as_floats(f):
    x = points(f, 20)
    for row in x:
        assert math.isclose(f.at(*row.tolist()), f(row), rel_tol=1e-13, abs_tol=1e-13)
        assert np.allclose(f.grad_at(*row.tolist()), f.grad(row), rtol=1e-12, atol=1e-12)
    assert type(f.at(*x[0].tolist())) is float


@each(ol.FUNCTIONS.values())
def test_it_is_described(f):
    assert len(f.source) > 20
    assert f.latex
    assert f.latex.count("{") == f.latex.count("}")
    assert all(low <= v <= high for v, (low, high) in zip(f.start, f.domain, strict=True))
    assert f.name in repr(f)
    assert f._repr_latex_().startswith("$$")
    assert np.linalg.norm(f.grad(np.array(f.start))) > 1e-6


@each(ol.FUNCTIONS.values())
def test_pickled_by_name(f):
    assert pickle.loads(pickle.dumps(f)) is f


@pytest.mark.parametrize(("kappa", "angle", "dim"), [(1, 0, 2), (10, 30, 2), (1000, -45, 2), (100, 20, 5)])
def test_quadratic_has_the_spectrum_asked_for(kappa, angle, dim):
    f = ol.functions.quadratic(kappa=kappa, angle=angle, dim=dim)
    curvatures, axes = np.linalg.eigh(f.hess(np.zeros(dim)))
    assert np.allclose(curvatures, np.geomspace(1 / kappa, 1, dim), rtol=1e-8)
    if kappa > 1:  # the gentle direction is the first axis, turned
        gentle = axes[:, 0] * np.sign(axes[0, 0])
        assert np.allclose(gentle[[0, -1]], [np.cos(np.radians(angle)), np.sin(np.radians(angle))], atol=1e-7)


def test_quadratic_refuses():
    for arguments, named in (({"kappa": 0.5}, "kappa=0.5"), ({"kappa": np.nan}, "kappa=nan"), ({"dim": 1}, "dim=1"),
                             ({"angle": np.inf}, "angle=inf"), ({"dim": 2.5}, "dim=2.5")):  # fmt: skip
        with pytest.raises(ValueError, match=named):
            ol.functions.quadratic(**arguments)


def test_wrong_points_are_refused():
    f = ol.FUNCTIONS["himmelblau"]
    for x, error, words in ((np.zeros(3), ValueError, r"himmelblau: x has shape \(3,\).*2 coordinates"),
                            (1.0, ValueError, r"shape \(\)"), ("ab", TypeError, "himmelblau: x='ab'")):  # fmt: skip
        with pytest.raises(error, match=words):
            f(x)
    assert f([3, 2]) == 0
    with pytest.raises(AttributeError, match=r"it is ready-made: ol\.FUNCTIONS\[\"himmelblau\"\]"):
        ol.functions.himmelblau  # noqa: B018
    with pytest.raises(KeyError, match="did you mean 'himmelblau'"):
        ol.FUNCTIONS["himelblau"]
