"""Rules that see a matrix as what it is, a map from inputs to outputs: each of its singular values moves alike."""

from ..arrays import like, namespace, sqrt, transposed, zeros_like
from ..registry import hyper, register
from .base import Optimizer

JORDAN = ((3.4445, -4.7750, 2.0315),)
# Amsel et al., listing 1: for singular values from 1e-3 on; divided by 1.01 so that rounding leaves none above 1.
POLAR_EXPRESS = tuple((a / 1.01, b / 1.01**3, c / 1.01**5) for a, b, c in (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
)) + ((1.875, -1.25, 0.375),)  # fmt: skip
AT_ONCE = 3  # of the polynomials so many are evaluated on one X X'; more would blur float32


def newton_schulz(x, table, steps):
    r"""Bring the singular values of matrices near to 1; their singular vectors stay.

    Each step puts a singular value s in [0, 1] to a s + b s^3 + c s^5, by products of matrices alone:

    $$A = X X^\top \qquad X \leftarrow a X + (b A + c A^2)\, X$$

    Parameters
    ----------
    x : array (..., m, n)
        None of its singular values above 1.
    table : tuple of (a, b, c)
        For one step after the other; the last for all that follow.
    steps : int

    Returns
    -------
    array (..., m, n)
    """
    m, n = x.shape[-2:]
    if m > n:
        return transposed(newton_schulz(transposed(x), table, steps))
    polynomials = [table[min(k, len(table) - 1)] for k in range(steps)]
    if n > 2 * m:
        return _on_small_matrices(x, polynomials)
    for a, b, c in polynomials:
        A = x @ transposed(x)
        x = a * x + (b * A + c * A @ A) @ x
    return x


def _on_small_matrices(x, polynomials):
    """The same for wide matrices in half the time: A of the next step is P A P, and the P are multiplied before x."""
    identity = like(namespace(x).eye(x.shape[-2]), x)
    for first in range(0, len(polynomials), AT_ONCE):
        A, P, product = x @ transposed(x), None, None
        for a, b, c in polynomials[first : first + AT_ONCE]:
            A = A if P is None else P @ A @ P
            P = a * identity + b * A + c * A @ A
            product = P if product is None else P @ product
        x = product @ x
    return x


def shape_factor(x, match_rms):
    """By what Muon's steps of matrices (..., out, in) are scaled: 0.2 sqrt(max(out, in)) or sqrt(max(1, out / in))."""
    m, n = x.shape[-2:]
    return 0.2 * max(m, n) ** 0.5 if match_rms else max(1.0, m / max(n, 1)) ** 0.5


@register
class Muon(Optimizer):
    r"""Momentum whose matrix is replaced by the nearest one with orthogonal rows: all its directions get equal steps.

    Formula:
        $$m_t = \beta\, m_{t-1} + (1-\beta)\, g_t \qquad u_t = \beta\, m_t + (1-\beta)\, g_t$$
        $$X_0 = \frac{u_t}{\lVert u_t \rVert_F + \epsilon} \qquad
          X_k = a X_{k-1} + (b A + c A^2)\, X_{k-1}, \quad A = X_{k-1} X_{k-1}^\top$$
        $$x_t = (1 - \eta\lambda)\, x_{t-1} - \eta\, \sqrt{\max(1, \tfrac{m}{n})}\; X_N$$

    Source:
        K. Jordan, Y. Jin, V. Boza, J. You, F. Cesista, L. Newhouse, J. Bernstein (2024), Muon: An optimizer for hidden
        layers in neural networks, https://kellerjordan.github.io/posts/muon/; steepest descent in the spectral norm:
        J. Bernstein, L. Newhouse (2024), arXiv:2409.20325; the factor 0.2 and weight decay: J. Liu et al. (2025), Muon
        is Scalable for LLM Training, arXiv:2502.16982; polar_express: N. Amsel et al. (2025), arXiv:2505.16932.

    Convention:
        Matrices are (m, n) = (out, in), as torch has them; kernels are flattened to (out, rest).  a, b, c are 3.4445,
        -4.7750, 2.0315 in each of the N steps; polar_express takes the first N of its paper's.  Then X_N is not U V',
        the nearest orthogonal matrix: singular values of X_0 from 0.01 to 1 end at 0.68 to 1.13.  match_rms
        takes 0.2 sqrt(max(m, n)) as the last factor, for steps of the size of Adam's, so that its lr and weight decay
        may be kept.  Without nesterov u is m.  A vector is a matrix of one row: momentum with steps of one length, 0.70
        lr with the defaults; nothing else of the rule is to be seen on a contour plot.

    Elsewhere:
        The last factor is 0.2 times the root of the longer side: keras Muon.  The average is corrected; the last factor
        is max(1, in / out)^(1/2), not max(1, out / in)^(1/2): optax muon.  Epsilon is the least norm; the iteration is
        computed in bfloat16: torch Muon.  Weight decay is part of the gradient: mlx Muon.  The iteration is computed in
        bfloat16: pytorch-optimizer Muon.  2 more differ otherwise: ``ol.elsewhere("Muon")``.

        torch computes X in bfloat16: paths about 0.5 % apart, equal without that cast.  Keras steps vectors and kernels
        with Adam.  The author's code takes the last factor of a kernel's last two axes.  Of polar_express optax takes
        the last N, timm the first.

    Memory:
        1 number per parameter (m).

    When:
        Weight matrices and kernels of networks, beside AdamW for biases, embeddings and the first and last layer.
    """

    sees = "matrix"

    lr: float = hyper(0.02, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="length of a step in each direction")
    beta: float = hyper(0.95, r"\beta", "[0, 1)", slider=(0.0, 0.99), doc="decay of the average gradient")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(0.0, 1.0), doc="pull towards 0, times lr")
    eps: float = hyper(1e-7, r"\epsilon", "(0, inf)", slider=(1e-10, 1.0), log=True, doc="added to the norm")
    ns_steps: int = hyper(5, "N", "[1, 100]", slider=(1, 10), doc="Newton-Schulz steps")
    nesterov: bool = hyper(True, r"\text{nesterov}", doc="mix the newest gradient into the average once more")
    polar_express: bool = hyper(False, r"\text{polar express}", doc="coefficients that change from step to step")
    match_rms: bool = hyper(False, r"\text{match rms}", doc="steps of the size of Adam's")

    def init(self, x):
        self.m = zeros_like(x)

    def update(self, x, g):
        self.m = self.beta * self.m + (1 - self.beta) * g
        u = self.beta * self.m + (1 - self.beta) * g if self.nesterov else self.m
        table = POLAR_EXPRESS if self.polar_express else JORDAN
        X = newton_schulz(u / (sqrt(self.inner(u, u)) + self.eps), table, self.ns_steps)
        return (1 - self.lr * self.weight_decay) * x - self.lr * shape_factor(x, self.match_rms) * X
