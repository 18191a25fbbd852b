"""Rules of the course with the conventions that other libraries have for them, each as a number or a switch.

They are rules like all others (`ol.minimize`, `ol.animate` and the driver for torch take them) but not registered: they
teach nothing that the registered rule does not, and a setting that is left at its default is that rule's convention.
"""

from ...arrays import abs, maximum, minimum, ones_like, sign, sqrt, where, zeros_like
from ...optimizers.around import worth_showing
from ...optimizers.base import Optimizer
from ...registry import hyper
from ...words import short

RATE, SHARE, PLUS = "(0, inf)", "[0, 1)", "[0, inf)"


def rate(default=1e-3):
    return hyper(default, r"\eta", RATE, slider=(1e-4, 1.0), log=True, doc="learning rate")


def beta(default, symbol=r"\beta", doc="share that is kept"):
    return hyper(default, symbol, SHARE, slider=(0.0, 0.9999), doc=doc)


def epsilon(default=0.0, doc="added to the root, after a correction"):
    return hyper(default, r"\epsilon", PLUS, slider=(1e-10, 1.0), log=True, doc=doc)


def switch(doc, default=False):
    return hyper(default, "c", doc=doc)


class Brief(Optimizer):
    """A rule that is shown with its rate and what is not at its default."""

    brief = True

    def __repr__(self):
        settings = self.settings().items()
        shown = [f"{name}={short(value)}" for name, value in settings if worth_showing(type(self), name, value)]
        return f"{type(self).__name__}({', '.join(shown)})"


class Root(Brief):
    """What divides: the root of an average square, with epsilon in any of the places that libraries have for it."""

    eps: float = epsilon()
    eps_before: float = epsilon(doc="added to the root, before its correction")
    eps_inside: float = epsilon(doc="added under the root, after a correction")
    eps_hidden: float = epsilon(doc="added under the root, before its correction")
    eps_floor: float = epsilon(doc="least value of the root")

    def root(self, square, correction=1.0):
        divided = sqrt((square + self.eps_hidden) / correction + self.eps_inside)
        return maximum(divided + self.eps + self.eps_before / correction**0.5, self.eps_floor * ones_like(divided))


class AnyMomentum(Brief):
    """Momentum: a sum or an average, the learning rate outside or inside, with or without a look ahead."""

    lr: float = rate(0.01)
    beta: float = beta(0.9)
    dampening: float = hyper(0.0, "d", "[0, 1]", slider=(0.0, 1.0), doc="share of a new gradient that is left out")
    nesterov: bool = switch("step with the velocity as it will be")
    inside: bool = switch("the learning rate is part of the velocity")
    first_whole: bool = switch("the first gradient is not dampened")

    sees = "number"

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        share = 1.0 if self.first_whole and self.t == 1 else 1 - self.dampening
        new = (self.lr if self.inside else 1.0) * g
        self.v = self.beta * self.v + share * new
        ahead = (1.0 if self.first_whole else share) * new + self.beta * self.v if self.nesterov else self.v
        return x - (1.0 if self.inside else self.lr) * ahead


class AnyAdam(Root):
    """Adam: where epsilon stands, what is corrected, which maximum, which look ahead."""

    lr: float = rate()
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    raw_m: bool = switch("the average gradient is not corrected")
    raw_v: bool = switch("the average square is not corrected")
    largest: bool = switch("the largest average square so far divides")
    largest_corrected: bool = switch("the largest corrected average square so far divides")
    ahead: bool = switch("the step has the momentum of the next one, with one correction")
    ahead_corrected: bool = switch("the step has the momentum of the next one, each part with its own correction")
    psi: float = hyper(0.0, r"\psi", PLUS, doc="how soon Nadam's momentum grows; 0 is none of it")
    gradient_sign: bool = switch("the step has the sign of the gradient")

    sees = "number"

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)
        self.v_max = zeros_like(x)
        self.mu_product = 1.0

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        c2 = 1.0 if self.raw_v else 1 - self.beta2**self.t
        square = self.v
        if self.largest or self.largest_corrected:
            square = self.v / (c2 if self.largest_corrected else 1.0)
            self.v_max = square = maximum(self.v_max, square)
        divisor = self.root(square, 1.0 if self.largest_corrected else c2)
        return x - self.lr * self.numerator(g) / divisor

    def numerator(self, g):
        c1 = 1.0 if self.raw_m else 1 - self.beta1**self.t
        if self.psi:
            mu, mu_next = (self.beta1 * (1 - 0.5 * 0.96 ** (t * self.psi)) for t in (self.t, self.t + 1))
            self.mu_product = mu * self.mu_product
            return mu_next * self.m / (1 - self.mu_product * mu_next) + (1 - mu) * g / (1 - self.mu_product)
        if self.ahead:
            return (self.beta1 * self.m + (1 - self.beta1) * g) / c1
        if self.ahead_corrected:
            return self.beta1 * self.m / (1 - self.beta1 ** (self.t + 1)) + (1 - self.beta1) * g / c1
        return abs(self.m / c1) * sign(g) if self.gradient_sign else self.m / c1


class AnyRMSProp(Root):
    """RMSProp: where epsilon stands, where the average starts, with or without momentum of the steps."""

    lr: float = rate(0.01)
    beta2: float = beta(0.99)
    start: float = hyper(0.0, "v_0", PLUS, doc="average square at the start")
    centered: bool = switch("divide by the deviation of the gradient")
    corrected: bool = switch("the average square is corrected for its start")
    momentum: float = beta(0.0, doc="momentum of the steps")
    inside: bool = switch("the learning rate is part of that momentum")
    nesterov: bool = switch("that momentum looks ahead")

    sees = "number"

    def init(self, x):
        self.v = self.start * ones_like(x)
        self.m = zeros_like(x)
        self.velocity = zeros_like(x)

    def update(self, x, g):
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        square = self.v
        if self.centered:
            self.m = self.beta2 * self.m + (1 - self.beta2) * g
            square = maximum(self.v - self.m**2, zeros_like(x))
        step = g / self.root(square, 1 - self.beta2**self.t if self.corrected else 1.0)
        step = (self.lr if self.inside else 1.0) * step
        self.velocity = self.momentum * self.velocity + step
        ahead = step + self.momentum * self.velocity if self.nesterov else self.velocity
        return x - (1.0 if self.inside else self.lr) * ahead


class AnyAdaGrad(Root):
    """AdaGrad: where epsilon stands, where the sum starts, a learning rate that falls, an average of the steps."""

    lr: float = rate(0.01)
    start: float = hyper(0.0, "G_0", PLUS, doc="sum of squares at the start")
    fall: float = hyper(0.0, r"\gamma", PLUS, doc="fall of the learning rate with each step")
    average: float = beta(0.0, doc="average of the steps")

    sees = "number"

    def init(self, x):
        self.G = self.start * ones_like(x)
        self.m = zeros_like(x)

    def update(self, x, g):
        self.G = self.G + g**2
        root = self.root(self.G)
        step = where(root > 0, g, 0.0) / where(root > 0, root, 1.0)
        self.m = self.average * self.m + (1 - self.average) * step
        return x - self.lr / (1 + self.fall * (self.t - 1)) * self.m


class AnyAdaMax(Brief):
    """AdaMax: where epsilon stands, and whether the average is corrected."""

    lr: float = rate(2e-3)
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    eps: float = epsilon(doc="added to the gradient's size")
    eps_kept: float = epsilon(doc="added to the largest gradient before")
    eps_outside: float = epsilon(doc="added to the maximum")
    raw_m: bool = switch("the average gradient is not corrected")

    sees = "number"

    def init(self, x):
        self.m = zeros_like(x)
        self.u = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.u = maximum(self.beta2 * self.u + self.eps_kept, abs(g) + self.eps)
        c1 = 1.0 if self.raw_m else 1 - self.beta1**self.t
        return x - self.lr / c1 * self.m / (self.u + self.eps_outside)


class AnyRAdam(Root):
    """RAdam: where epsilon stands, what is done below the threshold, whether equality meets it."""

    lr: float = rate()
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    threshold: float = hyper(5.0, r"\rho_{\min}", "[4, inf)", doc="gradients before dividing")
    silent: bool = switch("no step below the threshold")
    belief: bool = switch("divide by the deviation from the average, as AdaBelief")

    sees = "number"

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        if self.belief:
            self.v = self.beta2 * self.v + (1 - self.beta2) * (g - self.m) ** 2 + self.eps
        else:
            self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat, c2 = self.m / (1 - self.beta1**self.t), 1 - self.beta2**self.t
        rho_inf = 2 / (1 - self.beta2) - 1
        rho = rho_inf - 2 * self.t * self.beta2**self.t / c2
        if rho < self.threshold:
            return x if self.silent else x - self.lr * m_hat
        r = ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
        return x - self.lr * r * m_hat / self.root(self.v, c2)


class AnyAdaBelief(Root):
    """AdaBelief: epsilon of the sum and of the root apart, and a maximum."""

    lr: float = rate()
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    eps_sum: float = epsilon(doc="added to the average deviation at every step")
    largest: bool = switch("the largest deviation so far divides")

    sees = "number"

    def init(self, x):
        self.m = zeros_like(x)
        self.s = zeros_like(x)
        self.s_max = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.s = self.beta2 * self.s + (1 - self.beta2) * (g - self.m) ** 2 + self.eps_sum
        self.s_max = maximum(self.s_max, self.s)
        m_hat = self.m / (1 - self.beta1**self.t)
        return x - self.lr * m_hat / self.root(self.s_max if self.largest else self.s, 1 - self.beta2**self.t)


class AnyLaProp(Root):
    """LaProp: where epsilon stands, a maximum, the learning rate outside or inside of the average."""

    lr: float = rate(4e-4)
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    largest: bool = switch("the largest average square so far divides")
    inside: bool = switch("the learning rate is part of the average, and corrected as one")

    sees = "number"

    def init(self, x):
        self.m, self.v, self.v_max = zeros_like(x), zeros_like(x), zeros_like(x)
        self.rates = 0.0

    def update(self, x, g):
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        self.v_max = maximum(self.v_max, self.v)
        step = g / self.root(self.v_max if self.largest else self.v, 1 - self.beta2**self.t)
        lr = self.lr if self.inside else 1.0
        self.m = self.beta1 * self.m + (1 - self.beta1) * lr * step
        self.rates = self.beta1 * self.rates + (1 - self.beta1) * self.lr
        c1 = self.rates / self.lr if self.inside else (1 - self.beta1**self.t) / self.lr
        return x - self.m / c1


class AnyADOPT(Brief):
    """ADOPT: the power at which it clips, and whether one step ahead; not at all with power 0."""

    lr: float = rate()
    beta1: float = beta(0.9)
    beta2: float = beta(0.9999)
    eps: float = epsilon(1e-6, doc="least denominator")
    power: float = hyper(0.25, "p", "[0, 1]", doc="power of the bound")
    ahead: bool = switch("the bound is that of the next step")
    corrected: bool = switch("averages are corrected")

    sees = "number"

    def init(self, x):
        self.m, self.v = zeros_like(x), zeros_like(x)

    def update(self, x, g):
        if self.t > 1:
            c2 = 1 - self.beta2 ** (self.t - 1) if self.corrected else 1.0
            n = g / maximum(sqrt(self.v / c2), self.eps * ones_like(x))
            if self.power:
                most = (self.t - 1 + self.ahead) ** self.power * ones_like(x)
                n = minimum(maximum(n, -most), most)
            self.m = self.beta1 * self.m + (1 - self.beta1) * n
        kept = self.beta2 if self.t > 1 or self.corrected else 0.0
        self.v = kept * self.v + (1 - kept) * g**2
        c1 = 1 - self.beta1 ** (self.t - 1) if self.corrected and self.t > 1 else 1.0
        return x - self.lr * self.m / c1


class AnyAdan(Root):
    """Adan: where epsilon stands, the form of the decay, the weight of the change in the step and in the square."""

    lr: float = rate()
    beta1: float = beta(0.98)
    beta2: float = beta(0.92)
    beta3: float = beta(0.99)
    change: float = hyper(0.92, r"\gamma", "[0, 1]", doc="weight of the changes")

    sees = "number"

    def init(self, x):
        self.m, self.d, self.v, self.g = (zeros_like(x) for _ in range(4))

    def update(self, x, g):
        change = g - self.g if self.t > 1 else zeros_like(g)
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.d = self.beta2 * self.d + (1 - self.beta2) * change
        self.v = self.beta3 * self.v + (1 - self.beta3) * (g + self.change * change) ** 2
        self.g = 1.0 * g
        m_hat, d_hat = self.m / (1 - self.beta1**self.t), self.d / (1 - self.beta2**self.t)
        return x - self.lr * (m_hat + self.change * d_hat) / self.root(self.v, 1 - self.beta3**self.t)


class AnyAdEMAMix(Root):
    """AdEMAMix: where epsilon stands."""

    lr: float = rate()
    beta1: float = beta(0.9)
    beta2: float = beta(0.999)
    beta3: float = beta(0.9999)
    alpha: float = hyper(5.0, r"\alpha", PLUS, doc="weight of the slow average")

    sees = "number"

    def init(self, x):
        self.m, self.u, self.v = zeros_like(x), zeros_like(x), zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.u = self.beta3 * self.u + (1 - self.beta3) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        return x - self.lr * (m_hat + self.alpha * self.u) / self.root(self.v, 1 - self.beta2**self.t)
