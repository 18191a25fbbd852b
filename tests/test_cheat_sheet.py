"""The cheat sheet: every rule is on it, in every form, and hostile text stays text."""

import re
import xml.etree.ElementTree as ET

import pytest

import optlib as ol
from optlib.course import cards, formula
from optlib.course.entries import formula_lines

RULES = list(ol.OPTIMIZERS.values())
SVG = "{http://www.w3.org/2000/svg}"
EVIL = '<script>alert(1)</script> a|b `c` & "d" [e](javascript:1)'


@pytest.fixture(scope="module")
def sheet():
    return ol.cheat_sheet()


class Bare(ol.optimizers.Optimizer):
    def update(self, x, g):
        return x


class Evil(ol.optimizers.Optimizer):
    r"""<img src=x onerror=alert(1)>

    Formula:
        $$x < y > \begin{bmatrix} | <script> \end{bmatrix}$$
        $$|x| < 1$$

    Source:
        <script>alert(1)</script> a|b & (2020), "B" https://a.example/"onclick=alert(1).

    Memory:
        <b>none</b> | `x`

    When:
        <script>alert(1)</script> a|b, $|x| < 1$, costs 5 $ & more [e](javascript:1)
    """

    lr: float = ol.hyper(1.0, r"a|<b>", "(0, inf)", doc="<script>")

    def update(self, x, g):
        return x


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_complete_entry(rule, sheet):
    entry = next(entry for entry in sheet.entries if entry.name == rule.__name__)
    assert entry.formula == formula_lines(cards.sections(rule)["Formula"]) != ()
    assert 1700 <= entry.year <= 2030
    assert f"({entry.year})" in entry.paper
    assert re.fullmatch(r"[A-Z][a-zé]+(, [A-Z][a-z]+){0,2}( et al\.)?", entry.authors)
    assert len(entry.paper) > 30
    assert "  " not in entry.paper
    assert re.fullmatch(r"\d+|\$n\$", entry.count)
    assert [name for name, *_ in entry.hypers] == list(rule.hypers)
    assert 40 <= len(entry.when) <= 170
    assert entry.when.endswith(".")
    assert not entry.when.startswith("When")  # it stands below that word


def test_years_and_papers_are_those_of_the_first_reference(sheet):
    entries = {entry.name: entry for entry in sheet.entries}
    assert list(entries) == list(ol.OPTIMIZERS)
    years = {"GradientDescent": 1847, "Momentum": 1964, "Nesterov": 1983, "Adam": 2015, "AdamW": 2019, "Newton": 1740}
    assert {name: entries[name].year for name in years} == years
    assert entries["Adam"].link == "https://arxiv.org/abs/1412.6980"
    assert entries["RMSProp"].link == ""  # the number in its docstring is that of the second paper
    assert entries["Nadam"].link == "https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ"
    assert [entries[name].link_text for name in ("Adam", "Nadam", "RMSProp")] == [
        "arXiv:1412.6980", "openreview.net", "",
    ]  # fmt: skip
    assert entries["RAdam"].authors == "Liu et al."
    assert entries["AdaGrad"].authors == "Duchi, Hazan, Singer"
    assert entries["GeneticAlgorithm"].count == "$n$"


def test_one_letter_for_one_thing(sheet):
    symbols = {}
    for rule in RULES:
        for name, about in rule.hypers.items():
            symbols.setdefault(name, set()).add(about.symbol)
    assert [name for name, letters in symbols.items() if len(letters) > 1] == []
    assert symbols["lr"] == {r"\eta"}
    for entry in sheet.entries:
        last = entry.formula[-1][-1] if entry.name not in ("ASGD", "YellowFin") else ""
        assert "t+1}" not in last.replace(r"\mu_{t+1}", ""), "every step goes from t-1 to t"
        steps = [part for line in entry.formula for part in line if re.match(r"x_\{?t\}? = ", part)]
        assert len(steps) == 1, entry.name


def test_rules_are_classes_instances_or_names():
    for rules in (["Adam", ol.Momentum], [ol.Adam(lr=0.1), ol.Momentum]):
        assert [entry.name for entry in ol.cheat_sheet(rules).entries] == ["Adam", "Momentum"]
    assert [entry.name for entry in ol.cheat_sheet("Adam").entries] == ["Adam"]
    assert [entry.name for entry in ol.cheat_sheet(ol.Adam).entries] == ["Adam"]


@pytest.mark.parametrize(("rules", "error", "message"), [
    *((rules, TypeError, "cheat_sheet: rule=.* must be an optimizer") for rules in ([3], [None], [int], ["Adam", len])),
    (["Adm"], KeyError, "did you mean 'Adam'"), ([], ValueError, "rules is empty"),
])  # fmt: skip
def test_what_is_no_rule_is_refused(rules, error, message):
    with pytest.raises(error, match=message):
        ol.cheat_sheet(rules)


def test_markdown_has_a_row_of_three_cells_for_each_rule(sheet):
    rows = [line for line in sheet.markdown().splitlines() if line.startswith("| **")]
    assert [re.match(r"\| \*\*(\w+)\*\*", row)[1] for row in rows] == list(ol.OPTIMIZERS)
    assert {row.count("|") for row in rows} == {4}
    assert all(row.count("$") % 2 == 0 for row in rows)
    assert r"$\displaystyle x_t = x_{t-1} - \eta\, v_t$" in rows[1]
    assert "<code>beta=0.9</code>" in rows[1]


def test_markdown_survives_nbconvert(sheet):
    to_html = pytest.importorskip("nbconvert.filters.markdown_mistune").markdown2html_mistune
    shown = to_html(sheet.markdown())
    table = shown[shown.index("<table>") : shown.index("</table>") + 8]
    table = ET.fromstring(table.replace("&emsp;", " ").replace("<br>", "<br/>"))
    rows = table.findall("tbody/tr")
    assert [len(row) for row in rows] == [3] * len(RULES)
    for row, entry in zip(rows, ol.cheat_sheet().entries, strict=True):
        text = "".join(row.itertext())
        for part in (part for line in entry.formula for part in line):
            wanted = part.replace("|", r"\vert ").replace("<", r"\lt ").replace(">", r"\gt ")
            assert wanted in text


def test_text_has_the_latex_of_each_formula(sheet):
    text = repr(sheet)
    formulas = {f"    {'    '.join(line)}" for entry in sheet.entries for line in entry.formula}
    assert {f"{entry.name} ({entry.year})" for entry in sheet.entries} | formulas <= set(text.splitlines())
    assert max(len(line) for line in text.splitlines() if line not in formulas) <= 100
    assert not set("$`") & set(text)


def test_the_bundle_is_markdown_and_text(sheet):
    bundle = sheet._repr_mimebundle_()
    assert set(bundle) == {"text/markdown", "text/plain"}
    assert bundle["text/plain"] == repr(sheet)


@pytest.fixture(scope="module")
def element(sheet):
    # As a browser reads it: SVG has a namespace of its own there without saying so.
    return ET.fromstring(sheet.html().replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def test_the_html_is_a_table_with_headers(element, sheet):
    table = element.find(".//table")
    assert len(table.findall("thead/tr/th[@scope='col']")) == 4
    names = ["".join(th.itertext()) for th in table.findall("tbody/tr/th[@scope='row']")]
    assert names == [f"{entry.name}{entry.authors} {entry.year}" for entry in sheet.entries]
    assert {len(row) for row in table.findall("tbody/tr")} == {4}


def test_every_formula_is_drawn_and_has_its_latex_as_text(element, sheet):
    labels = [svg.get("aria-label") for svg in element.iter(f"{SVG}svg") if svg.get("role") == "img"]
    for entry in sheet.entries:
        for part in (part for line in entry.formula for part in line):
            assert part in labels
    ids = [path.get("id") for path in element.iter(f"{SVG}path")]
    assert len(set(ids)) == len(ids)
    assert {use.get("href") for use in element.iter(f"{SVG}use")} == {f"#{key}" for key in ids}


def test_the_html_fetches_nothing(element, sheet):
    assert not re.search(r"""(?:src|@import|url\()""", sheet.html())
    links = [a.get("href") for a in element.iter("a")]
    assert len(links) >= 10
    assert all(link.startswith("https://") for link in links)


def test_what_is_missing_is_a_dash():
    bare = ol.cheat_sheet([Bare])
    entry = bare.entries[0]
    assert entry.formula == entry.hypers == ()
    assert entry.memory == entry.paper == entry.when == entry.authors == ""
    assert entry.year is None
    assert bare.markdown().splitlines()[-1].count("–") == 6
    assert repr(bare).count("–") == 6
    row = ET.fromstring(bare.html()).find(".//tbody/tr")
    assert "".join(row.itertext()).count("–") == 7  # the memory stands there twice, for the screen and for paper


def test_hostile_text_stays_text():
    evil = ol.cheat_sheet([Evil])
    page = ET.fromstring(evil.html())
    assert [tag for tag in ("script", "img", "b") if page.find(f".//{tag}") is not None] == []
    assert "<script>alert(1)</script> a|b" in "".join(page.itertext())
    assert all(not name.startswith("on") for tag in page.iter() for name in tag.attrib)
    row = evil.markdown().splitlines()[-1]
    assert row.count("|") == 4
    assert not re.search(r"<(?!/?(?:code|br|small)>|https://)", row)
    assert r"\[e](javascript:1)" in row
    assert EVIL[:25] in repr(evil)


def test_references_in_other_words():
    def read(source):
        cls = type("Own", (Evil,), {"__doc__": f"Own.\n\n    Source:\n        {source}\n    ", "update": Evil.update})
        return ol.cheat_sheet([cls]).entries[0]

    assert read("my own idea, 2026").year == 2026
    assert read("my own idea, 2026").paper == "my own idea, 2026"
    assert read("my own idea").year is None
    assert read("J.-P. van der Berg, É. Žák (1999), On x, J 1 (2), 3-4.").authors == "van der Berg, Žák"
    assert read("A. B (2001), C, 12345-23456; D. E (2010), F. arXiv:1001.00001").link == ""
    assert read("A. B (2001), C. arXiv:0101.0001; D. E (2010), F.").link == "https://arxiv.org/abs/0101.0001"


def test_lines_and_their_parts():
    section = "$$a = b \\qquad\n  c$$\n$$d$$ and $e$"
    assert formula_lines(section) == (("a = b", "c"), ("d",))


def test_matplotlib_draws_every_formula_of_the_course(sheet):
    for part in (part for entry in sheet.entries for line in entry.formula for part in line):
        assert formula.mathtext(part), part


def test_what_matplotlib_cannot_draw_is_shown_as_latex():
    shapes = {}
    code = r"\begin{bmatrix} <b> \end{bmatrix}"
    assert formula.svg(code, shapes) == r"<code>\begin{bmatrix} &lt;b&gt; \end{bmatrix}</code>"
    assert formula.svg("{$}", shapes) == "<code>{$}</code>"
    assert shapes == {}


def test_rows_of_cases_begin_at_the_same_place():
    string = formula.mathtext(r"\begin{cases} a & b \\ long + longer & c \end{cases}")
    rows = [r"a \quad b", r"long + longer \quad c"]
    widths = [formula.extent(f"${row}$")[0] for row in rows]
    fill = float(string.partition(r"a \quad b\hspace{")[2].partition("}")[0])
    assert fill * formula.extent(r"$\hspace{1}$")[0] == pytest.approx(widths[1] - widths[0], abs=2e-3)
    assert formula.mathtext(r"\begin{cases} a & b \\ c & d \\ e & f \end{cases}")
    assert formula.mathtext(r"\begin{cases} \underbrace{a}_{b} & b \\ c & d \end{cases}") is None  # it stays LaTeX


def test_the_size_of_a_formula_grows_with_what_it_holds():
    small, tall = (formula.extent(formula.mathtext(code)) for code in ("x", r"\frac{x}{y}"))
    assert tall[1] > 1.3 * small[1]
    assert formula.extent("$xx$")[0] == pytest.approx(2 * small[0], rel=0.05)
