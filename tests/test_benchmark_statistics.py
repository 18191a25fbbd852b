"""What a few runs allow to say: means, paired tests and places by hand; tables in which text stays text."""

import html
import math
import re

import numpy as np
import pytest
from scipy.special import stdtr

from optlib.benchmark.statistics import Difference, compare, measured, place_words, places, verdict
from optlib.pictures.table import Table

EVIL = '<script>alert(1)</script> a|b $x$ *b* `c` [d](javascript:1) \\(e\\) "f" & &lt;b&gt; g_h_i\n# j'


@pytest.mark.parametrize(("values", "numbers"), [
    ([0.6, 0.7, 0.8], (0.7, 0.1, 0.1 / math.sqrt(3), 3, "70.00 ± 10.00 %")), ([0.8], (0.8, None, None, 1, "80.00 %")),
])  # fmt: skip
def test_mean_deviation_and_error_by_hand_and_a_single_run_has_none(values, numbers):
    a = measured(values)
    assert (a.mean, a.deviation, a.error, a.runs, str(a)) == tuple(map(pytest.approx, numbers))


@pytest.mark.parametrize(("values", "unit", "words"), [
    ([202.6, 204.4], "nats", "203.50 ± 1.27 nats"), ([5.4], "", "5.40"), ([0.0123], "", "0.0123"), ([0.0], "", "0.00"),
    ([0.00012, 0.00013], "", "0.000125 ± 0.000007"), ([0.3, 0.1 + 0.2], "", "0.300 ± 0.000"),
])  # fmt: skip
def test_a_small_value_shows_its_first_digits(values, unit, words):
    assert str(measured(values, unit)) == words


@pytest.mark.parametrize("bad", [[], [[0.1]], [1.2], [-0.1], [math.nan], 0.5])
def test_what_is_no_list_of_shares_is_refused(bad):
    with pytest.raises(ValueError, match="measured: accuracies="):
        measured(bad)


# From the tables of Student's t: degrees of freedom -> t that is exceeded in 5 % and in 1 % of the cases.
TABLE = {1: (12.7062, 63.6567), 2: (4.30265, 9.92484), 3: (3.18245, 5.84091), 4: (2.77645, 4.60409),
         7: (2.36462, 3.49948), 10: (2.22814, 3.16927), 30: (2.04227, 2.75000)}  # fmt: skip


@pytest.mark.parametrize("degrees", TABLE)
def test_the_paired_test_is_that_of_the_tables(degrees):
    scatter = np.arange(degrees + 1.0)
    scatter = (scatter - scatter.mean()) / scatter.std(ddof=1) * math.sqrt(degrees + 1)  # a mean of t has error 1
    for t, p in zip(TABLE[degrees], (0.05, 0.01), strict=True):
        for sign in (1, -1):
            (difference,) = compare({"one": (seeded(*(scatter + sign * t)), seeded(*(0 * scatter)))}).values()
            assert difference.p == pytest.approx(p, rel=1e-4)


def test_a_p_value_far_in_the_tail_is_not_rounded_to_nothing():
    """1 - P would be 0, and all such differences would share one place in Holm's order."""
    (difference,) = compare({"one": (seeded(*(1 + 1e-9 * np.arange(10))), dict.fromkeys(range(10), 0.0))}).values()
    assert 0 < difference.p < 1e-50


def seeded(*values):
    return dict(enumerate(values))


def test_a_paired_test_by_hand():
    a, b = seeded(0.71, 0.82, 0.63, 0.94), seeded(0.70, 0.80, 0.60, 0.90)
    (difference,) = compare({"one": (a, b)}).values()
    # Differences of 1, 2, 3, 4 points: mean 2.5, deviation 1.291, error 0.6455, t 3.873 with 3 degrees of freedom.
    assert difference.mean == pytest.approx(0.025)
    assert difference.error == pytest.approx(0.006455, rel=1e-3)
    assert difference.p == pytest.approx(0.0305, rel=1e-2)
    assert difference.better is True
    assert compare({"one": (b, a)})["one"].better is False
    tiny = [{seed: 1e-13 * score for seed, score in scores.items()} for scores in (a, b)]  # a loss in other units
    assert compare({"one": tiny})["one"].p == pytest.approx(difference.p)


def test_holms_correction_by_hand():
    """Ordered p values of 0.0305, 0.25 and 0.8 are multiplied by 3, 2 and 1: alone the first would decide."""
    close = seeded(0.70, 0.80, 0.60, 0.90)
    pairs = {
        "clear": (seeded(0.71, 0.82, 0.63, 0.94), close), "near": (seeded(0.70, 0.81, 0.60, 0.95), close),
        "none": (seeded(0.71, 0.79, 0.61, 0.90), close),
    }  # fmt: skip
    alone = {key: compare({key: pair})[key].p for key, pair in pairs.items()}
    together = compare(pairs)
    assert alone["clear"] < 0.05 < alone["near"] < alone["none"]
    assert together["clear"].p == pytest.approx(3 * alone["clear"])
    assert together["near"].p == pytest.approx(2 * alone["near"])
    assert together["none"].p == pytest.approx(alone["none"])
    assert [each.better for each in together.values()] == [None, None, None]


def test_equal_rules_are_hardly_ever_told_apart():
    """Of 400 races of eight equal rules with five seeds, at most about 5 % separate any two."""
    rng = np.random.default_rng(0)
    separated = 0
    for _ in range(400):
        runs = {name: seeded(*(0.5 + 0.01 * rng.standard_normal(5))) for name in "abcdefgh"}
        separated += any(span != (1, 8) for span in places(runs).values())
    assert separated <= 32  # 20 are expected at most; 32 lies three deviations above


def test_seeds_are_paired_and_others_left_out():
    a, b = {0: 0.7, 1: 0.802, 5: 0.1}, {1: 0.7, 0: 0.6, 9: 0.9}
    difference = compare({"one": (a, b)})["one"]
    assert difference.mean == pytest.approx(0.101)
    assert difference.better is True  # 10 points at each seed
    assert compare({"one": ({0: 0.7}, {0: 0.1})})["one"].better is None, "one seed decides nothing"
    assert compare({"one": (a, a)})["one"].better is None
    low, high = {0: 0.703, 1: 0.710}, {0: 0.705, 1: 0.712}  # of 1,000 images: equal differences are no certainty
    assert compare({"one": (high, low)})["one"].p == pytest.approx(2 * stdtr(1, -(2**0.5) * 0.002 / 0.007))
    assert compare({"one": ({0: 0.803, 1: 0.810}, low)})["one"].better is True
    assert compare({"one": ({0: 1.0, 1: 1.0}, {0: 0.1, 1: 0.1})})["one"].p == 0  # no seed changes anything
    assert compare({}) == {}


def test_a_run_that_diverged_does_not_count_and_changes_no_other_comparison():
    clear = {0: 0.90, 1: 0.91, 2: 0.905, 3: 0.902}, {0: 0.80, 1: 0.812, 2: 0.806, 3: 0.801}
    lost = {0: -math.inf, 1: 0.5, 2: 0.6, 3: 0.5}, {0: 0.4, 1: 0.51, 2: 0.61, 3: 0.52}
    both = compare({"clear": clear, "lost": lost})
    assert compare({"lost": lost, "clear": clear}) == both
    assert both["clear"].p == pytest.approx(2 * compare({"clear": clear})["clear"].p)
    assert both["lost"].mean == pytest.approx(-0.04 / 3)
    with pytest.raises(ValueError, match="must be finite numbers, or -inf for a run that diverged"):
        compare({"one": ({0: math.nan, 1: 1.0}, {0: 1.0, 1: 2.0})})


def test_verdicts():
    up, down, open_ = (Difference(m, 0.1, 0.01, better) for m, better in ((1, True), (-1, False), (0, None)))
    assert [verdict(each) for each in ([up, up], [up, open_], [open_, down], [])] == [True, None, False, True]


def test_places_follow_from_the_pairs():
    tight = lambda mean: seeded(*(mean + 1e-4 * np.array([-2, -1, 0, 1, 2.5])))
    wide = lambda mean: seeded(*(mean + 0.05 * np.array([1, -1, 0.5, -0.7, 0.2])))
    spans = places({"low": tight(0.3), "high": tight(0.9), "middle": tight(0.6), "vague": wide(0.62)})
    assert list(spans) == ["high", "vague", "middle", "low"], "in the order of their means"
    assert spans == {"high": (1, 1), "vague": (2, 3), "middle": (2, 3), "low": (4, 4)}
    assert places({name: seeded(0.5, 0.5) for name in "abc"}) == dict.fromkeys("abc", (1, 3))
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
