"""Exercises of the notebook Adaptive methods."""

import inspect
import math

import numpy as np

from ...optimizers.base import Optimizer
from ...registry import OPTIMIZERS
from .engine import close, exercise, expect_array, expect_number, float_of, floats_of

FROM_ZERO = "for the first step t is 1: with t = 0 the correction 1 - beta**t is 0, and it divides by zero."


def _averages(values, beta, *, correct="right", start=0.0, kept="m"):
    """Averages as readers may write them; the defaults are right."""
    m, averages = start, []
    for t, g in enumerate(values, start=1):
        m = {"m": beta * m + (1 - beta) * g, "sum": beta * m + g, "swapped": (1 - beta) * m + beta * g}[kept.split()[0]]
        divisor = {"right": 1 - beta**t, "none": 1.0, "late": 1 - beta ** (t + 1), "always": 1 - beta,
                   "times": 1 / (1 - beta**t)}[correct]  # fmt: skip
        averages.append(m / divisor)
        m = averages[-1] if kept.endswith("fed back") else m
    return np.array(averages)


@exercise("03.1 an average without bias", "corrected(values, beta)")
def _corrected(corrected):
    """corrected(values, beta): bias-corrected averages."""
    values, beta = [4.0, -1.0, 2.5, 0.5], 0.8
    right = _averages(values, beta)
    reply, hint = _call(corrected, list(values), beta)
    if hint:
        return hint
    if reply is None:
        return "corrected returned None; end it with return and the list of averages."
    averages = floats_of(reply)
    if averages is None:
        return "return a list of numbers, one for each value."
    if averages.shape == () and close(float(averages), right[-1]):
        return "this is only the last average; return all of them, one for each value."
    if averages.shape != right.shape:
        return f"for {len(values)} values it should return {len(values)} averages; these have shape {averages.shape}."
    if not np.isfinite(averages).all():
        return FROM_ZERO
    return expect_array(averages, right, [
        (_averages(values, beta, correct="none"), "this average is not corrected: divide it by 1 - beta**t."),
        (_averages(values, beta, correct="late"), "t is one too large: for the first value it is 1."),
        (_averages(values, beta, correct="always"), "the divisor must change with t: 1 - beta**t, not 1 - beta."),
        (_averages(values, beta, correct="times"), "divide by 1 - beta**t; this multiplies by it."),
        (_averages(values, beta, kept="m fed back"), "the corrected average goes into the next step. Keep the plain m "
         "for the recursion, and correct only what goes into the list."),
        (_averages(values, beta, correct="none", start=values[0]), "this starts the average at the first value. That "
         "gives the first value too much weight for long; start at 0 and divide by 1 - beta**t."),
        (_averages(values, beta, start=values[0]), "the average must start at 0: the divisor 1 - beta**t is for that."),
        (_averages(values, beta, kept="sum"), "this is a sum: the new value must enter with the weight 1 - beta."),
        (_averages(values, beta, kept="swapped"), "beta and 1 - beta have changed places: beta is what is kept."),
    ], f"for the values {values} and beta = {beta} it should give {right.round(4).tolist()}.")  # fmt: skip


@exercise("03.2 a memory of a hundred steps")
def _half_life(answer):
    """beta with a half-life of 100 steps."""
    value = float_of(answer)
    right = 0.5 ** (1 / 100)
    if value is not None and 0 < abs(value - right) < 5e-5 and abs(value - right) > 1e-6:
        return "nearly; give it to six digits: beta to the power of 100 must be 0.5."
    return expect_number(answer, right, [
        (0.99, "0.99 is 1 - 1/100. Its weights have the sum 100, but its half-life is only 69 steps."),
        (0.5, "with 0.5 half of the weight is gone after one step."),
        (0.01, "that is 1/100; beta is what is kept, so it is near 1."),
        (1 - right, "that is 1 - beta, the weight of the newest gradient."),
        (math.exp(-1 / 100), "after 100 steps of this, 1/e = 0.37 of the weight is left, not one half."),
    ], otherwise="solve beta**100 = 1/2 for beta.", tolerance=1e-6)  # fmt: skip


def _paper_step(m_hat, v_hat, eps, correction):
    return m_hat / (np.sqrt(v_hat) + eps)


def _adam(theta, gradients, lr, beta1, beta2, eps, *, step=_paper_step, correct="mv", t0=1, square=True, keep="m"):
    """Adam as readers may write it; the defaults are right."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=t0):
        m = beta1 * m + (g if keep == "sum" else (1 - beta1) * g)
        v = beta2 * v + (1 - beta2) * (g**2 if square else abs(g))
        m_hat = g if keep == "no momentum" else m / (1 - beta1**t) if "m" in correct else m
        v_hat = v / (1 - beta2**t) if "v" in correct else v
        theta = theta - lr * step(m_hat, v_hat, eps, 1 - beta2**t)
    return theta


@exercise("03.3 Adam from memory", "adam(theta, gradients, lr, beta1, beta2, eps)")
def _adam_from_memory(adam):
    """adam(theta, gradients, lr, beta1, beta2, eps): where it ends."""
    # Large eps and short memories: then all the usual mistakes can be told apart.
    theta, gradients = np.array([1.0, -2.0]), [np.array([3.0, 0.2]), np.array([-1.0, 0.7]), np.array([2.0, 0.1])]
    settings = dict(lr=0.1, beta1=0.7, beta2=0.95, eps=0.05)
    start = theta.copy()
    reply, hint = _call(adam, theta, [g.copy() for g in gradients], *settings.values())
    if hint:
        return hint
    if reply is None:
        return "adam returned None; end it with return theta."
    if not np.array_equal(theta, start):
        return "theta was changed in place; write theta = theta - ..., which makes a new array."
    right = _adam(start, gradients, **settings)
    end = np.asarray(reply, dtype=float)
    if end.shape == (3, 2):
        return "these are all points; return only the last."
    if end.shape != start.shape:
        return f"theta has shape {start.shape}, what was returned has {end.shape}."
    if not np.isfinite(end).all():
        return FROM_ZERO

    def wrong(step=_paper_step, **slip):
        return _adam(start, gradients, **settings, step=step, **slip)

    return expect_array(end, right, [
        (wrong(lambda m, v, eps, c: m / np.sqrt(v) - eps / settings["lr"]),
         "epsilon is added to theta: a parenthesis is missing. Write / (np.sqrt(v_hat) + eps)."),
        (wrong(lambda m, v, eps, c: m / np.sqrt(v) + eps),
         "epsilon is added to the quotient: put the root and epsilon in parentheses, / (np.sqrt(v_hat) + eps)."),
        (wrong(lambda m, v, eps, c: m / np.sqrt(v + eps)),
         "epsilon stands inside the root; the paper adds it outside: np.sqrt(v_hat) + eps."),
        (wrong(lambda m, v, eps, c: m / (np.sqrt(v) + eps / np.sqrt(c))),
         "epsilon is added to the root before the correction (the epsilon-hat form); the paper's Algorithm 1 adds it "
         "to the root of v_hat."),
        (wrong(lambda m, v, eps, c: m / np.sqrt(v)), "epsilon is missing: add it to the root."),
        (wrong(correct=""), "the bias correction is missing: m_hat = m / (1 - beta1**t), and v_hat likewise."),
        (wrong(correct="m"), "v is not corrected: v_hat = v / (1 - beta2**t)."),
        (wrong(correct="v"), "m is not corrected: m_hat = m / (1 - beta1**t)."),
        (wrong(t0=2), "t is one too large: for the first gradient it is 1."),
        (wrong(lambda m, v, eps, c: -_paper_step(m, v, eps, c)), "this walks uphill: subtract the step."),
        (wrong(square=False), "v is the average of the squares of the gradients, g**2."),
        (wrong(lambda m, v, eps, c: m / (v + eps)), "the root is missing: divide by np.sqrt(v_hat) + eps."),
        (wrong(keep="sum"), "m is a sum here: the new gradient must enter with the weight 1 - beta1."),
        (wrong(keep="no momentum"), "the step uses the gradient itself; it should use m_hat."),
        (_adam(start, gradients, **settings | {"lr": 1.0}), "the learning rate is not used."),
        (_adam(start, gradients[:1], **settings), "this is one step; make one for each of the gradients."),
        (start, "theta has not moved."),
    ], f"for {len(gradients)} gradients from {start.tolist()} it should end at {right.round(4).tolist()}; compare your "
       "lines with the formulas of section 5.")  # fmt: skip


@exercise("03.4 decay where it belongs", "decoupled(x, m_hat, v_hat, lr, eps, weight_decay)")
def _decoupled(decoupled):
    """decoupled(x, m_hat, v_hat, lr, eps, weight_decay): one step of AdamW."""
    x, m, v, lr, eps, decay = np.array([2.0, -1.0]), np.array([0.5, 0.3]), np.array([4.0, 0.25]), 0.1, 0.05, 0.4
    copy = x.copy()
    reply, hint = _call(decoupled, x, m.copy(), v.copy(), lr, eps, decay)
    if hint:
        return hint
    if reply is None:
        return "decoupled returned None; end it with return and the new point."
    if not np.array_equal(x, copy):
        return "x was changed in place; return a new array."
    end = np.asarray(reply, dtype=float)
    if end.shape != x.shape:
        return f"x has shape {x.shape}, what was returned has {end.shape}."
    step = lr * m / (root := np.sqrt(v) + eps)
    right = x - lr * decay * x - step
    return expect_array(end, right, [
        (x - lr * (m + decay * x) / root, "this is L2: the decay is divided by the root. It must stand outside of it."),
        (x - step, "there is no decay in it: subtract lr * weight_decay * x as well."),
        (x - decay * x - step, "the decay must be scaled by the learning rate: lr * weight_decay * x."),
        ((x - step) * (1 - lr * decay), "the decay is taken of the new point; the formula takes it of the old one, x."),
        (x + lr * decay * x - step, "the decay has the wrong sign: it pulls toward zero."),
        (x - lr * decay * x + step, "the step of Adam walks uphill: subtract it."),
        (x - lr * decay * np.sign(x) - step, "the decay is in proportion to x, not to its sign."),
        (x - lr * decay - step, "the decay is in proportion to x: lr * weight_decay * x."),
        (x - lr * decay * x - lr * m / np.sqrt(v + eps), "epsilon stands inside the root; Adam adds it outside."),
        (x - lr * decay * x - lr * m / np.sqrt(v) + eps, "epsilon is added to x: a parenthesis is missing around the "
         "root and epsilon."),
        (x - lr * decay * x - lr * m / np.sqrt(v), "epsilon is missing: divide by np.sqrt(v_hat) + eps."),
        (x - lr * decay * x - lr * m / (v + eps), "the root is missing: divide by np.sqrt(v_hat) + eps."),
        (x - lr * decay * x, "this is only the decay; subtract the step of Adam as well."),
    ], f"from x = {x.tolist()} it should lead to {right.round(4).tolist()}.")  # fmt: skip


_LION = dict(lr=0.1, beta1=0.8, beta2=0.7)


def _lion(gradients, lr, beta1, beta2, *, order="c first", into="g", step="sign c", way=1):
    """The steps of Lion as readers may write it; the defaults are right."""
    m, steps = 0.0, []
    for g in gradients:
        old = m
        if order == "m first":
            m = beta2 * m + (1 - beta2) * g
        c = beta1 * m + (1 - beta1) * g
        used = {"sign c": np.sign(c), "c": c, "sign m": np.sign(old), "sign g": np.sign(g)}[step]
        steps.append(-way * lr * used)
        if order == "c first":
            m = c if into == "c" else beta2 * m + (1 - beta2) * g
    return np.array(steps)


@exercise("03.5 Lion, registered")
def _lion_class(answer):
    """A class Lion that is a registered rule."""
    cls = type(answer) if isinstance(answer, Optimizer) else answer
    if not inspect.isclass(cls):
        return f"hand in the class itself, Lion, not {answer!r}."
    if not issubclass(cls, Optimizer):
        return f"the class must be a rule: class {cls.__name__}(ol.optimizers.Optimizer)."
    missing = [name for name in _LION if name not in cls.hypers]
    if missing:
        return f"the hyper-parameter {missing[0]} is missing; declare it as {missing[0]}: float = ol.hyper(...)."
    if cls.update is Optimizer.update:
        return "it has no update(self, x, g), which makes the step and returns the new point."
    gradients = np.random.default_rng(3).standard_normal(80)
    rule = cls(**_LION)
    # Each step starts from 0, so that nothing is lost by rounding.
    steps, hint = _call(lambda: [rule.step(0.0, float(g)) for g in gradients])
    if hint:
        return hint
    return _lion_steps(steps, gradients) or _lion_manners(cls)


def _lion_steps(steps, gradients):
    swapped = _LION | {"beta1": _LION["beta2"], "beta2": _LION["beta1"]}
    return expect_array(steps, _lion(gradients, **_LION), [
        (_lion(gradients, **_LION, order="m first"), "m is updated before the step; c must be made of the old m."),
        (_lion(gradients, **swapped), "beta1 and beta2 have changed places: c has beta1, the average m has beta2."),
        (_lion(gradients, **_LION, into="c"), "c is kept as the new m; m has its own update with beta2."),
        (_lion(gradients, **_LION, step="c"), "the step is c itself; it should be its sign."),
        (_lion(gradients, **_LION, step="sign m"), "the step is the sign of m; it should be that of c."),
        (_lion(gradients, **_LION, step="sign g"), "the step is the sign of g alone: m is not used, or never updated."),
        (_lion(gradients, **_LION, way=-1), "this walks uphill: subtract the step."),
        (_lion(gradients, **_LION | {"lr": 1.0}), "the learning rate is not used."),
    ], "its steps are not those of the formula; check the three lines one by one.")  # fmt: skip


def _lion_manners(cls):
    """What the formula leaves open: a zero gradient, arrays, and the registry."""
    if cls(**_LION).step(1.0, 0.0) != 1.0:
        return "with the gradient 0 from the start it moves: the sign of 0 must be 0, as ol.arrays.sign has it."
    try:
        moved = cls(**_LION).step(np.array([1.0, 2.0]), np.array([3.0, -3.0]))
    except (TypeError, ValueError) as error:
        return f"it is right for floats, but raises {type(error).__name__} for arrays: use ol.arrays.sign, not if."
    if not np.allclose(moved, [0.9, 2.1]):
        return "it is right for floats, but not for arrays: each coordinate must be treated by itself."
    if OPTIMIZERS.get(cls.__name__) is not cls:
        return "the formula is right, but the rule is not registered: write @ol.register above the class."
    return None


def _call(function, *arguments):
    """What the reader's function returns, and a hint if it divides by zero."""
    with np.errstate(all="ignore"):
        try:
            return function(*arguments), None
        except ZeroDivisionError:
            return None, FROM_ZERO
