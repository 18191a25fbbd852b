"""`make handouts`: pages without a blank one, solutions only where they belong, links that lead somewhere."""

import html
import re

import numpy as np
import pytest
from slides_cases import NOTEBOOKS, read, solution_lines, squeezed

from tools.cells import Writer
from tools.slides import handout
from tools.slides.deck import STILL, deck, slides
from tools.slides.handout import notebook_page, write_handouts

pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
pytestmark = pytest.importorskip("test_browser", reason="playwright is not installed").pytestmark
SLIDE, A4 = (960, 540), (595, 842)  # points
# Decks that are printed: each kind of element of any deck is in one of them.  That every step of every deck fits is
# tested on the screen, see test_slides_browser.py, and paper has a page for each step.
DECKS = NOTEBOOKS[0], NOTEBOOKS[3]
FOOT, DRAWING = 3, 5000  # runs of text in the foot of a page; bytes of commands that only a drawing needs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handouts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handout, "deck", lambda path, still: deck(path, still) if path in DECKS else "<p>not printed")
        written = write_handouts(NOTEBOOKS, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in written)
    return folder


def kinds(pdf):
    """Size of each page, and whether more than its foot is on it; texts are not read, which takes long."""
    for page in pdf.pages:
        commands = page.get_contents().get_data()
        runs = len(re.findall(rb"T[jJ]\b", commands))
        size = tuple(round(float(side)) for side in page.mediabox[2:])
        yield size, runs > FOOT or len(commands) > DRAWING or bool(page["/Resources"].get("/XObject"))


def words(pdf):
    return squeezed("".join(page.extract_text() for page in pdf.pages))


def links(pdf):
    notes = [note.get_object() for page in pdf.pages for note in page.get("/Annots") or []]
    return {str(note["/A"]["/URI"]) for note in notes if "/URI" in note.get("/A", {})}


def elements(path):
    """Names and classes of the elements of a deck, but for what is within formulas, pictures and code."""
    within = r"<(script|style|svg|math|pre)\b.*?</\1>"
    text = re.sub(within, r"<\1>", deck(path, still=True).partition("<body")[2], flags=re.DOTALL)
    return set(re.findall(r'<(\w+)\b(?:[^>]*? class="([^"]*)")?', text))


def test_no_kind_of_element_is_left_unprinted():
    printed = set.union(*map(elements, DECKS))
    assert len(printed) > 30
    assert set.union(*map(elements, NOTEBOOKS)) <= printed


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_pages_of_the_slides(path, folder):
    pdf = pypdf.PdfReader(folder / f"{path.stem}-slides.pdf")
    count = len(slides(read(path), Writer(path.parent, STILL)))
    assert count <= len(pdf.pages) <= 4 * count
    assert f"{len(pdf.pages)}/{len(pdf.pages)}" in squeezed(pdf.pages[-1].extract_text())
    assert set(kinds(pdf)) == {(SLIDE, True)}
    assert pdf.metadata.title == re.match(r"# (.+)", read(path).cells[0].source).group(1)


def test_pages_of_the_notebook(path, folder):
    pdf = pypdf.PdfReader(folder / f"{path.stem}.pdf")
    assert {filled for _, filled in kinds(pdf)} == {True}
    for size, _ in kinds(pdf):
        assert np.allclose(size, A4, atol=1)
    pictures = set(re.findall(r'src="data:image/(?:png|webp);base64,([^"]+)', notebook_page(path)))
    assert sum(len(page["/Resources"].get("/XObject", {})) for page in pdf.pages) >= len(pictures)


def test_solutions_are_in_the_notebook_only(folder):
    """In print, for the shortest; in HTML for every notebook: see below, and test_slides.py."""
    first = NOTEBOOKS[0]
    lecture, notebook = (words(pypdf.PdfReader(folder / f"{first.stem}{end}.pdf")) for end in ("-slides", ""))
    for line in solution_lines(first):
        assert line not in lecture, line
        assert line in notebook, line


def test_links_of_the_notebook_lead_somewhere(path, folder):
    addresses = links(pypdf.PdfReader(folder / f"{path.stem}.pdf"))
    source = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(((?:[^()#\s]|\([^()]*\))+)", source):
        assert target.replace(".ipynb", ".pdf") in {link.rstrip("/") for link in addresses} | addresses, target
    for link in addresses:
        assert link.startswith(("https://", "http://")) or (folder / link).is_file(), link


def test_hints_are_unfolded_and_solutions_named(path):
    text = notebook_page(path)
    code = squeezed(html.unescape(re.sub(r"<[^>]+>", "", text[text.index("<main>") : text.index("</main>")])))
    for line in solution_lines(path):
        assert line in code, line
    assert "<details>" not in text
    assert text.count("<details open>") >= 1
    assert '<div class="solution">' in text
    assert "optlib.wake" not in text  # no player's script
