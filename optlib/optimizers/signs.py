"""Steps by sign: every weight moves by the same length, only the direction is the gradient's."""

from ..arrays import sign, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class Lion(Optimizer):
    r"""The sign of a mean of new and old gradients: every weight moves by the learning rate, up or down.

    Formula:
        $$c_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t$$
        $$x_t = x_{t-1} - \eta\, \bigl(\operatorname{sign}(c_t) + \lambda x_{t-1}\bigr)$$
        $$m_t = \beta_2 m_{t-1} + (1-\beta_2)\, g_t$$

    Source:
        X. Chen, C. Liang, D. Huang, E. Real, K. Wang, H. Pham, X. Dong, T. Luong, C.-J. Hsieh, Y. Lu, Q. V. Le (2023),
        Symbolic Discovery of Optimization Algorithms, NeurIPS, Algorithm 2.  arXiv:2302.06675

    Convention:
        The step reads the average of the step before, mixed with the new gradient by beta1; then the average takes the
        gradient in by beta2.  sign(0) is 0.  The decay is decoupled and scaled by the learning rate.  It is 0 here, as
        in `Adam`; the paper has no default.

    Elsewhere:
        The same rule: keras Lion, optax lion, timm lion, mlx Lion, bitsandbytes Lion and 2 more.  Cautious, with a mask
        that is divided by its mean: timm clion.  The sign of 0 is 1: weights without a gradient move: deepspeed
        CPULion.  In full: ``ol.elsewhere("Lion")``.

        optax decays by 0.001 unless told otherwise.

    Memory:
        1 number per parameter (m), half of Adam's.

    When:
        Memory is short, and batches are large: the sign of a noisy mean is often wrong.  The learning rate must be
        three to ten times smaller than AdamW's.

    Notes:
        The paper advises a decay larger than AdamW's by the factor by which the learning rate is smaller.

        It is steepest descent where the length of a step is its largest coordinate.  Near a minimum it does not slow
        down by itself: the learning rate must fall.
    """

    lr: float = hyper(1e-4, r"\eta", "(0, inf)", slider=(1e-4, 0.1), log=True, doc="length of a step of each weight")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="share of the average in the step")
    beta2: float = hyper(0.99, r"\beta_2", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)

    def update(self, x, g):
        c = self.beta1 * self.m + (1 - self.beta1) * g
        self.m = self.beta2 * self.m + (1 - self.beta2) * g
        return x - self.lr * (sign(c) + self.weight_decay * x)
