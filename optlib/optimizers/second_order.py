"""Curvature sets the step: Newton's method from all second derivatives, L-BFGS from how the gradient has changed."""

from ..arrays import finfo, is_array, isfinite, like, maximum, namespace, ones_like, sign, sqrt, where, zeros_like
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
        torch.optim has no such rule; scipy.optimize.minimize(method="Newton-CG") solves the same system inexactly
        and searches along p for the length of the step.

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
        x_new = super().step(x, *seen, loss=loss)
        if not _finite(x_new):
            self.t -= 1
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
        torch.optim.LBFGS is the same rule while max_iter = 1 and no line search is chosen, but it remembers a pair
        where y's > 1e-10, however small y and s are: close to a minimum its memory freezes.  It stands still where no
        entry of g is above 1e-7, or g'Hg is not above 1e-9.  Its defaults are 100 pairs and 20 steps a call.  SciPy's
        L-BFGS-B (10 pairs) and optax.lbfgs search along the line, so that only their directions compare.

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
