"""`make handouts`: pages without a blank one, solutions only where they belong, links that lead somewhere."""

import re
import shutil

import pytest
from slides_cases import NOTEBOOKS, read, solution_lines, squeezed

from tools.slides.cells import Writer
from tools.slides.deck import slides
from tools.slides.handout import notebook_page, write_handouts

pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.skipif(not (shutil.which("chromium") or shutil.which("chromium-browser")), reason="no Chromium"),
    # playwright's own event loop, closed late
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SLIDE, A4 = (960, 540), (595, 842)  # points


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("handouts")
    written = write_handouts(NOTEBOOKS, made)
    assert sorted(path.name for path in made.iterdir()) == sorted(path.name for path in written)
    return made


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def pages(pdf):
    """Text without the foot, number of pictures, and size of each page."""
    for page in pdf.pages:
        text = re.sub(r"\d+\s*/\s*\d+\s*$", "", page.extract_text().strip())
        pictures = page["/Resources"].get("/XObject", {})
        yield text, len(pictures), tuple(round(float(side)) for side in page.mediabox[2:])


def links(pdf):
    notes = [note.get_object() for page in pdf.pages for note in page.get("/Annots") or []]
    return {str(note["/A"]["/URI"]) for note in notes if "/URI" in note.get("/A", {})}


def test_pages_of_the_slides(path, folder):
    pdf = pypdf.PdfReader(folder / f"{path.stem}-slides.pdf")
    number = len(slides(read(path), Writer(path.parent, True, "")))
    assert number <= len(pdf.pages) <= 4 * number
    foot = pdf.pages[-1].extract_text()
    assert f"{len(pdf.pages)}/{len(pdf.pages)}" in squeezed(foot)
    for text, pictures, size in pages(pdf):
        assert size == SLIDE
        assert pictures or len(text) > 60, f"a blank page: {text}"
    whole = squeezed("".join(page.extract_text() for page in pdf.pages))
    for line in solution_lines(path):
        assert line not in whole, line
    assert pdf.metadata.title == re.match(r"# (.+)", read(path).cells[0].source).group(1)


def test_pages_of_the_notebook(path, folder):
    pdf = pypdf.PdfReader(folder / f"{path.stem}.pdf")
    texts = list(pages(pdf))
    for text, pictures, size in texts:
        assert size in (A4, (595, 841), (594, 841), (596, 842))
        assert pictures or len(text) > 60, f"a blank page: {text}"
    whole = squeezed("".join(text for text, _, _ in texts))
    for line in solution_lines(path)[:5]:
        assert line in whole, line
    pictures = len(set(re.findall(r'src="data:image/png;base64,([^"]+)', notebook_page(path))))
    assert sum(count for _, count, _ in texts) >= pictures


def test_links_of_the_notebook_lead_somewhere(path, folder):
    found = links(pypdf.PdfReader(folder / f"{path.stem}.pdf"))
    source = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#\s]+)", source):
        assert target.replace(".ipynb", ".pdf") in {link.rstrip("/") for link in found} | found, target
    for link in found:
        assert link.startswith(("https://", "http://")) or (folder / link).is_file(), link


def test_hints_are_unfolded_and_solutions_named(path):
    text = notebook_page(path)
    assert "<details>" not in text
    assert text.count("<details open>") >= 1
    assert '<div class="solution">' in text
    assert "optlib.wake" not in text  # no player's script
