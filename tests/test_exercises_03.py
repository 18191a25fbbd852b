"""Exercises of notebook 03: the right solution passes, and each typical mistake gets the hint that fits it."""

import functools
import math

import numpy as np
import pytest
import torch
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


def adamw_with(step="m_hat / (np.sqrt(v_hat) + eps)", m_hat="m / (1 - beta1**t)", v_hat="v / (1 - beta2**t)", start=1,
               new_m="(1 - beta1) * g", new_v="(1 - beta2) * g**2", decay="lr * w * theta", end="theta"):  # fmt: skip
    """A solution of 03.3, right or with one of its lines replaced."""
    source = f"""
def answer(theta, gradients, lr, beta1, beta2, eps, w):
    m, v, points = 0.0, 0.0, []
    for t, g in enumerate(gradients, start={start}):
        m = beta1 * m + {new_m}
        v = beta2 * v + {new_v}
        m_hat = {m_hat}
        v_hat = {v_hat}
        theta = theta - {decay} - lr * {step}
        points.append(theta)
    return {end}
"""
    names = {"np": np}
    exec(source, names)
    return names["answer"]


adamw = adamw_with()


def adamw_in_place(theta, gradients, lr, *more):
    theta -= lr
    return theta


def longest(beta1, beta2):
    return (1 - beta1) / np.sqrt((1 - beta2) * (1 - beta1**2 / beta2))


DIAGNOSIS = {"A": 4, "B": 5, "C": 1, "D": 6}
QUESTIONS = {"epsilon": [1e-6], "start": [0.1], "decay": [0], "momentum": [0, 0, 0]}


def lion(body, registered=True, name="MyLion", hypers=("lr", "beta1", "beta2")):
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
    ("03.2", longest), ("03.2", lambda a, b: float((1 - a) / (1 - b) ** 0.5 / (1 - a * a / b) ** 0.5)),
    ("03.3", adamw), ("03.3", adamw_with(decay="theta * (w * lr)")),
    ("03.4", DIAGNOSIS), ("03.4", {name: np.int64(number) for name, number in DIAGNOSIS.items()}),
    ("03.6", QUESTIONS), ("03.6", {name: np.array(gradients, float) for name, gradients in QUESTIONS.items()}),
    ("03.6", QUESTIONS | {"epsilon": (1e-7, 1.0), "start": [-0.01]}), ("03.6", QUESTIONS | {"decay": [-0.05]}),
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
    ("03.1", lambda v, b: corrected(v, 1 - b), "changed places"),
    ("03.1", averages(lambda t, beta: 1 - beta**4), "must change with t"),
    ("03.1", lambda v, b: corrected(v, 0.8), "with beta = 0.6: for the values"),
    ("03.1", lambda v, b: [7.0] * 4, "it should give"),
    ("03.1", lambda v, b: testers.moving_averages(v, b, kept="swapped"), "changed places"),
    ("03.1", lambda v, b: corrected(v, b)[-1], "only the last"),
    ("03.1", lambda v, b: corrected(v, b)[1:], "4 averages; these have shape (3,)"),
    ("03.1", lambda v, b: ["a"] * 4, "list of numbers"),
    ("03.1", lambda v, b: v[9], "IndexError"),
    ("03.2", lambda a, b: (1 - a) / np.sqrt(1 - b), "the bound of the paper"),
    ("03.2", lambda a, b: 1 / np.sqrt(1 - a**2 / b), "1 - beta1 of m and 1 - beta2 of v"),
    ("03.2", lambda a, b: (1 - a) / np.sqrt(1 - a**2 / b), "the weight of the newest square"),
    ("03.2", lambda a, b: (1 - a) / np.sqrt(1 - b) * np.sqrt(1 - a**2 / b), "divide, do not multiply"),
    ("03.2", lambda a, b: (1 - a) / np.sqrt(1 - b) / (1 - a**2 / b), "the root of the sum"),
    ("03.2", lambda a, b: (1 - a) / np.sqrt((1 - b) * (1 - a / b)), "the first factor is squared"),
    ("03.2", lambda a, b: (1 - a) / np.sqrt((1 - b) * (1 - (a / b) ** 2)), "split off its root"),
    ("03.2", lambda a, b: longest(0.9, 0.999), "use beta1 and beta2"),
    ("03.2", lambda a, b: 1.0, "it should give 7.27"),
    ("03.2", lambda a, b: [1.0, 2.0], "return one number"),
    ("03.3", adamw_with(step="m_hat / np.sqrt(v_hat) + eps"), "epsilon is added to theta"),
    ("03.3", adamw_with(step="(m_hat / np.sqrt(v_hat) + eps)"), "added to the quotient"),
    ("03.3", adamw_with(step="m_hat / np.sqrt(v_hat + eps)"), "inside the root"),
    ("03.3", adamw_with(step="m_hat * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)"), "epsilon-hat"),
    ("03.3", adamw_with(step="m_hat / np.sqrt(v_hat)"), "epsilon is missing"),
    ("03.3", adamw_with(m_hat="m", v_hat="v"), "the bias correction is missing"),
    ("03.3", adamw_with(v_hat="v"), "v is not corrected"),
    ("03.3", adamw_with(m_hat="m"), "m is not corrected"),
    ("03.3", adamw_with(start=0), "the first step t is 1"),
    ("03.3", adamw_with(start=2), "t is one too large"),
    ("03.3", adamw_with(step="-m_hat / (np.sqrt(v_hat) + eps)"), "uphill"),
    ("03.3", adamw_with(new_v="(1 - beta2) * abs(g)"), "average of the squares"),
    ("03.3", adamw_with(step="m_hat / (v_hat + eps)"), "the root is missing"),
    ("03.3", adamw_with(new_m="g"), "a sum"),
    ("03.3", adamw_with(m_hat="g"), "the gradient itself"),
    ("03.3", adamw_with(decay="0", new_m="(1 - beta1) * (g + w * theta)", new_v="(1 - beta2) * (g + w * theta) ** 2"),
     "this is L2"),
    ("03.3", adamw_with(decay="0"), "no decay"),
    ("03.3", adamw_with(decay="w * theta"), "scaled by lr"),
    ("03.3", adamw_with(decay="-lr * w * theta"), "wrong sign"),
    ("03.3", adamw_with(decay="lr * w * np.sign(theta)"), "not to its sign"),
    ("03.3", adamw_with(decay="lr * w"), "in proportion to theta"),
    ("03.3", adamw_with(step="(1 - lr * w) * m_hat / (np.sqrt(v_hat) + eps)"), "the new point"),
    ("03.3", adamw_with(step="0"), "only the decay"),
    ("03.3", lambda x, g, lr, *more: adamw(x, g, 1.0, *more), "learning rate is not used"),
    ("03.3", lambda x, g, *more: adamw(x, g[:1], *more), "one step"),
    ("03.3", lambda x, *more: x, "has not moved"),
    ("03.3", lambda x, *more: x + 7, "compare your lines"),
    ("03.3", adamw_with(end="points"), "return only the last"),
    ("03.3", adamw_with(end="theta[0]"), "has ()"),
    ("03.3", adamw_with(end="theta, m, v"), "return theta alone"),
    ("03.3", adamw_with(end="None"), "returned None"),
    ("03.3", adamw_with(end="undefined"), "NameError"),
    ("03.3", adamw_in_place, "changed in place"),
    *(("03.3", lambda *a, place=i, value=value: adamw(*a[:place], value, *a[place + 1 :]), "right in the first case")
      for i, value in enumerate((0.1, 0.7, 0.95, 0.05, 0.4), start=2)),
    ("03.3", lambda x, g, *more: adamw(x, g[:3], *more), "for 4 gradients"),
    ("03.3", lambda x, *more: np.array([float(adamw(x[i], [g[i] for g in more[0]], *more[1:])) for i in (0, 1)]),
     "theta has shape (3,)"),
    *(("03.4", DIAGNOSIS | {letter: 3}, f"{letter}: ") for letter in DIAGNOSIS),
    ("03.4", {"A": 4, "B": 5}, "the four letters"),
    ("03.4", [4, 5, 1, 6], "the four letters"),
    ("03.4", DIAGNOSIS | {"B": ...}, "needs the number"),
    ("03.4", DIAGNOSIS | {"B": "5"}, "needs the number"),
    ("03.6", QUESTIONS | {"epsilon": [1.0]}, "How small must a gradient be"),
    ("03.6", QUESTIONS | {"start": [1.0, 1.0]}, "a factor of 1.05; one sum of squares"),
    ("03.6", QUESTIONS | {"decay": [1.0]}, "a factor of 1.1; as long as"),
    ("03.6", QUESTIONS | {"momentum": [0]}, "a factor of 1; without a gradient"),
    ("03.6", QUESTIONS | {"momentum": [0, 0]}, "how long does that take?"),
    ("03.6", QUESTIONS | {"momentum": [0, 0, 0, 0]}, "one, two or three numbers"),
    ("03.6", QUESTIONS | {"decay": 0.0}, "decay: give a list"),
    ("03.6", QUESTIONS | {"decay": []}, "decay: give a list"),
    ("03.6", QUESTIONS | {"decay": [np.nan]}, "decay: give a list"),
    ("03.6", QUESTIONS | {"decay": ["0"]}, "decay: give a list"),
    ("03.6", QUESTIONS | {"start": ...}, "start is still ..."),
    ("03.6", {"epsilon": [1e-6]}, "a dict with the keys"),
    ("03.6", [1e-6], "a dict with the keys"),
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
    (lambda: lion([C.replace("self.beta1", "0.8"), M, STEP]), "with lr = 0.03, beta1 = 0.6, beta2 = 0.9: "),
    (lambda: lion([C, M.replace("self.beta2", "0.7"), STEP]), "with lr = 0.03, beta1 = 0.6, beta2 = 0.9: "),
    (lambda: lion([C, M, STEP.replace("self.lr", "0.1")]), "with lr = 0.03, beta1 = 0.6, beta2 = 0.9: "),
    (lambda: ol.Lion, "Lion is a rule of the course; write one of your own"),
    (lambda: ol.Lion(lr=0.1), "Lion is a rule of the course"),
    (lambda: ol.register(type("MyLion", (ol.Lion,), {"__module__": __name__})), "no update(self, x, g) of its own"),
    (lambda: ol.register(type("MyLion", (ol.Lion,), {"__module__": __name__, "update": ol.Lion.update})),
     "no update(self, x, g) of its own"),
    (lambda: lion(["return None"]), "used: TypeError: MyLion.update returned None; end it"),
    (lambda: lion(["return x - self.speed"]), "AttributeError"),
    (lambda: lion([C, M, STEP], hypers=("lr", "beta2")), "beta1 is missing"),
    (lambda: type("MyLion", (ol.optimizers.Optimizer,), {"__module__": __name__}), "lr is missing"),
    (lambda: type("Lion", (), {}), "must be a rule"),
    (lambda: "Lion", "the class itself"),
    (lambda: adamw, "the class itself"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "hint"), LIONS)
def test_lions_with_a_mistake_get_their_own_hint(make, hint):
    assert_hint("03.5", make(), hint)


def test_a_rule_without_update_is_refused():
    class MyLion(ol.Adam):
        update = ol.optimizers.Optimizer.update

    assert_hint("03.5", MyLion, "no update(self, x, g)")


def test_the_reference_versions_are_the_rules_of_the_course():
    """What the testers take for right is the package's own AdamW."""
    gradients = [np.array([3.0, 0.2]), np.array([-1.0, 0.7]), np.array([2.0, 0.1])]
    rule, x = ol.AdamW(lr=0.1, beta1=0.7, beta2=0.95, eps=0.05, weight_decay=0.4), np.array([1.0, -2.0])
    for g in gradients:
        x = rule.step(x, g)
    settings = list(rule.settings().values())
    np.testing.assert_allclose(testers._adam(np.array([1.0, -2.0]), gradients, *settings)[-1], x, rtol=1e-12)
    np.testing.assert_allclose(adamw(np.array([1.0, -2.0]), gradients, *settings), x, rtol=1e-12)


def test_the_longest_step_is_met_by_growing_gradients():
    for b1, b2 in ((0.9, 0.999), (0.5, 0.9)):
        rule = ol.Adam(lr=1.0, beta1=b1, beta2=b2)
        gradients = [*np.zeros(8000), *(b2 / b1) ** np.arange(-150.0, 1)]
        *_, last = (-rule.step(0.0, g) for g in gradients)
        assert last == pytest.approx(longest(b1, b2), rel=1e-3)


def test_each_suspect_shows_its_bug():
    """Where the list in the notebook, and the hints, say that it does."""
    steps = testers.suspects(np.repeat([3.0, -3.0], 100))
    assert abs(steps["A"][49] - steps["A"][50]) > 0.2
    assert steps["B"][0] == pytest.approx(1)
    assert steps["B"][:180].min() > 0
    assert steps["C"][0] == pytest.approx(31.6, rel=1e-3)
    np.testing.assert_allclose(steps["D"][:100], 3**0.5)


@pytest.mark.parametrize("rule", [
    ol.Adam(lr=0.02, beta1=0.5, beta2=0.7, eps=1e-3), ol.ADOPT(lr=1e-4, beta1=0.85, beta2=0.998, eps=3e-4),
    ol.Adan(lr=0.01, beta1=0.02, beta2=0.2, beta3=0.1, eps=1e-3), ol.AdaGrad(lr=0.2, eps=0.01),
    ol.QHM(lr=0.1, beta=0.99, nu=0.5), ol.Lion(lr=0.01, beta1=0.85, beta2=0.99),  # several settings walk this path
])  # fmt: skip
def test_settings_far_from_the_defaults_are_identified(rule):
    identity = ol.identify(rule)
    assert identity.same
    assert repr(identity.rule) == repr(rule) or type(identity.rule) is ol.Lion


@pytest.mark.parametrize(("box", "rule"), [
    (functools.partial(torch.optim.Adagrad, lr=0.1, initial_accumulator_value=1.0),
     "Start(AdaGrad(lr=0.1, eps=1e-10), start=1)"),
    (functools.partial(torch.optim.Adam, lr=0.01, weight_decay=0.1, amsgrad=True),
     "L2(AMSGrad(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08), l2=0.1)"),
    (functools.partial(torch.optim.Adam, lr=0.01, weight_decay=0.1),
     "L2(Adam(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08), l2=0.1)"),
    (ol.GradientDescent(lr=0.1), "GradientDescent(lr=0.1)"),
], ids=["start", "amsgrad", "adam", "descent"])  # fmt: skip
def test_the_simplest_of_those_that_walk_alike_is_said(box, rule):
    assert repr(ol.identify(box).rule) == rule


@pytest.mark.parametrize("number", range(1, 7))
def test_a_black_box_is_what_the_notebook_answers(number):
    """Each has its own memory, takes whole numbers too, and is identified with the settings of its translation."""
    library, name, settings = testers._BOXES[number - 1]
    identity = ol.identify(testers.black_box(number))
    assert identity.same
    used, other = testers.black_box(number), testers.black_box(number)
    points = [used(2, 1), used(2.0, 1.0)]
    rule, found = ol.translate(library, name, **settings), identity.rule.fresh()
    assert points == [rule.step(2.0, 1.0), rule.step(2.0, 1.0)]
    np.testing.assert_allclose(points, [found.step(2.0, 1.0), found.step(2.0, 1.0)], rtol=1e-6)
    assert other(2.0, 1.0) == points[0]


@pytest.mark.parametrize("number", [0, 7, "A", None])
def test_there_are_six_boxes(number):
    with pytest.raises(ValueError, match="number=.* must be a whole number from 1 to 6"):
        testers.black_box(number)


def test_all_mistakes_can_be_told_apart():
    gradients, lion = np.random.default_rng(3).standard_normal(80), testers._lion
    settings = testers._LION
    swapped = settings | {"beta1": settings["beta2"], "beta2": settings["beta1"]}
    slips = [{"order": "m first"}, {"into": "c"}, {"step": "sign m"}, {"step": "sign g"}, {"step": "c"}]
    walks = [lion(gradients, **settings | slip) for slip in ({}, swapped, *slips)]
    assert all(not np.allclose(a, b) for i, a in enumerate(walks) for b in walks[:i])
