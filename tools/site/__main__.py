"""Write the whole course as web pages that open from disk: build/site/index.html.

    python -m tools.site [--out FOLDER]

Why a template of our own with pieces of nbconvert, and no book builder (tried with notebooks 00 to 04, November 2026):

- Jupyter Book 2 (MyST) fetches its theme from the network when it builds: without one, it writes no page.
- Sphinx with myst-nb and furo opens from disk, players alive.  It needs 27 more packages (63 MB), gets MathJax from a
  CDN unless that is vendored, and finds no formula in the HTML of a one-line hint.
- nbconvert comes with JupyterLab and reads Markdown as JupyterLab does.  Its templates load MathJax and more from CDNs
  and have neither navigation nor search, so only its Markdown and its colored text are used.

Formulas are MathML with a font that is in the style sheet: nothing runs for them, and nothing is fetched.
"""

import argparse
import datetime
import functools
import os
import pathlib
import shutil

import jinja2
from pygments.formatters import HtmlFormatter

import optlib as ol
from optlib.pictures import picture

from .. import markup
from ..colab import repository
from . import notebook_page, one_name, search

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
COURSE = "Optimization for deep learning"
LIGHT, DARK = "xcode", "github-dark"  # the styles of Pygments whose colors all have a contrast of 4.5 and more
DARK_COLORS = (
    "color-scheme: dark; --paper: #15181d; --ink: #e9ecf1; --faint: #a3abb6; --line: #3a404a; --shade: #1d2128; "
    "--accent: #6cb8ea; --mark: #24303b;"
)
# What a page offers to take along, if it was built: the text of the link, and the file by the name of the page.
DOWNLOADS = (
    ("notebook", "notebooks/{}.ipynb"),
    ("notebook that brings the package along", "build/colab/{}.ipynb"),
    ("slides", "build/slides/{}.html"),
    ("PDF", "build/handouts/{}.pdf"),
    ("slides as PDF", "build/handouts/{}-slides.pdf"),
    ("PDF", "build/{}.pdf"),
)


def pages():
    """All pages in their order: the first is index, the last two are on all rules."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    course = [notebook_page.read(path, repository.colab_link(path.stem)) for path in notebooks]
    course.append(one_name.page())
    sheet = markup.Anchors()
    table = one_name.linked(ol.cheat_sheet().html(), course[-1].headings)
    body = sheet.heading("Cheat sheet", 1) + f'<div class="figure">{table}</div>'
    lead = "<p>Every rule in one table: formula, settings, memory, when to reach for it.</p>"
    course.append(notebook_page.Page("cheat_sheet", "Cheat sheet", body, sheet.rows, lead))
    return [_index(course), *course]


def _index(course):
    anchors = markup.Anchors()
    entries = "".join(
        f'<li><h2><a href="{page.name}.html">{number(page)}{page.title}</a></h2>{page.lead}'
        + (f"<small>about {page.minutes} minutes</small>" if page.minutes else "") + "</li>"
        for page in course
    )  # fmt: skip
    valley = ol.functions.quadratic(kappa=20, angle=30)
    rules = [rule(lr=0.1) for rule in (ol.GradientDescent, ol.Momentum, ol.AdaGrad, ol.RMSProp, ol.Adam)]
    body = f"""{anchors.heading(COURSE, 1)}
<p>You study an optimizer where you can see it, on a contour plot, under your own slider. Then the very same lines train
a network.</p>
<p><a class="start" href="{course[0].name}.html">Start</a></p>
<p>Five rules walk down a narrow valley. Drag their start in the picture, and turn their learning rates.</p>
<div class="figure">{ol.explore(valley, *rules, start=(-4.0, 2.0), steps=60).html()}</div>
<p>These pages show the notebooks of the course with their results. Players play and sliders turn right here, without a
network. To change the code and run it, open the notebooks themselves: <code>make lab</code>.</p>
<ul class="pages">{entries}</ul>"""
    return notebook_page.Page("index", COURSE, body, anchors.rows)


def number(page):
    """The notebook's number, to stand before its title; empty for other pages."""
    head = page.name.split("_")[0]
    return f"{head} " if head.isdigit() else ""


def style():
    """The one style sheet, font included."""
    text = markup.font_style() + (HERE / "site.css").read_text(encoding="utf-8")
    light, dark = (HtmlFormatter(style=name) for name in (LIGHT, DARK))
    # Of the page and, nested, of the code and the pictures in it.
    dark = f"{DARK_COLORS} {dark.get_style_defs('.highlight')} {picture.DIM}"
    text = f"{text}\n{light.get_style_defs('.highlight')}\n"
    # On screen only: paper is white.
    text += f"@media screen {{ :root.dark {{ {dark} }} }}\n"
    text += f"@media screen and (prefers-color-scheme: dark) {{ :root:not(.light) {{ {dark} }} }}\n"
    return text


def downloads(name):
    """(text of the link, file) of all that was built of a page."""
    files = [(label, ROOT / pattern.format(name)) for label, pattern in DOWNLOADS]
    return [(label, file) for label, file in files if file.is_file()]


def write(out):
    """Write the site into the folder ``out``: first beside it, then renamed, so that it is never seen half written.

    Raises
    ------
    FileExistsError
        If there is something else in ``out``: it would be lost.
    """
    if out.exists() and not (out / "assets" / "site.js").is_file():
        raise FileExistsError(f"--out={str(out)!r} is there and holds no pages of the course; name a new folder")
    course = pages()
    template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined).from_string(
        (HERE / "page.html.j2").read_text(encoding="utf-8")
    )
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "assets").mkdir(parents=True)
    save = functools.partial(pathlib.Path.write_text, encoding="utf-8", newline="\n")
    save(part / "assets" / "site.css", style())
    save(part / "assets" / "search.js", search.script(course))
    for file in (HERE / "site.js", HERE / "math.LICENSE", ROOT / "LICENSE", ROOT / "LICENSE-CC-BY-4.0"):
        shutil.copyfile(file, part / "assets" / file.name)
    about = {"course": COURSE, "number": number, "version": ol.__version__, "today": datetime.date.today()}
    for before, page, after in zip([None, *course], course, [*course[1:], None], strict=False):
        sections = [row for row in page.headings if row[0] == 2]
        files = []
        for label, file in downloads(page.name):
            copy = part / file.parent.name / file.name
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
            files.append((label, copy.relative_to(part).as_posix()))
        save(part / f"{page.name}.html", template.render(
            page=page, pages=course, before=before, after=after, sections=sections, files=files, **about,
        ))  # fmt: skip
    shutil.rmtree(out, ignore_errors=True)
    os.replace(part, out)
    return course


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "site", help="folder to write to")
    out = parser.parse_args().out
    try:
        course = write(out)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{len(course)} pages, {size / 1e6:.1f} MB: open {out / 'index.html'}")


if __name__ == "__main__":
    main()
