"""Pictures that are arithmetic: what a page draws is what Python draws, and follows the mouse."""

import base64
import functools
import re

import accessibility
import numpy as np
import pytest
from picture_cases import *  # noqa: F403
from test_browser import browser, opened, pytestmark  # noqa: F401
from test_translate import run  # noqa: F401

import optlib as ol
from optlib.live import translate
from optlib.pictures.noise_floor import noisy_runs
from optlib.pictures.reddi import STEPS, reddi_run
from optlib.pictures.sketch import walk

LEAST_BYTES = 3_000
RAVINE = ol.FUNCTIONS["ravine"]
NOISY = 1 + 0.3 * np.random.default_rng(0).standard_normal(60)
RULES = [ol.GradientDescent(lr=1.5), ol.AdaGrad(lr=1.0), ol.RMSProp(lr=0.1), ol.Adam(lr=0.5)]


def feet(h):
    return ol.plots.secant(np.log, 1.0, h, 1.0)


def bar(lr, beta):
    return ol.plots.phase_diagram((0.01 * lr, lr), beta)


def nesterov(lr_curvature, beta):
    return ol.plots.phase_diagram(lr_curvature, beta, nesterov=True)


def smoothed(beta, corrected):
    return ol.plots.averages(NOISY, [beta], corrected)


def ahead(x, y, vx, vy, beta):
    return ol.plots.look_ahead(RAVINE, (x, y), (vx, vy), lr=0.3, beta=beta, extent=((-7, 1), (-2.5, 2.5)))


def valley(kappa, lr):
    return ol.plots.valley(ol.GradientDescent, kappa, lr=lr)


def turned(kappa, angle):
    return ol.plots.valley(RULES, kappa, angle)


def adam(momentum, division, lr, steps=60):
    """A rule of the reader's own, as notebook 03 has it."""
    b1, b2, eps = 0.9 * momentum, 0.999, 1e-8
    x, m, v = np.array(RAVINE.start), 0.0, 0.0
    points = [x]
    for t in range(1, steps + 1):
        g = RAVINE.grad(x)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        x = x - lr * m_hat / (np.sqrt(v_hat) + eps if division else 1)
        points.append(x)
    return np.array(points)


def parts(momentum, division, lr):
    return ol.plots.run(RAVINE, adam(momentum, division, lr), f"Adam's parts, lr {lr:.3g}")


def odd(a, steps):
    """A reader's loop over a polynomial, as notebook 06 has it; large values leave the floats."""
    line = [(s, repeated(s, steps, [(a, 1 - a), (1.5, -0.5)])) for s in (0.1, 9.0)]
    return ol.plots.graph([line], f"{steps} steps", labels=["mine"], xlabel="s", ylabel="", xlim=(0.1, 9), ylim=(0, 2))


def repeated(s, steps, table):
    for k in range(steps):
        a, b = table[min(k, len(table) - 1)]
        s = s * (a + b * s * s)
    return s


BETA = (0.0, 0.99, 0.9)
LIVE = {  # function, its sliders, and settings to compare
    "secant": (feet, {"h": (1e-15, 2.0, 0.3, "log")}, [{"h": h} for h in (0.3, 1e-3, 1.7)]),
    "phases": (ol.plots.phase_diagram, {"lr_curvature": (0.0, 4.2, 0.1), "beta": BETA},
               [{"lr_curvature": s, "beta": b}
                for s, b in ((0.1, 0.9), (0.0, 0.0), (1.9, 0.05), (4.0, 0.3), (0.4, 0.2))]),
    "bar": (bar, {"lr": (0.1, 3.9, 1.0), "beta": BETA}, [{"lr": s, "beta": b} for s, b in ((1.0, 0.9), (3.3, 0.41))]),
    "nesterov": (nesterov, {"lr_curvature": (0.0, 2.0, 0.5), "beta": BETA},
                 [{"lr_curvature": s, "beta": b} for s, b in ((0.5, 0.9), (1.2, 0.4), (1.9, 0.9))]),
    "averages": (smoothed, {"beta": (0.0, 0.995, 0.9), "corrected": True},
                 [{"beta": b, "corrected": c} for b, c in ((0.9, True), (0.0, False), (0.99, False))]),
    "look-ahead": (ahead, {"x": (-7.0, 1.0, -4.0), "y": (-2.5, 2.5, 0.4), "vx": (-9.0, 9.0, -2.0),
                           "vy": (-9.0, 9.0, 3.0), "beta": BETA},
                   [{"x": -4.0, "y": 0.4, "vx": -2.0, "vy": v, "beta": b} for v, b in ((3.0, 0.9), (0.0, 0.0))]),
    "valley": (valley, {"kappa": (1.0, 1000.0, 20.0, "log"), "lr": (0.1, 2.1, 1.9)},
               [{"kappa": k, "lr": r} for k, r in ((20.0, 1.9), (1.0, 1.0), (1000.0, 2.05))]),
    "angle": (turned, {"kappa": (1.0, 1000.0, 100.0, "log"), "angle": (0.0, 90.0, 30.0)},
              [{"kappa": 100.0, "angle": a} for a in (0.0, 30.0, 90.0)]),
    "Adam fails": (ol.plots.reddi, {"C": (3, 100, 10), "memory": (1.0, 1e4, 10.0, "log")},
                   [{"C": c, "memory": m} for c, m in ((10, 10.0), (10, 100.0), (30, 1000.0))]),
    "graph": (odd, {"a": (1.0, 4.0, 1.5), "steps": (0, 10, 5)},
              [{"a": a, "steps": n} for a, n in ((1.5, 5), (4.0, 0), (4.0, 10))]),
    "noise": (ol.plots.noise_floor, {"lr": (0.01, 2.0, 0.2, "log"), "beta": BETA, "batch": [1, 2, 4]},
              [{"lr": r, "beta": b, "batch": 4} for r, b in ((0.2, 0.0), (0.05, 0.9), (2.0, 0.0))]),
    "a rule of one's own": (parts, {"momentum": True, "division": True, "lr": (0.01, 1.0, 0.3, "log")},
                            [{"momentum": m, "division": d, "lr": 0.3} for m in (True, False) for d in (True, False)]
                            + [{"momentum": False, "division": False, "lr": 1e6}]),
}  # fmt: skip
PICTURES = {
    "valley": lambda: valley(20.0, 1.9),
    "valley with an lr that is too large": lambda: ol.plots.valley(ol.GradientDescent, 20.0, lr=4.0, steps=1000),
    "angle": lambda: turned(100.0, 30.0),
    "a rule of one's own": lambda: parts(True, True, 0.3),
    "errors": lambda: ol.plots.secant(np.sin, 1.0, 0.01, np.cos(1.0)),
    "Adam fails": lambda: ol.plots.reddi(10, 10.0),
    "noise": lambda: ol.plots.noise_floor(0.1, 0.5, 2),
}


@pytest.fixture(scope="module")
def live():
    @functools.cache
    def html(name):
        board = ol.sliders(LIVE[name][0], **LIVE[name][1])
        assert board.live, board.fixed
        return board.live

    return html


@pytest.mark.parametrize("name", LIVE)
def test_the_page_draws_the_points_and_says_the_words_of_python(name, live, browser, tmp_path):  # noqa: F811
    draw, _, settings = LIVE[name]
    with opened(browser, tmp_path, live(name)) as tab, np.errstate(all="ignore"):
        tab.wait_for_function("document.querySelector('.optlib-drawing').player?.look")
        for each in settings:
            told = tab.evaluate("""(settings) => {
              const { program } = document.querySelector('.optlib-drawing').player;
              const given = program.arguments(settings);
              const [points, words, handles] = ["points", "words", "handles"].map((name) => program[name]?.(...given));
              return { points, words, handles };
            }""", each)  # fmt: skip
            picture = draw(**each)
            sketch, arguments = picture.sketch, picture.arguments
            assert told["words"] == [*sketch.words(*arguments)[:3], list(sketch.words(*arguments)[3])]
            pairs = [*zip(told["points"], sketch.points(*arguments), strict=True)]
            pairs += [(told["handles"], sketch.handles(*arguments))] if sketch.handles else []
            for here, there in pairs:
                here, there = np.array(here, dtype=float), np.array(there, dtype=float)
                np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-12)


def test_a_walk_is_that_of_minimize():
    f = ol.functions.quadratic(20, angle=30)
    for rule in RULES:
        path = ol.minimize(f, type(rule)(**(rule.settings() | {"lr": 0.2})), steps=30)
        np.testing.assert_allclose(walk(rule, f.slopes, f.start, 30, 0.2), path.x, rtol=1e-9)


def test_the_valley_is_the_quadratic(drawn):
    picture = ol.plots.valley(ol.Momentum(lr=0.3), 50.0, 25.0)
    f = ol.functions.quadratic(50, angle=25)
    plane, values = picture.axes
    start = [line for line in plane.lines if line.get_marker() == "o"][-1].get_xydata()[0]
    path = ol.minimize(f, ol.Momentum(lr=0.3), start, steps=60)
    np.testing.assert_allclose(plane.lines[0].get_xydata(), path.x, rtol=1e-9)
    np.testing.assert_allclose(values.lines[0].get_ydata(), path.f, rtol=1e-9)
    areas = [layer for layer in picture.sketch.layers if layer.kind == "area" and layer.points is None]
    for points in picture.sketch.points(50.0, 25.0, None)[: len(areas)]:
        assert np.ptp(np.log(f(np.array(points)))) < 1e-9  # a contour line
    assert "diverged" in drawn("valley with an lr that is too large").description


@pytest.mark.parametrize(("lr", "beta", "batch"), [(0.3, 0.0, 1), (0.1, 0.5, 4)])
def test_many_noisy_runs_end_in_the_ball_of_theory(lr, beta, batch):
    ends, gaps = noisy_runs(lr, beta, batch)
    theory = [ol.theory.stationary_variance(lr, c, beta, batch**-0.5) for c in (0.2, 1.0)]
    apart = np.array(ends).var(axis=0) / theory - 1
    assert np.abs(apart).max() < 5 * (2 / len(ends)) ** 0.5  # standard errors of a variance
    assert np.mean(gaps[-30:]) == pytest.approx(np.dot((0.2, 1.0), theory) / 2, rel=0.2)


@pytest.mark.parametrize(("C", "memory"), [(10, 15.0), (10, 40.0), (30, 120.0), (30, 400.0)])
def test_adam_goes_to_the_worst_place_where_its_memory_is_short(C, memory):
    gradients = np.where(np.arange(STEPS) % C == 0, float(C), -1.0)
    rate = ol.schedules.InverseTime(4.0, rate=1.0, power=0.5)
    rule, x = ol.Adam(lr=rate, beta1=0.0, beta2=1 - 1 / memory), 0.0
    for g in gradients:
        x = float(np.clip(rule.advance(x, g), -1, 1))
    end = reddi_run(C, memory)[-1]
    assert end == (STEPS, pytest.approx(x, abs=1e-6))
    assert (x < 0) == (memory > C**2 / 4)  # the border of the map


def pixels(tab, number=0):
    return tab.locator(".optlib-drawing canvas").nth(number).evaluate("(canvas) => canvas.toDataURL()")


def state(tab, what="settings"):
    return tab.evaluate(f"document.querySelector('.optlib-drawing').player.{what}")


def pixel_of(tab, panel, point):
    """Where a place of a panel stands on the page."""
    return tab.evaluate("""([panel, point]) => {
      const { panels } = document.querySelector('.optlib-drawing').player;
      const edge = panels[panel].canvas.getBoundingClientRect();
      const [x, y] = panels[panel].place(point);
      return [edge.left + x, edge.top + y];
    }""", [panel, point])  # fmt: skip


def drag(tab, panel, start, end):
    tab.mouse.move(*pixel_of(tab, panel, start))
    tab.mouse.down()
    tab.mouse.move(*pixel_of(tab, panel, end), steps=5)
    tab.mouse.up()


@pytest.fixture
def tab(live, browser, tmp_path):  # noqa: F811
    with opened(browser, tmp_path, live("phases")) as page:
        page.wait_for_function("document.querySelector('.optlib-drawing').player?.look")
        yield page


def test_the_ring_is_dragged_over_the_map(tab):
    before = [pixels(tab, i) for i in range(3)]
    drag(tab, 0, [0.1**0.5, 0.9], [1.5**0.5, 0.4])
    assert state(tab) == {"lr_curvature": pytest.approx(1.5, abs=0.03), "beta": pytest.approx(0.4, abs=0.01)}
    assert all(pixels(tab, i) != then for i, then in enumerate(before))
    settings = state(tab)
    factor = ol.theory.spectral_radius(settings["lr_curvature"], settings["beta"])
    assert f"multiplies the distance by {factor:.4g}" in tab.locator(".optlib-drawing .title").inner_text()
    assert "At learning rate times curvature 1.5" in tab.locator("[role=status]").inner_text()


def test_a_root_is_dragged_over_the_complex_plane(tab):
    root = np.linalg.eigvals(ol.theory.momentum_matrix(0.1, 0.9))[0]
    drag(tab, 2, [root.real, abs(root.imag)], [0.2, 0.5])
    settings = state(tab)
    roots = np.linalg.eigvals(ol.theory.momentum_matrix(settings["lr_curvature"], settings["beta"]))
    assert [roots[0].real, abs(roots[0].imag)] == pytest.approx([0.2, 0.5], abs=0.03)


def test_sliders_and_fields_turn_by_keyboard(tab):
    before = pixels(tab)
    slider = tab.get_by_role("slider", name="beta")
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    assert state(tab)["beta"] < 0.9
    assert pixels(tab) != before
    field = tab.get_by_role("textbox", name="beta, exactly")
    field.fill("0.123456")
    field.press("Enter")
    assert state(tab)["beta"] == 0.123456
    tab.get_by_role("button", name="reset").click()
    assert state(tab) == {"lr_curvature": 0.1, "beta": 0.9}
    assert pixels(tab) == before


def test_a_line_has_a_gap_where_a_point_is_no_number(tab):
    assert tab.evaluate("""() => {
      const [panel] = document.querySelector(".optlib-drawing").player.panels;
      globalThis.Path2D = class { all = ""; moveTo() { this.all += "M"; } lineTo() { this.all += "L"; } };
      return new Promise((done) => {
        panel.ink = (way) => done(way.all);
        panel.stroke({ kind: "line" }, [[0, 0], [1, 0], [NaN, 0], [0, 1], [1, 1]]);
      });
    }""") == "MLML"


def test_no_serious_accessibility_violation(tab):
    pytest.importorskip("axe_playwright_python")
    assert accessibility.run(tab) == {}


def test_a_page_that_computes_something_else_stands_still(live, browser, tmp_path):  # noqa: F811
    right = live("valley")
    html = right.replace("($c * $c) / $kappa", "($c * $c) / 2 / $kappa")
    assert html != right
    with opened(browser, tmp_path, html) as tab:
        tab.get_by_text("computes other numbers than Python").wait_for()
        assert tab.locator(".optlib-drawing img").last.is_visible()


def test_a_dark_page_has_a_dark_picture(live, browser, tmp_path):  # noqa: F811
    for name in ("phases", "look-ahead"):
        with opened(browser, tmp_path, live(name), color_scheme="dark") as tab:
            tab.wait_for_function("document.querySelector('.optlib-drawing').player?.look")
            dark = tab.locator(".optlib-drawing canvas").first.evaluate("""(canvas) => {
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              return data.reduce((sum, v) => sum + v) / data.length;
            }""")  # fmt: skip
            assert dark < 150  # of 255, opacity counted: white paper has more than 200


@pytest.mark.parametrize("name", LIVE)
def test_without_script_there_is_a_still_and_the_output_is_small(name, live):
    html = live(name)
    alt = re.search(r'<img alt="([^"]+)" width="\d+" src="data:image/webp', html).group(1)
    assert len(alt) > 60
    assert len(html) < 80_000
    assert "http" not in html.replace("http://www.w3.org", "")


def test_a_cell_knows_what_is_set_in_the_page(shown):
    board = ol.sliders(valley, kappa=(1.0, 1000.0, 20.0, "log"), lr=(0.1, 2.1, 1.9))
    board._ipython_display_()
    assert f'data-bridge="optlib-bridge-{board.widget.model_id}"' in shown[0]["text/html"]
    assert shown[1]["application/vnd.jupyter.widget-view+json"]["model_id"] == board.widget.model_id
    assert board.values == {"kappa": 20.0, "lr": 1.9}
    heard, answer = board.widget.children
    heard.value = '{"settings": {"kappa": 3, "lr": 0.5}, "n": 7}'
    assert board.values == {"kappa": 3, "lr": 0.5}
    assert base64.b64decode(answer.value) == b'{"n": 7}'


@pytest.mark.parametrize(("draw", "specs", "reason"), [
    (lambda h: feet(h) if h > 1 else ol.plots.secant(np.sin, 1.0, h), {"h": (0.1, 2.0)}, "calls 2 pictures of the"),
    (lambda h, x: ol.plots.secant(np.sin, x, h), {"h": (0.1, 2.0), "x": (0.0, 1.0)}, "how x of secant follows x"),
    (lambda h: ol.plots.secant(np.sin, 1.0, [h][0] if h in (1, 2) else h), {"h": (0.1, 2.0)}, "this comparison"),
    (lambda steps: ol.plots.run(RAVINE, adam(True, True, 0.3, steps)), {"steps": (20, 60)}, "steps=20 gives"),
    (lambda n: ol.plots.averages(NOISY, [0.9, 0.5, 0.1][:n]), {"n": (1, 3, 1)}, "n=3 gives other axes or lines"),
    (ol.plots.phase_diagram, {"lr_curvature": (0.0, 2.0), "beta": BETA, "nesterov": False}, "only lr_curvature"),
])  # fmt: skip
def test_what_a_page_cannot_compute_is_said_and_drawn_by_python(draw, specs, reason):
    board = ol.sliders(draw, **specs)
    assert reason in board.fixed
    before = bytes(board.picture.value)
    control = next(iter(board.controls.values()))
    control.value = control.max
    assert board.picture.value != before


def test_lists_that_are_added_are_lists():
    board = ol.sliders(lambda h: ol.plots.averages([1.0, 2.0, 3.0], [0.1] + [h]), h=(0.0, 0.9))
    assert "[...[0.1], ...[$h]]" in board.live


@pytest.mark.parametrize("value", [0.0, -2.6, 1e-5, 123456.0, 1.5e-7, 0.99996, 1e20, np.inf, -np.inf, np.nan, 2 / 3,
                                   0.015625, -2.5, 9.5, 1e23, True, None, "text"])  # fmt: skip
def test_numbers_are_written_as_in_python(value, run):  # noqa: F811
    specs = (".4g", ".3g", ".1f", ".4f", ".2e", ".0f", ",.0f", ",.3g") if isinstance(value, float) else ()
    texts = run(f"{[*specs, '']}.map((spec) => R.format({translate.constant(value)}, spec))")
    assert texts == [*(format(value, spec) for spec in specs), str(value).removesuffix(".0")]
