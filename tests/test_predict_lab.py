"""Predictions in JupyterLab, in a notebook that is opened as it is stored, and that is run."""

import nbformat
import pytest
from nbformat.sign import NotebookNotary

import optlib as ol
from tools.execute_notebooks import METADATA, normalize

test_browser_lab = pytest.importorskip("test_browser_lab", reason="playwright is not installed")
from test_browser_lab import COUNTS, PATIENCE, served  # noqa: E402

browser, pytestmark = test_browser_lab.browser, test_browser_lab.pytestmark
FOLDED = "document.querySelectorAll('.jp-OutputPlaceholder').length === {}"
ASKED = 'ol.predict(\n    {!r}, "one", "two",\n    answer="one", because="So it is.",\n)'


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = tmp_path_factory.mktemp("predict")
    cells = [nbformat.v4.new_code_cell("import optlib as ol", execution_count=1)]
    for question, answer in (("Who is first?", "It is ONE."), ("Who is next?", "It is TWO.")):
        asked = ol.predict(question, "one", "two", answer="one", because="So it is.").html()
        shown = nbformat.v4.new_output("display_data", data={"text/html": asked})
        printed = nbformat.v4.new_output("stream", text=answer)
        cells += [nbformat.v4.new_code_cell(ASKED.format(question), outputs=[shown], execution_count=2),
                  nbformat.v4.new_code_cell(f"print({answer!r})", outputs=[printed], execution_count=3,
                                            metadata={"tags": ["answer"]}),
                  nbformat.v4.new_code_cell("1", execution_count=4)]  # fmt: skip
    cells.append(nbformat.v4.new_code_cell("1"))
    notebook = normalize(nbformat.v4.new_notebook(cells=cells, metadata=METADATA))
    (home / "data").mkdir()
    NotebookNotary(data_dir=str(home / "data")).sign(notebook)  # as `make lab` does
    nbformat.write(notebook, home / "notebook.ipynb")
    with served(home) as address:
        yield address


@pytest.fixture(scope="module")
def tab(address, browser):
    """The notebook, opened once: JupyterLab takes seconds.  Each test leaves its questions unanswered."""
    tab = browser.new_page(viewport={"width": 1500, "height": 1000})
    tab.set_default_timeout(1000 * PATIENCE)
    open_notebook(tab, address)
    yield tab
    tab.close()


def open_notebook(tab, address):
    tab.goto(address)
    tab.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    tab.wait_for_function("[...document.querySelectorAll('.optlib-predict')].filter((e) => e.player).length === 2")


def answer(tab, name):
    return tab.locator(".jp-OutputArea-output", has_text=f"It is {name}.")


def test_it_opens_saved_with_its_answers_folded(tab):
    assert tab.evaluate(FOLDED.format(2))
    assert not answer(tab, "ONE").is_visible()
    assert tab.locator(".jp-OutputPlaceholder").all_inner_texts() == ["The answer is folded here."] * 2
    assert tab.locator(".jp-mod-dirty").count() == 0


def test_a_choice_unfolds_its_answer_also_when_the_notebook_is_opened_again(tab, address):
    tab.get_by_role("button", name="two").first.click()
    for again in (False, True):
        if again:
            open_notebook(tab, address)
        tab.wait_for_function(FOLDED.format(1))
        assert answer(tab, "ONE").is_visible()
        assert tab.get_by_text("Not this time: the answer is A.").is_visible()
    tab.get_by_role("button", name="ask me again").click()
    tab.wait_for_function(FOLDED.format(2))


def test_keys_of_a_choice_are_not_those_of_the_notebook(tab):
    tab.get_by_role("button", name="one").last.focus()
    tab.keyboard.press("Enter")  # in command mode it would begin to edit the cell
    tab.wait_for_function(FOLDED.format(1))
    assert answer(tab, "TWO").is_visible()
    assert not tab.locator(".jp-mod-editMode").count()
    tab.get_by_role("button", name="ask me again").click()
    tab.wait_for_function(FOLDED.format(2))


def test_who_runs_all_cells_is_still_asked_and_who_runs_one_sees_it(tab):
    tab.locator(".jp-CodeCell").first.click()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    tab.wait_for_function(f"({COUNTS})().join() === '[1]:,,[3]:,[4]:,,[6]:,[7]:,[8]:'")  # folded code shows none
    tab.wait_for_function("[...document.querySelectorAll('.optlib-predict')].filter((e) => e.player).length === 2")
    tab.wait_for_function(FOLDED.format(2))
    assert tab.locator(".jp-OutputPlaceholder").all_inner_texts() == ["The answer is folded here."] * 2
    tab.locator(".jp-CodeCell", has_text="It is TWO.").locator(".cm-content").last.click()
    tab.keyboard.press("Shift+Enter")
    tab.wait_for_function(FOLDED.format(1))
    answer(tab, "TWO").wait_for()
    tab.get_by_role("button", name="one").first.click()
    answer(tab, "ONE").wait_for()
