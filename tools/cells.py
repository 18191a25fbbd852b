"""The cells of a notebook as HTML for where no kernel runs: web pages, slides and PDFs."""

import base64
import contextlib
import dataclasses
import html
import mimetypes
import re
import urllib.parse
from pathlib import Path

import numpy as np
from bs4 import BeautifulSoup
from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import InvalidNotebook, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from . import markup
from .roles import is_check, is_prediction, tags

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
JAVASCRIPT, SVG = "application/javascript", "image/svg+xml"
# The richest first, in nbconvert's order; and two kinds of pictures that JupyterLab shows, too.
FORMS = (JAVASCRIPT, "text/html", "text/markdown", SVG, "text/vnd.mermaid", "text/latex", "image/png", "image/jpeg",
         "image/gif", "image/webp", "text/plain")  # fmt: skip
BAR = re.compile(r"\d(?:%\||it \[)|Progress\(")  # how tqdm's bar, or a bar alone, is described
LIVES = re.compile(r'class="optlib-(?:animation|explorable|surface|drawing|stills|sketch)')
PREDICTION = re.compile(r'class="optlib-(?:predict|sketch)')
PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')  # names, brackets, blanks: in the color of the text
FOR_TOOLS = re.compile(r"  # (?:fmt: skip|noqa\b.*)$", flags=re.M)
SHORT = 1_000  # characters; a longer script of players stands once, behind all cells
SCRIPT = re.compile(r"<script\b.*?</script>", flags=re.DOTALL)


def title(notebook, path):
    """The first heading, or else the name of the file."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = (re.search(r"^#{1,6} +(.+)", text, flags=re.M) for text in texts)
    return next((heading[1] for heading in headings if heading), Path(path).stem.replace("_", " "))


@contextlib.contextmanager
def naming(what):
    """Name the notebook or the cell in errors from the block."""
    try:
        yield
    except (ValueError, FileNotFoundError, InvalidNotebook) as error:
        kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
        raise kind(f"{what}: {error}") from error


def name_of(cell):
    """A cell in words: the number before it and its first line."""
    number = f"[{cell.get('execution_count') or ' '}] " * (cell.cell_type == "code")
    return f"cell {number}{cell.source.strip().partition(chr(10))[0][:60]!r}"


def shown(cell, forms=FORMS):
    """The richest form of each output, as pairs (kind, all its forms by kind); the kind of printed text is "stream".

    Widgets are left out: they do nothing without a kernel, and a picture or a player stands before each.

    Raises
    ------
    ValueError
        If the cell ended in an error and has no tag ``raises-exception``, and for an output in none of the forms.
    """
    pairs = []
    for output in cell.outputs:
        if output.output_type == "stream":
            pairs.append(("stream", {"stream": output.text}))
        elif output.output_type == "error":
            if "raises-exception" not in tags(cell):
                raise ValueError(f"it ends in {output.ename}; execute the notebook first: make notebooks")
            pairs.append(("stream", {"stream": "\n".join(output.traceback)}))
        elif output.data and WIDGET_VIEW not in output.data:
            kind = next((form for form in forms if form in output.data), None)
            if kind is None:
                raise ValueError(
                    f"its output has no form that is shown here, only {', '.join(output.data)}; give it one of "
                    f"{', '.join(forms)}, or delete it"
                )
            pairs.append((kind, output.data))
    return pairs


def misses_sliders(cell):
    """Whether the cell has sliders in the notebook and no output that works without a kernel; bars are no sliders."""
    texts = [data.get("text/plain", "") for data in (o.get("data", {}) for o in cell.outputs) if WIDGET_VIEW in data]
    lives = any(kind == "text/html" and LIVES.search(data[kind]) for kind, data in shown(cell))
    return not all(map(BAR.search, texts)) and not lives


@dataclasses.dataclass(frozen=True)
class Style:
    """How pages, slides and PDFs differ; ``{}`` is the place of what a piece of HTML frames.

    Parameters
    ----------
    links : str
        Ending that takes the place of ``.ipynb`` in links to other notebooks.
    note : str
        Text in place of sliders that only work in the notebook.
    text, hidden, check, answer, solution, table : str
        Frames of text, of code with the tag ``hide-input`` and cells with ``hide-cell``, of the code of checks, of the
        outputs of a cell with the tag ``answer``, of a cell with the tag ``solution``, and of an output in HTML that
        holds no picture.
    still : bool
        Without scripts: then a picture stands for each player.
    rows : int, optional
        Longer tables are cut into tables of so many rows.
    """

    links: str
    note: str = "In the notebook this picture has sliders."
    text: str = "{}"
    hidden: str = "{}"
    check: str = ""
    answer: str = "{}"
    solution: str = "{}"
    table: str = "{}"
    still: bool = False
    rows: int | None = None


class Writer:
    """Writes the cells of one notebook.

    Parameters
    ----------
    folder : path
        Where pictures that the Markdown names are looked up.
    style : Style
    anchors : markup.Anchors, optional
        Collects the headings, which get anchors.

    Attributes
    ----------
    scripts : dict
        Its keys are the players' scripts, each once, to stand behind all cells: `script` has them as HTML.
    """

    def __init__(self, folder, style, anchors=None):
        self.folder, self.style, self.renderer, self.scripts = Path(folder), style, markup.Renderer(anchors), {}
        self.forms = (*FORMS[1:], JAVASCRIPT) if style.still else FORMS  # on paper no script runs

    def cell(self, cell):
        """A cell with its outputs."""
        with naming(name_of(cell)):
            return self._code(cell) if cell.cell_type == "code" else self.style.text.format(self.text(cell))

    def text(self, cell):
        """A cell of text, without its frame; a raw one as it is, if it is not for another format, as nbconvert does."""
        if cell.cell_type == "markdown":
            return self.markdown(cell.source, cell.get("attachments", {}))
        kind = cell.metadata.get("raw_mimetype", cell.metadata.get("format", ""))
        return self._without_scripts(cell.source) if kind.lower() in ("", "text/html") else ""

    def _code(self, cell):
        frame = self.style.check if is_check(cell) else self.style.hidden if "hide-input" in tags(cell) else "{}"
        code = "" if is_prediction(cell) else frame.format(self.code(cell.source))
        outputs = "\n".join(self.outputs(cell))
        if outputs and "answer" in tags(cell):
            outputs = self.style.answer.format(outputs)
        pieces = "\n".join(filter(None, [code, outputs]))
        if "solution" in tags(cell):
            return self.style.solution.format(pieces)
        return self.style.hidden.format(pieces) if "hide-cell" in tags(cell) else pieces

    def markdown(self, source, attachments=None):
        """Markdown as HTML, with its pictures inside: from files, and ``attachments`` by name and kind."""
        names = attachments or {}
        self.renderer.attachments = {**names, **{urllib.parse.quote(name): names[name] for name in names}}
        content = MarkdownWithMath(renderer=self.renderer).render(source)
        content = re.sub(r'(<img\b[^>]*?\bsrc=")([^":]+)(")', self._embedded, content)
        return re.sub(r'(href="[^":/]+)\.ipynb(["#])', rf"\1{self.style.links}\2", content)

    def _embedded(self, match):
        path = self.folder / urllib.parse.unquote(match[2])
        if not path.is_file():
            raise FileNotFoundError(f"the notebook shows {match[2]}, which is not in {self.folder.name}/")
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f"{match[1]}data:{mimetypes.guess_type(path.name)[0]};base64,{data}{match[3]}"

    def code(self, source):
        """Highlighted Python.  A style may wrap long lines: ``--hang``, by default 4ch, is how far they hang."""
        source = FOR_TOOLS.sub("", source).rstrip("\n")
        colored = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")
        colored = PLAIN.sub(r"\1", colored)
        indents = [len(line) - len(line.lstrip()) for line in source.split("\n")]
        lines = zip(colored.split("\n"), indents, strict=True)
        return '<pre class="code highlight"><code>{}</code></pre>'.format(
            "".join(
                f'<span class="line{" blank" * (not line)}"' + f' style="--hang:{indent + 4}ch"' * (indent > 0)
                + f">{line}\n</span>" for line, indent in lines
            )
        )  # fmt: skip

    def outputs(self, cell):
        """What the cell shows, one piece of HTML an output."""
        pieces = [self._output(kind, data) for kind, data in shown(cell, self.forms)]
        return [*pieces, f'<p class="aside">{self.style.note}</p>'] if misses_sliders(cell) else pieces

    def _output(self, kind, data):
        lives = LIVES.search(data.get("text/html", ""))
        if self.style.still and lives and "image/png" in data:
            kind = "image/png"  # with axes and legend, which the player only draws by its script
        if kind in ("stream", "text/plain", "text/vnd.mermaid"):
            return f'<pre class="printed">{ansi2html(data[kind].rstrip())}</pre>'
        content = self._without_scripts(self._content(kind, data))
        if "optlib-" in content:
            content = SCRIPT.sub(self._shared, content)
        if PREDICTION.search(content):
            content = self.renderer.block_html(content)  # which sets its formulas
        if not kind.startswith("image/") and "<img" not in content:
            return self.style.table.format(self.cut(content))
        player = " player" if lives and not self.style.still else ""
        return f'<div class="figure{player}" data-prevent-swipe>{content}</div>'

    def _content(self, kind, data):
        """One form of an output as HTML."""
        content, alt = data[kind], html.escape(data.get("text/plain", ""))
        if kind in ("text/markdown", "text/latex"):
            return self.markdown(content)
        if kind == JAVASCRIPT:  # which finds its place by this name in JupyterLab, too
            return f"<div><script>(element => {{\n{content}\n}})(document.currentScript.parentElement)</script></div>"
        if kind == SVG:
            drawing = content[max(content.find("<svg"), 0) :]  # less the head of a file
            return f'<div class="drawing" role="img" aria-label="{alt}">{drawing}</div>'
        if kind.startswith("image/"):
            return f'<img alt="{alt}" src="data:{kind};base64,{content.strip()}">'
        return content

    def _shared(self, match):
        if len(match[0]) < SHORT or match[0].startswith("<script type="):
            return match[0]
        self.scripts[match[0]] = None
        return ""

    def script(self):
        """The scripts that the cells share, as HTML: programs first, since packed players ask for them at any time."""
        return "\n".join(sorted(self.scripts, key=lambda script: '{"packed":' in script))

    def _without_scripts(self, content):
        if not self.style.still:
            return content
        return SCRIPT.sub("", content).replace('<details class="answer">', '<details open class="answer">')

    def cut(self, content):
        """Long tables as several that slides have room for, each with the heads of the columns."""
        if self.style.rows is None or content.count("<tr") <= self.style.rows + 1:
            return content
        soup = BeautifulSoup(content, "html.parser")
        for table in soup.find_all("table"):
            rows = _rows(table)
            last = [table, *table.parents][-2]  # with what stands around it, beside which there may be a next slide
            for chunk in np.array_split(np.arange(len(rows)), max(1, -(-len(rows) // self.style.rows)))[1:]:
                copy = BeautifulSoup(str(table), "html.parser").table
                for row in _rows(copy):
                    row.decompose()
                if copy.caption:
                    copy.caption.decompose()
                (copy.tbody or copy).extend(rows[i].extract() for i in chunk)
                last.insert_after(copy)
                last = copy
        return str(soup)


def _rows(table):
    """The rows of a table's body; where it names none, all with data."""
    rows = (table.tbody or table).find_all("tr", recursive=False)
    return rows if table.tbody else [row for row in rows if row.td]
