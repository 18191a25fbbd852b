"""`ol.surface`: heights on the scale of the contour lines, a small page, and a landscape that turns in the browser."""

import base64
import re

import numpy as np
import pytest
from picture_cases import HALF, data_in

import optlib as ol

PLANE = [name for name, f in ol.FUNCTIONS.items() if f.dim == 2]
HOLE = 65535
SADDLE = ol.FUNCTIONS["saddle"]
RULES = ol.GradientDescent(lr=0.1), ol.Adam(lr=0.1)


def stored(relief):
    raw = np.frombuffer(base64.b64decode(relief["heights"]), "<u2").reshape(relief["side"], relief["side"])
    low, high = relief["range"]
    return np.where(raw == HOLE, np.nan, low + (high - low) * raw / (HOLE - 1))


@pytest.mark.parametrize("name", PLANE)
def test_every_function_of_two_coordinates(name):
    f = ol.FUNCTIONS[name]
    html = ol.surface(f, ol.GradientDescent(lr=0.01), ol.Adam(lr=0.1)).html()
    assert len(html) < 60_000
    assert not re.search(r"(src|href)=[\"']?https?:", html)
    data = data_in(html)
    relief = data["relief"]
    (x0, x1), (y0, y1) = data["scene"]["x"], data["scene"]["y"]
    values = f.at(*np.meshgrid(np.linspace(x0, x1, relief["side"]), np.linspace(y0, y1, relief["side"])))
    heights, error = stored(relief), 1e-4 * (relief["range"][1] - relief["range"][0])
    if relief["label"].startswith("log10"):
        with np.errstate(all="ignore"):
            values = np.log10(values - (values.min() if f.minimum is None else f.minimum))
    between = (heights > relief["range"][0] + error) & (heights < relief["range"][1] - error)
    assert between.mean() > 0.5
    if "lowest" not in relief["label"]:  # that is the lowest of a finer grid
        assert np.abs(heights - values)[between].max() < 2 * error
    assert (np.diff(relief["levels"]) > 0).all()
    assert len(data["paths"]) == 2


def test_the_valley_is_not_flattened_by_a_peak():
    peak = ol.objective(lambda x, y: x**2 + y**2 + 1e4 * np.exp(-400 * ((x - 1) ** 2 + (y - 1) ** 2)), name="peak",
                        start=(-1.0, 0.5), domain=((-2, 2), (-2, 2)))  # fmt: skip
    data = ol.surface(peak).data()
    assert data["relief"]["levels"][-1] > 0.7
    assert "cut off above" in data["note"]
    assert "log10 of f(x, y)" in ol.surface(ol.FUNCTIONS["rosenbrock"]).data()["note"]


def test_the_same_each_time_and_names_stay_text():
    """Undefined places have no height, and a name ends no element."""
    shown, again = (ol.surface(HALF, "Adam", steps=10)._repr_mimebundle_() for _ in range(2))
    assert shown == again
    assert set(shown) == {"text/html", "image/png", "text/plain"}
    assert "<script>alert" not in shown["text/html"]
    assert 0.2 < np.isnan(stored(data_in(shown["text/html"])["relief"])).mean() < 0.3
    assert re.search(r'<img alt="Surface of half [^"]*Adam', shown["text/html"])


def test_paths_are_shown_as_they_are():
    path = ol.minimize(SADDLE, RULES[0], start=(-1.0, 0.1), steps=7)
    data = ol.surface(SADDLE, path, RULES[1], steps=9, labels=["one", "two"], title="A <b>").data()
    assert [(p["label"], p["ended"]) for p in data["paths"]] == [("one", 7), ("two", 9)]
    assert data["title"] == "A <b>"


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((ol.FUNCTIONS["theta_squared"],), ValueError, "surface: theta_squared has 1 coordinate"),
    ((lambda x: x,), TypeError, "surface: f=.*must be a Function"),
    ((SADDLE, 3), TypeError, "surface: rule=3 must be an optimizer"),
    ((SADDLE, "Adm"), KeyError, "did you mean 'Adam"),
    ((SADDLE, ol.minimize(SADDLE, RULES[0], start=np.zeros((101, 2)), steps=1)), ValueError, "101 paths.*at most 100"),
])  # fmt: skip
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        ol.surface(*arguments)
