"""What a few runs allow one to say: mean, uncertainty, and which places in a ranking are shared."""

import dataclasses
import math

from .. import checks


@dataclasses.dataclass(frozen=True)
class Measured:
    """The mean of some runs and how far it may be trusted.

    Attributes
    ----------
    mean : float
    deviation : float or None
        Sample standard deviation of the runs; None for a single one.
    spread : float
        The larger of that and of the standard error from the number of test images, sqrt(p (1 - p) / n).
    runs : int
    """

    mean: float
    deviation: float | None
    spread: float
    runs: int

    def __str__(self):
        band = "" if self.deviation is None else f" ± {100 * self.deviation:.2f}"
        return f"{100 * self.mean:.2f}{band} %"


def measured(accuracies, images):
    """`Measured` of accuracies (shares from 0 to 1), each on so many test images."""
    values = checks.vector("measured", "accuracies", accuracies, "[0, 1]")
    mean = float(values.mean())
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    return Measured(mean, deviation, max(deviation or 0.0, math.sqrt(mean * (1 - mean) / images)), len(values))


def places(results):
    """First and last place that each entry may hold, best first; entries whose bands overlap share places.

    Two entries differ where their means are further apart than the sum of their spreads.

    Parameters
    ----------
    results : dict of name -> Measured

    Returns
    -------
    dict of name -> (first, last)
    """
    names = sorted(results, key=lambda name: -results[name].mean)
    clearly = lambda a, b: results[a].mean - results[b].mean > results[a].spread + results[b].spread
    return {
        name: (1 + sum(clearly(other, name) for other in names), len(names) - sum(clearly(name, o) for o in names))
        for name in names
    }


def counted(n, what):
    """A number of things in words: "1 run", "2 runs"."""
    return f"{n} {what}{'s' * (n != 1)}"


def place_words(place):
    """A place, or the places that are shared: "1", "2-5"."""
    first, last = place
    return str(first) if first == last else f"{first}–{last}"
