"""Cards show what really runs, for every rule and every function, and survive hostile text."""

import inspect
import re

import numpy as np
import pytest

import optlib as ol
from optlib import words
from optlib.course import cards

RULES = list(ol.OPTIMIZERS.values())
FUNCTIONS = list(ol.FUNCTIONS.values())


def code_of(card):
    return re.search(r"^```+python\n(.*?)\n```+$", card.markdown, flags=re.DOTALL | re.MULTILINE).group(1)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_every_rule_has_a_complete_card(rule):
    texts = cards.sections(rule)
    assert texts[""]
    assert list(texts)[1:7] == ["Formula", "Source", "Convention", "Elsewhere", "Memory", "When"]
    assert all(texts.values())
    card = ol.card(rule)
    assert card.markdown.startswith(f"### {rule.__name__}")
    assert card.markdown.count("$$") == 2 * len(re.findall(r"\$\$.+?\$\$", texts["Formula"], flags=re.DOTALL)) > 0
    for label in ("When", "Memory", "Convention", "Elsewhere", "Source"):
        assert f"**{label}.**" in card.markdown
    for name, about in rule.hypers.items():
        assert f"| ${about.symbol}$ | <code>{name}</code> |" in card.markdown
        assert about.doc in card.text


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_cards_have_one_notation_and_the_words_of_the_field(rule):
    """A step leads from the point before, x_{t-1}, to x_t; what it follows is a gradient."""
    text = " ".join(cards.sections(rule).values())
    assert not re.search(r"x_\{?(k|t\s*\+)|\\theta|\b(slope|walker|height)s?\b", text)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_the_code_on_the_card_is_the_code_that_runs(rule):
    shown = code_of(ol.card(rule))
    source = inspect.getsource(rule)
    for line in shown.splitlines():
        assert line.strip() in source
    own = [name for name, m in vars(rule).items() if inspect.isfunction(m) and not name.startswith("__")]
    assert "update" in own
    assert re.findall(r"(?m)^def (\w+)", shown) == own
    assert '"""' not in shown
    compile(shown, "card", "exec")


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_every_function_has_a_complete_card(f):
    card = ol.card(f)
    assert card.markdown.startswith(f"### {cards.prose(f.name)}\n")
    assert f.latex.strip("$ ") in card.markdown
    assert "@test_function" not in card.markdown
    assert code_of(card).splitlines()[-1].strip() in inspect.getsource(f.formula)
    assert "domain" in card.text
    assert ol.card(f.name).markdown == card.markdown


def test_tables_have_as_many_cells_in_each_row():
    for thing in [*RULES, *FUNCTIONS]:
        rows = [line for line in ol.card(thing).markdown.splitlines() if line.startswith("|")]
        assert len({row.replace(r"\|", "").count("|") for row in rows}) <= 1, thing


def test_an_instance_shows_its_own_settings():
    card = ol.card(ol.Adam(lr=0.25))
    assert "| <code>0.001</code> | <code>0.25</code> |" in card.markdown
    assert "here" not in ol.card(ol.Adam).text.split("Memory")[0]


def test_docstrings_of_methods_and_decorators_are_left_out():
    class Commented(ol.Optimizer):
        """A rule."""

        def update(self, x, g):
            """Walk.

            Slowly.
            """
            return x - g  # one unit

    for rule in (Commented, type("Named", (Commented,), {})):
        assert cards.rule_source(rule) == "def update(self, x, g):\n    return x - g  # one unit"


def test_sections_are_read_with_and_without_the_indentation_that_python_3_13_strips():
    doc = "A rule.\n\n    Formula:\n        $$a$$\n        $$b$$\n\n    When:\n        Now:\n          or never.\n    "
    for text in (doc, inspect.cleandoc(doc)):
        rule = type("Own", (ol.Optimizer,), {"__doc__": text, "update": lambda self, x, g: x})
        assert cards.sections(rule) == {"": "A rule.", "Formula": "$$a$$\n$$b$$", "When": "Now:\n  or never."}


def test_a_rule_without_docstring_or_sections_still_has_a_card():
    class Bare(ol.Optimizer):
        def update(self, x, g):
            return x

    class Heir(ol.Adam):
        def update(self, x, g):
            return x

    assert cards.sections(Bare) == cards.sections(Heir) == {"": ""}  # no docstring is inherited
    assert "def update" in ol.card(Bare).markdown
    assert "**Memory" not in ol.card(Bare()).markdown


def test_markup_is_escaped():
    evil = "<script>alert(1)</script> a|b $x [link](javascript:alert(1)) `tick`"
    f = ol.objective(lambda p: p[0] if p[0] > p[1] else p[1], dim=2, name=evil, source=evil)
    assert "if p[0] > p[1]" in code_of(ol.card(f))  # as it was written, however `objective` calls it
    markdown = ol.card(f).markdown
    outside = markdown.replace(code_of(ol.card(f)), "")
    assert "<script" not in outside
    assert "&lt;script&gt;" in outside
    assert r"\[link](javascript" in outside
    assert "$" not in outside

    class Evil(ol.Optimizer):
        """<img src=x onerror=alert(1)>

        Memory:
            <b>none</b>
        """

        lr: float = ol.hyper(1.0, r"a|b", "(0, inf)", doc="<script> a|b")

        def update(self, x, g):
            return x - self.lr * g  # ```

    markdown = ol.card(Evil).markdown
    assert "<img" not in markdown
    assert "<b>" not in markdown
    assert "<script" not in markdown
    assert "| &lt;script&gt; a&#124;b |" in markdown
    assert "````python" in markdown


def test_formulas_and_emphasis_of_docstrings_stay():
    assert cards.prose(r"the *mean* $m_t$ and ``x_t``, m_hat") == r"the *mean* $m_t$ and <code>x_t</code>, m\_hat"


@pytest.mark.parametrize(("thing", "error", "message"), [
    *((thing, TypeError, "pass an optimizer") for thing in (3, None, int, lambda x: x, ol.Trajectory)),
    ("Adm", KeyError, "did you mean 'Adam'"),
])  # fmt: skip
def test_anything_else_is_refused(thing, error, message):
    with pytest.raises(error, match=message):
        ol.card(thing)


def test_settings_text_is_short_and_the_same_in_every_session():
    assert words.settings_text(ol.Adam()) == "Adam, lr 0.001"
    assert words.settings_text(ol.Adam(lr=0.1, beta1=0.5)) == "Adam, lr 0.1, beta1 0.5"
    assert words.settings_text(ol.Adam(lr=lambda t: 0.1)) == "Adam, lr a function of t"
    assert words.settings_text(ol.Adam(lr=np.geomspace(0.01, 1, 5))) == "Adam, lr 0.01 to 1 (5 values)"
    assert words.settings_text(ol.Adam(), {"beta1": 0.1, "beta2": 0.99999}) == "Adam, beta1 0.1, beta2 0.99999"

    class Schedule:
        def __call__(self, t):
            return 0.1

    assert words.settings_text(ol.Adam(lr=Schedule())) == "Adam, lr Schedule"


def test_the_bundle_is_markdown_and_plain_text():
    bundle = ol.card(ol.Adam)._repr_mimebundle_()
    assert set(bundle) == {"text/markdown", "text/plain"}
    assert bundle["text/plain"] == repr(ol.card(ol.Adam))
