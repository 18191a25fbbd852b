"""A teacher's own notebooks as slides, handouts and pages: all that nbconvert shows is shown, the rest is told."""

import re
import sys

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbconvert.exporters.html import HTMLExporter as Exporter
from nbformat import v4
from slides_cases import ROOT

from tools import markup
from tools.cells import FORMS, WIDGET_VIEW, title
from tools.colab.standalone import standalone
from tools.site import notebook_page
from tools.slides import __main__ as command
from tools.slides.deck import deck
from tools.slides.handout import notebook_page as handout

HEAD = v4.new_markdown_cell("# A lesson")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = f'src="data:image/png;base64,{PIXEL}"'
MAKERS = {
    "slides": deck, "printed slides": lambda path: deck(path, still=True), "handout": handout,
    "page": lambda path: notebook_page.read(path).body,
}  # fmt: skip
STILL = ("printed slides", "handout")


@pytest.fixture(params=MAKERS)
def kind(request):
    return request.param


@pytest.fixture
def made(kind, tmp_path):
    def make(*cells):
        path = tmp_path / "my_own_lesson.ipynb"
        nbformat.write(v4.new_notebook(cells=list(cells)), path)
        text = MAKERS[kind](path)
        return (text.partition("</head>")[2] or text).partition("</main>")[0]  # of a page there is only that

    return make


def code(data):
    return v4.new_code_cell("figure()", outputs=[v4.new_output("display_data", data=data)], execution_count=3)


# What each form of an output is like, and what must stand in the result.
SHOWN = {
    "image/svg+xml": ('<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg id="mine"/>', '<svg id="mine"/>'),
    "image/png": (PIXEL, PICTURE), "image/jpeg": (PIXEL, "data:image/jpeg;base64"),
    "image/gif": (PIXEL, "data:image/gif;base64"), "image/webp": (PIXEL, "data:image/webp;base64"),
    "text/html": ("<b>mine</b>", "<b>mine</b>"), "text/markdown": ("**mine**", "<strong>mine</strong>"),
    "text/plain": ("mine < yours", "mine &lt; yours"), "text/vnd.mermaid": ("graph TD; A-->B", "graph TD; A--&gt;B"),
    "application/javascript": ("element.append('mine')", "element.append('mine')"),
}  # fmt: skip


@pytest.mark.parametrize("form", SHOWN)
def test_each_form_of_an_output_is_shown(made, kind, form):
    data, words = SHOWN[form]
    alone = form == "application/javascript" and kind in STILL
    text = made(HEAD, code({form: data, **({"text/plain": "<Figure>"} if form != "text/plain" else {})}))
    assert ("&lt;Figure&gt;</pre>" if alone else words) in text  # on paper no script runs
    assert "<?xml" not in text


def test_a_script_alone_leaves_nothing_on_paper(made, kind):
    assert ("mine" in made(HEAD, code({"application/javascript": "mine()"}))) == (kind not in STILL)


def test_all_forms_of_nbconvert_are_among_them_in_its_order():
    order = Exporter().default_config.NbConvertBase.display_data_priority
    assert [form for form in FORMS if form in order] == [form for form in order if form != WIDGET_VIEW]
    assert set(FORMS) == {*SHOWN, "text/latex"}


@pytest.mark.parametrize("latex", ["$x^2$", r"$\displaystyle x^{2}$", "$$x^2$$", r"\begin{align}x^2\end{align}"])
def test_latex_is_a_formula(made, latex):
    text = made(HEAD, code({"text/latex": latex, "text/plain": "x**2"}))
    assert re.search(r"<math\b.*<mi>x</mi>", text, flags=re.S)


def test_a_picture_of_a_description_has_it(made):
    data = {"image/svg+xml": "<svg/>", "text/plain": 'a "valley"'}
    assert 'role="img" aria-label="a &quot;valley&quot;"' in made(HEAD, code(data))


@pytest.mark.parametrize("name", ["p.png", "my picture.png"])
def test_attachments_are_shown(made, name):
    cell = v4.new_markdown_cell(f"![p](attachment:{name.replace(' ', '%20')})")
    cell["attachments"] = {name: {"image/png": PIXEL}}
    assert PICTURE in made(HEAD, cell)
    assert PICTURE in made(cell)


def test_pictures_from_files_with_blanks_are_shown(made, tmp_path):
    (tmp_path / "my picture.png").write_bytes(b"\x89PNG")
    assert 'src="data:image/png;base64,iVBORw=="' in made(v4.new_markdown_cell("# A\n\n![p](my%20picture.png)"))


@pytest.mark.parametrize(("metadata", "shows"), [
    ({}, True), ({"raw_mimetype": "text/html"}, True), ({"format": "text/html"}, True),
    ({"raw_mimetype": "text/latex"}, False), ({"format": "text/x-rst"}, False),
])  # fmt: skip
def test_raw_cells_are_shown_where_nbconvert_shows_them(made, metadata, shows):
    assert ("<i>raw</i>" in made(HEAD, v4.new_raw_cell("<i>raw</i>", metadata=metadata))) == shows
    if "format" not in metadata:
        notebook = v4.new_notebook(cells=[v4.new_raw_cell("<i>raw</i>", metadata=metadata)])
        assert ("<i>raw</i>" in HTMLExporter().from_notebook_node(notebook)[0]) == shows


def test_an_error_that_is_meant_is_shown(made):
    cell = v4.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    cell.outputs = [v4.new_output("error", ename="ZeroDivisionError", evalue="", traceback=["Trace", "mine"])]
    assert "Trace\nmine" in made(HEAD, cell)
    cell.metadata.tags = []
    with pytest.raises(ValueError, match=r"^my_own_lesson.ipynb: cell \[ \] '1 / 0': it ends in ZeroDivisionError;"):
        made(HEAD, cell)


def test_a_notebook_without_a_heading(made):
    assert "only text" in made(v4.new_markdown_cell("only text"))
    assert "print" in made(v4.new_code_cell("# no heading\nprint()\n"))


@pytest.mark.parametrize(("sources", "words"), [
    (["# A"], "A"), (["text", "text\n\n## B"], "B"), (["text", "#hash"], "my own lesson"), ([], "my own lesson"),
])  # fmt: skip
def test_the_title_is_the_first_heading_or_the_name_of_the_file(sources, words):
    cells = [v4.new_code_cell("# code"), *map(v4.new_markdown_cell, sources)]
    assert title(v4.new_notebook(cells=cells), ROOT / "my_own_lesson.ipynb") == words


TOLD = {
    "JSON alone": (code({"application/json": {}}), ValueError,
                   r"cell \[3\] 'figure\(\)': its output .* only application/json;"),
    "a missing attachment": (v4.new_markdown_cell("![p](attachment:p.png)"), ValueError,
                             r"cell '!\[p\]\(attachment:p.png\)': missing attachment: p.png"),
    "a missing picture": (v4.new_markdown_cell("![p](p.png)"), FileNotFoundError,
                          r"cell .*: the notebook shows p.png, which is not in"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "error", "words"), TOLD.values(), ids=TOLD)
def test_what_cannot_be_shown_is_told_with_notebook_and_cell(made, cell, error, words):
    with pytest.raises(error, match=f"^my_own_lesson.ipynb: {words}"):
        made(HEAD, cell)


def test_a_formula_that_a_page_cannot_draw_is_told_with_the_cell(tmp_path):
    path = tmp_path / "mine.ipynb"
    nbformat.write(v4.new_notebook(cells=[code({"text/latex": r"$\frac{1$"})]), path)
    with pytest.raises(ValueError, match=r"^mine.ipynb: cell \[3\] 'figure\(\)': the formula .* cannot be drawn"):
        notebook_page.read(path)
    assert markup.formula("x")


@pytest.mark.parametrize("make", [deck, handout])
def test_a_file_that_is_no_notebook_is_told(tmp_path, make):
    (tmp_path / "mine.ipynb").write_text("no JSON")
    with pytest.raises(ValueError, match=r"^mine.ipynb: Notebook does not appear to be JSON"):
        make(tmp_path / "mine.ipynb")


def test_the_command_tells_it_in_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "mine.ipynb"
    nbformat.write(v4.new_notebook(cells=[HEAD, code({"application/json": {}})]), path)
    monkeypatch.setattr(sys, "argv", ["slides", "slides", str(path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^mine.ipynb: cell \[3\] 'figure\(\)': its output .*$"):
        command.main()


def test_a_notebook_without_code_goes_to_colab():
    cells = standalone(v4.new_notebook(cells=[HEAD]), "mine").cells
    assert [cell.id for cell in cells[1:]] == ["about-colab", "package"]


def test_a_deck_without_a_cell_is_told(tmp_path):
    nbformat.write(v4.new_notebook(), tmp_path / "empty.ipynb")
    with pytest.raises(ValueError, match=r"^empty.ipynb: it has no cell for a slide"):
        deck(tmp_path / "empty.ipynb")
    assert handout(tmp_path / "empty.ipynb")
    assert notebook_page.read(tmp_path / "empty.ipynb").title == "empty"
