"""Maps over two hyper-parameters: each cell is what `minimize` gives, and each path can be seen."""

import re

import numpy as np
import pytest
from picture_cases import data_in

import optlib as ol
from optlib.trajectory import lost

F = ol.FUNCTIONS["rosenbrock"]


@pytest.fixture(scope="module")
def momentum():
    return ol.heatmap(F, ol.Momentum, n=70, steps=100)


def test_cells_are_those_of_minimize(momentum):
    assert momentum.values.shape == (70, 70)
    for row, column in np.random.default_rng(0).integers(0, 70, size=(30, 2)):
        lr, beta = float(momentum.xs[column]), float(momentum.ys[row])
        path = ol.minimize(F, ol.Momentum(lr=lr, beta=beta), steps=100)
        if path.diverged or lost(path.f[-10:].max(), path.f[0]):  # how far such a run flies depends on the last bits
            assert momentum.diverged[row, column]
        else:
            assert np.isclose(momentum.values[row, column], path.f[-10:].max(), rtol=1e-6)
    assert np.isnan(momentum.values).any()
    assert np.isfinite(momentum.values).any()


def test_a_run_that_flies_off_is_hatched_though_it_is_finite():
    """Or its height of 1e30 would leave one color for all that matters."""
    bowl = ol.functions.quadratic(kappa=20)
    heatmap = ol.heatmap(bowl, ol.Momentum, n=20, xs=np.linspace(0.1, 4.0, 20), steps=60)
    flown = heatmap.values > 1e3 * bowl(bowl.start)
    assert flown.any()
    assert np.array_equal(heatmap.diverged, flown | np.isnan(heatmap.values))
    assert "diverged" in heatmap.picture.description
    assert lost([1e-3, 1.0, 1e4, np.nan], 0.0).tolist() == [False, False, True, True]  # which had no scale
    assert f"to {heatmap.values[~heatmap.diverged].max():.4g}" in heatmap.picture.description


def test_ranges_come_from_the_registry(momentum):
    lr, beta = ol.Momentum.hypers["lr"], ol.Momentum.hypers["beta"]
    assert np.allclose(momentum.xs[[0, -1]], lr.slider)
    assert np.allclose(np.diff(np.log(momentum.xs)), np.log(lr.slider[1] / lr.slider[0]) / 69)
    assert np.allclose(momentum.ys, np.linspace(*beta.slider, 70))


def test_the_best_cell(momentum):
    best = dict(momentum.best)
    assert best.pop("f") == np.nanmin(momentum.values)
    assert np.isclose(momentum.path(**best).worst_late, momentum.best["f"], rtol=1e-6)


@pytest.mark.parametrize(("betas", "edge"), [([0.0, 0.5, 0.9], []), ([0.1, 0.5, 0.9], ["beta"])])
def test_a_best_value_on_the_edge_is_named_unless_it_is_a_bound_of_its_own(betas, edge):
    """A memory may be 0 and no less: without one a single step leads into the middle of a parabola."""
    parabola, rates = ol.FUNCTIONS["theta_squared"], np.linspace(0.1, 0.9, 9)
    heatmap = ol.heatmap(parabola, ol.Momentum, xs=rates, ys=betas, steps=60)
    assert (heatmap.edge, heatmap.best["beta"]) == (edge, betas[0])
    warning = "the best beta 0.1 is at the edge: a better one may lie beyond"
    assert (warning in " ".join(heatmap.picture.figure.get_suptitle().split())) == bool(edge)


def test_own_values_and_settings():
    heatmap = ol.heatmap(F, ol.Adam(beta2=0.9), x="beta1", y="eps", xs=[0.0, 0.5, 0.9], ys=[1e-30, 5.0], steps=20)
    assert heatmap.values.shape == (2, 3)
    path = ol.minimize(F, ol.Adam(beta1=0.5, beta2=0.9, eps=5.0), steps=20)
    assert np.isclose(heatmap.values[1, 1], path.f[-2:].max())
    reach = {each["name"]: (each["low"], each["high"]) for each in data_in(heatmap.html())["rules"][0]["hypers"]}
    assert reach == {"beta1": ol.Adam.hypers["beta1"].slider, "eps": (1e-30, 5.0)}


def test_one_coordinate():
    heatmap = ol.heatmap(ol.FUNCTIONS["theta_squared"], "Nesterov", n=10, steps=20)
    assert heatmap.best["f"] < 1e-3
    assert "optlib-explorable" in heatmap.html()


def test_what_is_shown(momentum):
    shown = momentum._repr_mimebundle_()
    assert set(shown) == {"text/html", "image/png", "text/plain"}
    assert len(shown["text/html"]) < 400_000
    assert shown["text/html"] == ol.heatmap(F, ol.Momentum, n=70, steps=100)._repr_mimebundle_()["text/html"]
    assert not re.search(r"(src|href)=[\"']?https?:", shown["text/html"])
    assert "4,900 settings" in shown["text/plain"]


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"rule": ol.Momentum, "x": "lr", "y": "lr"}, ValueError, "both 'lr'"),
    ({"rule": ol.Momentum, "y": "betta"}, ValueError, "did you mean 'beta'"),
    ({"rule": ol.GradientDescent}, ValueError, "no number 'beta'"),
    ({"rule": ol.DemonMomentum, "y": "steps"}, ValueError, "no number 'steps'"),
    ({"rule": ol.AggMo, "y": "betas"}, ValueError, "no number 'betas'"),
    ({"rule": ol.Momentum, "n": 1}, ValueError, "n=1"), ({"rule": ol.Momentum, "steps": 0}, ValueError, "steps=0"),
    ({"rule": ol.Momentum, "xs": [0.1, 0.01]}, ValueError, "values of lr"),
    ({"rule": ol.Momentum, "xs": ["a", 1]}, ValueError, r"values of lr=.* in \(0, inf\)"),
    ({"rule": ol.Momentum, "xs": [1e200, 1e210], "ys": [0.1, 0.2]}, ValueError, "diverges at all settings"),
    ({"rule": "Momentun"}, KeyError, "did you mean 'Momentum'"),
])  # fmt: skip
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        ol.heatmap(F, **{"n": 5, "steps": 10, **arguments})
