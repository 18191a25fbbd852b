"""Rules of other libraries that the course does not teach, as far as their recorded paths need them."""

import functools

import numpy as np

from ... import optimizers as of
from ...arrays import abs, maximum, minimum, namespace, ones_like, sign, sqrt, where, zeros_like
from ...registry import hyper
from .variants import Variant, beta, epsilon, plus, rate, switch


class Yogi(Variant, of.Adam):
    """Adam whose average square moves by a bounded amount, up or down (Zaheer et al. 2018)"""

    start: float = plus(1e-6, "v_0", "both averages at the start")

    def init(self, x):
        self.m, self.v = self.start * ones_like(x), self.start * ones_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.v - (1 - self.beta2) * sign(self.v - g**2) * g**2
        m_hat, v_hat = self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(v_hat) + self.eps)


class Rprop(Variant, of.GradientDescent):
    """each coordinate has a step of its own: longer while the sign stays, shorter when it changes"""

    shorter: float = hyper(0.5, r"\eta^-", "(0, 1)", doc="factor after a change of sign")
    longer: float = hyper(1.2, r"\eta^+", "[1, inf)", doc="factor while the sign stays")
    least: float = epsilon("shortest step", 1e-6)
    most: float = epsilon("longest step", 50.0)
    late: bool = switch("it steps by the gradient before")

    def init(self, x):
        self.lengths, self.g = self.lr * ones_like(x), zeros_like(x)

    def update(self, x, g):
        turn, one = sign(g) * sign(self.g), ones_like(x)
        late = where(turn < 0, 0 * one, self.lengths) * sign(self.g)
        factor = where(turn > 0, self.longer * one, where(turn < 0, self.shorter * one, one))
        self.lengths = minimum(maximum(self.lengths * factor, self.least * one), self.most * one)
        self.g = where(turn < 0, 0 * one, g)
        return x - (late if self.late else self.lengths * sign(self.g))


class AdaBound(Variant, of.Adam):
    """its rates are kept between two bounds that close upon a rate of SGD (Luo et al. 2019)"""

    final: float = rate(0.1)
    closing: float = plus(1e-3, r"\gamma", "how soon the bounds close")

    def init(self, x):
        super().init(x)
        self.first_lr = self.lr

    def update(self, x, g):
        super().update(x, g)
        c1, c2 = 1 - self.beta1**self.t, 1 - self.beta2**self.t
        return x - self.m * self.bounded(self.lr * c2**0.5 / c1 / (sqrt(self.v) + self.eps))

    def bounded(self, rates):
        final, one = self.final * self.lr / self.first_lr, ones_like(rates)
        low, high = 1 - 1 / (self.closing * self.t + 1), 1 + 1 / (self.closing * self.t)
        return minimum(maximum(rates, final * low * one), final * high * one)


class AdaMod(AdaBound):
    """its rates are kept below their own average (Ding et al. 2019)"""

    beta3: float = beta(0.999)

    def init(self, x):
        super().init(x)
        self.rates = zeros_like(x)

    def bounded(self, rates):
        self.rates = self.beta3 * self.rates + (1 - self.beta3) * rates
        return minimum(rates, self.rates)


class DiffGrad(Variant, of.Adam):
    """the step is times the logistic function of the gradient's change (Dubey et al. 2019)"""

    def init(self, x):
        super().init(x)
        self.g = zeros_like(x)

    def update(self, x, g):
        friction = 1 / (1 + 2.718281828459045 ** -minimum(abs(self.g - g), 700.0 * ones_like(g)))
        self.g = 1.0 * g
        return x + super().update(zeros_like(x), g) * friction


class StableAdamW(Variant, of.AdamW):
    """its rate is divided by the size of its own step where that is above 1 (Wortsman et al. 2023)"""

    sees = "tensor"

    def update(self, x, g):
        v_hat = (self.beta2 * self.v + (1 - self.beta2) * g**2) / (1 - self.beta2**self.t)
        share = g**2 / maximum(v_hat, self.eps**2 * ones_like(v_hat))
        size = sqrt(self.inner(share, ones_like(x)) / self.inner(ones_like(x), ones_like(x)))
        lr, self.lr = self.lr, self.lr / maximum(size, ones_like(size))
        new = super().update(x, g)
        self.lr = lr
        return new


class MADGRAD(Variant, of.Momentum):
    """dual averaging with the cube root of the sum of squares (Defazio, Jelassi 2021)"""

    eps: float = epsilon("added to the cube root", 1e-6)

    def init(self, x):
        self.x0, self.s, self.v = 1.0 * x, zeros_like(x), zeros_like(x)

    def update(self, x, g):
        share = (self.lr + self.eps) * self.t**0.5
        self.s, self.v = self.s + share * g, self.v + share * g**2
        z = self.x0 - self.s / (self.v ** (1 / 3) + self.eps)
        return self.beta * x + (1 - self.beta) * z


class FTRL(Variant, of.GradientDescent):
    """follow the regularized leader (McMahan et al. 2013)"""

    power: float = hyper(-0.5, "p", "[-1, 0]", doc="power of the learning rate's fall")
    start: float = plus(0.1, "n_0", "sum of squares at the start")

    def init(self, x):
        self.n, self.z = self.start * ones_like(x), zeros_like(x)

    def update(self, x, g):
        n = self.n + g**2
        self.z = self.z + g - (n**-self.power - self.n**-self.power) / self.lr * x
        self.n = n
        return -self.z * self.lr / n**-self.power


class NovoGrad(Variant, of.Adam):
    """momentum of gradients that are divided by one average length of a tensor (Ginsburg et al. 2019)"""

    sees = "tensor"

    def init(self, x):
        self.m, self.v = zeros_like(x), 0.0

    def update(self, x, g):
        square = self.inner(g, g)
        self.v = self.beta2 * self.v + (1 - self.beta2) * square if self.t > 1 else square
        self.m = self.beta1 * self.m + g / (sqrt(self.v) + self.eps)
        return x - self.lr * self.m


class Fromage(Variant, of.GradientDescent):
    """a step as long as lr times the weights, and all shrunk to keep their length (Bernstein et al. 2020)"""

    sees = "tensor"
    eps: float = epsilon("least length", 1e-6)

    def update(self, x, g):
        length, slope = (maximum(sqrt(self.inner(a, a)), self.eps + 0 * self.inner(a, a)) for a in (x, g))
        return (x - self.lr * length / slope * g) / (1 + self.lr**2) ** 0.5


class LastMean(Variant, of.GradientDescent):
    """the mean of the last n gradients: Paddle's ASGD"""

    n: int = hyper(1, "n", "[1, inf)", doc="gradients in the mean")

    def init(self, x):
        self.last = [zeros_like(x)] * self.n

    def update(self, x, g):
        self.last = [*self.last[1:], 1.0 * g]
        return x - self.lr * sum(self.last) / min(self.t, self.n)


class SM3(Variant, of.Momentum):
    """AdaGrad whose sums are kept for rows and columns only (Anil et al. 2019)"""

    sees = "tensor"
    eps: float = epsilon()

    def init(self, x):
        count = 1 if np.shape(self.inner(x, x)) else len(x.shape)  # a point of a batch is one row
        self.m, self.tops = zeros_like(x), [zeros_like(x)] * count

    def update(self, x, g):
        square, axes = g**2 + functools.reduce(minimum, self.tops), range(len(self.tops))
        others = [tuple(a for a in axes if a != i) for i in axes]
        self.tops = [namespace(x).amax(square, axis=each, keepdims=True) + 0 * x if each else square for each in others]
        step = where(square > 0, g, 0.0) / sqrt(where(square > 0, square + self.eps, 1.0))
        self.m = self.beta * self.m + (1 - self.beta) * step
        return x - self.lr * self.m
