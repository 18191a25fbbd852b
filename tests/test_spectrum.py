"""Pictures of matrices: singular values along a path, and steepest descent in three norms."""

import numpy as np
import pytest
from picture_cases import *  # noqa: F403

import optlib as ol

F = ol.functions.matrix_least_squares(np.geomspace(0.1, 1, 3), columns=4)
RUNS = [ol.minimize(F, rule, steps=30) for rule in (ol.GradientDescent(lr=1.0), ol.Muon(lr=0.1))]
PICTURES = {
    "spectrum": lambda: ol.plots.spectrum(*RUNS),
    "layers": lambda: ol.plots.spectrum(
        ol.minimize(ol.FUNCTIONS["two_layer_linear"], ol.SOAP(lr=0.05), steps=40), matrix="V", labels=["V"], title="V"
    ),
    "steepest": lambda: ol.plots.steepest(),
}


def lines(axes):
    return [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if len(line.get_ydata()) > 2]


def test_lines_are_the_singular_values_of_weight_and_updates(drawn):
    panels = drawn("spectrum").figure.axes
    for run, (loss, weights, updates) in zip(RUNS, (panels[:3], panels[3:]), strict=True):
        W = run.x.reshape(31, 3, 4)
        np.testing.assert_allclose(lines(loss)[0], run.f - F.minimum)
        np.testing.assert_allclose(np.transpose(lines(weights)), np.linalg.svd(W)[1])
        np.testing.assert_allclose(np.transpose(lines(updates)), np.linalg.svd(np.diff(W, axis=0))[1])
    first = [[line[0] for line in lines(panels[i])] for i in (2, 5)]
    assert max(first[0]) / min(first[0]) > 10
    assert max(first[1]) / min(first[1]) < 1.7, "all directions alike"


def test_a_path_that_ended_is_drawn_to_its_end():
    run = ol.minimize(F, ol.GradientDescent(lr=1.0), steps=50, tol={"value": 1e-3})
    assert [len(line) for line in lines(ol.plots.spectrum(run).axes[0])] == [run.ended_at + 1]
    assert lines(ol.plots.spectrum(ol.minimize(F, ol.Muon(), steps=0)).axes[0]) == []


def test_the_steepest_steps_touch_their_balls(drawn):
    left, right = drawn("steepest").figure.axes[:2]
    touching = [line.get_xydata()[-1] for line in left.lines if len(line.get_xdata()) == 2][:3]
    matrices = [np.array([[x, y], [y, x]]) for x, y in touching]
    norms = [np.linalg.norm, lambda W: np.abs(W).max(), lambda W: np.linalg.norm(W, 2)]
    for norm, matrix in zip(norms, matrices, strict=True):
        assert norm(matrix) == pytest.approx(1.0)
    np.testing.assert_allclose(matrices[2] @ matrices[2].T, np.eye(2))
    drawn_lines = [line for line in right.lines if len(line.get_xdata()) == 31 and line.get_marker() != "None"]
    gd, sign, muon = (line.get_xydata() for line in drawn_lines)
    for path, corner in ((gd, touching[0]), (sign, touching[1]), (muon, touching[2])):
        step = path[1] - path[0]
        np.testing.assert_allclose(step / np.linalg.norm(step), corner / np.linalg.norm(corner), atol=1e-9)
    np.testing.assert_allclose(np.diff(sign[:5], axis=0), 0.1)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ol.plots.spectrum(), ValueError, "0 paths were given; from 1 to 4"),
    (lambda: ol.plots.spectrum(ol.minimize(ol.FUNCTIONS["booth"], ol.Adam())), ValueError, "booth are no matrix"),
    (lambda: ol.plots.spectrum(RUNS[0].x), TypeError, "must be a Trajectory of one path"),
    (lambda: ol.plots.spectrum(ol.minimize(F, ol.Adam(), [F.start, F.start], steps=2)), TypeError, "of one path"),
    (lambda: ol.plots.spectrum(RUNS[0], matrix="U"), ValueError, "matrix='U' must be 'W'"),
    (lambda: ol.plots.spectrum(*RUNS, labels=["one"]), ValueError, "labels=.'one'. must be 2 texts"),
    (lambda: ol.plots.spectrum(RUNS[0], ol.minimize(ol.FUNCTIONS["matrix_least_squares"], ol.Adam(), steps=2)),
     ValueError, "must be of one function"),
    (lambda: ol.plots.steepest(kappa=0.5), ValueError, "kappa=0.5"),
    (lambda: ol.plots.steepest(steps=0), ValueError, "steps=0"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
