"""The record of a minimization: points, values, and how it ended."""

import dataclasses

import numpy as np

from .functions import Function
from .optimizers.base import Optimizer

LOST = 1e3  # above so many times its value at the start a run counts as diverged, though it is finite
CRITERIA = ("step", "value", "gradient")  # the reasons to stop that `minimize` takes a tolerance for


@dataclasses.dataclass(repr=False, eq=False)
class Trajectory:
    """The path of a minimization; of many at once where starts or hyper-parameters came as arrays.

    Attributes
    ----------
    x : array (steps + 1, ..., d)
        The points, the start first.  A path that has ended stays where it was.
    f : array (steps + 1, ...)
        The values there; like ``x`` always finite.
    ended_at : int; integer array (...) for a batch
        How many steps were made: ``steps``, or fewer where a criterion was met or the path diverged.
    stopped_by : str; array (...) of str for a batch
        "step", "value" or "gradient" (the criterion that was met), "diverged" (the next point or its value
        was infinite or NaN), or "steps" (all were made).
    rule : Optimizer, as it was before the first step
    function : Function
    """

    x: np.ndarray
    f: np.ndarray
    ended_at: object
    stopped_by: object
    rule: Optimizer
    function: Function

    @property
    def steps(self):
        """Number of steps asked for."""
        return len(self.x) - 1

    @property
    def start(self):
        """First point, shape (..., d)."""
        return self.x[0]

    @property
    def end(self):
        """Last point, shape (..., d)."""
        return self.x[-1]

    @property
    def diverged(self):
        """Whether the path left the finite numbers: bool, or a bool array for a batch."""
        diverged = np.asarray(self.stopped_by) == "diverged"
        return diverged if diverged.ndim else bool(diverged)

    @property
    def worst_late(self):
        """Highest value of the last tenth, the score of a run, since its end may be a dip; NaN where it diverged."""
        worst = np.where(self.diverged, np.nan, self.f[-late_steps(self.steps) :].max(axis=0))
        return worst if worst.ndim else float(worst)

    @property
    def converged_at(self):
        """Step at which a criterion of ``tol`` was met: int or None; for a batch an array with -1 for none."""
        met = np.isin(self.stopped_by, CRITERIA)
        if met.ndim:
            return np.where(met, self.ended_at, -1)
        return self.ended_at if met else None

    def __repr__(self):
        what = f"{self.rule!r} on {self.function.name}"
        if np.ndim(self.ended_at):
            kinds, counts = np.unique(self.stopped_by, return_counts=True)
            ends = ", ".join(f"{n} stopped by {k}" for k, n in zip(kinds, counts, strict=True))
            return f"<{np.size(self.ended_at)} paths of {what}: {ends}>"
        where = ", ".join(f"{v:.4g}" for v in self.end)
        return f"<{what}: {self.ended_at} steps to ({where}), f = {self.f[-1]:.4g}, stopped by {self.stopped_by}>"


def late_steps(steps):
    """How many steps at the end of a run are its last tenth."""
    return max(1, steps // 10)


def lost(values, start):
    """Which values are so far above that at the start (above 1 if it is 0) that a run counts as diverging, or NaN."""
    scale = abs(float(start))
    return ~(np.asarray(values) <= LOST * (1.0 if scale <= 1e-15 else scale))
