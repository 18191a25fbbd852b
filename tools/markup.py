"""Headings with anchors, and formulas as HTML that needs no script.

Formulas become MathML when the page is written (math-core): nothing has to run or load when it is read, the layout does
not jump, and screen readers can read them.
"""

import base64
import functools
import html
import itertools
import re
import sys
from pathlib import Path

from nbconvert.filters.markdown_mistune import IPythonRenderer

try:
    from math_core import LatexError, LatexToMathML
except ImportError:
    sys.exit("math-core, which draws the formulas, is missing: python -m pip install --requirement requirements.txt")

FONT = Path(__file__).with_name("site") / "math.woff2"
TAG = re.compile(r"(<[^>]+>)")
OPENS, CLOSES = re.compile(r"<(?:code|pre|script|style)\b"), re.compile(r"</(?:code|pre|script|style)\b")
DOLLARS = re.compile(r"(?<!\\)\$\$(.+?)\$\$|(?<!\\)\$([^$]+?)\$", flags=re.S)
STRUT = '<mspace width="0" height="0.66em"></mspace>'  # in roots, so that none hangs low around a small letter

LONG, LONGER = 40, 70  # characters of LaTeX: a longer formula may break before a relation, and then before a sum
OPENING, CLOSING = r"\\left\s*\\?.|\\begin\{\w+\*?\}|[{(\[]", r"\\right\s*\\?.|\\end\{\w+\*?\}|[})\]]"
RELATION = r"(?:\\q?quad\s*)*(?:\\(?:le|ge|approx|to|Rightarrow)\b|[=<>])|(?:\\q?quad\b\s*)+"
SIGN = rf"(?P<opening>{OPENING})|(?P<closing>{CLOSING})|(?P<cut>{{}})|\\."
RELATIONS, SUMS = (re.compile(SIGN.replace("{}", cut), flags=re.S) for cut in (RELATION, r"\+"))


def pieces(tex):
    """A long formula cut before its relations: browsers do not break a line inside of MathML."""
    parts = _cut(tex, RELATIONS) if len(tex) > LONG else [tex]
    return [piece for part in parts for piece in (_cut(part, SUMS) if len(part) > LONGER else [part])]


def _cut(tex, signs):
    cuts, depth = [0], 0
    for match in signs.finditer(tex):
        depth += (match.lastgroup == "opening") - (match.lastgroup == "closing")
        if depth == 0 and match.lastgroup == "cut" and match.start():
            cuts.append(match.start())
    return [tex[first:last] for first, last in zip(cuts, [*cuts[1:], len(tex)], strict=True)]


def font_style():
    """CSS of the formulas, font included: from disk, some browsers read no font that lies in a file of its own."""
    font = base64.b64encode(FONT.read_bytes()).decode("ascii")
    return (
        "/* STIX Two Math, SIL Open Font License 1.1 */\n"
        f'@font-face {{ font-family: "Course Math"; src: url(data:font/woff2;base64,{font}) format("woff2"); }}\n'
        'math { font-family: "Course Math", math; }\n'
    )


@functools.cache
def formula(tex, displayed=False):
    """LaTeX as MathML.

    Raises
    ------
    ValueError
        If it cannot be read, with the formula.
    """
    draw = functools.partial(LatexToMathML(annotation=True).convert_with_local_state, displaystyle=displayed)
    try:
        math = " ".join(
            ("</span> <span>" if displayed and piece.startswith((r"\quad", r"\qquad")) else "") + draw(piece)
            for piece in pieces(tex.strip())
        )
    except LatexError as error:
        raise ValueError(f"the formula {tex!r} cannot be drawn: {error}") from None
    math = math.replace("<msqrt>", f"<msqrt>{STRUT}")
    return f'<span class="formula"><span>{math}</span></span>' if displayed else math


def formulas_in(text):
    """HTML with its formulas between dollar signs drawn, but for those inside of code."""
    tokens, depth = TAG.split(text), 0  # texts and tags in turn
    for i, token in enumerate(tokens):
        if i % 2:
            depth += bool(OPENS.match(token)) - bool(CLOSES.match(token))
        elif not depth:
            tokens[i] = DOLLARS.sub(lambda m: formula(html.unescape(m[1] or m[2]), m[1] is not None), token)
    return "".join(tokens)


class Renderer(IPythonRenderer):
    """Draws formulas; with `Anchors` it collects headings and gives them anchors."""

    def __init__(self, anchors=None):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.anchors = anchors

    def inline_math(self, body):
        return formula(body)

    def block_math(self, body):
        return formula(body, displayed=True)

    def latex_environment(self, name, body):
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", displayed=True)

    def block_html(self, html):
        return formulas_in(super().block_html(html))

    def heading(self, text, level, **attrs):
        return self.anchors.heading(text, level) if self.anchors else f"<h{level}>{text}</h{level}>\n"

    def table(self, text):
        return f'<div class="wide"><table>{text}</table></div>\n'

    def table_cell(self, text, align=None, head=False):
        tag = 'th scope="col"' if head else "td"
        style = f' style="text-align:{align}"' if align and align != "left" else ""
        return f"<{tag}{style}>{text}</{tag[:2]}>\n"


class Anchors:
    """The headings of a page in their order: ``rows`` is a list of (level, anchor, text, HTML)."""

    def __init__(self):
        self.rows = []

    def heading(self, content, level):
        """HTML of a heading with an anchor of its own, named as JupyterLab names it."""
        text, taken = plain(content), {row[1] for row in self.rows}
        name = re.sub(r"\s+", "-", text)
        names = itertools.chain([name], (f"{name}-{count}" for count in itertools.count(2)))
        anchor = next(each for each in names if each not in taken)
        self.rows.append((level, anchor, text, content))
        safe = html.escape(anchor)
        link = f'<a class="anchor" href="#{safe}" aria-label="Link to: {html.escape(text)}">#</a>' if level > 1 else ""
        return f'<h{level} id="{safe}">{content}{link}</h{level}>\n'


def plain(content):
    """The text of a piece of HTML; of a formula its LaTeX."""
    content = re.sub(r"<math\b.*?<annotation[^>]*>(.*?)</annotation>.*?</math>", r"\1", content, flags=re.S)
    return html.unescape(TAG.sub("", content)).strip()
