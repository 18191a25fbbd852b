"""The animation as an object and as files; the player itself is driven in test_browser_player.py."""

import re
import shutil
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from picture_cases import data_in
from PIL import Image

import optlib as ol
from optlib.live import browser_data

F = ol.FUNCTIONS["rosenbrock"]
PATHS = [ol.minimize(F, rule, steps=40) for rule in (ol.Adam(lr=0.1), ol.GradientDescent(lr=1e-3))]


@pytest.fixture(scope="module")
def animation():
    return ol.animate(F, *PATHS)


def points_of(path):
    """Points as the player decodes them, as fractions of the picture."""
    return np.cumsum(np.array(path["points"]).reshape(-1, 2), axis=0) / browser_data.UNITS


def test_the_player_gets_the_paths(animation):
    data = data_in(animation.html())
    for stored, path in zip(data["paths"], PATHS, strict=True):
        (x0, x1), (y0, y1) = data["scene"]["x"], data["scene"]["y"]
        expected = (path.x - [x0, y0]) / [x1 - x0, y1 - y0]
        np.testing.assert_allclose(points_of(stored), expected, atol=0.5001 / browser_data.UNITS)
        np.testing.assert_allclose(stored["heights"], path.f, rtol=5e-4)
    assert data["steps"] == 40


def test_a_path_of_another_function_is_shown_with_the_values_of_the_one_that_is_drawn():
    other = ol.FUNCTIONS["himmelblau"]
    data = data_in(ol.animate(other, PATHS[0]).html())
    np.testing.assert_allclose(data["paths"][0]["heights"], other(PATHS[0].x), rtol=5e-4)


def test_the_output_is_small_alike_and_needs_no_network(animation):
    first = animation._repr_mimebundle_()
    assert first == ol.animate(F, *PATHS)._repr_mimebundle_()
    assert first["text/plain"] == "<animation: Rosenbrock, lr 0.001 to 0.1, 40 steps from (-1.2, 1)>"
    page = first["text/html"].replace("http://www.w3.org/2000/svg", "")
    assert "http" not in page
    assert len(page) < 60_000


@pytest.mark.parametrize(("name", "start", "axes"), [
    ("rosenbrock", None, ["x", "y"]), ("two_basins", 2.0, ["x", "f(x)"]),
])  # fmt: skip
def test_the_still_for_pages_without_scripts_has_axes_legend_and_what_to_do(name, start, axes):
    f = ol.FUNCTIONS[name]
    rates = np.linspace(1e-4, 1e-3, 12)
    names = [f"rate <{rate:.4f}>" for rate in rates]
    paths = [ol.minimize(f, ol.GradientDescent(lr=rate), start, steps=9) for rate in rates]
    for count, said in ((3, names[:3]), (12, [*names[:8], "and 4 more"])):
        page = ol.animate(f, *paths[:count], labels=names[:count]).html()
        assert ">A still picture: run this cell, and it moves.</p>" in page
        svg = ElementTree.fromstring(unquote(re.search('src="data:image/svg[^,]*,([^"]*)"', page)[1]))
        texts = [(element.text, float(element.get("y"))) for element in svg.iter("{http://www.w3.org/2000/svg}text")]
        words = [text for text, _ in texts]
        assert words[-len(said) :] == said
        assert [word for word in words if word in axes] == axes
        ticks = [float(word.replace("−", "-")) for word in words[: words.index(axes[0])]]
        assert min(ticks) >= min(np.ravel(f.domain)) - 1
        assert len(ticks) >= 8
        _, top, _, height = map(float, svg.get("viewBox").split())
        assert max(y for _, y in texts) < top + height


def test_names_cannot_break_out():
    name = '</script><script>alert("1")</script>'
    f = ol.objective(lambda x, y: x**2 + y**2, name=name)
    page = ol.animate(f, ol.minimize(f, ol.GradientDescent(lr=0.1), steps=3), labels=[name], title=name).html()
    assert "<script>alert" not in page
    assert data_in(page)["paths"][0]["label"] == name


def test_moments_are_stored_in_order_as_text():
    evil = "</script><script>alert(1)</script>"
    html = ol.animate(F, *PATHS, moments={np.int64(30): evil, 0: "Off.", 40: "Done."}).html()
    assert "<script>alert" not in html
    assert data_in(html)["moments"] == [[0, "Off."], [30, evil], [40, "Done."]]
    assert data_in(ol.animate(F, *PATHS).html())["moments"] == []


@pytest.mark.parametrize("name", [n for n, f in ol.FUNCTIONS.items() if f.dim in (1, 2)])
def test_every_function_can_be_animated(name):
    f = ol.FUNCTIONS[name]
    data = data_in(ol.animate(f, ol.minimize(f, ol.GradientDescent(lr=1e-3), steps=4)).html())
    assert data["scene"]["labels"][0] == "x"
    assert ("graph" in data["scene"]) == (f.dim == 1)


def test_unusual_paths():
    half = ol.objective(lambda x, y: np.log(x) ** 2 + y**2, name="half", start=(2.0, 2.0), domain=((-1, 3), (-3, 3)))
    outside = ol.minimize(F, ol.GradientDescent(lr=1e-4), start=(-5.0, 40.0), steps=10)
    diverged = ol.minimize(F, ol.GradientDescent(lr=1.0), steps=10)
    cases = [
        (half, ol.minimize(half, ol.GradientDescent(lr=0.1), steps=10)),
        (F, outside),
        (F, diverged),
        (F, ol.minimize(F, ol.Adam(lr=0.1), steps=1)),
        (F, ol.minimize(F, ol.Adam(lr=0.1), steps=0)),
        (F, np.array([[0.0, 0.0], [1.0, 1.0]])),
    ]
    for f, path in cases:
        animation = ol.animate(f, path)
        assert len(animation.html()) < 60_000
        assert animation.still().startswith(b"\x89PNG")
    data = data_in(ol.animate(F, outside).html())
    assert data["scene"]["x"][0] < -5
    assert data["scene"]["y"][1] > 40
    data = data_in(ol.animate(F, diverged).html())
    assert (data["paths"][0]["stopped"], data["values"]["high"]) == ("diverged", 7.5)  # not as far up as it flies
    far = ol.objective(lambda x: 1e6 + x**2, start=3.0)
    page = ol.animate(far, path := ol.minimize(far, ol.Adam(lr=0.1), steps=9)).html()
    np.testing.assert_allclose(data_in(page)["paths"][0]["heights"], path.f, rtol=0, atol=0.01)
    assert ">1000005<" in unquote(page)
    for draw in (ol.animate, ol.surface, ol.plots.contour, ol.plots.run):  # a path ends where there is no value
        ended = draw(half, np.array([[2.0, 2.0], [1.0, 1.0], [-1.0, 1.0], [1.0, 0.5]]))
        assert "(1, 1)" in ended.html()


def test_long_and_many_paths_are_thinned():
    data = data_in(ol.animate(F, ol.minimize(F, ol.Adam(lr=0.01), steps=10_000)).html())
    assert data["stride"] == 1
    lr = np.geomspace(1e-4, 1e-2, 50)[:, None]
    many = ol.minimize(F, ol.GradientDescent(lr=lr), steps=2_000)
    data = data_in(ol.animate(F, many).html())
    assert len(data["paths"]) == 50
    assert sum(len(path["heights"]) for path in data["paths"]) < 21_000
    last = (many.x[-1, 7] - [-2, -1]) / 4
    np.testing.assert_allclose(points_of(data["paths"][7])[-1], last, atol=0.5001 / browser_data.UNITS)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: ol.animate("ackley"), TypeError, "f='ackley'"),
    (lambda: ol.animate(F), TypeError, "at least one path"),
    (lambda: ol.animate(F, "path"), TypeError, "path='path'"),
    (lambda: ol.animate(F, np.zeros((3, 5))), ValueError, "5"),
    (lambda: ol.animate(F, np.zeros((3, 2)), labels=["a", "b"]), ValueError, "labels"),
    (lambda: ol.animate(F, *[np.zeros((3, 2))] * 101), ValueError, "101 paths"),
    (lambda: ol.animate(F, np.zeros((3, 2)), extent=((0, 0), (0, 1))), ValueError, "extent"),
    (lambda: ol.animate(F, PATHS[0], moments=[12]), TypeError, r"moments=\[12\] must be a dict"),
    (lambda: ol.animate(F, PATHS[0], moments={41: "late"}), ValueError, "41 must be an integer from 0 to 40"),
    (lambda: ol.animate(F, PATHS[0], moments={-1: "early"}), ValueError, "-1 must be an integer from 0 to 40"),
    (lambda: ol.animate(F, PATHS[0], moments={1.5: "between"}), TypeError, "1.5 must be an integer"),
    (lambda: ol.animate(F, PATHS[0], moments={12: 3}), TypeError, r"moments\[12\]=3 must be a sentence"),
    (lambda: ol.animate(F, PATHS[0], moments={12: " "}), ValueError, r"moments\[12\]=' ' must be a sentence"),
    (lambda: ol.animate(F, np.zeros((3, 2))).save("x.avi"), ValueError, "x.avi"),
    (lambda: ol.animate(F, np.zeros((3, 2))).save("x.gif", frames=1), ValueError, "frames=1"),
    (lambda: ol.animate(F, np.zeros((3, 2))).save("x.gif", seconds=0), ValueError, "seconds=0"),
    (lambda: ol.animate(F, PATHS[0]).still(-1), ValueError, "still: step=-1"),
    (lambda: ol.animate(F, PATHS[0]).still(2.5), TypeError, "still: step=2.5"),
    (lambda: ol.animate(F, PATHS[0]).still(size=600), ValueError, r"size=600 must be \(width, height\)"),
    (lambda: ol.animate(F, PATHS[0]).still(size=(0, 500)), ValueError, "side of size=0 must"),
    (lambda: ol.animate(F, PATHS[0]).still(scale=0), ValueError, "scale=0 must be a number in"),
    (lambda: list(ol.animate(F, PATHS[0]).frames(0)), ValueError, "frames: count=0"),
])  # fmt: skip
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("kind", ["gif", "webp", "apng"])
def test_films_show_the_frames(animation, tmp_path, kind):
    frames = [np.asarray(frame.convert("RGB")) for frame in animation.frames(8)]
    with Image.open(animation.save(tmp_path / f"film.{kind}", frames=8)) as film:
        assert film.n_frames == 8
        for i in range(8):
            film.seek(i)
            np.testing.assert_array_equal(np.asarray(film.convert("RGB")), frames[i])
    assert [p.name for p in tmp_path.iterdir()] == [f"film.{kind}"]


def test_still_and_page(animation, tmp_path):
    with Image.open(animation.save(tmp_path / "last.png", scale=2)) as still:
        assert still.size == (1200, 1000)
    page = animation.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>Rosenbrock</title>" in page


def test_mp4_needs_ffmpeg(animation, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="ffmpeg is not found"):
        animation.save(tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_mp4(animation, tmp_path):
    film = animation.save(tmp_path / "film.mp4", frames=5)
    assert film.read_bytes()[4:8] == b"ftyp"
