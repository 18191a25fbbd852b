"""What runs of the same seeds decide between two rules, task by task: wins, and defaults against tuned settings."""

import dataclasses
import itertools
import math

import numpy as np

from ..pictures.table import Table
from .ranks import averaged
from .statistics import compare, verdict


@dataclasses.dataclass(frozen=True)
class Wins:
    """Which rule is better than which on which task.

    Attributes
    ----------
    differences : dict of task -> dict of (a, b) -> Difference of rule a above b
    counts : dict of rule -> (wins, losses, undecided)
        Comparisons with all other rules on all tasks; most wins first, then fewest losses.
    """

    differences: dict
    counts: dict

    def better(self, a, b):
        """`verdict` over the tasks: True where ``a`` wins on every one, False where it loses on one, else None."""
        return verdict([_difference(pairs, a, b) for pairs in self.differences.values()])

    def table(self):
        """Every rule with its wins, losses and comparisons that are undecided."""
        rows = [[rule, *map(str, counts)] for rule, counts in self.counts.items()]
        caption = (
            f"Each rule against every other on {', '.join(self.differences)}. A win is a difference that a paired t "
            "test over seeds finds, with Holm's correction within each task."
        )
        return Table(caption, ["rule", "wins", "losses", "undecided"], rows)


def wins(scores, rules=None):
    """The `Wins` of each rule: for each other one and each task, whether runs of the same seeds tell them apart.

    The tests are those of `places`: all pairs of a task together err in 5 % of the cases at most.  Runs that diverged
    are left out, and fewer than two seeds in common decide nothing.

    Parameters
    ----------
    scores : dict of task -> rule -> seed -> score
        As in `ranks`.
    rules : list of str, optional
    """
    tasks, rules, _ = averaged("wins", scores, rules, least=2)
    duels = [*itertools.combinations(rules, 2)]
    differences = {task: compare({(a, b): (scores[task][a], scores[task][b]) for a, b in duels}) for task in tasks}
    better = {rule: [] for rule in rules}
    for pairs, (a, b) in itertools.product(differences.values(), itertools.permutations(rules, 2)):
        better[a].append(_difference(pairs, a, b).better)
    counts = {rule: (each.count(True), each.count(False), each.count(None)) for rule, each in better.items()}
    return Wins(differences, dict(sorted(counts.items(), key=lambda row: (-row[1][0], row[1][1]))))


def _difference(pairs, a, b):
    """The difference of a above b, from that or its reverse, whichever was compared."""
    if (a, b) in pairs:
        return pairs[a, b]
    reverse = pairs[b, a]
    better = None if reverse.better is None else not reverse.better
    return dataclasses.replace(reverse, mean=-reverse.mean, better=better)


@dataclasses.dataclass(frozen=True)
class Shares:
    """How defaults do against tuned settings, on one task or on all.

    Attributes
    ----------
    pairs : int
        One rule at its default, another one tuned.
    above, equal : float
        Shares of these pairs in which the mean score of the default is higher, and the same.
    won, lost : float
        Shares in which a paired test finds the default better, and worse; the rest is undecided.
    own : float
        Share of the rules whose default is at least as good as their own tuned setting, by mean scores.
    """

    pairs: int
    above: float
    equal: float
    won: float
    lost: float
    own: float


@dataclasses.dataclass(frozen=True)
class Defaults:
    """`Shares` of each task, a dict ``tasks``, and of ``all`` together, over the ``rules``, a list of names."""

    tasks: dict
    all: Shares
    rules: list

    def table(self):
        """Every task, and all together."""
        percent = lambda share: f"{100 * share:.0f} %"
        rows = [
            [task, str(row.pairs), percent(row.above), percent(row.equal), percent(row.won), percent(row.lost),
             percent(max(0.0, 1 - row.won - row.lost)), percent(row.own)]
            for task, row in (self.tasks | {"all tasks": self.all}).items()
        ]  # fmt: skip
        caption = (
            f"One of {len(self.rules)} rules at its default rate against another one tuned. Better and worse are found "
            "by a paired t test over seeds, with Holm's correction within each task; higher and equal are mean scores. "
            "Last: rules whose default is at least as good as their own tuned setting."
        )
        columns = ["task", "pairs", "default higher", "equal", "default better", "default worse", "undecided",
                   "own default holds"]  # fmt: skip
        return Table(caption, columns, rows)


def default_vs_tuned(default, tuned, rules=None):
    """`Defaults`: how often a rule at its default beats another one that was tuned, and its own tuned setting.

    Parameters
    ----------
    default, tuned : dict of task -> rule -> seed -> score
        Scores of the same tasks, as in `ranks`.
    rules : list of str, optional
        By default all of ``tuned``.

    Source: R. M. Schmidt, F. Schneider, P. Hennig (2021), Descending through a crowded valley: benchmarking deep
    learning optimizers, International Conference on Machine Learning, arXiv:2007.01547.
    """
    tasks, rules, best = averaged("default_vs_tuned", tuned, rules, least=2)
    if not isinstance(default, dict) or set(default) != set(tasks):
        raise ValueError(f"default_vs_tuned: default has tasks {list(default)!r}; tuned has {tasks!r}")
    _, _, plain = averaged("default_vs_tuned", {task: default[task] for task in tasks}, rules)
    for task, rule in itertools.product(tasks, rules):
        runs = default[task][rule], tuned[task][rule]
        at_default, at_best = map(sorted, runs)
        if at_default != at_best and not any(-math.inf in scores.values() for scores in runs):
            raise ValueError(f"default_vs_tuned: {rule} on {task} has seeds {at_default} at its default rate and "
                             f"{at_best} tuned; they must be the same, so complete the runs")  # fmt: skip
    rows, others = {}, ~np.eye(len(rules), dtype=bool)
    for task, plain_means, best_means in zip(tasks, plain, best, strict=True):
        pairs = {(a, b): (default[task][a], tuned[task][b]) for a, b in itertools.permutations(rules, 2)}
        better = [difference.better for difference in compare(pairs).values()]
        rows[task] = Shares(
            pairs=len(pairs),
            above=float(np.greater.outer(plain_means, best_means)[others].mean()),
            equal=float(np.equal.outer(plain_means, best_means)[others].mean()),
            won=better.count(True) / len(pairs), lost=better.count(False) / len(pairs),
            own=float((plain_means >= best_means).mean()),
        )  # fmt: skip
    # Every task has as many pairs, so the share of all is the mean of the shares.
    mean = {field.name: math.fsum(getattr(row, field.name) for row in rows.values()) / len(rows)
            for field in dataclasses.fields(Shares)}  # fmt: skip
    return Defaults(rows, Shares(**mean | {"pairs": sum(row.pairs for row in rows.values())}), rules)
