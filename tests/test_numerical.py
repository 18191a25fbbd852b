"""Numerical derivatives have the orders that they should, and the check of gradients finds wrong ones."""

import numpy as np
import pytest

import optlib as ol
from optlib import numerical

SPHERE = ol.FUNCTIONS["sphere"]
METHODS = {"forward": numerical.forward, "central": numerical.central, "complex step": numerical.complex_step}


def error(method, h):
    return abs(METHODS[method](np.sin, 1.0, h) - np.cos(1.0))


@pytest.mark.parametrize(("method", "order"), [("forward", 1), ("central", 2), ("complex step", 2)])
def test_order_of_the_error(method, order):
    h = np.logspace(-3.5, -1, 20)
    slope = np.polyfit(np.log(h), np.log([error(method, w) for w in h]), 1)[0]
    assert abs(slope - order) < 0.02


def test_known_errors():
    assert 1e-12 < error("central", 1e-5) < 5e-11
    assert error("complex step", 1e-20) < 1e-15
    assert error("central", 1e-12) > 1e-6  # round-off
    assert error("forward", 1e-14) > 1e-4


def test_default_widths_are_near_the_best():
    for method in ("forward", "central"):
        best = min(error(method, h) for h in np.logspace(-12, -1, 100))
        assert abs(METHODS[method](np.sin, 1.0) - np.cos(1.0)) < 300 * max(best, 1e-12)


def test_arrays_entry_by_entry():
    for x in (np.linspace(-2, 2, 7), np.float32(1)):
        for method in METHODS.values():
            assert np.allclose(method(np.sin, x), np.cos(x), atol=1e-7)


@pytest.mark.parametrize(("method", "bound"), [("forward", 1e-6), ("central", 1e-8), ("complex step", 1e-14)])
def test_gradient_of_points(method, bound):
    f = ol.FUNCTIONS["ackley"]
    assert np.allclose(numerical.partials(f.formula, (1.0, 2.0), method=method), f.grad_at(1.0, 2.0), atol=bound)
    x = np.random.default_rng(0).uniform(-2, 2, (4, 5, 2))
    slopes = numerical.gradient(f, x, method=method)
    assert slopes.shape == x.shape
    assert np.abs(slopes - f.grad(x)).max() < bound * np.abs(f.grad(x)).max()
    far = np.array([1e8, -1e8])  # the width grows with the coordinate
    assert np.allclose(numerical.gradient(SPHERE, far, method=method), 2 * far, rtol=1e-8)


def test_hessian_against_the_exact_one():
    x, y = 0.7, -1.3
    exact = [[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 4 * x + 12 * y**2 - 26]]
    assert np.allclose(ol.FUNCTIONS["himmelblau"].hess([x, y]), exact, rtol=1e-8)


def test_check_finds_the_wrong_coordinate():
    f = ol.FUNCTIONS["rosenbrock"]
    x = np.array([[0.3, 0.4], [-1.2, 1.0]])
    assert numerical.check_gradient(f, x)
    wrong = numerical.check_gradient(f, x, grad=lambda x: f.grad(x) + np.array([0.0, 0.01]))
    assert not wrong
    assert wrong.coordinate == 1
    assert wrong.point in ((0.3, 0.4), (-1.2, 1.0))
    assert "WRONG" in repr(wrong)


def test_check_finds_the_published_precedence_bug():
    """f(x + h) - f(x - h) / (2 h): the division takes only the second term."""
    f, h = ol.FUNCTIONS["ackley"], 1e-3

    def published(x):
        return np.array([f(x + step) - f(x - step) / (2 * h) for step in h * np.eye(2)])

    assert not numerical.check_gradient(f, np.array([-2.0, -2.0]), grad=published)


def test_check_fails_on_nan_and_on_the_gradient_of_the_sum_over_a_batch_and_allows_what_it_is_told():
    assert not numerical.check_gradient(SPHERE, np.ones(2), grad=lambda x: x * np.nan)
    assert "allowed inf" in repr(numerical.check_gradient(SPHERE, np.ones(2), tol=np.inf))
    x = np.array([[1.0, 2.0], [3.0, -0.5]])
    norm = lambda p: np.linalg.norm(p)
    assert not numerical.check_gradient(norm, x, grad=lambda p: p / np.linalg.norm(p))
    assert numerical.check_gradient(norm, x, grad=lambda p: p / np.linalg.norm(p, axis=-1, keepdims=True))


@pytest.mark.parametrize(("call", "error", "message"), [
    *((lambda h=h: numerical.central(np.sin, 1.0, h=h), ValueError, "h=") for h in (0.0, -1e-3, np.nan)),
    *((lambda h=h: numerical.gradient(SPHERE, np.ones(2), h=h), ValueError, "h=") for h in (0.0, -1e-3, np.nan)),
    (lambda: numerical.gradient(SPHERE, np.ones(2), method="backward"), ValueError, "method='backward'"),
    *((lambda d=d: d(np.sin, 1.0), ValueError, "single number") for d in (numerical.gradient, numerical.hessian)),
    (lambda: numerical.check_gradient(np.sin, np.ones(2)), TypeError, "no grad"),
    (lambda: numerical.check_gradient(SPHERE, np.ones(2), tol=0), ValueError, "tol=0"),
    (lambda: numerical.check_gradient(SPHERE, np.ones(2), grad=lambda x: x[None]), ValueError, r"shape \(1, 2\)"),
])  # fmt: skip
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("f", [
    lambda p: np.linalg.norm(p), lambda p: np.max(np.abs(p)), lambda p: p[0] if p[0] > p[1] else p[1],
    lambda p: np.sum(p**2, axis=0) if np.ndim(p) == 1 else np.sum(p, axis=0), lambda p: p[0] ** 2 + 3 * p[1],
])  # fmt: skip
def test_a_function_that_mixes_points_is_differentiated_point_by_point(f):
    x = np.array([[1.0, 2.0], [2.0, -0.5]])  # where a mix up of its axes is not seen
    alone = np.stack([numerical.gradient(f, point) for point in x])
    assert np.allclose(numerical.gradient(f, x), alone)
    assert numerical.check_gradient(f, x, grad=lambda x: alone)
    assert not numerical.check_gradient(f, x, grad=lambda x: alone * [1.0, 1.001] + [0.0, 1e-4])
    curved = np.stack([numerical.hessian(lambda p: p / np.linalg.norm(p), point) for point in x])
    assert np.allclose(numerical.hessian(lambda p: p / np.linalg.norm(p), x), curved)
    assert np.allclose(numerical.hessian(lambda p: [[2, 1], [1, 3]] @ p, np.zeros((2, 2, 2))), [[2, 1], [1, 3]])
