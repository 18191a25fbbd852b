"""Numerical derivatives: forward, central and complex-step differences, and a check of hand-written ones.

`forward`, `central` and `complex_step` differentiate a function of one number (or of an array, entry by entry).
`gradient`, `partials` and `hessian` differentiate functions of several coordinates.

Errors, for a function and derivatives of about 1 and the spacing eps = 2e-16 of float64:

| method | truncation | round-off | best h | error there |
|---|---|---|---|---|
| forward | h / 2 | eps / h | eps^(1/2), 1e-8 | 1e-8 |
| central | h^2 / 6 | eps / h | eps^(1/3), 1e-5 | 1e-11 |
| complex step | h^2 / 6 | none | any tiny one | eps |

In float32, eps is 1.2e-7 and the best steps are 3e-4 and 5e-3: `partials` differentiates in float64 and rounds the
result.  Where the function itself computes in float32, it takes the steps of float32.

Sources: J. Nocedal, S. Wright (2006), Numerical Optimization, 2nd ed., section 8.1; W. Squire, G. Trapp (1998), Using
complex variables to estimate derivatives of real functions, SIAM Review 40, 110-112.
"""

import dataclasses

import numpy as np

from . import checks
from .arrays import abs, finfo, in_float64, is_array, join, like, maximum, ones_like, split

EPS = np.finfo(float).eps
METHODS = ("forward", "central", "complex step")


def forward(fn, x, h=1e-8):
    """Slope of ``fn`` at ``x`` from a step to the right: (fn(x + h) - fn(x)) / h, error of order h."""
    _check_step(h)
    x = in_float64(x)  # float32 does not hold x + h
    return (fn(x + h) - fn(x)) / h


def central(fn, x, h=1e-5):
    """Slope of ``fn`` at ``x`` from a step to either side: (fn(x + h) - fn(x - h)) / 2h, error of order h^2."""
    _check_step(h)
    x = in_float64(x)
    return (fn(x + h) - fn(x - h)) / (2 * h)


def complex_step(fn, x, h=1e-20):
    """Slope of ``fn`` at ``x`` from a step in the imaginary direction: Im fn(x + ih) / h.

    Nothing is subtracted, so h can be tiny and the result is exact to rounding.  ``fn`` must be written with
    functions that take complex numbers, and without `abs` or comparisons of them.
    """
    _check_step(h)
    return np.imag(fn(x + 1j * h)) / h


def gradient(f, x, h=None, method="central"):
    """Gradient of a function of points, in their shape.

    Parameters
    ----------
    f : callable of an array (..., d) that returns (...), or of one point (d,) that returns a number
    x : array (..., d)
        float64 is best: see the head of this module.
    h : float, optional
        Width of the difference.  By default the best one where ``f`` changes over about max(1, |x|); else rescale x.
    method : "forward", "central" or "complex step"
    """
    x = np.asarray(x, dtype=float)
    if mixes_points(f, x):
        return np.apply_along_axis(lambda point: gradient(f, point, h, method), -1, x)
    return join(partials(lambda *c: f(join(c)), split(x), h, method))


def mixes_points(fn, x):
    """Whether ``fn`` gives points (..., d) of a batch something else than each alone, as a sum over all of them does.

    At most eight of the points are tried.
    """
    if x.ndim == 0:
        raise ValueError(f"x={x} is a single number; use central(fn, x), or an array of shape (1,)")
    if x.ndim == 1 or not x.size:
        return False
    # Irregular points beside them, since at zero, or where there are as many as coordinates, a mix can look right.
    x = x + 1e-6 * (1 + np.abs(x)) * np.random.default_rng(0).random(x.shape)
    points = x.reshape(-1, x.shape[-1])
    rows = np.unique(np.linspace(0, len(points) - 1, 8).astype(int))
    try:
        alone = np.array([fn(point) for point in points[rows]])
        together = np.asarray(fn(x))
    except Exception:  # written for single points: an `if`, `math.exp`
        return True
    if together.shape != x.shape[:-1] + alone.shape[1:]:
        return True
    together = together.reshape(-1, *alone.shape[1:])[rows]
    size = np.abs(alone[np.isfinite(alone)]).max(initial=0.0)
    return not np.allclose(together, alone, rtol=1e-9, atol=1e-9 * size, equal_nan=True)


def partials(fn, coordinates, h=None, method="central"):
    """Partial derivatives of ``fn(*coordinates)``: a tuple, one a coordinate; parameters as in `gradient`."""
    checks.choice("partials", "method", method, METHODS)
    if h is not None:
        _check_step(h)
    points = [in_float64(c) for c in coordinates]
    slopes = [_partial(fn, points, i, h, method) for i in range(len(points))]
    narrow = any(wide is not c for wide, c in zip(points, coordinates, strict=True))
    return tuple(like(s, c) if narrow and is_array(c) else s for s, c in zip(slopes, coordinates, strict=True))


def _partial(fn, coordinates, i, h, method):
    def along(c):
        return fn(*coordinates[:i], c, *coordinates[i + 1 :])

    c = coordinates[i]
    if method == "complex step":
        return complex_step(along, c, 1e-20 if h is None else h)
    c = c if is_array(c) else np.float64(c)
    eps, power = finfo(c).eps, 1 / 2 if method == "forward" else 1 / 3
    while True:
        width = eps**power * _at_least_one(c) if h is None else h
        # x + h is rounded; the difference of the rounded points is the width that was really taken.
        right, left = c + width, c if method == "forward" else c - width
        above, below = along(right), along(left)
        coarser = max(eps, finfo(above).eps)
        if h is not None or coarser == eps:
            return (above - below) / (right - left)
        eps = coarser


def _at_least_one(c):
    if isinstance(c, (np.ndarray, np.float64)):  # a path on floats asks for it thousands of times
        return np.maximum(1.0, np.abs(c)) if c.shape else max(1.0, c, -c)
    return maximum(abs(c), ones_like(c))


def hessian(grad, x, h=None):
    """Hessian of shape (..., d, d) at points of shape (..., d), by central differences of the gradient ``grad``.

    The result is made symmetric; its relative error is about 1e-10.
    """
    x = np.asarray(x, dtype=float)
    if mixes_points(grad, x):
        return np.apply_along_axis(lambda point: batch_hessian(grad, point, h), -1, x)
    return batch_hessian(grad, x, h)


def batch_hessian(grad, x, h=None):
    """`hessian` for a gradient that is known to take each point of a batch by itself."""
    columns = []
    for j in range(x.shape[-1]):
        width = np.zeros(x.shape)
        width[..., j] = EPS ** (1 / 3) * np.maximum(1.0, np.abs(x[..., j])) if h is None else h
        right, left = x + width, x - width
        columns.append((grad(right) - grad(left)) / (right - left)[..., j : j + 1])
    full = np.stack(columns, axis=-1)
    return (full + np.swapaxes(full, -1, -2)) / 2


@dataclasses.dataclass(frozen=True)
class GradientCheck:
    """Result of `check_gradient`; true if the gradient passed.

    Attributes
    ----------
    error : float
        Largest difference to the numerical gradient, relative to the larger of 1 and the gradient's size there.
    coordinate : int
        Its coordinate, counted from 0.
    point : tuple of floats
        Its point.
    """

    passed: bool
    error: float
    coordinate: int
    point: tuple
    tol: float

    def __bool__(self):
        return self.passed

    def __repr__(self):
        where = ", ".join(f"{v:.4g}" for v in self.point)
        verdict = "right" if self.passed else "WRONG"
        error = f"error {self.error:.0e} in coordinate {self.coordinate} at ({where})"
        return f"<gradient is {verdict}: {error}, allowed {self.tol:.0e}>"


def check_gradient(f, x, grad=None, tol=1e-6):
    """Compare a gradient with central differences of each point by itself; the result is a `GradientCheck`.

    Parameters
    ----------
    f : Function, or callable of one point (d,) that returns a number
    x : array (..., d)
        Where to compare; several points find more.
    grad : callable of points, optional
        By default ``f.grad``.
    tol : float
        Largest relative difference allowed; with ``np.inf`` it is only reported.
    """
    grad = getattr(f, "grad", None) if grad is None else grad
    if not callable(grad):
        raise TypeError(f"check_gradient: {f!r} has no grad; give grad=")
    tol = tol if tol == np.inf else checks.number("check_gradient", "tol", tol, "(0, inf)")
    x = np.asarray(x, dtype=float)
    gradients = np.asarray(grad(x))
    if gradients.shape != x.shape:
        raise ValueError(f"check_gradient: the gradient has shape {gradients.shape}; it must have that of x, {x.shape}")
    # A function that sums over all its points has another gradient in a batch than at a point.
    differences = np.apply_along_axis(lambda point: gradient(f, point), -1, x)
    size = np.maximum(1.0, np.abs(differences).max(axis=-1, keepdims=True))
    error = np.nan_to_num(np.abs(gradients - differences) / size, nan=np.inf, posinf=np.inf)
    at = np.unravel_index(error.argmax(), error.shape)
    return GradientCheck(bool(error[at] <= tol), float(error[at]), int(at[-1]), (*x[at[:-1]].tolist(),), tol)


def _check_step(h):
    if not np.all(np.asarray(h) > 0):
        raise ValueError(f"h={h!r} must be a positive number")
