"""Exercises of the notebook Gradient descent."""

import math

import numpy as np

from .engine import close, exercise, expect_number, float_of, floats_of, hint_for, same


@exercise("01.1 central difference", "derivative(f, x, h)")
def _central_difference(derivative):
    """derivative(f, x, h) by the central difference."""
    # With a large h the usual mistakes differ visibly; 2 h must not be 1, or dividing by it could not be seen.
    f, x, h = math.exp, 1.0, 0.25
    plus, minus, here = f(x + h), f(x - h), f(x)
    right = (plus - minus) / (2 * h)
    return expect_number(derivative(f, x, h), right, tolerance=1e-9, hints=[
        (plus - minus / (2 * h),
         "only the second term is divided; put the difference f(x + h) - f(x - h) in parentheses."),
        ((plus - minus) / h, "the two points lie 2h apart, so divide by 2h, not by h."),
        ((plus - minus) / 2, "the two points lie 2h apart, so divide by 2h, not by 2."),
        ((plus - minus) / 2 * h, "this divides by 2 and then multiplies by h; write / (2 * h)."),
        (plus - minus, "this is the difference of the two values; divide it by the distance of the points, 2h."),
        ((plus - here) / h, "this is the forward difference; take one point on either side of x: x + h and x - h."),
        ((here - minus) / h, "this is the backward difference; take one point on either side of x: x + h and x - h."),
        ((minus - plus) / (2 * h), "the sign is wrong: the value at x + h comes first."),
        (f(x), "this is the exact derivative; asked is the difference quotient with the given h."),
    ], otherwise=f"for f = exp, x = 1, h = 0.25 it should give {right:.6f}; "
                 "the formula is (f(x + h) - f(x - h)) / (2h).")  # fmt: skip


@exercise("01.2 gradient descent by hand", "descend(grad, x, lr, steps)")
def _descend(descend):
    """descend(grad, x, lr, steps): all points, the start first."""
    start, lr, steps = np.array([3.0, -2.0]), 0.1, 4
    scale = np.array([1.0, 4.0])
    kept = start.copy()
    reply = descend(lambda x: scale * np.asarray(x), start, lr, steps)
    if reply is None:
        return "descend returned None; end it with return and the list of points."
    right = np.array([kept * (1 - lr * scale) ** k for k in range(steps + 1)])
    points = floats_of(reply)
    if points is None:
        return "return a list or an array of the points, all of the same shape."
    if points.ndim == 2 and len(points) > 2 and (points[1:] == points[-1]).all():
        return (
            "all entries are the same: x was changed in place (x -= ...), and the list holds one array many times. "
            "Write x = x - lr * grad(x)."
        )
    if not np.array_equal(start, kept):
        return "the start was changed in place; write x = x - lr * grad(x), which makes a new array."
    if points.shape == start.shape:
        return "this is a single point; return all of them, the start first."
    if points.shape[1:] != start.shape:
        return f"the points should have the shape of x, (2,); together {right.shape}, but these are {points.shape}."
    if len(points) == steps and np.allclose(points, right[1:]):
        return "the start is missing: it is the first point of the path."
    if len(points) != steps + 1:
        return f"{steps} steps visit {steps + 1} points with the start; these are {len(points)}."
    return None if same(points, right) else hint_for(points[1], [
        (kept + lr * scale * kept, "this walks uphill: subtract the gradient."),
        (kept - scale * kept, "the learning rate is not used: the step is lr times the gradient."),
        (right[1], "the first step is right, the second is not: take the gradient anew at each point."),
    ], f"the first step should lead to {right[1].tolist()}; the rule is x - lr * grad(x).")  # fmt: skip


@exercise("01.3 the largest stable learning rate")
def _largest_lr(answer):
    """The limit of the learning rate on 3x^2: 2/L with L = 6."""
    return expect_number(answer, 1 / 3, [
        (2 / 3, "2/3 would be 2 over the factor 3; but L is the curvature, the second derivative of 3x², which is 6."),
        (1 / 6, "1/6 = 1/L is the best step: it reaches the minimum at once. How far beyond may one go?"),
        (6.0, "6 is the curvature L; the limit is 2/L."),
        (3.0, "3 is L/2; the limit is its inverse."),
        (1.0, "that is the limit of x², where L = 2."),
    ], otherwise="each step multiplies x by 1 - 6 lr; for which lr is that -1?")  # fmt: skip


def _steps_needed(lr=0.1, start=2.0, bound=1e-3, factor=2.0):
    """Smallest k with |1 - factor lr|^k start < bound, counted."""
    k, x = 0, start
    while abs(x) >= bound:
        k, x = k + 1, (1 - factor * lr) * x
    return k


@exercise("01.4 steps needed")
def _how_many_steps(answer):
    """The smallest k such that |1 - 2 lr|^k * 2 < 1e-3 for lr = 0.1."""
    right = _steps_needed()
    exact = math.log(1e-3 / 2) / math.log(0.8)
    value = float_of(answer)
    if value is not None and close(value, exact, 1e-4):
        return "steps are whole: the smallest whole number that is at least this."
    return expect_number(answer, right, [
        (right - 1, "nearly: after so many steps the distance is still a little above 0.001."),
        (right + 1, "that is enough, but one step fewer is enough as well."),
        (_steps_needed(start=1.0), "the walk starts at 2, not at 1."),
        (_steps_needed(factor=1.0), "the factor is 1 - 2 lr = 0.8: the derivative of x² is 2x."),
        (math.ceil(exact / 2), "this is when the value x² falls below 0.001; asked is the distance |x|."),
        (_steps_needed(lr=0.01), "that is for lr = 0.01."),
    ], otherwise="solve 0.8^k · 2 = 0.001 for k with a logarithm, then round up; or count in a loop.",
        tolerance=1e-9)  # fmt: skip


# Runs so far: points, values, gradients, whether to stop, and the hint for the wrong reply.
_RUNS = (
    ([[2.0, 0.0], [2.0 - 4e-7, 0.0]], [4.0, 4.0 - 1.6e-6], [[4.0, 0.0], [4.0, 0.0]], False,
     "it stops although the slope is 4: with lr = 1e-7 the steps and the changes of the value are tiny everywhere. "
     "Look at the gradient."),
    ([[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0], [[2.0, 0.0], [-2.0, 0.0]], False,
     "it stops while the walk bounces between two points of equal value and slope 2: a negative slope is a slope "
     "too (take its size), and the value not changing proves nothing."),
    ([[1.0, -1.0], [0.5, -0.5]], [2.0, 0.5], [[2.0, -2.0], [1.0, -1.0]], False,
     "it stops where the gradient is (1, -1): its entries cancel in the sum. Take the length, "
     "np.linalg.norm, or the largest size."),
    ([[1.0, 0.0], [0.5, 0.0]], [1.0, 0.25], [[1e-9, 0.0], [1.0, 0.0]], False,
     "it looks at an old gradient: the present one is the last, gs[-1]."),
    ([[1.0, 0.0], [0.0, 1e-8]], [1.0, 0.0], [[2.0, 0.0], [0.0, 2e-8]], True,
     "it goes on although the present gradient is 2e-8 and tol is 1e-6."),
    ([[0.0, 0.0]], [0.0], [[0.0, 0.0]], True,
     "it goes on at a start where the gradient is zero; there is only one point yet, and no step to look at."),
)  # fmt: skip


@exercise("01.5 a stopping criterion that is not fooled", "stop(xs, fs, gs, tol)")
def _stop(stop):
    """stop(xs, fs, gs, tol): by the gradient, not by the step."""
    for xs, fs, gs, right, hint in _RUNS:
        try:
            reply = stop([np.array(x) for x in xs], list(fs), [np.array(g) for g in gs], 1e-6)
        except IndexError:
            if len(xs) > 1:
                raise
            return "before the first step there is one point only: xs[-2] does not exist yet."
        if np.asarray(reply).size != 1 or not isinstance(np.asarray(reply).item(), bool):
            return f"return True or False, not {reply!r}."
        if bool(reply) != right:
            return hint
    return None
