"""`Table`: rows of text for a page, for Markdown and for a terminal."""

import dataclasses
import html
import re
import textwrap


@dataclasses.dataclass
class Table:
    """Rows of text under the names of their columns."""

    caption: str  # empty for none
    columns: list
    rows: list  # of lists of str
    align: str = ""  # "<" (left) or ">" (right) for each column; by default the first is left and the others right
    widths: tuple = ()  # characters of each column in the text form, where longer cells wrap; by default no cell wraps
    colors: tuple = ()  # hex, of a bar before the last cell of each row

    def __post_init__(self):
        self.align = self.align or "<" + ">" * (len(self.columns) - 1)

    def html(self):
        """The table as one HTML element; the first column names the rows.  All text is escaped, dollar signs too."""
        wraps = ";white-space:normal;vertical-align:top" if self.widths else ""
        look = [f"text-align:{'left' if side == '<' else 'right'};padding:2px 5px{wraps}" for side in self.align]
        head = "".join(f'<th scope="col" style="{style}">{html.escape(name)}</th>'
                       for name, style in zip(self.columns, look, strict=True))  # fmt: skip
        body = []
        for row, color in zip(self.rows, self.colors or [None] * len(self.rows), strict=True):
            first, *others = (html.escape(text) for text in row)
            styles = [style if wraps else f"{style};white-space:nowrap" for style in look]
            styles[-1] += f";border-left:5px solid {color};font-weight:bold" if color else ""
            cells = f'<th scope="row" style="{look[0]};font-weight:normal">{first}</th>'
            for text, style in zip(others, styles[1:], strict=True):
                cells += f'<td style="{style}">{text}</td>'
            body.append(f"<tr>{cells}</tr>")
        # The caption stands outside of what scrolls sideways on a narrow page; the classes keep MathJax away.
        return (
            '<figure class="tex2jax_ignore mathjax_ignore" style="margin:0"><figcaption style="padding:4px 0">'
            f'{html.escape(self.caption)}</figcaption>\n<div style="overflow-x:auto;max-width:100%"><table '
            f'style="margin:0.5em 0;font-size:90%">\n<thead><tr>{head}</tr></thead>\n<tbody>\n' + "\n".join(body)
            + "\n</tbody>\n</table></div></figure>"
        )  # fmt: skip

    def markdown(self, escape=None):
        """The table in Markdown.  ``escape`` turns a cell into Markdown; unless given, cells show as they are."""
        escape = escape or _literal
        ruler = ["---:" if side == ">" else "---" for side in self.align]
        head, *body = ([escape(cell) for cell in row] for row in (self.columns, *self.rows))
        lines = [f"| {' | '.join(line)} |" for line in (head, ruler, *body)]
        return "\n".join([escape(self.caption), "", *lines] if self.caption else lines)

    def text(self, ruler="head"):
        """The table for a terminal, ruled below the ``"head"``, above all ``"rows"``, or not at all (``""``)."""
        columns = zip(self.columns, *self.rows, strict=True)
        widths = self.widths or [max(map(len, column)) for column in columns]
        dashes = "-" * (sum(widths) + 2 * len(widths) - 2)
        lines = [self.caption, ""] * bool(self.caption) + self._lines(self.columns, widths)
        lines += [dashes] * (ruler == "head")
        for row in self.rows:
            lines += [dashes] * (ruler == "rows") + self._lines(row, widths)
        return "\n".join(lines)

    def _lines(self, row, widths):
        """The lines of one row: more than one where a cell wraps."""
        cells = [textwrap.wrap(cell, width) if self.widths else [cell] for cell, width in zip(row, widths, strict=True)]
        height = max(map(len, cells))
        lines = zip(*(cell + [""] * (height - len(cell)) for cell in cells), strict=True)
        formats = [f"{{:{side}{width}}}" for side, width in zip(self.align, widths, strict=True)]
        return ["  ".join(map(str.format, formats, line)).rstrip() for line in lines]

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/markdown": self.markdown(), "text/plain": repr(self)}

    def __repr__(self):
        return self.text()


def _literal(text):
    """Text as Markdown that shows just these characters: no markup, no formula, no new cell of the table."""
    return re.sub(r"[\\`*_\[\]~|$<>&#]", lambda sign: f"&#{ord(sign.group())};", " ".join(text.split()))
