"""Testers of notebook 02: right answers pass, and each usual mistake gets the hint that fits it."""

import math

import numpy as np
import pytest
from exercise_cases import *  # noqa: F403
from exercise_cases import assert_hint, assert_right

import optlib as ol
import test_rules_generic as generic
from optlib.arrays import where, zeros_like
from optlib.course.exercises import check

NOTEBOOK = "02"

# --- right answers ---------------------------------------------------------------------------------------------


def average_step(x, v, g, lr, beta):
    v = beta * v + (1 - beta) * g
    return x - lr / (1 - beta) * v, v


def look_ahead_step(grad, x, v, lr, beta):
    v = beta * v - lr * grad(x + beta * v)
    return x + v, v


class Restart(ol.optimizers.Optimizer):
    r"""Momentum that forgets its velocity when it runs uphill.

    Formula:
        $$v \leftarrow 0 \quad\text{if}\quad g_t^\top v_{t-1} < 0$$
        $$v_t = \beta\, v_{t-1} + g_t \qquad x_t = x_{t-1} - \eta\, v_t$$

    Source:
        B. O'Donoghue, E. Candes (2015), Adaptive Restart for Accelerated Gradient Schemes, Foundations of
        Computational Mathematics 15, 715-732, section 3.2.

    Convention:
        A sum, not an average; on the heavy ball, where the paper has Nesterov's rule.

    Elsewhere:
        torch.optim has no such rule.

    Memory:
        1 number per parameter (v).
    """

    sees = "group"

    lr: float = ol.hyper(0.01, r"\eta", "(0, inf)", slider=(1e-4, 1.0), log=True, doc="learning rate")
    beta: float = ol.hyper(0.9, r"\beta", "[0, 1)", slider=(0.0, 0.999), doc="share of the velocity that is kept")

    def init(self, x):
        self.v = zeros_like(x)

    def update(self, x, g):
        uphill = self.inner(g, self.v) < 0
        self.v = where(uphill, zeros_like(self.v), self.beta * self.v) + g
        return x - self.lr * self.v


RIGHT = [
    ("02.1", average_step), ("02.1", lambda *a: list(average_step(*a))),
    ("02.2", 0.64), ("02.2", (1 - math.sqrt(0.1 * 0.4)) ** 2), ("02.2", np.float32(0.64)),
    ("02.3", (0.64, 0.36)), ("02.3", [0.64, 0.36]), ("02.3", np.array([0.64, 0.36])),
    ("02.3", {"lr": 0.64, "beta": 0.36}), ("02.3", ol.theory.heavy_ball_settings(0.25, 4.0)),
    ("02.4", look_ahead_step),
]  # fmt: skip


@pytest.mark.parametrize("rule", [ol.Momentum, ol.Nesterov])
def test_the_right_steps_walk_the_path_of_the_rule(rule):
    f, lr, beta = ol.FUNCTIONS["ravine"], 0.1, 0.8
    x, v, points = np.array(f.start), np.zeros(2), []
    for _ in range(30):
        if rule is ol.Momentum:
            x, v = average_step(x, v, f.grad(x), lr, beta)
            points.append(x)
        else:
            x, v = look_ahead_step(f.grad, x, v, lr, beta)
            points.append(x + beta * v)
    np.testing.assert_allclose(points, ol.minimize(f, rule(lr=lr, beta=beta), steps=30).x[1:], rtol=1e-9)


def in_place(x, v, g, lr, beta):
    v *= beta
    v += (1 - beta) * g
    x -= lr / (1 - beta) * v
    return x, v


def ahead_in_place(grad, x, v, lr, beta):
    v *= beta
    v -= lr * grad(x + v)
    return x + v, v


def averaging(velocity, move=lambda x, v, old, g, lr, b: x - lr / (1 - b) * v):
    """A step of two lines."""

    def step(x, v, g, lr, beta):
        new = velocity(v, g, lr, beta)
        return move(x, new, v, g, lr, beta), new

    return step


def moved(move):
    return averaging(lambda v, g, lr, b: b * v + (1 - b) * g, move)


def looking(velocity, move=lambda x, v, old, lr, b: x + v):
    def step(grad, x, v, lr, beta):
        new = velocity(grad, x, v, lr, beta)
        return move(x, new, v, lr, beta), new

    return step


def stepped(move):
    return looking(lambda grad, x, v, lr, b: b * v - lr * grad(x + b * v), move)


SQUARED = ((16 - 1) / (16 + 1)) ** 2
WRONG = [
    ("02.1", averaging(lambda v, g, lr, b: b * v + g), "this v is a sum"),
    ("02.1", averaging(lambda v, g, lr, b: b * v - (1 - b) * g), "the sign of the velocity: here"),
    ("02.1", averaging(lambda v, g, lr, b: b * v - g), "the sign of the velocity, and the weight"),
    ("02.1", averaging(lambda v, g, lr, b: (1 - b) * v + b * g), "exchanged"),
    ("02.1", averaging(lambda v, g, lr, b: v), "as it came"),
    ("02.1", averaging(lambda v, g, lr, b: g), "forgotten"),
    ("02.1", averaging(lambda v, g, lr, b: b * v + (1 - b) * lr * g), "belongs into the line of x"),
    ("02.1", averaging(lambda v, g, lr, b: 3 * v), "v should be"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - lr * v), "4 times too slowly"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - lr * (1 - b) * v), "the wrong way round"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - lr / b * v), "not by beta"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x + lr / (1 - b) * v), "uphill: subtract."),
    ("02.1", moved(lambda x, v, old, g, lr, b: x + lr * v), "not translated yet"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - lr / (1 - b) * old), "old velocity"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - lr / (1 - b) * g), "slope alone"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x), "not moved"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - 7 * v), "v is right"),
    ("02.1", lambda *a: average_step(*a)[::-1], "wrong order"),
    ("02.1", lambda *a: average_step(*a)[0], "must return two things"),
    ("02.1", lambda *a: ("a", "b"), "two arrays of numbers"),
    ("02.1", lambda *a: (1.0, 2.0), "the shape they came with, (2,)"),
    ("02.1", in_place, "changed in place"),
    ("02.1", lambda x, v: (x, v), "TypeError"),
    ("02.2", 0.8, "rate"),
    ("02.2", 0.96, "gradient descent"),
    ("02.2", 0.2, "then square"),
    ("02.2", 0.04, "both roots equal"),
    ("02.2", 1.44, "below 1"),
    ("02.2", 0.36, "0.16"),
    ("02.2", (1 - math.sqrt(0.1)) ** 2, "for curvature 1"),
    ("02.2", (1 - math.sqrt(0.4)) ** 2, "for lr = 1"),
    ("02.2", 0.9, "default"),
    ("02.2", 0.5, "critical damping"),
    ("02.2", "0.64", "must be a number, not str"),
    ("02.2", math.inf, "finite"),
    ("02.3", (0.8, 0.36), "lr is the square"),
    ("02.3", (2 / 4.25, 0.36), "best lr of gradient descent"),
    ("02.3", (0.25, 0.36), "1/L is safe"),
    ("02.3", (4 / 4.25, 0.36), "one by one"),
    ("02.3", (1 / 0.64, 0.36), "upside down"),
    ("02.3", (1.0, 0.36), "λ₁ = 0"),
    ("02.3", (0.7, 0.36), "touch the parabola"),
    ("02.3", (0.36, 0.64), "exchanged"),
    ("02.3", (0.25, 0.6), "Nesterov"),
    ("02.3", (0.64, 0.6), "the rate. β is its square"),
    ("02.3", (0.64, SQUARED), "root of κ first"),
    ("02.3", (0.64, 15 / 17), "rate of gradient descent"),
    ("02.3", (0.64, 0.4), "near 1"),
    ("02.3", (0.64, 0.16), "near 1"),
    ("02.3", (0.64, 0.5), "lr is right; β is"),
    ("02.3", 0.64, "two numbers"),
    ("02.3", (0.64,), "two numbers"),
    ("02.3", "ab", "two numbers"),
    ("02.3", ("a", 0.36), "must be finite numbers, not 'a'"),
    ("02.3", (0.64, math.nan), "must be finite"),
    ("02.3", {"lr": 0.64}, "your names are ['lr']"),
    ("02.3", {"lr": "x", "beta": 0.36}, "must be finite numbers"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x)), "this is the heavy ball"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x + v)), "it looks too far"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x - b * v)), "it looks back"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x - lr * b * v)), "look-ahead of the sum form"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v + lr * g(x + b * v)), "the sign of the velocity"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v + g(x + b * v)), "this is the sum form"),
    ("02.4", looking(lambda g, x, v, lr, b: v - lr * g(x + b * v)), "no friction"),
    ("02.4", looking(lambda g, x, v, lr, b: -lr * g(x + b * v)), "forgotten"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - g(x + b * v)), "learning rate is missing"),
    ("02.4", looking(lambda g, x, v, lr, b: v), "as it came"),
    ("02.4", looking(lambda g, x, v, lr, b: 9 * v), "v should be"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + b * old + v), "twice"),
    ("02.4", stepped(lambda x, v, old, lr, b: x - v), "points downhill here"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + lr * v), "lr is in the velocity already: x + v"),
    ("02.4", stepped(lambda x, v, old, lr, b: x - lr * v), "already, and v points downhill"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + old), "old velocity"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + b * old), "only the look-ahead point"),
    ("02.4", stepped(lambda x, v, old, lr, b: x), "not moved"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + 9 * v), "v is right"),
    ("02.4", ahead_in_place, "changed in place"),
    ("02.4", lambda *a: look_ahead_step(*a)[::-1], "wrong order"),
    ("02.4", lambda *a: look_ahead_step(*a)[1], "must return two things"),
    ("02.5", Restart(lr=0.1), "without parentheses"),
    ("02.5", 3, "hand in your class"),
    ("02.5", dict, "hand in your class"),
    ("02.5", lambda x: x, "hand in your class"),
    ("02.5", Restart, "put @ol.register"),
    ("02.5", ol.GradientDescent, "lr and beta"),
    ("02.5", ol.Momentum, "sees = 'group'"),
]  # fmt: skip


def restarting(velocity, step=lambda rule, g, v, old: v):
    """A rule like `Restart`, with the new velocity of (rule, g, old velocity), and the step of the new and the old."""

    def update(self, x, g):
        old, self.v = self.v, velocity(self, g, self.v)
        return x - self.lr * step(self, g, self.v, old)

    return type("Mine", (ol.optimizers.Optimizer,), {
        "__annotations__": {"lr": float, "beta": float}, "sees": "group", "__module__": __name__,
        "lr": ol.hyper(0.01, r"\eta", "(0, inf)"), "beta": ol.hyper(0.9, r"\beta", "[0, 1)"),
        "init": Restart.init, "update": update,
    })  # fmt: skip


def kept(rule, v, forget):
    """The share of the velocity that is kept, or nothing of it."""
    return where(forget, zeros_like(v), rule.beta * v)


def right(rule, g, v):
    return kept(rule, v, rule.inner(g, v) < 0) + g


def never(rule, g, v):
    return rule.beta * v + g


MISTAKES = {
    "plain momentum": [never],
    "while it runs downhill": [lambda rule, g, v: kept(rule, v, rule.inner(g, v) > 0) + g],
    "before g is added": [lambda rule, g, v: kept(rule, v, rule.inner(g, never(rule, g, v)) < 0) + g],
    "stands still": [lambda rule, g, v: where(rule.inner(g, v) < 0, zeros_like(v), never(rule, g, v))],
    "each coordinate": [lambda rule, g, v: kept(rule, v, g * v < 0) + g],
    "keeps the old velocity": [never, lambda rule, g, v, old: where(rule.inner(g, old) < 0, g, v)],
    "Nesterov's rule": [right, lambda rule, g, v, old: g + rule.beta * v],
    "`if`": [lambda rule, g, v: (zeros_like(v) if rule.inner(g, v) < 0 else rule.beta * v) + g],
    "in a batch of starts": [lambda rule, g, v: kept(rule, v, (g * v).sum() < 0) + g],
    "float64": [lambda rule, g, v: where(rule.inner(g, v) < 0, np.float64(0.0), np.float64(rule.beta)) * v + g],
    "walks another path": [lambda rule, g, v: -g],
    "AttributeError": [lambda rule, g, v: rule.w],
}


@pytest.mark.parametrize("hint", MISTAKES)
def test_wrong_rules_get_their_own_hint(hint):
    assert_hint("02.5", ol.register(restarting(*MISTAKES[hint])), hint)


def test_a_rule_without_update_is_refused():
    class Mine(ol.optimizers.Optimizer):
        sees = "group"
        lr: float = ol.hyper(0.01, r"\eta", "(0, inf)")

    assert_hint("02.5", ol.register(Mine), "no update yet")


def test_the_right_rule_passes_once_it_is_registered():
    assert not check("02.5", Restart)
    assert_right("02.5", ol.register(Restart))


def test_the_solution_passes_what_the_rules_of_the_course_pass():
    ol.register(Restart)
    for test in generic.CHECKS:
        if test is not generic.docstring_says_all:  # asked of the course, not of its readers
            test(Restart)


def test_restart_beats_the_ball_that_never_forgets():
    f = ol.functions.quadratic(kappa=100)
    ends = [ol.minimize(f, rule(lr=0.3, beta=0.97), steps=200).f[-1] for rule in (Restart, ol.Momentum)]
    assert ends[0] < 0.01 * ends[1]
