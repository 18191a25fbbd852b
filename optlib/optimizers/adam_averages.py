"""Adam with more in its averages than gradients of one memory: a slow average, changes of the gradient."""

from ..arrays import maximum, ones_like, sqrt, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class AdEMAMix(Optimizer):
    r"""AdamW with a second, much slower average of the gradients beside the first.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad u_t = \beta_3 u_{t-1} + (1-\beta_3)\, g_t \qquad
          v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta \left( \frac{\hat m_t + \alpha\, u_t}{\sqrt{\hat v_t} + \epsilon}
          + \lambda x_{t-1} \right)$$

    Source:
        M. Pagliardini, P. Ablin, D. Grangier (2024), The AdEMAMix Optimizer: Better, Faster, Older, ICLR 2025,
        Algorithm 1.  arXiv:2409.03137

    Convention:
        The slow average is not corrected for its start at 0, so that it comes in by itself.  The paper also lets alpha
        and beta3 grow over the first steps; here both may be schedules, and are constant as a default.  The decay is
        decoupled; it is 0 here.

    Elsewhere:
        The same rule: optax ademamix, bitsandbytes AdEMAMix, pytorch-optimizer AdEMAMix.  Epsilon is the least value of
        the root: heavyball AdEMAMix.  In full: ``ol.elsewhere("AdEMAMix")``.

        Unless set, alpha is 5 in optax, pytorch-optimizer and bitsandbytes, and 2 in the authors' code.
        pytorch-optimizer adds lambda x to the gradient unless weight_decouple is set.

    Memory:
        3 numbers per parameter (m, u, v).

    When:
        Long runs, of more steps than the 1 / (1 - beta3) = 10,000 that the slow average spans, and small batches.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the fast average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    beta3: float = hyper(0.9999, r"\beta_3", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the slow average gradient")
    alpha: float = hyper(5.0, r"\alpha", "[0, inf)", slider=(0.0, 10.0), doc="weight of the slow average")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.u = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.u = self.beta3 * self.u + (1 - self.beta3) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        step = (m_hat + self.alpha * self.u) / (sqrt(v_hat) + self.eps)
        return x - self.lr * (step + self.weight_decay * x)


@register
class Adan(Optimizer):
    r"""Nesterov's look-ahead for Adam: gradients and their changes are averaged, and the step sees both.

    Formula:
        $$\Delta_t = g_t - g_{t-1} \qquad \Delta_1 = 0$$
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad d_t = \beta_2 d_{t-1} + (1-\beta_2)\, \Delta_t$$
        $$v_t = \beta_3 v_{t-1} + (1-\beta_3)\, (g_t + \beta_2 \Delta_t)^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat d_t = \frac{d_t}{1-\beta_2^t} \qquad
          \hat v_t = \frac{v_t}{1-\beta_3^t}$$
        $$x_t = \frac{1}{1 + \eta \lambda} \left( x_{t-1} - \eta\, \frac{\hat m_t + \beta_2 \hat d_t}
          {\sqrt{\hat v_t} + \epsilon} \right)$$

    Source:
        X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan (2022), Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing
        Deep Models, Algorithm 1.  arXiv:2208.06677

    Convention:
        The betas are the shares that are kept; in the paper they are the shares of what is new, 1 - beta.  Averages
        start at 0 and are corrected, as in the authors' code.  The decay is a division after the step, 0 as a default.

    Elsewhere:
        The same rule: timm adan, pytorch-optimizer Adan.  Changes weigh 1 - beta2, where beta2 was meant: optax adan.
        In full: ``ol.elsewhere("Adan")``.

        optax weighs the changes by 1 - beta2 where beta2 is meant: another path from the second step on.

    Memory:
        4 numbers per parameter (m, d, v, and the last gradient).

    When:
        Large batches, where the change of the gradient is more than noise, and memory is no concern.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.98, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.92, r"\beta_2", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average change; its weight")
    beta3: float = hyper(0.99, r"\beta_3", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average square")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.d = zeros_like(x)
        self.v = zeros_like(x)
        self.g = zeros_like(x)

    def update(self, x, g):
        change = where(self.t > 1, g - self.g, zeros_like(g))
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.d = self.beta2 * self.d + (1 - self.beta2) * change
        self.v = self.beta3 * self.v + (1 - self.beta3) * (g + self.beta2 * change) ** 2
        self.g = 1.0 * g
        m_hat = self.m / (1 - self.beta1**self.t)
        d_hat = self.d / (1 - self.beta2**self.t)
        v_hat = self.v / (1 - self.beta3**self.t)
        step = (m_hat + self.beta2 * d_hat) / (sqrt(v_hat) + self.eps)
        return (x - self.lr * step) / (1 + self.lr * self.weight_decay)


@register
class MARS(Optimizer):
    r"""AdamW on a gradient from which part of the noise has been taken: it is corrected by its own last change.

    Formula:
        $$c_t = g_t + \gamma\, \frac{\beta_1}{1-\beta_1}\, (g_t - g_{t-1}) \qquad c_1 = g_1$$
        $$\tilde c_t = \frac{c_t}{\max(1, \lVert c_t \rVert)}$$
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, \tilde c_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, \tilde c_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta \left( \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda x_{t-1} \right)$$

    Source:
        H. Yuan, Y. Liu, S. Wu, X. Zhou, Q. Gu (2024), MARS: Unleashing the Power of Variance Reduction for Training
        Large Models, Algorithm 2 (MARS-AdamW).  arXiv:2411.10438

    Convention:
        The form without a second gradient: g_{t-1} is the gradient of the last step's batch, where variance reduction
        would take the present batch at the last point.  The norm is that of one tensor.  In the first step, whose point
        is also the last one, nothing is corrected.  The decay is decoupled, 0 as a default.

    Elsewhere:
        The same rule: timm mars.  An epsilon is added under the root, before the correction; the gradient before the
        first is 0; epsilon is added before the correction: pytorch-optimizer MARS.  In full: ``ol.elsewhere("MARS")``.

        timm has beta1 = 0.9 unless it is set.  pytorch-optimizer takes g_0 = 0, so that the first gradient is longer by
        gamma beta1 / (1 - beta1), which shows where its norm is below 1.

    Memory:
        3 numbers per parameter (m, v, and the last gradient).

    When:
        Language models with batches so large that consecutive gradients are much alike.
    """

    sees = "tensor"

    lr: float = hyper(3e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.95, r"\beta_1", "[0, 1)", slider=(0.0, 0.99), doc="decay of the average gradient")
    beta2: float = hyper(0.99, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    gamma: float = hyper(0.025, r"\gamma", "[0, inf)", slider=(0.0, 1.0), doc="share of the correction")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)
        self.g = zeros_like(x)

    def update(self, x, g):
        c = g + self.gamma * self.beta1 / (1 - self.beta1) * where(self.t > 1, g - self.g, zeros_like(g))
        self.g = 1.0 * g
        norm = sqrt(self.inner(c, c))
        c = c / maximum(norm, ones_like(norm))
        self.m = self.beta1 * self.m + (1 - self.beta1) * c
        self.v = self.beta2 * self.v + (1 - self.beta2) * c**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        return x - self.lr * (m_hat / (sqrt(v_hat) + self.eps) + self.weight_decay * x)
