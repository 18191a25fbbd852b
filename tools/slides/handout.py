"""PDFs of decks and notebooks, printed by the system's Chromium."""

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nbformat

from optlib.checks import replacing
from optlib.course.paper import CHROMIUM, QUIET, WAIT

from ..cells import Style, Writer, naming, title
from .assets import ToolMissing
from .deck import deck, page

STYLE = Style(links=".pdf", solution='<div class="solution"><p>Solution</p>\n{}\n</div>', still=True)

READY = "!document.querySelector('.loading') && document.readyState == 'complete' && document.fonts.status == 'loaded'"
FOOTER = (
    '<div style="width:100%;margin:0 17mm;display:flex;justify-content:space-between;font:8pt sans-serif;'
    'color:#585f69">'
    '<span class="title"></span><span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)


def chromium():
    """The path of Chromium or Chrome; `ToolMissing` where there is none."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        raise ToolMissing("PDFs are printed by Chromium, which is not installed; on Debian: apt-get install chromium")
    return path


def notebook_page(path):
    """HTML of a notebook for paper: hints unfolded, solutions shown, stills in place of players."""
    write = Writer(Path(path).parent, STYLE)
    with naming(Path(path).name):
        notebook = nbformat.read(path, as_version=4)
        body = "\n".join(map(write.cell, notebook.cells)).replace("<details>", "<details open>")
    styles = ["highlight.css", "handout.css"]
    return page(title(notebook, path), styles, f"<main>\n{body}\n</main>")


@contextmanager
def printer():
    """A function that prints an HTML text to a file as PDF."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ToolMissing("playwright is not installed: python -m pip install -r requirements.txt") from None
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=chromium(), args=QUIET)
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        source = Path(folder) / "page.html"

        def write(page, path, **options):
            source.write_text(page, encoding="utf-8")
            tab.goto(source.as_uri())
            tab.wait_for_function(READY, timeout=WAIT)
            tab.pdf(path=path, prefer_css_page_size=True, print_background=True, tagged=True, outline=True, **options)
            _make_links_relative(path, source.parent.as_uri() + "/")

        yield write
        browser.close()


def _make_links_relative(path, base):
    """Links between handouts as names of files: Chromium writes whole addresses, which break when the files move.

    A PDF finds its objects by their positions in the file, so the shorter address is padded with blanks.
    """
    address = re.compile(rb"\(" + re.escape(base.encode()) + rb"([^()]*)\)")
    path.write_bytes(address.sub(lambda m: (b"(" + m[1] + b")").ljust(len(m[0])), path.read_bytes()))


def print_both(path, folder, write):
    """Both handouts of the notebook at ``path``; returns their paths."""
    name = Path(path).stem
    slides, notebook = folder / f"{name}-slides.pdf", folder / f"{name}.pdf"
    numbered = {"display_header_footer": True, "header_template": "<p></p>", "footer_template": FOOTER}
    for content, target, options in ((deck(path, still=True), slides, {}), (notebook_page(path), notebook, numbered)):
        with replacing(target) as part:
            write(content, part, **options)
    return [slides, notebook]


def write_handouts(paths, folder):
    """PDFs of these notebooks and of their decks; returns the paths of the files."""
    with printer() as write:
        return [pdf for path in paths for pdf in print_both(path, folder, write)]
