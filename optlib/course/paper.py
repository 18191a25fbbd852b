"""A page on one sheet of A4, or on as many as its letters need, printed by Chromium."""

import concurrent.futures
import pathlib
import shutil

from ..live import page

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Keeps Chromium from asking its maker for news.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
WIDTH, HEIGHT = 1122, 793  # of A4 in landscape, in CSS pixels
MARGIN = 22
WAIT = 120_000  # milliseconds for a page to load and to be laid out, on a busy machine
SMALLEST, LARGEST = 8.2, 13  # CSS pixels (6 and 10 points): few rows are not blown up, and many take more pages

STYLE = f"""
@page {{ size: A4 landscape; margin: {MARGIN}px 0; }}
@page :first {{ margin-top: 0; }}
body {{ margin: 0; padding: {MARGIN}px {MARGIN}px 0; }}
h1 {{ position: absolute; margin: 0; font: bold 17px sheet !important; }}
.optlib-sheet, .optlib-sheet code {{ font-family: sheet; }}
.optlib-sheet caption {{ min-height: 24px; padding-left: 220px; }}
"""


def printed(document, kind):
    """The page of a cheat sheet as the bytes of a ".pdf" or ".png"; RuntimeError without Chromium or playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise _missing(kind, "playwright", "python -m pip install playwright") from None
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        raise _missing(kind, "Chromium", "on Debian, apt-get install chromium")
    # In a thread of its own: playwright refuses to run inside the event loop of a notebook.
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(_print, sync_playwright, chromium, document, kind).result()


def _missing(kind, program, remedy):
    return RuntimeError(
        f"save: {kind} is printed by Chromium through playwright, and {program} is not installed: {remedy}; "
        ".html needs neither"
    )


def _print(sync_playwright, chromium, document, kind):
    with sync_playwright() as play, play.chromium.launch(executable_path=chromium, args=QUIET) as browser:
        tab = fitted(browser, document)
        if kind == ".png":
            return tab.screenshot(full_page=True)
        return tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)


def fitted(browser, document):
    """A tab of Chromium with the page as it is printed."""
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2)
    tab.set_default_timeout(WAIT)
    tab.emulate_media(media="print", color_scheme="light")
    tab.set_content(document.replace("</body>", f"<style>{_fonts()}{STYLE}</style></body>"))
    tab.evaluate("document.fonts.ready.then(() => true)")
    tab.evaluate(page.asset("paper.js"), [SMALLEST, LARGEST, WIDTH, HEIGHT - MARGIN])
    return tab


def _fonts():
    """The letters of the formulas for the text as well, on every machine; they ship with matplotlib."""
    from matplotlib import get_data_path

    rules = []
    for weight, name in (("normal", "STIXGeneral"), ("bold", "STIXGeneralBol")):
        letters = pathlib.Path(get_data_path(), "fonts", "ttf", f"{name}.ttf").read_bytes()
        url = page.data_url(letters, "font/ttf")
        rules.append(f"@font-face {{ font-family: sheet; font-weight: {weight}; src: url({url}); }}")
    return "\n".join(rules)
