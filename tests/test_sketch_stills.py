"""A reader's own picture under sliders: where no kernel runs, it is drawn ahead at a few settings."""

import base64
import re

import ipywidgets as widgets
import numpy as np
from picture_cases import data_in
from test_browser import browser, opened, pytestmark  # noqa: F401

import optlib as ol
from optlib.live import stills


def gray(level, dark=False, kind="a"):
    """A gray square."""
    from matplotlib.figure import Figure

    if level == 1.0:
        raise ValueError("too bright")
    figure = Figure(figsize=(3, 2), facecolor=str(level / 2 if dark else level))
    figure.text(0.3, 0.5, kind)
    return figure


def stills_of(board):
    return stills.html(board.draw, board._first, board._width, board.description, board.controls, board.values)


def test_a_readers_picture_has_stills_at_a_few_settings(browser, tmp_path):  # noqa: F811
    board = ol.sliders(gray, level=(0.0, 1.0, 0.4), dark=False, kind=["a", "b", "c"])
    html = stills_of(board)
    rows = {row["name"]: row for row in data_in(html)["controls"]}
    assert rows["dark"]["labels"] == ["off", "on"]
    assert rows["kind"]["labels"] == ["a", "b", "c"]
    assert rows["level"]["labels"] == ["0", "0.4", "0.667"]  # not 1, which the function refuses
    assert [bool(url) for url in rows["level"]["stills"]] == [True, False, True]  # the first stands there already
    with opened(browser, tmp_path, html) as tab:
        picture = tab.locator(".optlib-stills .card img")
        first = picture.get_attribute("src")
        slider = tab.get_by_role("slider", name="level")
        slider.focus()
        tab.keyboard.press("Home")
        assert picture.get_attribute("src") == rows["level"]["stills"][0] != first
        assert slider.get_attribute("aria-valuetext") == "0"
        tab.keyboard.press("End")
        assert slider.get_attribute("aria-valuetext") == "0.667"
        tab.get_by_role("slider", name="kind").focus()
        tab.keyboard.press("End")
        assert picture.get_attribute("src") == rows["kind"]["stills"][2]
        assert slider.get_attribute("aria-valuetext") == "0.4"  # one number turns at a time
        assert "level 0.4, dark off, kind c" in tab.locator("[role=status]").inner_text()


def test_a_value_between_the_notches_is_one_of_the_stills():
    board = ol.sliders(gray, level=widgets.FloatSlider(value=0.1234, min=0.0, max=1.0, step=1e-4))
    (row,) = data_in(stills_of(board))["controls"]
    assert row["labels"][row["first"]] == "0.1234"


def test_stills_are_small():
    noise = np.random.default_rng(0).random((400, 600))

    def noisy(a, b):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 5))
        figure.add_subplot().imshow(noise * a + b, vmin=0, vmax=2)
        return figure

    html = stills_of(ol.sliders(noisy, a=(0.1, 1.0), b=(0.0, 1.0)))
    pictures = re.findall(r"data:image/webp;base64,([\w+/=]+)", html)
    assert len(pictures) > 7
    assert sum(len(base64.b64decode(each)) for each in pictures) < 300_000
