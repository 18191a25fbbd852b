"""Explorables in a real browser, closer: theory on sliders, drags in curves, addresses, phones, strict policies."""

import re

import numpy as np
import pytest

import optlib as ol
from optlib.live import offline, page

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pytestmark = test_browser.browser, test_browser.pytestmark
opened, player, tab_of = test_browser.opened, test_browser.player, test_browser.tab_of
BOWL = ol.functions.quadratic(kappa=4, angle=30)
ADDRESS = "<script>document.documentElement.dataset.address = '';</script>"  # as the pages of the site have it


def drag(tab, element, start, end):
    """Press at a fraction of an element's width, move to another, and let go."""
    box = element.bounding_box()
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + start * box["width"], y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + end * box["width"], y, steps=5)
    tab.mouse.up()


def place_of(slider, share):
    """Where the middle of the handle is, as a fraction of the slider's width."""
    width = slider.bounding_box()["width"]
    return (8 + share * (width - 16)) / width


def test_a_drag_is_caught_by_what_theory_names_and_keys_are_not(browser, tmp_path):
    html = ol.explore(BOWL, ol.GradientDescent(lr=0.1), ol.Momentum(lr=0.1), steps=60).html()
    with opened(browser, tmp_path, html) as tab:
        host, ask = player(tab, "explorable")
        assert host.locator(".snap").count() == 0, "of all rules at once theory says nothing"
        host.get_by_role("combobox", name="sliders of").select_option("GradientDescent")
        assert host.locator(".snap").all_text_contents() == ["1/L · best · 2/L"]
        assert host.locator(".notch").count() == 3
        slider = host.get_by_role("slider", name="lr")
        share = ask("optlib.shareOf({ ...player.tracks[0].hypers[0], high: 3 }, 1.6)")
        drag(tab, slider, place_of(slider, 0.5), place_of(slider, share) + 0.005)
        assert ask("player.settings[0].lr") == 1.6
        assert slider.get_attribute("aria-valuetext") == "1.6, best"
        assert ask("player.settings[1].lr") == 0.1
        for _ in range(3):
            slider.press("ArrowRight")
        assert ask("player.settings[0].lr") == pytest.approx(1.6 * 3000 ** (3 / 1000), rel=0.01)
        slider.press("End")  # of lines that end far away a browser would make areas
        pixels = ask("(({ canvas, pen }) => [...pen.getImageData(0, 0, canvas.width, canvas.height).data])(player.map)")
        assert 0 < (np.reshape(pixels, (-1, 4))[:, :3] < 60).all(axis=1).mean() < 0.1
        host.get_by_role("combobox", name="sliders of").select_option("Momentum")
        assert host.locator(".snap").all_text_contents() == ["best", "best"]


def test_the_step_is_dragged_in_the_curve_of_the_values_and_typed_beyond_its_end(browser, tmp_path):
    with opened(browser, tmp_path, ol.explore(BOWL, ol.Adam(lr=0.1), steps=40).html()) as tab:
        host, ask = player(tab, "explorable")
        curve, (box, width) = host.locator("canvas.curve").first, ask("[player.curve.box, player.curve.width]")
        assert ask("player.map.box.w / player.map.box.h") == pytest.approx(1)  # of a square: right angles are right
        drag(tab, curve, 0.9, (box["x"] + 0.25 * box["w"]) / width)
        assert ask("player.step") == 10
        assert "steps=10)" in host.locator(".code").text_content()
        field = host.get_by_role("textbox", name="steps, exactly")
        field.fill("120")
        field.press("Enter")
        assert ask("[player.step, player.steps, player.curve.values.last]") == [120, 120, 120]
        reached = ol.minimize(BOWL, ol.Adam(lr=0.1), steps=120).f[-1]
        assert ask("player.tracks[0].reached") == pytest.approx(reached, rel=1e-9)
        for wrong in ("0", "2.5", "1e6"):
            field.fill(wrong)
            field.press("Enter")
            assert field.input_value() == "120"
        host.get_by_role("slider", name="steps").press("Home")
        assert ask("player.step") == 1


def test_a_link_opens_the_setting_that_it_was_copied_from(browser, tmp_path):
    rules = ol.Momentum(lr=0.1), ol.RMSProp(lr=0.1)
    html = ADDRESS + 2 * ol.explore(BOWL, *rules, steps=40).html() + "<h2 id='end'>End</h2>"
    with opened(browser, tmp_path, html) as tab:
        host, ask = player(tab, "explorable", 1)
        assert tab.evaluate("location.hash") == ""
        host.get_by_role("textbox", name="start x").fill("1.25")
        host.get_by_role("textbox", name="start x").press("Enter")
        host.get_by_role("combobox", name="sliders of").select_option("Momentum")
        host.get_by_role("slider", name="beta").press("Home")
        host.get_by_role("checkbox", name="RMSProp").uncheck()
        host.get_by_role("slider", name="steps").press("ArrowLeft")
        hash, code = tab.evaluate("location.hash"), host.locator(".code").text_content()
        assert re.fullmatch(r"#explore-2\?start=1.25%2C2&steps=\d+&shown=Momentum&Momentum.beta=0", hash)
        tab.goto("about:blank")
        tab.goto((tmp_path / "page.html").as_uri() + hash)
        host, ask = player(tab, "explorable", 1)
        assert host.locator(".code").text_content() == code
        other, _ = player(tab, "explorable", 0)
        assert "start=(-4.0, 2.0)" in other.locator(".code").text_content()
        host.get_by_role("button", name="reset").click()
        assert tab.evaluate("location.hash") == ""
        for wrong in ("#end", "#explore-1?start=x,1&steps=0&shown=&Momentum.lr=-1&f=nowhere", "#explore-9?steps=3"):
            tab.goto("about:blank")
            tab.goto((tmp_path / "page.html").as_uri() + wrong)
            host, ask = player(tab, "explorable", 0)
            assert ask("[player.start, player.step, player.settings[0].lr]") == [[-4, 2], 40, 0.1]


def test_other_pages_keep_their_address(browser, tmp_path):
    with opened(browser, tmp_path, ol.explore(BOWL, ol.Adam(lr=0.1), steps=40).html()) as tab:
        host, _ = player(tab, "explorable")
        host.get_by_role("slider", name="lr").press("End")
        assert tab.evaluate("location.hash") == ""


def test_on_a_phone_the_picture_stays_in_sight_and_a_drag_of_a_slider_scrolls_nothing(browser, tmp_path):
    tab = tab_of(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    html = ol.explore(BOWL, ol.Momentum(lr=0.1), ol.Adam(lr=0.1), ol.RMSProp(lr=0.1), steps=40).html()
    text = "<p>text</p>" * 30
    file = tmp_path / "page.html"
    file.write_text(page.document("test", f"{text}<div style='overflow-x: auto'>{html}</div>{text}"), encoding="utf-8")
    tab.goto(file.as_uri())
    host, ask = player(tab, "explorable")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    slider = host.get_by_role("slider", name="lr")
    slider.evaluate("(element) => scrollBy(0, element.getBoundingClientRect().top - 360)")
    picture, box = host.locator("canvas.map").bounding_box(), slider.bounding_box()
    assert 0 <= picture["y"] < picture["y"] + picture["height"] < box["y"]
    assert box["width"] >= 220
    before, lr = tab.evaluate("scrollY"), ask("player.settings[0].lr")
    touch = tab.context.new_cdp_session(tab)
    x, y = box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2
    points = [(x, y), *((x - 4 * k, y + 6 * k) for k in range(1, 12))]
    for kind, (u, v) in zip(["touchStart", *["touchMove"] * 11], points, strict=True):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": u, "y": v}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.wait_for_function("(lr) => document.querySelector('.optlib-explorable').player.settings[0].lr !== lr", arg=lr)
    assert tab.evaluate("scrollY") == before
    assert tab.complaints == []
    tab.context.close()


def test_a_policy_that_allows_scripts_in_the_page_and_nothing_else_is_enough(browser, tmp_path):
    """As VS Code has one: no addresses of blobs, no `eval`, nothing from elsewhere."""
    allowed = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
    html = ol.explore(BOWL, ol.Adam(lr=0.1), steps=20).html()
    file = tmp_path / "strict.html"
    file.write_text(page.document("test", html).replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}'))
    tab = tab_of(browser)
    tab.goto(file.as_uri())
    host, ask = player(tab, "explorable")
    host.get_by_role("slider", name="lr").press("End")
    assert ask("player.settings[0].lr") == 1
    piece = "optlib.load('{ rule: 1 + 1 }').rule"  # a piece of program that Python sends
    assert tab.evaluate(piece) == 2
    assert tab.complaints == []
    tab.context.close()


BRIDGE = "optlib-bridge-1a2b"
WIDGETS = f'<div class="{BRIDGE}"><input><div class="optlib-answer"><div class="widget-html-content"></div></div></div>'
KERNEL = """(deaf) => {  // a kernel that does not hear the first messages
  const [field, place] = document.querySelectorAll("input, .widget-html-content");
  window.heard = [];
  field.onchange = () => {
    heard.push(JSON.parse(field.value));
    if (heard.length <= deaf) return;
    const { n, want } = heard.at(-1);
    const answer = { n, ...(want.catalog && { catalog: { rules: ["Adam"], functions: [] } }) };
    place.textContent = btoa(JSON.stringify(answer));
  };
}"""


def test_what_the_kernel_does_not_answer_is_sent_again_and_the_last_move_of_a_drag_arrives(browser, tmp_path):
    """Voila's kernel listens only after its page has been shown."""
    html = ol.explore(BOWL, ol.GradientDescent(lr=0.1), steps=40).html(BRIDGE)
    with opened(browser, tmp_path, html) as tab:
        host, ask = player(tab, "explorable")
        tab.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", "<p id='fake'></p>")
        tab.evaluate(f"(html) => {{ fake.innerHTML = html; ({KERNEL})(2); }}", WIDGETS)
        tab.wait_for_function("heard.length >= 3 && document.querySelector('.optlib-explorable').player.catalog.rules")
        assert tab.evaluate("heard.map((message) => message.state)") == [None] * 3
        assert not tab.locator("#fake input").is_visible()
        drag(tab, host.get_by_role("slider", name="lr"), 0.2, 0.8)
        lr = ask("player.settings[0].lr")
        tab.wait_for_function("(lr) => heard.at(-1).state?.rules.GradientDescent.lr === lr", arg=lr)


def test_a_function_that_the_page_cannot_compute_keeps_its_own_contours(browser, tmp_path):
    own = ol.objective(lambda x, y: np.cosh(x) + y**2, name="own")
    html = ol.explore(own, ol.GradientDescent(lr=0.1)).html(BRIDGE)
    with opened(browser, tmp_path, html + WIDGETS) as tab:
        host, _ = player(tab, "explorable")
        before = test_browser.pixels(host)
        pieces = {name: offline.function_piece(f) for name, f in (("other", BOWL), ("again", own))}
        host.evaluate("(host, functions) => host.player.take({ functions })", pieces)
        for name, same in (("other", False), ("own", True), ("other", False), ("again", True)):
            host.evaluate("(host, name) => host.player.visit(name)", name)
            tab.wait_for_function("document.querySelector('.optlib-explorable').player.map.image")
            assert (test_browser.pixels(host) == before) == same, name
