"""Rules that remember which rows and which columns of the gradients go together, and even out their sizes there."""

from ..arrays import finfo, isfinite, like, maximum, namespace, sqrt, transposed, where, zeros_like
from ..registry import hyper, register
from .base import Optimizer


def without_overflow(S):
    """Matrices (..., n, n) with the identity in place of those whose numbers have overflown; and which are finite."""
    finite = isfinite(namespace(S).sum(S, axis=(-2, -1), keepdims=True))
    return where(finite, S, like(namespace(S).eye(S.shape[-1]), S)), finite


def inverse_root(S, power):
    """S^(-1/power) of symmetric matrices (..., n, n); 0 where the numbers have overflown, as 1/inf is."""
    S, finite = without_overflow(S)
    sizes, vectors = namespace(S).linalg.eigh(S)
    sizes = maximum(sizes, finfo(S).eps * sizes[..., -1:])  # what is below is rounding, and may be negative
    return where(finite, (vectors * sizes[..., None, :] ** (-1 / power)) @ transposed(vectors), zeros_like(S))


def times(a, b):
    """The product of matrices, where one may be the number 1: a side that is left out."""
    return a * b if isinstance(a, float) or isinstance(b, float) else a @ b


@register
class Shampoo(Optimizer):
    r"""The gradient between the inverse roots of two sums: of its products of rows, and of its products of columns.

    Formula:
        $$L_0 = \epsilon I_m \qquad L_t = L_{t-1} + g_t\, g_t^\top \qquad
          R_0 = \epsilon I_n \qquad R_t = R_{t-1} + g_t^\top g_t$$
        $$x_t = x_{t-1} - \eta\, L_t^{-1/4}\, g_t\, R_t^{-1/4}$$

    Source:
        V. Gupta, T. Koren, Y. Singer (2018), Shampoo: Preconditioned Stochastic Tensor Optimization, ICML, Algorithm 1.
        arXiv:1802.09568

    Convention:
        Matrices are (m, n); kernels are flattened to (out, rest), where the paper gives each axis a matrix of its own.
        The roots are taken anew every k steps.  A side longer than d has no matrix and the other the power -1/2; if
        both are longer, the step is gradient descent's.  A vector is a matrix of one row, where the paper has
        one matrix with the power -1/2.

    Elsewhere:
        Not among the recorded runs of other libraries.

        pytorch-optimizer's Shampoo(matrix_eps=eps) is the same rule on matrices of full rank.  torch-optimizer takes
        the power -1/2 on both sides, and sums for R what the root of L has made of the gradient: another rule.

    Memory:
        0 numbers per parameter for each by itself; 2 m^2 + 2 n^2 for a matrix (L, R and their roots).

    When:
        Matrices of up to about a thousand rows and columns whose gradients differ in size along mixed directions.

    Notes:
        An eigenvalue decomposition of an n by n matrix takes about ten times as long as a product of two such.
    """

    sees = "matrix"

    lr: float = hyper(0.1, r"\eta", "(0, inf)", slider=(1e-3, 10.0), log=True, doc="learning rate")
    eps: float = hyper(1e-6, r"\epsilon", "(0, inf)", slider=(1e-10, 1.0), log=True, doc="sums at the start")
    every: int = hyper(1, "k", "[1, inf)", slider=(1, 100), log=True, doc="steps from root to root")
    largest: int = hyper(1024, "d", "[1, inf)", doc="longest side with a matrix")

    def init(self, x):
        xp, sides = namespace(x), x.shape[-2:]
        self.L, self.R = (self.eps * like(xp.eye(n), x) if n <= self.largest else 1.0 for n in sides)
        self.left = self.right = 1.0

    def update(self, x, g):
        self.L = self.L if isinstance(self.L, float) else self.L + g @ transposed(g)
        self.R = self.R if isinstance(self.R, float) else self.R + transposed(g) @ g
        if (self.t - 1) % self.every == 0:
            power = 2 * sum(not isinstance(S, float) for S in (self.L, self.R))
            self.left, self.right = (S if isinstance(S, float) else inverse_root(S, power) for S in (self.L, self.R))
        return x - self.lr * times(times(self.left, g), self.right)


@register
class SOAP(Optimizer):
    r"""Adam in the coordinates in which Shampoo's two matrices are diagonal, where single numbers have their own sizes.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t \qquad
          v_t = \beta_2 v_{t-1} + (1-\beta_2)\, (Q_L^\top g_t\, Q_R)^2$$
        $$n_t = \frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t}\, \frac{Q_L^\top m_t\, Q_R}{\sqrt{v_t} + \epsilon} \qquad
          x_t = (1 - \eta\lambda)\, \bigl(x_{t-1} - \eta\, Q_L\, n_t\, Q_R^\top\bigr)$$
        $$L_t = \beta_2 L_{t-1} + (1-\beta_2)\, g_t\, g_t^\top \qquad
          R_t = \beta_2 R_{t-1} + (1-\beta_2)\, g_t^\top g_t$$
        $$Q_L \leftarrow \mathrm{qr}(L_t\, Q_L) \qquad Q_R \leftarrow \mathrm{qr}(R_t\, Q_R) \qquad
          \text{every } k \text{ steps}$$

    Source:
        N. Vyas, D. Morwani, R. Zhao, M. Kwun, I. Shapira, D. Brandfonbrener, L. Janson, S. Kakade (2025), SOAP:
        Improving and Stabilizing Shampoo using Adam, ICLR, Algorithm 3.  arXiv:2409.11321

    Convention:
        As the authors' code.  The first gradient gives only the first Q, the eigenvectors of L and R; the first step
        is made with the second, and t in the corrections is one less than the number of gradients.  Before each qr the
        columns of Q, and v with them, are sorted by their share of L or R.  Epsilon is added before v is corrected;
        weight decay follows the step.  Kernels are flattened to (out, rest).  A vector, a matrix of one row or column,
        and any side longer than d keep their own coordinates: for a vector this is Adam.

    Elsewhere:
        Not among the recorded runs of other libraries.

        pytorch-optimizer's is the same rule with qr in float32: paths agree to about 1e-6 of their size.  Where a
        gradient has fewer dimensions than a side is long, the rest of Q is arbitrary, and two programs take two paths.

    Memory:
        2 numbers per parameter (m, v); and 2 m^2 + 2 n^2 for a matrix (L, R and their Q).

    When:
        Weight matrices and kernels whose sides are up to a few thousand long, with Adam's learning rates.
    """

    sees = "matrix"

    lr: float = hyper(3e-3, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="about the length of a step")
    beta1: float = hyper(0.95, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.95, r"\beta_2", "[0, 1)", slider=(0.0, 0.9999), doc="decay of the averages of squares")
    eps: float = hyper(1e-8, r"\epsilon", "(0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the root")
    weight_decay: float = hyper(0.01, r"\lambda", "[0, inf)", slider=(0.0, 1.0), doc="pull towards 0, times lr")
    every: int = hyper(10, "k", "[1, inf)", slider=(1, 100), log=True, doc="steps from basis to basis")
    largest: int = hyper(2048, "d", "[1, inf)", doc="longest side with a basis")

    def init(self, x):
        xp, sides = namespace(x), x.shape[-2:]
        self.m, self.v = zeros_like(x), zeros_like(x)
        self.Q_L, self.Q_R = (like(xp.eye(n), x) if min(sides) > 1 and n <= self.largest else 1.0 for n in sides)
        self.L, self.R = 0.0 * self.Q_L, 0.0 * self.Q_R

    def update(self, x, g):
        x = self._adam(x, g) if self.t > 1 else 1.0 * x
        if not isinstance(self.Q_L, float):
            self.L = self.beta2 * self.L + (1 - self.beta2) * g @ transposed(g)
            self.Q_L, self.v = self._turned(self.L, self.Q_L, self.v)
        if not isinstance(self.Q_R, float):
            self.R = self.beta2 * self.R + (1 - self.beta2) * transposed(g) @ g
            self.Q_R, v = self._turned(self.R, self.Q_R, transposed(self.v))
            self.v = transposed(v)
        return x

    def _adam(self, x, g):
        to_L, back_R = (Q if isinstance(Q, float) else transposed(Q) for Q in (self.Q_L, self.Q_R))
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * times(times(to_L, g), self.Q_R) ** 2
        correction = (1 - self.beta2 ** (self.t - 1)) ** 0.5 / (1 - self.beta1 ** (self.t - 1))
        n = correction * times(times(to_L, self.m), self.Q_R) / (sqrt(self.v) + self.eps)
        return (1 - self.lr * self.weight_decay) * (x - self.lr * times(times(self.Q_L, n), back_R))

    def _turned(self, S, Q, v):
        """Q nearer to the eigenvectors of S, and v with its rows in the order of Q's columns."""
        if self.t > 1 and (self.t - 1) % self.every:
            return Q, v
        xp, (S, _) = namespace(S), without_overflow(S)  # then Q stays
        if self.t == 1:
            return xp.flip(xp.linalg.eigh(S)[1], axis=-1), v
        order = xp.argsort(-xp.sum(Q * (S @ Q), axis=-2), axis=-1)
        Q = xp.take_along_axis(Q, order[..., None, :], axis=-1)
        v = xp.take_along_axis(v, order[..., None], axis=-2)
        return xp.linalg.qr(S @ Q)[0], v
