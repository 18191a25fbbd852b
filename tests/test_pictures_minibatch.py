"""The pictures of notebook 04: histograms, images, noisy run, three clocks, bands, ranking."""

import numpy as np
import pytest
from picture_cases import *  # noqa: F403
from picture_cases import check_saving, has_color, pixels

import optlib as ol
from optlib.pictures import theme

RNG = np.random.default_rng(0)
BOWL = ol.functions.quadratic(kappa=10, angle=30)
K = np.arange(1, 41)
RUNS = {f"B = {B}": {"steps": K, "examples": K * B, "seconds": K * (1 + B / 50), "loss": 3 / K} for B in (1, 32, 1024)}
LOGS = {name: {"loss": a / K, "gradient norm": a**2 / K, "update / weight": 0.1 / K**2, "dead units": a / 9 + 0 * K}
        for name, a in (("A", 3.0), ("B", 1.0))}  # fmt: skip
SCORES = {"Adam": RNG.normal(0.2, 0.02, 10), "Momentum": RNG.normal(0.1, 0.01, 10), "Adam, lr 1": np.array([0.3])}


def path(steps=60, lr=0.1):
    x = [np.array([-4.0, 2.0])]
    rng = np.random.default_rng(1)
    for _ in range(steps):
        x.append(x[-1] - lr * (BOWL.grad(x[-1]) + rng.standard_normal(2)))
    return np.array(x)


def noisy(lr=0.1, title="B = 1", **more):
    return ol.plots.noisy_run(BOWL, path(lr=lr), np.full(60, lr), title, **more)


PICTURES = {
    "histograms": lambda: ol.plots.histograms({f"B = {B}": RNG.normal(-1, B**-0.5, 900) for B in (1, 8)}, "slope of w",
                                              "Gradients", vlines={"full gradient": -1.0}),
    "images": lambda: ol.plots.images(ol.data.digits().x[:13], ol.data.digits().y[:13], "Thirteen digits"),
    "noisy_run": noisy,
    "dashboard": lambda: ol.plots.dashboard(K, LOGS, "Two runs", hlines={"update / weight": 1e-3}),
    "progress": lambda: ol.plots.progress(RUNS, "training loss", "Three clocks"),
    "bands": lambda: ol.plots.bands(K, {"Adam": 3 / K[:, None] * np.exp(RNG.normal(0, 0.2, (40, 6))),
                                        "constant": np.ones((40, 6))}, "epoch", "loss", "Runs", logy=True),
    "ranking": lambda: ol.plots.ranking(SCORES, "test loss", "All rules", settings="each at its best rate"),
}  # fmt: skip


def test_histograms_have_equal_areas_and_a_common_axis():
    samples = {"few": RNG.normal(0, 1, 300), "many": RNG.normal(0, 1, 5000)}
    picture = ol.plots.histograms(samples, "x", bins=40)
    for patch in [p for p in picture.axes.patches if p.get_label() in samples]:
        values, edges, _ = patch.get_data()
        assert 0.97 < (values * np.diff(edges)).sum() <= 1
    assert "few: 300 values, mean" in picture.description
    assert ol.plots.histograms({"same": np.ones(5)}, "x").png()


def test_images_show_each_picture_once_with_its_label():
    digits = ol.data.digits()
    picture = ol.plots.images(digits.x[:13], digits.y[:13])
    shown = [axes for axes in picture.axes if axes.images]
    assert [axes.get_title() for axes in shown] == [str(label) for label in digits.y[:13]]
    np.testing.assert_array_equal(shown[4].images[0].get_array(), digits.x[4].reshape(8, 8))
    assert "Labels: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2." in picture.description
    assert len(ol.plots.images(np.ones((2, 3, 5))).axes) == 2
    picture = ol.plots.images(digits.x[:6], columns=3, rows=["before", "after"])
    assert [[each.get_text() for each in axes.texts] for axes in picture.axes[::3]] == [["before"], ["after"]]
    assert "Rows: before, after." in picture.description


def test_color_images_keep_their_bytes_and_long_labels_do_not_meet():
    x = np.random.default_rng(0).integers(256, size=(10, 4, 5, 3)).astype(np.uint8)
    picture = ol.plots.images(x, ["automobile"] * 10)
    np.testing.assert_array_equal(picture.axes[3].images[0].get_array(), x[3])
    assert "10 color pictures of 4 by 5 pixels" in picture.description
    picture.png()
    boxes = [axes.title.get_window_extent() for axes in picture.axes]
    assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))


def test_a_picture_can_be_put_into_a_page_as_lines():
    picture = ol.plots.images(np.ones((2, 3, 5)), title="Two <pictures>")
    svg = picture.inline_svg()
    assert svg.count("<svg") == svg.count("</svg>") == 1
    assert 'role="img" aria-label="Two &lt;pictures&gt;.' in svg
    assert not {"<?xml", "<!DOCTYPE", "<metadata>"} & set(svg.split())
    assert svg == picture.inline_svg()


def test_runs_on_one_function_share_a_figure_and_show_their_own():
    one, two = noisy(0.1), noisy(0.3, "another")
    assert one.board is two.board
    first, second = one.png(), two.png()
    assert first != second
    assert (one.png(), two.png()) == (first, second)
    one.png()
    assert one.figure.get_suptitle() == "B = 1"
    np.testing.assert_allclose(one.board.path.get_xydata(), path(lr=0.1))
    np.testing.assert_allclose(one.board.loss.get_ydata(), BOWL(path(lr=0.1)) - BOWL.minimum)
    assert ol.plots.noisy_run(BOWL, path(40), np.ones(40)).board is not one.board


def test_the_quick_frame_is_the_figure_and_is_saved(drawn, tmp_path):
    picture = drawn("noisy_run")
    quick = pixels(picture.png())
    with theme.themed():
        picture.figure.canvas.draw()
    slow = np.asarray(picture.board.canvas.buffer_rgba())[..., :3].astype(int)
    assert quick.shape == slow.shape
    difference = np.abs(quick - slow).max(axis=-1)
    assert difference.mean() < 1
    assert (difference > 60).mean() < 2e-3
    assert (quick[:3] == 255).all()  # a white page stays white
    assert has_color(picture.png(), theme.BLUE, 5)  # the learning rate
    check_saving(picture, tmp_path)


def test_a_frame_does_not_draw_the_contours_again(monkeypatch, drawn):
    picture, another = drawn("noisy_run"), noisy(0.2)
    picture.png()
    monkeypatch.setattr(picture.board.canvas, "draw", lambda: pytest.fail("the whole figure was drawn"))
    another.png()


def test_a_run_that_diverges_is_cut_where_it_leaves_the_numbers():
    x = path()
    x[30:] = np.inf
    picture = ol.plots.noisy_run(BOWL, x, np.full(60, 0.1))
    assert "It diverged after 29 steps." in picture.description
    assert picture.png()
    x = path()
    x[1:] *= 1e200
    assert ol.plots.noisy_run(BOWL, x, np.full(60, 0.1)).png()
    assert ol.plots.noisy_run(BOWL, np.zeros((61, 2)), np.full(60, 0.1)).png()  # it starts at the minimum


def test_progress_draws_each_run_against_each_clock(drawn):
    picture = drawn("progress")
    for axes, key in zip(picture.axes, ("steps", "examples", "seconds"), strict=True):
        for line, run in zip(axes.lines, RUNS.values(), strict=True):
            np.testing.assert_allclose(line.get_xdata(), run[key])
            np.testing.assert_allclose(line.get_ydata(), run["loss"])
    assert "B = 32: 3 to 0.075 in 40 steps and 1,280 examples." in picture.description
    assert "second" not in picture.description.split("seconds.")[1]  # they differ from machine to machine


def test_a_dashboard_has_a_panel_for_each_quantity(drawn):
    picture = drawn("dashboard")
    assert [axes.get_title() for axes in picture.axes] == [*LOGS["A"]]
    assert [axes.get_yscale() for axes in picture.axes] == ["log", "log", "log", "linear"]
    for axes in picture.axes:
        for line, (name, log) in zip(axes.lines[:2], LOGS.items(), strict=True):
            assert line.get_label() == name
            np.testing.assert_allclose(line.get_ydata(), log[axes.get_title()])
    assert picture.axes[2].lines[2].get_ydata()[0] == 1e-3
    assert "B: loss 1 to 0.025, gradient norm 1 to 0.025, update / weight 0.1 to 6.25e-05" in picture.description
    three = {"a": dict(list(LOGS["A"].items())[:3])}
    assert len({axes.get_position().y0 for axes in ol.plots.dashboard(K, three).axes}) == 1


def test_bands_are_mean_and_deviation():
    values = RNG.normal(2, 1, (5, 8))
    picture = ol.plots.bands(np.arange(5), {"a": values}, "x", "y")
    np.testing.assert_allclose(picture.axes.lines[0].get_ydata(), values.mean(axis=1))
    edge = picture.axes.collections[0].get_paths()[0].vertices
    assert edge[:, 1].max() == pytest.approx((values.mean(axis=1) + values.std(axis=1, ddof=1)).max())
    logs = ol.plots.bands(np.arange(5), {"a": np.exp(values)}, "x", "y", logy=True)
    np.testing.assert_allclose(logs.axes.lines[0].get_ydata(), np.exp(values.mean(axis=1)))
    assert "of 8 runs" in picture.description
    for runs, shown in (((1, 1), "y against x, one run."), ((1, 8), "deviation of up to 8 runs.")):
        ys = {name: values[:, :count] for name, count in zip("ab", runs, strict=True)}
        assert shown in ol.plots.bands(np.arange(5), ys, "x", "y").description


def test_ranking_sorts_and_marks_mean_and_deviation(drawn):
    picture = drawn("ranking")
    names = [label.get_text() for label in picture.axes.get_yticklabels()]
    assert names == ["Momentum", "Adam", "Adam, lr 1"]
    turned = ol.plots.ranking(SCORES, "accuracy", best="max", logx=True)
    assert [label.get_text() for label in turned.axes.get_yticklabels()] == names[::-1]
    assert turned.axes.get_xscale() == "log"
    mean, spread = SCORES["Adam"].mean(), SCORES["Adam"].std(ddof=1)
    assert 0.01 < spread < 0.1  # so its second digit is the third behind the point
    assert f"Adam: {mean:.3f} ± {spread:.3f}." in picture.description
    assert "Adam, lr 1: 0.3 (one run)." in picture.description
    words = ol.plots.ranking({"a": np.array([81.0, 84.0]), "b": np.array([500.0, 900.0]), "c": np.ones(2)}, "x")
    assert "c: 1. a: 82.5 ± 2.1. b: 700 ± 283." in words.description


@pytest.mark.parametrize(("call", "words"), [
    (lambda: ol.plots.ranking({"a": [1e-12, 3e-12], "b": [2e-10]}, "x", logx=True), "a: 2e-12 ± 1.4e-12. b: 2e-10 (o"),
    (lambda: ol.plots.bands([0, 1], {"a": np.array([[1.0], [1e-12]])}, "x", "y", logy=True), "a: from 1 to 1e-12."),
    (lambda: ol.plots.progress({"a": RUNS["B = 1"] | {"loss": 1e-12 * K}}), "a: 1e-12 to 4e-11 in 40 steps"),
    (lambda: ol.plots.dashboard(K, {"a": {"loss": 1e-12 * K**2, "lr": K}}), "loss 1e-12 to 1.6e-09, lr 1 to 40."),
    (lambda: ol.plots.heatmap([[1e-12, 1e-14], [1e-16, 1e-18]], ("a", [1, 2]), ("b", [1, 2])), "from 1e-18 to 1e-12"),
])  # fmt: skip
def test_small_results_on_logarithmic_axes_are_told(call, words):
    assert words in call().description


@pytest.mark.parametrize("name", ["bands", "ranking"])
def test_a_label_that_names_a_rule_has_its_color(name, pngs):
    assert has_color(pngs(name), theme.style_of("Adam")["color"], 5)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ol.plots.histograms({}, "x"), TypeError, "histograms: samples={} must be a dict"),
    (lambda: ol.plots.histograms({"a": []}, "x"), ValueError, "'a' must hold finite numbers"),
    (lambda: ol.plots.histograms({"a": [1, np.inf]}, "x"), ValueError, "'a' must hold finite numbers"),
    (lambda: ol.plots.histograms({"a": [1]}, "x", bins=1), ValueError, "bins=1 must be an integer from 2"),
    (lambda: ol.plots.images(np.ones((3, 5))), ValueError, r"images: x has shape \(3, 5\)"),
    (lambda: ol.plots.images(np.ones((3, 4)), [1]), ValueError, "labels has 1 entries for 3 pictures"),
    (lambda: ol.plots.images(np.ones((3, 4)), columns=0), ValueError, "columns=0 must be"),
    (lambda: ol.plots.images(np.ones((3, 4)), rows=["a", "b"]), ValueError, "2 entries; .* each row, 1 in all"),
    (lambda: ol.plots.images(np.full((3, 4), np.nan)), ValueError, "finite"),
    (lambda: ol.plots.noisy_run(BOWL, [[1, 2]], []), ValueError, r"noisy_run: x has shape \(1, 2\)"),
    (lambda: ol.plots.noisy_run(BOWL, path(), np.ones(3)), ValueError, r"rates of shape \(3,\) .* a step, 60"),
    (lambda: ol.plots.noisy_run(BOWL, path(), np.zeros(60)), ValueError, "one positive number a step"),
    (lambda: ol.plots.noisy_run(ol.objective(lambda x, y: x + y), path(), np.ones(60)), ValueError, "no known minimum"),
    (lambda: ol.plots.progress([]), TypeError, r"progress: runs=\[\] must be a dict"),
    (lambda: ol.plots.progress({"a": {"steps": [1]}}), ValueError, "run 'a' must be a dict with 'steps', 'examples'"),
    (lambda: ol.plots.progress({"a": RUNS["B = 1"] | {"loss": [1.0]}}), ValueError, "the arrays of run 'a'"),
    (lambda: ol.plots.dashboard(K, []), TypeError, r"dashboard: runs=\[\] must be a dict"),
    (lambda: ol.plots.dashboard(K, {"a": {}}), TypeError, "dashboard: the first run={} must be a dict"),
    (lambda: ol.plots.dashboard(K, {"a": LOGS["A"], "b": {"loss": K}}), ValueError, "run 'b' must have .'loss', 'grad"),
    (lambda: ol.plots.dashboard(K[1:], LOGS), ValueError, r"run 'A' must have .* the shape of x, \(39,\)"),
    (lambda: ol.plots.dashboard(K, {"a": {"loss": K}}), ValueError, "two to six: .'loss'"),
    (lambda: ol.plots.dashboard(K, LOGS | {"b": [1, 2]}), TypeError, r"run b=\[1, 2\] must be a dict"),
    (lambda: ol.plots.dashboard([], {"a": {"loss": [], "lr": []}}), ValueError, r"dashboard: x=\[\] must be a 1-D"),
    (lambda: ol.plots.dashboard(K, LOGS, hlines={"loss": "low"}), TypeError, r"hlines=\['low'\] must be"),
    (lambda: ol.plots.dashboard(K, LOGS, hlines={"x": 1}), ValueError, "hlines={'x': 1} must be among"),
    (lambda: ol.plots.bands(K, {}, "x", "y"), TypeError, "bands: ys={} must be a dict"),
    (lambda: ol.plots.bands(K, {"a": np.ones(40)}, "x", "y"), ValueError, r"'a' has \(40,\); they must be"),
    (lambda: ol.plots.bands(K, {"a": -np.ones((40, 2))}, "x", "y", logy=True), ValueError, "values that cannot be"),
    (lambda: ol.plots.ranking({}, "x"), TypeError, "ranking: results={} must be a dict"),
    (lambda: ol.plots.ranking({"a": [np.nan]}, "x"), ValueError, "'a' has shape"),
    (lambda: ol.plots.ranking({"a": [0.0]}, "x", logx=True), ValueError, "finite numbers above 0"),
    (lambda: ol.plots.ranking({"a": [1.0]}, "x", best="top"), ValueError, "best='top' must be 'min' or 'max'"),
])  # fmt: skip
def test_pictures_name_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
