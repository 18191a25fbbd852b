"""Rules of other libraries that the course does not teach, as far as their recorded paths need them."""

import functools

from ...arrays import abs, maximum, minimum, ones_like, sign, sqrt, where, zeros_like
from ...registry import hyper
from .conventions import PLUS, AnyAdam, Brief, Root, beta, epsilon, rate, switch


class Yogi(Root):
    """Adam whose average square moves by a bounded amount, up or down (Zaheer et al. 2018)."""

    lr: float = rate(0.01)
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    start: float = hyper(1e-6, "v_0", PLUS, doc="both averages at the start")
    start_m: bool = switch("the average gradient starts there too", True)

    sees = "number"

    def init(self, x):
        self.m, self.v = self.start * self.start_m * ones_like(x), self.start * ones_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.v - (1 - self.beta2) * sign(self.v - g**2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        return x - self.lr * m_hat / self.root(self.v, 1 - self.beta2**self.t)


class Rprop(Brief):
    """Each coordinate has a step of its own: longer while the sign stays, shorter when it changes."""

    lr: float = rate(0.01)
    shorter: float = hyper(0.5, r"\eta^-", "(0, 1)", doc="factor after a change of sign")
    longer: float = hyper(1.2, r"\eta^+", "[1, inf)", doc="factor while the sign stays")
    least: float = epsilon(1e-6, doc="shortest step")
    most: float = epsilon(50.0, doc="longest step")
    late: bool = switch("step by the gradient before")

    sees = "number"

    def init(self, x):
        self.step, self.g = self.lr * ones_like(x), zeros_like(x)

    def update(self, x, g):
        turn, one = sign(g) * sign(self.g), ones_like(x)
        late = where(turn < 0, 0 * one, self.step) * sign(self.g)
        factor = where(turn > 0, self.longer * one, where(turn < 0, self.shorter * one, one))
        self.step = minimum(maximum(self.step * factor, self.least * one), self.most * one)
        self.g = where(turn < 0, 0 * one, g)
        return x - (late if self.late else self.step * sign(self.g))


class AdaBound(AnyAdam):
    """Adam whose rates are kept between two bounds that close upon a rate of SGD (Luo et al. 2019)."""

    final: float = rate(0.1)
    closing: float = hyper(1e-3, r"\gamma", PLUS, doc="how soon the bounds close")

    def init(self, x):
        super().init(x)
        self.first_lr = self.lr

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        c1, c2 = 1 - self.beta1**self.t, 1 - self.beta2**self.t
        final = self.final * self.lr / self.first_lr
        low, high = final * (1 - 1 / (self.closing * self.t + 1)), final * (1 + 1 / (self.closing * self.t))
        rates = self.lr * c2**0.5 / c1 / self.root(self.v)
        return x - self.m * minimum(maximum(rates, low * ones_like(x)), high * ones_like(x))


class DiffGrad(AnyAdam):
    """Adam times the logistic function of the gradient's change (Dubey et al. 2019)."""

    def init(self, x):
        super().init(x)
        self.g = zeros_like(x)

    def numerator(self, g):
        friction = 1 / (1 + 2.718281828459045 ** -minimum(abs(self.g - g), 700.0 * ones_like(g)))
        self.g = 1.0 * g
        return super().numerator(g) * friction


class AdaMod(AnyAdam):
    """Adam whose rates are kept below their own average (Ding et al. 2019)."""

    beta3: float = beta(0.999)

    def init(self, x):
        super().init(x)
        self.rates = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        rates = self.lr * (1 - self.beta2**self.t) ** 0.5 / (1 - self.beta1**self.t) / self.root(self.v)
        self.rates = self.beta3 * self.rates + (1 - self.beta3) * rates
        return x - minimum(rates, self.rates) * self.m


class MADGRAD(Brief):
    """Dual averaging with the cube root of the sum of squares (Defazio, Jelassi 2021)."""

    lr: float = rate(0.01)
    momentum: float = beta(0.9)
    eps: float = epsilon(1e-6, doc="added to the cube root")

    sees = "number"

    def init(self, x):
        self.x0, self.s, self.v = 1.0 * x, zeros_like(x), zeros_like(x)

    def update(self, x, g):
        share = (self.lr + self.eps) * self.t**0.5
        self.s, self.v = self.s + share * g, self.v + share * g**2
        z = self.x0 - self.s / (self.v ** (1 / 3) + self.eps)
        return self.momentum * x + (1 - self.momentum) * z


class Ftrl(Brief):
    """Follow the regularized leader (McMahan et al. 2013)."""

    lr: float = rate()
    power: float = hyper(-0.5, "p", "[-1, 0]", doc="power of the learning rate's fall")
    start: float = hyper(0.1, "n_0", PLUS, doc="sum of squares at the start")

    sees = "number"

    def init(self, x):
        self.n, self.z = self.start * ones_like(x), zeros_like(x)

    def update(self, x, g):
        n = self.n + g**2
        self.z = self.z + g - (n**-self.power - self.n**-self.power) / self.lr * x
        self.n = n
        return -self.z * self.lr / n**-self.power


class SignMomentum(Brief):
    """The sign of an average gradient: SignSGD, Signum, Tiger."""

    lr: float = rate()
    beta: float = beta(0.0)

    sees = "number"

    def init(self, x):
        self.m = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta * self.m + (1 - self.beta) * g
        return x - self.lr * sign(self.m)


class NovoGrad(Brief):
    """Momentum of gradients that are divided by one average length a tensor (Ginsburg et al. 2019)."""

    sees = "tensor"
    lr: float = rate()
    beta1: float = beta(0.95)
    beta2: float = beta(0.98)
    eps: float = epsilon(1e-8)
    averaged: bool = switch("the momentum is an average")

    def init(self, x):
        self.m, self.v = zeros_like(x), 0.0

    def update(self, x, g):
        square = self.inner(g, g)
        self.v = self.beta2 * self.v + (1 - self.beta2) * square if self.t > 1 else square
        share = 1 - self.beta1 if self.averaged else 1.0
        self.m = self.beta1 * self.m + share * g / (sqrt(self.v) + self.eps)
        return x - self.lr * self.m


class Fromage(Brief):
    """A step as long as lr times the weights, and the whole shrunk to keep their length (Bernstein et al. 2020)."""

    sees = "tensor"
    lr: float = rate(0.01)
    eps: float = epsilon(1e-6, doc="least length")

    def update(self, x, g):
        least = self.eps * (0 * self.inner(x, x) + 1)
        length, slope = maximum(sqrt(self.inner(x, x)), least), maximum(sqrt(self.inner(g, g)), least)
        return (x - self.lr * length / slope * g) / (1 + self.lr**2) ** 0.5


class LastMean(Brief):
    """The mean of the last n gradients: Paddle's ASGD."""

    sees = "number"
    lr: float = rate()
    n: int = hyper(1, "n", "[1, inf)", doc="gradients in the mean")

    def init(self, x):
        self.last = [zeros_like(x)] * self.n

    def update(self, x, g):
        self.last = [*self.last[1:], g]
        return x - self.lr * sum(self.last) / min(self.t, self.n)


class LateASGD(Brief):
    """ASGD whose learning rate is computed at the end of the step before: a changed rate takes effect one step late."""

    sees = "number"
    lr: float = rate(0.01)
    lambd: float = hyper(1e-4, r"\lambda", PLUS, doc="weight decay, fall of lr")
    alpha: float = hyper(0.75, r"\alpha", PLUS, doc="power with which the learning rate falls")

    def init(self, x):
        self.eta = self.lr

    def update(self, x, g):
        x = (1 - self.lambd * self.eta) * x - self.eta * g
        self.eta = self.lr / (1 + self.lambd * self.lr * self.t) ** self.alpha
        return x


class SM3(Brief):
    """AdaGrad whose sums are kept for rows and columns only (Anil et al. 2019)."""

    sees = "tensor"
    lr: float = rate(0.01)
    momentum: float = beta(0.9)
    eps: float = epsilon(1e-8)

    def init(self, x):
        self.m, self.tops = zeros_like(x), [zeros_like(x) for _ in x.shape]

    def update(self, x, g):
        square = g**2 + functools.reduce(minimum, self.tops)
        axes = range(len(x.shape))
        self.tops = [square.max(tuple(a for a in axes if a != i), keepdims=True) + 0 * x if len(x.shape) > 1 else square
                     for i in axes]  # fmt: skip
        step = where(square > 0, g, 0.0) / sqrt(where(square > 0, square + self.eps, 1.0))
        self.m = self.momentum * self.m + (1 - self.momentum) * step
        return x - self.lr * self.m


class StableAdamW(AnyAdam):
    """AdamW whose rate is divided by the size of its own step where that is above 1 (Wortsman et al. 2023)."""

    sees = "tensor"
    weight_decay: float = hyper(0.01, r"\lambda", PLUS, doc="pull to zero, times the divided rate")

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        v_hat = self.v / (1 - self.beta2**self.t)
        share = g**2 / maximum(v_hat, self.eps**2 * ones_like(v_hat))
        size = sqrt(self.inner(share, ones_like(x)) / self.inner(ones_like(x), ones_like(x)))
        rate = self.lr / maximum(size, 1 + 0 * size)
        return x - rate * (self.weight_decay * x + self.m / (1 - self.beta1**self.t) / (sqrt(v_hat) + self.eps))


class SimplifiedAdEMAMix(Root):
    """AdEMAMix with one average, a sum, in place of two (Morwani et al. 2025)."""

    sees = "number"
    lr: float = rate()
    beta1: float = beta(0.99)
    beta2: float = beta(0.95)
    alpha: float = hyper(0.0, r"\alpha", PLUS, doc="weight of the newest gradient")

    def init(self, x):
        self.m, self.v = zeros_like(x), zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        return x - self.lr * (self.m + self.alpha * g) / self.root(self.v, 1 - self.beta2**self.t)


class SparseAdam(AnyAdam):
    """Adam that leaves a number alone, its averages too, where the gradient is 0."""

    def update(self, x, g):
        m, v, still = self.m, self.v, g == 0
        new = super().update(x, g)
        self.m, self.v = where(still, m, self.m), where(still, v, self.v)
        return where(still, x, new)


class OneSquare(AnyAdam):
    """Adam with one average square for a whole tensor: what Adam-mini does to weights that it does not know."""

    sees = "tensor"

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * self.inner(g, g) / self.inner(ones_like(x), ones_like(x))
        return x - self.lr * self.m / (1 - self.beta1**self.t) / self.root(self.v, 1 - self.beta2**self.t)


class RateByGrowth(Brief):
    """The ASGD of pytorch_optimizer: a rate from how much the norms of weights and gradients grow."""

    sees = "group"
    lr: float = rate(0.01)
    amplifier: float = hyper(0.02, "a", PLUS, doc="how fast the rate may grow")
    theta: float = hyper(1.0, r"\theta", PLUS, doc="growth of the rate at the start")
    dampening: float = hyper(1.0, "d", PLUS, doc="divides a bound by the norms")
    eps: float = epsilon(1e-5, doc="added to a rate by the norms")

    def init(self, x):
        self.norms, self.growth, self.rate, self.last_lr = None, self.theta, self.lr, self.lr

    def update(self, x, g):
        if self.lr != self.last_lr:
            self.rate = self.last_lr = self.lr
        norms = self.inner(x, x) ** 0.5, self.inner(g, g) ** 0.5
        grown = [new - old for new, old in zip(norms, self.norms or norms, strict=True)]
        new = self.rate * (1 + self.amplifier * self.growth) ** 0.5
        if grown[0] > 0 and grown[1] > 0:
            new = min(new, grown[0] / (self.dampening * grown[1])) + self.eps
        self.growth, self.rate, self.norms = new / self.rate, new, norms
        return x - new * g


class RestlessLion(Brief):
    """Lion that takes the sign of 0 for +1: DeepSpeed's on a CPU moves weights that have no gradient."""

    sees = "number"
    lr: float = rate(1e-3)
    beta1: float = beta(0.9)
    beta2: float = beta(0.99)

    def init(self, x):
        self.m = zeros_like(x)

    def update(self, x, g):
        c = self.beta1 * self.m + (1 - self.beta1) * g
        self.m = self.beta2 * self.m + (1 - self.beta2) * g
        return x - self.lr * where(c < 0, -ones_like(x), ones_like(x))
