"""Numerical derivatives: forward, central and complex-step differences, and a check of hand-written ones."""

import numpy as np

EPS = np.finfo(float).eps


def partials(fn, coordinates, h=None):
    """Partial derivatives of ``fn(*coordinates)`` by central differences, one array a coordinate.

    The step is h = eps^(1/3) max(1, |x|) unless given: it balances the truncation error of order h^2 against
    the rounding error of order eps/h.
    """
    slopes = []
    for i, c in enumerate(coordinates):
        step = EPS ** (1 / 3) * np.maximum(1.0, np.abs(c)) if h is None else h
        plus, minus = list(coordinates), list(coordinates)
        plus[i], minus[i] = c + step, c - step
        slopes.append((fn(*plus) - fn(*minus)) / (plus[i] - minus[i]))
    return tuple(slopes)


def hessian(grad, x, h=None):
    """Hessian of shape (..., d, d) at points of shape (..., d), by central differences of ``grad``."""
    d = x.shape[-1]
    columns = []
    for j in range(d):
        step = np.zeros(x.shape)
        step[..., j] = EPS ** (1 / 3) * np.maximum(1.0, np.abs(x[..., j])) if h is None else h
        plus, minus = x + step, x - step
        columns.append((grad(plus) - grad(minus)) / (plus - minus)[..., j : j + 1])
    full = np.stack(columns, axis=-1)
    return (full + np.swapaxes(full, -1, -2)) / 2
