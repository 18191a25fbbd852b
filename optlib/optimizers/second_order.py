"""Curvature sets the step: from all second derivatives, from their diagonal, or from changes of the gradient."""

from ..arrays import (
    finfo,
    is_array,
    isfinite,
    like,
    maximum,
    minimum,
    namespace,
    ones_like,
    sign,
    sqrt,
    where,
    zeros_like,
)
from ..registry import hyper, register
from .base import Optimizer


@register
class Newton(Optimizer):
    r"""Jump to where the quadratic through value, gradient and curvature is flat.

    Formula:
        $$\bigl(H_t + \lambda I\bigr)\, p_t = g_t$$
        $$x_t = x_{t-1} - \eta\, p_t$$

    Source:
        T. Simpson (1740), Essays on Several Curious and Useful Subjects, in Speculative and Mix'd Mathematicks,
        London; how it came from Newton's and Raphson's work: T. J. Ypma (1995), SIAM Review 37 (4), 531-551; as
        written here: J. Nocedal, S. J. Wright (2006), Numerical Optimization, section 3.3; the damping:
        K. Levenberg (1944), A method for the solution of certain non-linear problems in least squares, Quarterly
        of Applied Mathematics 2, 164-168.

    Convention:
        The linear system is solved, the inverse is never formed.  lr = 1 is the pure method, exact on a quadratic
        in one step.  The damping is added to the diagonal as it is, not scaled by the Hessian's diagonal.

    Elsewhere:
        Not among the recorded runs of other libraries.

        SciPy's minimize(method="Newton-CG") solves the same system inexactly and searches along p for the length of the
        step.

    Memory:
        0 numbers per parameter between steps.  While it steps, n numbers per parameter: the Hessian of a point
        with n coordinates is n x n numbers, and solving takes about n^3/3 multiplications.

    When:
        Smooth functions of at most a few thousand parameters: near a minimum few steps and high accuracy.  Saddles
        attract it; networks are too large for it.

    Notes:
        The last axis of x holds the coordinates of a point: x and g have shape (..., n), H has shape (..., n, n).
        A Python float is a point with one coordinate.

        It looks for a flat point, not for a low one: from near a saddle or a maximum it goes to the saddle or the
        maximum.  With damping larger than the most negative curvature the step always points downhill.

        Where H + lambda I is singular there is no step: `step` raises a ValueError and leaves the rule as it was;
        in `minimize` that path ends as "diverged" and the others go on.
    """

    sees = "group"
    reads = ("gradient", "hessian")

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.01, 2.0), doc="share of the full step")
    damping: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(0.0, 10.0), doc="added to the diagonal of the Hessian")

    def step(self, x, *seen, loss=None):
        before = {**vars(self)}
        x_new = super().step(x, *seen, loss=loss)
        if not _finite(x_new):
            vars(self).clear()
            vars(self).update(before)
            raise ValueError(
                f"Newton: the Hessian with damping={self.damping!r} on its diagonal is singular, or nearly so, and no "
                "finite step solves for it; a larger damping makes it regular"
            )
        return x_new

    def update(self, x, g, H):
        if not getattr(x, "shape", ()):
            h = H + self.damping
            return x - self.lr * (g / h if h else float("nan"))
        xp = namespace(x)
        identity = like(xp.eye(x.shape[-1]), x)
        H = like(H, x) + (self.damping * ones_like(x))[..., None] * identity
        return x - self.lr * _solve(xp, H, g, identity)


@register
class Sophia(Optimizer):
    r"""The average gradient over the average curvature of each coordinate, no coordinate moving by more than lr.

    Formula:
        $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t$$
        $$h_t = \beta_2 h_{t-1} + (1-\beta_2)\, \operatorname{diag}(H_t) \ \text{at steps}\ 1,\ k+1,\ 2k+1, \dots,
          \quad\text{else}\ h_{t-1}$$
        $$x_t = (1 - \eta\lambda)\, x_{t-1} - \eta\, \operatorname{clip}\!\left(
          \frac{m_t}{\max(\gamma h_t, \epsilon)}, -1, 1\right)$$

    Source:
        H. Liu, Z. Li, D. Hall, P. Liang, T. Ma (2024), Sophia: A Scalable Stochastic Second-order Optimizer for
        Language Model Pre-training, ICLR, Algorithm 3.  arXiv:2305.14342

    Convention:
        On functions the Hessian's diagonal is the exact one; for networks it is estimated, as in the paper, from random
        vectors (Hutchinson) or resampled labels (Gauss-Newton-Bartlett).  Neither average is corrected for its start
        at 0.  Where the curvature is negative, or too small for gamma, a coordinate moves by lr along the sign of m.

    Elsewhere:
        Not among the recorded runs of other libraries.

        pytorch-optimizer's SophiaH is the paper's first version, without gamma: its p, eps and lr are this rule with
        gamma = p, eps = p eps and lr = p lr.  optax divides by the h of the refresh before, and corrects m.  The
        authors' SophiaG divides m by rho b h + 1e-15, where h averages g^2 of batches of b examples with resampled
        labels: gamma is rho.

    Memory:
        2 numbers per parameter (m, h).  On functions, while it steps, n numbers per parameter: the whole Hessian.

    When:
        Curvatures that differ much between coordinates and are known; to compare with Adam, whose denominator is none.

    Notes:
        With torch a step takes a function that estimates the diagonal, which it calls at steps 1, k+1, 2k+1, ...:
        ``optimizer.step(curvature=lambda params: gauss_newton_bartlett(model(x), params))``, or `hutchinson` of the
        loss; both are in optlib.torch_driver.
    """

    sees = "group"
    reads = ("gradient", "hessian")

    lr: float = hyper(0.05, r"\eta", "(0, inf)", slider=(1e-3, 1.0), log=True, doc="longest step of a coordinate")
    beta1: float = hyper(0.96, r"\beta_1", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average gradient")
    beta2: float = hyper(0.99, r"\beta_2", "[0, 1)", slider=(0.0, 0.999), doc="decay of the average curvature")
    gamma: float = hyper(0.01, r"\gamma", "(0, inf)", slider=(1e-3, 10.0), log=True, doc="factor on the curvature")
    eps: float = hyper(1e-12, r"\epsilon", "(0, inf)", slider=(1e-12, 1.0), log=True, doc="least denominator")
    weight_decay: float = hyper(0.0, r"\lambda", "[0, inf)", slider=(1e-4, 1.0), log=True, doc="pull to zero")
    every: int = hyper(10, "k", "[1, inf)", slider=(1, 20), doc="steps between two looks at the curvature")

    def init(self, x):
        self.m = zeros_like(x)
        self.h = zeros_like(x)

    def curvature_is_due(self):
        """Whether the next step reads the Hessian; its diagonal will do.  On other steps it may be None."""
        return self.t % self.every == 0

    def update(self, x, g, H):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        if (self.t - 1) % self.every == 0:
            known = getattr(H, "shape", ()) == getattr(x, "shape", ())  # a diagonal, or of one coordinate
            diagonal = H if known else namespace(H).diagonal(H, 0, -2, -1)
            self.h = self.beta2 * self.h + (1 - self.beta2) * like(diagonal, x)
        one = ones_like(x)
        u = self.m / maximum(self.gamma * self.h, self.eps * one)
        u = minimum(maximum(u, -one), one) + 0 * u  # NaN where u is infinite, and would be for good
        return (1 - self.lr * self.weight_decay) * x - self.lr * u


@register
class LBFGS(Optimizer):
    r"""Newton's step with a Hessian guessed from the last few steps and the changes of the gradient along them.

    Formula:
        $$s_t = x_t - x_{t-1} \qquad y_t = g_{t+1} - g_t \qquad \rho_t = \frac{1}{y_t^\top s_t} \qquad
          \gamma_t = \frac{s_{t-1}^\top y_{t-1}}{y_{t-1}^\top y_{t-1}}$$
        $$H_t = \gamma_t I, \quad\text{then for}\ i = t - m, \dots, t - 1\!:\quad
          H_t \leftarrow (I - \rho_i s_i y_i^\top)\, H_t\, (I - \rho_i y_i s_i^\top) + \rho_i s_i s_i^\top$$
        $$x_t = x_{t-1} - \eta\, H_t\, g_t \qquad
          x_1 = x_0 - \eta\, \min\!\left(1, \frac{1}{\lVert g_1 \rVert_1}\right) g_1$$

    Source:
        J. Nocedal (1980), Updating Quasi-Newton Matrices with Limited Storage, Mathematics of Computation 35 (151),
        773-782; as written here: J. Nocedal, S. J. Wright (2006), Numerical Optimization, section 7.2, algorithms 7.4
        (two-loop recursion) and 7.5, equation 7.20 (gamma).

    Convention:
        H is never formed: two loops over the m pairs (s, y) give H g.  There is no search along the line; lr is the
        share of the step that is taken, and the first step, which knows no curvature yet, is at most lr long, in the
        sum of absolute values.  A pair without positive curvature, y's <= eps |y| |s|, is not remembered, nor
        one whose numbers overflow: H stays positive definite.

    Elsewhere:
        Not among the recorded runs of other libraries.

        On a function torch's walks it, with max_iter = 1 and no line search; the recorded gradients belong to no
        function.  torch remembers a pair where y's > 1e-10, however small y and s are: close to a minimum its memory
        freezes.  torch stands still where no entry of g is above 1e-7, or g'Hg is not above 1e-9.

    Memory:
        22 numbers per parameter (s and y of 10 pairs, the last step, the last gradient): 2 for each pair and 2.

    When:
        Smooth functions with exact gradients, as of the whole data set, and too many parameters for Newton.  With
        noisy gradients y measures the noise.

    Notes:
        The last step is what the rule itself made of x; whoever moves x between steps makes y and s disagree.

        Without a search the first steps can overshoot where the curvature changes; a smaller lr helps.
    """

    sees = "group"

    lr: float = hyper(1.0, r"\eta", "(0, inf)", slider=(0.01, 2.0), doc="share of the full step")
    history: int = hyper(10, "m", "[1, inf)", slider=(1, 20), doc="steps that are remembered")
    eps: float = hyper(1e-10, r"\epsilon", "[0, inf)", slider=(1e-16, 1.0), log=True, doc="least cosine of y and s")

    def init(self, x):
        self.s, self.g = zeros_like(x), zeros_like(x)
        # The newest pair comes first.  Pairs of zeros, with rho = 0, change nothing.
        self.steps = tuple(zeros_like(x) for _ in range(self.history))
        self.changes = tuple(zeros_like(x) for _ in range(self.history))
        self.rhos = tuple(self.inner(self.s, self.g) for _ in range(self.history))
        self.gamma = ones_like(self.inner(self.s, self.g))

    def update(self, x, g):
        self.steps, self.changes, self.rhos, self.gamma = self._with_pair(self.s, g - self.g)
        length = self.inner(g, sign(g))
        rate = self.lr / maximum(length, ones_like(length)) if self.t == 1 else self.lr
        self.s, self.g = -rate * self._times_inverse_hessian(g), 1.0 * g
        return x + self.s

    def _with_pair(self, s, y):
        """The memory with a pair in place of the oldest, at those points of a batch where the curvature is positive."""
        ys, yy = self.inner(y, s), self.inner(y, y)
        curved = self._curved(ys, yy, self.inner(s, s))
        ys, yy = where(curved, ys, ones_like(ys)), where(curved, yy, ones_like(yy))
        return (
            self._shifted(curved, s, self.steps),
            self._shifted(curved, y, self.changes),
            self._shifted(curved, 1 / ys, self.rhos),
            where(curved, ys / yy, self.gamma),
        )

    def _curved(self, ys, yy, ss):
        tiny = 1 / float(finfo(ys).max)  # below it 1 / ys is infinite
        return (ys > self.eps * sqrt(ss) * sqrt(yy)) & (ys > tiny) & (yy > tiny) & isfinite(ys + yy)

    def _shifted(self, curved, newest, kept):
        if len(kept) != self.history:  # it was changed between two steps
            kept = (*kept, *[zeros_like(newest) for _ in range(self.history)])[: self.history]
        return tuple(where(curved, new, old) for new, old in zip((newest, *kept[:-1]), kept, strict=True))

    def _times_inverse_hessian(self, g):
        q, alphas = g, []
        for s, y, rho in zip(self.steps, self.changes, self.rhos, strict=True):
            alpha = rho * self.inner(s, q)
            q = q - alpha * y
            alphas.append(alpha)
        p = self.gamma * q
        for i in range(self.history - 1, -1, -1):
            beta = self.rhos[i] * self.inner(self.changes[i], p)
            p = p + (alphas[i] - beta) * self.steps[i]
        return p


def _solve(xp, H, g, identity):
    """p with H p = g for each point; NaN where H is singular, so that the other points of a batch go on."""
    regular = xp.isfinite(xp.linalg.slogdet(H)[1])[..., None]
    p = xp.linalg.solve(where(regular[..., None], H, identity), g[..., None])[..., 0]
    return where(regular, p, float("nan") * p)


def _finite(x):
    finite = isfinite(x)
    return bool(namespace(x).all(finite) if is_array(x) else finite)
