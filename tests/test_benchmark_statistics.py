"""What a few runs allow to say: means and places by hand and by brute force; tables in which text stays text."""

import html
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlib.benchmark.statistics import Measured, measured, place_words, places
from optlib.pictures.table import Table

EVIL = '<script>alert(1)</script> a|b $x$ *b* `c` [d](javascript:1) \\(e\\) "f" & &lt;b&gt; g_h_i\n# j'


def test_mean_deviation_and_spread_by_hand():
    accuracy = measured([0.6, 0.7, 0.8], 100)
    assert accuracy.mean == pytest.approx(0.7)
    assert accuracy.deviation == pytest.approx(0.1)
    assert accuracy.spread == pytest.approx(0.1)  # of a hundred images: 0.046
    assert measured([0.6, 0.7, 0.8], 4).spread == pytest.approx(math.sqrt(0.7 * 0.3 / 4))
    assert str(accuracy) == "70.00 ± 10.00 %"
    assert accuracy.runs == 3


def test_a_single_run_has_no_deviation_but_an_uncertainty():
    accuracy = measured([0.8], 1000)
    assert (accuracy.deviation, str(accuracy)) == (None, "80.00 %")
    assert accuracy.spread == pytest.approx(math.sqrt(0.16 / 1000))


@pytest.mark.parametrize("bad", [[], [[0.1]], [1.2], [-0.1], [math.nan], 0.5])
def test_what_is_no_list_of_shares_is_refused(bad):
    with pytest.raises(ValueError, match="measured: accuracies="):
        measured(bad, 100)


entries = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.sampled_from([0.1, 0.2, 0.25, 0.5]), st.sampled_from([0.0, 0.03, 0.2])),
    min_size=1,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(entries)
def test_places_are_those_of_every_order_that_the_bands_allow(entries):
    """By brute force: above an entry stand those that are clearly better, and may stand those not clearly worse."""
    results = {name: Measured(mean, None, spread, 1) for name, (mean, spread) in entries.items()}
    spans = places(results)
    assert set(spans) == set(results)
    for name, me in results.items():
        others = [other for key, other in results.items() if key != name]
        better = [o for o in others if o.mean - me.mean > o.spread + me.spread]
        worse = [o for o in others if me.mean - o.mean > o.spread + me.spread]
        first, last = spans[name]
        assert first - 1 == len(better)
        assert last - 1 == len(others) - len(worse)
        assert 1 <= first <= last <= len(results)
    means = [results[name].mean for name in spans]
    assert means == sorted(means, reverse=True)


def test_equal_entries_share_all_places():
    assert places({name: Measured(0.5, None, 0.0, 1) for name in "abc"}) == dict.fromkeys("abc", (1, 3))
    assert (place_words((2, 2)), place_words((2, 5))) == ("2", "2–5")


def test_hostile_text_stays_text_in_html_and_markdown():
    table = Table(EVIL, ["rule", EVIL], [[EVIL, "1"], ["x", EVIL]])
    page = table.html()
    assert "<script" not in page
    assert html.escape(EVIL) in page
    assert re.sub(r"<[^>]*>", "", page).count("alert(1)") == 4
    text = table.markdown()
    lines = text.split("\n")
    assert len(lines) == 6
    assert all(line.count("|") == 3 for line in lines[2:])
    assert not re.search(r"[<>$`*\[\]\\_]", text)
    assert html.unescape(lines[0]) == " ".join(EVIL.split())
    bundle = table._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    assert Table("c", ["a", "bb"], [["x", "1"], ["yyy", "22"]]).__repr__() == (
        "c\n\na    bb\n-------\nx     1\nyyy  22"
    )
