"""Conventions of other libraries that are rules around a rule.

The first line of each says in what a library differs, for the table, unless it begins with a capital letter; so do the
words of a switch, and those of a number that has "this" in them.
"""

from ... import optimizers as of
from ...arrays import maximum, minimum, ones_like, sign, sqrt, where, zeros_like
from ...optimizers.around import Around
from ...registry import hyper
from .variants import CorrectedAMSGrad, beta, epsilon, plus, switch

TINY = 1e-30  # in place of epsilon, where another one is put in: no root that matters is as small


class Convention(Around):
    """A rule around a rule that sees single numbers, unless it says otherwise, and is shown with what is not default.

    Many take the step of the rule inside from 0, so that no digits of it are lost; weight decay goes around them.
    """

    brief = True

    def __init_subclass__(cls, **kwargs):
        cls.sees = vars(cls).get("sees", "number")
        cls.needs = vars(cls).get("needs", ("gradient", "lr"))
        super().__init_subclass__(**kwargs)


class L2(Convention):
    """weight decay is part of the gradient"""

    l2: float = plus(0.0, r"\lambda", "pull to zero, in the gradient")

    def update(self, x, g):
        return super().update(x, g + self.l2 * x)


class Sinking(Convention):
    """lr weight_decay is subtracted from each weight, whatever it is"""

    amount: float = plus(0.0, r"\lambda", "what is subtracted, over lr")

    def update(self, x, g):
        return super().update(x, g) - self.lr * self.amount


class Root(Convention):
    """Another root divides the step."""

    eps_inside: float = epsilon("epsilon is added under the root")
    eps_hidden: float = epsilon("an epsilon is added under the root, before the correction")
    eps_floor: float = epsilon("epsilon is the least value of the root")

    def update(self, x, g):
        eps, self.eps = self.eps, TINY
        step = super().update(zeros_like(x), g)
        self.eps = eps
        square, correction = self.square()
        root = sqrt((square + self.eps_hidden) / correction + self.eps_inside)
        root = maximum(root, self.eps_floor * ones_like(root)) + eps
        return x + step * ((sqrt(square / correction) + TINY) / root)

    def square(self):
        """What the rule takes the root of, and the correction by which it divides that before."""
        if isinstance(self, of.AdaGrad):
            return self.G, 1.0
        if isinstance(self, of.RMSProp):
            return (maximum(self.v - self.m**2, zeros_like(self.v)) if self.centered else self.v), 1.0
        corrected = isinstance(self, CorrectedAMSGrad)
        return getattr(self, "v_max", self.v), 1.0 if corrected else 1 - self.beta2**self.t


class Start(Convention):
    """Squares that do not start at 0."""

    start: float = plus(0.0, "v_0", "the squares start at this")

    def init(self, x):
        super().init(x)
        setattr(self, "G" if hasattr(self, "G") else "v", self.start * ones_like(x))

    def update(self, x, g):
        return super().update(x, g)


class Dampened(Convention):
    """gradients are dampened, but not the first"""

    dampening: float = plus(0.0, "d", "share of a gradient that is left out")

    def update(self, x, g):
        return super().update(x, (1.0 if self.t == 1 else 1 - self.dampening) * g)


class RateInside(Convention):
    """the learning rate is part of the velocity"""

    def update(self, x, g):
        lr, self.lr = self.lr, 1.0
        new = super().update(x, lr * g)
        self.lr = lr
        return new


class StepMomentum(Convention):
    """the steps have momentum"""

    momentum: float = beta(0.0)
    inside: bool = switch("the learning rate is part of that momentum")
    nesterov: bool = switch("that momentum looks ahead")

    def init(self, x):
        super().init(x)
        self.velocity = zeros_like(x)

    def update(self, x, g):
        lr = 1.0 if self.inside else self.lr
        step = super().update(zeros_like(x), g) / lr
        self.velocity = self.momentum * self.velocity + step
        return x + lr * (step + self.momentum * self.velocity if self.nesterov else self.velocity)


class StepMean(Convention):
    """A corrected average of steps, as LaProp's of Adam's without momentum."""

    beta: float = beta(0.0)
    inside: bool = switch("the learning rate is part of the average, and corrected as one")

    def init(self, x):
        super().init(x)
        self.mean, self.weight = zeros_like(x), 0.0

    def update(self, x, g):
        share = (1 - self.beta) * (self.lr if self.inside else 1.0)
        self.mean = self.beta * self.mean + share * (super().update(zeros_like(x), g) / self.lr)
        self.weight = self.beta * self.weight + share
        return x + self.lr / self.weight * self.mean


class GradientSign(Convention):
    """each number of the step has the sign of the gradient"""

    def update(self, x, g):
        step = super().update(zeros_like(x), g)
        return x - sign(step) * step * sign(g)


class SignOfZero(Convention):
    """the sign of 0 is 1: weights without a gradient move"""

    def update(self, x, g):
        step = super().update(zeros_like(x), g)
        return x + where(step == 0, -self.lr, step)


class Uphill(Convention):
    """it climbs"""

    def update(self, x, g):
        return super().update(x, -g)


class MeanCautious(Convention):
    """cautious, with a mask that is divided by its mean"""

    sees = "tensor"

    def update(self, x, g):
        step, ones = super().update(zeros_like(x), g), ones_like(x)
        taken = where(step * sign(g) < 0, ones, 0.0)
        share = self.inner(taken, taken) / self.inner(ones, ones)
        return x + step * taken / maximum(share, 1e-3 * ones_like(share))


class Capped(Convention):
    """Steps that are not long beside the weights."""

    sees = "tensor"
    most: float = plus(0.0, "c", "the step is no longer than this times lr times the weights")
    measure1: float = beta(0.0, r"\beta_1", "its length is that before the correction by beta1")
    measure2: float = beta(0.0, r"\beta_2", "and by beta2")

    def update(self, x, g):
        step = super().update(zeros_like(x), g)
        raw = (1 - self.measure1**self.t) / (1 - self.measure2**self.t) ** 0.5 / self.lr
        length, most = raw * sqrt(self.inner(step, step)), self.most * sqrt(self.inner(x, x))
        return x + step * minimum(most / where(length > 0, length, 1.0), ones_like(length))


class ClipEach(of.ClipNorm):
    """the norm is clipped; each tensor by itself"""

    sees = "tensor"


class MarginClip(Convention):
    """the norm of the gradient is clipped, with a margin added where it divides"""

    sees = "group"
    max_norm: float = plus(0.0, "c", "longest gradient that passes")
    margin: float = epsilon("added to the norm", 1e-6)

    def update(self, x, g):
        share = self.max_norm / (self.inner(g, g) ** 0.5 + self.margin)
        return super().update(x, g * minimum(share, ones_like(share)))


class Accumulate(Convention):
    """Means of gradients."""

    n: int = hyper(1, "n", "[1, inf)", doc="one step has the mean of this many gradients")

    def init(self, x):
        super().init(x)
        self.gathered = zeros_like(x)

    def update(self, x, g):
        self.gathered = self.gathered + g / self.n
        if self.t % self.n:
            return 1 * x
        g, self.gathered = self.gathered, zeros_like(g)
        return super().update(x, g)


class LateLookahead(of.Lookahead):
    """looks ahead"""

    sees = "number"
    first: int = hyper(0, "k_1", "[0, inf)", doc="slow weights are made in step this")

    def update(self, x, *seen):
        x = super(of.Lookahead, self).update(x, *seen)
        if self.t >= self.first and (self.t - self.first) % self.k == 0:
            slow = x if self.t == self.first else self.slow_weights
            self.slow_weights = slow + self.alpha * (x - slow)
            x = 1 * self.slow_weights
        return x


class PresentRateFree(of.ScheduleFree):
    """the mean is weighted by the present rate, not by the largest so far"""

    sees = "number"

    def update(self, x, *seen):
        self.free_lr = 0 * self.lr
        return super().update(x, *seen)


class ForgetfulFree(of.ScheduleFree):
    """the mean is recovered with the path after its step"""

    sees = "number"

    def update(self, x, *seen):
        before = self.free_path
        super().update(x, *seen)
        wrong = (1 - self.beta) / self.beta * (self.free_path - before)
        self.free_mean = self.free_mean - (1 - self.free_lr**2 / self.free_sum) * wrong
        return self.free_path + self.beta * (self.free_mean - self.free_path)
