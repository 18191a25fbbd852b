"""Adaptive rates: each coordinate has a learning rate of its own, made from the gradients that it has seen."""

from ..arrays import isfinite, maximum, sqrt, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class AdaGrad(Optimizer):
    r"""Each coordinate's learning rate falls with all the gradient that the coordinate has ever seen.

    Formula:
        $$G_t = G_{t-1} + g_t^2$$
        $$x_t = x_{t-1} - \eta\, \frac{g_t}{\sqrt{G_t} + \epsilon}$$

    Source:
        J. Duchi, E. Hazan, Y. Singer (2011), Adaptive Subgradient Methods for Online Learning and Stochastic
        Optimization, Journal of Machine Learning Research 12, 2121-2159, Figure 1 with diagonal matrices and
        without constraints.

    Convention:
        A sum, not an average: it never shrinks, so the learning rate only falls.  Epsilon is added outside the
        root, as the paper's delta is.

    Elsewhere:
        The same rule: torch Adagrad, timm adagrad, paddle Adagrad, mlx Adagrad, bitsandbytes Adagrad and 1 more.  The
        squares start at 0.1; epsilon is added under the root: keras Adagrad, optax adagrad.  The squares start at 0.1:
        tf.compat.v1 AdagradOptimizer, mindspore Adagrad.  The steps have momentum; first step 0.1 lr:
        jax.example_libraries adagrad.  In full: ``ol.elsewhere("AdaGrad")``.

    Memory:
        1 number per parameter (G).

    When:
        Sparse gradients, as of words in a linear model: rare coordinates keep long steps.  In long training of
        networks its steps become too short.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-3, 10.0), log=True, doc="length of the first step")
    eps: float = hyper(1e-10, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")

    def init(self, x):
        self.G = zeros_like(x)

    def update(self, x, g):
        self.G = self.G + g**2
        return x - self.lr * g / (sqrt(self.G) + self.eps)


@register
class RMSProp(Optimizer):
    r"""The gradient divided by its recent size: AdaGrad with a memory that fades.

    Formula:
        $$v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$x_t = x_{t-1} - \eta\, \frac{g_t}{\sqrt{v_t} + \epsilon}$$
        $$\text{centered:}\quad m_t = \beta_2 m_{t-1} + (1-\beta_2)\, g_t \qquad
          v_t - m_t^2\ \text{in place of}\ v_t\ \text{under the root}$$

    Source:
        T. Tieleman, G. Hinton (2012), Lecture 6e of Neural Networks for Machine Learning, Coursera; centered:
        A. Graves (2013), Generating Sequences With Recurrent Neural Networks, equations 38 to 45.
        arXiv:1308.0850

    Convention:
        An average that starts at 0 and is not corrected for it: the first step has length 10 lr at beta2 = 0.99.
        Epsilon is added outside the root.  The lecture has decay 0.9 and no epsilon.

    Elsewhere:
        The same rule: torch RMSprop, mlx RMSprop, bitsandbytes RMSprop, fastai RMSProp, pytorch-optimizer RMSprop.
        Epsilon is added under the root: keras RMSprop (first step 3.16 lr), optax rmsprop (first step 3.16 lr), paddle
        RMSProp (first step 4.47 lr) and 1 more.  The squares start at 1; first step 1 lr: tf.compat.v1
        RMSPropOptimizer, mindspore RMSProp.  4 more differ otherwise: ``ol.elsewhere("RMSProp")``.

        torch's alpha is beta2.  timm's rmsproptf starts the squares at 1, as TensorFlow 1 did.  Graves too adds epsilon
        inside the root, and has momentum.

    Memory:
        1 number per parameter (v); centered, 2 numbers per parameter (v, m).

    When:
        Gradients whose size changes along the way, as in recurrent networks and reinforcement learning.  Adam adds
        momentum to it and corrects the start.

    Notes:
        Centered, the root is over the variance of the gradient.  Where the gradient hardly changes this tends to
        0 and the steps become long.  Rounding could push it below 0, where torch's path turns NaN; here it stops
        at 0.
    """

    lr: float = hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="about the length of a step")
    beta2: float = hyper(0.99, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    centered: bool = hyper(False, "c", doc="divide by the deviation of the gradient, not by its size")

    def init(self, x):
        self.v = zeros_like(x)
        if self.centered:
            self.m = zeros_like(x)

    def update(self, x, g):
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        spread = self.v
        if self.centered:
            self.m = self.beta2 * self.m + (1 - self.beta2) * g
            spread = maximum(self.v - self.m**2, zeros_like(x))
            spread = where(isfinite(self.v), spread, self.v)  # squares that overflow have no difference
        return x - self.lr * g / (sqrt(spread) + self.eps)


@register
class AdaDelta(Optimizer):
    r"""Steps measured against the steps before them, so that they have the unit of x and need no learning rate.

    Formula:
        $$v_t = \rho\, v_{t-1} + (1-\rho)\, g_t^2$$
        $$\Delta_t = \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\, g_t$$
        $$u_t = \rho\, u_{t-1} + (1-\rho)\, \Delta_t^2$$
        $$x_t = x_{t-1} - \eta\, \Delta_t$$

    Source:
        M. D. Zeiler (2012), ADADELTA: An Adaptive Learning Rate Method, Algorithm 1.  arXiv:1212.5701

    Convention:
        Two averages, both started at 0 and not corrected.  Epsilon stands inside both roots, and the one in the
        numerator sets the length of the first steps: sqrt(epsilon / (1 - rho)).  The paper has no lr; 1 is its
        rule.  u averages the steps before lr is applied.

    Elsewhere:
        The same rule: torch Adadelta, optax adadelta, timm adadelta, mlx AdaDelta, mindspore Adadelta and 1 more.  The
        same rule with other numbers: keras Adadelta (first step 0.00141 lr), tf.compat.v1 AdadeltaOptimizer (first step
        0.000447 lr), paddle Adadelta (first step 0.00447 lr).  In full: ``ol.elsewhere("AdaDelta")``.

        Keras, paddle and TensorFlow have lr = 0.001 unless it is set: steps a thousandth of the paper's.
        optax.adadelta() without a rate climbs.

    Memory:
        2 numbers per parameter (v, u).

    When:
        No learning rate can be tuned and a slow start does no harm.  Today it is seldom a first choice.
    """

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.01, 100.0), log=True, doc="factor on the step")
    rho: float = hyper(0.9, r"\rho", "[0, 1)", slider=(0.0, 0.999), doc="decay of both averages")
    eps: float = hyper(1e-6, r"\epsilon", "(0, inf)", slider=(1e-10, 1.0), log=True, doc="gets the first steps going")

    def init(self, x):
        self.v = zeros_like(x)
        self.u = zeros_like(x)

    def update(self, x, g):
        self.v = self.rho * self.v + (1 - self.rho) * g**2
        delta = sqrt(self.u + self.eps) / sqrt(self.v + self.eps) * g
        self.u = self.rho * self.u + (1 - self.rho) * delta**2
        return x - self.lr * delta
