"""Adam and its family: momentum and a second moment, both corrected for their start at zero."""

from ..arrays import sqrt, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class Adam(Optimizer):
    r"""Momentum divided by the recent size of the gradient, coordinate by coordinate.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \alpha\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Source:
        D. P. Kingma, J. Ba (2015), Adam: A Method for Stochastic Optimization, ICLR, Algorithm 1.
        arXiv:1412.6980

    Convention:
        Averages, not sums.  Epsilon is added outside the root, after the bias correction.  Both averages are
        corrected.

    Elsewhere:
        torch.optim.Adam is the same rule.  TensorFlow and the paper's own efficient form add an epsilon-hat
        before the correction, epsilon-hat = epsilon sqrt(1 - beta2^t): a different number in the first steps.

    Memory:
        2 numbers per parameter (m, v).
    """

    lr: float = hyper(1e-3, r"\alpha", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="learning rate, about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        return x - self.lr * m_hat / (sqrt(v_hat) + self.eps)
