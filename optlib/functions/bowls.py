"""Bowls and valleys: functions with one minimum, on which rates can be computed."""

from .base import test_function


def _rosenbrock_slopes(*x):
    slopes = [0.0 * xi for xi in x]
    for i, (a, b) in enumerate(zip(x[:-1], x[1:], strict=True)):
        slopes[i] = slopes[i] - 2 * (1 - a) - 400 * a * (b - a**2)
        slopes[i + 1] = 200 * (b - a**2)
    return tuple(slopes)


@test_function(
    slopes=_rosenbrock_slopes,
    domain=((-2.0, 2.0), (-1.0, 3.0)),
    start=(-1.2, 1.0),
    minima=((1.0, 1.0),),
    any_dim=True,
    latex=r"\sum_{i=1}^{d-1} (1 - x_i)^2 + 100\,(x_{i+1} - x_i^2)^2",
    source="H. H. Rosenbrock (1960), An automatic method for finding the greatest or least value of a function, "
    "The Computer Journal 3, 175-184.",
)
def rosenbrock(*x):
    return sum((1 - a) ** 2 + 100 * (b - a**2) ** 2 for a, b in zip(x[:-1], x[1:], strict=True))
