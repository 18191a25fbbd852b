"""What theory says: rates, limits and variances on quadratics, to be compared with what is measured.

On a quadratic every eigendirection moves by itself, so one curvature (eigenvalue of the Hessian) at a time is enough.
kappa is the condition number, the largest curvature divided by the smallest.  All functions take arrays too.
"""

import math

import numpy as np

from . import checks
from .arrays import where

# --- rates: the factor by which the distance to the minimum shrinks in one step, in the long run -------------


def gd_rate(kappa):
    r"""Gradient descent at its best learning rate: $$\frac{\kappa - 1}{\kappa + 1}$$

    Source: B. T. Polyak (1964), Some methods of speeding up the convergence of iteration methods, USSR Computational
    Mathematics and Mathematical Physics 4 (5), 1-17; Y. Nesterov (2018), Lectures on Convex Optimization, 2nd
    edition, Springer, theorem 2.1.15.
    """
    return (kappa - 1) / (kappa + 1)


def heavy_ball_rate(kappa):
    r"""Momentum at its best learning rate and beta: $$\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$$

    For the k-th step the bound has a factor that grows like k, so that a run needs more steps than the rate alone says.

    Source: Polyak (1964), as for `gd_rate`.
    """
    return (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)


def nesterov_rate(kappa):
    r"""Nesterov's rule with `nesterov_settings`: $$1 - \frac{1}{\sqrt\kappa}$$

    Source: L. Lessard, B. Recht, A. Packard (2016), Analysis and Design of Optimization Algorithms via Integral
    Quadratic Constraints, SIAM Journal on Optimization 26 (1), 57-95, table 1 (quadratics).
    """
    return 1 - 1 / np.sqrt(kappa)


def steps_needed(rate, factor):
    """Steps until a distance that shrinks by ``rate`` in each, from [0, 1), is ``factor`` of itself, from (0, 1]."""
    if not (np.all(checks.inside(np.asarray(rate), "[0, 1)")) and np.all(checks.inside(np.asarray(factor), "(0, 1]"))):
        raise ValueError(f"steps_needed: rate={rate!r} must be in [0, 1), and factor={factor!r} in (0, 1]")
    steps = np.log(np.asarray(factor, float)) / np.log(np.maximum(np.asarray(rate, float), np.finfo(float).tiny))
    return np.ceil((1 - 1e-10) * steps).astype(int)  # where it is whole, rounding may have lifted it


# --- settings that reach these rates -------------------------------------------------------------------------


def gd_settings(smallest, largest):
    r"""Best learning rate of gradient descent for curvatures in between: $$\eta = \frac{2}{\lambda_1 + \lambda_n}$$

    Source: as for `gd_rate`.  A dict, for ``ol.GradientDescent(**gd_settings(0.01, 1.0))``.
    """
    return {"lr": 2 / (smallest + largest)}


def heavy_ball_settings(smallest, largest):
    r"""Best settings of momentum for curvatures in between.

    $$\eta = \left(\frac{2}{\sqrt{\lambda_1} + \sqrt{\lambda_n}}\right)^2 \qquad
      \beta = \left(\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}\right)^2$$

    Source: Polyak (1964), as for `gd_rate`.
    """
    return {"lr": (2 / (np.sqrt(smallest) + np.sqrt(largest))) ** 2, "beta": heavy_ball_rate(largest / smallest) ** 2}


def nesterov_settings(smallest, largest):
    r"""The usual settings of Nesterov's rule: $$\eta = \frac{1}{\lambda_n} \qquad
    \beta = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$$

    Source: Y. Nesterov (2018), Lectures on Convex Optimization, 2nd edition, Springer, scheme 2.2.22.
    """
    return {"lr": 1 / largest, "beta": heavy_ball_rate(largest / smallest)}


# --- momentum in one eigendirection --------------------------------------------------------------------------


def momentum_matrix(lr_curvature, beta, nesterov=False):
    r"""The 2 x 2 matrix that takes (x_{t-1}, x_{t-2}) to (x_t, x_{t-1}), where the slope is lambda x.

    $$\begin{pmatrix} 1 + \beta - \eta\lambda & -\beta \\ 1 & 0 \end{pmatrix} \qquad\text{Nesterov:}\quad
      \begin{pmatrix} (1 + \beta)(1 - \eta\lambda) & -\beta (1 - \eta\lambda) \\ 1 & 0 \end{pmatrix}$$

    Where eta lambda and beta are arrays that broadcast against each other to shape (...), it has shape (..., 2, 2).

    Source: B. T. Polyak (1964), as for `gd_rate`; B. O'Donoghue, E. Candes (2015), Adaptive Restart for Accelerated
    Gradient Schemes, Foundations of Computational Mathematics 15, 715-732, section 4.
    """
    s, b = np.broadcast_arrays(np.asarray(lr_curvature, dtype=float), np.asarray(beta, dtype=float))
    shrink = 1 - s if nesterov else np.ones_like(s)
    trace = (1 + b) * shrink if nesterov else 1 + b - s
    matrix = np.zeros((*s.shape, 2, 2))
    matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0] = trace, -b * shrink, 1.0
    return matrix


def spectral_radius(lr_curvature, beta, nesterov=False):
    """The rate of momentum in one eigendirection: below 1 it converges, above 1 it diverges.

    Computed from the roots of z^2 - trace z + determinant, which is exact where both roots coincide.  Momentum is
    stable for 0 < lr lambda < 2 + 2 beta.  Parameters and source: `momentum_matrix`.
    """
    matrix = momentum_matrix(lr_curvature, beta, nesterov)
    half, determinant = matrix[..., 0, 0] / 2, -matrix[..., 0, 1]
    under_root = half**2 - determinant
    real = np.abs(half) + np.sqrt(np.maximum(under_root, 0.0))
    return np.where(under_root >= 0, real, np.sqrt(np.maximum(determinant, 0.0)))[()]


def stationary_variance(lr, curvature, beta, noise):
    r"""Variance of x, long after the start, where each slope comes with independent noise of that standard deviation.

    $$\operatorname{Var} x =
      \frac{\eta\, \sigma^2\, (1 + \beta)}{\lambda\, (1 - \beta)\, (2 (1 + \beta) - \eta\lambda)}$$

    beta = 0 is plain stochastic gradient descent.  Infinite where the iterates do not stay bounded.

    Source: the fixed point of P = A P A' + Q for x and velocity, solved by hand.  Its limit for small learning rates is
    in S. Mandt, M. Hoffman, D. Blei (2017), Stochastic Gradient Descent as Approximate Bayesian Inference, Journal of
    Machine Learning Research 18 (134), 1-35, section 4.
    """
    room = 2 * (1 + beta) - lr * curvature
    stable = where((curvature > 0) & (lr > 0) & (abs(beta) < 1), room, 0.0) > 0
    variance = lr * noise**2 * (1 + beta) / where(stable, curvature * (1 - beta) * room, 1.0)
    return where(stable, variance, math.inf)


# --- schedules: how far above the minimum the last point can be ----------------------------------------------


def linear_to_zero_settings(steps, distance, slope):
    r"""The first rate with which `optlib.schedules.LinearToZero` has the least bound there is, $D\,G / \sqrt{T + 1}$.

    $$s_0 = \frac{D\,T}{G\,(T + 1)^{3/2}}$$

    Conditions and source: `last_iterate_bound`.  A dict, for ``LinearToZero(**linear_to_zero_settings(100, D, G))``.
    """
    return {"value": distance * steps / (slope * (steps + 1) ** 1.5), "steps": steps}


def last_iterate_bound(rates, distance, slope):
    r"""How far above the minimum the last point of subgradient steps can be, for any schedule.

    $$f(x_N) - f^* \le \frac{D^2}{2 r_1^2} +
      \frac{G^2}{2} \left( \sum_{t=1}^{N} \frac{\eta_t^2}{r_{t+1}^2} + r_{N+1}^2 \right) \qquad
      r_t = r_{t+1} + \frac{\eta_t}{r_{t+1}}$$

    It holds for each r_{N+1} > 0; this is its least value.  f is any convex function, x_t = x_{t-1} - eta_t g_t with a
    subgradient g_t no longer than G, from x_0 at distance D of a minimum.  With noise it holds on average, if the mean
    of g_t is a subgradient and the mean of its square at most G^2.  For rates that fall linearly to zero it is
    D G / sqrt(N + 1), and no rates can promise less: on G max(x_1, ..., x_{N+1}, |x| - D - D / sqrt(N + 1)) from 0,
    each step reaches one new coordinate at most, so that N steps end at 0 or above; the minimum is -D G / sqrt(N + 1).

    ``rates`` are those of all steps, at least 0: ``schedule(np.arange(N))``; ``distance`` is D and ``slope`` is G.

    Source: A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko (2023), arXiv:2310.07831, whose theorem has
    eta_t = w_t w_{t+1:T} / w_{1:T} for weights w of a mean; here it is solved for the weights, where r_t^2 is the sum
    of w from t on, times that over the sum of all.  The case of the straight line: M. Zamani, F. Glineur (2023),
    arXiv:2307.11134; that it cannot be undercut: Y. Drori, M. Teboulle (2016), An optimal variant of Kelley's
    cutting-plane method, Mathematical Programming 160, 321-351.
    """
    rates = checks.vector("last_iterate_bound", "rates", rates, "[0, inf)")
    distance = checks.number("last_iterate_bound", "distance", distance, "(0, inf)")
    slope = checks.number("last_iterate_bound", "slope", slope, "(0, inf)")
    low, high = -12.0, 2.0  # powers of ten of r_{N+1}, searched again and again, each time closer
    unit = np.sqrt(max(rates.sum(), distance / slope))
    for _ in range(4):
        powers = np.linspace(low, high, 101)
        r = unit * 10**powers
        squares = r**2
        for rate in rates[::-1]:
            squares = squares + (rate / r) ** 2
            r = r + rate / r
        bounds = (distance / r) ** 2 / 2 + slope**2 / 2 * squares
        best = bounds.argmin()
        low, high = powers[max(best - 1, 0)], powers[min(best + 1, 100)]
    return bounds[best]


# --- other facts ---------------------------------------------------------------------------------------------


def half_life(beta):
    r"""Steps until a number has half its weight in an average, $\beta^n = 1/2$: $$\frac{\ln 2}{-\ln\beta}$$"""
    with np.errstate(divide="ignore"):  # of 1, which keeps its weight for ever
        return math.log(2) / (0.0 - np.log(beta))
