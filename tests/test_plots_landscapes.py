"""Landscapes: titles, legends, levels and domains, what leaves the picture or is undefined, and what they refuse."""

import numpy as np
import picture_cases
import pytest
from picture_cases import HALF, RACE, ROSENBROCK, SQUARE, WELLS, draw, has_color, legend_texts, walk
from test_plots import PICTURES  # noqa: F401

import optlib as ol
from optlib.pictures import theme
from optlib.pictures.picture import number, point

drawn = picture_cases.drawn  # of the PICTURES of test_plots


def test_title_states_rule_settings_steps_and_start():
    title = ol.plots.contour(WELLS, walk(rule=ol.Adam(lr=0.1, beta1=0.5))).figure.get_suptitle()
    assert title == "Two wells\nAdam, lr 0.1, beta1 0.5, 30 steps from (0.3, 1.5)"
    title = ol.plots.contour(WELLS, *RACE, title="A race").figure.get_suptitle()
    assert title == "A race\nlr 0.05, 30 steps from (0.3, 1.5)"
    rates = [walk(rule=ol.GradientDescent(lr=lr)) for lr in (0.01, 0.02)]
    picture = ol.plots.contour(WELLS, *rates)
    assert picture.figure.get_suptitle() == "Two wells\nGradientDescent, lr 0.01 to 0.02, 30 steps from (0.3, 1.5)"
    assert legend_texts(picture) == ["lr 0.01", "lr 0.02", "minima"]


def test_a_long_title_is_broken_into_lines():
    rule = ol.Adam(lr=0.123456, beta1=0.54321, beta2=0.98765, eps=0.001234)
    title = ol.plots.contour(WELLS, walk(rule=rule)).figure.get_suptitle()
    assert title.count("\n") == 2
    assert max(map(len, title.split("\n"))) <= 66


def test_legend_names_rules_and_description_names_ends(drawn):
    assert legend_texts(drawn("contour")) == ["GradientDescent", "Momentum", "AdaGrad", "Adam", "minimum"]
    for path in RACE:
        assert f"30 steps at {point(path.end)}, f = {number(ROSENBROCK(path.end))}." in drawn("contour").description
    assert "Minimum marked at (1, 1)." in drawn("contour").description


def test_log_levels_where_the_range_asks_for_them():
    assert "logarithmic" in ol.plots.contour(ROSENBROCK).description
    assert "logarithmic" not in ol.plots.contour(ROSENBROCK, log=False).description
    ackleyish = ol.objective(lambda x, y: 20 - 20 * np.exp(-0.2 * np.sqrt(x**2 + y**2)), minima=((0, 0),))
    assert "logarithmic" not in ol.plots.contour(ackleyish).description
    assert "logarithmic" in ol.plots.contour(ackleyish, log=True).description


def test_domain_is_respected_and_grown_to_hold_a_start():
    axes = ol.plots.contour(WELLS).axes
    assert (axes.get_xlim(), axes.get_ylim()) == ((-2, 2), (-2, 2))
    picture = ol.plots.contour(WELLS, walk(start=(3.0, 0.5), rule=ol.Adam(lr=0.01)))
    low, high = picture.axes.get_xlim()
    assert low == -2
    assert 3 < high < 3.5
    assert picture.axes.get_ylim() == (-2, 2)
    assert "leaves" not in picture.description
    assert ol.plots.contour(WELLS, extent=((0, 1), (0, 3))).axes.get_ylim() == (0, 3)


def test_paths_out_of_the_picture_are_cut_off_and_said():
    out = np.array([[0.0, 0.0], [1.0, 1.0], [1e70, -1e150]])
    picture = ol.plots.contour(WELLS, out, RACE[0])
    assert "1 of 2 paths leave the picture" in picture.description
    assert picture.axes.get_xlim() == (-2, 2)
    draw(picture)
    picture = ol.plots.surface(WELLS, out)
    assert "The path leaves the picture" in picture.description
    draw(picture)


def test_diverged_paths_are_marked():
    path = walk(rule=ol.GradientDescent(lr=5.0))
    assert path.diverged
    for picture in (ol.plots.contour(WELLS, path), ol.plots.loss(path), ol.plots.surface(WELLS, path)):
        assert "diverged" in picture.description
        assert "(diverged)" in " ".join(legend_texts(picture))
        draw(picture)
    nans = np.array([[0.0, 1.0], [1.0, 1.0], [np.nan, 0.0], [0.0, 0.0]])
    assert "diverged, its last finite point after 1 step is (1, 1)" in ol.plots.contour(WELLS, nans).description


def test_undefined_regions_are_blank_and_said():
    picture = ol.plots.contour(HALF, walk(HALF, steps=5))
    assert "undefined in 25 % of the area" in picture.description
    assert "f is undefined" in legend_texts(picture)
    assert has_color(picture.png(), theme.UNDEFINED, 1000)
    draw(ol.plots.surface(HALF))
    with pytest.raises(ValueError, match="no finite value"):
        ol.plots.contour(HALF, extent=((-2, -1), (0, 1)))


def test_hostile_names_are_escaped_and_drawn_as_they_are():
    picture = ol.plots.contour(HALF, walk(HALF, steps=3), labels=["<img src=x> $\\frac{$ _a_"])
    assert "<script" not in picture.html()
    assert "<img src=x" not in picture.html()
    draw(ol.plots.contour(WELLS, RACE[0], labels=["$\\undefinedmacro$"], title="$x"))
    for label in ("_hidden", "$x", "50 % & <b>", "$\\undefinedmacro$", "a\nb", ""):
        draw(ol.plots.curves([1, 2], {label: [1, 2]}, label, label, label))


@pytest.mark.parametrize("steps", [0, 1, 10_000])
def test_any_number_of_steps(steps):
    path = walk(steps=steps, rule=ol.GradientDescent(lr=0.01))
    for picture in (ol.plots.contour(WELLS, path), ol.plots.loss(path)):
        assert f"{steps:,} step" in picture.description
        draw(picture)


def test_fifty_paths_share_one_entry_of_the_legend():
    starts = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    picture = ol.plots.contour(WELLS, walk(start=starts))
    assert legend_texts(picture) == ["Adam: 50 paths", "minima"]
    assert "30 steps from 50 starts" in picture.figure.get_suptitle()
    assert "40 more paths" in picture.description
    assert len(ol.plots.loss(walk(start=starts)).axes.lines) == 50


def test_a_batch_of_settings_is_told_apart_by_them():
    path = walk(rule=ol.Adam(lr=np.array([[0.01], [0.1]])))
    assert legend_texts(ol.plots.contour(WELLS, path))[:2] == ["lr 0.01", "lr 0.1"]
    starts = walk(start=np.array([[0.0, 1.0], [1.0, 1.0]]))
    assert legend_texts(ol.plots.contour(WELLS, starts))[:2] == ["from (0, 1)", "from (1, 1)"]


def test_line_draws_the_graph_and_the_points_on_it(drawn):
    x, y = drawn("line").axes.lines[0].get_data()
    np.testing.assert_allclose(y, x**2)
    points = drawn("line").axes.lines[1].get_xydata()
    np.testing.assert_allclose(points[:3], [[2, 4], [1.6, 2.56], [1.28, 1.6384]])
    assert "1 of 3 paths leave the picture" in drawn("line").description


@pytest.mark.parametrize("make", [ol.plots.contour, ol.plots.surface, ol.plots.scatter,
                                  lambda f: ol.plots.basins(f, ol.Adam())])  # fmt: skip
def test_functions_of_other_dimensions_are_refused(make):
    with pytest.raises(ValueError, match="square has 1 coordinate, .*use plots.line"):
        make(SQUARE)
    with pytest.raises(ValueError, match="rosenbrock has 3 coordinates"):
        make(ROSENBROCK.in_dim(3))
    with pytest.raises(TypeError, match="must be a Function"):
        make(lambda x, y: x)


@pytest.mark.parametrize(("paths", "options", "error", "message"), [
    ([], {"extent": ((1, 0), (0, 1))}, ValueError, "extent"), ([], {"extent": 3}, ValueError, "extent"),
    ([], {"extent": ((0, 1),)}, ValueError, "2 pairs"), ([], {"levels": 1}, ValueError, "levels"),
    ([], {"levels": [1.0]}, ValueError, "levels"), ([], {"log": "yes"}, ValueError, "log"),
    ([], {"levels": 2.5}, TypeError, "levels=2.5 must be an integer from 2 to"),
    ([], {"levels": [-1.0, 1.0], "log": True}, ValueError, "log=True"),
    ([], {"labels": ["a", "b"]}, ValueError, "labels has 2 entries for 0 paths"),
    ([np.zeros((3, 3))], {}, ValueError, "3 coordinates"), ([np.zeros(3)], {}, ValueError, "shape"),
    ([np.zeros((0, 2))], {}, ValueError, "shape"), ([[[np.nan, 0.0]]], {}, ValueError, "finite"),
    ([walk(SQUARE)], {}, ValueError, "1 coordinates"), (["path"], {}, TypeError, "Trajectory or an array"),
])  # fmt: skip
def test_paths_and_options_are_checked(paths, options, error, message):
    with pytest.raises(error, match=message):
        ol.plots.contour(WELLS, *paths, **options)


def test_other_arguments_are_checked():
    with pytest.raises(ValueError, match="contour has|use plots.contour"):
        ol.plots.line(WELLS)
    with pytest.raises(ValueError, match="n=0"):
        ol.plots.scatter(WELLS, n=0)
