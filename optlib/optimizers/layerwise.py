"""Rules that scale the step of each layer to the length of its weights, for batches of many thousands."""

from ..arrays import minimum, sqrt, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class LARS(Optimizer):
    r"""Momentum whose step in each layer is a fixed share of the length of that layer's weights.

    Formula:
        $$\tau_t = \tau\, \frac{\lVert x_{t-1} \rVert}{\lVert g_t \rVert + \lambda \lVert x_{t-1} \rVert}$$
        $$v_t = \beta v_{t-1} + \eta\, \tau_t\, (g_t + \lambda x_{t-1})$$
        $$x_t = x_{t-1} - v_t$$

    Source:
        Y. You, I. Gitman, B. Ginsburg (2017), Large Batch Training of Convolutional Networks, Algorithm 1.
        arXiv:1708.03888

    Convention:
        Norms are those of one tensor, such as the weights of one layer.  Where the weights or the denominator are 0,
        the paper's ratio is 0 or undefined, and such weights would never move: here tau_t is then 1, as in the
        libraries.  Vectors are stepped like all tensors; who keeps biases apart, as most do, gives them to another
        rule.  The decay is coupled: it is part of what is averaged, and of the ratio.  lr lies inside the average.

    Elsewhere:
        The same rule: tinygrad LARS.  The ratio has the norm of the gradient with the decay: optax lars.  The learning
        rate stands outside of the velocity: timm lars(weight_decay=0.1), pytorch-optimizer LARS.  The ratio is of the
        step, outside of the velocity, and at most 1: fastai Larc.  In full: ``ol.elsewhere("LARS")``.

        With the learning rate outside, the path is the same while the rate is constant.  Unless weight_decay is set,
        timm takes no ratio and so is `Momentum`.

    Memory:
        1 number per parameter (v).

    When:
        Convolutional networks at batches of 8,000 images and more, with a warm-up.  At usual batches plain momentum
        does as well.
    """

    sees = "tensor"

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.1, 100.0), log=True, doc="factor on the share")
    beta: float = hyper(0.9, r"\beta", "[0, 1)", slider=(0.0, 0.99), doc="momentum")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-5, 0.1), log=True, doc="pull to zero")
    trust_coefficient: float = hyper(1e-3, r"\tau", "(0, inf)", slider=(1e-4, 0.1), log=True,
                                     doc="length of a step as a share of the weights' length")  # fmt: skip

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        length = sqrt(self.inner(x, x))
        trust = ratio(self.trust_coefficient, length, sqrt(self.inner(g, g)) + self.weight_decay * length)
        self.v = self.beta * self.v + self.lr * trust * (g + self.weight_decay * x)
        return x - self.v


@register
class LAMB(Optimizer):
    r"""Adam's step, in each layer as long as lr times the layer's weights.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad
          r_t = \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda x_{t-1}$$
        $$x_t = x_{t-1} - \eta\, \frac{\lVert x_{t-1} \rVert}{\lVert r_t \rVert}\, r_t$$

    Source:
        Y. You, J. Li, S. Reddi, J. Hseu, S. Kumar, S. Bhojanapalli, X. Song, J. Demmel, K. Keutzer, C.-J. Hsieh (2020),
        Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, ICLR, Algorithm 2.  arXiv:1904.00962

    Convention:
        Norms are those of one tensor, such as the weights of one layer; phi, which may bound the first of them, is the
        identity.  Where one of both is 0 the ratio is 1.  Vectors are stepped like all tensors; who keeps biases apart,
        as most do, gives them to another rule.  The decay is decoupled from m and v, but inside the ratio.

    Elsewhere:
        The same rule: keras Lamb, optax lamb, paddle Lamb, mindspore Lamb, tinygrad LAMB.  The ratio is at most 10:
        fastai Lamb.  In the ratio the weights are no longer than 10; averages are not corrected; the average is
        corrected after the ratio: pytorch-optimizer Lamb.  The norm is clipped: timm lamb(weight_decay=0.1).  Averages
        are not corrected: torch-optimizer Lamb.  In full: ``ol.elsewhere("LAMB")``.

        Unless weight_decay is set, timm takes no ratio and so is `Adam`, with a clipped gradient.

    Memory:
        2 numbers per parameter (m, v).

    When:
        Transformers at batches of tens of thousands, where AdamW's rate no longer grows with the batch.
    """

    sees = "tensor"

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="step as a share of the weights")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-6, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.01, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        r = m_hat / (sqrt(v_hat) + self.eps) + self.weight_decay * x
        return x - self.lr * ratio(1.0, sqrt(self.inner(x, x)), sqrt(self.inner(r, r))) * r


def ratio(factor, a, b):
    """``factor a / b``, and 1 where one of both lengths is 0."""
    both = minimum(a, b) > 0
    return where(both, factor * a, 1.0) / where(both, b, 1.0)
