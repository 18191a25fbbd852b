"""Every page of `make site`, opened from disk in a real browser that has no network."""

import datetime
import re
import subprocess
import sys
from html import escape
from urllib.parse import unquote

import accessibility
import nbformat
import pytest
from slides_cases import NOTEBOOKS, ROOT

import optlib as ol

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pixels, pytestmark = test_browser.browser, test_browser.pixels, test_browser.pytestmark

NAMES = ["index", *(path.stem for path in NOTEBOOKS), "one_name", "cheat_sheet"]
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
    roots: all("msqrt").filter((root) => !root.closest("details, nav")).map((root) => {
      const bottom = (e) => e.getBoundingClientRect().bottom;
      return (bottom(root) - Math.max(...[...root.children].map(bottom))) / parseFloat(getComputedStyle(root).fontSize);
    }),
    errors: all("merror").length, font: document.fonts.check('16px "Course Math"'),
    alts: all("main img").map((img) => img.alt),
    folded: all("details.solution").map((d) => d.open),
    landmarks: ["header", "main#content", "nav#course", ".skip"].map((what) => all(what).length),
    dead: all(".jupyter-widgets, .widget-subarea").length,
  };
}"""
# What is wider than its box, the folded included: (where from, can be scrolled to by mouse and by keys).
CUT = """() => {
  for (const details of document.querySelectorAll("main details")) details.open = true;
  dispatchEvent(new Event("resize"));
  return [...document.querySelectorAll("main *")]
    .filter((e) => !e.closest("math, svg") && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
    .map((e) => [`${e.localName}.${e.className} ${e.textContent.trim().slice(0, 60)}`,
                 getComputedStyle(e).overflowX === "auto" && e.tabIndex === 0 && !e.matches(".highlight, .formula")]);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "tools.site", "--out", str(out)]  # as `make site` does
    subprocess.run(command, cwd=ROOT, timeout=600, check=True, stdout=subprocess.PIPE)
    return out


@pytest.fixture(scope="module")
def visit(browser, site):
    """Opens a page, in the one tab that all share."""
    tab = test_browser.tab_of(browser, offline=True)

    def opened(name, viewport=WIDE, color_scheme="light"):
        tab.set_viewport_size(viewport)
        tab.emulate_media(media="screen", color_scheme=color_scheme)
        tab.goto((site / f"{name}.html").as_uri())
        return tab

    yield opened
    assert tab.complaints == []


def test_all_pages_are_written_and_nothing_else(site):
    assert sorted(path.stem for path in site.glob("*.html")) == sorted(NAMES)
    assert {path.name for path in (site / "assets").iterdir()} == {
        "LICENSE", "LICENSE-CC-BY-4.0", "math.LICENSE", "search.js", "site.css", "site.js",
    }  # fmt: skip
    assert not list(site.parent.glob("*.part"))


def test_every_program_stands_before_the_players_that_ask_for_it(site):
    """These unpack while a slow machine still reads the page; one without its program would stay dead."""
    for path in site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        players = text.find('{"packed":')
        assert players < 0 or text.rfind(".programs ||= {})[") < players, path.name


# --- every page, which is opened once for all these tests -----------------------------------------------------------


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def tab(visit, name):
    tab = visit(name)
    tab.evaluate("() => document.fonts.ready")
    yield tab
    complaints = list(tab.complaints)
    tab.complaints.clear()
    assert complaints == []


@pytest.fixture(scope="module")
def told(tab):
    """What the page tells as it opens, and how wide it is on a desk and on a phone."""
    page = tab.evaluate(TOLD) | {"complaints": list(tab.complaints), "wide": {}, "cut": {}}
    for size in (PHONE, WIDE):
        tab.set_viewport_size(size)
        page["wide"][size["width"]] = tab.evaluate("document.documentElement.scrollWidth")
        page["cut"][size["width"]] = tab.evaluate(CUT)
    return page


def test_it_opens_from_disk_without_a_complaint(told):
    assert told["complaints"] == []


def test_every_formula_is_drawn(told, name):
    assert told["errors"] == 0
    assert told["font"] or not told["math"]
    assert all(width > 1 and height > 1 for width, height in told["math"])
    assert all(hanging < 0.35 for hanging in told["roots"]), "a root sign hangs low under what it holds"
    assert not re.findall(r"\$[^$\n]{1,60}\$|\\(?:frac|beta|eta|text)\b", told["text"])
    assert name in ("index", "one_name", "cheat_sheet") or len(told["math"]) >= 4


def test_it_is_no_wider_than_the_window(told):
    assert all(wide <= window for window, wide in told["wide"].items()), told["wide"]


def test_nothing_is_cut_off_and_on_a_phone_tables_alone_scroll(told):
    assert told["cut"][WIDE["width"]] == []
    assert [what for what, reached in told["cut"][PHONE["width"]] if not reached] == []


def test_all_links_and_anchors_resolve(told, name, site):
    assert len(told["ids"]) == len(set(told["ids"]))
    for link in told["links"]:
        if not link.startswith(("http:", "https:")):
            target, _, anchor = link.partition("#")
            target = site / (target or f"{name}.html")
            assert target.is_file(), link
            assert not anchor or f'id="{escape(unquote(anchor))}"' in target.read_text(encoding="utf-8"), link


def test_headings_landmarks_and_alternative_texts(told):
    assert told["levels"][0] == 1
    assert told["levels"].count(1) == 1
    assert all(after <= before + 1 for before, after in zip(told["levels"], told["levels"][1:], strict=False))
    assert told["landmarks"] == [1, 1, 1, 1]
    assert all(told["alts"])


def test_solutions_are_folded_and_no_slider_is_dead(told, name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    cells = nbformat.read(path, as_version=4).cells if path in NOTEBOOKS else []
    assert told["folded"] == [False] * sum("solution" in cell.metadata.get("tags", []) for cell in cells)
    assert told["dead"] == 0
    for words in ("three dots", "VBox(", "sys.path"):
        assert words not in told["text"], words


def awake(tab, kind):
    """Visible players or explorables of a page, once all have drawn; one in a closed fold waits until it is opened."""
    hosts = tab.locator(f".optlib-{kind}").filter(visible=True)
    for host in hosts.all():
        tab.wait_for_function("(host) => host.player?.map.look", arg=host.element_handle())
    return hosts.all()


def unfold(tab):
    tab.evaluate("() => document.querySelectorAll('details').forEach((details) => { details.open = true; })")


def test_every_player_plays_and_every_slider_moves_its_path(tab):
    unfold(tab)
    for host in awake(tab, "animation"):
        host.get_by_role("slider", name="Step").press("End")
        last = pixels(host)
        host.get_by_role("slider", name="Step").press("Home")
        assert pixels(host) != last
        host.get_by_role("button", name="Play").click()
        tab.wait_for_function("(host) => host.player.step > 0", arg=host.element_handle())
        host.evaluate("(host) => host.player.pause()")
    for host in awake(tab, "explorable"):
        for slider in host.locator(".sliders input[type=range]").all():
            seen = {pixels(host)}
            for key in ("Home", "End"):
                slider.press(key)
                seen.add(pixels(host))
            assert len(seen) > 1, host.locator(".title").text_content()
            host.get_by_role("button", name="reset").click()


def test_no_serious_accessibility_violation(tab):
    pytest.importorskip("axe_playwright_python")
    # Colored code has tests of its own: see test_site.py.
    assert accessibility.violations(tab, code=False) == {}


def test_violations_are_found_in_either_look(visit):
    tab = visit("index")
    bad = "<p style='color: #666'>faint</p><img src='data:,'>"
    tab.evaluate("(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", bad * 5)
    assert set(accessibility.violations(tab)) == {"image-alt", "color-contrast, dark"}
    tab.complaints.clear()


# --- what holds of all pages, tried on one --------------------------------------------------------------------------


def test_there_are_players_and_sliders(visit):
    tab = visit("00_start_here")
    unfold(tab)
    assert len(awake(tab, "animation")) >= 2
    assert len(awake(tab, "explorable")) >= 1


def test_the_search_finds_a_heading_and_leads_there(visit):
    source = (ROOT / "notebooks" / "03_adaptive_methods.ipynb").read_text(encoding="utf-8")
    heading = re.search(r"## (\d+\. Adam,? [\w, ]+)", source)[1]
    tab = visit("index", viewport=PHONE)
    tab.keyboard.press("/")
    tab.keyboard.type(heading.lower().split(". ")[1])
    assert re.fullmatch(r"\d+ found", tab.locator("#hits p").text_content())
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/03_adaptive_methods.html#*")
    target = tab.evaluate("document.getElementById(decodeURIComponent(location.hash.slice(1))).textContent")
    assert target.startswith(heading)
    tab.get_by_role("searchbox").fill("no such zebra")
    assert tab.locator("#hits p").text_content() == "Nothing found"
    tab.keyboard.press("Escape")
    assert tab.locator("#hits").is_hidden()


@pytest.mark.parametrize("query", ["hessian", "rosenbrock", "weight decay"])
def test_the_search_shows_where_and_in_which_words(visit, query):
    tab = visit("index")
    tab.get_by_role("searchbox").fill(query)
    hit = tab.locator("#hits a").first
    page, excerpt = hit.locator("span").all_text_contents()
    assert query.lower() in hit.text_content().lower()
    assert len(hit.text_content()) > len(page) + len(excerpt)


def test_the_tables_of_other_libraries_are_filtered_by_keys_and_say_how_much_is_left(visit):
    tab = visit("cheat_sheet")
    tab.get_by_role("link", name="AdamW", exact=True).click()
    tab.wait_for_url("**/one_name.html#AdamW")
    box, rows = tab.get_by_role("searchbox", name="Show rows with these words"), tab.locator("main tbody tr")
    every = rows.count()
    box.focus()
    tab.keyboard.type("Keras adam")
    left = rows.filter(visible=True).all_text_contents()
    assert tab.locator(".filter [role=status]").text_content() == f"{len(left)} of {every} rows"
    assert 3 <= len(left) < every / 5
    assert all("keras" in row for row in left)
    assert [tab.locator(heading).is_visible() for heading in ("#Adam", "#LAMB")] == [True, False]
    tab.keyboard.type(" no such zebra")
    assert (rows.filter(visible=True).count(), tab.get_by_text("Nothing found").count()) == (0, 1)
    box.fill("")
    assert rows.filter(visible=True).count() == every


def test_the_section_that_is_read_is_marked(visit):
    tab = visit("02_momentum")
    heads = tab.locator("main h2")
    for at in (3, heads.count() - 1, 0):
        heads.nth(at).evaluate("(head) => head.scrollIntoView()")
        tab.wait_for_function(
            "(at) => [...document.querySelectorAll('#course ol ol a')].findIndex((a) => a.ariaCurrent) === at", arg=at
        )
    current = tab.locator("#course [aria-current=location]")
    assert current.count() == 1
    assert current.text_content() == heads.first.text_content().removesuffix("#")


def test_code_is_copied_as_it_stands_in_the_notebook(visit):
    tab = visit("01_gradient_descent")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cells = nbformat.read(NOTEBOOKS[1], as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    button = tab.get_by_role("button", name="Copy").nth(2)
    button.click()
    tab.get_by_role("button", name="Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()").rstrip("\n") in sources


def test_the_front_page_starts_the_course_and_the_footer_names_version_and_terms(visit):
    tab = visit("index")
    assert len(awake(tab, "explorable")) == 1
    footer = tab.locator("footer").text_content()
    for words in (ol.__version__, str(datetime.date.today().year), "MIT", "CC BY 4.0"):
        assert words in footer, words
    tab.get_by_role("link", name="Start", exact=True).click()
    tab.wait_for_url("**/00_start_here.html")


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
    dimmed = "getComputedStyle(document.querySelector('.optlib-figure')).filter"
    assert tab.evaluate(dimmed) == "brightness(0.84)", "white paper glares from a dark page"
    tab.wait_for_function("(host) => host.shadowRoot.querySelector('.card.dark')", arg=host.element_handle())
    assert pixels(host) != before
    tab.reload()
    assert tab.evaluate(paper) != light
    tab.evaluate("localStorage.clear()")


def test_the_skip_link_is_first_and_leads_to_the_content(visit):
    tab = visit("00_start_here")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"


def test_the_contents_are_folded_on_a_phone_only(visit):
    for viewport, opened in ((PHONE, False), (WIDE, True)):
        tab = visit("00_start_here", viewport=viewport)
        assert tab.evaluate("document.querySelector('#course details').open") is opened


def test_print_shows_the_text_alone_and_dark_ink_on_white(visit):
    tab = visit("00_start_here", color_scheme="dark")
    host = awake(tab, "animation")[0]
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(26, 29, 33)"
    assert not any(tab.locator(what).first.is_visible() for what in ("header", "#course", ".turn"))
    for event, card in (("beforeprint", ".card:not(.dark)"), ("afterprint", ".card.dark")):
        if event == "afterprint":
            tab.emulate_media(media="screen", color_scheme="dark")
        tab.evaluate(f"() => dispatchEvent(new Event('{event}'))")
        tab.wait_for_function(f"(host) => host.shadowRoot.querySelector('{card}')", arg=host.element_handle())
