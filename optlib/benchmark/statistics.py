"""What a few runs allow one to say: means, differences seed by seed, and which places in a ranking are shared."""

import dataclasses
import itertools
import math

import numpy as np
from scipy.special import stdtr

from .. import checks

LEVEL = 0.05  # how often at most rules that are equal may be told apart, in all comparisons together


@dataclasses.dataclass(frozen=True)
class Measured:
    """The mean of some runs.

    Attributes
    ----------
    mean : float
    deviation : float or None
        Sample standard deviation of the runs: how far one of them lies from the mean.  None for a single one.
    error : float or None
        Standard error, deviation / sqrt(runs): how far the mean may lie from that of very many runs.
    runs : int
    unit : str
        Shares are written in "%".
    """

    mean: float
    deviation: float | None
    error: float | None
    runs: int
    unit: str = "%"

    def __str__(self):
        scale, digits = 100 if self.unit == "%" else 1, 2
        deviation = self.deviation or 0.0
        least = deviation if deviation > 1e-9 * abs(self.mean) else abs(self.mean) / 100  # below is rounding
        if self.unit != "%" and least:
            digits = max(digits, -math.floor(math.log10(least)))
        band = "" if self.deviation is None else f" ± {scale * deviation:.{digits}f}"
        return f"{scale * self.mean:.{digits}f}{band} {self.unit}".rstrip()


def measured(values, unit=None):
    """`Measured` of accuracies, shares from 0 to 1; where a unit is given, of any values, of which "%" are shares."""
    values = checks.vector("measured", *(("accuracies", values, "[0, 1]") if unit is None else ("values", values)))
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    error = None if deviation is None else deviation / math.sqrt(len(values))
    return Measured(float(values.mean()), deviation, error, len(values), "%" if unit is None else unit)


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far one list of runs lies above another, of the same seeds.

    Attributes
    ----------
    mean : float
    error : float
        Standard error of the mean difference.
    p : float
        How often equal rules would lie as far apart, corrected for the number of comparisons (Holm).
    better : bool or None
        True and False where the test decides, None where it does not.
    """

    mean: float
    error: float
    p: float
    better: bool | None


def compare(pairs):
    """Paired t tests, corrected for their number so that all together err in 5 % of the cases at most.

    Runs of one seed have the same first weights, order of images and test images, so their differences scatter less
    than they do.

    Parameters
    ----------
    pairs : dict of key -> (a, b)
        Two dicts of seed -> accuracy each, -inf for a run that diverged, whose seed does not count.  Fewer than two
        seeds in common decide nothing.  Where all differences are equal, the smallest difference between two
        seeds of one rule takes the place of their standard deviation.

    Returns
    -------
    dict of key -> `Difference` of a above b

    Source: S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics
    6 (2), 65-70.
    """
    tests = {key: _paired(a, b) for key, (a, b) in pairs.items()}
    corrected, largest = {}, 0.0
    for rank, (key, (_, _, p)) in enumerate(sorted(tests.items(), key=lambda row: row[1][2])):
        largest = max(largest, min(1.0, (len(tests) - rank) * p))
        corrected[key] = largest
    return {
        key: Difference(mean, error, corrected[key], mean > 0 if corrected[key] <= LEVEL else None)
        for key, (mean, error, _) in tests.items()
    }


def verdict(differences):
    """True where each difference is above 0, False where one is below, None where the runs do not decide."""
    better = [difference.better for difference in differences]
    if False in better:
        return False
    return None if None in better else True


def _paired(a, b):
    """Mean difference of the seeds that both have, its standard error, and p of a paired t test."""
    seeds = sorted(seed for seed in a.keys() & b.keys() if -math.inf not in (a[seed], b[seed]))
    if len(seeds) < 2:
        return math.nan, math.nan, 1.0
    differences = np.array([a[seed] - b[seed] for seed in seeds])
    if not np.isfinite(differences).all():
        raise ValueError(f"compare: the scores {a} and {b} must be finite numbers, or -inf for a run that diverged")
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    of_rule = [[scores[seed] for seed in seeds] for scores in (a, b)]
    tiny = 1e-12 * max(map(abs, of_rule[0] + of_rule[1]))
    if deviation <= tiny:  # shares of few images are coarse: the least step between two seeds takes its place
        steps = [abs(x - y) for scores in of_rule for x, y in itertools.combinations(scores, 2)]
        deviation = min((step for step in steps if step > tiny), default=0.0)
    error = deviation / math.sqrt(len(seeds))
    if not error:  # no seed changes anything
        return mean, error, 0.0 if abs(mean) > tiny else 1.0
    return mean, error, 2 * float(stdtr(len(seeds) - 1, -abs(mean) / error))  # Student's t, both sides


def places(results):
    """First and last place that each entry may hold, best first, as a dict of name -> (first, last).

    ``results`` is a dict of name -> dict of seed -> accuracy.  Entries that the test does not separate share places.
    """
    mean = {name: sum(runs.values()) / len(runs) for name, runs in results.items()}
    names = sorted(results, key=lambda name: -mean[name])
    above = compare({pair: tuple(results[name] for name in pair) for pair in itertools.combinations(names, 2)})
    better = {pair if each.better else pair[::-1] for pair, each in above.items() if each.better is not None}
    return {
        name: (1 + sum(pair[1] == name for pair in better), len(names) - sum(pair[0] == name for pair in better))
        for name in names
    }


def counted(n, what):
    """A number of things in words: "1 run", "2 runs"."""
    return f"{n} {what}{'s' * (n != 1)}"


def place_words(place):
    """A place, or the places that are shared: "1", "2-5"."""
    first, last = place
    return str(first) if first == last else f"{first}–{last}"
