"""Pieces of `make site`: Markdown, formulas, stored outputs.  The pages themselves: test_browser_site.py."""

import re
import runpy
import sys
import types

import nbformat
import pytest
from pygments.lexers import PythonLexer
from pygments.styles import get_style_by_name
from slides_cases import NOTEBOOKS, ROOT

import optlib as ol
from optlib.pictures.table import Table
from tools import markup
from tools.cells import WIDGET_VIEW
from tools.colab import repository
from tools.site import __main__ as command
from tools.site import notebook_page, one_name, search


def rendered(text, anchors=None):
    return notebook_page.writer(ROOT, anchors or markup.Anchors()).markdown(text)


@pytest.mark.parametrize(("text", "formulas"), [
    ("the rate $\\eta$ and $$x^2$$", 2),
    ("<details><summary>Hint</summary>Keep $m$, not <code>$n$</code>.</details>", 1),
    ("`$a$` costs \\$5", 0), ("| a | b |\n|---|---|\n| $x$ | $\\lvert y \\rvert$ |", 2),
    ("<details><summary>Why $p$?</summary>\n\nAs $q$ says.\n</details>", 2),
])  # fmt: skip
def test_formulas_are_drawn_wherever_they_stand_but_not_in_code(text, formulas):
    assert rendered(text).count("<math") == formulas


def test_a_long_formula_in_a_line_may_break_before_a_relation_and_loses_nothing():
    tex = r"y_t = x_t + \beta w_t = f(a = b) + x_{t=1} + w_t \le y_{t-1} - \eta g_t + \beta w_t"
    assert markup.pieces(tex) == ["y_t ", r"= x_t + \beta w_t ", "= f(a = b) + x_{t=1} + w_t ",
                                  r"\le y_{t-1} - \eta g_t + \beta w_t"]  # fmt: skip
    assert markup.pieces("a = b") == ["a = b"]
    assert markup.pieces(r"\left\{aaaaaaaaaaaaaaaaaaaa = bbbbbbbbbbbbbbbbb \right. = c")[1:] == ["= c"]
    assert markup.pieces(r"\begin{aligned}aaaaaaaaaaaaaaaaaaa &= b \\ c &= d\end{aligned} \quad e")[1:] == [r"\quad e"]
    assert markup.pieces("x" * 60 + "= a^{1 + 1} + (b + c)" + "x" * 60)[1:] == ["= a^{1 + 1} ", "+ (b + c)" + "x" * 60]
    assert markup.pieces("a = b" * 9 + r" \quad \Rightarrow c")[-1] == r"\quad \Rightarrow c"


def test_a_wrong_formula_is_named():
    with pytest.raises(ValueError, match=r"the formula '\\\\frac\{1' cannot be drawn"):
        markup.formula(r"\frac{1")


def test_links_between_notebooks_lead_to_pages_and_anchors_are_unique():
    anchors = markup.Anchors()
    text = rendered("## One $x$\n\n## One $x$\n\n[a](01_gradient_descent.ipynb#Notation)\n", anchors)
    assert [anchor for _, anchor, _, _ in anchors.rows] == ["One-x", "One-x-2"]
    assert 'href="01_gradient_descent.html#Notation"' in text
    assert re.findall(r'id="([^"]+)"', text) == ["One-x", "One-x-2"]


def page(tmp_path, *cells, **about):
    cells = [nbformat.v4.new_markdown_cell("# Title\n\nFirst words."), *cells]
    path = tmp_path / "07_small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return notebook_page.read(path, **about)


def cell(source, tags=(), **data):
    out = [nbformat.v4.new_output("display_data", data=data)] if data else []
    return nbformat.v4.new_code_cell(source, outputs=out, metadata={"tags": list(tags)})


def test_hidden_code_is_folded_and_data_is_not_markup(tmp_path):
    body = page(tmp_path, cell("1 < 2", ["hide-input"]), cell("x", **{"text/plain": "<b>bold</b>"})).body
    assert "<details><summary>Code</summary>" in body
    assert "&lt;b&gt;bold&lt;/b&gt;" in body


def test_checks_are_folded_and_what_they_print_is_not(tmp_path):
    body = page(tmp_path, cell("# Checks\nassert x", ["hide-input"], **{"text/plain": "told"})).body
    assert re.search('<summary>Checks</summary><pre[^/]* Checks(?s:.)*</details>\n<pre class="printed">told<', body)


def test_a_widget_leaves_a_note_only_where_nothing_beside_it_lives(tmp_path):
    view = {WIDGET_VIEW: {"model_id": "1"}, "text/plain": "VBox()"}
    widget = nbformat.v4.new_output("display_data", data=view)
    live = nbformat.v4.new_output("display_data", data={"text/html": '<div class="optlib-explorable"></div>'})
    still = nbformat.v4.new_output("display_data", data={"text/html": "<img>"})
    for before, notes in ((live, 0), (still, 1)):
        body = page(tmp_path, nbformat.v4.new_code_cell("x", outputs=[before, widget])).body
        assert body.count(notebook_page.STYLE.note) == notes
        assert "VBox" not in body


def test_a_link_to_colab_stands_only_where_there_is_one(monkeypatch, tmp_path):
    (tmp_path / "notebooks").mkdir()
    page(tmp_path / "notebooks")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command.ol, "cheat_sheet", lambda: types.SimpleNamespace(html=str))
    monkeypatch.setattr(one_name, "page", lambda: notebook_page.Page("one_name", "", "", []))
    assert [bool(one.colab) for one in command.pages()] == [False, bool(repository.REPOSITORY), False, False]
    monkeypatch.setattr(repository, "REPOSITORY", "https://github.com/someone/course")
    assert [one.colab for one in command.pages()] == [None, repository.colab_link("07_small"), None, None]


def test_what_libraries_do_is_text_and_keras_has_one_row_where_its_backends_agree():
    evil = "<script>alert(1)</script>"
    row = [evil, "lr 0.1", evil, "1", "1.0"]
    libraries = ["keras_jax", "keras_torch", "keras_tensorflow", evil]
    rows = [*([library, *row] for library in libraries), ["keras_jax", "Other", *row[1:]]]
    picture = ol.plots.curves(range(3), {evil: [0.0, -1.0, -2.0]}, "step", "way")
    elsewhere = types.SimpleNamespace(table=Table(evil, list("abcdef"), rows, "<" * 6), picture=picture)
    body = one_name.table(elsewhere) + one_name.picture(elsewhere)
    assert "<script" not in body
    assert re.findall('scope="row"[^>]*>([^<]*)', body) == [
        "&lt;script&gt;alert(1)&lt;/script&gt;", "keras (jax, tensorflow, torch)", "keras on jax",
    ]  # fmt: skip
    assert 'points="44.0,8.0 168.0,68.0 292.0,128.0"' in body


def contrast(one, other):
    """As in WCAG 2, of two colors #rrggbb."""
    lights = []
    for color in (one, other):
        shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_color_of_the_code_is_read_on_its_paper(look):
    colors = command.DARK_COLORS if look == "dark" else (ROOT / "tools/site/site.css").read_text(encoding="utf-8")
    shade = re.search(r"--shade: (#\w{6})", colors)[1]
    style = get_style_by_name(command.DARK if look == "dark" else command.LIGHT)
    used = {token for path in NOTEBOOKS for token in tokens(path)}
    assert used
    for token in used:
        color = style.style_for_token(token)["color"]
        assert color is None or contrast(f"#{color}", shade) >= 4.5, (token, color)


def tokens(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            yield from (token for token, text in PythonLexer().get_tokens(cell.source) if text.strip())


def test_the_search_reads_every_section_and_tells_no_solution(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("## Valleys\n\nThe *Hessian* has\ntwo roots: $\\lambda_1$."),
        cell("ol.FUNCTIONS['rosenbrock']", **{"text/plain": "weight decay"}),
        cell("secret = 1", ["solution"]),
        cell("table", **{"text/html": "<script>hidden()</script><table><tr><td>one</td><td>two</td></tr></table>"}),
        nbformat.v4.new_markdown_cell("## Valleys\n\nAgain."),
    ]
    first, section, again = search.sections(page(tmp_path, *cells))
    assert first == ["07_small.html#Title", "Title", "Title", "First words."]
    assert section[0] == "07_small.html#Valleys"
    assert section[3] == "The Hessian has two roots: λ1. ol.FUNCTIONS['rosenbrock'] weight decay table one two"
    assert again[::3] == ["07_small.html#Valleys-2", "Again."]


def test_only_what_was_built_is_offered(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.downloads("00_start") == []
    for name in ("notebooks/00_start.ipynb", "build/handouts/00_start-slides.pdf", "build/slides/01_other.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [(label, file.name) for label, file in command.downloads("00_start")] == [
        ("notebook", "00_start.ipynb"), ("slides as PDF", "00_start-slides.pdf"),
    ]  # fmt: skip


def test_what_lies_in_the_folder_is_not_lost(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds no pages of the course; name a new folder"):
        command.write(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_missing_tool_is_named_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "math_core", None)
    with pytest.raises(SystemExit, match="^math-core, which draws the formulas, is missing: python -m pip install "
                                         "--requirement requirements.txt$"):  # fmt: skip
        runpy.run_path(markup.__file__, run_name="tools.markup")
