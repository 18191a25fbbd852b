"""Formulas of docstrings in plain characters and in matplotlib's part of LaTeX."""

import pytest

import optlib as ol
from optlib.course import cards as docs
from optlib.course import formula, latex

FORMULAS = [part for rule in ol.OPTIMIZERS.values() for line in latex.lines(docs.sections(rule)["Formula"])
            for part in line]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        (r"x_t = x_{t-1} - \eta\, g_t", "x_t = x_{t-1} - η g_t"),
        (r"x_t = x_{t-1} - \eta\, \frac{g_t}{\sqrt{v_t} + \epsilon}", "x_t = x_{t-1} - η g_t/(√v_t + ε)"),
        (r"\frac{a+b}{c}", "(a+b)/c"),
        (r"\frac{2 t \beta_2^t}{1-\beta_2^t}", "2 t β_2^t/(1-β_2^t)"),
        (r"\frac{(a-4)b}{(c-4)d}", "(a-4)b/((c-4)d)"),
        (r"\frac{1}{\max(1,\ t - 1)}", "1/max(1, t - 1)"),
        (r"\sqrt{\frac{a}{b}}", "√(a/b)"),
        (r"\hat m_t = \frac{m_t}{1-\beta_1^t}", "m\u0302_t = m_t/(1-β_1^t)"),
        (r"\overline{\mu_t}", "μ\u0304_t"),
        (r"\overline{a + b}", "mean[a + b]"),
        (r"\lVert g_t \rVert^2", "‖g_t‖^2"),
        (r"\begin{cases} a & b > 0 \\ c & \text{else} \end{cases}", "{ a if b > 0 ; c else }"),
        (r"\bigl[(1-\nu)\, g\bigr]", "[(1-ν) g]"),
        (r"\operatorname*{argmin}_{c\, \in\, \text{children}} f(c)", "argmin_{c ∈ children} f(c)"),
        (r"\left\{a\right.", "{a"),
        (r"\unknown x^{", "unknown x^{}"),
        (r"\frac", "/()"),
        ("", ""),
    ],
)  # fmt: skip
def test_plain_characters(code, plain):
    assert latex.to_plain(code) == plain


@pytest.mark.parametrize("code", FORMULAS)
def test_every_formula_of_the_course_has_both_forms(code):
    plain = latex.to_plain(code)
    assert "\\" not in plain
    assert plain.count("(") == plain.count(")")
    assert formula.drawable(code).startswith("$"), "matplotlib draws it as a formula"


def test_lines_and_their_parts():
    section = "$$a = b \\qquad\n  c$$\n$$d$$ and $e$"
    assert latex.lines(section) == [["a = b", "c"], ["d"]]


def test_what_matplotlib_cannot_draw_becomes_plain_text():
    assert formula.drawable(r"\begin{bmatrix} a \end{bmatrix}_{$}").count("$") == 1
    assert "bmatrix" in formula.drawable(r"\begin{bmatrix} a \end{bmatrix}")
    shapes = {}
    assert formula.svg(r"\begin{bmatrix} <b> \end{bmatrix}", shapes).startswith("<code>")
    assert "<b>" not in formula.svg(r"\begin{bmatrix} <b> \end{bmatrix}", shapes)
    assert shapes == {}


def test_rows_of_cases_begin_at_the_same_place():
    string = formula.drawable(r"\begin{cases} a & b \\ long + longer & c \end{cases}")
    rows = [r"a \quad b", r"long + longer \quad c"]
    widths = [formula.extent(f"${row}$")[0] for row in rows]
    fill = float(string.partition(r"a \quad b\hspace{")[2].partition("}")[0])
    assert fill * formula.extent(r"$\hspace{1}$")[0] == pytest.approx(widths[1] - widths[0], abs=2e-3)
    assert formula.drawable(r"\begin{cases} a & b \\ c & d \\ e & f \end{cases}").startswith("$")


def test_text_with_formulas_and_with_money():
    assert formula.with_formulas(r"from $x_{t-1}$ on") == "from $x_{t{-}1}$ on"
    assert formula.with_formulas("costs $5") == r"costs \$5"


def test_the_size_of_a_formula_grows_with_what_it_holds():
    small, tall = formula.extent(formula.drawable("x")), formula.extent(formula.drawable(r"\frac{x}{y}"))
    assert tall[1] > 1.3 * small[1]
    assert formula.extent("$xx$")[0] == pytest.approx(2 * formula.extent("$x$")[0], rel=0.05)
    assert formula.extent("xx", "bold")[0] == pytest.approx(2 * formula.extent("x", "bold")[0], rel=0.05)
