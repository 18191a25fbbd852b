"""Schedules: hyper-parameters as functions of t, the number of steps already made.

``s(0)`` is the value for the first step.  A schedule stands wherever a rule takes a number:

>>> import optlib as ol
>>> opt = ol.Adam(lr=ol.schedules.WarmUp(5) * ol.schedules.Cosine(0.1, steps=100))

Schedules are multiplied and added, by numbers and by each other, and follow each other with `Schedule.then`.
The first argument of each but `WarmUp` may be an array, so that a batch of settings has schedules too; ``t`` may be an
array of steps, so that a schedule can be drawn.  Two of them, `OnPlateau` and `ByGradientNorm`, read how the run goes.
"""

from .. import checks
from ..arrays import cos, maximum, minimum, pi, sqrt, where
from .base import Schedule, check_fall, integer, number, schedule
from .feedback import ByGradientNorm, OnPlateau

__all__ = [
    "WSD", "ByGradientNorm", "Constant", "Cosine", "Demon", "Exponential", "InverseTime", "LinearToZero", "OnPlateau",
    "OneCycle", "Polynomial", "Rewarm", "Schedule", "Step", "WarmUp", "demon",
]
COOLDOWNS = ("1-sqrt", "linear", "cosine", "1-square")


def demon(beta, t, steps):
    r"""The momentum after ``t`` of ``steps`` steps, of a rule whose first step has ``beta``, in [0, 1): see `Demon`.

    $$\beta_t = \beta\, \frac{1 - t/T}{(1-\beta) + \beta\,(1 - t/T)}$$

    Source: that of `Demon`.
    """
    left = maximum(1 - t / steps, 0.0)
    return beta * left / ((1 - beta) + beta * left)


# --- functions of t ------------------------------------------------------------------------------------------


@schedule
class Constant(Schedule):
    r"""The same value at every step: $$s(t) = s_0$$"""

    value: float = number("(-inf, inf)")

    def __call__(self, t):
        return self.value + 0.0 * t


@schedule
class InverseTime(Schedule):
    r"""Falls like a power of 1/t.

    $$s(t) = \frac{s_0}{(1 + r\,t)^p}$$

    With p = 1 the sum of all values is infinite and the sum of their squares is finite: the condition under which
    stochastic steps reach the minimum in spite of their noise.  rate=1, power=0.5 is the 1/sqrt(t) of many proofs.

    Parameters
    ----------
    value : value of the first step
    rate : r >= 0, how soon it falls
    power : p >= 0

    Source: H. Robbins, S. Monro (1951), A Stochastic Approximation Method, Annals of Mathematical Statistics 22,
    400-407.  torch has it as LambdaLR only.
    """

    value: float = number("(-inf, inf)")
    rate: float = number("[0, inf)", 1.0)
    power: float = number("[0, inf)", 1.0)

    def __call__(self, t):
        return self.value / (1 + self.rate * t) ** self.power


@schedule
class Step(Schedule):
    r"""A staircase: multiplied by ``factor`` after every ``every`` steps.

    $$s(t) = s_0\, f^{\lfloor t / n \rfloor}$$

    Source: the schedule of K. He, X. Zhang, S. Ren, J. Sun (2016), Deep Residual Learning for Image Recognition,
    CVPR, which divides by 10.  Equal to torch's StepLR.
    """

    value: float = number("(-inf, inf)")
    every: int = integer("[1, inf)")
    factor: float = number("(0, inf)", 0.1)

    def __call__(self, t):
        return self.value * _power(self.factor, t // self.every)


@schedule
class Exponential(Schedule):
    r"""Multiplied by ``factor`` at every step.

    $$s(t) = s_0\, f^{\,t}$$

    A factor above 1 makes the learning-rate range test: raise the rate until the loss explodes.

    Source: the range test is from L. N. Smith (2017), Cyclical Learning Rates for Training Neural Networks, WACV.
    Equal to torch's ExponentialLR.
    """

    value: float = number("(-inf, inf)")
    factor: float = number("(0, inf)")

    def __call__(self, t):
        return self.value * _power(self.factor, t)


@schedule
class Polynomial(Schedule):
    r"""Falls to ``end`` at t = ``steps`` like a power of the time that is left, and stays there.

    $$s(t) = s_T + (s_0 - s_T) \left(1 - \frac{\min(t, T)}{T}\right)^p$$

    power=1 is a straight line.

    Source: L.-C. Chen et al. (2018), DeepLab, IEEE Transactions on Pattern Analysis and Machine Intelligence 40 (4),
    section 4.1 ("poly").  Equal to torch's PolynomialLR, which has no ``end``.
    """

    value: float = number("(-inf, inf)")
    steps: int = integer("[1, inf)")
    power: float = number("(0, inf)", 1.0)
    end: float = number("(-inf, inf)", 0.0)

    def __call__(self, t):
        return self.end + (self.value - self.end) * (1 - minimum(t / self.steps, 1.0)) ** self.power


@schedule
class Cosine(Schedule):
    r"""Half a cosine wave: slow at first, fast in the middle, slow again towards ``end`` at t = ``steps``.

    $$s(t) = s_T + (s_0 - s_T)\, \frac{1 + \cos(\pi \min(t, T) / T)}{2}$$

    Source: I. Loshchilov, F. Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR, equation 5.
    arXiv:1608.03983.  Equal to torch's CosineAnnealingLR up to t = T; there torch's climbs back, this one stays.
    """

    value: float = number("(-inf, inf)")
    steps: int = integer("[1, inf)")
    end: float = number("(-inf, inf)", 0.0)

    def __call__(self, t):
        return _glide(self.value, self.end, minimum(t / self.steps, 1.0))


@schedule
class LinearToZero(Schedule):
    r"""A straight line to 0 at t = ``steps``: the last step, t = T - 1, is the shortest.

    $$s(t) = s_0 \left(1 - \frac{\min(t, T)}{T}\right)$$

    For subgradient steps on a convex function that is nowhere steeper than G, from a start at distance D of a minimum,
    it is the best schedule there is: with $s_0 = D\,T / (G\,(T + 1)^{3/2})$ the last point is at most
    $D\,G / \sqrt{T + 1}$ above the minimum, and no rates can promise less.  `optlib.theory.linear_to_zero_settings`
    has that value, `optlib.theory.last_iterate_bound` the proof and the bound for any other schedule.

    Source: M. Zamani, F. Glineur (2023), Exact convergence rate of the last iterate in subgradient methods.
    arXiv:2307.11134; A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko (2023), Optimal Linear Decay Learning Rate
    Schedules and Further Refinements.  arXiv:2310.07831.  Equal to torch's PolynomialLR with power 1, and to
    `Polynomial` with its defaults.
    """

    value: float = number("(-inf, inf)")
    steps: int = integer("[1, inf)")

    def __call__(self, t):
        return self.value * maximum(1 - t / self.steps, 0.0)


@schedule
class WSD(Schedule):
    r"""Warm-up, stable, decay: a climb, a long way at the full value, and a cool-down at the end.

    $$s(t) = \min\!\left(1, \frac{t + 1}{w}\right) \bigl(s_T + (s_0 - s_T)\, c(u)\bigr) \qquad
      u = \min\!\left(1, \max\!\left(0, \frac{t - (T - d)}{d}\right)\right)$$

    $$c(u) = 1 - \sqrt u \qquad 1 - u \qquad \tfrac12 (1 + \cos \pi u) \qquad 1 - u^2$$

    The length of the run need not be known until the cool-down begins: a run that goes on is one with a larger
    ``steps``, and both share all steps before.

    Parameters
    ----------
    value : float or array
        The rate of the stable part.
    steps : int
        All steps T together; from t = T on it is ``end``.
    decay : int, at least 1
        Length d of the cool-down.
    warmup : int, at least 0
        Length w of the climb, as of `WarmUp`; 0 leaves it out.
    cooldown : "1-sqrt", "linear", "cosine" or "1-square"
        The form c of the cool-down.
    end : number, at most ``value``

    Source: S. Hu and others (2024), MiniCPM.  arXiv:2404.06395 (its own cool-down is exponential); these
    cool-downs: A. Hägele and others (2024), Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations.
    arXiv:2405.18392.  Equal to pytorch-optimizer's get_wsd_schedule (4.1.0) but for two things: that climbs by t / w,
    so that its first step is 0 and it is one step late until the peak; and with min_lr_ratio above 0 only its cosine
    goes there, while the other three fall towards 0 and jump up at the end.
    """

    value: float = number("(-inf, inf)")
    steps: int = integer("[1, inf)")
    decay: int = integer("[1, inf)")
    warmup: int = integer("[0, inf)", 0)
    cooldown: str = "1-sqrt"
    end: float = number("(-inf, inf)", 0.0)

    def __post_init__(self):
        super().__post_init__()
        checks.choice("WSD", "cooldown", self.cooldown, COOLDOWNS)
        _check_room("WSD", self.steps, warmup=self.warmup, decay=self.decay)
        check_fall(self)

    def __call__(self, t):
        u = minimum(maximum((t - float(self.steps - self.decay)) / self.decay, 0.0), 1.0)  # t may be unsigned
        if self.cooldown == "cosine":
            falling = _glide(self.value, self.end, u)
        else:
            u = sqrt(u) if self.cooldown == "1-sqrt" else u**2 if self.cooldown == "1-square" else u
            falling = self.end + (self.value - self.end) * (1 - u)
        return _climb(t, self.warmup) * falling


@schedule
class Rewarm(Schedule):
    r"""Rounds: each climbs anew in a straight line from ``end`` to ``value`` and falls back by half a cosine wave.

    $$s = s_T + (s_0 - s_T)\, \min\!\left(1, \frac{u + 1}{r}\right)
      \frac{1 + \cos(\pi \max(u - r, 0) / (T_i - r))}{2} \qquad T_i = T m^i$$

    u counts the steps of round i, from 0 to T_i - 1.  To train a finished model further, on new data, its rate has to
    climb again: ``WSD(0.1, 1000, decay=200, end=0.01).then(Rewarm(0.1, 500, rise=50, end=0.01), after=1000)``.

    Parameters
    ----------
    value : float or array
    steps : int, at least 1
        Length T of the first round.
    rise : int, at least 0 and below ``steps``
        Steps r that climb.  With 0 each round begins at ``value``: a warm restart.
    growth : int, at least 1
        Factor m from each round to the next.
    end : number, at most ``value``

    Source: warm restarts: I. Loshchilov, F. Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR,
    equation 5.  arXiv:1608.03983; the climb: A. Ibrahim and others (2024), Simple and Scalable Strategies to
    Continually Pre-train Large Language Models.  arXiv:2403.08763.  With rise=0 equal to torch's
    CosineAnnealingWarmRestarts.
    """

    value: float = number("(-inf, inf)")
    steps: int = integer("[1, inf)")
    rise: int = integer("[0, inf)", 0)
    growth: int = integer("[1, inf)", 1)
    end: float = number("(-inf, inf)", 0.0)

    def __post_init__(self):
        super().__post_init__()
        _check_room("Rewarm", self.steps - 1, rise=self.rise)
        check_fall(self)

    def __call__(self, t):
        length = self.steps + 0.0 * t
        if self.growth == 1:
            u = t % length
        else:
            u = t
            for _ in range(40):  # rounds of 2^40 steps are out of reach
                over = u >= length
                u, length = where(over, u - length, u), where(over, length * self.growth, length)
        share = maximum(u - self.rise, 0) / (length - self.rise)
        return self.end + _climb(u, self.rise) * _glide(self.value - self.end, 0.0, share)


@schedule
class WarmUp(Schedule):
    r"""A factor that climbs in a straight line to 1, to be multiplied with a value or another schedule.

    $$s(t) = \min\!\left(1, \frac{t + 1}{n}\right)$$

    ``WarmUp(5) * 0.1`` and ``WarmUp(5) * Cosine(0.1, steps=100)`` give the first five steps a fifth, two fifths,
    ... of the full value.  No step is wasted on 0.  The other schedule's t runs on during the warm-up.

    Source: P. Goyal et al. (2017), Accurate, Large Minibatch SGD, section 2.2.  arXiv:1706.02677.  Equal to torch's
    LinearLR(start_factor=1/n, total_iters=n-1).
    """

    steps: int = integer("[1, inf)")

    def __call__(self, t):
        return _climb(t, self.steps)


@schedule
class OneCycle(Schedule):
    r"""Up from ``start`` to ``value`` and down to ``end``, each time by half a cosine wave.

    $$s(t) = \begin{cases} \text{from } s_0 \text{ to } s_{\max} & t \le t_1 \\
      \text{from } s_{\max} \text{ to } s_{\text{end}} & t_1 < t \le T - 1 \end{cases}
      \qquad t_1 = \max(r\,T - 1,\ 0)$$

    Parameters
    ----------
    value : float or array
        The peak.
    steps : int, at least 2
        All steps T together; the last one, t = T - 1, has ``end``, and so have all later ones.
    rise : float in (0, 1)
        Share of the steps that climb.
    start, end : float, optional
        By default value/25 and start/10,000, as in torch.  For the momentum of the same run, which goes the other
        way: ``OneCycle(0.85, steps, start=0.95, end=0.95)``.

    Source: L. N. Smith, N. Topin (2018), Super-Convergence: Very Fast Training of Neural Networks Using Large
    Learning Rates.  arXiv:1708.07120.  The paper's lines are straight, with a last fall of their own; this is
    torch's OneCycleLR with its default cosine and two phases, but where r T < 1: there torch begins below the peak.
    """

    value: float = number("(-inf, inf)")
    steps: int = integer("[2, inf)")
    rise: float = number("(0, 1)", 0.3)
    start: float = number("(-inf, inf)", None)
    end: float = number("(-inf, inf)", None)

    def __post_init__(self):
        super().__post_init__()
        if self.start is None:
            object.__setattr__(self, "start", self.value / 25)
        if self.end is None:
            object.__setattr__(self, "end", self.start / 1e4)

    def __call__(self, t):
        peak, last = max(self.rise * self.steps - 1, 0.0), self.steps - 1
        up = _glide(self.start, self.value, minimum(t / peak, 1.0) if peak else 1.0 + 0.0 * t)
        down = _glide(self.value, self.end, minimum((t - peak) / (last - peak), 1.0))
        return where(t <= peak, up, down)


@schedule
class Demon(Schedule):
    r"""Decaying momentum, for a rule's beta.

    $$\beta_t = \beta\, \frac{1 - t/T}{(1-\beta) + \beta\,(1 - t/T)}$$

    A gradient adds beta / (1 - beta) times itself to all later steps.  This sum falls in a straight line from its first
    value to 0 at t = T; from there on the momentum stays 0.

    Source: J. Chen, C. Wolfe, Z. Li, A. Kyrillidis (2022), Demon: Improved Neural Network Training with Momentum
    Decay, ICASSP.  arXiv:1910.04952
    """

    value: float = number("[0, 1)")
    steps: int = integer("[1, inf)")

    def __call__(self, t):
        return demon(self.value, t, self.steps)


def _glide(a, b, share):
    """From ``a`` to ``b`` along half a cosine wave; ``share`` runs from 0 to 1."""
    return b + (a - b) * (1 + cos(pi * share)) / 2


def _climb(t, steps):
    """A straight line to 1, reached by the last of so many steps."""
    return minimum((t + 1.0) / steps, 1.0) if steps else 1.0  # an 8-bit t has an end


def _check_room(who, most, **lengths):
    if sum(lengths.values()) > most:
        together = " + ".join(f"{name}={length}" for name, length in lengths.items())
        raise ValueError(f"{who}: {together} must be at most {most}, to fit into the steps")


def _power(factor, n):
    try:
        return factor**n
    except OverflowError:  # Python floats raise where arrays give inf; a run then ends as diverged
        return float("inf")
