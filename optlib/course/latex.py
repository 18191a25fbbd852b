"""The LaTeX of docstrings in two other forms: for matplotlib, which knows a part of it, and for a terminal."""

import re

# --- for matplotlib ------------------------------------------------------------------------------------------------

# What its mathtext writes otherwise, or not at all: sizes of brackets are left out.
_OTHERWISE = (
    (r"\\(?:[bB]igg?[lrm]?)(?![a-zA-Z])\s*", ""),
    (r"\\tfrac(?![a-zA-Z])", r"\\frac"),
    (r"\\[lr]Vert(?![a-zA-Z])", r"\\|"),
    (r"\\([lg])e(?![a-zA-Z])", r"\\\1eq"),
    (r"\\([lg])t(?![a-zA-Z])", lambda found: "<" if found[1] == "l" else ">"),
    (r"\\operatorname\*", r"\\operatorname"),
    (r",\\ ", ", "),  # mathtext leaves a space after a comma anyway
    (r"\\(mathcal|mathrm|mathbf|mathbb) (\w)", r"\\\1{\2}"),
    ("'", "\\\\mathrm{\u2032}"),
)  # fmt: skip


def lines(section):
    r"""The formulas of a docstring's section: for each ``$$...$$`` the list of its parts, which a \qquad separates."""
    found = re.findall(r"\$\$(.+?)\$\$", section, flags=re.DOTALL)
    parts = [[" ".join(part.split()) for part in line.split(r"\qquad")] for line in found]
    return [[part for part in line if part] for line in parts]


def to_mathtext(latex, cases=None):
    """The formula in the part of LaTeX that matplotlib draws, without dollar signs.

    ``cases`` is called with the rows of each cases environment, lists of str, for what stands in their place.
    """
    for pattern, instead in _OTHERWISE:
        latex = re.sub(pattern, instead, latex)
    return _CASES.sub(lambda found: (cases or _in_a_line)(_rows(found[1])), latex)


_CASES = re.compile(r"\\begin\{cases\}(.+?)\\end\{cases\}", flags=re.DOTALL)


def _rows(body):
    rows = [re.split(r"\s*&\s*", row.strip()) for row in re.split(r"\\\\", body)]
    return [[row[0], *(rf"\quad {cell}" for cell in row[1:])] for row in rows if any(row)]


def _in_a_line(rows):
    return r"\{" + r",\ ".join(" ".join(row) for row in rows) + r"\}"


# --- for a terminal -------------------------------------------------------------------------------------------------

_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "psi": "ψ", "omega": "ω", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "lt": "<", "gt": ">",
    "ne": "≠", "cdot": "·", "times": "×", "sum": "Σ", "prod": "Π", "infty": "∞", "in": "∈", "cup": "∪", "sim": "~",
    "leftarrow": "←", "to": "→", "dots": "…", "nabla": "∇", "lVert": "‖", "rVert": "‖", "|": "‖", "vert": "|",
    "partial": "∂", "pm": "±", "approx": "≈", "odot": "⊙", "ell": "l", "quad": "  ", "qquad": "   ", " ": " ",
}  # fmt: skip
_UNSEEN = {"left", "right", ",", "!", ";", ":", "displaystyle", "limits"}
_MARKS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "overline": "\u0304"}
_PLAIN = {"text", "mathrm", "mathbf", "mathcal", "mathbb", "operatorname", "operatorname*"}
_TOKEN = re.compile(r"\\begin\{cases\}|\\end\{cases\}|\\[a-zA-Z]+\*?|\\.|\s+|.", flags=re.DOTALL)


def to_plain(latex):
    r"""The formula in one line of plain characters: ``x_t = x_{t-1} - η g_t/(√v_t + ε)``.

    What it does not know stays as it is, less the backslash.
    """
    latex = re.sub(r"\\(?:[bB]igg?[lrm]?)(?![a-zA-Z])", "", latex)
    text, _ = _sequence(_TOKEN.findall(latex), 0)
    text = re.sub(r"(?<=\S) (?=[,)\]])", "", text)
    text = re.sub(r"‖ ?([^‖]*?) ?‖", r"‖\1‖", text)
    return re.sub(r"(?<=[(\[]) +", "", text).strip()


def _sequence(tokens, at, end=None):
    """Tokens up to ``end`` as text, and the place behind it."""
    text = ""
    while at < len(tokens) and tokens[at] != end:
        part, at = _item(tokens, at)
        text += " " if part == " " and text.endswith(" ") else part
        text = re.sub(" {2}$", " ", text) if part == " " else text
    return text, at + 1


def _item(tokens, at):
    """One sign, command or group as text, and the place behind it."""
    token = tokens[at]
    name = token[1:] if token.startswith("\\") else None
    if token == "{":
        return _sequence(tokens, at + 1, "}")
    if token in ("_", "^"):
        inner, at = _argument(tokens, at + 1)
        return token + (inner if len(inner) == 1 else f"{{{inner}}}"), at
    if token == r"\begin{cases}":
        inner, at = _sequence(tokens, at + 1, r"\end{cases}")
        return f"{{ {re.sub(r'if (?=else|with)', '', inner.strip())} }}", at
    if token == "&":
        return "if ", at + 1
    if name is None:
        return (" " if token.isspace() else token), at + 1
    if name in ("frac", "tfrac", "dfrac"):
        above, at = _argument(tokens, at + 1)
        below, at = _argument(tokens, at)
        return f"{above if _is_product(above) else f'({above})'}/{_one(below)}", at
    if name == "sqrt":
        inner, at = _argument(tokens, at + 1)
        return f"√{_one(inner)}", at
    if name in _MARKS:
        inner, at = _argument(tokens, at + 1)
        return (inner + _MARKS[name] if len(inner) == 1 else _over(inner, name)), at
    if name in _PLAIN:
        return _argument(tokens, at + 1)
    if name == "\\":
        return "; ", at + 1
    if name == "right" and tokens[at + 1 : at + 2] == ["."]:
        return "", at + 2
    return "" if name in _UNSEEN else _SIGNS.get(name, name), at + 1


def _argument(tokens, at):
    while at < len(tokens) and tokens[at].isspace():
        at += 1
    if at >= len(tokens):
        return "", at
    text, at = _item(tokens, at)
    return text.strip(), at


def _over(inner, name):
    """A mark over more than one sign: over the sign alone if the rest is its index, else in words."""
    sign = re.fullmatch(r"(\w)((?:[_^](?:\w|\{[^{}]*\}))+)", inner)
    return sign[1] + _MARKS[name] + sign[2] if sign else f"mean[{inner}]" if name in ("bar", "overline") else inner


_INDEX = r"(?:[_^](?:\w|\{[^{}]*\}))*"  # what hangs on a sign
_ONE = re.compile(rf"√?(?:\w[\u0300-\u036f]?{_INDEX}|\d+|\w*\([^()]*\){_INDEX})")


def _one(text):
    """Text in brackets unless it is one sign with its indices, or one bracket."""
    return text if _ONE.fullmatch(text) else f"({text})"


def _is_product(text):
    """Whether a text has no plus or minus outside its brackets."""
    return not re.search(r"[-+=,/]", re.sub(r"[_^]\{[^{}]*\}|\([^()]*\)|\|[^|]*\|", "", text))
