"""`make slides`: what a deck holds, what it leaves out, and the errors where a tool is missing."""

import html
import re
import subprocess
import sys

import pytest
from nbformat import v4
from slides_cases import ROOT, read, solution_lines, squeezed

from tools.cells import FOR_TOOLS, Writer
from tools.roles import is_prediction, tags
from tools.slides import __main__ as command
from tools.slides import assets, handout
from tools.slides.deck import LIVE, ROWS, STILL, deck, is_shown, slides

NUMBER = {"00_start_here": (5, 15)}
DEFAULT_NUMBER = (20, 45)
LARGEST = 2_000_000  # bytes
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "VBox()"}


def writer(folder=ROOT, style=LIVE):
    return Writer(folder, style)


def markdown(source, kind="-"):
    return v4.new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})


def code(source, kind="-", tags=(), data=None):
    outputs = [v4.new_output("display_data", data=one) for one in data or []]
    return v4.new_code_cell(source, metadata={"slideshow": {"slide_type": kind}, "tags": list(tags)}, outputs=outputs)


def deck_of(*cells, still=False):
    return slides(v4.new_notebook(cells=list(cells)), writer(style=STILL if still else LIVE))


def visible(text):
    """The words of a deck's slides, without scripts and tags."""
    body = text[text.index('<div class="slides">') : text.index("</main>")]
    body = re.sub(r"<(script|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    return squeezed(html.unescape(re.sub(r"<[^>]+>", "", body)))


def test_the_number_of_slides_fits_a_lecture(path):
    low, high = NUMBER.get(path.stem, DEFAULT_NUMBER)
    assert low <= len(slides(read(path), writer(path.parent))) <= high


@pytest.mark.parametrize("still", [False, True])
def test_a_deck_is_one_small_file_without_solutions(path, still):
    text = deck(path, still)
    assert len(text.encode()) <= LARGEST
    page = re.sub(r"(<script\b[^>]*>).*?</script>", r"\1", text, flags=re.DOTALL)
    assert not re.search(r"<(?:link|iframe)\b|<(?:script|img)\b[^>]*\bsrc=\"(?!data:)|@import|url\((?!data:)", page)
    shown = visible(text)
    for line in solution_lines(path):
        assert line not in shown, line
    for cell in read(path).cells:
        if cell.cell_type == "code" and is_shown(cell) and "hide-input" not in tags(cell) and not is_prediction(cell):
            assert squeezed(FOR_TOOLS.sub("", cell.source)) in shown, cell.source


def test_slide_types_make_slides():
    one, two, three = deck_of(
        markdown("# Course", "slide"), markdown("more"), markdown("secret", "skip"), markdown("## One", "slide"),
        markdown("aside", "notes"), markdown("below", "subslide"), markdown("answer", "fragment"),
    )  # fmt: skip
    assert [(slide.chapter, slide.opens, len(slide.cells)) for slide in (one, two, three)] == [
        ("Course", True, 2), ("One", True, 1), ("One", False, 2),
    ]  # fmt: skip
    assert "aside" in two.notes[0]
    assert [later for later, _ in three.cells] == [False, True]


def test_solutions_stay_out_even_where_the_slide_type_lets_them_in():
    (slide,) = deck_of(markdown("# Course", "slide"), code("answer = 42", "slide", ["solution"]))
    assert "42" not in str(slide)


def test_code_is_hidden_by_tag_and_folds_go_to_the_speaker():
    picture = {"image/png": "iVBORw0KGgo=", "text/plain": "a picture"}
    fold = "Why?\n\n<details><summary>Why</summary>\n\nBecause.\n\n</details>"
    (slide,) = deck_of(markdown(fold, "slide"), code("draw(1)", tags=["hide-input"], data=[picture]))
    shown = "".join(pieces for _, pieces in slide.cells)
    assert "draw" not in shown
    assert 'alt="a picture"' in shown
    assert "Because" not in shown
    assert "Because" in slide.notes[0]


def test_widgets_leave_no_dead_controls():
    still = {"text/html": '<figure><img alt="x" src="data:,"></figure>', "text/plain": "x"}
    player = {"text/html": '<div class="optlib-explorable"><img alt="x"></div><script>1</script>', "text/plain": "x"}
    (slide,) = deck_of(code("ol.sliders(f)", "slide", data=[still, WIDGET]))
    assert "In the notebook this picture has sliders" in str(slide)
    for bar in (" 50%|█████     | 5/10 [00:01<00:01, 4.9it/s]", "7it [00:01, 4.9it/s]", "IntProgress(value=7)"):
        (slide,) = deck_of(code("train()", "slide", data=[WIDGET | {"text/plain": bar}]))
        assert "sliders" not in str(slide)
    (slide,) = deck_of(code("ol.explore(f)", "slide", data=[player, WIDGET]))
    assert "figure player" in str(slide)
    assert "In the notebook" not in str(slide)
    (slide,) = deck_of(code("ol.explore(f)", "slide", data=[player, WIDGET]), still=True)
    assert "<script" not in str(slide)
    assert "VBox" not in str(slide)


def test_in_print_the_picture_with_axes_and_legend_stands_for_a_player():
    both = {"text/html": '<div class="optlib-animation"><img alt="bare"></div>', "image/png": "AAAA", "text/plain": "x"}
    (slide,) = deck_of(code("ol.animate(f, path)", "slide", data=[both]), still=True)
    assert "data:image/png;base64,AAAA" in str(slide)
    assert "bare" not in str(slide)
    (slide,) = deck_of(code("ol.animate(f, path)", "slide", data=[both]))
    assert "bare" in str(slide)


def test_long_tables_are_cut_into_tables_of_nearly_one_length():
    head, rows = "| a | b |\n| --- | --- |\n", "".join(f"| {i} | x |\n" for i in range(ROWS + 1))
    text = writer().cut(writer().markdown(head + rows))
    tables = re.findall(r"<table.*?</table>", text, flags=re.DOTALL)
    assert [table.count("<tr") - 1 for table in tables] == [4, 3]
    assert all("<th" in table for table in tables)
    assert [int(n) for n in re.findall(r"<td[^>]*>(\d+)<", text)] == list(range(ROWS + 1))
    assert writer(style=handout.STYLE).cut(writer().markdown(head + rows)).count("<table") == 1
    plain = "<table><tr><th>a</th></tr>" + "".join(f"<tr><td>{i}</td></tr>" for i in range(ROWS + 1)) + "</table>"
    for text, count in ((plain, 2), (plain.replace("td", "th"), 1), (f"<table><tbody></tbody></table>{plain}", 3)):
        assert (writer().cut(text).count("<table"), writer().cut(text).count("<th>a")) == (count, min(count, 2))
    first, rest = writer().cut(f"<figure><div>{writer().markdown(head + rows)}</div></figure>").split("</figure>")
    assert (first.count("<table"), rest.count("<table")) == (1, 1), "the second table may stand on the next slide"


def test_links_lead_to_the_other_decks_and_pictures_lie_within(tmp_path):
    (tmp_path / "a.png").write_bytes(b"png")
    text = writer(tmp_path).markdown("[next](02_momentum.ipynb#x) [web](https://a.b/c.ipynb) ![alt](a.png)")
    assert 'href="02_momentum.html#x"' in text
    assert 'href="https://a.b/c.ipynb"' in text
    assert 'src="data:image/png;base64,cG5n"' in text


def test_text_of_outputs_is_no_html():
    stream = v4.new_output("stream", text="<img src=x onerror=alert(1)>")
    cell = v4.new_code_cell("print(x < 1)", outputs=[stream])
    assert "<img" not in writer().cell(cell)


def test_a_missing_chromium_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(assets.ToolMissing, match="apt-get install chromium"):
        handout.chromium()


def test_a_missing_playwright_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(assets.ToolMissing, match="pip install -r requirements.txt"), handout.printer():
        pass


def test_a_failed_fetch_is_one_line_and_leaves_nothing(monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: no network\n")
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    monkeypatch.setattr(assets.subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(assets.ToolMissing, match="could not be fetched from PyPI.*ERROR: no network") as raised:
        assets.cache()
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "build" / "slides-assets").iterdir()) == []


def test_the_tool_refuses_what_is_no_notebook(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["slides", "slides", "README.md"])
    with pytest.raises(SystemExit, match=r"^README.md is not a notebook; name files such as notebooks/00_start_here"):
        command.main()
