"""The index of the search: the text of every section, written before anybody asks, since no server answers."""

import json
import re

from bs4 import BeautifulSoup

# Left out as well: solutions and answers, which an excerpt would tell, and the code of checks.
UNREAD = "script, style, svg, annotation, .anchor, .solution, .checks, .answer, .optlib-answer, .optlib-note"
BLOCKS = ["br", "p", "li", "td", "th", "div", "pre", "summary"]


def sections(page):
    """[address, title of the page, heading, text] of each section of a page."""
    soup = BeautifulSoup(page.body, "html.parser")
    for element in soup.select(UNREAD):
        element.decompose()
    for heading in soup.select("h1[id], h2[id], h3[id], h4[id]"):
        heading.replace_with(f"\0{heading['id']}\0")
    for block in soup.find_all(BLOCKS):
        block.insert_before(" ")
    _, *pieces = soup.get_text().split("\0")
    texts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    return [
        [f"{page.name}.html#{anchor}", page.title, heading, re.sub(r"\s+", " ", texts.get(anchor, "")).strip()]
        for _, anchor, heading, _ in page.headings
    ]


def script(course):
    """The index as a script: pages that are opened from disk may not fetch data."""
    rows = [row for page in course for row in sections(page)]
    return f"globalThis.courseSections = {json.dumps(rows, ensure_ascii=False, indent=0)};\n"
