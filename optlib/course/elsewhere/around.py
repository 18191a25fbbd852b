"""What libraries put around a rule: their decay, clipping, averages, and their schedules of the rate."""

from ... import optimizers as of
from ...arrays import maximum, minimum, ones_like, sign, sqrt, where, zeros_like
from ...optimizers.around import Around
from ...registry import hyper
from ...schedules.base import Schedule, integer, number, schedule
from .conventions import PLUS, RATE, beta, epsilon, switch


class L2(Around):
    """Weight decay as part of the gradient: what averages and roots see is g + lambda x."""

    sees = "number"
    needs = ("gradient",)
    l2: float = hyper(0.01, r"\lambda", PLUS, slider=(1e-4, 1.0), log=True, doc="pull to zero, in the gradient")

    def update(self, x, g, *others):
        return super().update(x, g + self.l2 * x, *others)


class AnyDecay(Around):
    """Decoupled decay: of the point after the step, by a division, or by the rate as a share of the first one."""

    sees = "number"
    needs = ("lr", "point")
    weight_decay: float = hyper(0.01, r"\lambda", PLUS, slider=(1e-4, 1.0), log=True, doc="pull to zero")
    after: bool = switch("after the step")
    divided: bool = switch("divide by 1 + lr lambda, after the step")
    relative: bool = switch("scaled by the rate over the first rate")

    def init(self, x):
        super().init(x)
        self.first_lr = self.lr

    def update(self, x, *seen):
        pull = self.lr * self.weight_decay / (self.first_lr if self.relative else 1.0)
        if self.divided:
            return super().update(x, *seen) / (1 + pull)
        return super().update(x, *seen) * (1 - pull) if self.after else super().update(x * (1 - pull), *seen)


class AnyClipNorm(Around):
    """Clipping by the norm, to which a margin is added where it divides, as torch does."""

    sees = "group"
    needs = ("gradient",)
    max_norm: float = hyper(1.0, "c", RATE, slider=(1e-2, 1e2), log=True, doc="longest gradient that passes")
    margin: float = epsilon(1e-6, doc="added to the norm")

    def update(self, x, g, *others):
        share = self.max_norm / (self.inner(g, g) ** 0.5 + self.margin)
        return super().update(x, g * minimum(share, 1 + 0 * share), *others)


class Accumulate(Around):
    """A step with the mean of n gradients, each n steps; between them the weights rest."""

    sees = "number"
    needs = ("gradient",)
    n: int = hyper(2, "n", "[1, inf)", doc="gradients in a step")

    def init(self, x):
        super().init(x)
        self.gathered = zeros_like(x)

    def update(self, x, g, *others):
        self.gathered = self.gathered + g / self.n
        if self.t % self.n:
            return x
        g, self.gathered = self.gathered, zeros_like(g)
        return super().update(x, g, *others)


class AnyLookahead(Around):
    """Lookahead whose slow weights are made at the first synchronization."""

    sees = "number"
    needs = ("point",)
    k: int = hyper(5, "k", "[1, inf)", doc="steps between two of the slow weights")
    alpha: float = hyper(0.5, r"\alpha", "[0, 1]", doc="part of the way that is followed")
    first: int = hyper(1, "k_1", "[1, inf)", doc="step of the first synchronization")

    def init(self, x):
        super().init(x)
        self.slow_weights = 1 * x

    def update(self, x, *seen):
        x = super().update(x, *seen)
        if self.t >= self.first and (self.t - self.first) % self.k == 0:
            slow = x if self.t == self.first else self.slow_weights
            self.slow_weights = x = slow + self.alpha * (x - slow)
        return x


class FreeNow(of.ScheduleFree):
    """Schedule-Free whose mean is weighted by the present rate, not by the largest so far."""

    def update(self, x, *seen):
        self.free_lr = 0 * self.lr
        return super().update(x, *seen)


class FreeAfterZ(Around):
    """Schedule-Free that recovers its mean with the path after the step: Keras's on torch, where the old is gone."""

    sees = "number"
    needs = ("lr",)
    path_of_its_own = True
    beta: float = beta(0.9)

    def init(self, x):
        super().init(x)
        self.free_path, self.free_lr, self.free_sum = 1 * x, self.lr, 0 * self.lr

    def update(self, x, *seen):
        self.free_path = self.free_path + (super().update(x, *seen) - x)
        self.free_lr = max(self.free_lr, self.lr)
        self.free_sum = self.free_sum + self.free_lr**2
        mean = (x - (1 - self.beta) * self.free_path) / self.beta
        mean = mean + self.free_lr**2 / self.free_sum * (self.free_path - mean)
        return self.free_path + self.beta * (mean - self.free_path)


class Sinking(Around):
    """lr times a number is subtracted from each weight: the SGDW of torch_optimizer, which forgets the weight."""

    sees = "number"
    needs = ("lr", "point")
    amount: float = hyper(0.01, r"\lambda", PLUS, doc="what is subtracted")

    def update(self, x, *seen):
        return super().update(x, *seen) - self.lr * self.amount


class Capped(Around):
    """The rule's step, shortened to lr times the length of the weights where it is longer: bitsandbytes' LARS."""

    sees = "tensor"
    needs = ("lr", "point")
    most: float = hyper(1.0, "c", PLUS, doc="longest step over lr, as a share of the weights' length")
    measure: float = hyper(0.0, r"\beta", "[0, 1)", doc="the step is measured as Adam's uncorrected one, of this beta1")
    measure2: float = hyper(0.0, r"\beta_2", "[0, 1)", doc="and of this beta2")

    def update(self, x, *seen):
        u = (x - super().update(x, *seen)) / self.lr
        raw = (1 - self.measure**self.t) / (1 - self.measure2**self.t) ** 0.5
        length, step = self.most * sqrt(self.inner(x, x)), raw * sqrt(self.inner(u, u))
        return x - self.lr * u * minimum(length / where(step > 0, step, 1.0), 1 + 0 * step)


class Uphill(Around):
    """The rule with the gradient's sign turned: it climbs."""

    sees = "number"
    needs = ("gradient",)

    def update(self, x, g, *others):
        return super().update(x, -g, *others)


class CautiousMean(Around):
    """Cautious steps whose mask is divided by its mean, which is at least 1e-3: the authors' newer normalization."""

    sees = "tensor"
    needs = ("gradient", "point")

    def update(self, x, g, *others):
        u = x - super().update(x, g, *others)
        taken = where(sign(u) * sign(g) > 0, ones_like(x), zeros_like(x))
        share = self.inner(taken, taken) / self.inner(ones_like(x), ones_like(x))
        return x - u * taken / maximum(share, 1e-3 * ones_like(share))


@schedule
class Corrected(Schedule):
    """A rate times the correction of Adam's averages: sqrt(1 - beta2^t) / (1 - beta1^t) in step t."""

    value: float = number("(-inf, inf)")
    beta1: float = number("[0, 1)")
    beta2: float = number("[0, 1)")

    def __call__(self, t):
        return self.value * (1 - self.beta2 ** (t + 1)) ** 0.5 / (1 - self.beta1 ** (t + 1))


@schedule
class Rectified(Schedule):
    """A rate times RAdam's rectifier; 0 until the averages know four gradients."""

    value: float = number("(-inf, inf)")
    beta2: float = number("[0, 1)")

    def __call__(self, t):
        t, full = t + 1, 2 / (1 - self.beta2) - 1
        rho = full - 2 * t * self.beta2**t / (1 - self.beta2**t)
        if rho <= 4:
            return 0.0
        return self.value * ((rho - 4) * (rho - 2) * full / ((full - 4) * (full - 2) * rho)) ** 0.5


@schedule
class ClimbAndFall(Schedule):
    """A straight line from 0 to the value, and another to 0 at the end."""

    value: float = number("(-inf, inf)")
    climb: int = integer("[1, inf)")
    steps: int = integer("[1, inf)")

    def __call__(self, t):
        return self.value * (t / self.climb if t < self.climb else (self.steps - t) / (self.steps - self.climb))
