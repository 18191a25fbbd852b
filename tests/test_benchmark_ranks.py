"""Statistics over several tasks: Demšar's tables and example, scipy, brute force over all cases, by hand."""

import itertools
import math

import numpy as np
import pytest
from picture_cases import *  # noqa: F403
from scipy import stats

from optlib.benchmark import budget, pairs, ranks
from optlib.benchmark.statistics import compare

TASKS = ["cifar10", "fashion_mnist", "novel", "mnist"]
RULES = ["Adam", "AdaMax", "GradientDescent", "Momentum", "AdaGrad", "AdaDelta", "RMSProp", "DemonMomentum"]


def scores_of(places):
    """One seed; the worse the place, the lower the score."""
    return {task: {rule: {0: -float(place)} for rule, place in row.items()} for task, row in places.items()}


def alike(tasks, rules):
    return scores_of({task: {rule: i for i, rule in enumerate(rules)} for task in tasks})


def noisy(seed=0, tasks=TASKS, rules=RULES, seeds=3):
    rng = np.random.default_rng(seed)
    level = {task: rng.standard_normal(len(rules)) for task in tasks}
    return {task: {rule: {s: float(0.7 + 0.03 * at + 0.004 * rng.standard_normal()) for s in range(seeds)}
                   for rule, at in zip(rules, level[task], strict=True)} for task in tasks}  # fmt: skip


# Demšar 2006, table 6: four variants of C4.5 on 14 data sets, by their ranks.
VARIANTS = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
DEMSAR = [(4, 3, 2, 1), (1, 2, 3, 4), (4, 1, 2, 3), (4, 1, 3, 2), (4, 2, 3, 1), (1, 2.5, 4, 2.5), (3, 2, 4, 1),
          (2.5, 2.5, 4, 1), (4, 3, 2, 1), (2.5, 2.5, 2.5, 2.5), (4, 2.5, 1, 2.5), (3, 2, 4, 1), (4, 1, 2, 3),
          (3, 1, 4, 2)]  # fmt: skip
C45 = scores_of({f"set {i}": dict(zip(VARIANTS, row, strict=True)) for i, row in enumerate(DEMSAR)})


# --- ranks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "printed"), [
    (0.05, (2.343, 2.569, 2.728, 2.850, 2.949, 3.031)), (0.10, (2.052, 2.291, 2.459, 2.589, 2.693, 2.780)),
])  # fmt: skip
def test_critical_values_are_those_that_demsar_prints(level, printed):
    """Table 5(a), of three to eight classifiers."""
    for k, q in enumerate(printed, start=3):
        difference = ranks.ranks(alike("ab", RULES[:k]), level=level).difference
        assert difference / math.sqrt(k * (k + 1) / 12) == pytest.approx(q, abs=1.1e-3), "he rounds twice"


def test_demsars_example():
    each = ranks.ranks(C45)
    printed = {"C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143}
    assert list(each.mean) == list(printed)
    assert each.mean == pytest.approx(printed, abs=5e-4)
    assert each.difference == pytest.approx(1.25, abs=0.005)
    # He prints 9.28 without the correction for ties: pairs add 6 each, the row of four 60, of 14 * 4 * 15.
    ties = 1 - (3 * 6 + 60) / (14 * 60)
    assert each.friedman.statistic == pytest.approx(9.28 / ties, abs=0.02)
    chi = each.friedman.statistic
    assert each.iman_davenport.statistic == pytest.approx(13 * chi / (14 * 3 - chi))
    assert each.iman_davenport.p == pytest.approx(stats.f.sf(each.iman_davenport.statistic, 3, 39))
    assert each.iman_davenport.p < 0.05
    assert each.together() == [tuple(printed)], "at 5 % even the best and the worst are not told apart"
    loose = ranks.ranks(C45, level=0.10)
    assert loose.difference == pytest.approx(1.12, abs=0.005)
    assert loose.together() == [("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5")]
    assert (loose.better("C4.5+m", "C4.5"), loose.better("C4.5", "C4.5+m")) == (True, False)
    assert loose.better("C4.5+cf", "C4.5") is None


def test_friedmans_test_is_that_of_scipy():
    scores = noisy()
    columns = [[np.mean([*scores[task][rule].values()]) for task in TASKS] for rule in RULES]
    each, expected = ranks.ranks(scores).friedman, stats.friedmanchisquare(*columns)
    assert (each.statistic, each.p) == pytest.approx((expected.statistic, expected.pvalue))


def test_of_two_tasks_the_statistics_are_functions_of_spearmans_correlation():
    rows = [(1, 2, 3, 4, 5, 6), (1, 2, 5, 3, 4, 6)]
    each = ranks.ranks(scores_of({i: dict(zip("abcdef", row, strict=True)) for i, row in enumerate(rows)}))
    rho = 1 - 6 * (4 + 1 + 1) / (6 * 35)
    assert each.friedman.statistic == pytest.approx(5 * (1 + rho))
    assert each.iman_davenport.statistic == pytest.approx((1 + rho) / (1 - rho))


def test_ranks_of_ties_diverged_runs_and_equal_rules():
    scores = {"a": {"x": {0: 0.9, 1: 0.8}, "y": {1: 0.9, 0: 0.8}, "z": {0: 0.99, 1: -math.inf}},
              "b": {"x": {0: 1.0}, "y": {0: 2.0}, "z": {0: 1.0}}}  # fmt: skip
    each = ranks.ranks(scores)
    assert each.ranks == {"a": {"x": 1.5, "y": 1.5, "z": 3.0}, "b": {"x": 2.5, "y": 1.0, "z": 2.5}}
    assert each.mean == {"y": 1.25, "x": 2.0, "z": 2.75}
    equal = ranks.ranks({task: {rule: {0: 0.5} for rule in "xyz"} for task in "ab"})
    assert (equal.friedman.p, equal.iman_davenport.p, equal.together()) == (1, 1, [("x", "y", "z")])


def test_few_tasks_say_little():
    """The figures of the module's text: four tasks, and two."""
    four = ranks.ranks(alike(TASKS, RULES))
    assert four.difference == pytest.approx(5.25, abs=0.005)
    assert four.friedman.p == pytest.approx(2.2e-4, rel=0.01)
    assert four.iman_davenport.p == pytest.approx(1 / 40320**3)
    assert [four.better(RULES[0], other) for other in RULES[1:]] == [None] * 5 + [True] * 2
    two = ranks.ranks(alike(TASKS[:2], RULES))
    assert two.difference == pytest.approx(7.42, abs=0.005)
    assert two.together() == [tuple(RULES)]
    assert "2 tasks can tell no two rules apart" in two.picture().description


def test_all_tasks_alike_with_ties_counts_the_orders_that_there_are():
    """Of ranks 1.5, 1.5, 3 there are three orders; two more tasks agree by chance once in nine."""
    scores = scores_of({task: {"x": 1, "y": 1, "z": 2} for task in "abc"})
    assert ranks.ranks(scores).iman_davenport.p == pytest.approx(1 / 9)


@pytest.mark.parametrize(("scores", "options", "message"), [
    (alike("ab", "abcdefghi"), {}, "9 rules were given; at most 8 .* rules="),
    (alike("ab", "ab"), {}, "at least 3 different rules"),
    (alike("ab", "abc"), {"rules": ["a", "b", "b"]}, "at least 3 different rules"),
    (alike("a", "abc"), {}, "at least 2 tasks"),
    (alike("ab", "abc"), {"rules": ["a", "b", "d"]}, r"scores\['a'\]\['d'\]=None .* -inf"),
    ({"a": {r: {0: 1.0} for r in "xyz"}, "b": {"x": {0: 1.0}, "y": {0: 2.0}}}, {}, r"scores\['b'\]\['z'\]=None"),
    ({task: {"x": {0: 1.0}, "y": {0: math.nan}, "z": {0: 1.0}} for task in "ab"}, {}, r"\['y'\]\[0\]=nan"),
    (alike("ab", "abc"), {"level": 0}, "level=0"),
    ([1, 2], {}, "scores="),
    ({"a": None, "b": None}, {}, r"scores\['a'\]=None must be a dict"),
    ({"a": "xyz", "b": "xyz"}, {"rules": ["x", "y", "z"]}, r"scores\['a'\]='xyz' must be a dict"),
    (alike("ab", "abc"), {"rules": "abc"}, "rules='abc' must be a list of at least 3"),
    (alike("ab", "abc"), {"rules": 3}, "rules=3 must be a list"),
    # One lucky seed against the mean of two.
    ({"a": {"x": {0: 1.0}, "y": {0: 1.0, 1: 0.0}, "z": {0: 1.0, 1: 0.0}}, "b": {r: {0: 1.0} for r in "xyz"}}, {},
     r"scores\['a'\] are of seeds \[0\] for x and \[0, 1\] for y; they must be the same"),
])  # fmt: skip
def test_what_cannot_be_ranked_is_refused_by_name(scores, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ranks.ranks(scores, **options)


# --- performance profiles ----------------------------------------------------------------------------------------


def test_profiles_by_hand():
    scores = {
        "images": {"x": {0: 0.9, 1: 0.9}, "y": {0: 0.8, 1: 0.7}, "z": {0: 0.9, 1: -math.inf}},
        "text": {"x": {0: -math.log(8)}, "y": {0: -math.log(4)}, "z": {0: -math.log(6)}},
        "digits": {"x": {0: -100.0}, "y": {0: -120.0}, "z": {0: -80.0}},
    }
    metrics = {"images": "accuracy", "text": "perplexity", "digits": "negative ELBO"}
    each = ranks.profiles(scores, metrics)
    expected = {"x": (1, 2, 1.25), "y": (2.5, 1, 1.5), "z": (math.inf, 1.5, 1)}
    assert {rule: (*by.values(),) for rule, by in each.ratios.items()} == {
        rule: pytest.approx(ratios) for rule, ratios in expected.items()
    }
    for rule, ratios in expected.items():
        for tau in (1, 1.2, 1.4, 1.6, 2.2, 1e9):
            assert each.share(rule, tau) == sum(ratio <= tau for ratio in ratios) / 3
    assert "z: steps at 1, 1.5 and diverged on 1." in each.picture().description


def test_a_task_on_which_all_diverged_is_reached_by_none():
    scores = {"a": {"x": {0: -math.inf}, "y": {0: -math.inf}}, "b": {"x": {0: 0.5}, "y": {0: 0.75}}}
    each = ranks.profiles(scores, dict.fromkeys("ab", "accuracy"))
    assert [each.share(rule, 1e9) for rule in "xy"] == [0.5, 0.5]


@pytest.mark.parametrize(("score", "metric", "message"), [
    (1.0, "accuracy", r"\['a'\]\['x'\]\[0\]=1.0 .* cost of 0; ratios"), (0.5, "nats", "cost of -0.5"),
    (0.5, None, "metrics=.* 'a'"),
])  # fmt: skip
def test_costs_without_ratio_are_refused(score, metric, message):
    with pytest.raises(ValueError, match=message):
        ranks.profiles({"a": {"x": {0: score}}}, {"a": metric})


# --- agreement of tasks ------------------------------------------------------------------------------------------


def test_tau_and_its_interval_are_those_of_scipy_resample_by_resample():
    scores, n = noisy(3), len(RULES)
    scores["mnist"]["Adam"], scores["novel"]["Adam"] = scores["mnist"]["AdaMax"], {0: -math.inf}
    each = ranks.taus(scores, resamples=100, seed=5)
    assert list(each.pairs) == list(itertools.combinations(TASKS, 2))
    means = {task: np.array([np.mean([*runs.values()]) for runs in scores[task].values()]) for task in TASKS}
    means["novel"][0] = -1e9
    drawn = np.random.default_rng(5).integers(n, size=(100, n))
    for (a, b), tau in each.pairs.items():
        expected = stats.kendalltau(means[a], means[b])
        assert (tau.value, tau.p) == pytest.approx((expected.statistic, expected.pvalue))
        resampled = [stats.kendalltau(means[a][rows], means[b][rows]).statistic for rows in drawn]
        assert (tau.low, tau.high) == pytest.approx(tuple(np.quantile(resampled, (0.025, 0.975))))
        assert tau.agree is (True if tau.low > 0 else False if tau.high < 0 else None)


def test_the_same_order_and_the_reverse():
    order = alike("ab", RULES)
    order["c"] = {rule: {0: -runs[0]} for rule, runs in order["a"].items()}
    each = ranks.taus(order).pairs
    assert (each["a", "b"].value, each["a", "c"].value) == pytest.approx((1, -1))
    assert (each["a", "b"].agree, each["a", "c"].agree) == (True, False)
    assert ranks.taus(order).pairs == each, "a fixed seed"


def test_correlations_of_too_few_or_equal_rules_are_refused():
    with pytest.raises(ValueError, match="at least 7 different rules"):
        ranks.taus(alike("ab", "abcdef"))
    with pytest.raises(ValueError, match="taus: seed=-1 must be"):
        ranks.taus(alike("ab", RULES), seed=-1)
    flat = alike("ab", RULES)
    flat["b"] = {rule: {0: 0.5} for rule in RULES}
    with pytest.raises(ValueError, match="all rules have the same score on 'b'"):
        ranks.taus(flat)


# --- wins, defaults ----------------------------------------------------------------------------------------------


def test_wins_are_what_paired_tests_find_on_each_task():
    scores = noisy(1, seeds=4)
    scores["mnist"]["Adam"][3] = -math.inf
    each = pairs.wins(scores)
    kept = {task: {rule: {s: v for s, v in runs.items() if v > -math.inf} for rule, runs in rules.items()}
            for task, rules in scores.items()}  # fmt: skip
    won, lost = dict.fromkeys(RULES, 0), dict.fromkeys(RULES, 0)
    for task in TASKS:
        found = compare({(a, b): (kept[task][a], kept[task][b]) for a, b in itertools.combinations(RULES, 2)})
        assert each.differences[task] == found
        for (a, b), difference in found.items():
            if difference.better is not None:
                first, second = (a, b) if difference.better else (b, a)
                won[first] += 1
                lost[second] += 1
    assert sum(won.values()) > 3
    assert each.counts == {rule: (won[rule], lost[rule], 28 - won[rule] - lost[rule]) for rule in RULES}
    assert [row[0] for row in each.table().rows] == sorted(RULES, key=lambda rule: (-won[rule], lost[rule]))


def test_better_on_every_task_has_three_answers():
    steady = lambda value: {seed: value + 1e-3 * seed for seed in range(3)}
    scores = {"a": {"x": steady(0.9), "y": steady(0.8), "z": steady(0.8)},
              "b": {"x": steady(0.9), "y": steady(0.8), "z": steady(0.95)}}  # fmt: skip
    each = pairs.wins(scores)
    pairs_asked = [("x", "y"), ("y", "x"), ("x", "z"), ("z", "x"), ("z", "y")]
    assert [each.better(*pair) for pair in pairs_asked] == [True, False, False, False, None]


def test_defaults_and_tuned_settings_are_of_the_same_seeds():
    tuned = {"t": {"x": {0: 0.5, 1: 0.5}, "y": {0: 0.5, 1: 0.6}}}
    default = {"t": {rule: {seed + 2: score for seed, score in runs.items()} for rule, runs in tuned["t"].items()}}
    with pytest.raises(ValueError, match=r"x on t has seeds \[2, 3\] at its default rate and \[0, 1\] tuned"):
        pairs.default_vs_tuned(default, tuned)


def test_defaults_against_tuned_settings_pair_by_pair():
    default, tuned = noisy(5), noisy(6)
    default["novel"]["Adam"] = tuned["novel"]["Adam"] = {0: -math.inf, 1: -math.inf}
    default["novel"]["AdaMax"] = tuned["novel"]["AdaMax"]
    each = pairs.default_vs_tuned(default, tuned)
    mean = lambda runs: np.mean([*runs.values()])
    for task in TASKS:
        asked = list(itertools.permutations(RULES, 2))
        above = [mean(default[task][a]) > mean(tuned[task][b]) for a, b in asked]
        finite = lambda runs: {seed: value for seed, value in runs.items() if value > -math.inf}
        found = [d.better for d in compare({
            (a, b): (finite(default[task][a]), finite(tuned[task][b])) for a, b in asked
        }).values()]  # fmt: skip
        own = [mean(default[task][rule]) >= mean(tuned[task][rule]) for rule in RULES]
        row = each.tasks[task]
        assert (row.pairs, row.above, row.own) == (56, pytest.approx(np.mean(above)), pytest.approx(np.mean(own)))
        assert (row.won, row.lost) == pytest.approx((found.count(True) / 56, found.count(False) / 56))
    assert each.all.pairs == 4 * 56
    assert each.all.above == pytest.approx(np.mean([row.above for row in each.tasks.values()]))
    assert [row[0] for row in each.table().rows] == [*TASKS, "all tasks"]


def test_equal_means_are_neither_above_nor_below():
    scores = {"a": {"x": {0: 0.879, 1: 0.832, 2: 0.868}, "y": {0: 0.89, 1: 0.877, 2: 0.812}}}  # but for rounding
    row = pairs.default_vs_tuned(scores, scores).all
    assert (row.above, row.equal, row.won, row.lost, row.own) == (0, 1, 0, 0, 1)
    assert ranks.profiles(scores, {"a": "accuracy"}).ratios == {"x": {"a": 1.0}, "y": {"a": 1.0}}
    with pytest.raises(ValueError, match="default has tasks"):
        pairs.default_vs_tuned({"b": scores["a"]}, scores)


# --- tuning budgets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("higher", [True, False])
def test_the_expected_best_is_that_of_all_sets_of_trials(higher):
    rng = np.random.default_rng(2)
    validation, test = rng.random(6), rng.random(6)
    validation[4] = validation[1]  # of equal trials each may be taken
    each = budget.budget({"x": validation}, {"x": test}, higher=higher)
    best = max if higher else min
    for k in range(1, 7):
        values, tests = [], []
        for chosen in itertools.combinations(range(6), k):
            top = best(validation[i] for i in chosen)
            values.append(top)
            tests.append(np.mean([test[i] for i in chosen if validation[i] == top]))
        assert each.validation["x"][k - 1] == pytest.approx(np.mean(values))
        assert each.test["x"][k - 1] == pytest.approx(np.mean(tests))


def test_trials_that_diverged():
    lost = [0.5, math.nan, math.inf, 0.7]
    each = budget.budget({"x": lost}).validation["x"]
    assert list(each[:2]) == [-math.inf, -math.inf], "two trials may both have diverged"
    assert list(each[2:]) == pytest.approx([0.65, 0.7])
    assert list(budget.budget({"x": lost}, higher=False).validation["x"][:2]) == [math.inf, math.inf]
    picture = budget.budget({"x": lost, "y": 2 * [math.nan]}).picture()
    assert all(words in picture.description for words in (" x: from 0.65 at 3", " y: all trials diverged."))
    guessing = budget.budget({"x": lost}, diverged=0.1).validation["x"]
    assert list(guessing) == pytest.approx([0.35, (3 * 0.7 + 2 * 0.5 + 0.1) / 6, 0.65, 0.7])


def test_who_leads_and_where_curves_cross():
    """One good rate among bad ones against rates that are all fair: few trials favor the second, many the first."""
    each = budget.budget({"narrow": [0.1, 0.1, 0.1, 0.9], "broad": [0.5, 0.5, 0.5, 0.5, 0.6]})
    assert list(each.validation["narrow"]) == pytest.approx([0.3, 0.5, 0.7, 0.9])
    assert each.leaders() == [("broad", 1, 2), ("narrow", 3, 4)]
    assert each.crossings() == {("narrow", "broad"): [3]}
    assert "Crossings: narrow and broad at 3." in each.picture(metric="accuracy").description
    flat = budget.budget({"a": [0.5, 0.5], "b": [0.5, 0.5]})
    assert (flat.leaders(), flat.crossings()) == ([("a", 1, 2)], {})
    with pytest.raises(ValueError, match="which='test' needs"):
        each.leaders("test")


@pytest.mark.parametrize(("options", "message"), [
    ({"validation": {}}, "at least one rule"), ({"validation": {"x": []}}, r"validation\['x'\]"),
    ({"validation": {"x": ["a"]}}, r"validation\['x'\]"), ({"validation": [0.5]}, "validation="),
    ({"validation": {"x": [0.5]}, "test": {"x": [0.5, 0.6]}}, "each of their trials"),
    ({"validation": {"x": [0.5]}, "higher": 1}, "higher=1"),
    ({"validation": {"x": [math.nan]}}, "all trials diverged"),
    ({"validation": dict.fromkeys("abcdefghi", [0.5, 0.6])}, "9 rules are too many curves"),
])  # fmt: skip
def test_what_is_no_budget_is_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        budget.budget(**options).picture()


# --- pictures ----------------------------------------------------------------------------------------------------


METRICS = dict.fromkeys(TASKS, "accuracy")
PICTURES = {
    "ranks": lambda: ranks.ranks(noisy()).picture(),
    "ranks of two tasks": lambda: ranks.ranks(alike(TASKS[:2], RULES)).picture(),
    "profiles": lambda: ranks.profiles(noisy(), METRICS).picture(),
    "taus": lambda: ranks.taus(noisy(), resamples=100).picture(),
}


def test_rules_have_the_colors_that_they_have_in_the_other_picture():
    """The order of the ranks does not decide: AdaMax before Adam would take its color."""
    scores = noisy()
    marks = [line for line in ranks.ranks(scores).picture().axes.lines if line.get_marker() not in ("None", "")]
    by_rank = dict(zip(ranks.ranks(scores).mean, [line.get_color() for line in marks], strict=True))
    curves = {line.get_label(): line.get_color() for line in ranks.profiles(scores, METRICS).picture().axes.lines
              if line.get_label() in RULES}  # fmt: skip
    assert by_rank == curves
    assert len(set(curves.values())) == len(RULES)


def test_profiles_that_coincide_are_drawn_apart():
    same = {task: {rule: {0: 0.5} for rule in RULES} for task in TASKS}
    picture = ranks.profiles(same, METRICS).picture()
    heights = [line.get_ydata()[-1] for line in picture.axes.lines if line.get_label() in RULES]
    assert min(-np.diff(heights)) > 0.005
    assert max(abs(np.array(heights) - 1)) < 1 / 8, "nearer to their own share than to the next"


def test_nine_curves_are_too_many():
    with pytest.raises(ValueError, match="9 rules are too many curves"):
        ranks.profiles(noisy(rules=[*"abcdefghi"]), METRICS).picture()
