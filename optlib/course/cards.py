"""Cards: what a rule or test function is, read from its own code, never from a copy.

A card is Markdown with LaTeX between dollar signs, because that is the one form that JupyterLab, Colab, VS Code,
nbconvert and GitHub all typeset; Colab leaves formulas in HTML outputs as raw text.
"""

import ast
import html
import inspect
import re
import textwrap

from ..functions import Function
from ..optimizers.base import Optimizer
from ..pictures.table import Table
from ..registry import FUNCTIONS, OPTIMIZERS
from ..words import value_text

LABELS = ("Formula", "Source", "Convention", "Elsewhere", "Memory", "When", "Notes")


class Card:
    """What `card` returns: a notebook shows its ``markdown`` as a card, other places its ``text``."""

    def __init__(self, markdown, text):
        self.markdown, self.text = markdown, text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/markdown": self.markdown, "text/plain": self.text}

    def __repr__(self):
        return self.text


def card(thing):
    """The card of an optimizer or a test function: formula, running source code, settings, origin.

    Parameters
    ----------
    thing : optimizer class or instance, test function, or the name of either
        An instance shows its own settings beside the defaults.  A name that is in neither registry is a KeyError,
        anything else a TypeError.
    """
    if isinstance(thing, str):
        thing = FUNCTIONS[thing] if thing in FUNCTIONS else OPTIMIZERS[thing]
    if isinstance(thing, Function):
        blocks = _function_blocks(thing)
    elif isinstance(thing, Optimizer) or (isinstance(thing, type) and issubclass(thing, Optimizer)):
        blocks = _rule_blocks(thing)
    else:
        raise TypeError(
            f"card: {thing!r} is a {type(thing).__name__}; pass an optimizer (ol.Adam or ol.Adam(lr=0.1)), "
            "a test function (ol.FUNCTIONS['ackley']) or the name of one"
        )
    return Card(_to_markdown(blocks), _to_text(blocks))


def sections(rule):
    """The docstring of an optimizer by section: ``{"": summary, "Formula": ..., "Source": ...}``.

    Labels that the docstring lacks are missing from the dict; paragraphs keep their line breaks.
    """
    cls = rule if isinstance(rule, type) else type(rule)
    doc = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    if not (doc and "update" in cls.__dict__) or doc.startswith(f"{cls.__name__}("):
        return {"": ""}  # without a docstring, dataclass writes the signature there
    summary, *pieces = re.split(rf"^({'|'.join(LABELS)}):$", doc, flags=re.MULTILINE)
    texts = {"": summary} | dict(zip(pieces[::2], pieces[1::2], strict=True))
    return {label: textwrap.dedent(text).strip() for label, text in texts.items()}


def _rule_blocks(rule):
    cls = rule if isinstance(rule, type) else type(rule)
    texts = sections(cls)
    blocks = [("title", cls.__name__, texts[""])]
    if texts.get("Formula"):
        blocks.append(("formula", "Formula", re.findall(r"\$\$(.+?)\$\$", texts["Formula"], flags=re.DOTALL)))
    blocks.append(("code", "The code that runs", rule_source(cls)))
    if cls.hypers:
        blocks.append(("table", "Hyper-parameters", _hyper_rows(rule, cls)))
    for label in ("Memory", "When", "Convention", "Elsewhere", "Notes", "Source"):
        if texts.get(label):
            blocks.append(("prose", label, texts[label]))
    return blocks


def _hyper_rows(rule, cls):
    own = rule.settings() if isinstance(rule, Optimizer) else None
    rows = [("symbol", "name", "default", *(["here"] if own else []), "allowed", "what it does")]
    for name, about in cls.hypers.items():
        here = [inline_code(value_text(own[name]))] if own else []
        allowed = "True or False" if isinstance(about.default, bool) else about.allowed
        default = inline_code(value_text(about.default))
        rows.append((f"${about.symbol}$", inline_code(name), default, *here, allowed, about.doc))
    return rows


def _function_blocks(f):
    size = f"A function of {f.dim} coordinate{'s' if f.dim > 1 else ''}"
    blocks = [("title", f.name, size + (", and of any larger number of them." if f.any_dim else "."))]
    if f.latex:
        blocks.append(("formula", "Formula", [f.latex.strip().strip("$")]))
    blocks.append(("code", "The code that runs", _source_of(f.formula)))
    domain = " × ".join(f"[{low:g}, {high:g}]" for low, high in f.domain)
    rows = [("what", "where"), ("domain", domain), ("start", _points([f.start]))]
    if f.minima:
        rows.append(("global minimum" if len(f.minima) == 1 else "global minima", _points(f.minima)))
        rows.append(("value there", f"{f.minimum:.6g}"))
    if f.local_minima:
        rows.append(("local minima", _points(f.local_minima)))
    blocks.append(("table", "Known points", rows))
    if f.source:
        blocks.append(("prose", "Source", f.source))
    return blocks


def _points(points, most=6):
    shown = ", ".join("(" + ", ".join(f"{v:.6g}" for v in p) + ")" for p in points[:most])
    return shown + (f" and {len(points) - most} more" if len(points) > most else "")


def rule_source(cls):
    """The methods that a rule defines, or else the class that it extends, as they stand in its file."""
    methods = lambda each: [m for name, m in vars(each).items() if inspect.isfunction(m) and not name.startswith("__")]
    return "\n\n".join(_source_of(m) for m in next(filter(None, map(methods, cls.__mro__))))


def _source_of(function):
    """Source text of a function, dedented, less its decorators and docstring."""
    while hasattr(function, "fn"):  # what `objective` puts around a reader's function
        function = function.fn
    try:
        text = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return f"# The source of {getattr(function, '__name__', 'this function')} is not available."
    try:
        node = ast.parse(text).body[0]
    except SyntaxError:  # a lambda inside a call, cut out of the middle of a statement
        return text
    if not isinstance(node, ast.FunctionDef):
        return text
    lines = text.splitlines()
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        del lines[node.body[0].lineno - 1 : node.body[0].end_lineno]
    del lines[: node.lineno - 1]  # decorators
    return re.sub(r"(?m)(^def .*:\n)\n+", r"\1", "\n".join(lines))


def _to_markdown(blocks):
    paragraphs = []
    for kind, title, content in blocks:
        if kind == "title":
            paragraphs += [f"### {prose(title)}", prose(content)]
        elif kind == "formula":
            paragraphs += [f"$$\n{line.strip()}\n$$" for line in content]
        elif kind == "code":
            fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", content))])
            paragraphs.append(f"{fence}python\n{content}\n{fence}")
        elif kind == "table":
            paragraphs.append(_table(content).markdown(_cell))
        else:
            paragraphs.append(f"**{title}.** {prose(content)}")
    return "\n\n".join(filter(None, paragraphs))


def _table(rows):
    head, *body = rows
    return Table("", head, body, align="<" * len(head))


def _cell(entry):
    """A cell of a table in Markdown; formulas and code stay as they are, and no cell ends its row."""
    entry = " ".join(str(entry).split())
    if not entry.startswith(("$", "<code>")):
        entry = prose(entry)
    return entry.replace("|", r"\vert " if entry.startswith("$") else "&#124;")


def inline_code(text):
    """Inline code as an HTML element: backticks could not hold every text."""
    return f"<code>{_escape_dollars(html.escape(text))}</code>"


def prose(text):
    """Prose of a docstring as Markdown: its own emphasis stays, markup and stray dollar signs do not."""
    pieces = re.split(r"(\$\$.+?\$\$|\$[^$\n]+\$|``.+?``)", text, flags=re.DOTALL)
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            piece = html.escape(piece, quote=False)
            piece = re.sub(r"(?<=\w)_(?=\w)|(?<!\w)_(?=\w+_)", r"\\_", piece)
            pieces[i] = re.sub(r"\[(?=[^\]]*\]\()", r"\\[", _escape_dollars(piece))
        elif piece.startswith("``"):
            pieces[i] = inline_code(piece[2:-2])
    return "".join(pieces)


def _escape_dollars(text):
    return text.replace("$", "&#36;")


def _to_text(blocks):
    paragraphs = []
    for kind, title, content in blocks:
        if kind == "title":
            paragraphs.append(f"{title}: {content}" if content else title)
        elif kind == "formula":
            paragraphs.append("\n".join(f"    {' '.join(line.split())}" for line in content))
        elif kind == "code":
            paragraphs.append(textwrap.indent(content, "    "))
        elif kind == "table":
            plain = lambda entry: html.unescape(re.sub("</?code>", "", str(entry))).strip("$")
            table = _table([[plain(entry) for entry in row] for row in content])
            paragraphs.append(textwrap.indent(table.text(ruler=""), "    "))
        else:
            paragraphs.append(textwrap.fill(f"{title}: {' '.join(content.split())}", 100))
    return "\n\n".join(paragraphs)
