"""Parts of the pictures that are made by hand for speed: tick labels, palettes, the legend of a moving picture."""

import io

import numpy as np
import pytest
from PIL import Image

import optlib as ol
from optlib.live.painter import Painter
from optlib.live.scene import scene
from optlib.live.setting import setting
from optlib.pictures.picture import share
from optlib.pictures.ticks import plain_power


@pytest.mark.parametrize(("formula", "plain"), [
    (r"$\mathdefault{10^{-3}}$", "10⁻³"),
    (r"$\mathdefault{10^{0}}$", "10⁰"),
    (r"$\mathdefault{2\times10^{12}}$", "2×10¹²"),
    (r"$\mathdefault{0}$", r"$\mathdefault{0}$"),
    ("", ""),
    ("0.5", "0.5"),
])  # fmt: skip
def test_powers_of_ten_as_plain_text(formula, plain):
    assert plain_power(formula) == plain


def test_logarithmic_axes_and_color_bars_are_labeled_in_plain_text():
    values = np.geomspace(1e-8, 1e4, 400).reshape(20, 20)
    rates = np.geomspace(1e-3, 1.0, 20)
    picture = ol.plots.heatmap(values, ("lr", rates, "log"), ("beta", np.linspace(0, 1, 20)))
    picture.png()
    labels = [t.get_text() for axes in picture.figure.axes for t in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    assert {"10⁻³", "10⁻²", "10⁻⁴", "10⁴"} <= set(labels)
    assert not any("$" in label for label in labels)


@pytest.mark.parametrize(("many", "words"), [(1, "0.1 %"), (994, "99 %"), (999, "over 99 %"), (1000, "100 %")])
def test_shares_near_all_are_told_in_words(many, words):
    assert share(np.arange(1000) < many) == words


def test_a_color_scale_keeps_its_steps_in_the_file():
    """Also at an end that hardly any cell of the map has."""
    values = np.full((40, 40), 1.0)
    values[0] = np.geomspace(1e-6, 1e6, 40)
    axis = np.arange(1.0, 41.0)
    picture = ol.plots.heatmap(values, ("x", axis), ("y", axis))
    image = np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))
    bar = picture.figure.axes[1].get_window_extent()
    middle = image[:, round((bar.x0 + bar.x1) / 2)]
    column = middle[image.shape[0] - round(bar.y1) + 2 : image.shape[0] - round(bar.y0) - 2]
    assert len(np.unique(column, axis=0)) > 80
    runs = np.diff(np.flatnonzero(np.append(True, (np.diff(column.astype(int), axis=0) != 0).any(axis=1))))
    assert runs.max() < len(column) / 30


def test_a_frame_keeps_nothing_of_others():
    """The background is drawn once and laid under each: the legend, too, shows only the path of the frame itself."""
    f = ol.functions.quadratic(kappa=20)
    tracks = setting(f, [ol.GradientDescent(lr=0.1)], start=(4.9, 4.9), steps=3).tracks()
    used, fresh = (Painter(scene(f), tracks) for _ in range(2))
    each = ((used, 3, ""), (used, 0, "title"), (used, 3, ""), (fresh, None, ""))
    frames = [np.asarray(painter.at(step, title).image().convert("RGB")) for painter, step, title in each]
    assert np.array_equal(frames[0], frames[2])
    assert np.array_equal(frames[2], frames[3])
    assert not np.array_equal(frames[0], frames[1])


def test_settings_are_written_however_small_they_are():
    f = ol.FUNCTIONS["ravine"]
    eps = ol.heatmap(f, ol.Adam, "eps", "lr", xs=[1e-12, 1.0], ys=[0.1, 0.2]).picture.description
    for said, words in {
        "h = 1e-12": ol.plots.secant(np.sin, 1.0, 1e-12, np.cos(1.0), np.array([0, 2])).description,
        "eps from 1e-12 to 1 (": eps, "the best eps 1e-12 and lr": eps,
        "b from -1 to 0,": ol.plots.heatmap(np.eye(2), ("a", [0, 1]), ("b", [-1.0, 1e-17])).description,
        "from (1, 1e-08)": ol.plots.contour(f, [(1.0, 1e-8), (1.0, 0.0)]).description,
    }.items():  # fmt: skip
        assert said in words
