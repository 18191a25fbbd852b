"""What several tasks allow one to say: average ranks, performance profiles, agreement of tasks.

All take a dict of task -> rule -> seed -> score, of which higher is better and -inf is a run that diverged.  Each rule
must have a score on each task, of the same seeds: nothing is filled in or left out without a word.

Few tasks say little.  With four tasks and eight rules Nemenyi's test separates two rules only where their average
ranks, from 1 to 8, lie 5.25 apart, and with two tasks it can separate none: 7.42 is more than the 7 that there are.
"""

import dataclasses
import itertools
import math
import operator

import numpy as np
from scipy import stats

from .. import checks
from . import rank_charts
from .statistics import LEVEL, counted

MOST = 8  # rules that are ranked together
LEAST = 7  # rules of which a correlation is asked; of fewer its interval is much too short
RESAMPLES = 5000
LARGEST = 700.0  # nats: the exponential of more is hardly a float
# Metric -> cost of a score; of others it is minus the score.
COSTS = {"accuracy": lambda score: 1 - score, "perplexity": lambda score: math.exp(min(-score, LARGEST))}


def averaged(who, scores, rules, tasks=1, least=1):
    """Mean scores over seeds: names of the tasks, of the rules, and an array (tasks, rules)."""
    checks.instance(who, "scores", scores, dict, "{'mnist': {'Adam': {0: 0.97, 1: 0.96}}}")
    if len(scores) < tasks:
        raise ValueError(f"{who}: scores of {list(scores)!r} were given; at least {counted(tasks, 'task')} must be")
    for task, each in scores.items():
        checks.instance(who, f"scores[{task!r}]", each, dict, "{'Adam': {0: 0.97, 1: 0.96}}")
    if rules is None:
        rules = list(dict.fromkeys(itertools.chain.from_iterable(scores.values())))
    are_names = isinstance(rules, (list, tuple)) and all(isinstance(rule, str) for rule in rules)
    if not are_names or len(set(rules)) < len(rules) or len(rules) < least:
        raise ValueError(f"{who}: rules={rules!r} must be a list of at least {least} different rules")
    for task, rule in itertools.product(scores, rules):
        runs = scores[task].get(rule)
        if not isinstance(runs, dict) or not runs:
            raise ValueError(
                f"{who}: scores[{task!r}][{rule!r}]={runs!r} must be a dict of seed -> score; take rules that have "
                "runs on every task, rules=[...]; a run that diverged has the score -inf"
            )
        for seed, score in runs.items():
            if score != -math.inf:
                checks.number(who, f"scores[{task!r}][{rule!r}][{seed!r}]", score)
    for task, each in scores.items():
        # The mean of a rule of which a run diverged is -inf, whatever its other seeds give.
        seeds = {rule: set(each[rule]) for rule in rules if -math.inf not in each[rule].values()}
        for (a, first), (b, second) in itertools.pairwise(seeds.items()):
            if first != second:
                raise ValueError(
                    f"{who}: scores[{task!r}] are of seeds {sorted(first)} for {a} and {sorted(second)} for {b}; they "
                    "must be the same, so complete the runs, or take other rules: rules=[...]"
                )
    means = [[_mean(scores[task][rule]) for rule in rules] for task in scores]
    return list(scores), list(rules), np.array(means)


def _mean(runs):
    """Rounded, so that the same sums of decimals, in whatever order, are ties."""
    return float(f"{math.fsum(runs.values()) / len(runs):.12g}")


# --- ranks -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Statistic:
    """A statistic, and how often rules that are equal would give one as large."""

    statistic: float
    p: float


@dataclasses.dataclass(frozen=True)
class Ranks:
    """Average ranks of rules over tasks, and what they decide.

    Whether any rules differ, Friedman's chi square, corrected for ties, tells with errors on the side of no difference;
    the F statistic that Iman and Davenport make of it has fewer of them, and decides here.
    """

    ranks: dict  # task -> rule -> rank: 1 is the best; equal rules share the mean of their places
    mean: dict  # rule -> average over the tasks, the best first
    friedman: Statistic
    iman_davenport: Statistic
    difference: float  # Nemenyi's critical one: average ranks at least so far apart are those of rules that differ
    level: float = LEVEL  # how often rules that are equal are told apart at most, all pairs together

    def better(self, a, b):
        """True where rule ``a`` is better than ``b``, False where it is worse, None where the ranks do not decide."""
        gap = self.mean[b] - self.mean[a]
        # Averages of ranks are multiples of 1 / (2 tasks): what is less apart is rounding.
        decided = self.iman_davenport.p <= self.level and abs(gap) >= self.difference - 1e-9
        return gap > 0 if decided else None

    def together(self):
        """Longest lists of rules, the best first, of which no two are told apart; a rule may be in two of them.

        It then belongs to neither: the ranks do not say to which (Demšar 2006, 3.2.2).
        """
        names, groups = list(self.mean), []
        for start, rule in enumerate(names):
            group = tuple(other for other in names[start:] if other == rule or self.better(rule, other) is None)
            if len(group) > 1 and (not groups or group[-1] not in groups[-1]):
                groups.append(group)
        return groups

    picture = rank_charts.critical_difference


def ranks(scores, rules=None, level=LEVEL):
    """`Ranks`: averages over tasks, Friedman's test, and Nemenyi's for each pair.

    Ranks are those of the mean over the seeds; a rule of which a run diverged stands last, beside others like it.
    The tests take tasks for a sample and know nothing of seeds.  Their approximations are made for many tasks (Demšar:
    more than ten, with more than five rules).  Friedman's p of four tasks that rank eight rules alike is 2e-4, the
    least that there is; chance alone would do so once in 7e13 cases.

    Parameters
    ----------
    scores : dict of task -> rule -> seed -> score, at least two tasks
        Higher is better; -inf is a run that diverged.
    rules : list of str, optional
        Three to eight; by default all.  More rules would make the critical difference larger for each pair.
    level : float

    Source: J. Demšar (2006), Statistical comparisons of classifiers over multiple data sets, Journal of Machine
    Learning Research 7, 1-30; R. L. Iman, J. M. Davenport (1980), Communications in Statistics A 9 (6), 571-595.
    """
    level = checks.number("ranks", "level", level, "(0, 1)")
    tasks, rules, means = averaged("ranks", scores, rules, tasks=2, least=3)
    if len(rules) > MOST:
        raise ValueError(
            f"ranks: {len(rules)} rules were given; at most {MOST} are ranked together, since each further one makes "
            f"the critical difference larger for all; name them: rules=[...], out of {', '.join(rules)}"
        )
    n, k = means.shape
    places = stats.rankdata(-means, axis=1)
    order = np.argsort(places.mean(axis=0), kind="stable")
    friedman, iman_davenport = _friedman(places)
    quantile = float(stats.studentized_range.ppf(1 - level, k, math.inf))
    return Ranks(
        ranks={task: dict(zip(rules, row.tolist(), strict=True)) for task, row in zip(tasks, places, strict=True)},
        mean={rules[i]: float(places[:, i].mean()) for i in order},
        friedman=friedman, iman_davenport=iman_davenport,
        difference=quantile * math.sqrt(k * (k + 1) / (12 * n)), level=level,
    )  # fmt: skip


def _friedman(places):
    """Friedman's test and that of Iman and Davenport, of ranks (tasks, rules)."""
    n, k = places.shape
    if (places == places[0, 0]).all():
        return Statistic(0.0, 1.0), Statistic(0.0, 1.0)
    chi, p = map(float, stats.friedmanchisquare(*places.T))
    left = n * (k - 1) - chi
    if left > 1e-9:
        f = (n - 1) * chi / left
        return Statistic(chi, p), Statistic(f, float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))))
    # All tasks rank alike: of all orders of the ranks of a task each is as likely.
    orders = math.factorial(k) / math.prod(map(math.factorial, np.unique(places[0], return_counts=True)[1].tolist()))
    return Statistic(chi, p), Statistic(math.inf, orders ** (1 - n))


# --- performance profiles ----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Profiles:
    """How often each rule comes how near to the best.

    Attributes
    ----------
    ratios : dict of rule -> dict of task -> float
        The rule's cost over the lowest of all rules on this task, at least 1; inf where a run diverged.
    """

    ratios: dict

    def share(self, rule, tau):
        """The share of the tasks on which the cost of the rule is at most ``tau`` times the lowest."""
        each = self.ratios[rule].values()
        return sum(ratio <= tau for ratio in each) / len(each)

    def picture(self, title=None):
        """A step curve for each rule, of at most eight rules."""
        if len(self.ratios) > MOST:
            raise ValueError(f"profiles: {len(self.ratios)} rules are too many curves; take {MOST}: rules=[...]")
        return rank_charts.profiles(self, title)


def profiles(scores, metrics, rules=None):
    """Performance `Profiles`: for each rule the share of tasks on which its cost is at most so many times the lowest.

    At 1 a profile shows how often the rule is the best, far to the right how often it trains at all.  In between the
    curves depend on which rules take part, and the order of two may change when a third is left out (Gould and Scott).

    Parameters
    ----------
    scores : dict of task -> rule -> seed -> score
        As in `ranks`.
    metrics : dict of task -> str
        Of "accuracy" (a share from 0 to 1) the cost is the error rate, 1 - score; of "perplexity" (the score is minus
        the loss in nats) the perplexity, exp(-score); of any other, such as "negative ELBO", minus the score.  Costs
        are averaged over the seeds and must be above 0, or there are no ratios.
    rules : list of str, optional

    Source: E. D. Dolan, J. J. Moré (2002), Benchmarking optimization software with performance profiles, Mathematical
    Programming 91, 201-213; N. Gould, J. Scott (2016), A note on performance profiles for benchmarking software, ACM
    Transactions on Mathematical Software 43 (2), 15.
    """
    tasks, rules, _ = averaged("profiles", scores, rules)
    checks.instance("profiles", "metrics", metrics, dict, "{'mnist': 'accuracy'}")
    missing = [task for task in tasks if not isinstance(metrics.get(task), str)]
    if missing:
        raise ValueError(f"profiles: metrics={metrics!r} must name the metric of {', '.join(map(repr, missing))}")
    ratios = {rule: {} for rule in rules}
    for task in tasks:
        costs = {rule: _mean_cost(task, metrics[task], rule, scores[task][rule]) for rule in rules}
        best = min(costs.values())
        for rule, cost in costs.items():
            ratios[rule][task] = math.inf if cost == math.inf else cost / best
    return Profiles(ratios)


def _mean_cost(task, metric, rule, runs):
    """Mean cost over the seeds, inf where one diverged."""
    if -math.inf in runs.values():
        return math.inf
    of = COSTS.get(metric, operator.neg)
    costs = {seed: of(score) for seed, score in runs.items()}
    for seed, cost in costs.items():
        if cost <= 0:
            raise ValueError(f"profiles: scores[{task!r}][{rule!r}][{seed!r}]={runs[seed]!r} of metric {metric!r} is a "
                             f"cost of {cost:.4g}; ratios need costs above 0")  # fmt: skip
    return _mean(costs)


# --- agreement of tasks ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Tau:
    """How far two tasks agree on the order of the rules."""

    value: float  # Kendall's tau-b: 1 for the same order, -1 for the reverse, 0 for none
    low: float  # of the 95 % interval over rules
    high: float
    p: float  # how often orders that have nothing to do with each other would agree or disagree as much

    @property
    def agree(self):
        """True where the interval lies above 0, False where it lies below, None where it holds 0."""
        if self.low > 0:
            return True
        return False if self.high < 0 else None


@dataclasses.dataclass(frozen=True)
class Taus:
    """`Tau` of each pair of tasks, a dict ``pairs``, over the ``rules``, a list of names."""

    pairs: dict
    rules: list

    picture = rank_charts.taus


def taus(scores, rules=None, resamples=RESAMPLES, seed=0):
    """`Taus`: Kendall's tau between each pair of tasks, over rules, with an interval.

    The interval is that of the bootstrap over rules, percentiles of tau-b of as many rules drawn with replacement:
    where tau may lie for other rules of the same kind.  It takes each rule's mean score as given and so leaves out what
    other seeds would change.  Of simulated normal scores of 7 to 33 rules it held the true tau in 93 to 98 % of the
    cases, of five rules in as few as 78 %.

    Parameters
    ----------
    scores : dict of task -> rule -> seed -> score, at least two tasks
        As in `ranks`.
    rules : list of str, optional
        At least seven; by default all.
    resamples : int, at least 100
    seed : int
        Decides what is drawn.

    Source: M. G. Kendall (1945), The treatment of ties in ranking problems, Biometrika 33 (3), 239-251.
    """
    resamples = checks.integer("taus", "resamples", resamples, least=100)
    tasks, rules, means = averaged("taus", scores, rules, tasks=2, least=LEAST)
    for task, row in zip(tasks, means, strict=True):
        if (row == row[0]).all():
            raise ValueError(f"taus: all rules have the same score on {task!r}, so that there is no order to compare")
    rng = np.random.default_rng(checks.integer("taus", "seed", seed))
    drawn = rng.integers(len(rules), size=(resamples, len(rules)))
    counts = (drawn[..., None] == np.arange(len(rules))).sum(axis=1)  # how often each resample has each rule
    places = stats.rankdata(means, axis=1)
    signs = np.sign(places[:, :, None] - places[:, None, :])
    # Twice the number of pairs of rules that are in order on both tasks, less those that are not; rules that are drawn
    # twice are ties on both tasks, which tau-b leaves out.
    over = lambda pairs: (counts @ pairs * counts).sum(axis=1)
    untied = [over(sign**2) for sign in signs]
    pairs = {}
    for a, b in itertools.combinations(range(len(tasks)), 2):
        value, p = map(float, stats.kendalltau(places[a], places[b]))
        defined = (untied[a] > 0) & (untied[b] > 0)
        drawn_taus = over(signs[a] * signs[b])[defined] / np.sqrt(untied[a] * untied[b])[defined]
        low, high = map(float, np.quantile(drawn_taus, (LEVEL / 2, 1 - LEVEL / 2)))
        pairs[tasks[a], tasks[b]] = Tau(value, low, high, p)
    return Taus(pairs, rules)
