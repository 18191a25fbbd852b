"""Curved valleys: polynomials of higher degree, with one or a few minima."""

from ..arrays import cos, sin
from .base import test_function

_SURVEY = "M. Jamil, X.-S. Yang (2013), A literature survey of benchmark functions, arXiv:1308.4008"


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


def _beale_parts(x, y):
    return (1.5 - x + x * y, y - 1), (2.25 - x + x * y**2, y**2 - 1), (2.625 - x + x * y**3, y**3 - 1)


def _beale_slopes(x, y):
    (a, da), (b, db), (c, dc) = _beale_parts(x, y)
    return 2 * (a * da + b * db + c * dc), 2 * x * (a + 2 * b * y + 3 * c * y**2)


@test_function(
    slopes=_beale_slopes,
    domain=((-4.5, 4.5), (-4.5, 4.5)),
    start=(1.0, 1.5),
    minima=((3.0, 0.5),),
    latex=r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
    source="E. M. L. Beale (1958), On an iterative method for finding a local minimum of a function of more than one "
    "variable, Princeton University, Technical Report 25.",
)
def beale(x, y):
    return sum(part**2 for part, _ in _beale_parts(x, y))


def _himmelblau_slopes(x, y):
    a, b = x**2 + y - 11, x + y**2 - 7
    return 4 * x * a + 2 * b, 2 * a + 4 * y * b


@test_function(
    slopes=_himmelblau_slopes,
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(-0.5, -1.0),
    minima=(
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286169),
        (3.584428340330492, -1.848126526964404),
    ),
    latex=r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    source="D. M. Himmelblau (1972), Applied Nonlinear Programming, McGraw-Hill.",
)
def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@test_function(
    slopes=lambda x, y: (4 * x - 4.2 * x**3 + x**5 + y, x + 2 * y),
    domain=((-2.5, 2.5), (-2.5, 2.5)),
    start=(-2.0, 2.0),
    minima=((0.0, 0.0),),
    local_minima=((1.7475523458304107, -0.8737761729152053), (-1.7475523458304107, 0.8737761729152053)),
    latex=r"2x^2 - 1.05\,x^4 + \tfrac16 x^6 + xy + y^2",
    source=f"{_SURVEY}, no. 29.",
)
def three_hump_camel(x, y):
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


@test_function(
    slopes=lambda *x: tuple(2 * xi**3 - 16 * xi + 2.5 for xi in x),
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(0.5, -0.5),
    minima=((-2.9035340277711770, -2.9035340277711770),),
    local_minima=(
        (2.7468027709908369, -2.9035340277711770),
        (-2.9035340277711770, 2.7468027709908369),
        (2.7468027709908369, 2.7468027709908369),
    ),
    any_dim=True,
    latex=r"\tfrac12 \sum_{i=1}^{d} x_i^4 - 16 x_i^2 + 5 x_i",
    source="M. A. Styblinski, T.-S. Tang (1990), Experiments in nonconvex optimization: stochastic approximation with "
    "function smoothing and simulated annealing, Neural Networks 3, 467-483.",
)
def styblinski_tang(*x):
    return sum(xi**4 - 16 * xi**2 + 5 * xi for xi in x) / 2


def _mccormick_slopes(x, y):
    both = cos(x + y)
    return both + 2 * (x - y) - 1.5, both - 2 * (x - y) + 2.5


@test_function(
    slopes=_mccormick_slopes,
    domain=((-1.5, 4.0), (-3.0, 4.0)),
    start=(-1.0, 3.0),
    minima=((-0.5471975511965979, -1.5471975511965979),),
    local_minima=((2.5943951023931953, 1.5943951023931953),),
    latex=r"\sin(x + y) + (x - y)^2 - 1.5x + 2.5y + 1",
    source="G. P. McCormick (1976), Computability of global solutions to factorable nonconvex programs: Part I, "
    "Mathematical Programming 10, 147-175; minimum at x = 1/2 - pi/3, y = x - 1.",
)
def mccormick(x, y):
    return sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1


def _goldstein_price_parts(x, y):
    """The two factors, each with its slopes; each is 1 or 30 plus a square times a quadratic."""
    s, q = x + y + 1, 19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2
    u, w = 2 * x - 3 * y, 18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2
    q_x = q_y = -14 + 6 * (x + y)
    w_x, w_y = -32 + 24 * x - 36 * y, 48 - 36 * x + 54 * y
    first = 1 + s**2 * q, 2 * s * q + s**2 * q_x, 2 * s * q + s**2 * q_y
    second = 30 + u**2 * w, 4 * u * w + u**2 * w_x, -6 * u * w + u**2 * w_y
    return first, second


def _goldstein_price_slopes(x, y):
    (a, a_x, a_y), (b, b_x, b_y) = _goldstein_price_parts(x, y)
    return a_x * b + a * b_x, a_y * b + a * b_y


@test_function(
    slopes=_goldstein_price_slopes,
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.0, 1.0),
    minima=((0.0, -1.0),),
    local_minima=((-0.6, -0.4), (1.8, 0.2), (1.2, 0.8)),
    latex=r"\bigl[1 + (x+y+1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\bigr] "
    r"\bigl[30 + (2x-3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\bigr]",
    source="A. A. Goldstein, J. F. Price (1971), On descent from local minima, Mathematics of Computation 25, 569-574.",
)
def goldstein_price(x, y):
    (a, *_), (b, *_) = _goldstein_price_parts(x, y)
    return a * b
