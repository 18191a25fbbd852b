"""Every page of `make site`, opened from disk in a real browser that has no network."""

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pytestmark = test_browser.browser, test_browser.pytestmark

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["index", *(path.stem for path in NOTEBOOKS), "cheat_sheet"]
each = pytest.mark.parametrize("name", NAMES)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

# What one visit of a page tells: everything that the tests below need, so that each page is loaded once.
TOLD = """() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const words = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  let text = "";
  while (words.nextNode()) {
    const { data, parentElement } = words.currentNode;
    if (!parentElement.closest("pre, code, script, style, annotation, svg")) text += data;
  }
  return {
    title: document.title, text,
    ids: all("[id]").map((e) => e.id),
    links: all("a[href]").map((a) => a.getAttribute("href")),
    levels: all("main :is(h1, h2, h3, h4, h5, h6)").map((h) => Number(h.tagName[1])),
    math: all("math").filter((m) => !m.closest("details, nav")).map((m) => m.getBoundingClientRect())
      .map((box) => [box.width, box.height]),
    errors: all("merror").length, font: document.fonts.check('16px "Course Math"'),
    alts: all("main img").map((img) => img.alt),
    folded: all("details.solution").map((d) => d.open),
    landmarks: ["header", "main#content", "nav#course", ".skip"].map((what) => all(what).length),
    dead: all(".jupyter-widgets, .widget-subarea").length,
    cut: all("pre.printed").filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent.slice(0, 60)),
  };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    from tools.site.__main__ import write

    out = tmp_path_factory.mktemp("site") / "site"
    write(out)
    return out


@pytest.fixture(scope="module")
def visit(browser, site):
    """Opens a page; what it says or asks for beyond itself fails the test that closes it."""
    frames = []

    def opened(name, **context):
        frame = browser.new_context(offline=True, **({"viewport": WIDE} | context))
        frames.append(frame)
        tab = frame.new_page()
        tab.said = []
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("requestfailed", lambda request: tab.said.append(request.url[:200]))
        tab.on("request", lambda request: request.url.startswith("http") and tab.said.append(request.url))
        tab.goto((site / f"{name}.html").as_uri())
        return tab

    yield opened
    for frame in frames:
        frame.close()


@pytest.fixture(scope="module")
def told(visit):
    """What each page tells, by its name, and how wide it is on a desk and on a phone."""
    found = {}
    for name in NAMES:
        tab = visit(name)
        tab.evaluate("() => document.fonts.ready")
        found[name] = tab.evaluate(TOLD) | {"said": tab.said, "wide": {}}
        for size in (WIDE, PHONE):
            tab.set_viewport_size(size)
            found[name]["wide"][size["width"]] = tab.evaluate("document.documentElement.scrollWidth")
        tab.context.close()
    return found


def test_all_pages_are_written_and_nothing_else(site):
    assert sorted(path.stem for path in site.glob("*.html")) == sorted(NAMES)
    assert {path.name for path in (site / "assets").iterdir()} == {
        "headings.js", "math.LICENSE", "race.png", "site.css", "site.js",
    }  # fmt: skip
    assert not list(site.parent.glob("*.part"))


@each
def test_it_opens_from_disk_without_a_complaint(told, name):
    assert told[name]["said"] == []


@each
def test_every_formula_is_drawn(told, name):
    page = told[name]
    assert page["errors"] == 0
    assert page["font"] or not page["math"]
    assert all(width > 1 and height > 1 for width, height in page["math"])
    assert not re.findall(r"\$[^$\n]{1,60}\$|\\(?:frac|beta|eta|text)\b", page["text"])
    assert name in ("index", "cheat_sheet") or len(page["math"]) >= 4


@each
def test_it_is_no_wider_than_the_window(told, name):
    assert all(wide <= window for window, wide in told[name]["wide"].items()), told[name]["wide"]


@each
def test_printed_lines_are_read_without_scrolling_sideways(told, name):
    assert told[name]["cut"] == []


def test_all_links_and_anchors_resolve(told):
    for name, page in told.items():
        assert len(page["ids"]) == len(set(page["ids"])), name
        for link in page["links"]:
            if not link.startswith(("http:", "https:")):
                target, _, anchor = link.partition("#")
                target = target.removesuffix(".html") or name
                assert target in told, (name, link)
                assert not anchor or unquote(anchor) in told[target]["ids"], (name, link)


@each
def test_headings_landmarks_and_alternative_texts(told, name):
    page = told[name]
    assert page["levels"][0] == 1
    assert page["levels"].count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page["levels"], page["levels"][1:], strict=False))
    assert page["landmarks"] == [1, 1, 1, 1]
    assert all(page["alts"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_are_folded_and_no_slider_is_dead(told, path):
    page = told[path.stem]
    tags = [cell.metadata.get("tags", []) for cell in nbformat.read(path, as_version=4).cells]
    assert page["folded"] == [False] * sum("solution" in each for each in tags)
    assert page["dead"] == 0
    for words in ("three dots", "VBox(", "sys.path"):
        assert words not in page["text"], words


def awake(tab, kind):
    """The players or explorables of a page, once all have drawn."""
    tab.wait_for_function(f"[...document.querySelectorAll('.optlib-{kind}')].every((host) => host.player?.map.look)")
    return tab.locator(f".optlib-{kind}").all()


def pixels(host):
    return host.locator("canvas.map").evaluate("(canvas) => canvas.toDataURL()")


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_every_player_plays_and_every_slider_moves_its_path(visit, name):
    tab = visit(name)
    tab.evaluate("() => document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    for host in awake(tab, "animation"):
        last = pixels(host)
        host.get_by_role("slider", name="Step").press("Home")
        assert pixels(host) != last
        host.get_by_role("button", name="Play").click()
        tab.wait_for_function("(host) => host.player.step > 0", arg=host.element_handle())
        host.get_by_role("button", name=re.compile("Pause|Play")).click()
    for host in awake(tab, "explorable"):
        for slider in host.locator(".sliders input[type=range]").all():
            seen = {pixels(host)}
            for key in ("Home", "End"):
                slider.press(key)
                seen.add(pixels(host))
            assert len(seen) > 1, host.locator(".title").text_content()
            host.get_by_role("button", name="reset").click()
    assert tab.said == []
    tab.context.close()


def test_there_are_players_and_sliders(visit):
    tab = visit("00_start_here")
    assert len(awake(tab, "animation")) >= 2
    assert len(awake(tab, "explorable")) >= 1
    tab.context.close()


def test_the_search_finds_a_heading_and_leads_there(visit):
    tab = visit("index", viewport=PHONE)
    tab.keyboard.press("/")
    tab.keyboard.type("adam taken")
    assert tab.locator("#hits p").text_content() == "1 found"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/03_adaptive_methods.html#*")
    assert tab.evaluate("document.getElementById(decodeURIComponent(location.hash.slice(1))).textContent").startswith(
        "5. Adam, taken apart"
    )
    tab.get_by_role("searchbox").fill("no such words")
    assert tab.locator("#hits p").text_content() == "Nothing found"
    tab.keyboard.press("Escape")
    assert tab.locator("#hits").is_hidden()
    tab.context.close()


def test_the_look_is_chosen_kept_and_followed_by_players(visit):
    tab = visit("00_start_here", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    (host, *_), light = awake(tab, "animation"), tab.evaluate(paper)
    before = pixels(host)
    button = tab.get_by_role("button", name="Look")
    for look in ("light", "dark"):
        button.click()
        assert button.text_content() == f"Look: {look}"
    assert tab.evaluate(paper) != light
    tab.wait_for_function("(host) => host.shadowRoot.querySelector('.card.dark')", arg=host.element_handle())
    assert pixels(host) != before
    tab.reload()
    assert tab.evaluate(paper) != light
    tab.context.close()


def test_the_skip_link_is_first_and_leads_to_the_content(visit):
    tab = visit("01_gradient_descent")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    tab.context.close()


def test_the_contents_are_folded_on_a_phone_only(visit):
    for viewport, opened in ((PHONE, False), (WIDE, True)):
        tab = visit("02_momentum", viewport=viewport)
        assert tab.evaluate("document.querySelector('#course details').open") is opened
        tab.context.close()


def test_print_shows_the_text_alone_and_dark_ink_on_white(visit):
    tab = visit("01_gradient_descent", color_scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(26, 29, 33)"
    assert not any(tab.locator(what).first.is_visible() for what in ("header", "#course", ".turn"))
    host = awake(tab, "animation")[0]
    for event, card in (("beforeprint", ".card:not(.dark)"), ("afterprint", ".card.dark")):
        if event == "afterprint":
            tab.emulate_media(media="screen", color_scheme="dark")
        tab.evaluate(f"() => dispatchEvent(new Event('{event}'))")
        tab.wait_for_function(f"(host) => host.shadowRoot.querySelector('{card}')", arg=host.element_handle())
    tab.context.close()


@each
def test_no_serious_accessibility_violation(visit, name):
    """In the dark only the contrast can differ.  Left out are formulas, and colored code: see test_site.py."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab, serious = visit(name), {}
    context = {"exclude": [["math"], ["svg"], [".highlight"]]}
    options = {"resultTypes": ["violations"], "preload": False}
    for scheme, only in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        tab.emulate_media(color_scheme=scheme)
        found = axe.run(tab, context=context, options=options | only).response["violations"]
        serious |= {
            (scheme, v["id"]): [node["html"][:160] for node in v["nodes"][:3]]
            for v in found if v["impact"] in ("serious", "critical")
        }  # fmt: skip
    assert serious == {}
    tab.context.close()
