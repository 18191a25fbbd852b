"""Bowls and saddles: quadratics, on which rates can be computed, and level points that are no minima."""

import math

import numpy as np

from .. import checks
from ..arrays import is_array, join, like, split
from ..registry import FUNCTIONS
from .base import Function, test_function


@test_function(
    slopes=lambda *x: tuple(2 * xi for xi in x),
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(-4.0, 3.0),
    minima=((0.0, 0.0),),
    any_dim=True,
    latex=r"\sum_{i=1}^{d} x_i^2",
    source="De Jong's first function: K. A. De Jong (1975), An Analysis of the Behavior of a Class of Genetic Adaptive "
    "Systems, PhD thesis, University of Michigan.",
)
def sphere(*x):
    return sum(xi**2 for xi in x)


class HalfForm:
    """Value and slopes of (x - m)' A (x - m) / 2 + lowest; a class of its own, so that functions can be pickled."""

    def __init__(self, matrix, bottom, lowest=0.0):
        self.matrix, self.bottom, self.lowest = matrix, [float(m) for m in bottom], lowest
        self.rows = matrix.tolist()

    def slopes(self, *x):
        x = [xi - mi for xi, mi in zip(x, self.bottom, strict=True)]
        if len(x) == 2:  # the plane, written out: what sliders and animations run in a loop
            (a, b), (c, d) = self.rows
            return a * x[0] + b * x[1], c * x[0] + d * x[1]
        return tuple(sum(a * xj for a, xj in zip(row, x, strict=True)) for row in self.rows)

    def value(self, *x):
        half = 0.5 * sum((xi - mi) * gi for xi, mi, gi in zip(x, self.bottom, self.slopes(*x), strict=True))
        return half + self.lowest


class WideForm(HalfForm):
    """The same of more coordinates than a page draws: one product with the matrix in place of Python's sums."""

    def slopes(self, *x):
        x = [xi - mi for xi, mi in zip(x, self.bottom, strict=True)]
        if not any(map(is_array, x)):
            return tuple((self.matrix @ x).tolist())
        points = join(x)
        return tuple(split(points @ like(self.matrix, points)))


def quadratic(kappa=100.0, angle=0.0, dim=2, name="quadratic"):
    """The quadratic bowl x' A x / 2 of a given condition number and rotation.

    Parameters
    ----------
    kappa : float, at least 1
        Condition number.  The curvatures (eigenvalues of A) run from 1/kappa to 1 by equal factors, the gentle
        direction first.
    angle : float
        Degrees by which the axes are turned counterclockwise, in the plane of the first and the last coordinate.
    dim : int, at least 2

    Returns
    -------
    Function
    """
    kappa = checks.number("quadratic", "kappa", kappa, "[1, inf)")
    angle = checks.number("quadratic", "angle", angle)
    dim = checks.integer("quadratic", "dim", dim, least=2)
    curvatures = np.geomspace(1 / kappa, 1.0, dim)
    turn = np.eye(dim)
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    if angle:
        turn[0, 0], turn[0, -1], turn[-1, 0], turn[-1, -1] = c, -s, s, c
    form = (HalfForm if dim == 2 else WideForm)(turn @ np.diag(curvatures) @ turn.T, np.zeros(dim))
    turned = f", turned by {angle:g} degrees" if angle else ""
    return Function(
        name=name,
        formula=form.value,
        slopes=form.slopes,
        domain=((-5.0, 5.0),) * dim,
        start=(-4.0,) + (2.0,) * (dim - 1),
        minima=((0.0,) * dim,),
        minimum=0.0,
        latex=r"\tfrac12\, x^\top A\, x, \qquad \lambda(A) = 1 / %s, \dots, 1".replace("%s", f"{kappa:g}"),
        source=f"Condition number {kappa:g}{turned}: the model of every smooth valley near its bottom, S. Boyd, "
        "L. Vandenberghe (2004), Convex Optimization, section 9.3.",
    )


FUNCTIONS["quadratic"] = quadratic()


@test_function(
    slopes=lambda x, y: (x / 10, 2 * y),
    domain=((-8.0, 8.0), (-3.0, 3.0)),
    start=(-7.0, 2.0),
    minima=((0.0, 0.0),),
    latex=r"\tfrac{1}{20} x^2 + y^2",
    source="The ravine drawn in K. Saito (2016), Deep Learning from Scratch, chapter 6: steep across, gentle along, "
    "condition number 20.",
)
def ravine(x, y):
    return x**2 / 20 + y**2


@test_function(
    slopes=lambda x, y: (2 * x, -2 * y),
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.5, 1e-3),
    latex=r"x^2 - y^2",
    source="The saddle of the textbooks; it has no minimum.",
)
def saddle(x, y):
    return x**2 - y**2


@test_function(
    slopes=lambda x, y: (3 * x**2 - 3 * y**2, -6 * x * y),
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(1.5, 0.05),
    latex=r"x^3 - 3 x y^2",
    source="D. Hilbert, S. Cohn-Vossen (1932), Anschauliche Geometrie: a saddle with a third valley for the tail; it "
    "has no minimum, and its Hessian vanishes at the origin.",
)
def monkey_saddle(x, y):
    return x**3 - 3 * x * y**2


@test_function(
    slopes=lambda x, y: (10 * x + 8 * y - 34, 8 * x + 10 * y - 38),
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-8.0, -6.0),
    minima=((1.0, 3.0),),
    latex=r"(x + 2y - 7)^2 + (2x + y - 5)^2",
    source="M. Jamil, X.-S. Yang (2013), A literature survey of benchmark functions for global optimisation problems, "
    "arXiv:1308.4008, no. 17.",
)
def booth(x, y):
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


@test_function(
    slopes=lambda x, y: (0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x),
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-8.0, 4.0),
    minima=((0.0, 0.0),),
    latex=r"0.26\,(x^2 + y^2) - 0.48\, x y",
    source="M. Jamil, X.-S. Yang (2013), arXiv:1308.4008, no. 71: a quadratic turned by 45 degrees, of condition "
    "number 25.",
)
def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y
