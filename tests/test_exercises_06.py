"""Testers of notebook 06: right answers pass, and each usual mistake gets the hint that fits it."""

import functools

import numpy as np
import pytest
from exercise_cases import *  # noqa: F403

import optlib as ol
from optlib.course.exercises import notebook_06

NOTEBOOK = "06"

# --- right answers ---------------------------------------------------------------------------------------------


def muon(W, gradients, lr, beta, *, guard=1e-7, b=-4.7750):
    m = np.zeros_like(W)
    for g in gradients:
        m = beta * m + (1 - beta) * g
        X = m / (np.linalg.norm(m) + guard)
        for _ in range(5):
            A = X @ X.T
            X = 3.4445 * X + b * A @ X + 2.0315 * A @ A @ X
        W = W - lr * np.sqrt(max(1, W.shape[0] / W.shape[1])) * X
    return W


def muon_of_the_package(W, gradients, lr, beta):
    rule = ol.Muon(lr=lr, beta=beta, nesterov=False)
    for g in gradients:
        W = rule.step(W, g)
    return W


def largest(a):
    return np.sqrt((a + 1) / (a - 1))


DIAGNOSIS = {"A": 5, "B": 2, "C": 3}
VERDICTS = {"A": "budget", "B": "edge", "C": "fair", "D": "undecided", "E": "seeds"}
RIGHT = [
    ("06.1", muon), ("06.1", muon_of_the_package), ("06.1", lambda *a: muon(*a).tolist()),
    *(("06.1", lambda *a, guard=guard: muon(*a, guard=guard)) for guard in (0, 1e-12, 1e-6)),
    ("06.1", lambda W, gs, *a: muon(W.astype(np.float32), [g.astype(np.float32) for g in gs], *a)),
    ("06.2", largest), ("06.2", lambda a: float(((a + 1) / (a - 1)) ** 0.5)),
    ("06.3", DIAGNOSIS), ("06.3", {"A": 5.0, "B": np.int64(2), "C": 3}),
    ("06.4", (100.6, 82.3, 1.0)), ("06.4", np.array([100, 80, 1])), ("06.5", VERDICTS),
]  # fmt: skip


@pytest.mark.parametrize("a", [1.1, 1.5, 2.0, 3.0])
def test_the_border_of_06_2_is_where_runs_begin_to_grow(a):
    for share, runs_away in ((0.999, False), (1.001, True)):
        s = share * largest(a)
        for _ in range(200):
            s = a * s - (a - 1) * s**3
            if abs(s) > 100:
                break
        assert (abs(s) > 100) == runs_away


def test_the_suspects_show_what_their_bugs_are():
    """Singular values of the first update, in learning rates, beside those of the right rule."""
    f = ol.functions.matrix_least_squares((1.0, 0.5, 0.25, 0.12), columns=4)
    rules = {"right": ol.Muon(lr=0.05, beta=0.9, nesterov=False), **notebook_06.suspects(0.05, 0.9)}
    first = {}
    for name, rule in rules.items():
        path = ol.minimize(f, rule, steps=60)
        assert path.f[-1] < 0.1 * path.f[0], "it runs, and descends"
        first[name] = np.linalg.svd((path.x[1] - path.x[0]).reshape(4, 4))[1] / 0.05
    gradient = np.linalg.svd(f.grad(np.zeros(16)).reshape(4, 4))[1]
    assert first["right"].min() > 0.6
    np.testing.assert_allclose(first["A"] / first["A"][0], gradient / gradient[0])
    assert first["B"][0] > 2
    np.testing.assert_allclose(first["C"], 0.1 * first["right"], rtol=1e-5)


def test_each_report_of_06_5_has_one_flaw_or_none_and_each_flaw_comes_once():
    flaws = [notebook_06._flaws(report) for report in notebook_06.REPORTS.values()]
    assert sorted(flaws) == [[], ["budget"], ["edge"], ["seeds"], ["undecided"]]
    for report in notebook_06.REPORTS.values():
        assert np.mean(report["N"]["test"]) < np.mean(report["AdamW"]["test"]), "each claims to win"
        for side in (report["N"], report["AdamW"]):
            assert len(side["rates"]) == len(side["validation"])
            assert len(side["test"]) == len(report["final seeds"])


def of(**slip):
    """Muon with one slip."""
    return functools.wraps(muon)(lambda *a: notebook_06._muon(*a, **slip))


def in_place(W, gradients, lr, beta):
    W -= 0.1
    return W


def without_momentum(W, gradients, lr, beta):
    return muon(W, gradients, lr, 0.0)


WRONG = [
    *[("06.1", of(**{key: value}), text[:40]) for key, value, text in notebook_06._SLIPS],
    *(("06.1", lambda *a, guard=guard: muon(*a, guard=guard, b=4.7750), "the sign of 4.7750 is minus")
      for guard in (0, 1e-7, 1e-6)),
    ("06.1", lambda W, gradients, lr, beta: muon(W, gradients, 1.0, beta), "the learning rate is not used"),
    ("06.1", without_momentum, "there is no momentum"),
    ("06.1", lambda W, gradients, lr, beta: muon(W, gradients, lr, 1 - beta), "the other way round: "),
    ("06.1", lambda W, gradients, lr, beta: muon(W, gradients, lr, beta).T, "a matrix of the shape of W"),
    ("06.1", lambda W, gradients, lr, beta: "W", "a matrix of the shape of W"),
    ("06.1", lambda W, *a: W / 0, "it runs away"),
    ("06.1", in_place, "changed in place"),
    ("06.1", lambda W, gradients, *rest: [muon(W, gradients, *rest), gradients.clear()][0], "changed in place"),
    ("06.1", lambda *a: muon(*a) + 1j, "a matrix of the shape of W"),
    ("06.1", lambda W: W, "TypeError"),
    ("06.2", lambda a: (a + 1) / (a - 1), "the square of the border"),
    ("06.2", lambda a: np.sqrt(a / (a - 1)), "leads to 0"),
    ("06.2", lambda a: 1, "1 is where the values should go"),
    ("06.2", lambda a: np.sqrt(a / (3 * (a - 1))), "highest value"),
    ("06.2", lambda a: 1 / largest(a), "the inverse"),
    ("06.2", lambda a: np.sqrt(a + 1), "mind the factor a - 1"),
    ("06.2", lambda a: np.sqrt((a + 1) / (3 * (a - 1))), "not about the slope"),
    ("06.2", lambda a: 7.7, "one step leads from s to -s"),
    ("06.2", lambda a: "2", "must be a number"),
    ("06.3", DIAGNOSIS | {"A": 1}, "A: look at the first update"),
    ("06.3", DIAGNOSIS | {"B": 5}, "B: the largest singular value"),
    ("06.3", DIAGNOSIS | {"C": 2}, "C: the first update is (1 - beta) times"),
    ("06.3", {"A": 5, "B": 2}, "a dict with the three letters"),
    ("06.3", DIAGNOSIS | {"C": "3"}, "each letter needs the number"),
    ("06.3", [5, 2, 3], "a dict with the three letters"),
    ("06.4", (0.01, 82.3, 1.0), "gradient descent: this is the steps of class 1 over"),
    ("06.4", (1.0, 82.3, 1.0), "gradient descent: class 1 and class 100 do not get gradients of one size"),
    ("06.4", (10.0, 82.3, 1.0), "not with its root"),
    ("06.4", (10760, 82.3, 1.0), "these are the steps of class 100"),
    ("06.4", (82.3, 82.3, 1.0), "gradient descent: this is the quotient with momentum"),
    ("06.4", (100.6, 100.0, 1.0), "momentum: the simple model says 100"),
    ("06.4", (100.6, 82.3, 100.0), "sign descent: the sign of a gradient does not know its size"),
    ("06.4", (100.6, 82.3, 10.0), "sign descent: the sign of a gradient does not know its size"),
    ("06.4", (100.6, 82.3, 7.0), "sign descent: simulate it"),
    ("06.4", (100.6, 82.3), "hand in three numbers"),
    *[("06.5", VERDICTS | {letter: word}, f"{letter}, {word}: {notebook_06._NOT_SO[word][:30]}")
      for letter, right in VERDICTS.items() for word in notebook_06._NOT_SO if word != right],
    ("06.5", VERDICTS | {"A": "unfair"}, "A: 'unfair' is not one of the words"),
    ("06.5", VERDICTS | {"E": None}, "E: put one of the words"),
    ("06.5", ["budget"], "a dict with the letters"),
]  # fmt: skip


def test_every_slip_of_06_1_ends_elsewhere():
    """Otherwise one hint would hide another."""
    slips, ends = [{key: value} for key, value, _ in notebook_06._SLIPS], []
    for slip in [{}, *slips]:
        cases = [(W, gradients) for W, *gradients in map(notebook_06._matrices, notebook_06._SHAPES)]
        with np.errstate(all="ignore"):
            end = [notebook_06._muon(W, gradients, 0.1, 0.8, **slip) for W, gradients in cases]
        assert np.isfinite(end[0]).all(), slip
        assert not any(all(map(notebook_06._near, end, other)) for other in ends), slip
        ends.append(end)
