"""Pictures of notebook 03: exponentially weighted averages, and the directions of first steps."""

import re

import numpy as np
import pytest
from picture_cases import *  # noqa: F403

import optlib as ol
from optlib.pictures.averages import average

NOISY = 1 + 0.3 * np.random.default_rng(0).standard_normal(60)
TURNED = ol.functions.quadratic(20, angle=30)
PICTURES = {
    "averages": lambda: ol.plots.averages(NOISY, (0.5, 0.9, 0.99), corrected=True),
    "first_steps": lambda: ol.plots.first_steps(TURNED, ol.Adam(lr=0.1)),
    "gradient_field": lambda: ol.plots.gradient_field(TURNED),
}


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
def test_an_average_is_its_weighted_sum(beta):
    weights = (1 - beta) * beta ** np.arange(59, -1, -1)
    assert average(NOISY, beta, False)[-1] == pytest.approx(weights @ NOISY, rel=1e-12)
    assert average(NOISY, beta, corrected=True)[-1] == pytest.approx(np.average(NOISY, weights=weights), rel=1e-12)


def test_a_corrected_average_of_equal_values_is_that_value():
    assert average(np.full(50, 3.0), 0.99, corrected=True) == pytest.approx(np.full(50, 3.0), rel=1e-12)
    assert average([1.0], 0.9, False) == pytest.approx([0.1])


@pytest.mark.parametrize("corrected", [False, True])
def test_the_picture_of_averages_draws_them(corrected):
    picture = ol.plots.averages(NOISY, (0.5, 0.9), corrected)
    lines = {line.get_label(): line for line in picture.axes.lines}
    for beta in (0.5, 0.9):
        np.testing.assert_array_equal(lines[f"β = {beta}"].get_ydata(), average(NOISY, beta, corrected))
    np.testing.assert_array_equal(lines["gradient"].get_ydata(), NOISY)
    assert len({lines["β = 0.5"].get_color(), lines["β = 0.9"].get_color()}) == 2
    assert ("corrected" in picture.description) == corrected
    first = float(re.search(r"β = 0\.9: (\S+) at step 1", picture.description).group(1))
    assert first == pytest.approx(NOISY[0] * (1 if corrected else 0.1), abs=5e-4)


@pytest.mark.parametrize(("values", "betas", "error", "message"), [
    ([1.0], [0.9], ValueError, r"averages: values=\[1.0\] must be a 1-D array of at least 2 numbers"),
    ([1.0, np.nan], [0.9], ValueError, r"values=.*nan.* must be a 1-D array of at least 2 numbers in \(-inf, inf\)"),
    (np.ones((3, 2)), [0.9], ValueError, r"values=array\(\[\[1(.|\n)* must be a 1-D array"),
    ([1.0, 2.0], [1.0], ValueError, r"betas=\[1.0\].*\[0, 1\)"),
    ([1.0, 2.0], [], ValueError, r"betas=\[\]"),
    ([1.0, 2.0], 0.9, ValueError, "betas=0.9 must be a 1-D array"),
    (["a", "b"], [0.9], ValueError, r"values=\['a', 'b'\]"),
])  # fmt: skip
def test_averages_name_what_is_wrong(values, betas, error, message):
    with pytest.raises(error, match=message):
        ol.plots.averages(values, betas)


def arrows(picture):
    (quiver,) = [c for c in picture.axes.collections if type(c).__name__ == "Quiver"]
    return np.column_stack([quiver.X, quiver.Y]), np.column_stack([quiver.U, quiver.V])


def test_gradient_descent_steps_against_the_gradient():
    tails, heads = arrows(ol.plots.first_steps(TURNED, ol.GradientDescent, n=6))
    downhill = -TURNED.grad(tails + heads / 2)
    cosines = (downhill * heads).sum(axis=1) / np.linalg.norm(downhill, axis=1) / np.linalg.norm(heads, axis=1)
    assert cosines == pytest.approx(np.ones(36), abs=1e-9)
    assert np.linalg.norm(heads, axis=1) == pytest.approx(np.full(36, np.linalg.norm(heads[0])))


def test_adam_steps_along_a_diagonal_and_the_words_say_so():
    picture = ol.plots.first_steps(TURNED, ol.Adam(lr=0.3), n=6)
    _, heads = arrows(picture)
    assert np.abs(heads[:, 0]) == pytest.approx(np.abs(heads[:, 1]), rel=1e-4)
    assert "Adam, lr 0.3. 100 % of the arrows lie on a diagonal." in picture.description
    assert "GradientDescent" in ol.plots.first_steps(TURNED, ol.GradientDescent).description
    share = re.search(r"(\d+) % of the arrows", ol.plots.first_steps(TURNED, "GradientDescent").description).group(1)
    assert int(share) < 10


def test_an_arrow_of_no_length_is_no_warning():
    level = ol.objective(lambda x, y: 0 * x * y, grad=lambda x, y: (0 * x, 0 * y), name="plain")
    assert not arrows(ol.plots.first_steps(level, ol.GradientDescent, n=3))[1].any()
    half = ol.objective(lambda x, y: np.sqrt(x) + y**2, domain=((-2, 2), (-2, 2)))
    with np.errstate(all="ignore"):
        picture = ol.plots.first_steps(half, ol.Adam, n=4)  # arrows stand where f has a value
    assert [len(arrows(picture)[1]), "with 8 arrows" in picture.description] == [8, True]


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((ol.FUNCTIONS["theta_squared"], ol.Adam), ValueError, "functions of 2"),
    (("x", ol.Adam), TypeError, "must be a Function"),
    ((TURNED, 3), TypeError, "first_steps: rule=3 must be an optimizer"),
    ((TURNED, ol.Adam, 1), ValueError, "n=1 must be an integer from 2 to 40"),
    ((TURNED, ol.Adam, True), TypeError, "n=True"),
])  # fmt: skip
def test_first_steps_name_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        ol.plots.first_steps(*arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_run_leaves_out_what_follows_after_a_point_that_is_not_finite(bad):
    box = np.array([[-3, 3], [-2, 4]])
    picture = ol.plots.run(ol.FUNCTIONS["rosenbrock"], [[0, 0], [1, 0.5], [bad, 1], [2, 2]], extent=box)
    assert "a path of 1 steps from (0, 0) to (1, 0.5)" in picture.description
    assert picture.png()
    with pytest.raises(ValueError, match=r"run: x has shape \(1, 2\); .* with a finite start"):
        ol.plots.run(ol.FUNCTIONS["rosenbrock"], [[bad, 1]])
