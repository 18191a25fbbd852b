"""Registered rules in the variants of other libraries.

They teach nothing that the registered rule does not, and are not registered.  The first line of each says in what it
differs, for the table, unless it begins with a capital letter; so do the words of a switch, and those of a number that
have "this" in them.
"""

import math

import numpy as np

from ... import optimizers as of
from ...arrays import abs, maximum, minimum, ones_like, sqrt, transposed, where, zeros_like
from ...optimizers.around import Around
from ...optimizers.layerwise import ratio
from ...optimizers.matrix import JORDAN, newton_schulz
from ...registry import hyper
from .corrections import rectifier

# F. L. Cesista's, which timm calls quintic.
QUINTIC = (
    (4.0848, -6.8946, 2.9270), (3.9505, -6.3029, 2.6377), (3.7418, -5.5913, 2.3037), (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)  # fmt: skip


def rate(default=1e-3):
    return hyper(default, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")


def beta(default, symbol=r"\beta", doc="share that is kept"):
    return hyper(default, symbol, "[0, 1)", slider=(0.0, 0.9999), doc=doc)


def plus(default, symbol, doc):
    return hyper(default, symbol, "[0, inf)", doc=doc)


def epsilon(doc="added to the root", default=0.0):
    return hyper(default, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc=doc)


def switch(doc):
    return hyper(False, "c", doc=doc)


class Variant(of.Optimizer):
    """Base of rules that are shown with their rate and what is not default; they see what the registered rule sees."""

    brief = True

    def __init_subclass__(cls, **kwargs):
        cls.sees = cls.sees or "number"
        super().__init_subclass__(**kwargs)

    __repr__ = Around.__repr__


class LookAheadAdam(Variant, of.Adam):
    """the step has the momentum of the next one, with the correction of this one"""

    def update(self, x, g):
        super().update(x, g)
        c1, c2 = 1 - self.beta1**self.t, 1 - self.beta2**self.t
        ahead = self.beta1 * self.m + (1 - self.beta1) * g
        return x - self.lr * (ahead / c1) / (sqrt(self.v / c2) + self.eps)


class SparseAdam(Variant, of.Adam):
    """weights without a gradient rest"""

    def update(self, x, g):
        m, v, still = self.m, self.v, g == 0
        new = super().update(x, g)
        self.m, self.v = where(still, m, self.m), where(still, v, self.v)
        return where(still, x, new)


class CorrectedAMSGrad(Variant, of.AMSGrad):
    """the maximum is taken of the corrected average square"""

    def update(self, x, g):
        largest = self.v_max
        super().update(x, g)
        self.v_max = maximum(largest, self.v / (1 - self.beta2**self.t))
        return x - self.lr * (self.m / (1 - self.beta1**self.t)) / (sqrt(self.v_max) + self.eps)


class LargestAdaBelief(Variant, of.AdaBelief):
    """the largest deviation so far divides"""

    def init(self, x):
        super().init(x)
        self.s_max = zeros_like(x)

    def update(self, x, g):
        super().update(x, g)
        self.s_max = maximum(self.s_max, self.s)
        m_hat, s_hat = self.m / (1 - self.beta1**self.t), self.s_max / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(s_hat) + self.eps)


class RectifiedAdaBelief(Variant, of.AdaBelief):
    """it is rectified as RAdam is"""

    def update(self, x, g):
        super().update(x, g)
        r = rectifier(self.beta2, self.t, threshold=5.0) * (1 - self.beta2**self.t) ** 0.5
        factor = where(r > 0, r / (sqrt(self.s) + self.eps), ones_like(x))
        return x - self.lr * self.m / (1 - self.beta1**self.t) * factor


class SilentRAdam(Variant, of.RAdam):
    """no step below the threshold"""

    def update(self, x, g):
        new = super().update(x, g)
        return where(rectifier(self.beta2, self.t, self.threshold) > 0, new, 1 * x)


class AdaMaxVariant(Variant, of.AdaMax):
    """AdaMax with another place for epsilon."""

    outside: bool = switch("epsilon is added to the maximum")
    kept: bool = switch("epsilon is added to the largest gradient before")

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.u = maximum(self.beta2 * self.u + self.kept * self.eps, abs(g))
        return x - self.lr / (1 - self.beta1**self.t) * self.m / (self.u + self.outside * self.eps)


class ADOPTVariant(Variant, of.ADOPT):
    """ADOPT with another bound."""

    power: float = hyper(0.25, "p", "[0, 1]", doc="it clips at the power this of the step")
    ahead: bool = switch("it clips with the bound of the next step")
    corrected: bool = switch("nothing is clipped, averages are corrected")

    def update(self, x, g):
        before, bias2 = self.t - 1, self.beta2 if self.corrected else 0.0
        if before:
            root = sqrt(self.v / (1 - bias2**before))
            n = g / maximum(root, self.eps * ones_like(x))
            most = math.inf if self.corrected else (before + self.ahead) ** self.power
            n = minimum(maximum(n, -most * ones_like(x)), most * ones_like(x))
            self.m = self.beta1 * self.m + (1 - self.beta1) * n
        kept = self.beta2 if before else bias2
        self.v = kept * self.v + (1 - kept) * g**2
        return x - self.lr * self.m / (1 - self.beta1**before if self.corrected and before else 1.0)


class OtherWeightAdan(Variant, of.Adan):
    """changes weigh 1 - beta2, where beta2 was meant"""

    inside: float = epsilon("an epsilon is added under the root, after the correction")

    def update(self, x, g):
        change = g - self.g if self.t > 1 else zeros_like(g)
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.d = self.beta2 * self.d + (1 - self.beta2) * change
        self.v = self.beta3 * self.v + (1 - self.beta3) * (g + (1 - self.beta2) * change) ** 2
        self.g = 1.0 * g
        ahead = self.m / (1 - self.beta1**self.t) + (1 - self.beta2) * self.d / (1 - self.beta2**self.t)
        return x - self.lr * ahead / (sqrt(self.v / (1 - self.beta3**self.t) + self.inside) + self.eps)


class FirstChangeMARS(Variant, of.MARS):
    """the gradient before the first is 0"""

    def update(self, x, g):
        change = 1 + self.gamma * self.beta1 / (1 - self.beta1) if self.t == 1 else 1.0
        new = super().update(x, change * g)
        self.g = 1.0 * g
        return new


class LateASGD(Variant, of.ASGD):
    """a changed learning rate takes effect one step late"""

    def init(self, x):
        super().init(x)
        self.lr_before = self.lr

    def update(self, x, g):
        lr, self.lr = self.lr, self.lr_before
        new = super().update(x, g)
        self.lr = self.lr_before = lr
        return new


class OneSquareAdamMini(Variant, of.AdamMini):
    """one average square for a whole tensor"""

    def row_mean(self, a):
        return self.inner(a, ones_like(a)) / self.inner(ones_like(a), ones_like(a))


class LAMBVariant(Variant, of.LAMB):
    """LAMB with another ratio."""

    most: float = hyper(1e30, "c", "(0, inf)", doc="the ratio is at most this")
    longest: float = hyper(1e30, "c", "(0, inf)", doc="in the ratio the weights are no longer than this")
    uncorrected: bool = switch("averages are not corrected")

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        c1, c2 = (1.0 if self.uncorrected else 1 - beta**self.t for beta in (self.beta1, self.beta2))
        r = self.m / c1 / (sqrt(self.v / c2) + self.eps) + self.weight_decay * x
        length, step = sqrt(self.inner(x, x)), sqrt(self.inner(r, r))
        share = ratio(1.0, minimum(length, self.longest * ones_like(length)), step)
        return x - self.lr * minimum(share, self.most * ones_like(share)) * r


class LARSVariant(Variant, of.LARS):
    """LARS with another place for the rate or another norm."""

    outside: bool = switch("the learning rate stands outside of the velocity")
    together: bool = switch("the ratio has the norm of the gradient with the decay")
    eps: float = epsilon("added where it is divided")

    def update(self, x, g):
        pulled = g + self.weight_decay * x
        length, slope, total = (sqrt(self.inner(a, a)) for a in (x, g, pulled))
        total = total if self.together else where(slope > 0, slope + self.weight_decay * length, 0.0)
        total = where(total > 0, total + self.eps, 0.0)
        trust, lr = ratio(self.trust_coefficient, length, total), self.lr if self.outside else 1.0
        self.v = self.beta * self.v + self.lr / lr * trust * pulled
        return x - lr * self.v


class LARC(Variant, of.LARS):
    """the ratio is of the step, outside of the velocity, and at most 1"""

    eps: float = epsilon("added where it is divided")

    def update(self, x, g):
        length, slope = sqrt(self.inner(x, x)), sqrt(self.inner(g, g))
        trust = self.trust_coefficient * length / (slope + self.weight_decay * length + self.eps)
        self.v = self.beta * self.v + g + self.weight_decay * x
        return x - self.lr * minimum(trust, ones_like(trust)) * self.v


class LastAxesAdafactor(Variant, of.Adafactor):
    """of a kernel the last two axes are factored"""

    fixed: bool = switch("the rate does not fall with the root of the steps")
    beta1: float = beta(0.0, doc="the steps have momentum this")
    half: bool = switch("that momentum is kept in bfloat16")
    weight_decay: float = plus(0.0, r"\lambda", "weight decay has all of that rate")
    plain_decay: bool = switch("weight decay has lr alone")

    def init(self, x):
        super().init(x)
        self.m = zeros_like(x)

    def update(self, x, g):
        rate = self.lr if self.plain_decay else self._rate(x)
        step = x - super().update(x, g)
        if self.half and self.beta1:
            self.m = rounded(self.m + (1 - self.beta1) * (rounded(step) - self.m))
        else:
            self.m = self.beta1 * self.m + (1 - self.beta1) * step
        return x - rate * self.weight_decay * x - self.m

    def row_mean(self, a):
        return a.mean(-1)[..., None] if self._is_kernel(a) else super().row_mean(a)

    def column_mean(self, a):
        return a.mean(-2)[..., None, :] if self._is_kernel(a) else super().column_mean(a)

    def _is_kernel(self, a):
        return len(a.shape) > 2 and not np.shape(self.inner(a, a))  # else they are axes of a batch

    def _size(self, x):
        return sqrt(self.inner(x, x) / self.inner(ones_like(x), ones_like(x)))

    def _rate(self, x):
        if not self.relative or not self.fixed:
            return super()._rate(x)
        size = self._size(x)
        return self.lr * where(size > self.eps2, size, self.eps2)


class UnfactoredAdafactor(LastAxesAdafactor):
    """nothing is factored"""

    def row_mean(self, a):
        return a

    column_mean = row_mean


class MuonVariant(Variant, of.Muon):
    """Muon as libraries have it."""

    floor: bool = switch("epsilon is the least norm")
    corrected: bool = switch("the average is corrected")
    half: bool = switch("the iteration is computed in bfloat16")
    quintic: bool = switch("coefficients change from step to step")
    wide: bool = switch("the last factor is max(1, in / out)^(1/2), not max(1, out / in)^(1/2)")
    unscaled: bool = switch("no last factor")
    rms: float = plus(0.0, "s", "the last factor is this times the root of the longer side")

    def update(self, x, g):
        self.m = self.beta * self.m + (1 - self.beta) * g
        c, c_next = (1 - self.beta**t if self.corrected else 1.0 for t in (self.t, self.t + 1))
        u = self.beta * self.m / c_next + (1 - self.beta) * g / c if self.nesterov else self.m / c
        return (1 - self.lr * self.weight_decay) * x - self.lr * self.factor(*x.shape[-2:]) * self.orthogonal(u)

    def factor(self, m, n):
        if self.rms:
            return self.rms * max(m, n) ** 0.5
        return 1.0 if self.unscaled else max(1.0, n / m if self.wide else m / n) ** 0.5

    def orthogonal(self, u):
        cast, table = rounded if self.half else lambda x: x, QUINTIC if self.quintic else JORDAN
        u = cast(u)
        norm = cast(sqrt(self.inner(u, u)))
        u = cast(u / (maximum(norm, self.eps * ones_like(norm)) if self.floor else cast(norm + self.eps)))
        if not self.half:
            return newton_schulz(u, table, self.ns_steps)
        X = transposed(u) if u.shape[-2] > u.shape[-1] else u
        for k in range(self.ns_steps):
            a, b, c = table[min(k, len(table) - 1)]
            A = rounded(X @ transposed(X))
            X = rounded(a * X + rounded(b * A + c * (A @ A)) @ X)
        return transposed(X) if u.shape[-2] > u.shape[-1] else X


def rounded(x):
    """Numbers with the eight bits of precision of bfloat16, in the dtype that they have."""
    if hasattr(x, "bfloat16"):
        return x.bfloat16().to(x.dtype)
    bits = np.asarray(x, "float32").view("uint32").astype("uint64")
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype("uint32").view("float32").astype(np.asarray(x).dtype)
