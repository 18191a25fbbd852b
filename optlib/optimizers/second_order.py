"""Newton's method: the curvature, taken from the whole matrix of second derivatives, sets the step."""

from ..arrays import is_array, isfinite, like, namespace, ones_like, where
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


def _solve(xp, H, g, identity):
    """p with H p = g for each point; NaN where H is singular, so that the other points of a batch go on."""
    regular = xp.isfinite(xp.linalg.slogdet(H)[1])[..., None]
    p = xp.linalg.solve(where(regular[..., None], H, identity), g[..., None])[..., 0]
    return where(regular, p, float("nan") * p)


def _finite(x):
    finite = isfinite(x)
    return bool(namespace(x).all(finite) if is_array(x) else finite)
