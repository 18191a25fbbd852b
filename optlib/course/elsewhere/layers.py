"""Rules that see a tensor or a matrix, with the conventions that other libraries have for them."""

import numpy as np

from ...arrays import maximum, minimum, ones_like, sqrt, transposed, where, zeros_like
from ...optimizers.layerwise import ratio
from ...optimizers.matrix import JORDAN, newton_schulz
from ...registry import hyper
from .conventions import PLUS, RATE, Brief, Root, beta, epsilon, rate, switch

# F. L. Cesista's, which timm calls quintic.
QUINTIC = (
    (4.0848, -6.8946, 2.9270), (3.9505, -6.3029, 2.6377), (3.7418, -5.5913, 2.3037), (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)  # fmt: skip


class AnyLAMB(Root):
    """LAMB: where epsilon stands, what is corrected and when, the largest ratio, the decay inside or outside of it."""

    sees = "tensor"
    lr: float = rate()
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    weight_decay: float = hyper(0.0, r"\lambda", PLUS, doc="pull to zero, inside of the ratio")
    raw_m: bool = switch("the average gradient is not corrected")
    raw_v: bool = switch("the average square is not corrected")
    late_m: bool = switch("the step is divided by the correction of the average after the ratio")
    most_length: float = hyper(0.0, "c", PLUS, doc="the weights count as no longer than this; 0 is no bound")
    most: float = hyper(0.0, "c", PLUS, doc="largest ratio; 0 is no bound")

    def init(self, x):
        self.m, self.v = zeros_like(x), zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        c1, c2 = 1 - self.beta1**self.t, 1.0 if self.raw_v else 1 - self.beta2**self.t
        r = self.m / (1.0 if self.raw_m or self.late_m else c1) / self.root(self.v, c2) + self.weight_decay * x
        length, step = sqrt(self.inner(x, x)), sqrt(self.inner(r, r))
        length = minimum(length, self.most_length + 0 * length) if self.most_length else length
        share = ratio(1.0, length, step)
        share = minimum(share, self.most + 0 * share) if self.most else share
        return x - self.lr / (c1 if self.late_m else 1.0) * share * r


class AnyLARS(Brief):
    """LARS: momentum outside or inside of the rate, the norms of the ratio, its bound, no step before it is known."""

    sees = "tensor"
    lr: float = rate(1.0)
    beta: float = beta(0.9)
    weight_decay: float = hyper(0.0, r"\lambda", PLUS, doc="pull to zero, part of the gradient")
    trust_coefficient: float = hyper(1e-3, r"\tau", RATE, doc="length of a step as a share of the weights' length")
    eps: float = epsilon(doc="added to what divides")
    outside: bool = switch("the learning rate stands outside of the velocity")
    together: bool = switch("the ratio has the norm of g + lambda x")
    most_one: bool = switch("the ratio is at most 1")
    still: bool = switch("weights of 0 rest")
    late_ratio: bool = switch("the ratio is of the step, outside of the velocity")
    dampening: float = hyper(0.0, "d", "[0, 1]", doc="share of a new gradient that is left out")
    nesterov: bool = switch("look ahead")

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        length, slope = sqrt(self.inner(x, x)), sqrt(self.inner(g, g))
        pulled = g + self.weight_decay * x
        total = sqrt(self.inner(pulled, pulled)) if self.together else slope + self.weight_decay * length
        divides = (total if self.together else slope) > 0
        trust = ratio(self.trust_coefficient, length, where(divides, total + self.eps, 0.0))
        trust = where(length > 0, trust, 0.0) if self.still else trust
        trust = minimum(trust, 1 + 0 * trust) if self.most_one else trust
        inside = (1.0 if self.outside else self.lr) * (1.0 if self.late_ratio else trust)
        new = (1 - self.dampening) * inside * pulled
        self.v = self.beta * self.v + new
        step = new + self.beta * self.v if self.nesterov else self.v
        return x - (self.lr if self.outside else 1.0) * (trust if self.late_ratio else 1.0) * step


class AnyAdafactor(Brief):
    """Adafactor: what is factored, whose size scales the step, how epsilon bounds it, momentum of the steps."""

    sees = "tensor"
    lr: float = rate(1e-2)
    c: float = hyper(0.8, "c", RATE, doc="how soon the averages grow long")
    d: float = hyper(1.0, "d", PLUS, doc="largest root mean square of a step")
    eps1: float = epsilon(1e-30, doc="added to the squared gradient")
    eps2: float = epsilon(1e-3, doc="least size of weights")
    least: float = epsilon(doc="what divides is at least its square")
    beta1: float = beta(0.0, doc="average of the steps")
    warm: float = hyper(0.0, "w", PLUS, doc="the rate is at most this times the number of the step; 0 is no bound")
    fixed: bool = switch("the rate does not fall with the root of the steps")
    unscaled: bool = switch("the step does not grow with the weights")
    decay_fixed: bool = switch("the decay has the rate alone, not that of the step")
    half: bool = switch("the average of the steps is kept in 16 bits, bfloat16")
    whole: bool = switch("nothing is factored")
    last_axes: bool = switch("the last two axes are factored, of a kernel too")
    weight_decay: float = hyper(0.0, r"\lambda", PLUS, doc="pull to zero, times the whole rate")

    def init(self, x):
        self.m, self.V, self.R, self.C = (zeros_like(x) for _ in range(4))

    def update(self, x, g):
        beta2, square = 1 - self.t**-self.c, g**2 + self.eps1
        u = g / sqrt(maximum(self.square(beta2, square), self.least**2 * ones_like(g)))
        if self.d:
            size = self.size(u) / self.d
            u = u / where(size > 1, size, 1.0)
        rate = self.lr if self.fixed else min(self.lr, self.t**-0.5)
        rate = min(rate, self.warm * self.t) if self.warm else rate
        if not self.unscaled:
            size = self.size(x)
            rate = rate * where(size > self.eps2, size, self.eps2)
        if self.half and self.beta1:
            self.m = rounded(self.m + (1 - self.beta1) * (rounded(rate * u) - self.m))
        else:
            self.m = self.beta1 * self.m + (1 - self.beta1) * rate * u
        return x - (self.lr if self.decay_fixed else rate) * self.weight_decay * x - self.m

    def square(self, beta2, square):
        if self.whole or square.ndim < 2:
            self.V = beta2 * self.V + (1 - beta2) * square
            return self.V
        rows = square if self.last_axes else square.reshape(len(square), -1)
        self.R = beta2 * self.R.reshape(rows.shape) + (1 - beta2) * (rows.mean(-1)[..., None] + 0 * rows)
        self.C = beta2 * self.C.reshape(rows.shape) + (1 - beta2) * (rows.mean(-2)[..., None, :] + 0 * rows)
        mean = self.R.mean(-2)[..., None, :]
        return (self.R * self.C / maximum(mean, self.least * ones_like(mean))).reshape(square.shape)

    def size(self, x):
        return sqrt(self.inner(x, x) / max(1, x.size if hasattr(x, "size") and not callable(x.size) else x.numel()))


class AnyMuon(Brief):
    """Muon: a sum or an average, corrected or not, how epsilon bounds the norm, the last factor."""

    sees = "matrix"
    lr: float = rate(0.02)
    beta: float = beta(0.95)
    eps: float = epsilon(1e-7, doc="added to the norm")
    eps_floor: float = epsilon(doc="least norm")
    ns_steps: int = hyper(5, "N", "[1, 100]", slider=(1, 10), doc="Newton-Schulz steps")
    nesterov: bool = switch("mix the newest gradient in once more", True)
    total: bool = switch("a sum in place of the average")
    corrected: bool = switch("the average is corrected for its start")
    factor: float = hyper(0.0, "s", PLUS, doc="the last factor is this times the root of the longer side; 0: see wide")
    wide: bool = switch("the last factor is max(1, in / out)^(1/2) in place of max(1, out / in)^(1/2)")
    unscaled: bool = switch("no last factor")
    half: bool = switch("the iteration is computed with 16-bit numbers, bfloat16")
    quintic: bool = switch("coefficients that change from step to step, timm's")
    plain_look: bool = switch("the newest gradient is mixed in by 1, not by 1 - beta")

    def init(self, x):
        self.m = zeros_like(x)

    def update(self, x, g):
        share = 1.0 if self.total else 1 - self.beta
        self.m = self.beta * self.m + share * g
        c, c_next = (1 - self.beta**t if self.corrected else 1.0 for t in (self.t, self.t + 1))
        u = self.m / c
        if self.nesterov:
            u = self.beta * self.m / c_next + (1.0 if self.plain_look else share) * g / c
        norm = sqrt(self.inner(u, u))
        if self.half:
            X = self.in_half(u)
        else:
            table = QUINTIC if self.quintic else JORDAN
            X = newton_schulz(u / maximum(norm + self.eps, self.eps_floor + 0 * norm), table, self.ns_steps)
        m, n = x.shape[-2:]
        if self.factor:
            scale = self.factor * max(m, n) ** 0.5
        else:
            scale = 1.0 if self.unscaled else max(1.0, n / m if self.wide else m / n) ** 0.5
        return x - self.lr * scale * X

    def in_half(self, u):
        """The iteration as torch computes it with bfloat16: each result is rounded."""
        table, X = QUINTIC if self.quintic else JORDAN, rounded(u)
        norm = rounded(sqrt(self.inner(X, X)))
        X = rounded(X / maximum(rounded(norm + self.eps), self.eps_floor + 0 * norm))
        X = transposed(X) if u.shape[0] > u.shape[1] else X
        for k in range(self.ns_steps):
            a, b, c = table[min(k, len(table) - 1)]
            A = rounded(X @ transposed(X))
            X = rounded(a * X + rounded(b * A + c * (A @ A)) @ X)
        return transposed(X) if u.shape[0] > u.shape[1] else X


class AnyMARS(Root):
    """MARS: the gradient before the first is 0, and where epsilon stands."""

    sees = "tensor"
    lr: float = rate(3e-3)
    beta1: float = beta(0.95)
    beta2: float = beta(0.99)
    gamma: float = hyper(0.025, r"\gamma", PLUS, doc="share of the correction")

    def init(self, x):
        self.m, self.v, self.g = zeros_like(x), zeros_like(x), zeros_like(x)

    def update(self, x, g):
        c = g + self.gamma * self.beta1 / (1 - self.beta1) * (g - self.g)
        self.g = 1.0 * g
        norm = sqrt(self.inner(c, c))
        c = c / maximum(norm, 1 + 0 * norm)
        self.m = self.beta1 * self.m + (1 - self.beta1) * c
        self.v = self.beta2 * self.v + (1 - self.beta2) * c**2
        return x - self.lr * self.m / (1 - self.beta1**self.t) / self.root(self.v, 1 - self.beta2**self.t)


def rounded(x):
    """Numbers with the eight bits of precision of bfloat16, in the dtype that they have."""
    if hasattr(x, "bfloat16"):
        return x.bfloat16().to(x.dtype)
    bits = np.asarray(x, "float32").view("uint32").astype("uint64")
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype("uint32").view("float32").astype(np.asarray(x).dtype)
