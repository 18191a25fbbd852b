"""Exercises of the notebook Gradient descent."""

import math

import numpy as np

from .engine import close, exercise, expect_number, first_hint, floats_of, hint_for, same


@exercise("01.1 central difference", "derivative(f, x, h)")
def _central_difference(derivative):
    """derivative(f, x, h) by the central difference."""
    # With a large h the usual mistakes differ visibly; 2 h must not be 1, or dividing by it could not be seen.
    exp = _quotient(derivative, math.exp, math.exp, 1.0, 0.25)
    return exp or _quotient(derivative, math.sin, math.cos, 0.5, 0.1)


def _quotient(derivative, f, slope, x, h):
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
        (plus - minus / 2 * h, "Python divides before it subtracts, and goes from left to right: what does the 2 "
                               "divide, and what does h do?"),
        (slope(x), "this is the exact derivative; asked is the difference quotient with the given h."),
    ], otherwise=f"for f = {f.__name__}, x = {x:g}, h = {h} it should give {right:.6f}: the difference of the two "
                 "values over the distance of the two points.")  # fmt: skip


@exercise("01.2 gradient descent by hand", "descend(grad, x, lr, steps)")
def _descend(descend):
    """descend(grad, x, lr, steps): all points, the start first."""
    return first_hint(
        (f"lr = {lr}, steps = {steps}", _walk(descend, np.array([3.0, -2.0]), lr, steps))
        for lr, steps in ((0.1, 4), (0.05, 6))
    )


def _walk(descend, start, lr, steps):
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
        if same(points[1], right[1]):
            return "every step begins at the start again: it must begin where the last one ended."
        if np.array_equal(start, kept) and same(points[-1], kept):
            return "x never moves: give it its new value, x = x - lr * grad(x)."
        if not points.any():
            return "the path begins at 0: its first point is the start."
        return (
            "all entries are the same: x was changed in place (x -= ...), and the list holds one array many times. "
            "Make a new array in every step."
        )
    if not np.array_equal(start, kept):
        return "the start was changed in place (x -= ...); make a new array in every step."
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
    ], f"the first step should lead to {right[1].tolist()}, from {kept.tolist()} with the gradient "
       f"{(scale * kept).tolist()} and lr = {lr}.")  # fmt: skip


@exercise("01.3 the factor at 1/L")
def _factor_at_one_over_l(answer):
    """The slowest factor of gradient descent at lr = 1/L for curvatures from 0.1 to 10: 1 - 0.1/10."""
    return expect_number(answer, 0.99, [
        (99 / 101, "that is the factor of the best learning rate, 2/(mu + L); asked is the one of 1/L."),
        (0.0, "that is the factor of the steepest direction, which 1/L solves in one step. Which one is slowest?"),
        (0.01, "that is what a step gains; the factor is what it leaves."),
        (1.01, "a factor above 1 would be divergence: the step is subtracted."),
        (0.9, "that is 1 - mu: the curvature still has to be multiplied by the learning rate, 1/10."),
        (0.1, "that is the learning rate; put it into 1 - lr times the curvature."),
    ], otherwise="each direction has the factor 1 - lr times its curvature; take the one nearest to 1.",
        tolerance=1e-5)  # fmt: skip


@exercise("01.4 a condition number, and its cure", "kappas(inputs)")
def _cure(kappas):
    """kappas(inputs): condition numbers of X'X / n with a column of ones, as the inputs are and standardized."""
    five = np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0], [6.0, 40.0], [8.0, 70.0]])
    seven = np.array([[2.0, 1.0, 8.0], [5.0, 3.0, 9.0], [4.0, 2.0, 2.0], [9.0, 1.0, 5.0], [3.0, 6.0, 7.0],
                      [8.0, 4.0, 1.0], [1.0, 5.0, 3.0]])  # fmt: skip
    return first_hint(
        (f"{len(inputs)} examples of {len(inputs[0])} inputs", _before_and_after(kappas, inputs))
        for inputs in (five, seven)
    )


def _before_and_after(kappas, inputs):
    ones = np.ones((len(inputs), 1))
    centered = inputs - inputs.mean(axis=0)
    ready = centered / inputs.std(axis=0)

    def kappa(x):
        curvatures = np.linalg.eigvalsh(x.T @ x)
        return curvatures[-1] / curvatures[0]

    before, after = kappa(np.hstack([inputs, ones])), kappa(np.hstack([ready, ones]))
    kept = inputs.copy()
    try:
        with np.errstate(all="ignore"):
            answer = kappas(inputs)
    except np.linalg.LinAlgError as error:
        if "converge" not in str(error):
            raise
        return "the column of ones has the deviation 0, and must not be divided by it; only inputs are standardized."
    reply = floats_of(answer)
    if reply is None or reply.shape != (2,):
        return f"return two numbers, before and after, not {answer!r}."
    if not np.array_equal(inputs, kept):
        return "the inputs were changed in place; standardize a copy: z = (inputs - mean) / sd."
    root = "this is a quotient of singular values of X; the Hessian is X'X / n, so square it."
    mean = "take mean and deviation of each column: axis=0."
    hints = [
        [(after, "the order is (before, after)."), (before**0.5, root), (1 / before, "turn the quotient around."),
         (kappa(inputs), "the column of ones is missing: the line has an intercept b."),
         (kappa(np.hstack([centered, ones])), "these inputs are centered; take them as they are.")],
        [(after**0.5, root), (1 / after, "turn the quotient around."),
         (kappa(np.hstack([centered, ones])), "the centered inputs must be divided by their deviations, too."),
         (kappa(np.hstack([inputs / inputs.std(axis=0), ones])), "the mean of each input must be subtracted, too."),
         (kappa(np.hstack([(inputs - inputs.mean()) / inputs.std(), ones])), mean)],
    ]  # fmt: skip
    for name, right, given, texts in zip(("before", "after"), (before, after), reply, hints, strict=True):
        if not math.isfinite(given):
            return f"{name}: this is not finite ({given}). Is there a column of the same numbers beside that of ones?"
        if not close(given, right):
            otherwise = f"for the check's {len(inputs)} examples it should be {right:.4g}, the largest eigenvalue of " \
                        "X'X / n over the smallest."  # fmt: skip
            return f"{name}: " + next((text for wrong, text in texts if close(given, wrong)), otherwise)
    return None


# Runs so far: points, values, gradients, tol, whether to stop, and the hint for the wrong reply.
_RUNS = (
    ([[2.0, 0.0], [2.0 - 4e-7, 0.0]], [4.0, 4.0 - 1.6e-6], [[4.0, 0.0], [4.0, 0.0]], 1e-6, False,
     "it stops although the gradient is (4, 0): with lr = 1e-7 steps and changes of the value are tiny everywhere. "
     "Look at the gradient."),
    ([[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0], [[2.0, 0.0], [-2.0, 0.0]], 1e-6, False,
     "it stops while the walk bounces between two points of equal value and slope 2: a negative slope is a slope "
     "too (take its size), and the value not changing proves nothing."),
    ([[1.0, -1.0], [0.5, -0.5]], [2.0, 0.5], [[2.0, -2.0], [1.0, -1.0]], 1e-6, False,
     "it stops where the gradient is (1, -1): its entries cancel in the sum. How long is it?"),
    ([[1.0, 0.0], [0.5, 0.0]], [1.0, 0.25], [[1e-9, 0.0], [1.0, 0.0]], 1e-6, False,
     "it looks at an old gradient: the present one is the last, gs[-1]."),
    ([[1.0, 0.0], [0.0, 1e-8]], [1.0, 0.0], [[2.0, 0.0], [0.0, 2e-8]], 1e-6, True,
     "it goes on although the present gradient is 2e-8 and tol is 1e-6."),
    ([[0.0, 0.0]], [0.0], [[0.0, 0.0]], 1e-6, True,
     "it goes on at a start where the gradient is zero; there is only one point yet, and no step to look at."),
    ([[1.0, 0.0], [1e-8, 0.0]], [6.0, 5.0], [[2.0, 0.0], [2e-8, 0.0]], 1e-6, True,
     "it goes on where the gradient is 2e-8 and the value 5: the lowest value need not be 0."),
    ([[1.0, 0.0], [0.5, 0.0]], [-2.25, -3.0], [[2.0, 0.0], [1.0, 0.0]], 1e-6, False,
     "it stops where the gradient is (1, 0) and the value is -3: values below 0 may fall further."),
    ([[0.0, 1.0], [0.0, 0.5]], [1.0, 0.25], [[0.0, 2.0], [0.0, 1.0]], 1e-6, False,
     "it stops where the gradient is (0, 1): look at all its entries."),
    ([[1.0, 0.0], [5e-5, 0.0]], [1.0, 2.5e-9], [[2.0, 0.0], [1e-4, 0.0]], 1e-6, False,
     "it stops where the gradient is (0.0001, 0) and tol is 1e-6: compare tol with the length of the gradient, not "
     "with its square."),
    ([[1.0, 0.0], [5e-5, 0.0]], [1.0, 2.5e-9], [[2.0, 0.0], [1e-4, 0.0]], 1e-3, True,
     "it goes on where the gradient is (0.0001, 0) and tol is 0.001: the limit is the tol that is handed in."),
    ([[1.0, 0.0], [0.0, 0.0]], [1e6, 0.0], [[2e5, 0.0], [0.1, 0.0]], 1e-6, False,
     "it stops where the gradient is (0.1, 0), since the first was larger: compare its length with tol alone."),
    ([[1.0, 0.0], [0.0, 0.0]], [2.0, 1.0], [[2.0, 0.0], [1.2e-6, 0.0]], 1e-6, False,
     "it stops where the gradient is (1.2e-6, 0) and tol is 1e-6: compare its length with tol itself."),
)  # fmt: skip


@exercise("01.5 a stopping criterion that is not fooled", "stop(xs, fs, gs, tol)")
def _stop(stop):
    """stop(xs, fs, gs, tol): by the gradient, not by the step."""
    for xs, fs, gs, tol, right, hint in _RUNS:
        try:
            reply = stop([np.array(x) for x in xs], list(fs), [np.array(g) for g in gs], tol)
        except IndexError:
            if len(xs) > 1:
                raise
            return "before the first step there is one point only: xs[-2] does not exist yet."
        if np.asarray(reply).size != 1 or not isinstance(np.asarray(reply).item(), bool):
            return f"return True or False, not {reply!r}."
        if bool(reply) != right:
            return hint
    return None
