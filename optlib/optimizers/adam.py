"""Adam and its nearest kin: momentum and a size of the gradient, both corrected for their start at zero."""

from ..arrays import abs, maximum, sqrt, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class Adam(Optimizer):
    r"""Momentum divided by the recent size of the gradient, coordinate by coordinate.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Source:
        D. P. Kingma, J. Ba (2015), Adam: A Method for Stochastic Optimization, ICLR, Algorithm 1.
        arXiv:1412.6980

    Convention:
        Averages, not sums.  Epsilon is added outside the root, after the bias correction.  Both averages are
        corrected.

    Elsewhere:
        The same rule: torch Adam, optax adam, timm adam, paddle Adam, bitsandbytes Adam and 4 more.  Epsilon is added
        before the correction: keras Adam, tf.compat.v1 AdamOptimizer, mindspore Adam and 2 more.  Averages are not
        corrected; first step 3.16 lr: mlx Adam, mindspore AdamWeightDecay.  Weights without a gradient rest; epsilon is
        added before the correction: torch SparseAdam.  10 more differ otherwise: ``ol.elsewhere("Adam")``.

        Added before the correction, epsilon acts in the first step like one 1 / sqrt(1 - beta2) = 32 times as large.
        The paper's efficient form adds epsilon sqrt(1 - beta2^t) there, which is this rule.

    Memory:
        2 numbers per parameter (m, v).

    When:
        A good first try on most networks, above all if the layers' gradients differ in size.  Tune its learning rate;
        for weight decay take AdamW.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)  # bias correction
        v_hat = self.v / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(v_hat) + self.eps)


@register
class AdaMax(Optimizer):
    r"""Adam with the largest recent gradient in place of the root of the mean square.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t$$
        $$u_t = \max(\beta_2 u_{t-1},\ |g_t| + \epsilon)$$
        $$x_t = x_{t-1} - \frac{\eta}{1-\beta_1^t}\, \frac{m_t}{u_t}$$

    Source:
        D. P. Kingma, J. Ba (2015), Adam: A Method for Stochastic Optimization, ICLR, Algorithm 2.
        arXiv:1412.6980

    Convention:
        u is the infinity norm of the past gradients, each shrunk by beta2 for every step of its age: the limit of
        the p-norm, of which Adam has p = 2.  It needs no bias correction; m has one.  The paper has no epsilon and
        divides 0 by 0 where all gradients were 0; here epsilon stands inside the maximum.

    Elsewhere:
        The same rule: torch Adamax, optax adamax, timm adamax, pytorch-optimizer AdaMax.  Epsilon is added to the
        maximum: keras Adamax, jax.example_libraries adamax, mindspore AdaMax.  Decoupled weight decay: optax adamaxw.
        Epsilon is added to the maximum; averages are not corrected; first step 0.1 lr: mlx Adamax.  Epsilon is added to
        the largest gradient before: paddle Adamax.  In full: ``ol.elsewhere("AdaMax")``.

    Memory:
        2 numbers per parameter (m, u).

    When:
        No step may be much longer than the learning rate: here that holds for any gradients.  One outlier keeps the
        steps short for long.
    """

    lr: float = hyper(2e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the largest gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the gradient's size")

    def init(self, x):
        self.m = zeros_like(x)
        self.u = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.u = maximum(self.beta2 * self.u, abs(g) + self.eps)
        return x - self.lr / (1 - self.beta1**self.t) * self.m / self.u


@register
class Nadam(Optimizer):
    r"""Adam that looks ahead as Nesterov's momentum does: the step already has the momentum of the next one.

    Formula:
        $$\mu_t = \beta_1 \bigl(1 - \tfrac{1}{2}\, 0.96^{\,t \psi}\bigr)$$
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{\mu_{t+1}\, m_t}{1 - \prod_{i=1}^{t+1} \mu_i} +
          \frac{(1-\mu_t)\, g_t}{1 - \prod_{i=1}^{t} \mu_i} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Source:
        T. Dozat (2016), Incorporating Nesterov Momentum into Adam, ICLR Workshop, Algorithm 2,
        https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ; the schedule of mu is that of I. Sutskever,
        J. Martens, G. Dahl, G. Hinton (2013), On the importance of initialization and momentum in deep learning,
        ICML.

    Convention:
        Averages, both corrected; epsilon outside the root.  The momentum mu grows from about beta1 / 2 to beta1,
        halfway after about 4,250 steps at psi = 0.004.  The paper averages the gradient with mu_t; here, as in
        torch, the average has beta1 and mu_t only weighs it in the step.

    Elsewhere:
        The same rule: torch NAdam, timm nadam, paddle NAdam, pytorch-optimizer NAdam.  Its momentum grows soon, psi 1:
        keras Nadam.  Its momentum does not grow; first step 1.47 lr: optax nadam.  Decoupled weight decay; its momentum
        does not grow; first step 1.47 lr: optax nadamw.  Epsilon is the least value of the root: heavyball NAdam.  In
        full: ``ol.elsewhere("Nadam")``.

        torch's momentum_decay is psi.  Keras has psi = 1, so that mu is nearly beta1 after a hundred steps.

    Memory:
        2 numbers per parameter (m, v), and one number in all, the product of the mu.

    When:
        Adam does well, and its momentum is to look ahead at no extra memory.  The gain is often small.
    """

    lr: float = hyper(2e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    psi: float = hyper(0.004, r"\psi", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="how soon mu grows to beta1")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)
        self.mu_product = 1.0

    def update(self, x, g):
        mu, mu_next = self._momentum(self.t), self._momentum(self.t + 1)
        self.mu_product = mu * self.mu_product
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = mu_next * self.m / (1 - self.mu_product * mu_next) + (1 - mu) * g / (1 - self.mu_product)
        v_hat = self.v / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(v_hat) + self.eps)

    def _momentum(self, t):
        return self.beta1 * (1 - 0.5 * 0.96 ** (t * self.psi))


@register
class AdamW(Optimizer):
    r"""Adam, and apart from it a pull of all weights toward zero.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta \lambda\, x_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Source:
        I. Loshchilov, F. Hutter (2019), Decoupled Weight Decay Regularization, ICLR, Algorithm 2.
        arXiv:1711.05101

    Convention:
        The decay is decoupled: it is not part of the gradient, so m and v never see it, and it is not divided by
        the size of the gradient.  It is scaled by the learning rate, schedule included.  In the paper only the
        schedule scales it, so that the paper's lambda is eta lambda here.

    Elsewhere:
        The same rule: torch AdamW, optax adamw, timm adamw(weight_decay=0.1), paddle AdamW, bitsandbytes AdamW and 4
        more.  Epsilon is added before the correction: keras AdamW.  Averages are not corrected: mlx AdamW (first step
        3.17 lr), mindspore AdamWeightDecay(weight_decay=0.1) (first step 3.26 lr).  Epsilon is the least value of the
        root: heavyball AdamW(weight_decay=0.1).  1 more differs otherwise: ``ol.elsewhere("AdamW")``.

        torch's Adam(weight_decay=...) adds lambda x to the gradient instead, which is another rule.

    Memory:
        2 numbers per parameter (m, v).

    When:
        The usual choice for transformers, and wherever Adam is to go with weight decay: all weights decay alike,
        however large their gradients are.
    """

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.01, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        return x - self.lr * self.weight_decay * x - self.lr * m_hat / (sqrt(v_hat) + self.eps)
