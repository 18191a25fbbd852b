"""Exercises of the notebook Momentum."""

import math

import numpy as np

from ...functions.bowls import quadratic
from ...minimize import minimize
from ...optimizers import OPTIMIZERS
from ...optimizers.base import Optimizer
from ...theory import momentum_matrix, spectral_radius
from .engine import as_list, exercise, expect_array, expect_number, first_hint, floats_of, hint_for, of_the_course, same


def _point_and_velocity(reply, right, signature):
    """The point and the velocity that a step returned, and the hint if it returned something else."""
    if reply is None:
        return None, "your function returned None; end it with return x, v."
    reply = as_list(reply) if getattr(reply, "ndim", 0) > 1 else reply  # a single vector is not two things
    if not isinstance(reply, (tuple, list)) or len(reply) != 2:
        return None, f"{signature} must return two things, the new x and the new v: return x, v."
    x, v = map(floats_of, reply)
    if x is None or v is None:
        return None, f"{signature} must return two arrays of numbers, x and v."
    shape = right[0].shape
    if x.shape != shape or v.shape != shape:
        return None, f"x and v should have the shape they came with, {shape}; yours are {x.shape} and {v.shape}."
    if same((v, x), right):
        return None, "the two come in the wrong order: return x, v."
    return (x, v), None


def _changed_in_place(arrays, copies):
    if all(np.array_equal(array, copy) for array, copy in zip(arrays, copies, strict=True)):
        return None
    return "x, v or g was changed in place (+=, -=, *=); make new arrays."


@exercise("02.1 momentum in the averaging form", "average_step(x, v, g, lr, beta)")
def _average_step(step):
    """average_step(x, v, g, lr, beta): v is an average, the path is that of the sum form with this lr."""
    return first_hint(
        (f"lr = {lr}, beta = {beta}", _averaging(step, lr, beta)) for lr, beta in ((0.3, 0.75), (0.1, 0.9))
    )


def _averaging(step, lr, beta):
    x, v, g = np.array([1.0, -2.0]), np.array([0.5, 0.25]), np.array([2.0, -1.0])
    average = beta * v + (1 - beta) * g
    right = x - lr / (1 - beta) * average, average
    copies = x.copy(), v.copy(), g.copy()
    pair, hint = _point_and_velocity(step(x, v, g, lr, beta), right, "average_step(x, v, g, lr, beta)")
    if hint := hint or _changed_in_place((x, v, g), copies):
        return hint
    hint = expect_array(pair[1], average, [
        (beta * v + g, "this v is a sum: where the gradient stays g it grows to g / (1 - beta), not to g. Weigh the "
         "new gradient less."),
        (beta * v - (1 - beta) * g, "the sign of the velocity: here v is an average of the gradients, so g is added; "
         "the minus stands in the line of x."),
        (beta * v - g, "the sign of the velocity, and the weight of the new gradient."),
        ((1 - beta) * v + beta * g, "the weights are exchanged: beta is the share of the old v that is kept."),
        (v, "the velocity is returned as it came: first update v, then step with it."),
        (g, "the old velocity is forgotten."),
        (beta * v + (1 - beta) * lr * g, "the learning rate belongs into the line of x, not into the average."),
    ], f"v should be {average.round(4).tolist()}, for v = {v.tolist()}, g = {g.tolist()}, beta = {beta}.")  # fmt: skip
    return hint or expect_array(pair[0], right[0], [
        (x - lr * average, "lr was not translated: an average is 1 - beta times the sum, so this walks "
         f"{1 / (1 - beta):g} times too slowly. Which factor makes up for it?"),
        (x - lr * (1 - beta) * average, "lr was translated the wrong way round: the average is the smaller of the "
         "two, so its learning rate must be the larger."),
        (x - lr / beta * average, "divide by 1 - beta, not by beta."),
        (x + lr / (1 - beta) * average, "this walks uphill: subtract."),
        (x + lr * average, "this walks uphill: subtract; and lr is not translated yet."),
        (x - lr / (1 - beta) * v, "this steps with the old velocity: update v first, and then step with the new."),
        (x - lr / (1 - beta) * g, "this steps along the gradient alone; step along the new v."),
        (x, "x was not moved."),
    ], "v is right; x should be x - (translated lr) · v.")  # fmt: skip


@exercise("02.2 the critical beta of Nesterov's method", "critical_beta(s)")
def _critical_beta(beta_of):
    """critical_beta(s): the beta below 1 with which Nesterov's method has a double root, s = ηλ between 0 and 1."""
    for s in (0.04, 0.25, 0.64):
        root = math.sqrt(s)
        hint = expect_number(beta_of(s), (1 - root) / (1 + root), [
            ((1 - root) ** 2, "that is the critical β of momentum. In the quadratic equation of Nesterov's method "
             "1 - s stands in both coefficients."),
            ((1 + root) / (1 - root), "that is the other solution; β must be below 1."),
            ((1 - s) / (1 + s), "nearly: here s stands where its root belongs."),
            (math.sqrt((1 - root) / (1 + root)), "that is √β; β is its square."),
            (((1 - root) / (1 + root)) ** 2, "that is the square of it."),
            (1 - root, "that is the size of the two roots; asked is β."),
            ((1 - root) ** 2 / (1 - s) ** 2, "divide the discriminant by 1 - s once, not twice."),
        ], f"at s = {s} the two roots do not coincide.")  # fmt: skip
        if hint:
            return hint
    return None


@exercise("02.3 the phase map", "phase_map(s, beta)")
def _phase_map(build):
    """phase_map(s, beta): convergence factors of momentum, one row a beta, one column an s; by theory or measured."""
    return first_hint(
        (f"s = {s} and beta = {beta}", _map(build, np.array(s), np.array(beta)))
        for s, beta in (([0.02, 0.3, 1.5, 2.0, 2.7], [0.1, 0.5, 0.9]), ([0.1, 1.0, 2.2], [0.3, 0.7]))
    )


def _map(build, s, beta):
    reply, right = build(s.copy(), beta.copy()), spectral_radius(s, beta[:, None])
    if reply is None:
        return "your function returned None; end it with return and the array of factors."
    if np.iscomplexobj(reply):
        return "these are complex numbers; the factor is the size of the larger root: np.abs."
    factors = floats_of(reply)
    if factors is None or factors.ndim != 2:
        return "the map must be an array of numbers with two axes, one row for each beta, one column for each s."
    if factors.shape == right.T.shape:
        return "the map is transposed: one row for each beta, one column for each s. Try beta[:, None]."
    if factors.shape != right.shape:
        return f"for {s.size} values of s and {beta.size} of beta the map should have shape {right.shape}; " \
               f"yours has {factors.shape}."  # fmt: skip
    if np.isnan(factors).any():
        return "NaN where the roots are complex: np.sqrt takes no negative numbers, np.emath.sqrt does."
    roots = np.sort_complex(np.linalg.eigvals(momentum_matrix(s, beta[:, None])))
    trace = 1 + beta[:, None] - s
    root = np.emath.sqrt(trace**2 - 4 * beta[:, None])
    hints = [
        (np.abs(roots).min(axis=-1), "that is the size of the smaller root; in the long run the larger one decides."),
        *((np.abs(trace + sign * root) / 2, "there are two roots; take the larger size.") for sign in (1, -1)),
        (np.abs(roots.real).max(axis=-1), "that is the real part; the size of a complex root is np.abs of it."),
        (roots.real.max(axis=-1), "that is the largest real part; the factor is the largest size, np.abs."),
        (np.sqrt(beta[:, None]) + 0 * s, "√β holds only where the roots are complex; elsewhere both are real."),
        (right**2, "these are the squares: the factor of the loss. Asked is that of the distance."),
        (2 * right, "twice too large: the roots are (trace ± √...) / 2."),
        (spectral_radius(s, beta[:, None], nesterov=True), "that is the map of Nesterov's method; asked is momentum."),
        (np.abs(1 - s) + 0 * beta[:, None], "this does not depend on beta: it is gradient descent."),
    ]
    shown = np.minimum(factors, 1)  # how fast a run diverges is hard to measure: it is cut off, or overflows
    close = [text for wrong, text in [(right, None), *hints] if np.allclose(shown, np.minimum(wrong, 1), atol=0.02)]
    return close[0] if close else "some factors are wrong: the roots of z² - (1 + β - s) z + β decide, by their size."


@exercise("02.4 Nesterov's step without its bug", "look_ahead_step(grad, x, v, lr, beta)")
def _look_ahead_step(step):
    """look_ahead_step(grad, x, v, lr, beta): Sutskever's form, with the learning rate in the velocity."""
    return first_hint(
        (f"lr = {lr}, beta = {beta}", _looking_ahead(step, lr, beta)) for lr, beta in ((0.1, 0.8), (0.05, 0.6))
    )


def _looking_ahead(step, lr, beta):
    signature = "look_ahead_step(grad, x, v, lr, beta)"

    def grad(p):
        p = np.asarray(p)
        return np.array([p[0] ** 3 + p[1], 3 * p[1] + p[0]])

    x, v = np.array([1.0, -2.0]), np.array([0.5, -0.25])
    ahead, copies = x + beta * v, (x.copy(), v.copy())
    velocity = beta * v - lr * grad(ahead)
    pair, hint = _point_and_velocity(step(grad, x, v, lr, beta), (x + velocity, velocity), signature)
    if hint := hint or _changed_in_place((x, v), copies):
        return hint
    hint = expect_array(pair[1], velocity, [
        (beta * v - lr * grad(x), "the gradient is taken at x: this is the heavy ball. Nesterov takes it at the point "
         "that the kept velocity leads to."),
        (beta * v - lr * grad(x + v), "it looks too far: only the share beta of the velocity is kept."),
        (beta * v - lr * grad(x - beta * v), "this step has the product of roots β (1 + ηλ), as the colleague's: where "
         "it takes the gradient, the ball has been already."),
        (beta * v - lr * grad(x - lr * beta * v), "that is the look-ahead of the sum form; here lr is in the "
         "velocity already, and v points downhill."),
        (beta * v + lr * grad(ahead), "the sign of the velocity: here v is where the ball goes, so the gradient is "
         "subtracted."),
        (beta * v + grad(ahead), "this is the sum form, with lr outside; here lr is in the velocity, and v "
         "points downhill."),
        (v - lr * grad(ahead), "there is no friction: the old velocity counts beta times."),
        (-lr * grad(ahead), "the old velocity is forgotten."),
        (beta * v - grad(ahead), "the learning rate is missing."),
        (v, "the velocity is returned as it came."),
    ], f"v should be {velocity.round(4).tolist()}, yours is {pair[1].round(4).tolist()}. Where is the gradient taken, "
       "and what are the factors of the two terms?")  # fmt: skip
    return hint or expect_array(pair[0], x + velocity, [
        (ahead + velocity, "x moves along beta v twice: the look-ahead point is only where the gradient is taken. "
         "Step from x."),
        (x - velocity, "v points downhill here: add it."),
        (x + lr * velocity, "lr is in the velocity already; do not multiply by it again."),
        (x - lr * velocity, "lr is in the velocity already, and v points downhill."),
        (x + v, "this steps with the old velocity: update v first."),
        (ahead, "this is only the look-ahead point; step with the new v."),
        (x, "x was not moved."),
    ], "v is right, the step of x is not: how does x move, where v points downhill and lr is in it?")  # fmt: skip


_STEPS = 80


@exercise("02.5 momentum that forgets when it runs uphill")
def _restart(rule):
    """A registered rule: momentum with the gradient scheme of adaptive restart."""
    if isinstance(rule, Optimizer):
        return f"hand in the class, {type(rule).__name__}, without parentheses."
    if not isinstance(rule, type) or not issubclass(rule, Optimizer):
        return "hand in your class; it is derived from ol.optimizers.Optimizer."
    if hint := of_the_course(rule):
        return hint
    if "update" not in vars(rule):
        return "the rule has no update yet: def update(self, x, g), which returns the new x."
    if not {"lr", "beta"} <= set(rule.hypers):
        return f"it needs the hyperparameters lr and beta, declared with ol.hyper; it has {sorted(rule.hypers)}."
    if rule.sees != "group":
        return "write sees = 'group' in the class: the dot product needs the whole vector, not one coordinate."
    hint = first_hint(
        (f"lr = {lr}, beta = {beta}", _restart_walks(rule, lr, beta)) for lr, beta in ((0.3, 0.95), (0.1, 0.8))
    )
    if hint is None and OPTIMIZERS.get(rule.__name__) is not rule:
        return "right, but not in the race yet: put @ol.register above the class."
    return hint


_ONE_FOR_EACH = (
    "in a batch of starts self.inner(g, self.v) is one number for each point, and `if`, float or item takes a single "
    "number: choose with ol.arrays.where."
)


def _restart_walks(rule, lr, beta):
    f, settings = quadratic(kappa=30, angle=30), {"lr": lr, "beta": beta}
    optimizer = rule(**settings)
    try:
        x = minimize(f, optimizer, f.start, _STEPS).x
    except (TypeError, ValueError) as error:  # "only 0-dimensional arrays can be converted to Python scalars"
        if "scalar" in str(error):
            return _ONE_FOR_EACH
        if "truth value" not in str(error):
            raise
        return (
            "there is one answer for each coordinate, and `if` takes only one: the dot product is a sum over the whole "
            "vector, self.inner(g, self.v)."
        )
    if not same(x, _path(f, f.start, "right", **settings)):
        hints = {
            "never": "this is plain momentum: it never forgets. Test whether g · v is below zero.",
            "sign": "it forgets while it runs downhill: v points along the gradients, uphill, and the ball moves along "
            "-v. It runs uphill where g · v is below zero.",
            "late": "it tests the new v, which already contains the present gradient. Test the velocity with which "
            "the ball came, before g is added.",
            "stops": "where it forgets it also leaves out the present gradient, and stands still for a step. Set the "
            "old velocity to zero, then add g as always.",
            "each": "each coordinate is tested by itself: the dot product is a sum over the whole vector, "
            "self.inner(g, self.v).",
            "keeps": "where it forgets it takes a step of gradient descent, but keeps the old velocity for later.",
            "nesterov": "right, but on Nesterov's rule; here the ball is the heavy one: x - lr · v.",
        }
        return hint_for(
            x, [(_path(f, f.start, kind, **settings), hint) for kind, hint in hints.items()],
            "on a quadratic it walks another path: v ← 0 if g · v < 0, then v ← β v + g, then x ← x - lr v.",
        )  # fmt: skip
    starts = np.array([f.start, (3.0, 1.0), (0.5, -4.0)])
    batch, x = optimizer.fresh().batched(), starts.copy()
    of_each = ("alone it is right, in a batch of starts it is not: take the dot product of each point by itself, with "
               "self.inner(g, self.v).")  # fmt: skip
    try:
        for _ in range(_STEPS):
            x = batch.advance(x, f.grad(x))
    except (TypeError, ValueError) as error:
        if any(words in str(error) for words in ("truth value", "scalar")):
            return _ONE_FOR_EACH
        if any(words in str(error) for words in ("mismatch", "aligned", "broadcast")):
            return f"{of_each} (What it raised: {error})"
        raise
    alone = np.stack([_path(f, start, "right", **settings)[-1] for start in starts])
    if not same(x, alone):
        return of_each
    x = np.ones(2, np.float32)
    if optimizer.fresh().step(x, x).dtype != np.float32:
        return (
            "float32 points become float64: where(...) of plain numbers, or true and false times a number, makes "
            "NumPy's float64. Choose between two arrays like self.v."
        )
    return None


def _path(f, start, kind, lr, beta):
    """The path of restarted momentum, or of one of the usual mistakes."""
    x, v = np.array(start), np.zeros(2)
    points = [x]
    for _ in range(_STEPS):
        g = f.grad(x)
        x, v = _one_step(x, v, g, kind, lr, beta)
        points.append(x)
    return np.array(points)


def _one_step(x, v, g, kind, lr, beta):
    new = beta * v + g
    if kind == "late":
        new = np.where(g @ new < 0, g, new)
    elif kind == "each":
        new = np.where(g * v < 0, 0.0, beta * v) + g
    elif kind == "keeps" and g @ v < 0:
        return x - lr * g, new
    elif kind == "stops" and g @ v < 0:
        new = np.zeros(2)
    elif kind == "sign" and g @ v > 0 or kind in ("right", "nesterov") and g @ v < 0:
        new = g
    return x - lr * (g + beta * new if kind == "nesterov" else new), new
