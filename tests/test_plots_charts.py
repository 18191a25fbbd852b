"""Charts and maps: what they show, where their ends are, and what they refuse."""

import numpy as np
import picture_cases
import pytest
from picture_cases import LR, SQUARE, WELLS, draw, has_color, legend_texts, walk
from test_plots import PICTURES  # noqa: F401

import optlib as ol
from optlib.pictures import theme
from optlib.pictures.picture import number

drawn = picture_cases.drawn  # of the PICTURES of test_plots


def test_loss_draws_the_value_above_the_minimum():
    shifted = ol.objective(lambda x, y: x**2 + y**2 - 5, name="shifted", minima=((0, 0),))
    path = ol.minimize(shifted, ol.GradientDescent(lr=0.1), start=(1.0, 1.0), steps=40)
    picture = ol.plots.loss(path)
    np.testing.assert_allclose(picture.axes.lines[0].get_ydata(), path.f + 5)
    assert picture.axes.get_yscale() == "log"
    assert picture.axes.get_ylabel() == "f(x) − minimum"
    assert f"f = {number(path.f[-1])}" in picture.description  # the value itself, not the height of the curve
    plain = ol.plots.loss(path, minus_minimum=False)
    assert (plain.axes.get_ylabel(), plain.axes.get_yscale()) == ("f(x)", "linear")
    two = ol.plots.loss(path, walk(SQUARE, ol.GradientDescent(lr=0.1), steps=40), minus_minimum=False)
    assert [line.get_label().split(",")[0] for line in two.axes.lines] == ["on Shifted", "on Square"]
    values = ol.plots.loss(np.array([3.0, 2.0, 1.5]), labels=["mine"])
    assert values.axes.get_ylabel() == "value"
    assert "mine, 2 steps: after 2 steps at value 1.5." in values.description


def test_loss_leaves_out_what_a_log_axis_cannot_show_and_says_so():
    picture = ol.plots.loss(np.array([1.0, 1e-3, 0.0, -1e-12]), log=True)
    assert "2 values that are not above zero are left out" in picture.description
    draw(picture)


def test_a_diverging_curve_does_not_hide_the_others():
    paths = [walk(SQUARE, ol.GradientDescent(lr=lr), steps=200) for lr in (0.4, 1.5, 40.0)]
    picture = ol.plots.loss(*paths)
    assert "2 of 3 curves rise beyond the upper edge" in picture.description
    assert picture.axes.get_ylim()[1] == pytest.approx(4e6)
    draw(picture)
    assert ol.plots.loss([np.nan, 3.0, 2.0, 1e9]).axes.get_ylim()[1] == pytest.approx(3e6)  # the first that is finite


def test_curves_draw_what_they_are_given(drawn):
    lines = {line.get_label(): line for line in drawn("curves").axes.lines}
    np.testing.assert_allclose(lines["b"].get_ydata(), LR**2)
    slopes = [line for line in drawn("curves").axes.lines if line.get_color() == theme.FAINT][-2:]
    for line, slope in zip(slopes, (1, 2), strict=True):
        x, y = np.log(line.get_data())
        assert np.diff(y)[0] / np.diff(x)[0] == pytest.approx(slope)
    own = ol.plots.curves(None, {"Adam, lr 1": ([1, 2, 3, 4], [1.0, np.inf, 1 - 1e-15, 3.0])}, "x", "y")
    assert own.axes.lines[0].get_color() == theme.style_of("Adam")["color"]
    assert np.isnan(own.axes.lines[0].get_ydata()[1])
    assert "Adam, lr 1: from 1 at 1 to 3 at 4." in own.description, "what is lower by rounding alone is not the lowest"


def test_marks_are_in_view_unless_the_reader_set_limits():
    marked = {"vlines": {"end": 200}, "hlines": {"floor": 0.01}}
    for limits, ends in (({}, ((-10, 210), (-0.0895, 2.0995))), ({"xlim": (0, 1), "ylim": (1, 3)}, ((0, 1), (1, 3)))):
        axes = ol.plots.curves([0, 100], {"loss": [2.0, 0.5]}, "step", "loss", **marked, **limits).axes
        np.testing.assert_allclose((axes.get_xlim(), axes.get_ylim()), ends)
    assert ol.plots.histograms({"a": [0.0, 1.0]}, "x", vlines={"far": 9.0}).axes.get_xlim()[1] > 9


def test_integers_have_integer_ticks():
    def fractions(x):
        curve, bands = {"a": np.arange(len(x))}, {"a": np.arange(len(x))[:, None] * np.ones(2)}
        pictures = ol.plots.curves(x, curve, "x", "y"), ol.plots.bands(x, bands, "x", "y")
        return [np.ptp(picture.axes.get_xticks() % 1) for picture in pictures]

    assert fractions([1, 2, 3]) == [0, 0]  # epochs
    assert min(fractions([1, 2, 2.9])) > 0


def test_heatmap_marks_the_best_and_hatches_the_lost():
    values = np.outer(LR, LR)
    values[3, 4], values[0, 0], values[5, 5] = 0.0, np.nan, np.inf
    picture = ol.plots.heatmap(values, ("lr", LR, "log"), ("beta", LR), "f at the end", settings="100 steps")
    assert ", on a logarithmic scale. 100 steps. " in picture.description
    assert f"Best: 0 at lr {number(LR[4])}, beta {number(LR[3])}." in picture.description
    assert "1.4 % of the 144 cells diverged" in picture.description
    assert "100 steps" in picture.description
    star = picture.axes.lines[0]
    assert star.get_xydata()[0] == pytest.approx([LR[4], LR[3]])
    assert (picture.axes.get_xscale(), picture.axes.get_yscale()) == ("log", "linear")
    mesh = picture.axes.collections[0].get_array()
    assert mesh.mask.sum() == 2
    assert legend_texts(picture) == ["diverged", "best"]
    highest = ol.plots.heatmap(LR[:, None] * LR, ("a", LR), ("b", LR), best="max")
    assert "Best: 1 at a 1, b 1." in highest.description
    masked = ol.plots.heatmap(LR[:, None] * LR, ("a", LR), ("b", LR), diverged=LR[:, None] * LR > 0.5)
    assert "diverged" in masked.description
    draw(ol.plots.heatmap(np.ones((12, 12)), ("a", LR), ("b", LR)))


def test_basins_of_two_wells_are_the_two_halves(drawn):
    assert drawn("basins").counts == {(-1.0, 0.0): 200, (1.0, 0.0): 200, None: 0}
    assert "(-1, 0) from 50 %, (1, 0) from 50 %" in drawn("basins").description


def test_basins_find_minima_that_are_not_listed():
    unlisted = ol.objective(lambda w, b: WELLS.formula(w, b), domain=WELLS.domain)
    picture = ol.plots.basins(unlisted, ol.GradientDescent(lr=0.05), steps=200, n=20)
    assert "starts with w from -2 to 2 and b from -2 to 2" in picture.description
    assert sorted(picture.counts.values()) == [0, 200, 200]
    np.testing.assert_allclose(sorted(key for key in picture.counts if key), [(-1, 0), (1, 0)], atol=1e-3)


def test_starts_that_reach_nothing_are_gray():
    lost = ol.plots.basins(WELLS, ol.GradientDescent(lr=2.0), steps=50, n=20)
    assert lost.counts == {None: 400}
    assert "No minimum from 100 %" in lost.description
    assert has_color(lost.png(), theme.UNDEFINED, 1000)
    short = ol.plots.basins(WELLS, ol.GradientDescent(lr=0.05), steps=1, n=20, shade=False)
    assert short.counts[None] > 300
    for rule in (ol.GradientDescent, "GradientDescent"):
        assert ol.plots.basins(WELLS, rule, steps=1, n=4).counts[None] > 0


def test_many_basins_are_counted_in_the_legend():
    waves = ol.objective(lambda x, y: np.sin(3 * x) ** 2 + np.sin(3 * y) ** 2 + 0.01 * (x**2 + y**2),
                         domain=((-3, 3), (-3, 3)), minima=((0, 0),))  # fmt: skip
    picture = ol.plots.basins(waves, ol.GradientDescent(lr=0.02), steps=300, n=40)
    assert len(picture.counts) > 20
    labels = " ".join(legend_texts(picture)).replace("\n", " ")
    assert "global minimum (0, 0)" in labels
    assert "48 local minima" in labels  # multiples of pi/3 up to pi, which draws starts from inside
    assert sum(picture.counts.values()) == 1600


def test_long_runs_are_made_in_chunks(monkeypatch):
    at_once = ol.plots.basins(WELLS, ol.Momentum(lr=0.01), steps=40, n=24)
    monkeypatch.setattr("optlib.pictures.basins.NUMBERS", 1)
    chunked = ol.plots.basins(WELLS, ol.Momentum(lr=0.01), steps=40, n=24)
    assert chunked.counts == at_once.counts
    np.testing.assert_array_equal(chunked.axes.images[0].get_array(), at_once.axes.images[0].get_array())


@pytest.mark.parametrize("wrong", [
    {"n": 1}, {"n": 2.5}, {"steps": -1}, {"steps": "9"}, {"tol": 0}, {"tol": np.nan}, {"extent": ((0, 0), (0, 1))},
    {"opt": 3},
])  # fmt: skip
def test_basins_arguments_are_checked(wrong):
    with pytest.raises((TypeError, ValueError), match=f"basins: {next(iter(wrong))}"):
        ol.plots.basins(WELLS, **{"opt": ol.Adam(), **wrong})


Z, X, Y = np.ones((2, 3)), ("a", [1, 2, 3]), ("b", [1, 2])


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ol.plots.curves([1, 2], {"a": [1, 2, 3]}, "x", "y"), ValueError, "shape"),
    (lambda: ol.plots.curves([1], {"a": [np.nan]}, "x", "y"), ValueError, "no value"),
    (lambda: ol.plots.curves([1], [1], "x", "y"), TypeError, r"curves: ys=\[1\] must be a dict"),
    (lambda: ol.plots.curves([1, 2], {"a": [1, 2]}, "x", "y", slopes={"a": 1}), ValueError, "slopes"),
    (lambda: ol.plots.loss(), ValueError, "no path"),
    (lambda: ol.plots.loss([2.0], log="yes"), ValueError, "log='yes' must be True, False or 'auto'"),
    (lambda: ol.plots.loss("path"), TypeError, "path='path' must be a Trajectory or an array"),
    (lambda: ol.plots.loss(np.ones((2, 2))), ValueError, r"shape \(2, 2\)"),
    (lambda: ol.plots.rates([0.5], {"a": [0.1]}), ValueError, "kappas must be condition numbers"),
    (lambda: ol.plots.heatmap(Z.T, X, Y), ValueError, "values has shape"),
    (lambda: ol.plots.heatmap(Z, X, Y, diverged=Z[0] > 0), ValueError, "diverged has shape"),
    (lambda: ol.plots.heatmap(Z, ("a", [0, 1, 1], "log"), Y), ValueError, "rising, above 0"),
    (lambda: ol.plots.heatmap(Z, ("a", [1, 2, 3], "sqrt"), Y), ValueError, "scale"),
    (lambda: ol.plots.heatmap(Z * np.nan, X, Y), ValueError, "all values"),
    (lambda: ol.plots.heatmap(-Z, X, Y, log=True), ValueError, "at least one value above zero"),
    (lambda: ol.plots.heatmap(Z, [1, 2, 3], Y), TypeError, "must be"),
    (lambda: ol.plots.heatmap(Z, X, Y, best="lowest"), ValueError, "best='lowest' must be 'min', 'max' or None"),
])  # fmt: skip
def test_charts_and_maps_name_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_marks_of_a_long_curve_lie_apart_on_a_logarithmic_axis():
    x = np.arange(1.0, 10_001)
    (line,) = ol.plots.curves(x, {"a": 1 / x}, "step", "value", logx=True, logy=True).axes.lines
    gaps = np.diff(np.log(x[line.get_markevery()]))
    assert len(gaps) == 9
    assert gaps.max() < 1.5 * gaps.min()
