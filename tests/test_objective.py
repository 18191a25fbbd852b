"""Functions of the reader's own."""

import copy
import functools
import math

import numpy as np
import pytest
import torch

import optlib as ol


def bowl(x, y):
    return x**2 + 3 * y**2


BOWL_SLOPES = lambda x, y: (2 * x, 6 * y)


@pytest.mark.parametrize("grad", ["numerical", "torch", BOWL_SLOPES], ids=["numerical", "torch", "own"])
def test_gradient_and_minimum(grad):
    f = ol.objective(bowl, grad=grad, start=(2.0, -1.0))
    x = np.random.default_rng(0).normal(size=(7, 2))
    assert f.grad(x).shape == x.shape
    assert np.allclose(f.grad(x), x * [2, 6], rtol=1e-8, atol=1e-8)
    assert np.allclose(f.grad_at(1.0, 2.0), (2.0, 12.0), rtol=1e-8)
    assert np.allclose(ol.minimize(f, ol.GradientDescent(lr=0.1), steps=100).end, 0, atol=1e-6)
    assert np.allclose(ol.minimize(f, ol.GradientDescent(lr=np.array([[0.1], [0.2]])), steps=100).end, 0, atol=1e-6)


def test_a_formula_in_torch():
    f = ol.objective(lambda x, y: torch.sin(x) ** 2 + torch.cosh(y), grad="torch", start=(1.0, 1.0))
    assert np.isclose(f(np.array([1.0, 1.0])), np.sin(1) ** 2 + np.cosh(1))
    assert np.allclose(f.grad(np.array([1.0, 1.0])), [np.sin(2), np.sinh(1)])
    assert type(f.at(1.0, 2.0)) is float
    assert torch.is_tensor(f(torch.ones(3, 2)))
    assert np.allclose(ol.minimize(f, ol.Adam(lr=0.1), steps=300).end, 0, atol=1e-2)
    assert np.allclose(ol.objective(lambda x, y: x**2, grad="torch").grad(np.array([1.0, 5.0])), [2, 0])


def test_defaults_and_description():
    f = ol.objective(lambda x, y, z: x * y * z)
    assert f.dim == 3
    assert f.start == (1.0, 1.0, 1.0)
    assert f.domain == ((-5.0, 5.0),) * 3
    assert f.name == "your function"
    assert ol.objective(bowl, minima=[(0, 0)]).minimum == 0
    assert ol.objective(lambda *x: sum(v**2 for v in x), dim=4).dim == 4
    assert copy.deepcopy(ol.objective(bowl))(np.ones(2)) == 4


T, Y = np.arange(5.0), 2 * np.arange(5.0) + 1
DATA = np.random.default_rng(2).normal(size=(8, 2))  # as many rows as the points that are tried
MIXING = {  # function of the coordinates, number of coordinates, its value at one point, written another way
    "norm": (lambda x, y: np.linalg.norm([x, y]), 2, lambda x, y: math.hypot(x, y)),
    "largest": (lambda x, y: np.max(np.abs([x, y])), 2, lambda x, y: max(abs(x), abs(y))),
    "sum": (lambda x: (x**2).sum(), 1, lambda x: x * x),
    "mean over data": (lambda a, b: np.mean((a * T + b - Y) ** 2), 2,
                       lambda a, b: sum((a * t + b - y) ** 2 for t, y in zip(T, Y, strict=True)) / 5),
    "columns of data": (lambda a, b: np.mean((a * DATA[:, 0] + b * DATA[:, 1]) ** 2), 2,
                        lambda a, b: sum((a * t + b * y) ** 2 for t, y in DATA) / 8),
    "math": (lambda x, y: math.exp(x) + y, 2, lambda x, y: math.e**x + y),
    "if": (functools.cache(lambda x, y: x if x > y else y), 2, max),
    "product": (lambda x, y: (np.array([[2, 1], [1, 3]]) @ [x, y])[0] ** 2, 2, lambda x, y: (2 * x + y) ** 2),
    "vector": (lambda p: p[0] ** 2 + p[1], 2, lambda x, y: x * x + y),
    "form": (lambda p: p @ np.diag([1.0, 3.0]) @ p, 2, lambda x, y: x * x + 3 * y * y),
    "vector of one": (lambda p: p[0] ** 2, 1, lambda x: x * x),
    "mean of a vector": (lambda p, power=2: np.mean(p**power), 3, lambda x, y, z: (x * x + y * y + z * z) / 3),
}  # fmt: skip
POINTS = np.array([[0.5, -1.5, 2.0], [-1.25, 2.0, 0.25], [2.0, 0.25, -0.125], [0.25, -0.75, 3.0]])


@pytest.mark.parametrize(("fn", "d", "right"), MIXING.values(), ids=MIXING)
def test_each_point_of_a_batch_has_the_value_that_it_has_alone(fn, d, right):
    f, points = ol.objective(fn, start=np.arange(1.0, d + 1)), POINTS[:, :d]
    values = np.array([right(*point) for point in points.tolist()])
    assert np.allclose(f(points), values, rtol=1e-12)
    assert np.allclose(f(points.reshape(2, 2, d)), values.reshape(2, 2), rtol=1e-12)
    assert np.allclose([f(point) for point in points], values, rtol=1e-12)
    slopes = [ol.numerical.partials(right, point) for point in points.tolist()]
    assert np.allclose(f.grad(points), slopes, rtol=1e-6, atol=1e-9)
    assert ol.numerical.check_gradient(f, points)
    assert np.allclose(f(torch.tensor(points)), values)
    assert f(points.astype(np.float32)).dtype == np.float32
    paths = ol.minimize(f, ol.GradientDescent(lr=0.01), points, steps=3)
    alone = [ol.minimize(f, ol.GradientDescent(lr=0.01), point, steps=3).end for point in points]
    assert np.allclose(paths.end, alone, rtol=1e-6)


MIXING_IN_TORCH = {
    "norm": (lambda x, y: torch.linalg.norm(torch.stack([x, y])), MIXING["norm"][2]),
    "largest": (lambda x, y: torch.stack([x, y]).abs().max(), MIXING["largest"][2]),
    "if": (lambda x, y: x if x > y else y, max),
    "mean over data": (lambda a, b: ((a * torch.tensor(T) + b - torch.tensor(Y)) ** 2).mean(),
                       MIXING["mean over data"][2]),
    "vector": (lambda p: (p**2).sum(), lambda x, y: x * x + y * y),
}  # fmt: skip


@pytest.mark.parametrize(("fn", "right"), MIXING_IN_TORCH.values(), ids=MIXING_IN_TORCH)
def test_each_point_has_the_gradient_by_torch_that_it_has_alone(fn, right):
    f, points = ol.objective(fn, grad="torch", start=(1.0, 2.0)), POINTS[:, :2]
    assert np.allclose(f(points), [right(*point) for point in points.tolist()])
    slopes = [ol.numerical.partials(right, point) for point in points.tolist()]
    assert np.allclose(f.grad(points), slopes, rtol=1e-6, atol=1e-9)
    assert torch.is_tensor(f(torch.tensor(points)))
    assert torch.is_tensor(f.grad(torch.tensor(points)))


def test_a_vector_that_is_multiplied_has_in_a_batch_the_values_of_its_points():
    a = np.array([1.0, 2.0])
    slopes = lambda p: 2 * (a @ p) * np.multiply.outer(a, np.ones(p.shape[1:]))
    f = ol.objective(lambda p: (a @ p) ** 2, slopes, start=(1.0, 1.0))
    x = np.arange(12.0).reshape(2, 3, 2)
    np.testing.assert_array_equal(f(x), (x @ a) ** 2)
    np.testing.assert_array_equal(f.grad(x), 2 * (x @ a)[..., None] * a)
    constant = ol.objective(lambda p: a @ p, grad=lambda p: a, start=(1.0, 1.0))
    assert constant.grad(np.ones((1, 2, 2))).tolist() == [[[1, 2], [1, 2]]]


@pytest.mark.parametrize("f", [
    ol.objective(lambda x, y: math.exp(x) * y), ol.objective(lambda x, y: torch.exp(x) * y, grad="torch"),
], ids=["point by point", "torch"])  # fmt: skip
def test_whole_numbers_are_points_as_any_others(f):
    assert float(f(np.array([1, 2]))) == float(f.at(np.uint8(1), 2)) == pytest.approx(2 * math.e)
    assert f.grad(np.array([1, 2])).tolist() == pytest.approx([2 * math.e, math.e])
    assert ol.FUNCTIONS["rosenbrock"](torch.tensor([300, 2], dtype=torch.int16)) == pytest.approx(809_964_089_801)
    assert ol.FUNCTIONS["rosenbrock"].at(*np.array([300, 2], np.int16)) == pytest.approx(809_964_089_801)
    assert ol.FUNCTIONS["rosenbrock"].grad_at(*np.array([300, 2], np.int16))[1] == pytest.approx(-17_999_600)
    assert ol.objective(lambda x: x**2).hess(2.0) == pytest.approx(2)


def test_slopes_of_ones_own_that_mix_points():
    f = ol.objective(lambda p: np.linalg.norm(p), grad=lambda p: p / np.linalg.norm(p), start=(1.0, 2.0))
    assert np.allclose(f.grad(POINTS[:, :2]), POINTS[:, :2] / np.linalg.norm(POINTS[:, :2], axis=1, keepdims=True))
    mesh = np.arange(8.0).reshape(2, 2, 2)
    assert np.allclose(ol.objective(bowl, lambda x, y: np.diag([2, 6]) @ [x, y]).grad(mesh), mesh * [2, 6])
    assert ol.objective(lambda x, y: x + 2 * y, lambda x, y: (1.0, 2.0)).grad(POINTS[:, :2]).tolist() == [[1, 2]] * 4


def test_a_formula_is_called_once_for_many_points():
    sizes = []
    f = ol.objective(lambda x, y: sizes.append(np.size(x)) or x * y)
    sizes.clear()
    f(np.ones((1000, 2)))
    assert sizes == [1000]


@pytest.mark.parametrize(("vectorize", "values"), [(None, [0.5, 1.0]), (True, [0.5, 1.0]), (False, 1.0)])
def test_vectorize_decides(vectorize, values):
    f = ol.objective(lambda x, y: np.max([x, y]), vectorize=vectorize)
    assert np.array_equal(f(np.array([[0.5, 0.25], [1.0, 0.5]])), values)


def test_points_where_a_function_raises_are_undefined():
    f = ol.objective(lambda x: math.log(x) / x, start=2.0)
    values = f(np.array([[1.0], [0.0], [-1.0]]))
    assert values[0] == 0
    assert np.isnan(values[1:]).all()
    assert np.isnan(f.at(-1.0))


def test_arguments_with_a_default_are_no_coordinates():
    def banana(x, y, a=1.0, b=100.0):
        return (a - x) ** 2 + b * (y - x**2) ** 2

    for f in (ol.objective(banana), ol.objective(banana, start=(-1.2, 1.0))):
        assert np.isclose(f([-1.2, 1.0]), ol.FUNCTIONS["rosenbrock"]([-1.2, 1.0]))
    assert ol.objective(banana, dim=3).dim == 3  # on request


@pytest.mark.parametrize("library", [np.asarray, torch.tensor])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_slopes_are_right_to_the_precision_of_the_point(library, dtype):
    x = library(np.array([[3.0, 2.0], [-1.0, 0.5]], dtype))
    slopes = ol.objective(lambda x, y: x**2 * y).grad(x)
    assert slopes.dtype == x.dtype
    assert np.allclose(slopes, [[12, 9], [-1, 1]], rtol=1e-3 if dtype == "float16" else 1e-6)


def test_a_function_that_computes_in_float32_is_differenced_in_wide_steps():
    f = ol.objective(lambda x: np.sin(np.asarray(x, np.float32)))
    assert np.allclose(f.grad(np.array([[0.5], [2.0]])), np.cos([[0.5], [2.0]]), atol=1e-4)


def test_a_minimum_where_the_formula_is_nan_has_the_value_beside_it():
    f = ol.objective(lambda x: -np.sinc(x) * x / x, minima=[(0,)], start=0.5)
    assert np.isclose(f.minimum, -1, atol=1e-9)
    picture = ol.plots.loss(ol.minimize(f, ol.GradientDescent(lr=0.1), steps=9))
    assert np.isfinite(picture.axes.lines[0].get_ydata()).all()


@pytest.mark.parametrize(("arguments", "error", "named"), [
    ({"fn": 3}, TypeError, "fn=3"), ({"fn": lambda *x: 0.0}, ValueError, "give dim="),
    ({"fn": bowl, "dim": 0}, ValueError, "dim=0"), ({"fn": bowl, "grad": "exact"}, ValueError, "grad='exact'"),
    ({"fn": lambda p: p @ p, "start": [[1.0, 2.0]]}, ValueError, "start=.* must be a 1-D array"),
    ({"fn": bowl, "domain": [(0, np.inf)] * 2}, ValueError, r"\(0.0, inf\) must have .* both finite"),
    ({"fn": bowl, "start": (1, 2, 3), "dim": 2}, ValueError, "start="),
    ({"fn": bowl, "domain": ((1, 0), (0, 1))}, ValueError, r"\(1.0, 0.0\)"),
    ({"fn": lambda x: x, "domain": (-1, 5)}, ValueError, r"domain=\(-1, 5\) as many pairs \(low, high\)"),
    ({"fn": bowl, "grad": lambda x, y: (x,)}, ValueError, "tuple of 2"),
    ({"fn": bowl, "grad": lambda x, y: x}, ValueError, "tuple of 2"),
    ({"fn": lambda x, y: np.stack([x, y])}, ValueError, r"array\(\[1., 1.\]\) at one point"),
    ({"fn": lambda x, y: "x"}, ValueError, "'x' at one point"), ({"fn": lambda x: 1j}, ValueError, "1j at one point"),
    ({"fn": bowl, "minima": ((0, 0), (1,))}, ValueError, r"\(1.0,\)\) must be points of 2 coordinates"),
    ({"fn": lambda x, y: None}, TypeError, "returned None; end it with return"),
    ({"fn": lambda p: p[0] + p[1]}, ValueError, "takes one vector, give start= or dim="),
    ({"fn": lambda x, y: undefined}, NameError, "name 'undefined'"),  # noqa: F821
    ({"fn": lambda x, y, a=1.0: a * x, "start": (1, 2, 3)}, ValueError, "has 3 entries; fn has 2 arguments"),
    ({"fn": bowl, "vectorize": "yes"}, TypeError, "vectorize='yes'"),
    ({"fn": lambda x: math.sin(x), "vectorize": False}, ValueError, "np.sin for math.sin"),
    ({"fn": lambda x: math.sin(x), "grad": "torch"}, ValueError, "torch.sin for math.sin"),
    ({"fn": lambda x, y: math.sin(x) * y, "grad": "torch"}, ValueError, "torch.sin for math.sin"),
    ({"fn": lambda x: np.where(np.abs(x) < 1, np.nan, x), "start": 2, "minima": [0]}, ValueError, "fn is NaN"),
])  # fmt: skip
def test_bad_input(arguments, error, named):
    with pytest.raises(error, match=named):
        ol.objective(**arguments)


def test_axes_bear_the_names_of_the_arguments():
    f = ol.objective(lambda w, b: w**2 + 2 * b**2, start=(1.0, 1.0))
    axes = ol.plots.contour(f).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("w", "b")
    assert '"labels":["w","b"]' in ol.animate(f, ol.minimize(f, ol.GradientDescent(), steps=3)).html()
    for unnamed in (ol.objective(lambda p: p @ p, start=(1.0, 1.0)), ol.FUNCTIONS["rosenbrock"]):
        assert unnamed.names[:2] == ("x", "y")
