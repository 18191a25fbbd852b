"""A heat map and the path of its setting in a real browser: beside each other, turned by keys, marked by a ring."""

import numpy as np
import pytest

import optlib as ol

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
from test_browser import opened, player  # noqa: E402

browser, pytestmark = test_browser.browser, test_browser.pytestmark


@pytest.fixture(scope="module")
def heatmap():
    return ol.heatmap(ol.FUNCTIONS["rosenbrock"], ol.EMA(ol.Momentum, decay=0.8), n=20, steps=50)


@pytest.mark.parametrize(("width", "beside"), [(1100, True), (900, True), (390, False)])
def test_the_path_stands_beside_the_map_where_there_is_room_and_else_below(browser, tmp_path, heatmap, width, beside):
    with opened(browser, tmp_path, heatmap.html()) as tab:
        tab.set_viewport_size({"width": width, "height": 900})
        host, _ = player(tab, "explorable")
        card, image = host.bounding_box(), tab.locator("figure img").bounding_box()
        assert (card["x"] > image["x"] + image["width"]) == beside
        assert (card["y"] > image["y"] + image["height"]) == (not beside)
        assert image["width"] > 0.35 * width
        assert image["x"] + image["width"] <= width


def test_arrow_keys_in_the_map_turn_both_settings_and_the_ring_follows(browser, tmp_path, heatmap):
    with opened(browser, tmp_path, heatmap.html()) as tab:
        host, ask = player(tab, "explorable")
        image = tab.locator("figure img")
        image.focus()
        before = ask("player.settings[0]")
        for key in ("ArrowLeft", "Shift+ArrowDown"):
            tab.keyboard.press(key)
        lr, beta = (ask("player.settings[0]")[name] for name in ("lr", "beta"))
        assert ask("player.tracks[0].made.values") == pytest.approx(heatmap.path(lr=lr, beta=beta).f, rel=1e-9)
        axes = heatmap.picture.axes
        (low, high), (bottom, top) = np.log10(axes.get_xlim()), axes.get_ylim()
        assert np.log10(before["lr"] / lr) == pytest.approx(0.01 * (high - low), rel=0.1)  # three digits
        assert before["beta"] - beta == pytest.approx(0.1 * (top - bottom), rel=0.02)
        assert set(tab.evaluate("window.keys ?? []")) <= {"Shift"}
        edge, box = image.bounding_box(), axes.get_position()
        ring = tab.locator("span[aria-hidden]").first.bounding_box()
        across = edge["x"] + edge["width"] * (box.x0 + box.width * (np.log10(lr) - low) / (high - low))
        down = edge["y"] + edge["height"] * (1 - box.y0 - box.height * (beta - bottom) / (top - bottom))
        assert ring["x"] + ring["width"] / 2 == pytest.approx(across, abs=1.5)
        assert ring["y"] + ring["height"] / 2 == pytest.approx(down, abs=1.5)
        host.get_by_role("slider", name="lr").press("End")
        assert tab.locator("span[aria-hidden]").first.bounding_box()["x"] > ring["x"] + 20
        tab.keyboard.press("PageDown")
        assert tab.evaluate("window.keys.pop()") == "PageDown"
