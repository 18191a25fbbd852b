"""The pictures of notebook 02: the phase diagram of momentum, and one step of momentum beside one of Nesterov's."""

import numpy as np
import pytest
from matplotlib.path import Path
from picture_cases import *  # noqa: F403
from picture_cases import check_saving

import optlib as ol
from optlib import theory
from optlib.pictures import phases
from optlib.pictures.phases import trace_of
from optlib.pictures.picture import point

LEAST_BYTES = 3_000  # of a picture, see picture_cases.py
RAVINE = ol.FUNCTIONS["ravine"]
BEST = theory.heavy_ball_settings(0.01, 1.0)
PICTURES = {
    "swings": lambda: ol.plots.phase_diagram(0.1, 0.9),
    "bar": lambda: ol.plots.phase_diagram((0.01, 1.9), 0.05),
    "diverges": lambda: ol.plots.phase_diagram((0.001, 4.2), 0.5),
    "nesterov": lambda: ol.plots.phase_diagram(0.5, 0.9, nesterov=True),
    "look-ahead": lambda: ol.plots.look_ahead(RAVINE, (-4.0, 0.4), (-2.0, 3.0), lr=0.3, beta=0.9),
}


def test_a_sketch_is_saved(drawn, tmp_path):
    check_saving(drawn("look-ahead"), tmp_path)


@pytest.mark.parametrize("nesterov", [False, True])
def test_kinds_and_factors_are_those_of_the_eigenvalues(nesterov):
    rng, seen = np.random.default_rng(0), set()
    for s, beta in zip(rng.uniform(0, 4.2, 500), rng.uniform(0, 0.999, 500), strict=True):
        roots = np.linalg.eigvals(theory.momentum_matrix(s, beta, nesterov))
        assert phases.rate_of(s, beta, nesterov) == pytest.approx(np.abs(roots).max(), rel=1e-9)
        stable, complex_pair = np.abs(roots).max() < 1, np.abs(roots.imag).max() > 0
        flips = roots[np.abs(roots).argmax()].real < 0
        kind = "diverges" if not stable else "swings" if complex_pair else "flips" if flips else "creeps"
        assert phases.KINDS[phases.kind_of(s, beta, nesterov)] == kind
        seen.add(kind)
    assert seen == set(phases.KINDS)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_map_has_the_kinds_and_the_factors(nesterov):
    """Its areas and lines are drawn by formulas of their own."""
    layers = ol.plots.phase_diagram(0.1, 0.9, nesterov=nesterov).sketch.layers
    areas = [Path(layer.points) for layer in layers if layer.kind == "area"]  # from back to front
    for u, beta in np.random.default_rng(1).uniform((0.02, 0.02), (2.04, 0.98), (300, 2)):
        near = {phases.kind_of(v * v, b, nesterov) for v in (u - 0.01, u + 0.01) for b in (beta - 0.01, beta + 0.01)}
        if len(near) == 1:
            inside = [3 - i for i, area in enumerate(areas) if area.contains_point((u, beta))]
            assert inside[-1] == near.pop()
    lines = [layer.points for layer in layers if layer.kind == "line" and layer.points and layer.panel == 0][:-1]
    for line, factor in zip(lines, phases.RATES, strict=True):
        for u, beta in line[:: len(line) // 9]:
            assert phases.rate_of(u * u, beta, nesterov) == pytest.approx(factor, abs=1e-3)


def test_the_trace_is_the_run_of_the_rule():
    half = ol.objective(lambda x: 0.25 * x**2, grad=lambda x: (0.5 * x,), start=[1.0])
    for rule, nesterov in ((ol.Momentum, False), (ol.Nesterov, True)):
        path = ol.minimize(half, rule(lr=0.6, beta=0.8), steps=60)
        np.testing.assert_allclose(trace_of(0.3, 0.8, nesterov), path.x[:, 0], rtol=1e-12)


def test_words_and_title_say_kind_and_rate(drawn):
    picture = drawn("swings")
    assert "curvature 0.1 and beta 0.9: underdamped, it swings, factor 0.9487 a step." in picture.description
    assert "Momentum at ηλ = 0.1, β = 0.9: underdamped, it swings" in picture.figure.get_suptitle()
    assert "multiplies the distance by 0.9487" in picture.figure.get_suptitle()
    assert "overdamped, it creeps" in drawn("bar").description
    assert "flips from side to side" in drawn("bar").description
    assert "it diverges, factor 2.5 a step" in drawn("diverges").description


def test_the_best_setting_is_critical_at_both_ends():
    ends = 0.01 * BEST["lr"], BEST["lr"]
    assert [phases.words_of(s, BEST["beta"]) for s in ends] == ["critically damped"] * 2
    assert max(phases.rate_of(s, BEST["beta"]) for s in ends) == pytest.approx(9 / 11, abs=1e-7)
    assert "by 0.8182" in ol.plots.phase_diagram(ends, BEST["beta"]).figure.get_suptitle()
    assert "overdamped" in ol.plots.phase_diagram(0.05, 0.5).description


def test_the_ring_the_run_and_the_roots_are_those_of_the_setting():
    plane, trace, circle = ol.plots.phase_diagram((0.2, 2.0), 0.3).axes
    assert plane.lines[-1].get_xydata().tolist() == [[pytest.approx(s**0.5), 0.3] for s in (0.2, 2.0)]
    np.testing.assert_allclose([line.get_ydata() for line in trace.lines[-2:]], [trace_of(s, 0.3) for s in (0.2, 2.0)])
    for line, s in zip(circle.lines[-2:], (0.2, 2.0), strict=True):
        roots = np.linalg.eigvals(theory.momentum_matrix(s, 0.3))
        np.testing.assert_allclose(sorted(line.get_xydata() @ [1, 1j]), sorted(roots), atol=1e-9)


@pytest.mark.parametrize(("lr_curvature", "beta", "message"), [
    *((s, 0.5, r"lr_curvature=.* must be a number from 0 to 4\.2")
      for s in (-0.1, 4.3, "a", None, (0.2, 0.1), (0.1, 0.2, 0.3), np.nan, ())),
    *((0.5, beta, r"beta=.* must be a number in \[0, 1\)")
      for beta in (-0.1, 1.0, 1.5, "0.5", True, np.nan, [0.1, 0.2])),
])  # fmt: skip
def test_bad_settings_are_named(lr_curvature, beta, message):
    with pytest.raises(ValueError, match=f"phase_diagram: {message}"):
        ol.plots.phase_diagram(lr_curvature, beta)


def test_the_edges_of_the_map_are_drawn():
    for s, beta in ((0.0, 0.0), (4.2, 0.999), (0.0, 0.999), (4.0, 0.0)):
        ol.plots.phase_diagram(s, beta).png()
        ol.plots.phase_diagram((0.0, s), beta, nesterov=True).png()


def test_look_ahead_ends_where_the_rules_go(drawn):
    x, v, lr, beta = np.array([-4.0, 0.4]), np.array([-2.0, 3.0]), 0.3, 0.9
    heavy = ol.Momentum(lr=lr, beta=beta)
    heavy.step(x, x)
    heavy.v = v
    ends = heavy.step(x, RAVINE.grad(x))
    words = drawn("look-ahead").description
    assert f"momentum ends at {point(ends)}" in words
    ahead = x - lr * beta * v
    assert f"leads to {point(ahead)}" in words
    assert f"Nesterov's rule ends at {point(ahead - lr * RAVINE.grad(ahead))}" in words


def test_look_ahead_shows_all_its_arrows():
    for v in ((-2.0, 3.0), (0.0, 0.0), (0.0, -8.0), (30.0, 0.0)):
        axes = ol.plots.look_ahead(RAVINE, (-4.0, 0.4), v, lr=0.3, beta=0.9).axes
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        for line in axes.lines:
            x, y = line.get_data()
            if line.get_label() != "minimum":
                assert left < np.min(x) <= np.max(x) < right
                assert bottom < np.min(y) <= np.max(y) < top


@pytest.mark.parametrize(("arguments", "message"), [
    ((RAVINE, (0, 0), (1,), 0.1, 0.9), r"look_ahead: v=\(1,\) must be a 1-D array of 2 numbers"),
    ((RAVINE, "a", (1, 1), 0.1, 0.9), "look_ahead: x='a' must be a 1-D array of 2 numbers"),
    ((RAVINE, [[1, 2], 3], (1, 1), 0.1, 0.9), r"look_ahead: x=\[\[1, 2\], 3\] must be a 1-D array of 2 numbers"),
    ((RAVINE, (0, 0), (1, 1), 0, 0.9), r"look_ahead: lr=0 must be a number in \(0, inf\)"),
    ((RAVINE, (0, 0), (1, 1), 0.1, 1), r"look_ahead: beta=1 must be a number in \[0, 1\)"),
    ((ol.FUNCTIONS["theta_squared"], (0, 0), (1, 1), 0.1, 0.9), "theta_squared has 1 coordinate"),
])  # fmt: skip
def test_look_ahead_names_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        ol.plots.look_ahead(*arguments)


def test_look_ahead_takes_a_title():
    picture = ol.plots.look_ahead(RAVINE, (0, 0), (1, 1), 0.1, 0.9, title="Mine", extent=np.array([[-1, 2], [-3, 4]]))
    assert (picture.figure.get_suptitle()[:4], picture.axes.get_ylim()) == ("Mine", (-3, 4))
