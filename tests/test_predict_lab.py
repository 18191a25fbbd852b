"""Predictions in JupyterLab, in a notebook that is opened as it is stored: no cell is run."""

import nbformat
import pytest
from nbformat.sign import NotebookNotary

import optlib as ol
from tools.execute_notebooks import METADATA, normalize

test_browser_lab = pytest.importorskip("test_browser_lab", reason="playwright is not installed")
from test_browser_lab import PATIENCE, served  # noqa: E402

browser, pytestmark = test_browser_lab.browser, test_browser_lab.pytestmark
FOLDED = "document.querySelectorAll('.jp-OutputPlaceholder').length === {}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = tmp_path_factory.mktemp("predict")
    cells = []
    for question, answer in (("Who is first?", "It is ONE."), ("Who is next?", "It is TWO.")):
        asked = ol.predict(question, "one", "two", answer="one", because="So it is.")
        for source, html, tag in (("ol.predict(\n    1)", asked.html(), "asked"), ("1", f"<p>{answer}</p>", "answer")):
            output = nbformat.v4.new_output("display_data", data={"text/html": html})
            about = {"outputs": [output], "execution_count": 1, "metadata": {"tags": [tag]}}
            cells.append(nbformat.v4.new_code_cell(source, **about))
    notebook = normalize(nbformat.v4.new_notebook(cells=cells, metadata=METADATA))
    (home / "data").mkdir()
    NotebookNotary(data_dir=str(home / "data")).sign(notebook)  # as `make lab` does
    nbformat.write(notebook, home / "notebook.ipynb")
    with served(home) as address:
        yield address


@pytest.fixture(scope="module")
def tab(address, browser):
    tab = browser.new_page(viewport={"width": 1500, "height": 1000})
    tab.set_default_timeout(1000 * PATIENCE)
    yield tab
    tab.close()


def open_notebook(tab, address):
    tab.goto(address)
    tab.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    tab.wait_for_function("[...document.querySelectorAll('.optlib-predict')].filter((e) => e.player).length === 2")


def test_it_opens_saved_with_its_answers_folded(tab, address):
    open_notebook(tab, address)
    assert tab.evaluate(FOLDED.format(2))
    assert not tab.get_by_text("It is").first.is_visible()
    assert "ONE" not in tab.locator(".jp-OutputPlaceholder").first.inner_text()
    assert tab.locator(".jp-mod-dirty").count() == 0


def test_a_choice_unfolds_its_answer_also_when_the_notebook_is_opened_again(tab, address):
    open_notebook(tab, address)
    tab.get_by_role("button", name="two").first.click()
    for _ in range(2):
        tab.wait_for_function(FOLDED.format(1))
        assert tab.get_by_text("It is ONE.").is_visible()
        assert tab.get_by_text("Not this time: the answer is A.").is_visible()
        open_notebook(tab, address)
    tab.get_by_role("button", name="ask me again").click()
    tab.wait_for_function(FOLDED.format(2))


def test_keys_of_a_choice_are_not_those_of_the_notebook(tab, address):
    open_notebook(tab, address)
    tab.get_by_role("button", name="one").last.focus()
    tab.keyboard.press("Enter")  # in command mode it would begin to edit the cell
    tab.wait_for_function(FOLDED.format(1))
    assert tab.get_by_text("It is TWO.").is_visible()
    assert not tab.locator(".jp-mod-editMode").count()
