"""Schedules that read how the run goes: the loss, or the norm of the gradient."""

import dataclasses

import numpy as np

from .base import Schedule, check_fall, integer, number


@dataclasses.dataclass(eq=False, repr=False)
class OnPlateau(Schedule):
    r"""Multiplied by ``factor`` where the loss has not fallen for more than ``patience`` steps.

    $$s_t = f\, s_{t-1} \quad\text{if the last } p + 1 \text{ losses are all}\quad
      \ge (1 - \theta)\, b, \qquad s_t = s_{t-1} \quad\text{else}$$

    b, at first infinite, becomes each loss below $(1-\theta)\,b$.  A fall sets the count to 0, for ``cooldown`` steps.

    Parameters
    ----------
    value : float or array
        Value until the first plateau.
    threshold : float in [0, 1)
        Relative decrease of the loss, theta, that counts as one.
    least : float from 0 to ``value``
        It never falls below this number.

    Source: as torch's ReduceLROnPlateau in mode "min", fed with the loss at each point, the start included; torch
    also leaves the value as it is where it would change by 1e-8 or less.
    """

    value: float = number("(0, inf)")
    factor: float = number("(0, 1)", 0.1)
    patience: int = integer("[0, inf)", 10)
    threshold: float = number("[0, 1)", 1e-4)
    cooldown: int = integer("[0, inf)", 0)
    least: float = number("[0, inf)", 0.0)

    reads = "loss"

    def __post_init__(self):
        super().__post_init__()
        check_fall(self, "least")

    def reset(self):
        self._now, self._best, self._bad, self._rest = self.value, float("inf"), 0, 0
        return self

    def __call__(self, t, loss):
        loss = _numpy(loss)
        better = loss < self._best * (1 - self.threshold)
        self._best = np.where(better, loss, self._best)
        self._bad = np.where(better | (self._rest > 0), 0, self._bad + 1)
        self._rest = np.maximum(self._rest - 1, 0)
        fall = self._bad > self.patience
        self._now = np.where(fall, np.maximum(self._now * self.factor, self.least), self._now)
        self._bad = np.where(fall, 0, self._bad)
        self._rest = np.where(fall, self.cooldown, self._rest)
        return _plain(self._now)


@dataclasses.dataclass(eq=False, repr=False)
class ByGradientNorm(Schedule):
    r"""Falls with the gradients that were seen, so that steep slopes make it careful (AdaGrad-Norm).

    $$s_t = \frac{\eta}{\sqrt{b_0^2 + \sum_{i \le t} \lVert g_i \rVert^2}}$$

    One number for all coordinates; `optlib.AdaGrad` has one for each.  The gradient of the step itself is in the
    sum.

    Parameters
    ----------
    value : float or array, eta
    b0 : float, at least 0
        With 0 the first step has length eta.

    Source: R. Ward, X. Wu, L. Bottou (2019), AdaGrad stepsizes: Sharp convergence over nonconvex landscapes, ICML,
    Algorithm 1.  arXiv:1806.01811
    """

    value: float = number("(0, inf)")
    b0: float = number("[0, inf)", 0.1)

    reads = "gradient_norm"

    def reset(self):
        self._seen = self.b0**2
        return self

    def __call__(self, t, norm):
        self._seen = self._seen + _numpy(norm) ** 2
        b = np.sqrt(self._seen)
        return _plain(self.value / np.where(b > 0, b, 1.0))  # b is 0 while all gradients were: nothing moves


def _numpy(value):
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype=float)


def _plain(value):
    return value if value.ndim else float(value)
