"""The cheat sheet's page in a real browser: formulas are seen, nothing is fetched, narrow screens and print work."""

import pytest

import optlib as ol

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, opened, pytestmark = test_browser.browser, test_browser.opened, test_browser.pytestmark


@pytest.fixture(scope="module")
def html():
    return f"<h1>Test</h1>{ol.cheat_sheet().html()}"


def test_every_formula_is_seen(browser, tmp_path, html):
    with opened(browser, tmp_path, html) as tab:
        formulas = tab.locator("svg[role=img]:visible")  # what is meant for paper is not shown
        sizes = formulas.evaluate_all("(all) => all.map((svg) => [svg.getBBox().width, svg.getBBox().height])")
        assert len(sizes) > 100
        assert min(min(size) for size in sizes) > 0
        shown = tab.locator(".line svg").first.bounding_box()
        assert shown["width"] > 60
        assert 10 < shown["height"] < 40
        assert tab.get_by_role("img", name=r"x_t = x_{t-1} - \eta\, v_t").count() >= 1


def test_rows_and_headers_are_known_to_screen_readers(browser, tmp_path, html):
    for width in (1200, 400):
        with opened(browser, tmp_path, html) as tab:
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.get_by_role("row").count() >= len(ol.OPTIMIZERS)
            assert tab.get_by_role("rowheader", name="RAdam 2020").count() == 1


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_is_no_wider_than_the_window(browser, tmp_path, html, width):
    with opened(browser, tmp_path, html) as tab:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        if width == 1400:
            inside = tab.locator(".wide").evaluate("(div) => div.scrollWidth <= div.clientWidth")
            assert inside, "a window of usual width shows all columns"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violation(browser, tmp_path, html, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    claims = ol.Claims()
    for verdict in (None, "holds only at its untuned rates"):
        for holds in (True, False):
            claims.add(f"{verdict} {holds}", source="A", section="1", found="b", holds=holds, verdict=verdict)
    with opened(browser, tmp_path, html + claims.html(), color_scheme=scheme) as tab:
        violations = axe.run(tab).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in violations] == []


def test_formulas_follow_the_color_of_the_text(browser, tmp_path, html):
    for scheme, channel in (("light", "rgb(0, 0, 0)"), ("dark", "rgb(255, 255, 255)")):
        with opened(browser, tmp_path, html, color_scheme=scheme) as tab:
            fill = tab.locator(".line use").first.evaluate("(use) => getComputedStyle(use).fill")
            assert fill == channel
