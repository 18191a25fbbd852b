"""Functions at the edge of numbers, undefined, constant, tiny or huge, are drawn in every way without a warning."""

import math

import numpy as np
import pytest

pytest.importorskip("ipywidgets")
from picture_cases import data_in

import optlib as ol

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


@pytest.mark.parametrize(("fn", "about"), EDGES.values(), ids=EDGES)
def test_a_function_at_the_edge_of_numbers_is_drawn(fn, about):
    f = ol.objective(fn, **about)
    assert data_in(ol.explore(f, ol.Momentum, ol.Adam, steps=20).html())["steps"] == 20
    path = ol.minimize(f, ol.Adam(), steps=10)
    pictures = [ol.plots.loss(path)]
    if f.dim == 1:
        pictures.append(ol.plots.line(f, path))
    else:
        ol.plots.contour(f, path)  # it is one of the two that follow
        pictures += [ol.plots.contour(f, path, log=log) for log in (True, False)]
        pictures.append(ol.plots.surface(f, path))
    for picture in pictures:
        assert picture.png(dpi=48)
    assert "nan" not in pictures[0].description


def test_levels_from_zero():
    bar = ol.plots.contour(ol.FUNCTIONS["sphere"], levels=[0, 1, 4, 9]).figure.axes[-1]
    assert [tick for tick in bar.get_yticks() if 0 <= tick <= 9][0] == 0
