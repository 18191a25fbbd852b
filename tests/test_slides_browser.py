"""Decks in a real browser, from disk and with the network refused: they fit, play, obey keys, hide answers."""

import base64
import subprocess
import sys
from io import BytesIO

import accessibility
import pytest
from nbformat import v4, write
from PIL import Image
from pypdf import PdfReader
from slides_cases import NOTEBOOKS, ROOT

from tools.slides.deck import write_decks

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pytestmark = test_browser.browser, test_browser.pytestmark
WIDE, SQUARE = {"width": 1280, "height": 720}, {"width": 1024, "height": 768}
READY = "document.documentElement.dataset.ready === 'yes'"

# Walks through every slide and every step; returns what is wrong, in words.  Without transitions: what is fading in is
# not visible yet, and how far it has come depends on the machine.
FAULTS = """() => {
  const hasty = document.createElement("style");
  hasty.textContent = "* { transition: none !important; }";
  document.head.append(hasty);
  const found = [], slides = document.querySelector(".slides").getBoundingClientRect();
  const unit = slides.width / 1280, seen = new Set();
  const visible = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const look = () => {
    const section = Reveal.getCurrentSlide(), at = JSON.stringify(Reveal.getIndices());
    const say = (what, e) => found.push(`${at} ${what}: ${(e.alt || e.textContent || e.className).slice(0, 60)}`);
    const steps = [...section.querySelectorAll(".step")].filter(visible);
    if (steps.length > 1) say("two steps at once", steps[1]);
    for (const e of section.querySelectorAll("h1, h2, h3, .step > *, .column > *")) {
      if (!visible(e)) continue;
      const box = e.getBoundingClientRect();
      if (box.left < slides.left - 1 || box.right > slides.right + 1 || box.top < slides.top - 1) say("outside", e);
      if (box.bottom > slides.bottom - 34 * unit) say("into the foot", e);
      const inner = e.shadowRoot ? e.shadowRoot.querySelector(".card") : e;
      const cut = !e.matches(".figure") && inner.scrollWidth > inner.clientWidth + 1;
      if (cut) say("cut at the right", e);
    }
    const pieces = steps.flatMap((s) => [...s.querySelectorAll(":scope > :not(.column), .column > *")]);
    const boxes = pieces.filter(visible).map((e) => [e, e.getBoundingClientRect()]);
    const meet = (a, b, low, high) => a[low] < b[high] - 1 && b[low] < a[high] - 1;
    boxes.forEach(([e, a], i) => boxes.slice(i + 1).forEach(([, b]) => {
      if (meet(a, b, "left", "right") && meet(a, b, "top", "bottom")) say("overlap", e);
    }));
    const texts = document.createTreeWalker(section.querySelector(".frame"), NodeFilter.SHOW_TEXT);
    for (let t = texts.nextNode(); t; t = texts.nextNode()) {
      const e = t.parentElement;
      if (!t.data.trim() || e.closest(".figure, math, script, style, sup, sub")) continue;
      if (parseFloat(getComputedStyle(e).fontSize) < 15.9) say("too small", e);
      if (t.data.includes("$") && !e.closest("pre, code")) say("formula left as text", e);
    }
    for (const e of section.querySelectorAll(".figure img"))
      if (visible(e)) {
        const { width, height } = e.getBoundingClientRect();
        const text = (24 * width) / e.naturalWidth / unit; // of 12 points at 144 dots an inch: see picture_cases.py
        if (text < 15.9) say("small text in a picture", e);
        if (height < 479 * unit && width < 1180 * unit) say("small picture", e);
      }
    for (const e of section.querySelectorAll("[data-lm-suppress-shortcuts]:not(.optlib-predict)"))
      if (visible(e) && 12 * e.currentCSSZoom < 15.7) say("small text in a player", e); // 12 pixels: see players.css
    const heads = [...section.querySelectorAll(".frame > :is(h1, h2, h3)")].filter(visible);
    if (heads.length !== 1 || !heads[0].textContent.trim()) say(`${heads.length} headlines`, section);
    if (section.querySelector("merror")) say("formula in error", section);
  };
  Reveal.slide(0, 0, -1);
  for (let guard = 0; guard < 1000; guard++) {
    look();
    const before = JSON.stringify(Reveal.getIndices());
    Reveal.next();
    if (before !== JSON.stringify(Reveal.getIndices())) continue;
    hasty.remove();
    return found;
  }
  return ["the deck has no end"];
}"""

# Goes to the slide and step on which an element is seen.
SHOW = """(element) => {
  const { h, v } = Reveal.getIndices(element.closest("section.leaf"));
  const fragment = element.closest(".fragment");
  Reveal.slide(h, v, fragment ? Number(fragment.dataset.fragmentIndex) : -1);
  return Reveal.getIndices();
}"""


# All slides and steps at once, for who looks at them without turning pages.
UNROLLED = """.reveal .slides, .slides section, .slides .steps, .slides .step, .slides .fragment {
  display: block !important; position: static !important; visibility: visible !important; opacity: 1 !important;
  transform: none !important; transition: none !important;
}"""


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Opens the deck of a notebook from disk, in the one tab that all share."""
    tab, folder = test_browser.tab_of(browser, offline=True), tmp_path_factory.mktemp("decks")
    command = [sys.executable, "-m", "tools.slides", "slides", "--out", str(folder)]  # as `make slides` does
    subprocess.run(command, cwd=ROOT, timeout=600, check=True, stdout=subprocess.PIPE)
    assert sorted(file.stem for file in folder.iterdir()) == [path.stem for path in NOTEBOOKS]

    def opened(path):
        file = folder / f"{path.stem}.html"
        if path not in NOTEBOOKS:
            write_decks([path], folder)
        tab.set_viewport_size(WIDE)
        tab.goto(file.as_uri())
        tab.wait_for_function(READY)
        return tab

    return opened


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def tab(request, show):
    tab = show(request.param)
    yield tab
    complaints = list(tab.complaints)
    tab.complaints.clear()
    assert complaints == []


# --- every deck of the course ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", [WIDE, SQUARE], ids=["16:9", "4:3"])
def test_every_slide_fits_and_can_be_read(tab, screen):
    tab.set_viewport_size(screen)
    height = round(1280 * screen["height"] / screen["width"])
    tab.wait_for_function(f"Reveal.getConfig().height === {height}")
    assert tab.evaluate(FAULTS) == []
    assert tab.evaluate("document.querySelectorAll('.frame math').length") > 5


def test_headings_descend_by_one(tab):
    levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def test_players_play_and_their_keys_turn_no_slide(tab):
    tab.set_viewport_size(WIDE)
    players = tab.query_selector_all(".optlib-animation")
    for host in players:
        at = tab.evaluate(SHOW, host)
        tab.wait_for_function("(host) => host.player?.map.look && host.player.map.width > 0", arg=host)
        button, slider = (host.evaluate_handle(f"(host) => host.shadowRoot.querySelector({selector!r})").as_element()
                          for selector in ("button[aria-label=Play]", "input[type=range]"))  # fmt: skip
        button.click()
        tab.wait_for_function("(host) => host.player.step > 0", arg=host)
        slider.focus()
        tab.keyboard.press("Home")
        tab.keyboard.press("ArrowRight")
        assert host.evaluate("(host) => host.player.step") == 1
        assert tab.evaluate("Reveal.getIndices()") == at


def test_sliders_move_the_path_and_turn_no_slide(tab):
    tab.set_viewport_size(WIDE)
    for host in tab.query_selector_all(".optlib-explorable"):
        at = tab.evaluate(SHOW, host)
        tab.wait_for_function("(host) => host.player?.map.look && host.player.map.width > 0", arg=host)
        points = "JSON.stringify(host.player.tracks.map((track) => track.points))"
        moved = f"([host, before]) => {points} !== before"
        before = host.evaluate(f"(host) => {points}")
        slider = host.evaluate_handle("(host) => host.shadowRoot.querySelector('input[type=range]')").as_element()
        for _ in range(60):  # a slide that is still coming in moves away under the mouse
            box = slider.bounding_box()
            tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            tab.mouse.down()
            tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2, steps=3)
            tab.mouse.up()
            tab.wait_for_timeout(500)
            if tab.evaluate(moved, [host, before]):
                break
        assert tab.evaluate(moved, [host, before])
        dragged = host.evaluate(f"(host) => {points}")
        slider.focus()
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("ArrowRight")
        tab.wait_for_function(moved, arg=[host, dragged])
        assert tab.evaluate("Reveal.getIndices()") == at


def test_no_serious_accessibility_violation(tab):
    """Of what stands around the slides, and of all slides, one below the other."""
    pytest.importorskip("axe_playwright_python")
    tab.set_viewport_size(WIDE)
    tab.add_style_tag(content=UNROLLED)
    tab.evaluate("document.querySelectorAll('main [aria-hidden]').forEach((e) => e.removeAttribute('aria-hidden'))")
    assert accessibility.violations(tab, ["light"]) == {}


# --- a deck of its own ----------------------------------------------------------------------------------------------


def picture(width, height):
    file = BytesIO()
    Image.new("RGB", (width, height), "#0072b2").save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    html = f'<figure><img alt="blue" width="{width}" height="{height}" src="data:image/png;base64,{data}"></figure>'
    return v4.new_output("display_data", data={"text/html": html, "text/plain": "blue"})


@pytest.fixture
def small(show, tmp_path):
    def slide(kind):
        return {"slideshow": {"slide_type": kind}}

    lines = "\n".join(f"x{i} = {i}  # one of many lines that are too long to stand beside" for i in range(10))
    cells = [
        v4.new_markdown_cell("# Small\n\nFirst $x$.", metadata=slide("slide")),
        v4.new_markdown_cell("**Predict.** What?", metadata=slide("subslide")),
        v4.new_markdown_cell("The answer.", metadata=slide("fragment")),
        v4.new_markdown_cell("Say $y^2$ slowly.", metadata=slide("notes")),
        v4.new_code_cell(lines, metadata=slide("slide"), outputs=[picture(755, 519)]),
    ]
    path = tmp_path / "small.ipynb"
    write(v4.new_notebook(cells=cells), path)
    tab = show(path)
    yield tab
    assert tab.complaints == []


def test_answers_come_after_predictions(small):
    small.keyboard.press("Space")
    question, answer = small.locator(".leaf p", has_text="What?"), small.locator(".leaf p", has_text="The answer.")
    told = small.locator(".aria-status")  # to screen readers
    question.wait_for(state="visible")
    assert not answer.is_visible()
    assert "What?" in told.text_content()
    assert "answer" not in told.text_content()
    small.keyboard.press("Space")
    answer.wait_for(state="visible")
    assert question.is_visible()
    assert "The answer." in told.text_content()


def test_what_does_not_fit_at_once_comes_in_steps(small):
    small.evaluate("Reveal.slide(1, 0, -1)")
    code, figure = small.locator("pre.code"), small.locator(".figure")
    code.wait_for(state="visible")
    assert not figure.is_visible()
    small.keyboard.press("Space")
    figure.wait_for(state="visible")
    assert not code.is_visible()
    assert figure.bounding_box()["height"] > 550
    small.keyboard.press("ArrowLeft")
    code.wait_for(state="visible")
    small.set_viewport_size({"width": 900, "height": 900})  # nearly square: there is room for both
    small.wait_for_function("Reveal.getConfig().height === 1000")
    small.evaluate("Reveal.slide(1, 0)")
    assert code.is_visible()
    assert figure.is_visible()


def test_the_search_for_faults_finds_them(small):
    assert small.evaluate(FAULTS) == []
    for style, fault in (
        ("p { font-size: 15px !important }", "too small"),
        (".step > p { padding-top: 700px !important }", "into the foot"),
        ("pre.code { width: 1300px !important; max-width: none !important }", "outside"),
        (".step { display: block !important } .step > p { margin-bottom: -30px !important }", "overlap"),
    ):
        added = small.add_style_tag(content=style)
        assert any(fault in found for found in small.evaluate(FAULTS)), fault
        added.evaluate("(style) => style.remove()")


def test_overview_progress_and_slide_number(small):
    small.keyboard.press("Space")
    assert small.locator(".slide-number").inner_text().replace("\n", " ").split() == ["2", "/", "3"]
    assert small.locator(".progress").is_visible()
    small.keyboard.press("Escape")
    assert small.evaluate("Reveal.isOverview()") is True
    small.keyboard.press("Escape")
    assert small.evaluate("Reveal.isOverview()") is False


def test_paper_gets_a_page_for_each_step_with_its_headline(small, tmp_path):
    for size in (WIDE, SQUARE):
        small.set_viewport_size(size)
        pages = PdfReader(BytesIO(small.pdf(prefer_css_page_size=True, print_background=True))).pages
        assert [(page.mediabox.width, page.mediabox.height) for page in pages] == [(960, 540)] * 4
        texts = ["".join(page.extract_text().split()) for page in pages]
        assert all(text.startswith("Small") for text in texts)
        for text, words in zip(texts, ["First", "Theanswer.", "x0=0", "4/4"], strict=True):
            assert words in text, texts
        assert len(pages[3].images) == 1
        small.wait_for_function("!document.querySelector('.still')")
    assert small.evaluate(FAULTS) == []


def test_without_script_the_slides_stand_one_below_the_other(browser, show):
    tab = browser.new_context(java_script_enabled=False, viewport=WIDE).new_page()
    tab.goto(show(NOTEBOOKS[0]).url)
    assert tab.locator("noscript p").bounding_box()["y"] < 60
    assert tab.locator("noscript a").get_attribute("href") == "../site/00_start_here.html"
    boxes = [tab.locator("h2").nth(i).bounding_box() for i in range(3)]
    assert all(above["y"] + 60 < below["y"] for above, below in zip(boxes, boxes[1:], strict=False))
    tab.context.close()


def test_the_speaker_window_shows_the_notes(small):
    small.keyboard.press("Space")
    with small.context.expect_page() as popup:
        small.keyboard.press("s")
    window = popup.value
    window.wait_for_function("document.querySelector('.speaker-controls-notes .value').innerText.includes('slowly')")
    assert window.locator(".speaker-controls-notes math").count() == 1  # the formula, too
    window.wait_for_function("document.querySelectorAll('iframe').length === 2")
    for frame in window.frames[1:]:
        frame.wait_for_function(READY)
    small.keyboard.press("Space")
    small.keyboard.press("Space")
    window.locator(".speaker-controls-notes").wait_for(state="hidden")  # the next slide has none
