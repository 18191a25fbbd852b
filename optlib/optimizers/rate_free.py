"""Adam without a learning rate: the distance to the minimum is estimated from the path, and grows as it is seen."""

import math

from ..arrays import sign, sqrt, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


class _Distance(Optimizer):
    """What both rules share: an estimate d of the distance from the start to the minimum, which never falls."""

    def _grown(self, d_hat, norm):
        """The larger of d and of ``d_hat / norm``; d where the norm is 0."""
        d_hat = d_hat / where(norm > 0, norm, math.inf)
        return where(d_hat > self.d, d_hat, self.d)

    def _norm1(self, s):
        return self.inner(s, sign(s))


@register
class DAdaptAdam(_Distance):
    r"""Adam whose learning rate is a lower bound of the distance to the minimum, proved by the gradients so far.

    Formula:
        $$r_t = \sqrt{\beta_2}\, r_{t-1} + (1-\sqrt{\beta_2})\, \eta\, d_{t-1}
          \Bigl\langle g_t, \frac{s_{t-1}}{\sqrt{v_{t-1}} + \epsilon} \Bigr\rangle$$
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, \eta\, d_{t-1}\, g_t \qquad
          v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$s_t = \sqrt{\beta_2}\, s_{t-1} + (1-\sqrt{\beta_2})\, \eta\, d_{t-1}\, g_t \qquad
          d_t = \max\Bigl(d_{t-1},\ \frac{r_t}{(1-\sqrt{\beta_2})\, \lVert s_t \rVert_1}\Bigr)$$
        $$x_t = x_{t-1} - \eta\, d_{t-1} \lambda\, x_{t-1} - \frac{m_t}{\sqrt{v_t} + \epsilon}$$

    Source:
        A. Defazio, K. Mishchenko (2023), Learning-Rate-Free Learning by D-Adaptation, ICML, Algorithm 5.
        arXiv:2301.07733

    Convention:
        d is one number for all parameters (with torch: of a group).  Averages are not corrected for their start
        at 0.  The inner product is divided by the root of the v before this gradient, as in the authors' code.  lr is
        a factor for schedules.

    Elsewhere:
        The same rule: pytorch-optimizer DAdaptAdam.  Averages are corrected: optax dadapt_adamw.  In full:
        ``ol.elsewhere("DAdaptAdam")``.

        optax always corrects both averages: this rule with lr times sqrt(1 - beta2^t) / (1 - beta1^t).

    Memory:
        3 numbers per parameter (m, v, s), and two numbers in all, d and r.

    When:
        No learning rate is known and one run has to do.  Prodigy finds its rate sooner.
    """

    sees = "group"

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.1, 10.0), log=True, doc="factor on the rate that is found")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.5, 0.9999), doc="decay of the other averages")
    eps: float = hyper(1e-8, r"\epsilon", "(0, inf)", slider=(1e-10, 1e-2), log=True, doc="added to the root")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")
    d0: float = hyper(1e-6, "d_0", "(0, inf)", slider=(1e-8, 1.0), log=True, doc="first, too small estimate of d")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)
        self.s = zeros_like(x)
        self.d, self.r = self.d0, 0.0

    def update(self, x, g):
        root, rate = self.beta2**0.5, self.lr * self.d
        self.r = root * self.r + (1 - root) * rate * self.inner(g, self.s / (sqrt(self.v) + self.eps))
        self.m = self.beta1 * self.m + (1 - self.beta1) * rate * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        self.s = root * self.s + (1 - root) * rate * g
        self.d = self._grown(self.r, (1 - root) * self._norm1(self.s))
        return x - rate * self.weight_decay * x - self.m / (sqrt(self.v) + self.eps)


@register
class Prodigy(_Distance):
    r"""Adam whose learning rate is a lower bound of the distance to the minimum, with late gradients weighing more.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, d_{t-1}\, g_t \qquad
          v_t = \beta_2 v_{t-1} + (1-\beta_2)\, d_{t-1}^2\, g_t^2$$
        $$r_t = \sqrt{\beta_2}\, r_{t-1} + \eta\, d_{t-1}^2\, \langle g_t, x_0 - x_{t-1} \rangle \qquad
          s_t = \sqrt{\beta_2}\, s_{t-1} + \eta\, d_{t-1}^2\, g_t$$
        $$d_t = \max\Bigl(d_{t-1},\ c\, \frac{r_t}{\lVert s_t \rVert_1}\Bigr)$$
        $$x_t = x_{t-1} - \eta\, d_{t-1} \lambda\, x_{t-1} - \eta\, d_{t-1}\, \frac{m_t}{\sqrt{v_t} + d_t\, \epsilon}$$

    Source:
        K. Mishchenko, A. Defazio (2024), Prodigy: An Expeditiously Adaptive Parameter-Free Learner, ICML, Algorithm 4.
        arXiv:2306.06101

    Convention:
        d is one number for all parameters (with torch: of a group).  Averages are not corrected for their start
        at 0.  The factor 1 - sqrt(beta2) of r and s cancels and is left out.  Epsilon is multiplied by the new d, as
        in the authors' code; by the old one in the paper.  lr is a factor for schedules, c the code's d_coef.

    Elsewhere:
        The same rule: prodigyopt Prodigy, pytorch-optimizer Prodigy.  Averages are corrected: optax prodigy.  In full:
        ``ol.elsewhere("Prodigy")``.

        optax always corrects both averages: this rule with lr times sqrt(1 - beta2^t) / (1 - beta1^t).

    Memory:
        4 numbers per parameter (m, v, s, x_0), and two numbers in all, d and r.

    When:
        No learning rate is known and one run has to do, with a schedule of lr that falls to 0.  A tuned AdamW is mostly
        a little better.
    """

    sees = "group"

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.1, 10.0), log=True, doc="factor on the rate that is found")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.5, 0.9999), doc="decay of the other averages")
    eps: float = hyper(1e-8, r"\epsilon", "(0, inf)", slider=(1e-10, 1e-2), log=True, doc="added to the root")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")
    d0: float = hyper(1e-6, "d_0", "(0, inf)", slider=(1e-8, 1.0), log=True, doc="first, too small estimate of d")
    d_coef: float = hyper(1.0, "c", "(0, inf)", slider=(0.1, 10.0), log=True, doc="factor on the estimate of d")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)
        self.s = zeros_like(x)
        self.x0 = 1.0 * x  # a copy: drivers write into x
        self.d, self.r = self.d0, 0.0

    def update(self, x, g):
        root, d, rate = self.beta2**0.5, self.d, self.lr * self.d
        self.m = self.beta1 * self.m + (1 - self.beta1) * d * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * (d * g) ** 2
        self.r = root * self.r + d * rate * self.inner(g, self.x0 - x)
        self.s = root * self.s + d * rate * g
        self.d = self._grown(self.d_coef * self.r, self._norm1(self.s))
        return x - rate * self.weight_decay * x - rate * self.m / (sqrt(self.v) + self.d * self.eps)
