"""Hilly landscapes: many local minima, or one that is hard to find."""

import math

from ..arrays import cos, exp, pi, real, sin, sqrt, where
from .base import test_function


def _ackley_slopes(*x):
    d = len(x)
    radius = sqrt(sum(xi**2 for xi in x) / d)
    # At the minimum itself the cone has no slope; 0 is what its symmetry suggests.
    safe = where(real(radius) > 0, radius, 1.0 + 0 * radius)
    cone = 4 * exp(-0.2 * radius) / (d * safe)
    waves = 2 * pi / d * exp(sum(cos(2 * pi * xi) for xi in x) / d)
    return tuple(cone * xi + waves * sin(2 * pi * xi) for xi in x)


@test_function(
    slopes=_ackley_slopes,
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(-2.0, -2.0),
    minima=((0.0, 0.0),),
    minimum=0.0,
    local_minima=((-1.9744519864841168, -1.9744519864841168),),
    any_dim=True,
    latex=r"-20 \exp\Bigl(-0.2 \sqrt{\tfrac1d \sum_i x_i^2}\Bigr) "
    r"- \exp\Bigl(\tfrac1d \sum_i \cos 2\pi x_i\Bigr) + 20 + e",
    source="D. H. Ackley (1987), A Connectionist Machine for Genetic Hillclimbing, Kluwer; in d dimensions: T. Bäck, "
    "H.-P. Schwefel (1993), Evolutionary Computation 1, 1-23.",
)
def ackley(*x):
    d = len(x)
    cone = -20 * exp(-0.2 * sqrt(sum(xi**2 for xi in x) / d))
    waves = -exp(sum(cos(2 * pi * xi) for xi in x) / d)
    return cone + waves + 20 + math.e


@test_function(
    slopes=lambda *x: tuple(2 * xi + 20 * pi * sin(2 * pi * xi) for xi in x),
    domain=((-5.12, 5.12), (-5.12, 5.12)),
    start=(-3.3, 2.4),
    minima=((0.0, 0.0),),
    local_minima=(
        (0.9949586376523347, 0.0),
        (0.0, 0.9949586376523347),
        (-0.9949586376523347, 0.0),
        (0.0, -0.9949586376523347),
    ),
    any_dim=True,
    latex=r"10 d + \sum_{i=1}^{d} x_i^2 - 10 \cos 2\pi x_i",
    source="L. A. Rastrigin (1974), Systems of Extremal Control, Nauka; in d dimensions: H. Mühlenbein, D. Schomisch, "
    "J. Born (1991), Parallel Computing 17, 619-632.",
)
def rastrigin(*x):
    return 10 * len(x) + sum(xi**2 - 10 * cos(2 * pi * xi) for xi in x)


def _griewank_slopes(*x):
    cosines = [cos(xi / math.sqrt(i)) for i, xi in enumerate(x, start=1)]
    slopes = []
    for i, xi in enumerate(x, start=1):
        others = math.prod(c for j, c in enumerate(cosines, start=1) if j != i)
        slopes.append(xi / 2000 + others * sin(xi / math.sqrt(i)) / math.sqrt(i))
    return tuple(slopes)


@test_function(
    slopes=_griewank_slopes,
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-7.0, 6.0),
    minima=((0.0, 0.0),),
    any_dim=True,
    latex=r"1 + \tfrac{1}{4000} \sum_{i=1}^{d} x_i^2 - \prod_{i=1}^{d} \cos\frac{x_i}{\sqrt i}",
    source="A. O. Griewank (1981), Generalized descent for global optimization, Journal of Optimization Theory and "
    "Applications 34, 11-39.",
)
def griewank(*x):
    waves = math.prod(cos(xi / math.sqrt(i)) for i, xi in enumerate(x, start=1))
    return 1 + sum(xi**2 for xi in x) / 4000 - waves


def _levy_slopes(*x):
    w = [1 + (xi - 1) / 4 for xi in x]
    slopes = [0.0 * wi for wi in w]
    slopes[0] = slopes[0] + pi * sin(2 * pi * w[0])
    for i, wi in enumerate(w[:-1]):
        wave = sin(pi * wi + 1)
        slopes[i] = slopes[i] + 2 * (wi - 1) * (1 + 10 * wave**2) + (wi - 1) ** 2 * 20 * pi * wave * cos(pi * wi + 1)
    last = w[-1]
    end = 2 * (last - 1) * (1 + sin(2 * pi * last) ** 2) + (last - 1) ** 2 * 2 * pi * sin(4 * pi * last)
    slopes[-1] = slopes[-1] + end
    return tuple(s / 4 for s in slopes)


@test_function(
    slopes=_levy_slopes,
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-6.0, 7.0),
    minima=((1.0, 1.0),),
    any_dim=True,
    latex=r"\sin^2 \pi w_1 + \sum_{i=1}^{d-1} (w_i - 1)^2 \bigl[1 + 10 \sin^2(\pi w_i + 1)\bigr] "
    r"+ (w_d - 1)^2 \bigl[1 + \sin^2 2\pi w_d\bigr], \quad w_i = 1 + \tfrac{x_i - 1}{4}",
    source="A. V. Levy, A. Montalvo (1985), The tunneling algorithm for the global minimization of functions, SIAM "
    "Journal on Scientific and Statistical Computing 6, 15-29; this form: S. Surjanovic, D. Bingham (2013), Virtual "
    "Library of Simulation Experiments.",
)
def levy(*x):
    w = [1 + (xi - 1) / 4 for xi in x]
    middle = sum((wi - 1) ** 2 * (1 + 10 * sin(pi * wi + 1) ** 2) for wi in w[:-1])
    return sin(pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + sin(2 * pi * w[-1]) ** 2)


def _easom_slopes(x, y):
    bump = exp(-((x - pi) ** 2) - (y - pi) ** 2)
    return (
        bump * cos(y) * (sin(x) + 2 * (x - pi) * cos(x)),
        bump * cos(x) * (sin(y) + 2 * (y - pi) * cos(y)),
    )


@test_function(
    slopes=_easom_slopes,
    domain=((-2.0, 8.0), (-2.0, 8.0)),
    start=(1.6, 2.0),
    minima=((math.pi, math.pi),),
    latex=r"-\cos x \cos y \; e^{-(x - \pi)^2 - (y - \pi)^2}",
    source="E. E. Easom (1990), A Survey of Global Optimization Techniques, M. Eng. thesis, University of Louisville.",
)
def easom(x, y):
    return -cos(x) * cos(y) * exp(-((x - pi) ** 2) - (y - pi) ** 2)
