"""`sliders` without a browser: their controls are turned from Python."""

import functools
import json
import re
import time

import numpy as np
import pytest

widgets = pytest.importorskip("ipywidgets")

import optlib as ol  # noqa: E402
from optlib.live import controls  # noqa: E402


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
        "h": (tuple(np.arange(1, 3)), widgets.IntSlider),
        "i": (list(2 ** np.arange(3)), widgets.Dropdown),
        "j": ({"half": np.float32(0.5)}, widgets.Dropdown),
        "k": ((0.1, 0.9999, 0.9999, "log"), widgets.FloatLogSlider),
    }
    for name, (spec, kind) in kinds.items():
        assert type(control := controls.from_spec(name, spec)) is kind
        about = json.loads(json.dumps(controls.described(name, control)))
        assert about["kind"] != "number" or (about["low"], about["high"]) == spec[:2]
    assert controls.read(control) == 0.9999
    for spec in ((0.0, 1.0, 0.9999), (2000.0, 2030.0, 2015.0), (1, 1000, 99, "log"), (0.3, 1.0, 0.3, "log")):
        assert ol.sliders(draw_line, slope=spec).values == {"slope": spec[2]}
    lr = controls.from_spec("lr", (0.003, 0.8, 0.3, "log"))
    lr.value = 10 ** (lr.min + 0.01 * round((-1 - lr.min) / 0.01))  # as a front end counts: from its left end
    assert controls.read(lr) == 0.1
    assert controls.read(controls.from_spec("f", {"one": 1, "two": 2})) == 1


@pytest.mark.parametrize("spec", [(1, 0), (0.0, np.inf), (0, 1.0, "log"), (0, 1, 3.0), (1,), [], "x", ("a", "b"), None])
def test_bad_specs_are_named(spec):
    with pytest.raises(ValueError, match="h="):
        ol.sliders(draw_line, h=spec)


def test_what_has_no_name_is_drawn_too_and_pictures_do_not_share_one(shown):
    object = type("Drawn", (), {"__call__": lambda self, slope: draw_line(slope)})()
    draws = functools.partial(draw_line, n=4), object, lambda slope: draw_line(slope), lambda slope: draw_line(9)
    for draw in 2 * draws:
        ol.sliders(draw, slope=(0.1, 10.0))._ipython_display_()
    assert "<A line and its slope. Controls" in str(shown[0])
    names = re.findall('data-live="(.*?)"', str(shown))
    assert (names[:4], len({*names})) == (names[4:], 4), "alike in each run"


@pytest.mark.parametrize(("draw", "said"), [
    (lambda n: draw_line(n if n < 2 else int("<bad>")), [">invalid", "&lt;bad&gt;"]),
    (lambda n: {1: draw_line(n)}[n], ["KeyError: 2, in line ", " of &lt;lambda&gt;"]),
    (lambda n: draw_line(n if n < 2 else object()), ["TypeError: ", " of &lt;lambda&gt;"]),
    (lambda n: draw_line(n) if n < 2 else None, ["TypeError: sliders: draw returned None"]),
])  # fmt: skip
def test_whatever_a_function_raises_is_said(draw, said):
    board = ol.sliders(draw, n=[1, 2])
    before = bytes(board.picture.value)
    board.controls["n"].value = 2
    assert board.picture.value == before
    for words in said:
        assert words in board.status.value
    board.controls["n"].value = 1
    assert board.status.value == ""


def test_draw_must_return_a_picture():
    with pytest.raises(TypeError, match="draw returned 3"):
        ol.sliders(lambda n: 3, n=(1, 4))
    with pytest.raises(TypeError, match="draw=3"):
        ol.sliders(3, n=(1, 4))
