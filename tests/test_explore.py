"""The objects with sliders, without a browser: their controls are turned from Python."""

import math
import time

import numpy as np
import pytest

widgets = pytest.importorskip("ipywidgets")
from picture_cases import data_in, pixels  # noqa: E402

import optlib as ol  # noqa: E402
from optlib.live import controls, page  # noqa: E402

F = ol.FUNCTIONS["rosenbrock"]


@pytest.fixture
def shown(monkeypatch):
    """What an object puts into the cell's output, as a list of MIME bundles."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


# --- explore -------------------------------------------------------------------------------------------------


def test_every_hyper_parameter_has_a_slider():
    explorer = ol.explore(F, ol.Adam(lr=0.1))
    assert list(explorer.hypers["Adam"]) == list(ol.Adam.hypers)
    assert explorer.hypers["Adam"]["lr"].description == r"lr $\eta$"
    assert isinstance(explorer.hypers["Adam"]["lr"], widgets.FloatLogSlider)
    assert isinstance(explorer.hypers["Adam"]["beta1"], widgets.FloatSlider)


@pytest.mark.parametrize("name", ol.OPTIMIZERS)
def test_every_rule_can_be_explored(name):
    explorer = ol.explore(F, name, steps=5)
    numbers = [n for n, about in ol.OPTIMIZERS[name].hypers.items() if about.slider or isinstance(about.default, bool)]
    assert set(numbers) >= set(explorer.hypers[name])
    assert len(explorer.paths) == 1
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [n for n, f in ol.FUNCTIONS.items() if f.dim in (1, 2)])
def test_every_function_can_be_explored(name):
    explorer = ol.explore(ol.FUNCTIONS[name], ol.GradientDescent(lr=0.01), steps=3)
    assert pixels(explorer.picture.value).std() > 5


def test_turning_a_slider_changes_picture_path_and_code():
    explorer = ol.explore(F, ol.Adam(lr=0.1), steps=50)
    before = pixels(explorer.picture.value)
    explorer.hypers["Adam"]["lr"].value = 0.3
    assert np.abs(pixels(explorer.picture.value) - before).sum() > 10_000
    np.testing.assert_array_equal(explorer.paths[0].x, ol.minimize(F, ol.Adam(lr=0.3), steps=50).x)
    assert "ol.Adam(lr=0.3)" in explorer.code


def test_the_code_reproduces_the_paths():
    explorer = ol.explore(F, ol.Adam(lr=0.1), ol.GradientDescent(lr=1e-3), steps=30)
    explorer.tuned.value = "Adam"
    explorer.hypers["Adam"]["lr"].value = 10**-0.333
    explorer.hypers["Adam"]["beta1"].value = 0.123
    explorer.count.value = 44
    explorer.starts[0].value = 0.7
    names = {"ol": ol}
    exec(explorer.code.rsplit("\n", 1)[0], names)
    for path, shown_path in zip(names["paths"], explorer.paths, strict=True):
        np.testing.assert_array_equal(path.x, shown_path.x)


def test_reset_returns_to_the_first_picture():
    explorer = ol.explore(F, ol.Adam(lr=0.1), steps=20)
    first, code = bytes(explorer.picture.value), explorer.code
    explorer.hypers["Adam"]["lr"].value = 0.01
    explorer.starts[1].value = 2.0
    explorer.choice.value = ("Adam", "GradientDescent")
    explorer.count.value = 7
    assert explorer.code != code
    explorer.reset()
    assert explorer.code == code
    assert explorer.picture.value == first


def test_function_and_rules_can_be_chosen():
    f = ol.objective(lambda x, y: x**2 + 3 * y**2, name="mine", start=(2.0, 2.0))
    explorer = ol.explore(f, ol.GradientDescent(lr=0.1), steps=9)
    explorer.choice.value = ("GradientDescent", "Adam")
    assert [type(path.rule).__name__ for path in explorer.paths] == ["GradientDescent", "Adam"]
    explorer.function.value = "rosenbrock"
    assert explorer.paths[0].function is F
    assert tuple(explorer.paths[0].start) == F.start
    explorer.function.value = "mine"
    assert explorer.paths[0].function is f


def test_the_start_follows_a_place_in_the_picture():
    """A script sends the place; see display.js.  In the middle of the axes lies the middle of the domain."""
    explorer = ol.explore(F, ol.GradientDescent(lr=1e-3), steps=9)
    left, right, top, bottom = 60 / 600, 1 - 14 / 600, 30 / 500, 1 - 42 / 500  # the painter's margins
    explorer.pointed.value = f"{(left + right) / 2:.4f} {(top + bottom) / 2:.4f}"
    assert np.allclose(explorer.paths[0].start, np.mean(F.domain, axis=1), atol=0.02)
    assert [control.value for control in explorer.starts] == list(explorer.paths[0].start)
    first = explorer.code
    for nonsense in ("0.01 0.01", "1.5 0.5", "nan 0.5", "here", "", "1 2 3"):
        explorer.pointed.value = nonsense
        assert explorer.code == first


def test_the_start_on_a_line_follows_too():
    explorer = ol.explore(ol.FUNCTIONS["two_basins"], ol.GradientDescent(lr=0.01), start=-3.6, steps=5)
    explorer.pointed.value = "0.5383 0.5"
    ((low, high),) = ol.FUNCTIONS["two_basins"].domain
    assert abs(explorer.paths[0].start[0] - (low + high) / 2) < 0.02 * (high - low)


def test_fixed_hyper_parameters_have_no_slider():
    explorer = ol.explore(F, ol.Adam(lr=0.1), eps=1e-3)
    assert "eps" not in explorer.hypers["Adam"]
    assert explorer.paths[0].rule.eps == 1e-3


def test_a_start_without_a_value_is_reported():
    f = ol.objective(lambda x, y: np.log(x) + y**2, name="half", start=(1.0, 1.0), domain=((-1, 2), (-1, 2)))
    explorer = ol.explore(f, ol.GradientDescent(lr=0.1), steps=5)
    explorer.starts[0].value = -0.5
    assert "not finite" in explorer.status.value


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ol.explore("rosenbrock", ol.Adam), TypeError, "f='rosenbrock'"),
        (lambda: ol.explore(F), TypeError, "at least one optimizer"),
        (lambda: ol.explore(F, 3), TypeError, "rule=3"),
        (lambda: ol.explore(F, ol.Adam, gamma=1), TypeError, "gamma=1"),
        (lambda: ol.explore(F, ol.Adam, lr=-1), ValueError, "lr=-1"),
        (lambda: ol.explore(F, ol.Adam, start=(1, 2, 3)), ValueError, "start="),
        (lambda: ol.explore(F, ol.Adam, steps=0), ValueError, "steps=0"),
        (lambda: ol.explore(F, ol.Adam, steps=1.5), TypeError, "steps=1.5"),
        (lambda: ol.explore(F, ol.Adam, extent=((1, 0), (0, 1))), ValueError, "extent="),
        (lambda: ol.explore(F.in_dim(3), ol.Adam), ValueError, "3 coordinates"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- what stands in the output ---------------------------------------------------------------------------------


def test_the_output_is_the_same_in_every_run(shown):
    for _ in range(2):
        ol.explore(F, ol.Adam(lr=0.1), steps=20)._ipython_display_()
    first, view, second, _ = shown
    assert first == second
    assert first["text/plain"] == "<explore Rosenbrock, Adam, lr 0.1, 20 steps from (-1.2, 1)>"
    assert set(view) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert "20 steps" in first["text/html"].split('alt="')[1].split('"')[0]


def test_names_cannot_break_out_of_the_html(shown):
    f = ol.objective(lambda x, y: x**2 + y**2, name='</figure><script>alert("1")</script>')
    ol.explore(f, ol.GradientDescent(lr=0.1), steps=3)._ipython_display_()
    assert "<script>alert" not in shown[0]["text/html"]
    assert "</figure><script" not in shown[0]["text/html"]


def test_json_cannot_end_its_element():
    text = page.escaped_json({"name": "</script><!--&\u2028"})
    assert not set("<>&\u2028") & set(text)


# --- sliders ---------------------------------------------------------------------------------------------------


def draw_line(slope, n=3):
    """A line and its slope."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    figure.add_subplot().plot([0, n], [0, slope])
    return figure


def test_sliders_redraw_and_show(shown):
    board = ol.sliders(draw_line, slope=(0.1, 10.0, "log"), n=(1, 50))
    assert board.values == {"slope": 1.0, "n": 26}
    before = bytes(board.picture.value)
    board.controls["slope"].value = 5.0
    assert board.picture.value != before
    board._ipython_display_()
    assert shown[0]["text/plain"] == "<A line and its slope. Controls: slope, n>"


def test_a_slow_picture_follows_its_sliders_too():
    """The first picture of a session is slow in any case: it decides nothing."""

    def slow(a, b, c):
        time.sleep(0.1)
        return draw_line(a)

    board = ol.sliders(slow, a=(0.1, 10.0, "log"), b=(0.0, 1.0), c=(1, 9))
    for name, control in board.controls.items():
        control.value = control.max
        assert control.continuous_update, name
        assert board.values[name] == control.max


def test_a_control_of_the_readers_own_keeps_its_ways():
    own = widgets.FloatSlider(value=1.0, min=0.0, max=2.0, continuous_update=False)
    assert ol.sliders(draw_line, slope=own).controls["slope"].continuous_update is False


def test_specs_become_controls():
    kinds = {
        "a": ((1e-12, 1.0, "log"), widgets.FloatLogSlider),
        "b": ((1, 1000, "log"), widgets.FloatLogSlider),
        "c": ((1, 50), widgets.IntSlider),
        "d": ((0.0, 1.0, 0.25), widgets.FloatSlider),
        "e": (["GD", "Adam"], widgets.Dropdown),
        "f": ({"one": 1, "two": 2}, widgets.Dropdown),
        "g": (True, widgets.Checkbox),
    }
    for name, (spec, kind) in kinds.items():
        assert type(controls.from_spec(name, spec)) is kind
    assert controls.from_spec("d", (0.0, 1.0, 0.25)).value == 0.25
    assert controls.read(controls.from_spec("f", {"one": 1, "two": 2})) == 1


@pytest.mark.parametrize("spec", [(1, 0), (0.0, 1.0, "log"), (0.0, 1.0, 3.0), (1,), [], "x", ("a", "b"), None])
def test_bad_specs_are_named(spec):
    with pytest.raises(ValueError, match="h="):
        ol.sliders(draw_line, h=spec)


def test_a_refused_setting_keeps_the_picture_and_says_why():
    def draw(n):
        if n == 3:
            raise ValueError("three is <bad>")
        return draw_line(n)

    board = ol.sliders(draw, n=(1, 4))
    before = bytes(board.picture.value)
    board.controls["n"].value = 3
    assert board.picture.value == before
    assert "three is &lt;bad&gt;" in board.status.value


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda n: {1: draw_line(n)}[n], ["KeyError: 2, in line ", " of &lt;lambda&gt;"]),
        (lambda n: draw_line(n if n < 2 else object()), ["TypeError: ", " of &lt;lambda&gt;"]),
        (lambda n: draw_line(n) if n < 2 else None, ["TypeError: sliders: draw returned None"]),
    ],
)
def test_whatever_a_function_raises_is_said(draw, said):
    board = ol.sliders(draw, n=[1, 2])
    before = bytes(board.picture.value)
    board.controls["n"].value = 2
    assert board.picture.value == before
    for words in said:
        assert words in board.status.value
    board.controls["n"].value = 1
    assert board.status.value == ""


@pytest.mark.parametrize("start", [(1e6, -1e9), (1e100, 1e100)])
def test_a_start_far_outside_of_the_picture(start):
    explorer = ol.explore(ol.FUNCTIONS["sphere"], ol.GradientDescent(lr=0.1), start=start, steps=5)
    assert tuple(control.value for control in explorer.starts) == start
    assert explorer.paths[0].x[0].tolist() == list(start)
    assert data_in(explorer.html())["start"] == list(start)


EDGES = {
    "undefined in part": (lambda x: np.sqrt(x) - np.log(x), {"start": 3.0, "domain": [(-1.0, 5.0)]}),
    "NaN at its minimum": (lambda x: -np.sinc(x) * x / x, {"start": 0.5, "minima": [0.0]}),
    "undefined at most places": (lambda x, y: np.where(x**2 + y**2 < 0.02, x, np.nan), {"start": (0.1, 0.0)}),
    "constant": (lambda x, y: 3.0, {}),
    "constant but for rounding": (lambda x, y: np.cos(x) ** 2 + np.sin(x) ** 2 + 0 * y, {}),
    "constant of one": (lambda x: np.cos(x) ** 2 + np.sin(x) ** 2, {}),
    "constant beside what is added": (lambda x, y: 1e200 + x**2 + y**2, {}),
    "tiny": (lambda x, y: 1e-200 * (x**2 + y**2), {}),
    "below all normal numbers": (lambda x, y: 1e-310 * (x**2 + y**2), {}),
    "huge": (lambda x, y: 1e200 * (x**2 + y**2), {}),
    "steep": (lambda x: np.exp(300 * x), {"start": 0.5}),
    "steep in the plane": (lambda x, y: np.exp(300 * x) + y**2, {"start": (0.5, 1.0)}),
    "minus infinity": (lambda x, y: np.log(np.abs(x) + np.abs(y)), {"start": (1.0, 2.0), "minima": [(0, 0)]}),
    "largest": (lambda x, y: np.max(np.abs([x, y])), {}),
    "if": (lambda x: x * x if x > 0 else math.exp(-x), {}),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_function_at_the_edge_of_numbers_is_drawn(name):
    fn, about = EDGES[name]
    f = ol.objective(fn, **about)
    html = ol.explore(f, ol.Momentum, ol.Adam, steps=20).html()
    assert "moves only where Python runs" in html or data_in(html)["steps"] == 20
    path = ol.minimize(f, ol.Adam(), steps=10)
    pictures = [ol.plots.loss(path)]
    if f.dim == 1:
        pictures.append(ol.plots.line(f, path))
    else:
        pictures += [ol.plots.contour(f, path, log=log) for log in (True, False, "auto")]
        pictures += [ol.plots.contour3d(f, path), ol.plots.surface(f, path)]
    for picture in pictures:
        assert picture.png()
    assert "nan" not in pictures[0].description


def test_levels_from_zero():
    bar = ol.plots.contour(ol.FUNCTIONS["sphere"], levels=[0, 1, 4, 9]).figure.axes[-1]
    assert [tick for tick in bar.get_yticks() if 0 <= tick <= 9][0] == 0


def test_draw_must_return_a_picture():
    with pytest.raises(TypeError, match="draw returned 3"):
        ol.sliders(lambda n: 3, n=(1, 4))
    with pytest.raises(TypeError, match="draw=3"):
        ol.sliders(3, n=(1, 4))


def test_all_rules_are_turned_at_once():
    explorer = ol.explore(F, ol.Adam(lr=0.1), ol.GradientDescent(lr=1e-3), ol.Momentum(lr=1e-3), steps=30)
    assert explorer.tuned.options[0] == explorer.tuned.value == "all rules"
    (lr,) = explorer.panel.children
    assert [path.rule.lr for path in explorer.paths] == [0.1, 1e-3, 1e-3]
    lr.value = 10**-1.5
    assert [path.rule.lr for path in explorer.paths] == [0.0316] * 3
    explorer.tuned.value = "Momentum"
    assert explorer.hypers["Momentum"]["lr"].value == pytest.approx(0.0316, rel=0.1)
    explorer.hypers["Momentum"]["lr"].value = 1e-2
    assert [path.rule.lr for path in explorer.paths] == [0.0316, 0.0316, 0.01]
    explorer.reset()
    assert [path.rule.lr for path in explorer.paths] == [0.1, 1e-3, 1e-3]
    explorer.choice.value = ("Adam", "RMSProp")
    explorer.tuned.value = "all rules"
    assert [control.description.split()[0] for control in explorer.panel.children] == ["lr", "beta2", "eps"]
    explorer.choice.value = ("Adam",)
    assert explorer.tuned.options == ("Adam",)
