"""Adam's squares in less memory: for each row and each column of a matrix, or for each row only."""

import math

from ..arrays import sqrt, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


@register
class Adafactor(Optimizer):
    r"""A step divided by the size of the gradient, which is remembered for rows and columns, not for each number.

    Formula:
        $$\hat\beta_t = 1 - t^{-c} \qquad G_t = g_t^2 + \epsilon_1$$
        $$R_t = \hat\beta_t R_{t-1} + (1-\hat\beta_t)\, \text{mean}_{\text{row}}(G_t) \qquad
          C_t = \hat\beta_t C_{t-1} + (1-\hat\beta_t)\, \text{mean}_{\text{column}}(G_t)$$
        $$v_t = \frac{R_t\, C_t}{\text{mean}(R_t)} \qquad u_t = \frac{g_t}{\sqrt{v_t}} \qquad
          \text{RMS}(x) = \sqrt{\text{mean}(x^2)}$$
        $$\alpha_t = \max\bigl(\epsilon_2,\ \text{RMS}(x_{t-1})\bigr)\, \min\bigl(\eta,\ t^{-1/2}\bigr)$$
        $$x_t = x_{t-1} - \alpha_t\, \frac{u_t}{\max\bigl(1,\ \text{RMS}(u_t) / d\bigr)}$$

    Source:
        N. Shazeer, M. Stern (2018), Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, ICML, Algorithms 4
        to 6.  arXiv:1804.04235

    Convention:
        Means in place of the paper's sums, which is the same.  A vector is a matrix of one row, so that C is v itself;
        a kernel of a convolution is the matrix (out, rest).  There is no first momentum, as the paper advises.
        relative=False takes lr itself as alpha_t; the paper's cap of the relative step, 0.01, is lr.

    Elsewhere:
        Of a kernel the last two axes are factored: keras Adafactor, mlx Adafactor, torch-optimizer Adafactor.  Nothing
        is factored; the rate does not fall with the root of the steps: optax adafactor.  Of a kernel the last two axes
        are factored; weight decay has lr alone: torch Adafactor.  Nothing is factored: timm adafactor.  1 more differs
        otherwise: ``ol.elsewhere("Adafactor")``.

        Of a 3 x 3 kernel, the last two axes alone make 6 numbers of 9.  Unless set, optax factors only axes of at least
        128, timm of 16.  pytorch-optimizer has no momentum with betas=(None, ...).

    Memory:
        0 numbers per parameter of a matrix, where there is one for each row and each column; 1 in a vector (C).

    When:
        Adam's two numbers for each weight no longer fit into the memory.  On large transformers it does almost as well;
        with the relative step nothing has to be tuned at first.
    """

    sees = "tensor"

    lr: float = hyper(1e-2, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="largest relative step")
    c: float = hyper(0.8, "c", "(0, inf)", slider=(0.1, 1.0), doc="how soon the averages grow long")
    d: float = hyper(1.0, "d", "(0, inf)", slider=(0.1, 10.0), log=True, doc="largest root mean square of a step")
    eps1: float = hyper(1e-30, r"\epsilon_1", "(0, inf)", doc="added to the squared gradient")
    eps2: float = hyper(1e-3, r"\epsilon_2", "(0, inf)", slider=(1e-5, 1.0), log=True, doc="least size of weights")
    relative: bool = hyper(True, r"\text{relative}", doc="whether steps are relative to the size of the weights")

    def init(self, x):
        self.R = self.row_mean(zeros_like(x))
        self.C = self.column_mean(zeros_like(x))

    def update(self, x, g):
        beta2 = 1 - self.t**-self.c
        square = g**2 + self.eps1
        self.R = beta2 * self.R + (1 - beta2) * self.row_mean(square)
        self.C = beta2 * self.C + (1 - beta2) * self.column_mean(square)
        mean = self.column_mean(self.R)
        divides = (mean > 0) * (mean < math.inf)  # squares overflow, and a tensor may be empty
        share = where(divides, self.R, 1.0) / where(divides, mean, 1.0)
        u = g / sqrt(share * self.C)
        size = self._size(u) / self.d
        return x - self._rate(x) / where(size > 1, size, 1.0) * u

    def _rate(self, x):
        if not self.relative:
            return self.lr
        size, longest = self._size(x), self.t**-0.5
        return where(size > self.eps2, size, self.eps2) * where(self.lr < longest, self.lr, longest)

    def _size(self, x):
        """Root mean square over one point."""
        return sqrt(self.column_mean(self.row_mean(x**2)))


@register
class AdamMini(Optimizer):
    r"""Adam with one size of the gradient for a whole row of a matrix in place of one for each weight.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad
          v_t = \beta_2 v_{t-1} + (1-\beta_2)\, \text{mean}_{\text{row}}(g_t^2)$$
        $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}$$
        $$x_t = x_{t-1} - \eta \lambda\, x_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Source:
        Y. Zhang, C. Chen, Z. Li, T. Ding, C. Wu, D. P. Kingma, Y. Ye, Z.-Q. Luo, R. Sun (2025), Adam-mini: Use Fewer
        Learning Rates To Gain More, ICLR, Algorithm 1.  arXiv:2406.16793

    Convention:
        The paper has one v for each block of the Hessian: an output neuron, a row of an embedding, a head of attention.
        Here a block is a row of a matrix or of a kernel (out, rest), which are the first two; heads are not told
        apart.  A vector is one block.  The decay is decoupled, as in AdamW.

    Elsewhere:
        One average square for a whole tensor: pytorch-optimizer AdamMini.  In full: ``ol.elsewhere("AdamMini")``.

        pytorch-optimizer keeps one v in all for a tensor whose name it does not know.

    Memory:
        1 number per parameter (m), and one for each row of a matrix or each vector.

    When:
        Adam is the rule that trains, and half of its memory is to be saved without another learning rate.
    """

    sees = "tensor"

    lr: float = hyper(1e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.9, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.999, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the average squared gradient")
    eps: float = hyper(1e-8, r"\epsilon", "[0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")

    def init(self, x):
        self.m = zeros_like(x)
        self.v = self.row_mean(zeros_like(x))

    def update(self, x, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * self.row_mean(g**2)
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        return x - self.lr * self.weight_decay * x - self.lr * m_hat / (sqrt(v_hat) + self.eps)
