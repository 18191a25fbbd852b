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


def critical_beta(s):
    return (1 - math.sqrt(s)) / (1 + math.sqrt(s))


def roots_of(s, beta):
    trace, root = 1 + beta[:, None] - s, np.emath.sqrt((1 + beta[:, None] - s) ** 2 - 4 * beta[:, None])
    return np.array([trace + root, trace - root]) / 2


def phase_map(s, beta):
    return np.abs(roots_of(s, beta)).max(axis=0)


def measured_map(s, beta):
    """Without theory: by how much the largest swing shrinks from the first hundred steps to those after step 300."""
    parabola = ol.objective(lambda x: x**2 / 2, grad=lambda x: (x,), start=[1.0])
    size = np.abs(ol.minimize(parabola, ol.Momentum(**ol.grid(lr=s, beta=beta)), steps=400).x[..., 0])
    return ((size[300:].max(axis=0) / size[:101].max(axis=0)) ** (1 / 300)).T


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
    ("02.1", lambda *a: np.array(average_step(*a))), ("02.4", lambda *a: np.array(look_ahead_step(*a))),
    ("02.2", critical_beta), ("02.3", phase_map), ("02.3", measured_map),
    ("02.3", lambda s, beta: phase_map(s, beta).tolist()),
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
    ("02.1", moved(lambda x, v, old, g, lr, b: x - lr / (1 - b) * g), "gradient alone"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x), "not moved"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - 7 * v), "v is right"),
    ("02.1", lambda *a: average_step(*a)[::-1], "wrong order"),
    ("02.1", lambda *a: average_step(*a)[0], "must return two things"),
    ("02.1", lambda *a: ("a", "b"), "two arrays of numbers"),
    ("02.1", lambda *a: (1.0, 2.0), "the shape they came with, (2,)"),
    ("02.1", lambda *a: np.ones(3), "must return two things"),
    ("02.1", lambda x, v, g, lr, b: average_step(x, v, g, lr, 0.75), "with lr = 0.1, beta = 0.9: v should be"),
    ("02.1", lambda x, v, g, lr, b: average_step(x, v, g, 0.3, b), "with lr = 0.1, beta = 0.9: v is right"),
    ("02.1", moved(lambda x, v, old, g, lr, b: x - 4 * lr * v), "with lr = 0.1, beta = 0.9: v is right"),
    ("02.1", in_place, "changed in place"),
    ("02.1", lambda x, v: (x, v), "TypeError"),
    ("02.2", lambda s: (1 - math.sqrt(s)) ** 2, "critical β of momentum"),
    ("02.2", lambda s: 1 / critical_beta(s), "must be below 1"),
    ("02.2", lambda s: (1 - s) / (1 + s), "where its root belongs"),
    ("02.2", lambda s: math.sqrt(critical_beta(s)), "β is its square"),
    ("02.2", lambda s: critical_beta(s) ** 2, "the square of it"),
    ("02.2", lambda s: 1 - math.sqrt(s), "size of the two roots"),
    ("02.2", lambda s: ((1 - math.sqrt(s)) / (1 - s)) ** 2, "once, not twice"),
    ("02.2", lambda s: 0.9, "do not coincide"),
    ("02.2", lambda s: str(s), "must be a number, not str"),
    ("02.2", lambda s: math.inf, "finite"),
    ("02.2", lambda s: math.log(-s), "ValueError"),
    ("02.3", roots_of, "complex numbers"),
    ("02.3", lambda s, beta: phase_map(s, beta).T, "transposed"),
    ("02.3", lambda s, beta: phase_map(s, beta)[:2], "yours has (2, 5)"),
    ("02.3", lambda s, beta: phase_map(s, beta)[0], "with two axes"),
    ("02.3", lambda s, beta: "map", "array of numbers"),
    ("02.3", lambda s, beta: phase_map(s, beta) + np.nan, "np.emath.sqrt does"),
    ("02.3", lambda s, beta: np.abs(roots_of(s, beta)).min(axis=0), "smaller root"),
    ("02.3", lambda s, beta: np.abs(roots_of(s, beta).real).max(axis=0), "that is the real part"),
    ("02.3", lambda s, beta: roots_of(s, beta).real.max(axis=0), "largest real part"),
    ("02.3", lambda s, beta: np.sqrt(beta[:, None]) + 0 * s, "only where the roots are complex"),
    ("02.3", lambda s, beta: phase_map(s, beta) ** 2, "the squares"),
    ("02.3", lambda s, beta: np.abs(roots_of(s, beta)[0]), "there are two roots"),
    ("02.3", lambda s, beta: np.abs(roots_of(s, beta)[1]), "there are two roots"),
    ("02.3", lambda s, beta: phase_map(np.array([0.02, 0.3, 1.5, 2.0, 2.7]), beta), "should have shape (2, 3)"),
    ("02.3", lambda s, beta: phase_map(s, np.array([0.1, 0.5, 0.9])), "should have shape (2, 3)"),
    ("02.3", lambda s, beta: 2 * phase_map(s, beta), "twice too large"),
    ("02.3", lambda s, beta: ol.theory.spectral_radius(s, beta[:, None], nesterov=True), "map of Nesterov"),
    ("02.3", lambda s, beta: np.abs(1 - s) + 0 * beta[:, None], "gradient descent"),
    ("02.3", lambda s, beta: 7 + 0 * phase_map(s, beta), "some factors are wrong"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x)), "this is the heavy ball"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x + v)), "it looks too far"),
    ("02.4", looking(lambda g, x, v, lr, b: b * v - lr * g(x - b * v)), "the product of roots β (1 + ηλ)"),
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
    ("02.4", stepped(lambda x, v, old, lr, b: x + lr * v), "do not multiply"),
    ("02.4", stepped(lambda x, v, old, lr, b: x - lr * v), "already, and v points downhill"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + old), "old velocity"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + b * old), "only the look-ahead point"),
    ("02.4", stepped(lambda x, v, old, lr, b: x), "not moved"),
    ("02.4", stepped(lambda x, v, old, lr, b: x + 9 * v), "v is right"),
    ("02.4", lambda grad, x, v, lr, b: look_ahead_step(grad, x, v, 0.1, b), "with lr = 0.05, beta = 0.6: "),
    ("02.4", lambda grad, x, v, lr, b: look_ahead_step(grad, x, v, lr, 0.8), "with lr = 0.05, beta = 0.6: "),
    ("02.4", ahead_in_place, "changed in place"),
    ("02.4", lambda *a: look_ahead_step(*a)[::-1], "wrong order"),
    ("02.4", lambda *a: look_ahead_step(*a)[1], "must return two things"),
    ("02.5", Restart(lr=0.1), "without parentheses"),
    ("02.5", type("Mine", (ol.optimizers.Optimizer,), {"__module__": __name__}), "no update yet"),
    ("02.5", 3, "hand in your class"),
    ("02.5", dict, "hand in your class"),
    ("02.5", lambda x: x, "hand in your class"),
    ("02.5", Restart, "put @ol.register"),
    ("02.5", ol.GradientDescent, "GradientDescent is a rule of the course; write one of your own"),
    ("02.5", ol.Momentum, "Momentum is a rule of the course"),
    ("02.5", type("Mine", (ol.GradientDescent,), {"update": Restart.update, "__module__": __name__}), "lr and beta"),
    ("02.5", type("Mine", (ol.Momentum,), {"update": Restart.update, "__module__": __name__}), "sees = 'group'"),
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
    "self.inner(g, self.v) is one number for each point": [
        lambda rule, g, v: (zeros_like(v) if float(rule.inner(g, v)) < 0 else rule.beta * v) + g
    ],
    "self.inner(g, self.v). (What it raised: ": [lambda rule, g, v: kept(rule, v, g @ v < 0) + g],
    "raised: shapes": [lambda rule, g, v: kept(rule, v, np.dot(g, v) < 0) + g],
    "raised: operands could not be broadcast": [lambda rule, g, v: kept(rule, v, (g * v).sum(-1) < 0) + g],
    "takes a single number": [
        lambda rule, g, v: (zeros_like(v) if np.asarray(rule.inner(g, v)).item() < 0 else rule.beta * v) + g
    ],
    "one answer for each coordinate": [lambda rule, g, v: (zeros_like(v) if g * v < 0 else rule.beta * v) + g],
    "or true and false times a number": [lambda rule, g, v: rule.beta * (rule.inner(g, v) >= 0) * v + g],
    "with lr = 0.1, beta = 0.8: on a quadratic": [
        lambda rule, g, v: where(rule.inner(g, v) < 0, zeros_like(v), 0.95 * v) + g
    ],
    "with lr = 0.1, beta = 0.8: ": [right, lambda rule, g, v, old: 0.3 / rule.lr * v],
    "float64": [lambda rule, g, v: where(rule.inner(g, v) < 0, np.float64(0.0), np.float64(rule.beta)) * v + g],
    "walks another path": [lambda rule, g, v: -g],
    "AttributeError": [lambda rule, g, v: rule.w],
}


@pytest.mark.parametrize("hint", MISTAKES)
def test_wrong_rules_get_their_own_hint(hint):
    assert_hint("02.5", ol.register(restarting(*MISTAKES[hint])), hint)


def test_the_right_rule_passes_once_it_is_registered():
    assert not check("02.5", Restart)
    assert_right("02.5", ol.register(Restart))


def test_the_right_rule_may_step_in_place():
    """The check compares a batch of starts with each of them, so it keeps the starts."""

    def update(self, x, g):
        x -= x - Restart.update(self, x, g)
        return x

    assert_right("02.5", ol.register(type("Mine", (Restart,), {"update": update, "sees": "group",
                                                                    "__module__": __name__})))


def test_the_solution_passes_what_the_rules_of_the_course_pass():
    ol.register(Restart)
    for test in generic.CHECKS:
        if test is not generic.docstring_says_all:  # asked of the course, not of its readers
            test(Restart)
