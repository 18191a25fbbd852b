"""Each tester: the right solution passes, and each typical mistake gets the hint that fits it."""

import math
from fractions import Fraction

import numpy as np
import pytest
from exercise_cases import *  # noqa: F403

import optlib as ol
from optlib.course.exercises import EXERCISES, Feedback, check
from optlib.course.exercises.engine import exercise, expect_number

NOTEBOOK = "01"


def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def descend(grad, x, lr, steps):
    points = [x]
    for _ in range(steps):
        x = x - lr * grad(x)
        points.append(x)
    return points


def stop(xs, fs, gs, tol):
    return np.linalg.norm(gs[-1]) <= tol


def test_the_first_notebook_has_two_exercises():
    titles = [title for key, (title, _) in EXERCISES.items() if key.startswith("00")]
    assert titles == ["who is lowest", "a budget of twenty runs"]


def kappa(x):
    """Condition number of the Hessian of a linear model, by the singular values of its inputs and a column of ones."""
    singular = np.linalg.svd(np.hstack([x, np.ones((len(x), 1))]), compute_uv=False)
    return (singular[0] / singular[-1]) ** 2


def ready(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def cured(x):
    return kappa(x), kappa(ready(x))


RIGHT = [
    ("00.1", "RMSProp"), ("00.1", " rmsprop "), ("00.1", ol.RMSProp), ("00.1", ol.RMSProp(lr=0.05)),
    ("00.2", ol.Momentum(lr=0.002, beta=0.92)), ("01.1", central), ("01.1 central difference", central),
    ("01.2", descend), ("01.2", lambda *a: np.array(descend(*a))),
    ("01.3", 0.99), ("01.3", Fraction(99, 100)), ("01.3", np.float32(0.99)), ("01.3", np.array(0.99)),
    ("01.4", cured), ("01.4", lambda x: np.array(cured(x))),
    ("01.5", stop), ("01.5", lambda xs, fs, gs, tol: bool(max(abs(gs[-1])) < tol)),
    ("01.5", lambda xs, fs, gs, tol: gs[-1] @ gs[-1] < tol**2),
]  # fmt: skip


def forward(f, x, h):
    return (f(x + h) - f(x)) / h


def uphill(grad, x, lr, steps):
    return descend(lambda p: -grad(p), x, lr, steps)


def in_place(grad, x, lr, steps):
    x, points = x.copy(), []
    for _ in range(steps + 1):
        points.append(x)
        x -= lr * grad(x)
    return points


def in_place_after_the_start(grad, x, lr, steps):
    points = [x.copy()]
    for _ in range(steps):
        x -= lr * grad(x)
        points.append(x)
    return points


def start_overwritten(grad, x, lr, steps):
    points = [x.copy()]
    for _ in range(steps):
        x -= lr * grad(x)
        points.append(x.copy())
    return points


def gradient_of_the_start(grad, x, lr, steps):
    g = grad(x)
    return [x - k * lr * g for k in range(steps + 1)]


def always_from_the_start(grad, x, lr, steps):
    points = [x]
    for _ in range(steps):
        new = x - lr * grad(x)
        points.append(new)
    return points


def slope_and_some_step(xs, fs, gs, tol):
    return stop(xs, fs, gs, tol) and np.linalg.norm(xs[-1] - xs[-2]) < 10


def standardized_in_place(x):
    before = kappa(x)
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    return before, kappa(x)


def ones_standardized(x):
    with np.errstate(invalid="ignore"):
        z = ready(np.hstack([x, np.ones((len(x), 1))]))
    curvatures = np.linalg.eigvalsh(z.T @ z)
    return kappa(x), curvatures[-1] / curvatures[0]


def ones_centered(x):
    z = np.hstack([ready(x), np.zeros((len(x), 1))])
    with np.errstate(divide="ignore"):
        return kappa(x), np.divide(*np.linalg.svd(z, compute_uv=False)[[0, -1]])


def for_five_examples(x):
    """What 01.4 gives, if all inputs are those of the first case."""
    return [cured(np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0], [6.0, 40.0], [8.0, 70.0]])) for _ in x][0]


WRONG = [
    ("00.1", "GradientDescent", "leaves the picture"),
    ("00.1", ol.Momentum, "leaves the picture"),
    ("00.1", "Adam", "1 of the others ends lower"),
    ("00.1", "AdaGrad", "2 of the others end lower"),
    ("00.1", "SGD", "name one of the five rules"),
    ("00.1", 3, "name one of the five rules"),
    ("00.2", (0.002, 0.92), "hand in the rule with its settings"),
    ("00.2", ol.Momentum(lr=np.array([[0.001], [0.003]]), beta=0.9), "a single lr and a single beta"),
    ("00.2", ol.Momentum(lr=0.002, beta=np.array([0.92, 0.9])), "a single lr and a single beta"),
    ("00.2", ol.Momentum(**ol.grid(lr=[0.001, 0.002], beta=[0.9, 0.92])), "a single lr and a single beta"),
    ("00.2", ol.Momentum(lr=ol.schedules.Cosine(0.003, steps=200), beta=0.9), "a single lr and a single beta"),
    ("00.2", ol.Momentum(lr=0.05), "leaves the picture after"),
    ("00.2", ol.Momentum(lr=0.0005, beta=0.5), "Try other learning rates"),
    ("00.2", ol.Momentum(lr=0.001, beta=0.98), "swings up again"),
    ("01.1", lambda f, x, h: f(x + h) - f(x - h) / (2 * h), "parentheses"),
    ("01.1", lambda f, x, h: (f(x + h) - f(x - h)) / h, "divide by 2h, not by h"),
    ("01.1", lambda f, x, h: (f(x + h) - f(x - h)) / 2, "divide by 2h, not by 2"),
    ("01.1", lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h, "multiplies by h"),
    ("01.1", lambda f, x, h: f(x + h) - f(x - h) / 2 * h, "what does the 2 divide"),
    ("01.1", lambda f, x, h: f(x + h) - f(x - h), "difference of the two values"),
    ("01.1", forward, "forward difference"),
    ("01.1", lambda f, x, h: (f(x) - f(x - h)) / h, "backward difference"),
    ("01.1", lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h), "sign"),
    ("01.1", lambda f, x, h: math.exp(x), "exact derivative"),
    ("01.1", lambda f, x, h: 0.0, "it should give 2.746"),
    ("01.1", lambda f, x, h: "2.7", "must be a number"),
    ("01.1", lambda f, x, h: central(f, x, 0.25), "for f = sin, x = 0.5, h = 0.1 it should give"),
    ("01.1", lambda f, x, h: central(math.exp, 1.0, 0.25), "for f = sin, x = 0.5, h = 0.1 it should give"),
    ("01.2", uphill, "uphill"),
    ("01.2", lambda *a: descend(*a)[1:], "the start is missing"),
    ("01.2", lambda g, x, lr, n: descend(g, x, lr, n + 1), "4 steps visit 5 points with the start; these are 6"),
    ("01.2", lambda g, x, lr, n: descend(g, x, lr, n - 1), "these are 4"),
    ("01.2", in_place, "all entries are the same"),
    ("01.2", in_place_after_the_start, "all entries are the same"),
    ("01.2", start_overwritten, "the start was changed in place"),
    ("01.2", gradient_of_the_start, "anew at each point"),
    ("01.2", lambda g, x, lr, n: descend(g, x, 1.0, n), "the learning rate is not used"),
    ("01.2", lambda g, x, lr, n: descend(g, x, 0.5, n), "the first step should lead to"),
    ("01.2", lambda g, x, lr, n: [x] * (n + 1), "x never moves"),
    ("01.2", lambda g, x, lr, n: np.zeros((n + 1, 2)), "its first point is the start"),
    ("01.2", always_from_the_start, "must begin where the last one ended"),
    ("01.2", lambda g, x, lr, n: descend(g, x, 0.1, n), "with lr = 0.05, steps = 6: the first step should lead to"),
    ("01.2", lambda g, x, lr, n: descend(g, x, lr, 4), "with lr = 0.05, steps = 6: 6 steps visit 7 points"),
    ("01.2", lambda *a: descend(*a)[-1], "a single point"),
    ("01.2", lambda *a: 1.0, "shape of x"),
    ("01.2", lambda *a: [[1.0], [1.0, 2.0]], "all of the same shape"),
    ("01.3", 99 / 101, "the best learning rate"),
    ("01.3", 0, "which 1/L solves in one step"),
    ("01.3", 0.01, "what it leaves"),
    ("01.3", 1.01, "subtracted"),
    ("01.3", 0.9, "1 - mu"),
    ("01.3", 0.1, "that is the learning rate"),
    ("01.3", 0.5, "nearest to 1"),
    ("01.3", "0.99", "must be a number, not str"),
    ("01.3", True, "must be a number, not bool"),
    ("01.3", math.nan, "finite"),
    ("01.4", lambda x: kappa(x), "two numbers"),
    ("01.4", lambda x: cured(x)[::-1], "before: the order"),
    ("01.4", lambda x: (1 / kappa(x), kappa(ready(x))), "before: turn the quotient around"),
    ("01.4", lambda x: (kappa(x) ** 0.5, kappa(ready(x))), "before: this is a quotient of singular values"),
    ("01.4", lambda x: (np.linalg.cond(x.T @ x), kappa(ready(x))), "the column of ones is missing"),
    ("01.4", lambda x: (kappa(x - x.mean(axis=0)), kappa(ready(x))), "take them as they are"),
    ("01.4", lambda x: (kappa(x), kappa(ready(x)) ** 0.5), "after: this is a quotient of singular values"),
    ("01.4", lambda x: (kappa(x), 1 / kappa(ready(x))), "after: turn the quotient around"),
    ("01.4", lambda x: (kappa(x), kappa(x - x.mean(axis=0))), "divided by their deviations"),
    ("01.4", lambda x: (kappa(x), kappa(x / x.std(axis=0))), "must be subtracted"),
    ("01.4", lambda x: (kappa(x), kappa((x - x.mean()) / x.std())), "axis=0"),
    ("01.4", lambda x: (kappa(x), 3.0), "largest eigenvalue"),
    ("01.4", standardized_in_place, "changed in place"),
    ("01.4", ones_standardized, "the column of ones has the deviation 0"),
    ("01.4", ones_centered, "after: this is not finite"),
    ("01.4", for_five_examples, "with 7 examples of 3 inputs: before:"),
    ("01.4", lambda x: (np.nan, kappa(ready(x))), "before: this is not finite"),
    ("01.5", lambda xs, fs, gs, tol: len(xs) > 1 and np.linalg.norm(xs[-1] - xs[-2]) < tol, "lr = 1e-7"),
    ("01.5", lambda xs, fs, gs, tol: len(fs) > 1 and abs(fs[-1] - fs[-2]) < 1e-5, "lr = 1e-7"),
    ("01.5", lambda xs, fs, gs, tol: len(fs) > 1 and fs[-1] == fs[-2], "bounces"),
    ("01.5", lambda xs, fs, gs, tol: gs[-1].max() < tol, "bounces"),
    ("01.5", lambda xs, fs, gs, tol: abs(gs[-1].sum()) < tol, "cancel in the sum"),
    ("01.5", lambda xs, fs, gs, tol: np.linalg.norm(gs[0]) < tol, "old gradient"),
    ("01.5", lambda xs, fs, gs, tol: np.linalg.norm(gs[-1]) <= tol * np.linalg.norm(gs[0]), "first was larger"),
    ("01.5", lambda xs, fs, gs, tol: np.linalg.norm(gs[-1]) <= tol * (1 + abs(fs[-1])), "with tol itself"),
    ("01.5", lambda xs, fs, gs, tol: np.sqrt(np.mean(gs[-1] ** 2)) <= tol, "with tol itself"),
    ("01.5", lambda xs, fs, gs, tol: False, "goes on although"),
    ("01.5", lambda xs, fs, gs, tol: np.linalg.norm(gs[-1]) < tol and len(xs) > 1, "only one point yet"),
    ("01.5", slope_and_some_step, "xs[-2]"),
    ("01.5", lambda xs, fs, gs, tol: fs[-1] < tol, "the lowest value need not be 0"),
    ("01.5", lambda xs, fs, gs, tol: stop(xs, fs, gs, tol) and abs(fs[-1]) < tol, "the lowest value need not be 0"),
    ("01.5", lambda xs, fs, gs, tol: stop(xs, fs, gs, tol) or fs[-1] < 0, "the value is -3"),
    ("01.5", lambda xs, fs, gs, tol: abs(gs[-1][0]) < tol, "the gradient is (0, 1)"),
    ("01.5", lambda xs, fs, gs, tol: gs[-1] @ gs[-1] < tol, "the length of the gradient, not with its square"),
    ("01.5", lambda xs, fs, gs, tol: stop(xs, fs, gs, 1e-6), "tol is 0.001"),
    ("01.5", lambda xs, fs, gs, tol: np.linalg.norm(gs[-1]), "return True or False"),
    ("01.5", lambda xs, fs, gs, tol: np.abs(gs[-1]) < tol, "return True or False"),
]  # fmt: skip


def test_an_exception_is_described_with_its_line():
    def derivative(f, x, h):
        return f(x + h) / (h - h)

    feedback = check("01.1", derivative)
    assert "ZeroDivisionError" in feedback.hint
    assert "return f(x + h) / (h - h)" in feedback.hint
    assert "in line" in feedback.hint
    assert "/" not in feedback.hint.split(":")[0]  # no path of this machine


def test_the_line_is_the_readers_own_not_a_library_s():
    def derivative(f, x, h):
        return np.linalg.norm(np.array(["a"]))

    assert "np.linalg.norm" in check("01.1", derivative).hint


def test_wrong_signature_and_endless_recursion_are_described():
    assert "TypeError" in check("01.1", lambda f, x: 1.0).hint

    def derivative(f, x, h):
        return derivative(f, x, h)

    assert "RecursionError" in check("01.1", derivative).hint


def test_html_is_escaped():
    bundle = Feedback(False, "<script>alert(1)</script> & co")._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]
    assert bundle["text/plain"] == "Not yet: <script>alert(1)</script> & co"


def test_text_is_never_executed(tmp_path):
    target = tmp_path / "written"
    assert not check("01.3", f"open({str(target)!r}, 'w')")
    assert not check("00.1", f"__import__('pathlib').Path({str(target)!r}).touch()")
    assert not target.exists()


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match=r"did you mean '01\.1"):
        check("01.1x", 1)
    with pytest.raises(ValueError, match="did you mean '01.1'"):
        check("central difference", 1)
    with pytest.raises(ValueError, match="there are 00.1"):
        check("zzzz", 1)


def test_a_number_is_taken_once():
    with pytest.raises(ValueError, match="01.1"):
        exercise("01.1 another")(lambda answer: None)


def test_check_is_there_without_asking_for_it():
    assert ol.check is check


def test_an_answer_may_be_a_tensor():
    torch = pytest.importorskip("torch")
    assert expect_number(torch.tensor(0.64), 0.64) is None
    assert expect_number(torch.tensor([0.64], requires_grad=True), 0.64) is None
    assert check("01.1", lambda f, x, h: torch.tensor(central(f, x, h), dtype=torch.float64))
    assert "not bool" in check("01.3", True).hint
    assert "must be a number" in expect_number(torch.tensor([0.64, 0.64]), 0.64)


@pytest.mark.parametrize("answer", [..., (..., ...), [0.5, ...]])
def test_three_dots_are_said_as_they_stand_in_the_cell(answer):
    assert check("02.2", answer).hint == "the answer is still ...; put your own in its place."


def test_a_function_that_still_returns_three_dots():
    assert "returned ..." in check("01.1", lambda f, x, h: ...).hint
