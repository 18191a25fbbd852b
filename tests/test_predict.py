"""Predictions: the reader chooses or sketches first; what is kept, what opens then, what stands without scripts."""

import re
from urllib.parse import unquote

import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat import read, v4, write

import optlib as ol
from tools.execute_notebooks import normalize
from tools.roles import is_prediction, tags
from tools.site import __main__ as site
from tools.site import notebook_page
from tools.slides.deck import deck

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
from test_browser import opened, tab_of  # noqa: E402

browser = test_browser.browser
in_browser = [mark for mark in test_browser.pytestmark if mark.name == "skipif"][0]
pytestmark = [mark for mark in test_browser.pytestmark if mark.name != "skipif"]
CHOICES = ("the ball", "gradient descent", "neither")
WHY = "It gathers speed along the floor."
EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
X = np.linspace(1, 100, 400)
FALLING = 3 * np.exp(-X / 20)
READY = "document.querySelector('.optlib-predict, .optlib-sketch')?.player"


def predict(question="Who is lowest?", *choices, **options):
    return ol.predict(question, *(choices or CHOICES), **{"answer": "the ball", "because": WHY} | options)


def sketch(question="Sketch the loss.", y=FALLING, **options):
    return ol.predict(question, sketch=(X, y), because=WHY, xlabel="step", ylabel="loss", **options)


@pytest.mark.parametrize(("choices", "options", "error", "message"), [
    ((), {"answer": "a"}, ValueError, "must be 2 to 26 different ones"),
    (("a",), {"answer": "a"}, ValueError, r"choices=\('a',\) must be 2 to 26"),
    (map(str, range(27)), {"answer": "1"}, ValueError, "must be 2 to 26 different ones"),
    (("a", "a"), {"answer": "a"}, ValueError, "must be 2 to 26 different ones"),
    (("a", "b"), {"answer": "c"}, ValueError, "answer='c' must be 'a' or 'b'"),
    (("a", "b"), {}, ValueError, "answer=None must be 'a' or 'b'"),
    (("a", 3), {"answer": "a"}, TypeError, "choice 2=3 must be a sentence"),
    (("a", " "), {"answer": "a"}, ValueError, "choice 2=' ' must be a sentence"),
    (("a", "b"), {"answer": "a", "because": ""}, ValueError, "because='' must be a sentence"),
    (("a", "b"), {"answer": "a", "sketch": (X, X)}, TypeError, "either choices with an answer or sketch"),
    ((), {"sketch": X}, TypeError, "must be a pair of arrays"),
    ((), {"sketch": (X, X[:-1])}, ValueError, "400 values of x and 399 of y"),
    ((), {"sketch": ([1, 2], [1, np.nan])}, ValueError, r"sketch\[1\]=\[1, nan\] must be a 1-D array"),
    ((), {"sketch": ([1, 2], [1, 0]), "logy": True}, ValueError, r"sketch\[1\]=\[1, 0\] must .* in \(0, inf\)"),
    ((), {"sketch": ([0, 2], [1, 1]), "logx": True}, ValueError, r"sketch\[0\]=\[0, 2\] must .* in \(0, inf\)"),
    ((), {"sketch": ([2, 1], [1, 1])}, ValueError, "must rise"),
    ((), {"sketch": ([1], [1])}, ValueError, "at least 2 numbers"),
    ((), {"sketch": ([1, 2], [1, 1]), "logx": 1}, TypeError, "logx=1 must be True or False"),
    ((), {"sketch": ([1, 2], [1, 1]), "ylim": (2, 1)}, ValueError, r"ylim=\(2, 1\) must be \(low, high\)"),
    ((), {"sketch": ([1, 2], [1, 1]), "ylim": (1, 2, 3)}, ValueError, r"ylim=\(1, 2, 3\) must be .* of 2 numbers"),
    ((), {"sketch": ([1, 2], [1, 1]), "ylim": (0, 1), "logy": True}, ValueError, r"ylim=\(0, 1\) must .*\(0, inf\)"),
])  # fmt: skip
def test_bad_input(choices, options, error, message):
    with pytest.raises(error, match=message):
        ol.predict("Why?", *choices, **{"because": "So."} | options)


def test_without_scripts_there_are_question_choices_and_a_folded_answer():
    page = BeautifulSoup(predict("Is `lr` < 1?").html(), "html.parser")
    assert page.p.text == "Predict. Is lr < 1?"
    assert page.code.text == "lr"
    assert [choice.text for choice in page.find_all("li")] == [*CHOICES]
    assert not page.details.has_attr("open")
    assert page.details.text == f"AnswerA. {WHY}"
    shown = predict()._repr_mimebundle_()
    assert shown["text/plain"] == "Predict. Who is lowest?\n  A  the ball\n  B  gradient descent\n  C  neither"
    assert shown["text/html"] == predict()._repr_mimebundle_()["text/html"]
    assert not re.search(r"(src|href)=[\"']?https?:", shown["text/html"] + sketch().html())
    image = BeautifulSoup(sketch().html(), "html.parser").details.img
    assert image["alt"] == "The curve that was asked for: Sketch the loss."
    assert all(f">{label}</text>" in unquote(image["src"]) for label in ("step", "loss", "100", "2"))


@pytest.mark.parametrize("other", [
    predict("Who is highest?"), predict("Who is lowest?", "the ball", "neither"), sketch(), sketch(y=X),
])  # fmt: skip
def test_each_question_is_kept_by_a_name_of_its_own(other):
    name, another = (re.search(r'"key":"(optlib-\w+)"', asked.html())[1] for asked in (predict(), other))
    assert name != another


def test_normalizing_folds_the_question_in_code_and_the_answer_in_outputs():
    cells = [v4.new_code_cell("ol.predict(\n    'Why?')"), v4.new_code_cell("1", metadata={"tags": ["answer"]})]
    asked, answer = normalize(v4.new_notebook(cells=cells)).cells
    assert (asked.metadata.jupyter, answer.metadata.jupyter) == ({"source_hidden": True}, {"outputs_hidden": True})
    assert asked.metadata.transient == {"remove_source": True}  # nbconvert's


@pytest.mark.parametrize("path", sorted(test_browser.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_questions_of_the_course_have_answers_and_their_first_line_tells_none(path):
    """JupyterLab shows the first line of folded code."""
    asked, folded = None, []
    for cell in [*read(path, as_version=4).cells, v4.new_code_cell("ol.predict(\n")]:
        if is_prediction(cell):
            assert cell.source.startswith("ol.predict(\n")
            assert asked is None or folded or "sketch=" in asked, asked
            asked, folded = cell.source, []
        elif {"answer", "exercise"} & {*tags(cell)}:  # or the reader computes it
            assert asked or "exercise" in tags(cell), cell.source
            folded.append(cell)


def marks(tab):
    return tab.evaluate("[...document.querySelector('.optlib-predict').shadowRoot.querySelectorAll('i')]"
                        ".map((mark) => mark.textContent)")  # fmt: skip


@in_browser
@pytest.mark.parametrize("keys", [False, True])
@pytest.mark.parametrize(("chosen", "verdict", "said"), [
    (0, "Yes, that is right.", ["✓ your choice", "", ""]),
    (2, "Not this time: the answer is A.", ["✓ the answer", "", "your choice"]),
])  # fmt: skip
def test_a_choice_is_answered_kept_and_asked_again(browser, tmp_path, chosen, verdict, said, keys):
    html = predict(f"Who is lowest ({chosen}, {keys})? {EVIL}", because=EVIL).html()
    with opened(browser, tmp_path, html) as tab:
        tab.wait_for_function(READY)
        result = tab.locator(".result")
        assert not result.is_visible()
        assert EVIL in tab.locator(".optlib-predict").text_content()
        button = tab.get_by_role("button", name=CHOICES[chosen])
        if keys:
            button.focus()
            tab.keyboard.press("Space")
        else:
            button.click()
        for _ in range(2):
            assert result.inner_text() == f"{verdict}  ask me again"  # what is slotted is outside
            assert tab.locator("span[slot=because]").inner_text() == EVIL
            assert marks(tab) == said
            assert tab.evaluate("window.keys ?? []") == []
            tab.reload()
            tab.wait_for_function(READY)
        tab.get_by_role("button", name="ask me again").click()
        assert not result.is_visible()
        tab.reload()
        tab.wait_for_function(READY)
        assert marks(tab) == ["", "", ""]


@in_browser
def test_where_storage_is_forbidden_it_works_until_the_page_is_left(browser, tmp_path):
    """As in the frames of VS Code and Colab."""
    inner = predict("Is anything kept?").html().replace("&", "&amp;").replace('"', "&quot;")
    html = f'<iframe sandbox="allow-scripts" width="900" height="600" srcdoc="{inner}">'
    with opened(browser, tmp_path, html) as tab:
        frame = tab.frame_locator("iframe")
        frame.get_by_role("button", name="the ball").click()
        frame.get_by_text("Yes, that is right.").wait_for()
        frame.get_by_role("button", name="ask me again").click()
        frame.get_by_text("Yes, that is right.").wait_for(state="hidden")


@in_browser
def test_a_curve_is_drawn_by_the_mouse_before_the_true_one_shows(browser, tmp_path):
    with opened(browser, tmp_path, sketch("Sketch it by mouse.", logy=True).html()) as tab:
        tab.wait_for_function(READY)
        canvas, show = tab.locator("canvas.sketch"), tab.get_by_role("button", name="show the curve")
        assert show.is_disabled()
        drawn = canvas.evaluate("(canvas) => canvas.toDataURL()")
        box, (x, y, w, h) = canvas.bounding_box(), tab.evaluate(f"Object.values({READY}.sketch.board.box)")
        low, high = tab.evaluate(f"[{READY}.data.curve.y.low, {READY}.data.curve.y.high]")
        at = lambda step: (box["x"] + x + w * (step - 1) / 99,
                           box["y"] + y + h * (high - np.log10(3 * np.exp(-step / 20))) / (high - low))  # fmt: skip
        tab.mouse.move(*at(1))
        tab.mouse.down()
        for step in range(10, 101, 10):
            tab.mouse.move(*at(step))
        tab.mouse.up()
        show.click()
        assert tab.locator(".result strong").inner_text() == "Very close to it."
        assert canvas.evaluate("(canvas) => canvas.toDataURL()") != drawn
        tab.reload()
        tab.wait_for_function(READY)
        assert tab.locator(".result strong").inner_text() == "Very close to it."
        tab.get_by_role("button", name="ask me again").click()
        assert not tab.locator(".result").is_visible()
        assert show.is_disabled()


@in_browser
def test_a_curve_is_drawn_by_keys_which_do_not_reach_the_page(browser, tmp_path):
    with opened(browser, tmp_path, sketch("Sketch it by keys.", y=X).html()) as tab:
        tab.wait_for_function(READY)
        tab.locator("canvas.sketch").focus()
        for _ in range(16):
            tab.keyboard.press("ArrowDown")
        for _ in range(20):
            tab.keyboard.press("ArrowRight")
            tab.keyboard.press("ArrowUp")
        assert tab.evaluate("window.keys ?? []") == []
        assert tab.get_by_text("step 100: ").is_visible()
        drawn = tab.evaluate(f"{READY}.sketch.drawn")
        assert len(drawn) == 121
        assert np.diff(drawn).min() >= 0
        tab.keyboard.press("PageDown")
        assert tab.evaluate("window.keys") == ["PageDown"]
        tab.get_by_role("button", name="show the curve").press("Enter")
        assert tab.locator(".result strong").inner_text() == "Compare the two."


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_accessibility_violation(browser, tmp_path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    html = predict(f"Asked in the {scheme}?").html() + predict(f"Answered in the {scheme}?").html() + sketch().html()
    with opened(browser, tmp_path, f"<main><h1>Test</h1>{html}</main>", color_scheme=scheme) as tab:
        tab.wait_for_function("[...document.querySelectorAll('.optlib-predict')].every((host) => host.player)")
        tab.get_by_role("button", name="neither").last.click()
        found = axe.run(tab).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.fixture
def lesson(tmp_path):
    """A notebook of two questions, each with its answer; a formula in the first."""
    def code(source, form, content, tags=()):
        output = v4.new_output("display_data", data={f"text/{form}": content})
        return v4.new_code_cell(source, outputs=[output], execution_count=1, metadata={"tags": [*tags]})

    cells = [v4.new_markdown_cell("# A lesson", metadata={"slideshow": {"slide_type": "slide"}})]
    for question, answer in ((r"Who wins at $\beta = 0.9$?", "It is ONE."), ("And then?", "It is TWO.")):
        cells += [code("ol.predict(\n    1)", "html", predict(question).html()), code("1", "plain", answer, ["answer"])]
    cells.append(code("after()", "plain", "ALWAYS"))
    path = tmp_path / "lesson.ipynb"
    write(v4.new_notebook(cells=cells), path)
    return path


@in_browser
def test_on_a_page_the_answer_opens_with_the_choice(browser, tmp_path, lesson, monkeypatch):
    monkeypatch.setattr(site, "pages", lambda: [notebook_page.read(lesson)])
    site.write(tmp_path / "site")
    tab = tab_of(browser)
    answers = lambda: [tab.get_by_text(f"It is {name}.").is_visible() for name in ("ONE", "TWO")]
    tab.goto((tmp_path / "site" / "lesson.html").as_uri())
    tab.wait_for_function("[...document.querySelectorAll('.optlib-answer')].every((answer) => !answer.open)")
    assert answers() == [False, False]
    assert tab.get_by_text("ALWAYS").is_visible()
    assert tab.locator("[slot=question] math").count() == 1
    assert "ol.predict" not in tab.locator("main").inner_text()  # the code tells the answer
    tab.get_by_role("button", name="neither").first.click()
    tab.get_by_text("It is ONE.").wait_for()
    assert answers() == [True, False]
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert answers() == [True, True]
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    tab.emulate_media(media="screen")
    assert answers() == [True, False]
    tab.get_by_role("button", name="ask me again").click()
    assert answers() == [False, False]
    assert tab.complaints == []
    assert "ONE" not in (tmp_path / "site" / "assets" / "search.js").read_text()
    tab.context.close()


@in_browser
def test_in_a_deck_the_answer_comes_a_step_later_and_its_keys_stay_its_own(browser, tmp_path, lesson):
    tab = tab_of(browser, viewport={"width": 1280, "height": 720})
    (tmp_path / "deck.html").write_text(deck(lesson), encoding="utf-8")
    tab.goto((tmp_path / "deck.html").as_uri())
    tab.wait_for_function("document.documentElement.dataset.ready === 'yes'")
    one = tab.locator("pre", has_text="It is ONE.")
    button = tab.get_by_role("button", name="the ball").first
    high = button.evaluate("(button) => button.getRootNode().host.offsetHeight")
    button.focus()
    tab.keyboard.press("Enter")
    tab.get_by_text("Yes, that is right.").first.wait_for()
    assert not one.is_visible()
    assert tab.evaluate("document.querySelector('.optlib-predict').offsetHeight") == high  # had room for what came
    tab.keyboard.press("Space")
    one.wait_for()
    assert not tab.locator("pre", has_text="It is TWO.").is_visible()
    assert tab.complaints == []
    tab.context.close()


def test_on_paper_answers_are_open(lesson):
    text = deck(lesson, still=True)
    assert text.count('<details open class="answer">') == 2
    assert "ONE" in text
    assert "ol.predict" not in text
