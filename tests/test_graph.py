"""Curves that follow sliders."""

import numpy as np
import pytest
from picture_cases import *  # noqa: F403

import optlib as ol

AXES = {"xlabel": "s", "ylabel": "p(s)", "xlim": (0.01, 1), "ylim": (0, 2)}
LINES = [[(0.01, 0.02), (0.1, 0.4), (1, 1.5)], [(0.01, np.inf), (1, 0.5)]]
PICTURES = {
    "graph": lambda: ol.plots.graph(LINES, "Two lines", labels=["one", "two"], logx=True, hlines=[0.7, 1.1], **AXES),
    "linear": lambda: ol.plots.graph(LINES[:1], labels=["one"], **AXES),
}


def test_points_levels_axes_and_words_are_those_given(drawn):
    picture = drawn("graph")
    low, high, one, two = picture.axes.lines
    assert [set(line.get_ydata()) for line in (low, high)] == [{0.7}, {1.1}]
    np.testing.assert_allclose(one.get_xydata(), LINES[0])
    assert one.get_color() != two.get_color()
    assert (picture.axes.get_xlim(), picture.axes.get_ylim()) == ((0.01, 1), (0, 2))
    assert (picture.axes.get_xscale(), drawn("linear").axes.get_xscale()) == ("log", "linear")
    for words in ("Two lines: p(s) against s.", "one: from (0.01, 0.02) to (1, 1.5), highest 1.5."):
        assert words in picture.description


def test_what_a_star_unpacks_is_drawn_by_python():
    board = ol.sliders(lambda top: ol.plots.graph([[(0.01, 0), (1, top)]], labels=["one"], **AXES), top=(0.0, 2.0))
    assert "a star unpacks" in board.fixed


@pytest.mark.parametrize(("change", "message"), [
    ({"labels": ["one", "two"]}, r"labels=\['one', 'two'\] must be 1 texts"),
    ({"lines": [[1, 2]]}, "each of lines must be points"), ({"lines": [np.empty((0, 2))]}, "one at least"),
    ({"xlim": (1, 0.01)}, r"xlim=\(1, 0.01\) must be \(low, high\)"),
    ({"xlim": (0, 1, 2)}, "xlim=.* array of 2 numbers"), ({"ylim": (1,)}, "ylim=.* array of 2 numbers"),
    ({"xlim": (0, 1), "logx": True}, r"xlim=\(0, 1\) must be .* in \(0, inf\)"),
    ({"hlines": [np.nan]}, "hlines=.* must be a 1-D array"), ({"hlines": 0.5}, "hlines=0.5 must be a 1-D array"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        ol.plots.graph(**{"lines": LINES[:1], "labels": ["one"], **AXES, **change})
