"""`Table`: rows of text that show themselves on a page, in Markdown and in a terminal."""

import dataclasses
import html
import re


@dataclasses.dataclass
class Table:
    """A table with a caption; the first column names the rows.

    Attributes
    ----------
    caption : str
    columns : list of str
    rows : list of lists of str
    """

    caption: str
    columns: list
    rows: list

    def html(self):
        """The table as one HTML element; all text is escaped, and dollar signs are no formulas."""
        look = [f"text-align:{'left' if i == 0 else 'right'};padding:2px 5px" for i in range(len(self.columns))]
        cells = zip(self.columns, look, strict=True)
        head = "".join(f'<th scope="col" style="{style}">{html.escape(name)}</th>' for name, style in cells)
        body = []
        for first, *others in self.rows:
            row = f'<th scope="row" style="{look[0]};font-weight:normal">{html.escape(first)}</th>'
            row += "".join(f'<td style="{look[1]};white-space:nowrap">{html.escape(text)}</td>' for text in others)
            body.append(f"<tr>{row}</tr>")
        # The caption stands outside of what scrolls sideways on a narrow page.
        return (
            '<figure class="tex2jax_ignore mathjax_ignore" style="margin:0"><figcaption style="padding:4px 0">'
            f'{html.escape(self.caption)}</figcaption>\n<div style="overflow-x:auto;max-width:100%"><table '
            f'style="margin:0.5em 0;font-size:90%">\n<thead><tr>{head}</tr></thead>\n<tbody>\n' + "\n".join(body)
            + "\n</tbody>\n</table></div></figure>"
        )  # fmt: skip

    def markdown(self):
        """The table in Markdown."""
        code = lambda sign: f"&#{ord(sign.group())};"
        literal = lambda text: re.sub(r"[\\`*_\[\]~|$<>&#]", code, " ".join(text.split()))
        ruler = ["---"] + ["---:"] * (len(self.columns) - 1)
        lines = [list(map(literal, self.columns)), ruler, *(list(map(literal, row)) for row in self.rows)]
        return f"{literal(self.caption)}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/markdown": self.markdown(), "text/plain": repr(self)}

    def __repr__(self):
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        put = lambda row: "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        return "\n".join([self.caption, "", put(self.columns), "-" * (sum(widths) + 2 * len(widths) - 2),
                          *map(put, self.rows)])  # fmt: skip
