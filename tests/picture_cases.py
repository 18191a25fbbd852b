"""What all pictures must be: a test file with a dict ``PICTURES`` of name -> function imports all of this."""

import base64
import functools
import html
import io
import json
import re

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import optlib as ol
from optlib.pictures import theme

__all__ = ["bundles", "drawn", "picture", "pngs", "pytest_generate_tests", "test_bundle",
           "test_descriptions_are_sentences_and_carry_no_addresses", "test_nothing_is_clipped_or_overlaps"]  # fmt: skip

LEAST_BYTES = 2_000  # of a PNG; a file with a bound of its own has it under the same name

ROSENBROCK = ol.FUNCTIONS["rosenbrock"]
WELLS = ol.objective(lambda x, y: (x**2 - 1) ** 2 + y**2, name="two wells", start=(0.3, 1.5),
                     domain=((-2, 2), (-2, 2)), minima=((1, 0), (-1, 0)))  # fmt: skip
SQUARE = ol.objective(lambda x: x**2, name="square", start=2.0, domain=((-2.5, 2.5),), minima=((0,),))
HALF = ol.objective(lambda x, y: np.sqrt(x) + y**2, name="half <script>alert(1)</script>", start=(2.0, 1.0),
                    domain=((-1, 3), (-2, 2)))  # fmt: skip
LR = np.geomspace(0.01, 1, 12)


def walk(f=WELLS, rule=None, steps=30, **more):
    return ol.minimize(f, rule or ol.Adam(lr=0.1), steps=steps, **more)


RACE = [walk(rule=rule(lr=0.05)) for rule in (ol.GradientDescent, ol.Momentum, ol.AdaGrad, ol.Adam)]


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def draw(picture):
    """All the work of drawing and none of the file's; warnings are errors."""
    with theme.themed():
        picture.figure.set_layout_engine("none")
        picture.figure.draw_without_rendering()


def has_color(png, color, at_least=20):
    return (pixels(png) == theme.rgb(color)).all(axis=-1).sum() >= at_least


def data_in(page):
    """What a player or an explorable gets, read from its page."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL).group(1))


def legend_texts(picture):
    return [text.get_text() for text in picture.figure.legends[0].get_texts()]


def pytest_generate_tests(metafunc):
    if "picture" in metafunc.fixturenames:
        metafunc.parametrize("picture", list(metafunc.module.PICTURES), indirect=True)


@pytest.fixture(scope="module")
def drawn(request):
    return functools.cache(lambda name: request.module.PICTURES[name]())


@pytest.fixture(scope="module")
def bundles(drawn):
    return functools.cache(lambda name: drawn(name)._repr_mimebundle_())


@pytest.fixture(scope="module")
def pngs(drawn):
    return functools.cache(lambda name: drawn(name).png())


@pytest.fixture
def picture(request, drawn):
    return drawn(request.param)


def test_bundle(request, picture, bundles, pngs):
    name = request.node.callspec.params["picture"]
    bundle = bundles(name)
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    small, stored = (Image.open(io.BytesIO(base64.b64decode(text))) for text in (
        bundle["image/png"], re.search("data:image/webp;base64,([^\"]+)", bundle["text/html"]).group(1)
    ))  # fmt: skip
    assert (small.format, stored.format) == ("PNG", "WEBP")
    assert np.abs(pixels(pngs(name)) - np.asarray(stored.convert("RGB"))).mean() < 1
    assert getattr(request.module, "LEAST_BYTES", LEAST_BYTES) < len(bundle["text/html"]) < 200_000
    assert len(bundle["image/png"]) < len(bundle["text/html"])
    alt = re.search(r'alt="([^"]*)"', bundle["text/html"]).group(1)
    assert html.unescape(alt) == picture.description == bundle["text/plain"] == repr(picture)
    width, height = (int(re.search(rf'{side}="(\d+)"', bundle["text/html"]).group(1)) for side in ("width", "height"))
    assert 700 < width < 1000
    for image in (small, stored):
        assert width / height == pytest.approx(image.width / image.height, 0.01)


def test_descriptions_are_sentences_and_carry_no_addresses(picture):
    assert len(picture.description) > 60
    assert picture.description.endswith(".")
    assert " 0x" not in picture.description
    assert "nan" not in picture.description.lower()
    for digits in re.findall(r"\d+\.\d+", picture.description):
        assert len(digits.replace(".", "").lstrip("0")) <= 4, digits


def test_nothing_is_clipped_or_overlaps(request, picture, pngs):
    pngs(request.node.callspec.params["picture"])  # lays it out
    figure = picture.figure
    with theme.themed():
        figure.draw_without_rendering()
        page, title = figure.bbox, figure._suptitle.get_window_extent()
        shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        assert min(text.get_fontsize() for text in shown) >= 12, "too small for a slide"
        entries = [text.get_window_extent() for legend in figure.legends for text in legend.get_texts()]
        for box in (title, *entries):
            assert page.x0 - 1 <= box.x0 < box.x1 <= page.x1 + 1
            assert page.y0 - 1 <= box.y0 < box.y1 <= page.y1 + 1
        assert not any(title.overlaps(entry) for entry in entries)
        for axes in figure.axes:
            box = axes.get_tightbbox()
            assert page.x0 - 2 <= box.x0 < box.x1 <= page.x1 + 2
            assert page.y0 - 2 <= box.y0 < box.y1 <= page.y1 + 2
            if not hasattr(axes, "get_zlim"):
                assert not title.overlaps(axes.get_window_extent())
                assert not any(box.overlaps(entry) for entry in entries)


def check_saving(picture, tmp_path):
    """For each way in which pictures are drawn; what files are like otherwise: `test_plots.py`."""
    before = picture.png()
    for ending in ("png", "svg", "pdf"):
        assert picture.save(tmp_path / f"x.{ending}").stat().st_size > 3_000
    assert picture.png() == before  # saving at another resolution leaves no trace
