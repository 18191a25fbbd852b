"""Cells of a notebook as HTML: nbconvert's markdown, Pygments' code, and outputs that need no kernel."""

import base64
import html
import mimetypes
import re
from pathlib import Path

from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from ..outputs import LIVES, misses_sliders, shown

SCRIPT = re.compile(r"<script\b.*?</script>", flags=re.DOTALL)
ROWS = 6  # of a table on one slide


class Writer:
    """Writes the cells of one notebook.

    Parameters
    ----------
    folder : path
        Where pictures that the markdown names are looked up.
    still : bool
        Without scripts: then a picture stands for each player.
    links : str
        Ending that takes the place of ``.ipynb`` in links to other notebooks.
    rows : int, optional
        Longer tables are cut into tables of so many rows, for slides.
    """

    def __init__(self, folder, still, links, rows=None):
        self.folder, self.still, self.links, self.rows = Path(folder), still, links, rows

    def markdown(self, source):
        """Markdown with formulas; the formulas stay as they are, for MathJax."""
        renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
        made = MarkdownWithMath(renderer=renderer).render(source)
        made = re.sub(r'(<img\b[^>]*?\bsrc=")([^":]+)(")', self._embedded, made)
        return re.sub(r'(href="[^":/]+)\.ipynb(["#])', rf"\1{self.links}\2", made)

    def _embedded(self, match):
        path = self.folder / match.group(2)
        if not path.is_file():
            raise FileNotFoundError(f"the notebook shows {match.group(2)}, which is not in {self.folder.name}/")
        kind = mimetypes.guess_type(path.name)[0]
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f"{match.group(1)}data:{kind};base64,{data}{match.group(3)}"

    def code(self, source):
        """Highlighted Python."""
        made = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")
        # A line that is wrapped goes on further to the right than it began.
        indents = [len(line) - len(line.lstrip()) for line in source.split("\n")]
        lines = zip(made.split("\n"), indents, strict=True)
        return '<pre class="code highlight"><code>{}</code></pre>'.format(
            "".join(f'<span class="line" style="--hang:{indent + 4}ch">{line}\n</span>' for line, indent in lines)
        )

    def outputs(self, cell):
        """What the cell shows, one piece of HTML an output."""
        made = [self._shown(kind, data) for kind, data in shown(cell)]
        if misses_sliders(cell):
            made.append('<p class="aside">In the notebook this picture has sliders.</p>')
        return made

    def _shown(self, kind, data):
        if self.still and "image/png" in data and LIVES.search(data.get("text/html", "")):
            kind = "image/png"  # with axes and legend, which the player only draws by its script
        if kind == "text/html":
            return self._html(data[kind])
        if kind == "text/markdown":
            return self._cut(self.markdown(data[kind]))
        if kind.startswith("image/"):
            alt = html.escape(data.get("text/plain", ""))
            return f'<div class="figure"><img alt="{alt}" src="data:{kind};base64,{data[kind].strip()}"></div>'
        return f'<pre class="printed">{html.escape(data[kind].rstrip())}</pre>'

    def _html(self, made):
        kind = "figure player" if LIVES.search(made) and not self.still else "figure"
        if self.still:
            made = SCRIPT.sub("", made)
        if "<img" not in made:
            return self._cut(made)
        return f'<div class="{kind}" data-prevent-swipe>{made}</div>'

    def _cut(self, made):
        """Long tables in parts that slides have room for, each with the heads of the columns."""
        if self.rows is None or made.count("<tr") <= self.rows + 1:
            return made
        soup = BeautifulSoup(made, "html.parser")
        for table in soup.find_all("table"):
            rows = table.tbody.find_all("tr", recursive=False)
            parts = -(-len(rows) // self.rows)
            sizes = [len(rows) // parts + (part < len(rows) % parts) for part in range(parts)]
            before = table
            for part in range(1, parts):
                copy = BeautifulSoup(str(table), "html.parser").table
                copy.tbody.clear()
                if copy.caption:
                    copy.caption.decompose()
                start = sum(sizes[:part])
                copy.tbody.extend(row.extract() for row in rows[start : start + sizes[part]])
                before.insert_after(copy)
                before = copy
        return str(soup)
