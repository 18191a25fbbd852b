"""Pictures: the theme, files, and that nothing is changed behind the reader's back."""

import html
import itertools
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from picture_cases import *  # noqa: F403
from picture_cases import LR, RACE, ROSENBROCK, SQUARE, WELLS, has_color, pixels, walk

import optlib as ol
from optlib.pictures import theme
from optlib.pictures.tracks import tracks as tracks_of

LEAST_BYTES = 3_000
PICTURES = {
    "contour": lambda: ol.plots.contour(ROSENBROCK, *RACE),
    "line": lambda: ol.plots.line(SQUARE, *(walk(SQUARE, ol.GradientDescent(lr=lr)) for lr in (0.1, 0.9, 1.1))),
    "surface": lambda: ol.plots.surface(WELLS, *RACE[:2]),
    "scatter": lambda: ol.plots.scatter(WELLS, n=500),
    "loss": lambda: ol.plots.loss(*RACE),
    "curves": lambda: ol.plots.curves(LR, {"a": LR, "b": LR**2}, "h", "error", "Errors", logx=True, logy=True,
                                      slopes={"a": 1, "b": 2}, vlines={"limit": 0.5}, hlines={"bound": 0.1}),
    "rates": lambda: ol.plots.rates([10, 100], {"GradientDescent": [0.82, 0.98], "Nesterov": [0.68, 0.9]}),
    "heatmap": lambda: ol.plots.heatmap(np.outer(LR, LR), ("lr", LR, "log"), ("beta", LR), "f at the end"),
    "basins": lambda: ol.plots.basins(WELLS, ol.GradientDescent(lr=0.05), steps=60, n=20),
}  # fmt: skip


@pytest.mark.parametrize("name", ["contour", "heatmap", "loss"])
def test_the_same_call_gives_the_same_picture(name, drawn, pngs):
    first = pngs(name)
    again = PICTURES[name]()
    assert again.description == drawn(name).description
    assert again.png() == first == drawn(name).png()


def test_pyplot_is_not_involved_and_settings_are_left_alone():
    before = dict(matplotlib.rcParams)
    ol.plots.line(SQUARE)._repr_mimebundle_()
    assert dict(matplotlib.rcParams) == before
    code = "import sys, optlib as ol, optlib.pictures.theme; assert 'matplotlib' not in sys.modules; " \
           "ol.plots.line(ol.objective(lambda x: x)).png(); sys.exit('matplotlib.pyplot' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_readers_own_style_does_not_change_the_picture(pngs):
    with matplotlib.rc_context({"figure.facecolor": "black", "text.color": "red", "font.size": 30}):
        assert PICTURES["curves"]().png() == pngs("curves")


def test_every_rule_has_a_look_of_its_own():
    looks = {name: theme.style_of(rule) for name, rule in ol.OPTIMIZERS.items()}
    pairs = {(look["color"], theme.dash_array(look)) for look in looks.values()}
    assert len(pairs) == len(looks)
    for name, look in looks.items():
        assert set(look) == {"color", "linestyle", "marker"}
        assert re.fullmatch("#[0-9A-F]{6}", look["color"])
        assert look["color"] in theme.COLORS
        assert look["color"] != theme.YELLOW
        assert theme.style_of(name) == look == theme.style_of(ol.OPTIMIZERS[name]())


def test_unknown_rules_get_a_lasting_look_that_no_rule_of_the_course_has():
    assert theme.style_of("Grandmother") == theme.style_of("Grandmother")
    known = {(s["color"], theme.dash_array(s)) for s in map(theme.style_of, ol.OPTIMIZERS)}
    for name in ("Grandmother", "Tiger", "MyRule", "", "ü"):
        look = theme.style_of(name)
        assert (look["color"], theme.dash_array(look)) not in known
    code = "from optlib.pictures.theme import style_of; print(style_of('Grandmother'))"
    runs = {subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                           capture_output=True, text=True, check=True).stdout for seed in ("1", "2")}  # fmt: skip
    assert runs == {f"{theme.style_of('Grandmother')}\n"}


def lab(color):
    """A hex color in CIELAB, where distances are those that eyes see."""
    srgb = np.array(theme.rgb(color)) / 255
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    xyz = linear @ np.array([[0.4339, 0.2126, 0.0178], [0.3762, 0.7152, 0.1095], [0.1899, 0.0722, 0.8727]])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(looks):
    colors = [lab(look["color"]) for look in looks]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(colors, 2))


def test_no_two_curves_of_one_picture_share_a_color():
    for names in (*itertools.combinations(ol.OPTIMIZERS, 2), [None] * 10, list(ol.OPTIMIZERS)[:10],
                  [None, None, "Adam"], ["Adam", "Adam", "Momentum", "Momentum", "Momentum"],
                  *(["Momentum"] * n for n in range(2, 7))):  # fmt: skip
        looks = theme.looks(list(names))
        assert nearest(looks) > 17, names
        own = [look["color"] == theme.style_of(name)["color"] for look, name in zip(looks, names, strict=True) if name]
        assert len({*names}) == 1 or sum(own) >= len({theme.style_of(name)["color"] for name in names if name}), names


def test_one_rule_at_several_settings_grows_lighter_with_the_setting():
    rates = (0.1, 0.01, 0.03)
    tracks = tracks_of("test", WELLS, [walk(rule=ol.Adam(lr=lr)) for lr in rates])
    light = [lab(track.style["color"])[0] for track in tracks]
    assert np.argsort(light).tolist() == np.argsort(rates).tolist()
    assert len({str(look) for look in theme.looks([None] * 40)}) == 40
    assert theme.looks(list(ol.OPTIMIZERS)) == list(map(theme.style_of, ol.OPTIMIZERS))


def test_lightness_of_the_colormaps_only_grows():
    for stops in (theme.LANDSCAPE, theme.RESULTS, theme.SCALE):
        light = [np.dot((0.2126, 0.7152, 0.0722), theme.rgb(color)) for color in stops]
        assert light == sorted(light)


def test_colors_stay_exact_in_the_file(pngs):
    for rule in ("GradientDescent", "Momentum", "AdaGrad", "Adam"):
        assert has_color(pngs("contour"), theme.style_of(rule)["color"])
    assert has_color(pngs("surface"), theme.style_of("Momentum")["color"])
    assert has_color(pngs("contour"), theme.YELLOW)
    assert (pixels(pngs("surface"))[:5] == 255).all()


@pytest.mark.parametrize(("name", "head"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")])
def test_save(drawn, tmp_path, name, head):
    path = drawn("loss").save(tmp_path / name)
    assert path.read_bytes().startswith(head)
    first = path.read_bytes()
    assert drawn("loss").save(str(path)).read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == [name]
    if name.endswith("svg"):
        assert html.escape(drawn("loss").description)[:40] in path.read_text(encoding="utf-8")


def test_save_refuses_other_formats_and_leaves_nothing_behind(drawn, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"must end in \.png or \.svg or \.pdf"):
        drawn("loss").save(tmp_path / "a.jpg")
    (tmp_path / "a.png").write_bytes(b"old")

    def fail(path, **_):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(drawn("loss").figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        drawn("loss").save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("f", [f for f in ol.FUNCTIONS.values() if f.dim < 3], ids=lambda f: f.name)
def test_every_function_has_its_picture(f):
    path = ol.minimize(f, ol.Adam(lr=0.05), steps=20)
    picture = (ol.plots.contour if f.dim == 2 else ol.plots.line)(f, path)
    assert f.name in picture.description
    assert "undefined" not in picture.description
    assert ("Minim" in picture.description) == bool(f.minima)
