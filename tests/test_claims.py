"""Claims: what is entered is what is shown, in each form, and hostile text stays text."""

import doctest
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import optlib as ol
from optlib.course import claims as module
from optlib.pictures import theme

EVIL = '<script>alert(1)</script> a|b $x$ *b* `c` [d](javascript:1) \\(e\\) "f" & g_h_i'


@pytest.fixture
def claims():
    claims = ol.Claims()
    claims.add("Nesterov overshoots", source="A", section="2", found="it does, by 0.31", holds=True)
    claims.add("Adam is best", source="B", section=3, found="Adam 808 steps, Nesterov 82", holds=np.False_)
    claims.add("AdaGrad is slow", source="B", section="3", found="118,320", holds=True, verdict="holds only untuned")
    return claims


def test_a_row_carries_all_that_was_entered(claims):
    assert claims.rows[1] == {
        "claim": "Adam is best", "source": "B", "section": "3", "found": "Adam 808 steps, Nesterov 82",
        "verdict": "does not hold", "holds": False,
    }  # fmt: skip
    assert [row["verdict"] for row in claims.rows] == ["holds", "does not hold", "holds only untuned"]
    assert len(claims) == 3
    assert type(claims.rows[1]["holds"]) is bool


def test_a_claim_may_stay_undecided():
    claims = ol.Claims()
    claims.add("A beats B", source="C", section="1", found="+0.6 ± 0.3 points; more seeds would decide", holds=None)
    claims.add("B beats C", source="C", section="1", found="-3 points", holds=False)
    assert [row["verdict"] for row in claims.rows] == ["undecided", "does not hold"]
    assert "2 claims tested: 1 does not hold, 1 undecided." in claims.html()


def test_one_line_is_printed_and_nothing_returned(capsys):
    assert ol.Claims().add("a\n claim", source="A", section="1", found=" 3  steps ", holds=False) is None
    assert capsys.readouterr().out == "claim: a claim -> does not hold: 3 steps\n"
    ol.Claims.note("loss", {0.25: np.array([1.5, np.inf]), 3: 2, "lower": [True, False, None]}, ".1f")
    assert capsys.readouterr().out == "loss: 1.5 inf at 0.25; 2.0 at 3; lower: yes no undecided\n"


def test_the_same_claim_of_the_same_source_is_replaced_where_it_stands(claims):
    claims.add("Nesterov overshoots", source="A", section="5", found="it does not", holds=False)
    assert [row["claim"] for row in claims.rows] == ["Nesterov overshoots", "Adam is best", "AdaGrad is slow"]
    assert claims.rows[0]["found"] == "it does not"
    assert claims.rows[0]["verdict"] == "does not hold"
    claims.add("Nesterov overshoots", source="another", section="5", found="it does", holds=True)
    assert len(claims) == 4


@pytest.mark.parametrize("holds", [1, 0, "yes", np.array([True, False]), 0.5], ids=str)
def test_what_is_no_bool_is_refused(holds):
    with pytest.raises(TypeError, match="add: holds=.* must be True or False"):
        ol.Claims().add("a", source="A", section="1", found="b", holds=holds)


@pytest.mark.parametrize("name", ["claim", "source", "section", "found", "verdict"])
def test_empty_and_wrong_texts_are_refused_by_name(name, capsys):
    good = {"claim": "a", "source": "A", "section": "1", "found": "b", "holds": True, "verdict": "c"}
    claims = ol.Claims()
    for text in ("", "  \n"):
        with pytest.raises(ValueError, match=f"add: {name} is empty"):
            claims.add(**{**good, name: text})
    with pytest.raises(TypeError, match=rf"add: {name}=3\.5 must be a text; "):
        claims.add(**{**good, name: 3.5})
    assert len(claims) == 0
    assert capsys.readouterr().out == ""


def test_the_html_is_a_real_table(claims):
    figure = ET.fromstring(claims.html())
    table = figure.find(".//table")
    assert figure.find("figcaption").text == "3 claims tested: 1 holds, 1 does not, 1 with a verdict of its own."
    assert [th.text for th in table.find("thead/tr")] == list(module.COLUMNS.values())
    assert {th.get("scope") for th in table.find("thead/tr")} == {"col"}
    rows = table.findall("tbody/tr")
    for row, entry in zip(rows, claims.rows, strict=True):
        assert ["".join(cell.itertext()) for cell in row] == [entry[key] for key in module.COLUMNS]
        assert row[0].tag == "th"
        assert row[0].get("scope") == "row"
    for row, color in zip(rows, [theme.GREEN, theme.VERMILLION, theme.ORANGE], strict=True):
        assert color in row[-1].get("style")


def test_markdown_has_one_line_for_each_claim(claims):
    lines = claims.markdown().splitlines()
    assert lines[0] == "3 claims tested: 1 holds, 1 does not, 1 with a verdict of its own."
    assert lines[2] == "| claim | who says so | tested in section | found | verdict |"
    assert lines[5] == "| Adam is best | B | 3 | Adam 808 steps, Nesterov 82 | does not hold |"
    assert len(lines) == 7


def test_text_fits_a_page_and_holds_every_word(claims):
    claims.add("long " * 40, source="C", section="4", found="w" * 50, holds=False)
    lines = repr(claims).splitlines()
    assert max(map(len, lines)) <= 118
    words = " ".join(lines).split()
    assert words.count("long") == 40
    assert sum(word.count("w") for word in words if set(word) == {"w"}) == 50
    for entry in claims.rows[:3]:
        assert set(" ".join(entry[key] for key in module.COLUMNS).split()) <= set(words)


def test_hostile_text_stays_text():
    claims = ol.Claims()
    claims.add(EVIL, source=EVIL, section=EVIL, found=EVIL, holds=True, verdict=EVIL)
    figure = ET.fromstring(claims.html())
    table = figure.find(".//table")
    assert ["".join(cell.itertext()) for cell in table.find("tbody/tr")] == [EVIL] * 5
    assert not list(table.iter("script"))
    assert "mathjax_ignore" in figure.get("class")
    last = claims.markdown().splitlines()[-1]
    assert last.count("|") == 6
    assert not set("<>$`*[]_\\") & set(last)


def test_hostile_text_through_the_markdown_of_nbconvert():
    markdown2html = pytest.importorskip("nbconvert.filters.markdown_mistune").markdown2html_mistune
    claims = ol.Claims()
    claims.add(EVIL, source="A", section="1", found="b", holds=True)
    shown = markdown2html(claims.markdown())
    body = ET.fromstring(shown[shown.index("<table") : shown.index("</table>") + 8])
    assert "".join(body.find("tbody/tr")[0].itertext()) == EVIL


def test_all_forms_are_shown_and_are_the_same_in_each_run(claims):
    again = ol.Claims()
    for row in claims.rows:
        again.add(**row)
    bundle = claims._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    assert bundle == again._repr_mimebundle_()
    assert bundle["text/plain"] == repr(claims)


def test_without_claims():
    assert set(ol.Claims()._repr_mimebundle_().values()) == {
        "No claim has been tested yet.", "<p>No claim has been tested yet.</p>",
    }  # fmt: skip


def test_the_example():
    assert doctest.testmod(module, extraglobs={"Claims": ol.Claims}).failed == 0
