"""Adam with another denominator, or with the division before the average."""

from ..arrays import maximum, minimum, ones_like, sqrt, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class AdaBelief(Optimizer):
    r"""Adam that divides by how far gradients lie from their average, not by their size.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad
          s_t = \beta_2 s_{t-1} + (1-\beta_2)\, (g_t - m_t)^2 + \epsilon$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat s_t = \frac{s_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat s_t} + \epsilon}$$

    Source:
        J. Zhuang, T. Tang, Y. Ding, S. Tatikonda, N. Dvornek, X. Papademetris, J. Duncan (2020), AdaBelief Optimizer:
        Adapting Stepsizes by the Belief in Observed Gradients, NeurIPS, Algorithm 2.  arXiv:2010.07468

    Convention:
        Epsilon is added twice: to s at every step, and stays in it, and to the root.  Where gradients repeat each other
        it alone limits the step, so its default is the 1e-16 of the authors' code.  The first step is
        eta / beta1 long, whatever the gradient.

    Elsewhere:
        The same rule: optax adabelief, timm adabelief, pytorch-optimizer AdaBelief, torch-optimizer AdaBelief.  It is
        rectified as RAdam is: timm radabelief.  In full: ``ol.elsewhere("AdaBelief")``.

    Memory:
        2 numbers per parameter (m, s).

    When:
        Gradients agree for long: then its steps are far longer than Adam's.  With noise much larger than the mean both
        are nearly the same.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average deviation")
    eps: float = hyper(1e-16, r"\epsilon", "[0, inf)", slider=(1e-16, 1.0), log=True, doc="added to s and to the root")

    def init(self, x):
        self.m = zeros_like(x)
        self.s = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.s = self.beta2 * self.s + (1 - self.beta2) * (g - self.m) ** 2 + self.eps
        m_hat = self.m / (1 - self.beta1**self.t)
        s_hat = self.s / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(s_hat) + self.eps)


@register
class LaProp(Optimizer):
    r"""Adam the other way round: each gradient is divided first, and what is averaged has one size already.

    Formula:
        $$v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2 \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, \frac{g_t}{\sqrt{\hat v_t} + \epsilon} \qquad
          \hat m_t = \frac{m_t}{1-\beta_1^t}$$
        $$x_t = x_{t-1} - \eta\, \hat m_t$$

    Source:
        L. Ziyin, Z. T. Wang, M. Ueda (2020), LaProp: Separating Momentum and Adaptivity in Adam, Algorithm 1.
        arXiv:2002.04839

    Convention:
        The learning rate stands outside the average.  beta1 and beta2 may be chosen apart: no gradient enters m larger
        than 1 / sqrt(1 - beta2), while Adam's step has no such bound where beta1 is larger than the root of beta2.

    Elsewhere:
        Epsilon is the least value of the root: heavyball LaProp.  The learning rate is part of the average, and
        corrected as one; an epsilon is added under the root, before the correction; epsilon is added before the
        correction: pytorch-optimizer LaProp.  The learning rate is part of the average, and corrected as one: timm
        laprop.  1 more differs otherwise: ``ol.elsewhere("LaProp")``.

        With the learning rate inside, the path is the same while the rate is constant.

    Memory:
        2 numbers per parameter (v, m).

    When:
        Adam becomes unstable, as with a small beta2 or with gradients that jump in size.
    """

    lr: float = hyper(4e-4, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average step")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-15, r"\epsilon", "[0, inf)", slider=(1e-15, 1.0), log=True, doc="added to the root")

    def init(self, x):
        self.v = zeros_like(x)
        self.m = zeros_like(x)

    def update(self, x, g):
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        v_hat = self.v / (1 - self.beta2**self.t)
        self.m = self.beta1 * self.m + (1 - self.beta1) * g / (sqrt(v_hat) + self.eps)
        return x - self.lr * self.m / (1 - self.beta1**self.t)


@register
class ADOPT(Optimizer):
    r"""Adam whose denominator has not seen the gradient that it divides, and so converges with any beta2.

    Formula:
        $$n_t = \operatorname{clip}\!\left(\frac{g_t}{\max(\sqrt{v_{t-1}},\ \epsilon)},\ (t-1)^{1/4}\right)$$
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, n_t$$
        $$x_t = x_{t-1} - \eta\, m_t$$
        $$v_1 = g_1^2 \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$

    Source:
        S. Taniguchi, K. Harada, G. Minegishi, Y. Oshima, S. C. Jeong, G. Nagahara, T. Iiyama, M. Suzuki, Y. Iwasawa,
        Y. Matsuo (2024), ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate, NeurIPS, Algorithm 2,
        in the version with clipping.  arXiv:2411.02853

    Convention:
        The first gradient only starts v: the first step moves nothing.  Each number of n is cut to the range from -c to
        c with c = (t-1)^(1/4): 0 in the first step, 1 in the second.  Nothing is corrected; epsilon is the least
        denominator.

    Elsewhere:
        The same rule: optax adopt.  Nothing is clipped, averages are corrected: heavyball ADOPT.  It clips with the
        bound of the next step: pytorch-optimizer ADOPT.  It clips at the power 0.333 of the step: timm adopt.
        Cautious, with a mask that is divided by its mean; it clips at the power 0.333 of the step: timm cadopt.  In
        full: ``ol.elsewhere("ADOPT")``.

    Memory:
        2 numbers per parameter (m, v).

    When:
        Gradients are rare and large, and Adam with its beta2 does not converge.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average step")
    beta2: float = hyper(0.9999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average square")
    eps: float = hyper(1e-6, r"\epsilon", "(0, inf)", slider=(1e-10, 1.0), log=True, doc="least denominator")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        most = (self.t - 1) ** 0.25 * ones_like(x)
        n = g / maximum(sqrt(self.v), self.eps * ones_like(x))
        n = minimum(maximum(n, -most), most) + 0 * n  # NaN where n is infinite: v would hold the weight for good
        kept = where(self.t > 1, self.beta2, 0.0)
        self.m = self.beta1 * self.m + (1 - self.beta1) * n
        self.v = kept * self.v + (1 - kept) * g**2
        return x - self.lr * self.m
