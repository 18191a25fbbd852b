"""PDFs of decks and notebooks, printed by the system's Chromium."""

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nbformat

from .assets import ToolMissing
from .cells import Writer
from .deck import deck, page, tags, title

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without these Chromium asks its maker for news now and then.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
READY = "document.documentElement.dataset.ready === 'yes'"
WAIT = 120_000  # milliseconds for a page to be laid out, on a busy machine
FOOTER = (
    '<div style="width:100%;margin:0 17mm;display:flex;justify-content:space-between;font:8pt sans-serif;'
    'color:#585f69">'
    '<span class="title"></span><span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)


def chromium():
    """The path of Chromium or Chrome; `ToolMissing` where there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise ToolMissing("PDFs are printed by Chromium, which is not installed; on Debian: apt-get install chromium")
    return found


def notebook_page(path):
    """HTML of a whole notebook for paper: hints unfolded, solutions shown, stills in place of players."""
    notebook = nbformat.read(path, as_version=4)
    write = Writer(Path(path).parent, still=True, links=".pdf")
    body = "\n".join(_cell(cell, write) for cell in notebook.cells)
    styles = ["highlight.css", "handout.css"]
    return page(title(notebook), styles, f"<main>\n{body}\n</main>", ["handout.js"])


def _cell(cell, write):
    if cell.cell_type == "markdown":
        return write.markdown(cell.source).replace("<details>", "<details open>")
    made = "\n".join([write.code(cell.source), *write.outputs(cell)])
    return f'<div class="solution"><p>Solution</p>\n{made}\n</div>' if "solution" in tags(cell) else made


@contextmanager
def printer():
    """A function that prints an HTML text to a file as PDF."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ToolMissing("playwright is not installed: python -m pip install -r requirements.txt") from None
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=chromium(), args=QUIET)
        source = Path(folder) / "page.html"

        def write(made, path, **options):
            source.write_text(made, encoding="utf-8")
            tab = browser.new_page(viewport={"width": 1280, "height": 720})
            tab.goto(source.as_uri())
            tab.wait_for_function(READY, timeout=WAIT)
            tab.pdf(path=path, prefer_css_page_size=True, print_background=True, tagged=True, outline=True, **options)
            tab.close()
            _make_links_relative(path, source.parent.as_uri() + "/")

        yield write
        browser.close()


def _make_links_relative(path, base):
    """Chromium writes whole addresses; between the handouts the name of the file is enough, wherever they lie.

    A PDF knows its objects by their places in the file, so the shorter address is filled up with blanks.
    """
    address = re.compile(rb"\(" + re.escape(base.encode()) + rb"([^()]*)\)")
    made = address.sub(lambda m: (b"(" + m[1] + b")").ljust(len(m[0])), path.read_bytes())
    path.write_bytes(made)


def print_both(path, folder, write):
    """Both handouts of the notebook at ``path``; returns their paths."""
    name = Path(path).stem
    slides, whole = folder / f"{name}-slides.pdf", folder / f"{name}.pdf"
    numbered = {"display_header_footer": True, "header_template": "<p></p>", "footer_template": FOOTER}
    for made, target, options in ((deck(path, still=True), slides, {}), (notebook_page(path), whole, numbered)):
        part = target.with_suffix(".part")
        write(made, part, **options)
        part.replace(target)
    return [slides, whole]


def write_handouts(paths, folder):
    """PDFs of these notebooks and of their decks; returns the paths of the files."""
    with printer() as write:
        return [made for path in paths for made in print_both(path, folder, write)]
