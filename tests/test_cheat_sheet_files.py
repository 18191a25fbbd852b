"""The cheat sheet in files: its pages hold all rules, nothing overlaps, and the same sheet is the same page."""

import asyncio
import functools
import io
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from processes import python

import optlib as ol
import test_cheat_sheet
from optlib.course import paper
from optlib.live import page

pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
browser, pytestmark = test_browser.browser, test_browser.pytestmark
Bare, Evil, sheet = test_cheat_sheet.Bare, test_cheat_sheet.Evil, test_cheat_sheet.sheet
TITLE = "<h1>Cheat sheet: optimizers</h1>"


@pytest.fixture(params=[Bare, Evil])
def odd(request):
    """A rule that a reader registers without the sections of the course, or with hostile ones."""
    ol.register(request.param)
    yield request.param
    del ol.OPTIMIZERS[request.param.__name__]


def command(*arguments):
    from optlib.cheat_sheet import main  # here: it binds this module to the name of the function

    main([*map(str, arguments)])


def text_of(path):
    pages = pypdf.PdfReader(path).pages
    assert {tuple(round(float(side)) for side in each.mediabox) for each in pages} == {(0, 0, 842, 595)}
    return squeezed("".join(each.extract_text() for each in pages))


def printed(browser, rules):
    """A PDF as `CheatSheet.save` writes it, by the browser that is open."""
    tab = opened(browser, rules)
    file = io.BytesIO(tab.pdf(prefer_css_page_size=True, print_background=True))
    tab.close()
    return file


def opened(browser, rules):
    return paper.fitted(browser, page.document("test", TITLE + ol.cheat_sheet(rules).html()))


def squeezed(text):
    """Without white space and ligatures, which are the typesetter's choice."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def test_the_command_writes_all_that_is_to_be_said(sheet, tmp_path, capsys):
    outs = [tmp_path / "a.html", tmp_path / "b.pdf"]
    command(*outs)
    assert capsys.readouterr().out.split() == [*map(str, outs)]
    text = text_of(outs[1])
    for entry in sheet.entries:
        for words in (entry.name, f"{entry.authors} {entry.year}", entry.link_text, entry.when):
            assert squeezed(words) in text
    assert pypdf.PdfReader(outs[1]).metadata.title == "Cheat sheet: optimizers"
    assert 1 < len(pypdf.PdfReader(outs[1]).pages) < 4
    assert outs[0].read_bytes() == sheet.save(tmp_path / "sheet.html").read_bytes()


def test_the_png_is_the_page_also_inside_the_event_loop_of_a_notebook(tmp_path):
    async def cell():
        return ol.cheat_sheet("Adam").save(tmp_path / "sheet.PNG")

    image = pytest.importorskip("PIL.Image").open(asyncio.run(cell()))
    assert (image.format, image.size) == ("PNG", (2 * paper.WIDTH, 2 * paper.HEIGHT))


@pytest.mark.parametrize("ending", ["pdf", "html"])
def test_a_failed_write_leaves_the_old_file(sheet, tmp_path, monkeypatch, ending):
    def fail(*_):
        raise RuntimeError("disk full")

    monkeypatch.setattr(page, "document", fail)
    monkeypatch.setattr(paper, "printed", fail)
    old = tmp_path / f"sheet.{ending}"
    old.write_text("old")
    with pytest.raises(RuntimeError, match="disk full"):
        sheet.save(old)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("name", ["sheet.docx", "sheet", "sheet.pdf.txt", "sheet.svg"])
def test_other_endings_are_refused(sheet, tmp_path, name):
    with pytest.raises(ValueError, match=rf"path='.*{name}' must end in \.html, \.pdf or \.png"):
        sheet.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_for_printing_is_named(sheet, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "which", lambda name: None)
        with pytest.raises(RuntimeError, match="save: .png is printed .* Chromium is not installed: .*apt-get"):
            sheet.save(tmp_path / "sheet.png")
        with pytest.raises(SystemExit):
            command(tmp_path / "sheet.pdf")
        assert "Chromium is not installed" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(RuntimeError, match="playwright is not installed: python -m pip install playwright; .html"):
        sheet.save(tmp_path / "sheet.pdf")
    assert list(tmp_path.iterdir()) == []


def test_what_the_command_refuses(tmp_path, capsys):
    for wrong in (["x.txt"], [tmp_path / "no" / "folder.html"], [tmp_path / "no" / "folder.pdf"], []):
        with pytest.raises(SystemExit) as stopped:
            command(*wrong)
        assert stopped.value.code == 2
    assert "must end in" in capsys.readouterr().err


def test_the_module_can_be_run_without_warnings(tmp_path):
    out = str(tmp_path / "sheet.html")
    command = [sys.executable, "-W", "error", "-m", "optlib.cheat_sheet", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.stderr, done.returncode) == (out, "", 0)


def test_the_name_is_the_function_whichever_is_imported_first():
    code = "import {}; import optlib as ol; print(len(ol.cheat_sheet('Adam').entries), type(ol.cheat_sheet).__name__)"
    for first, kind in (("optlib", "function"), ("optlib.cheat_sheet", "_Called")):
        assert python(code.format(first)).split() == ["1", kind]


# What is written, with the left, top, right and bottom of its box, of which the font leaves a fifth white above and
# below the letters of a text.
BOXES = """() => {
  const written = [], walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const put = (name, rects, white) => {
    for (const { left, top, right, bottom, height } of rects)
      if (right > left) written.push([name, left, top + white * height, right, bottom - white * height]);
  };
  while (walk.nextNode()) {
    const range = document.createRange();
    range.selectNode(walk.currentNode);
    if (!walk.currentNode.parentElement.closest('style')) put(walk.currentNode.data, range.getClientRects(), 0.2);
  }
  for (const svg of document.querySelectorAll('svg[role=img]')) put(svg.ariaLabel, [svg.getBoundingClientRect()], 0);
  return written;
}"""


@functools.cache
def laid_out(browser, *rules):
    """What stands on the page of these rules, with its boxes in CSS pixels, and the sizes of letters and formulas."""
    tab = opened(browser, [*rules] or None)
    sizes = tab.evaluate("""() => [...document.querySelectorAll('.optlib-sheet, small, svg[role=img]')].map(
        (element) => parseFloat(getComputedStyle(element).fontSize))""")
    boxes = tab.evaluate(BOXES)
    tab.close()
    return boxes, sizes


@pytest.mark.parametrize("rules", [[], ["Adam"], ["YellowFin", "GeneticAlgorithm", "RAdam"]])
def test_nothing_overlaps_and_nothing_leaves_the_page(browser, rules):
    boxes, _ = laid_out(browser, *rules)
    assert len(boxes) > 30
    slack = 2.5  # CSS pixels: an accent may reach into the white between two lines
    places = np.array([place for _, *place in boxes])
    for i, (text, left, top, right, bottom) in enumerate(boxes):
        assert 10 <= left < right <= paper.WIDTH - 10, text
        assert 10 <= top < bottom, text
        assert bottom <= paper.HEIGHT - 10 or not rules, text  # all take more pages, which a tab shows as one
        low, high = np.maximum(places[:i, :2], places[i, :2]), np.minimum(places[:i, 2:], places[i, 2:])
        meet = (high - low > [0.5, slack]).all(axis=1)
        assert not meet.any(), (text, boxes[meet.argmax()][0])


def test_nineteen_rules_fit_on_one_page(browser):
    assert len(pypdf.PdfReader(printed(browser, [*ol.OPTIMIZERS][:19])).pages) == 1


def test_letters_are_as_large_as_paper_needs(browser):
    points = 0.75  # in a CSS pixel
    _, sizes = laid_out(browser)
    assert points * min(sizes) > 5.5
    assert points * sorted(sizes)[len(sizes) // 2] > 6.5
    _, few = laid_out(browser, "Adam", "AdamW")
    assert points * max(few) <= 13


def test_any_rule_that_is_registered_gets_a_row(browser, odd):
    sheet = ol.cheat_sheet()
    assert sheet.entries[-1].name == odd.__name__
    assert odd.__name__ in text_of(printed(browser, ["Adam", odd]))
    assert odd.__name__ in sheet.html()
    row = sheet.markdown().splitlines()[-1]
    assert row.startswith(f"| **{odd.__name__}**<br>")
    assert row.count("|") == 4


def test_a_folder_that_is_missing_is_named_before_anything_is_printed(tmp_path, monkeypatch):
    monkeypatch.setattr("optlib.course.paper.printed", lambda *args: pytest.fail("it was printed"))
    with pytest.raises(FileNotFoundError, match=r"sheet.pdf' cannot be written: there is no folder '.*missing'"):
        ol.cheat_sheet("Adam").save(tmp_path / "missing" / "sheet.pdf")
