"""Functions of one coordinate: a parabola, a curve with every obstacle, and one that defeats momentum."""

from ..arrays import exp, real, where
from .base import test_function


@test_function(
    slopes=lambda theta: (2 * theta,),
    domain=((-4.0, 4.0),),
    start=(3.0,),
    minima=((0.0,),),
    latex=r"\theta^2",
    source="The parabola of the textbooks; curvature 2 everywhere.",
)
def theta_squared(theta):
    return theta**2


def _depth(x):
    """Antiderivative of (x + 2.5)^2 (x + 1.2) x (x - 1.2), zero at the deeper minimum x = 1.2."""
    return x**6 / 6 + x**5 + 1.2025 * x**4 - 2.4 * x**3 - 4.5 * x**2 + 5.147712


@test_function(
    slopes=lambda x: ((x + 2.5) ** 2 * (x + 1.2) * x * (x - 1.2) / 12 * exp(-_depth(x) / 12),),
    domain=((-4.0, 3.5),),
    start=(-3.5,),
    minima=((1.2,),),
    local_minima=((-1.2,),),
    latex=r"1 - e^{-p(x)/12}, \qquad p'(x) = (x + 2.5)^2\,(x + 1.2)\,x\,(x - 1.2), \quad p(1.2) = 0",
    source="Made for this course: a shallow basin at -1.2, a deep one at 1.2, a hilltop at 0, a saddle (level, but "
    "falling on) at -2.5, and plateaus on both sides where the slope dies out.",
)
def two_basins(x):
    return 1 - exp(-_depth(x) / 12)


def _lessard_slopes(x):
    r = real(x)
    return (where(r < 1, 25 * x, where(r < 2, x + 24, 25 * x - 24)),)


@test_function(
    slopes=_lessard_slopes,
    domain=((-3.0, 4.0),),
    start=(3.25,),
    minima=((0.0,),),
    latex=r"\begin{cases} 12.5\,x^2 & x < 1 \\ "
    r"0.5\,x^2 + 24x - 12 & 1 \le x < 2 \\ 12.5\,x^2 - 24x + 36 & x \ge 2 \end{cases}",
    source="L. Lessard, B. Recht, A. Packard (2016), Analysis and Design of Optimization Algorithms via Integral "
    "Quadratic Constraints, SIAM Journal on Optimization 26, 57-95, section 4.6. arXiv:1408.3595",
)
def lessard(x):
    r = real(x)
    middle = 0.5 * x**2 + 24 * x - 12
    return where(r < 1, 12.5 * x**2, where(r < 2, middle, 12.5 * x**2 - 24 * x + 36))
