"""What a tuning budget is worth: the expected best of so many trials."""

import dataclasses
import itertools
import math

import numpy as np

from .. import checks
from . import rank_charts
from .ranks import MOST


@dataclasses.dataclass(frozen=True)
class Budget:
    """What is expected of the best of so many trials, for several rules.

    Attributes
    ----------
    validation : dict of rule -> array (trials,)
        Entry k - 1: the expected best of k trials drawn from all that were recorded, each at most once.  Infinite
        where all of these k trials may have diverged.
    test : dict of rule -> array (trials,)
        The expected result on the test set of the trial that is best in validation; empty where it is not known.
    higher : bool
        Whether more is better.
    """

    validation: dict
    test: dict
    higher: bool

    def leaders(self, which="validation"):
        """Who leads up to the shortest curve's end: list of (rule, first number of trials, last)."""
        curves = self._curves(which)
        rows = []
        for k in range(1, min(map(len, curves.values())) + 1):
            values = {rule: curve[k - 1] for rule, curve in curves.items() if np.isfinite(curve[k - 1])}
            if not values:
                continue
            best = (max if self.higher else min)(values.values())
            leading = [rule for rule, value in values.items() if math.isclose(value, best, rel_tol=1e-12)]
            if rows and rows[-1][0] in leading:
                leader, first, _ = rows[-1]
                rows[-1] = leader, first, k
            else:
                rows.append((leading[0], k, k))
        return rows

    def crossings(self, which="validation"):
        """Where two curves cross: dict of (rule, rule) -> numbers of trials from which the other one leads."""
        rows = {}
        for (a, first), (b, second) in itertools.combinations(self._curves(which).items(), 2):
            above, changes = None, []  # whether the first curve lies above the second
            for k, (one, other) in enumerate(zip(first, second, strict=False), start=1):
                if not (np.isfinite(one) or np.isfinite(other)) or math.isclose(one, other, rel_tol=1e-12):
                    continue
                if above not in (None, one > other):
                    changes.append(k)
                above = one > other
            if changes:
                rows[a, b] = changes
        return rows

    def picture(self, which="validation", metric="score", title=None):
        """The curves of at most eight rules; ``metric`` names what the values are."""
        if len(self.validation) > MOST:
            raise ValueError(f"budget: {len(self.validation)} rules are too many curves; give at most {MOST}")
        return rank_charts.budget(self, self._curves(which), which, metric, title)

    def _curves(self, which):
        checks.choice("budget", "which", which, ("validation", "test"))
        curves = getattr(self, which)
        if not curves:
            raise ValueError("budget: which='test' needs the test results of all trials, and none were given")
        return curves


def budget(validation, test=None, *, higher=True, diverged=None):
    """A `Budget`, the expected best of k trials for each k, exactly: all sets of k recorded trials are equally likely.

    Drawing each trial at most once makes this the estimate without bias (Tang et al. 2020) of what Dodge et al. (2019)
    compute with replacement.  The order of two rules may depend on k: which rule is best is a question about budgets.
    It depends on the trials as well.  A wider grid has more bad ones, and trials that a protocol added where the best
    lay at an end are drawn like any other, so compare rules whose grids are of one kind (Choi et al. 2019).

    Parameters
    ----------
    validation : dict of rule -> values of its trials (n,)
        NaN or infinity is a trial that diverged.
    test : dict of rule -> values (n,), optional
        What the same trials reach on the test set.
    higher : bool
        Whether more is better, also of the test.
    diverged : float, optional
        What a trial that diverged counts as, such as the accuracy of guessing.  Unless given, the expected value is
        infinite, and not drawn, up to as many trials as diverged.

    Source: J. Dodge et al. (2019), Show your work: improved reporting of experimental results, arXiv:1909.03004;
    R. Tang et al. (2020), Showing your work doesn't always work, arXiv:2004.13705; D. Choi et al. (2019), On empirical
    comparisons of optimizers for deep learning, arXiv:1910.05446.
    """
    higher = checks.flag("budget", "higher", higher)
    sign = 1.0 if higher else -1.0
    lost = -math.inf if diverged is None else sign * checks.number("budget", "diverged", diverged)
    scores = _trials("validation", validation, sign, lost)
    tests = {} if test is None else _trials("test", test, sign, lost)
    count = lambda trials: {rule: len(values) for rule, values in trials.items()}
    if test is not None and count(scores) != count(tests):
        raise ValueError("budget: test must have the rules of validation, and a value for each of their trials")
    return Budget({rule: sign * _expected(each, each) for rule, each in scores.items()},
                  {rule: sign * _expected(scores[rule], each) for rule, each in tests.items()}, higher)  # fmt: skip


def _trials(name, values, sign, lost):
    """Scores of which higher is better; ``lost`` where a trial diverged."""
    checks.instance("budget", name, values, dict, "{'Adam': [0.91, 0.93, 0.88]}")
    scores = {}
    for rule, each in values.items():
        each = np.asarray(each)
        if each.ndim != 1 or not len(each) or each.dtype.kind not in "fiu":
            raise ValueError(f"budget: {name}[{rule!r}]={each!r} must be numbers (n,), at least one")
        scores[rule] = np.where(np.isfinite(each), sign * each, lost)
    if not scores:
        raise ValueError(f"budget: {name}={values!r} must have at least one rule")
    return scores


def _expected(scores, values):
    """The expected value of the trial whose score is the highest of k, for each k from 1 to n: an array (n,)."""
    n = len(scores)
    # Trials of one score are equally likely to be taken.
    values = np.array([values[scores == score].mean() for score in np.sort(scores)])
    # How many of the sets of k trials have the i-th lowest as their highest.
    sets = [[math.comb(i, k - 1) / math.comb(n, k) for i in range(n)] for k in range(1, n + 1)]
    return np.array([math.fsum(p * value for p, value in zip(row, values, strict=True) if p) for row in sets])
