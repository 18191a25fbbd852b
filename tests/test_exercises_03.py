"""Exercises of notebook 03: the right solution passes, and each typical mistake gets the hint that fits it."""

import math

import numpy as np
import pytest
from exercise_cases import *  # noqa: F403
from exercise_cases import assert_hint, assert_right

import optlib as ol
from optlib.course.exercises import notebook_03 as testers

NOTEBOOK = "03"


def averages(divisor=lambda t, beta: 1 - beta**t, start=1, share=None, first=None, back=False):
    """A solution of 03.1, right or with one slip."""

    def answer(values, beta):
        m, means = (values[0] if first else 0.0), []
        for t, g in enumerate(values, start=start):
            m = beta * m + ((1 - beta) if share is None else share) * g
            means.append(m / divisor(t, beta))
            m = means[-1] if back else m
        return means

    return answer


corrected = averages()


def adam(theta, gradients, lr, beta1, beta2, eps):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta


def adam_with(step="m_hat / (np.sqrt(v_hat) + eps)", m_hat="m / (1 - beta1**t)", v_hat="v / (1 - beta2**t)", start=1,
              new_m="(1 - beta1) * g", new_v="(1 - beta2) * g**2", end="theta"):  # fmt: skip
    """A solution of 03.3 with one of its lines replaced."""
    source = f"""
def answer(theta, gradients, lr, beta1, beta2, eps):
    m, v, points = 0.0, 0.0, []
    for t, g in enumerate(gradients, start={start}):
        m = beta1 * m + {new_m}
        v = beta2 * v + {new_v}
        m_hat = {m_hat}
        v_hat = {v_hat}
        theta = theta - lr * {step}
        points.append(theta)
    return {end}
"""
    names = {"np": np}
    exec(source, names)
    return names["answer"]


def adam_in_place(theta, gradients, lr, beta1, beta2, eps):
    theta -= lr
    return theta


def decoupled(x, m_hat, v_hat, lr, eps, weight_decay):
    return x - lr * weight_decay * x - lr * m_hat / (np.sqrt(v_hat) + eps)


def lion(body, registered=True, name="Lion", hypers=("lr", "beta1", "beta2")):
    """A class with the given lines as its update."""
    source = "class Rule(ol.optimizers.Optimizer):\n" + "".join(
        f'    {hyper}: float = ol.hyper(0.5, "s", "[0, inf)")\n' for hyper in hypers
    )
    source += "    def init(self, x):\n        self.m = 0.0 * x\n"
    source += "    def update(self, x, g):\n" + "".join(f"        {line}\n" for line in body)
    names = {"ol": ol, "np": np, "math": math, "__name__": __name__}
    exec(source, names)
    rule = names["Rule"]
    rule.__name__ = rule.__qualname__ = name
    return ol.register(rule) if registered else rule


C = "c = self.beta1 * self.m + (1 - self.beta1) * g"
M = "self.m = self.beta2 * self.m + (1 - self.beta2) * g"
STEP = "return x - self.lr * ol.arrays.sign(c)"


RIGHT = [
    ("03.1", corrected), ("03.1", lambda v, b: np.array(corrected(v, b))),
    ("03.2", 0.5**0.01), ("03.2", math.exp(-math.log(2) / 100)), ("03.2", np.float64(0.993092)),
    ("03.3", adam), ("03.3", adam_with()),
    ("03.4", decoupled),
    ("03.4", lambda x, m, v, lr, eps, w: x * (1 - lr * w) - lr * m / (v**0.5 + eps)),
]  # fmt: skip


def test_a_registered_lion_passes_as_class_and_as_rule():
    rule = lion([C, M, STEP])
    assert_right("03.5", rule)
    assert_right("03.5", rule(lr=0.1))
    assert_right("03.5", lion([C, M, "return x - self.lr * np.sign(c)"]))


WRONG = [
    ("03.1", averages(lambda t, beta: 1.0), "not corrected"),
    ("03.1", averages(start=2), "t is one too large"),
    ("03.1", averages(start=0), "the first step t is 1"),
    ("03.1", lambda v, b: averages(start=0)([np.float64(x) for x in v], np.float64(b)), "the first step t is 1"),
    ("03.1", averages(lambda t, beta: 1 - beta), "must change with t"),
    ("03.1", averages(lambda t, beta: 1 / (1 - beta**t)), "this multiplies"),
    ("03.1", averages(back=True), "goes into the next step"),
    ("03.1", averages(lambda t, beta: 1.0, first=True), "starts the average at the first value"),
    ("03.1", averages(first=True), "must start at 0"),
    ("03.1", averages(share=1.0), "this is a sum"),
    ("03.1", lambda v, b: corrected(v, 1 - b), "it should give"),
    ("03.1", lambda v, b: testers._averages(v, b, kept="swapped"), "changed places"),
    ("03.1", lambda v, b: corrected(v, b)[-1], "only the last"),
    ("03.1", lambda v, b: corrected(v, b)[1:], "4 averages; these have shape (3,)"),
    ("03.1", lambda v, b: ["a"] * 4, "list of numbers"),
    ("03.1", lambda v, b: v[9], "IndexError"),
    ("03.2", 0.99, "only 69 steps"),
    ("03.2", 0.9931, "six digits"),
    ("03.2", 0.5, "after one step"),
    ("03.2", 0.01, "near 1"),
    ("03.2", 1 - 0.5**0.01, "1 - beta"),
    ("03.2", math.exp(-0.01), "0.37"),
    ("03.2", 0.7, "solve"),
    ("03.2", "0.993092", "must be a number"),
    ("03.3", adam_with(step="m_hat / np.sqrt(v_hat) + eps"), "epsilon is added to theta"),
    ("03.3", adam_with(step="(m_hat / np.sqrt(v_hat) + eps)"), "added to the quotient"),
    ("03.3", adam_with(step="m_hat / np.sqrt(v_hat + eps)"), "inside the root"),
    ("03.3", adam_with(step="m_hat * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)"), "epsilon-hat"),
    ("03.3", adam_with(step="m_hat / np.sqrt(v_hat)"), "epsilon is missing"),
    ("03.3", adam_with(m_hat="m", v_hat="v"), "the bias correction is missing"),
    ("03.3", adam_with(v_hat="v"), "v is not corrected"),
    ("03.3", adam_with(m_hat="m"), "m is not corrected"),
    ("03.3", adam_with(start=0), "the first step t is 1"),
    ("03.3", adam_with(start=2), "t is one too large"),
    ("03.3", adam_with(step="-m_hat / (np.sqrt(v_hat) + eps)"), "uphill"),
    ("03.3", adam_with(new_v="(1 - beta2) * abs(g)"), "average of the squares"),
    ("03.3", adam_with(step="m_hat / (v_hat + eps)"), "the root is missing"),
    ("03.3", adam_with(new_m="g"), "a sum"),
    ("03.3", adam_with(m_hat="g"), "the gradient itself"),
    ("03.3", lambda x, g, lr, *more: adam(x, g, 1.0, *more), "learning rate is not used"),
    ("03.3", lambda x, g, *more: adam(x, g[:1], *more), "one step"),
    ("03.3", lambda x, *more: x, "has not moved"),
    ("03.3", lambda x, *more: x + 7, "compare your lines"),
    ("03.3", adam_with(end="points"), "return only the last"),
    ("03.3", adam_with(end="theta[0]"), "has ()"),
    ("03.3", adam_with(end="None"), "returned None"),
    ("03.3", adam_with(end="undefined"), "NameError"),
    ("03.3", adam_in_place, "changed in place"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * (m + w * x) / (np.sqrt(v) + eps), "this is L2"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * m / (np.sqrt(v) + eps), "no decay"),
    ("03.4", lambda x, m, v, lr, eps, w: x - w * x - lr * m / (np.sqrt(v) + eps), "scaled by the learning rate"),
    ("03.4", lambda x, m, v, lr, eps, w: (x - lr * m / (np.sqrt(v) + eps)) * (1 - lr * w), "the new point"),
    ("03.4", lambda x, m, v, lr, eps, w: x + lr * w * x - lr * m / (np.sqrt(v) + eps), "wrong sign"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * x + lr * m / (np.sqrt(v) + eps), "uphill"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * np.sign(x) - lr * m / (np.sqrt(v) + eps), "not to its sign"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w - lr * m / (np.sqrt(v) + eps), "in proportion to x"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * x - lr * m / np.sqrt(v + eps), "inside the root"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * x - lr * m / np.sqrt(v) + eps, "a parenthesis is missing"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * x - lr * m / np.sqrt(v), "epsilon is missing"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * x - lr * m / (v + eps), "the root is missing"),
    ("03.4", lambda x, m, v, lr, eps, w: x - lr * w * x, "only the decay"),
    ("03.4", lambda x, m, v, lr, eps, w: x, "it should lead to"),
    ("03.4", lambda *a: decoupled(*a)[0], "has ()"),
    ("03.4", lambda *a: "x", "could not"),
]  # fmt: skip
LIONS = [  # made in the test, for each takes the name in the registry
    (lambda: lion([M, C, STEP]), "the old m"),
    (lambda: lion([C.replace("beta1", "beta2"), M.replace("beta2", "beta1"), STEP]), "changed places"),
    (lambda: lion([C, "self.m = c", STEP]), "its own update with beta2"),
    (lambda: lion([C, M, "return x - self.lr * c"]), "it should be its sign"),
    (lambda: lion(["old = self.m", M, "return x - self.lr * ol.arrays.sign(old)"]), "sign of m"),
    (lambda: lion([C, STEP]), "never updated"),
    (lambda: lion(["return x - self.lr * ol.arrays.sign(g)"]), "sign of g alone"),
    (lambda: lion([C, M, STEP.replace("-", "+")]), "uphill"),
    (lambda: lion([C, M, "return x - ol.arrays.sign(c)"]), "learning rate is not used"),
    (lambda: lion([C, M, "return x - 2 * self.lr * ol.arrays.sign(c)"]), "one by one"),
    (lambda: lion([C, M, "return x - self.lr * (1.0 if c >= 0 else -1.0)"]), "sign of 0 must be 0"),
    (lambda: lion([C, M, "return x - self.lr * ((c > 0) - (c < 0) if c else 0.0)"]), "raises ValueError"),
    (lambda: lion([C, M, "return x - self.lr * ol.arrays.sign(c if isinstance(c, float) else c[0])"],
                          registered=False), "not for arrays"),
    (lambda: lion([C, M, STEP], registered=False), "not registered"),
    (lambda: lion(["return None"]), "used: TypeError: Lion.update returned None; end it"),
    (lambda: lion(["return x - self.speed"]), "AttributeError"),
    (lambda: lion([C, M, STEP], hypers=("lr", "beta2")), "beta1 is missing"),
    (lambda: type("Lion", (ol.optimizers.Optimizer,), {}), "lr is missing"),
    (lambda: type("Lion", (), {}), "must be a rule"),
    (lambda: "Lion", "the class itself"),
    (lambda: adam, "the class itself"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "hint"), LIONS)
def test_lions_with_a_mistake_get_their_own_hint(make, hint):
    assert_hint("03.5", make(), hint)


def test_a_rule_without_update_is_refused():
    class Lion(ol.Adam):
        update = ol.optimizers.Optimizer.update

    assert_hint("03.5", Lion, "no update(self, x, g)")


def test_the_reference_versions_are_the_rules_of_the_course():
    """What the testers take for right is the package's own Adam and AdamW."""
    gradients = [np.array([3.0, 0.2]), np.array([-1.0, 0.7]), np.array([2.0, 0.1])]
    rule, x = ol.Adam(lr=0.1, beta1=0.7, beta2=0.95, eps=0.05), np.array([1.0, -2.0])
    for g in gradients:
        x = rule.step(x, g)
    settings = rule.settings()
    np.testing.assert_allclose(testers._adam(np.array([1.0, -2.0]), gradients, **settings), x, rtol=1e-12)
    np.testing.assert_allclose(adam(np.array([1.0, -2.0]), gradients, **settings), x, rtol=1e-12)
    first = ol.AdamW(lr=0.1, weight_decay=0.4, eps=0.05).step(np.array([2.0, -1.0]), np.array([0.5, 0.3]))
    by_hand = decoupled(np.array([2.0, -1.0]), np.array([0.5, 0.3]), np.array([0.25, 0.09]), 0.1, 0.05, 0.4)
    np.testing.assert_allclose(first, by_hand, rtol=1e-12)


def test_all_mistakes_can_be_told_apart():
    gradients, lion = np.random.default_rng(3).standard_normal(80), testers._lion
    settings = testers._LION
    swapped = settings | {"beta1": settings["beta2"], "beta2": settings["beta1"]}
    slips = [{"order": "m first"}, {"into": "c"}, {"step": "sign m"}, {"step": "sign g"}, {"step": "c"}]
    walks = [lion(gradients, **settings | slip) for slip in ({}, swapped, *slips)]
    assert all(not np.allclose(a, b) for i, a in enumerate(walks) for b in walks[:i])
