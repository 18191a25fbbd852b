"""Pictures of matrices: singular values along a path, and steepest descent in three norms."""

import html
import io

import numpy as np
import pytest
from picture_cases import *  # noqa: F403
from picture_cases import data_in
from PIL import Image

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


def test_a_player_gets_the_singular_values_of_each_step():
    data = data_in(ol.animate(F, *RUNS, moments={1: "The first update."}).html())
    assert [panel["label"] for panel in data["scene"]["panels"]] == ["singular values of W", "… of its update"]
    np.testing.assert_allclose(data["scene"]["goal"], np.linalg.svd(np.reshape(F.minima[0], (3, 4)))[1])
    for stored, run in zip(data["paths"], RUNS, strict=True):
        W, (weights, updates) = run.x.reshape(31, 3, 4), stored["bars"]
        np.testing.assert_allclose(weights, np.linalg.svd(W)[1], rtol=5e-4, atol=1e-12)
        np.testing.assert_allclose(updates[1:], np.linalg.svd(np.diff(W, axis=0))[1], rtol=5e-4, atol=1e-12)
        assert updates[0] == []
        np.testing.assert_allclose(stored["heights"], run.f, rtol=5e-4)


def test_a_long_run_in_a_player_is_thinned_out_and_a_run_that_diverges_does_not_set_its_axes():
    f = ol.FUNCTIONS["two_layer_linear"]
    runs = [ol.minimize(f, ol.GradientDescent(lr=lr), steps=20_000) for lr in (1e-3, 9.0)]
    assert runs[1].diverged
    data = data_in(ol.animate(f, *runs, matrix="V").html())
    assert data["scene"]["panels"][0]["label"] == "singular values of V"
    assert data["scene"]["panels"][0]["high"] < 2
    stride, (weights, updates) = data["stride"], data["paths"][0]["bars"]
    V = runs[0].x[:, 4:].reshape(-1, 2, 2)
    assert len(weights) == len(updates) == 1 + -(-20_000 // stride) < 12_000
    for row, at in ((0, 0), (7, 7 * stride), (-1, 20_000)):
        np.testing.assert_allclose(weights[row], np.linalg.svd(V[at])[1], rtol=5e-4)
    np.testing.assert_allclose(updates[7], np.linalg.svd(V[7 * stride] - V[7 * stride - 1])[1], rtol=5e-4)


@pytest.mark.parametrize("name", [name for name, f in ol.FUNCTIONS.items() if f.shapes])
def test_every_function_of_matrices_has_a_player_with_a_still(name):
    f = ol.FUNCTIONS[name]
    player = ol.animate(f, ol.minimize(f, ol.Muon(), steps=0))
    page = player.html()
    assert data_in(page)["paths"][0]["bars"][1] == [[]]
    assert player.description in html.unescape(page)


def test_of_many_paths_the_still_shows_the_first_and_says_so():
    player = ol.animate(F, ol.minimize(F, ol.Muon(lr=np.geomspace(0.01, 0.3, 5)[:, None]), steps=3))
    assert "the first 4 of 5 paths" in " ".join(player.picture.figure.get_suptitle().split())
    assert player.description.count("its updates have") == len(player.data()["paths"]) == 5


def test_stills_and_films_mark_the_step(tmp_path):
    player = ol.animate(F, RUNS[0])
    last, *_ = pngs = [np.asarray(Image.open(io.BytesIO(player.still(step)))) for step in (None, 15, 30)]
    marked = [int((png != last).any(axis=0).sum()) for png in pngs]
    assert marked == [0, 3, 0], "one line in each of three panels"
    with Image.open(player.save(tmp_path / "film.gif", frames=4)) as film:
        assert film.n_frames == 4
        assert film.size == last.shape[::-1]


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ol.plots.spectrum(), ValueError, "0 paths were given; from 1 to 4"),
    (lambda: ol.plots.spectrum(ol.minimize(ol.FUNCTIONS["booth"], ol.Adam())), ValueError, "booth are no matrix"),
    (lambda: ol.plots.spectrum(RUNS[0].x), TypeError, "a ndarray was given; paths must be Traj"),
    (lambda: ol.plots.spectrum(ol.minimize(F, ol.Adam(), [F.start] * 5, steps=2)), ValueError, "5 paths were given"),
    (lambda: ol.plots.spectrum(RUNS[0], matrix="U"), ValueError, "matrix='U' must be 'W'"),
    (lambda: ol.plots.spectrum(*RUNS, labels=["one"]), ValueError, "labels has 1 entries for 2 paths"),
    (lambda: ol.plots.spectrum(RUNS[0], ol.minimize(ol.FUNCTIONS["matrix_least_squares"], ol.Adam(), steps=2)),
     ValueError, "must be of one function"),
    (lambda: ol.animate(F, RUNS[0], matrix="U"), ValueError, "animate: matrix='U' must be 'W'"),
    (lambda: ol.animate(F, RUNS[0], extent=((0, 1), (0, 1))), ValueError, "is shown by its singular values"),
    (lambda: ol.animate(ol.FUNCTIONS["booth"], np.zeros((3, 2)), matrix="W"), ValueError, "matrix='W' is for"),
    (lambda: ol.animate(F, RUNS[0]).still("last"), TypeError, "still: step='last'"),
    (lambda: ol.animate(F, RUNS[0]).still(scale=np.nan), ValueError, "scale=nan must be a number in"),
    (lambda: ol.plots.steepest(kappa=0.5), ValueError, "kappa=0.5"),
    (lambda: ol.plots.steepest(steps=0), ValueError, "steps=0"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
