"""The landscape of `ol.surface` in a real browser: it turns when asked to, and leaves a deck its own keys."""

import pytest

import optlib as ol

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
from test_browser import PATIENCE, opened  # noqa: E402

browser, pytestmark = test_browser.browser, test_browser.pytestmark
PLANE = [name for name, f in ol.FUNCTIONS.items() if f.dim == 2]
RULES = ol.GradientDescent(lr=0.01), ol.Adam(lr=0.1)
READY = "[...document.querySelectorAll('.optlib-surface')].every((host) => host.player?.space.look)"


def page_of(name="rosenbrock"):
    return ol.surface(ol.FUNCTIONS[name], *RULES, steps=50).html()


def canvas_of(tab):
    tab.wait_for_function(READY)
    canvas = tab.locator(".optlib-surface canvas.surface").first
    return canvas, lambda: canvas.evaluate("(canvas) => canvas.toDataURL()")


def test_it_turns_by_mouse_keys_and_sliders(browser, tmp_path):
    with opened(browser, tmp_path, page_of()) as tab:
        canvas, pixels = canvas_of(tab)
        seen = [pixels()]
        box = canvas.bounding_box()
        tab.mouse.move(box["x"] + 300, box["y"] + 200)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 360, box["y"] + 180, steps=3)
        tab.mouse.up()
        seen.append(pixels())
        tab.mouse.move(box["x"] + 100, box["y"] + 100)  # let go, it stays
        assert pixels() == seen[-1]
        canvas.focus()
        for key in ("ArrowLeft", "ArrowUp"):
            tab.keyboard.press(key)
            seen.append(pixels())
        for name in ("turn", "tilt", "step"):
            tab.get_by_role("slider", name=name).press("ArrowLeft")
            seen.append(pixels())
        assert len(set(seen)) == len(seen)
        assert tab.evaluate("window.keys ?? []") == []
        tab.get_by_role("button", name="reset").click()
        assert pixels() == seen[0]
        assert canvas.evaluate("(canvas) => getComputedStyle(canvas).touchAction") == "none"


def test_it_turns_by_finger_and_never_by_itself(browser, tmp_path):
    with opened(browser, tmp_path, page_of("saddle"), reduced_motion="reduce") as tab:
        canvas, pixels = canvas_of(tab)
        before, box = pixels(), canvas.bounding_box()
        tab.wait_for_timeout(300)
        assert pixels() == before
        finger = tab.context.new_cdp_session(tab)
        for kind, across in (("touchStart", 200), ("touchMove", 260), ("touchEnd", None)):
            points = [] if across is None else [{"x": box["x"] + across, "y": box["y"] + 200}]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        tab.wait_for_function("document.querySelector('.optlib-surface').player.now.turn > -20")
        assert pixels() != before


def test_keys_of_a_deck_reach_the_page(browser, tmp_path):
    keys = ["PageDown", "PageUp", "Escape", "f", "s", "n", "b", "?"]
    with opened(browser, tmp_path, page_of()) as tab:
        canvas, pixels = canvas_of(tab)
        before = pixels()
        for target in (canvas, tab.get_by_role("slider", name="turn")):
            target.focus()
            tab.evaluate("window.keys = []")
            for key in keys:
                tab.keyboard.press(key)
            assert [key for key in tab.evaluate("window.keys") if key != "Shift"] == keys
        assert pixels() == before


def test_a_hill_hides_a_path(browser, tmp_path):
    with opened(browser, tmp_path, page_of("ackley")) as tab:
        canvas_of(tab)
        hidden = """(tilt) => {
          const { player } = document.querySelector('.optlib-surface');
          player.set({ tilt });
          return player.tracks[0].way.filter((place) => player.space.isHidden(place)).length;
        }"""
        assert tab.evaluate(hidden, 85) == 0
        assert tab.evaluate(hidden, 10) > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_function_draws_and_is_accessible(browser, tmp_path, monkeypatch, scheme):
    from accessibility import run

    pytest.importorskip("axe_playwright_python")
    still = ol.plots.contour(ol.FUNCTIONS["saddle"]).png(dpi=20)  # to draw that of each takes longer than all else
    monkeypatch.setattr("optlib.pictures.picture.Picture.png", lambda *_, **__: still)
    html = "\n".join(map(page_of, PLANE if scheme == "light" else PLANE[:2]))
    with opened(browser, tmp_path, html, color_scheme=scheme) as tab:
        tab.wait_for_function(READY)
        colors = """(canvas) => {
          const { width, height } = canvas;
          return new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer)).size;
        }"""
        assert all(tab.locator("canvas.surface").nth(i).evaluate(colors) > 200 for i in range(html.count("<img ")))
        assert run(tab) == {}


def test_without_script_there_is_a_still(browser, tmp_path):
    file = tmp_path / "still.html"
    file.write_text(page_of(), encoding="utf-8")
    frame = browser.new_context(java_script_enabled=False)
    tab = frame.new_page()
    tab.goto(file.as_uri())
    still = tab.get_by_role("img", name="Surface of rosenbrock")
    still.wait_for(timeout=PATIENCE)
    assert still.bounding_box()["width"] > 400
    frame.close()


def test_a_player_that_the_browser_has_read_half_of_is_left_for_later(browser, tmp_path):
    html = page_of("sphere")
    with opened(browser, tmp_path, html) as tab:
        tab.wait_for_function("document.querySelector('.optlib-surface').shadowRoot")
        half = html.index('{"', html.index("application/json")) + 9
        tab.evaluate("(html) => { document.open(); document.write(html); optlib.wake('optlib-surface'); }", html[:half])
        tab.evaluate("(html) => { document.write(html); document.close(); }", html[half:])
        tab.wait_for_function("document.querySelector('.optlib-surface').shadowRoot")
