"""Explorables in a real browser: they move, obey the keyboard, stay offline and are accessible, as players do."""

import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import optlib as ol
from optlib.live import page
from optlib.live.scene import scene

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # playwright's own event loop, closed late
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
F = ol.functions.quadratic(kappa=20, angle=30)
RULES = [ol.GradientDescent(lr=0.1), ol.Momentum(lr=0.1), ol.AdaGrad(lr=0.1), ol.RMSProp(lr=0.1), ol.Adam(lr=0.1)]
START, STEPS = (-4.0, 2.0), 60
PATIENCE = 120_000  # milliseconds, for a busy machine


def race():
    return [ol.minimize(F, rule, START, STEPS) for rule in RULES]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--disable-gpu", "--in-process-gpu"]  # fmt: skip
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def tab_of(browser, **context):
    """A tab of a new context; ``tab.complaints`` collects what its pages log, and what they ask for beyond the disk."""
    frame = browser.new_context(**({"viewport": {"width": 1000, "height": 900}} | context))
    tab = frame.new_page()
    tab.set_default_timeout(PATIENCE)
    tab.complaints = []
    frame.on("console", lambda message: tab.complaints.append(message.text))
    frame.on("weberror", lambda error: tab.complaints.append(str(error.error)))
    frame.on("requestfailed", lambda request: tab.complaints.append(f"failed: {request.url[:200]}"))
    frame.on("request", lambda request: tab.complaints.append(request.url) if is_outside(request.url) else None)
    return tab


def is_outside(url):
    return not url.startswith(("file:", "data:", "blob:"))


@contextmanager
def opened(browser, tmp_path, html, color_scheme="light", reduced_motion="no-preference", clock=False):
    """A page with this HTML, opened from disk; what it logs, or asks for beyond itself, fails the test.

    All pages are opened in one tab, one after the other: a tab of its own costs more than most tests.  With ``clock``
    the page gets one of its own, where time stands still until the test moves it by ``tab.clock.run_for``.
    """
    file = tmp_path / "page.html"
    file.write_text(page.document("test", html), encoding="utf-8")
    if clock or not browser.contexts:
        tab = tab_of(browser)
        if clock:
            tab.clock.install(time=0)
            tab.clock.pause_at(1000)
    else:
        tab = browser.contexts[0].pages[0]
    tab.set_viewport_size({"width": 1000, "height": 900})
    tab.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
    tab.goto(file.as_uri())
    tab.evaluate("() => { document.onkeydown = (e) => { (window.keys ??= []).push(e.key); }; }")
    try:
        yield tab
        assert tab.complaints == []
    finally:
        tab.complaints.clear()
        if clock:
            tab.context.close()


def player(tab, kind="animation", number=0):
    """The player's element and a handle on its object, once it has drawn."""
    tab.wait_for_function(f"document.querySelectorAll('.optlib-{kind}')[{number}]?.player?.map.look")
    host = tab.locator(f".optlib-{kind}").nth(number)
    return host, lambda code: host.evaluate(f"(host) => {{ const player = host.player; return {code}; }}")


def pixels(host):
    return host.locator("canvas.map").evaluate("(canvas) => canvas.toDataURL()")


def test_a_slider_moves_the_path_to_where_minimize_goes(browser, tmp_path):
    html = ol.explore(F, *RULES, start=START, steps=STEPS).html()
    with opened(browser, tmp_path, html) as tab:
        host, ask = player(tab, "explorable")
        before = pixels(host)
        box = host.get_by_role("slider", name="lr").bounding_box()
        tab.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 0.35 * box["width"], box["y"] + box["height"] / 2, steps=6)
        tab.mouse.up()
        assert pixels(host) != before
        assert ask("player.turned") == "all"
        lr = ask("player.settings[0].lr")
        assert lr < 0.1
        assert ask("player.settings.every((own) => own.lr === player.settings[0].lr)")
        view, width = scene(F), ask("player.map.box.w")
        for track, rule in zip(ask("player.tracks.map((t) => t.points)"), RULES, strict=True):
            path = ol.minimize(F, type(rule)(lr=lr), START, STEPS)
            wanted = (path.x - [view.x[0], view.y[0]]) / [view.x[1] - view.x[0], view.y[1] - view.y[0]]
            assert np.abs(np.array(track) - wanted).max() * width <= 1  # pixel
        assert f"lr={lr}" in host.locator(".code").text_content()


def test_the_still_gives_way_to_sliders_in_an_output_of_its_own(browser, tmp_path):
    """As in VS Code, where the outputs of a cell have no box in common, and the widget may come late."""
    figure = f'<figure data-live="optlib-1a2b"><p>still</p></figure>{page.script("display.js")}'
    html = f'<div><div class="output">{figure}</div></div><div id="second" class="output"></div>'
    with opened(browser, tmp_path, html) as tab:
        assert tab.get_by_text("still").is_visible()
        tab.locator("#second").evaluate("(e) => { e.innerHTML = '<div class=optlib-1a2b>live</div>'; }")
        tab.get_by_text("still").wait_for(state="hidden")


@pytest.mark.parametrize("kind", ["animation", "explorable"])
def test_keys_of_a_deck_reach_the_page(browser, tmp_path, kind):
    """After a click into a player, a presenter's clicker still turns the slides."""
    html = ol.animate(F, *race()).html() if kind == "animation" else ol.explore(F, *RULES, steps=20).html()
    keys = ["PageDown", "PageUp", "Escape", "f", "s", "n", "b", "?"]
    with opened(browser, tmp_path, html) as tab:
        host, ask = player(tab, kind)
        host.get_by_role("slider").first.focus()
        before = ask("[player.step, JSON.stringify(player.settings)]")
        for key in keys:
            tab.keyboard.press(key)
        assert [key for key in tab.evaluate("window.keys") if key != "Shift"] == keys
        assert ask("[player.step, JSON.stringify(player.settings)]") == before
        if kind == "explorable":  # a field for text needs its letters
            host.get_by_role("textbox").first.focus()
            tab.evaluate("window.keys = []")
            for key in ("f", "1", "PageDown"):
                tab.keyboard.press(key)
            assert tab.evaluate("window.keys") == ["PageDown"]


def test_an_exported_notebook_stays_alive_without_kernel_and_network(browser, tmp_path):
    """The page that nbconvert makes of notebook 01: its slider is dragged, and the path is that of `minimize`."""
    nbconvert = pytest.importorskip("nbconvert")
    html, _ = nbconvert.HTMLExporter().from_filename(str(NOTEBOOKS / "01_gradient_descent.ipynb"))
    file = tmp_path / "notebook.html"
    file.write_text(html, encoding="utf-8")
    frame = browser.new_context(viewport={"width": 1000, "height": 900}, offline=True)
    tab = frame.new_page()
    tab.goto(file.as_uri(), wait_until="domcontentloaded")
    host, ask = player(tab, "explorable")
    slider = host.get_by_role("slider", name="lr")
    slider.scroll_into_view_if_needed()
    box, before = slider.bounding_box(), ask("player.settings[0].lr")
    tab.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2, steps=5)
    tab.mouse.up()
    assert ask("player.settings[0].lr") != before
    f, lr = ol.FUNCTIONS["theta_squared"], ask("player.settings[0].lr")
    path, view = ol.minimize(f, ol.GradientDescent(lr=lr), start=2.0, steps=20), scene(f)
    wanted = (path.x[:, 0] - view.x[0]) / (view.x[1] - view.x[0])
    shown = np.array(ask("player.tracks[0].points"))[:, 0]
    assert np.abs(shown - wanted).max() * ask("player.map.box.w") <= 1  # pixel
    frame.close()


def test_the_start_follows_the_mouse(browser, tmp_path):
    html = ol.explore(ol.FUNCTIONS["two_basins"], ol.GradientDescent(lr=0.1), start=-3.6, steps=50).html()
    with opened(browser, tmp_path, html) as tab:
        host, ask = player(tab, "explorable")
        box = host.locator("canvas.map").bounding_box()
        starts = []
        tab.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
        tab.mouse.down()
        for share in (0.4, 0.6, 0.8):
            tab.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
            starts.append(ask("player.start[0]"))
        tab.mouse.up()
        assert starts == sorted(set(starts))
        assert 1 < starts[-1] < 3
        path = ol.minimize(ol.FUNCTIONS["two_basins"], ol.GradientDescent(lr=0.1), start=starts[-1], steps=50)
        assert ask("player.tracks[0].reached") == pytest.approx(path.f[-1], rel=1e-9)
        host.get_by_role("slider", name="lr").focus()
        before = ask("player.settings[0].lr")
        tab.keyboard.press("ArrowRight")
        assert ask("player.settings[0].lr") > before
        assert tab.evaluate("window.keys ?? []") == []
        host.get_by_role("button", name="reset").click()
        assert ask("player.start[0]") == -3.6


def test_each_rule_keeps_its_own_settings(browser, tmp_path):
    rules = ol.GradientDescent(lr=0.9), ol.AdaGrad(lr=0.5), ol.RMSProp(lr=0.1)
    with opened(browser, tmp_path, ol.explore(ol.FUNCTIONS["ravine"], *rules, steps=60).html()) as tab:
        host, ask = player(tab, "explorable")
        reached = lambda: ask("player.tracks.map((track) => track.reached)")
        wanted = [ol.minimize(ol.FUNCTIONS["ravine"], rule, steps=60).f[-1] for rule in rules]
        assert reached() == pytest.approx(wanted, rel=1e-9)
        host.get_by_role("combobox", name="sliders of").select_option("AdaGrad")
        exact = host.get_by_role("textbox", name="lr, exactly")
        exact.fill("0.123456789")
        exact.press("Enter")
        wanted[1] = ol.minimize(ol.FUNCTIONS["ravine"], ol.AdaGrad(lr=0.123456789), steps=60).f[-1]
        assert reached() == pytest.approx(wanted, rel=1e-9)
        assert "ol.AdaGrad(lr=0.123456789)" in host.locator(".code").text_content()
        exact.fill("-1")
        exact.press("Enter")
        assert exact.input_value() == "0.123456789"
        host.get_by_role("combobox", name="sliders of").select_option("all rules")
        host.get_by_role("slider", name="lr").press("End")
        assert len(set(ask("player.settings.map((own) => own.lr)"))) == 1
        host.get_by_role("button", name="reset").click()
        assert ask("player.settings.map((own) => own.lr)") == [0.9, 0.5, 0.1]


def test_the_tuning_curve_has_the_score_of_every_rate_and_sets_it(browser, tmp_path):
    f, rules = ol.FUNCTIONS["ravine"], (ol.GradientDescent(lr=0.1), ol.Adam(lr=0.1))
    with opened(browser, tmp_path, ol.explore(f, *rules, steps=60).html()) as tab:
        host, ask = player(tab, "explorable")
        curves = "document.querySelector('.optlib-explorable').player.tracks.every((track) => track.tuning)"
        tab.wait_for_function(curves)
        for i, rule in enumerate(rules):
            rates, scores = ask(f"player.tracks[{i}].tuning.rates"), ask(f"player.tracks[{i}].tuning.scores")
            assert (rates[0], len(rates)) == (type(rule).hypers["lr"].slider[0], len(scores))
            for k in range(0, len(rates), 9):
                path = ol.minimize(f, type(rule)(lr=rates[k]), steps=60)
                assert path.diverged or scores[k] == pytest.approx(path.worst_late, rel=1e-6, abs=1e-12)
        box = host.locator("canvas.curve").nth(1).bounding_box()
        before = pixels(host)
        tab.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
        first, second = ask("player.settings.map((own) => own.lr)")
        assert first == second != 0.1
        assert pixels(host) != before
        old = ask("player.tracks[0].tuning.scores[0]")
        ask("player.start = [1, 1], player.draw()")
        lower = "(old) => document.querySelector('.optlib-explorable').player.tracks[0].tuning.scores[0] < old"
        tab.wait_for_function(lower, arg=old)


def test_a_click_in_the_heat_map_shows_the_path_of_that_setting(browser, tmp_path):
    heatmap = ol.heatmap(ol.FUNCTIONS["rosenbrock"], ol.Momentum, n=40, steps=100)
    with opened(browser, tmp_path, heatmap.html()) as tab:
        host, ask = player(tab, "explorable")
        assert ask("player.settings[0]") == {name: heatmap.best[name] for name in ("lr", "beta")}
        edge, axes = tab.locator("figure img").bounding_box(), heatmap.picture.axes.get_position()
        for lr, beta in ((1e-3, 0.3), (1e-2, 0.9), (1e-4, 0.0)):
            across = axes.x0 + axes.width * (np.log10(lr) + 4) / 4  # the map shows 0.0001 to 1, and 0 to 1
            up = axes.y0 + axes.height * beta
            tab.locator("figure img").hover()
            tab.mouse.down()
            tab.mouse.move(edge["x"] + across * edge["width"], edge["y"] + (1 - up) * edge["height"])
            tab.mouse.up()
            shown = ask("player.settings[0]")
            assert ask("player.status.textContent.includes(player.tracks[0].value.textContent)")  # told where let go
            assert abs(np.log10(shown["lr"] / lr)) < 0.06
            assert abs(shown["beta"] - beta) < 0.02
            path = ol.minimize(heatmap.setting.f, ol.Momentum(**shown), steps=100)
            assert path.diverged or ask("player.tracks[0].reached") == pytest.approx(path.f[-1], rel=1e-6)
        ask("player.turn('lr', 0.00123456)")
        tab.keyboard.press("ArrowUp")
        assert ask("player.settings[0]") == {"lr": 0.00123456, "beta": pytest.approx(shown["beta"] + 0.01)}


def test_a_click_is_right_where_the_page_is_scaled(browser, tmp_path):
    """As slides are: what the mouse says is in pixels of the screen, what is drawn in those of the page."""
    html = ol.explore(F, ol.Adam(lr=0.1), steps=20).html()
    with opened(browser, tmp_path, f"<div style='transform:scale(0.5);transform-origin:0 0'>{html}</div>") as tab:
        host, ask = player(tab, "explorable")
        canvas, box, view = host.locator("canvas.map").bounding_box(), ask("player.map.box"), scene(F)
        for u, v in ((0.25, 0.75), (0.5, 0.1)):
            x = canvas["x"] + 0.5 * (box["x"] + u * box["w"])
            tab.mouse.click(x, canvas["y"] + 0.5 * (box["y"] + (1 - v) * box["h"]))
            wanted = view.x[0] + u * (view.x[1] - view.x[0]), view.y[0] + v * (view.y[1] - view.y[0])
            assert ask("player.start") == pytest.approx(wanted, abs=0.02 * (view.x[1] - view.x[0]))


def test_a_page_that_computes_other_numbers_stands_still(browser, tmp_path):
    html = ol.explore(F, ol.Adam(lr=0.1), steps=20).html()
    wrong = re.sub(r'"end":\[[-\d.e]+', '"end":[1234.5', html)
    assert wrong != html
    with opened(browser, tmp_path, wrong) as tab:
        tab.get_by_text("This browser computes other numbers than Python").wait_for()
        assert tab.locator(".optlib-explorable canvas").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_accessibility_violation(browser, tmp_path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    html = ol.animate(F, *race(), moments={0: "Off they go."}).html()
    html += ol.explore(F, RULES[4], start=START, steps=30).html()
    with opened(browser, tmp_path, f"<main><h1>Test</h1>{html}</main>", color_scheme=scheme) as tab:
        player(tab)
        player(tab, "explorable")
        found = axe.run(tab).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize(("color", "dark"), [
    ("#fafafa", False), ("oklch(0.97 0.01 90)", False), ("color-mix(in srgb, white 90%, blue)", False),
    ("lab(96% 0 2)", False), ("oklch(0.2 0.02 250)", True), ("color(display-p3 0.1 0.1 0.12)", True),
    ("rgb(0 0 0 / 0.1)", False), ("black", True),
])  # fmt: skip
def test_the_look_follows_a_color_in_any_notation(browser, tmp_path, color, dark):
    html = f"<div style='background: {color}'>{ol.animate(F, *race()).html()}</div>"
    with opened(browser, tmp_path, html) as tab:
        host, _ = player(tab)
        assert host.locator(".card").evaluate("(card) => card.classList.contains('dark')") is dark


def test_the_look_follows_the_page(browser, tmp_path):
    looks = {}
    for scheme in ("light", "dark"):
        with opened(browser, tmp_path, ol.animate(F, *race()).html(), color_scheme=scheme) as tab:
            host, _ = player(tab)
            looks[scheme] = pixels(host), host.locator(".card").evaluate("(c) => getComputedStyle(c).backgroundColor")
    assert looks["light"] != looks["dark"]
    assert looks["light"][1] == "rgb(255, 255, 255)"
