"""Testers of notebook 04: right answers pass, and each usual mistake gets the hint that fits it."""

import functools
import itertools
import math
import operator

import numpy as np
import pytest
from exercise_cases import *  # noqa: F403

import optlib as ol

NOTEBOOK = "04"

# --- right answers ---------------------------------------------------------------------------------------------


def deal(n, B, rng):
    order = rng.permutation(n)
    return [order[first : first + B] for first in range(0, n, B)]


def deal_one_by_one(n, B, rng):
    order = np.arange(n)
    rng.shuffle(order)
    while len(order):
        yield order[:B]
        order = order[B:]


def epoch_mean(means, sizes):
    return np.dot(means, sizes) / np.sum(sizes)


def backward(x, W, b, d):
    d = d * (x @ W + b > 0)
    return d @ W.T, x.T @ d, d.sum(axis=0, keepdims=True)


def stop(losses, patience, better=operator.lt, at_the_stop=lambda best, epoch: best, at_the_end=lambda best: best):
    """A solution of 04.5, right or with one slip."""
    lowest, best = math.inf, 0
    for epoch, loss in enumerate(losses):
        if better(loss, lowest):
            lowest, best = loss, epoch
        if epoch - best >= patience:
            return at_the_stop(best, epoch)
    return at_the_end(best)


RIGHT = [
    ("04.1", deal), ("04.1", deal_one_by_one), ("04.1", lambda n, B, rng: np.split(rng.permutation(n), range(B, n, B))),
    ("04.1", lambda n, B, rng: [batch.tolist() for batch in deal(n, B, rng)]),
    ("04.2", epoch_mean), ("04.2", lambda m, s: np.average(m, weights=s)),
    ("04.2", lambda m, s: sum(a * b for a, b in zip(m, s, strict=True)) / sum(s)),
    ("04.3", backward), ("04.3", lambda *a: list(backward(*a))),
    ("04.4", (0.4, 0.002)), ("04.4", [0.4, 0.002]), ("04.4", np.array([0.4, 0.002])),
    ("04.5", stop), ("04.5", lambda losses, patience: np.int64(stop(losses, patience))),
]  # fmt: skip


def test_the_right_backward_is_that_of_the_slope():
    """By central differences, independently of the tester's formulas."""
    rng = np.random.default_rng(3)
    x, W, b, d = (rng.standard_normal(shape) for shape in ((6, 3), (3, 2), (1, 2), (6, 2)))
    loss = lambda x, W, b: (d * np.maximum(x @ W + b, 0)).sum()
    for place, slope in enumerate(backward(x, W, b, d)):
        for index in np.ndindex(slope.shape):
            ends = []
            for h in (1e-6, -1e-6):
                moved = [x.copy(), W.copy(), b.copy()]
                moved[place][index] += h
                ends.append(loss(*moved))
            assert slope[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_the_rates_keep_the_balls():
    """What 04.4 calls right keeps the variance of descent exactly, to first order, and Adam's as measured."""
    descent = [ol.theory.stationary_variance(lr / 100, 1.0, 0.0, 1 / math.sqrt(B)) for lr, B in ((0.1, 32), (0.4, 128))]
    assert descent[1] == pytest.approx(descent[0], rel=0.01)
    noise, spread = np.random.default_rng(0), []
    for lr, sigma in ((0.02, 1.0), (0.04, 0.5)):
        rule, x = ol.Adam(lr=lr), np.zeros(4000)
        for _ in range(600):
            x = rule.step(x, x + sigma * noise.standard_normal(4000))
        spread.append(x.var())
    assert spread[1] == pytest.approx(spread[0], rel=5 * math.sqrt(4 / 4000))


def endless(n, B, rng):
    while True:
        yield rng.permutation(n)[:B]


def relu_without_bend(x, W, b, d):
    return d @ W.T, x.T @ d, d.sum(axis=0, keepdims=True)


def with_slope(name, wrong):
    """A backward whose slope ``name`` is ``wrong(x, W, b, d, delta)``."""

    def answer(x, W, b, d):
        right = dict(zip(("dx", "dW", "db"), backward(x, W, b, d), strict=True))
        right[name] = wrong(x, W, b, d, d * (x @ W + b > 0))
        return tuple(right.values())

    return answer


def in_place(x, W, b, d):
    d *= x @ W + b > 0
    return d @ W.T, x.T @ d, d.sum(axis=0, keepdims=True)


def reads_all(losses, patience):
    return int(np.argmin(list(losses)))


def counts_rises(losses, patience):
    """Counts epochs that are worse than the one before, not than the best."""
    before, bad, best, lowest = math.inf, 0, 0, math.inf
    for epoch, loss in enumerate(losses):
        bad = bad + 1 if loss >= before else 0
        if loss < lowest:
            lowest, best = loss, epoch
        before = loss
        if bad >= patience:
            break
    return best


def keeps_worst(losses, patience):
    return 3 if stop(losses, patience) == 2 else stop(losses, patience)


WRONG = [
    ("04.1", lambda n, B, rng: [rng.integers(n, size=B) for _ in range(7)], "draws with replacement"),
    ("04.1", lambda n, B, rng: deal(n, B, rng)[:-1], "the last 2 examples are dropped"),
    ("04.1", lambda n, B, rng: deal(n, B, rng)[1:], "8 of the 50 examples are in no batch"),
    ("04.1", lambda n, B, rng: deal(n, B, rng)[::-1], "the small batch comes first"),
    ("04.1", lambda n, B, rng: np.array_split(rng.permutation(n), B), "these are 8 batches"),
    ("04.1", lambda n, B, rng: np.array_split(rng.permutation(n), 7), "have the sizes 8, 8, 8, 8, 8, 8, 2"),
    ("04.1", lambda n, B, rng: np.split(np.arange(n), range(B, n, B)), "come in their own order"),
    ("04.1", lambda n, B, rng: [np.arange(k, min(k + B, n)) for k in (*rng.permutation(6) * B, 48)], "holds neighbors"),
    ("04.1", lambda n, B, rng: deal(n, B, np.random.default_rng()), "another order each time"),
    ("04.1", lambda n, B, rng: deal(n, B, np.random.default_rng(7)), "two epochs have the same order"),
    ("04.1", lambda n, B, rng: [batch + 1 for batch in deal(n, B, rng)], "indices go from 0 to n - 1 = 49"),
    ("04.1", lambda n, B, rng: [batch / 2 for batch in deal(n, B, rng)], "integers, shape (B,)"),
    ("04.1", lambda n, B, rng: [np.ones((2, 2), int)], "integers, shape (B,)"),
    ("04.1", lambda n, B, rng: [[1, [2, 3]]], "an array of indices"),
    ("04.1", lambda n, B, rng: [], "an array of indices"),
    ("04.1", endless, "more batches than examples"),
    ("04.1", lambda n, B, rng: 3, "one batch after the other"),
    ("04.1", lambda n, B, rng: "abc", "one batch after the other"),
    ("04.1", lambda n, B: [], "TypeError"),
    ("04.2", lambda m, s: np.mean(m), "plain mean of the means"),
    ("04.2", lambda m, s: np.dot(m, s), "this is the sum"),
    ("04.2", lambda m, s: np.dot(m, s) / len(s), "not by the number of batches"),
    ("04.2", lambda m, s: np.dot(m, s) / s[0], "not by the size of a full batch"),
    ("04.2", lambda m, s: np.average(m, weights=1 / np.array(s)), "upside down"),
    ("04.2", lambda m, s: np.mean(m[:-1]), "the last batch is left out"),
    ("04.2", lambda m, s: 7.7, "the sum of all losses"),
    ("04.2", lambda m, s: (m * s).sum() / s.sum(), "your code raised"),  # arrays only: lists are allowed, too
    ("04.2", lambda m, s: "4", "must be a number"),
    ("04.3", relu_without_bend, "dx forgets the bend"),
    ("04.3", with_slope("dx", lambda x, W, b, d, delta: delta), "still the slope by x W + b"),
    ("04.3", with_slope("dx", lambda x, W, b, d, delta: 2 * delta @ W.T), "by central differences the slope is"),
    ("04.3", with_slope("dx", lambda x, W, b, d, delta: (delta @ W.T).T), "must have the shape"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ d), "dW forgets the bend"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ delta / 5), "divided by the batch size"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ (d * np.maximum(x @ W + b, 0))), "is 1 or 0"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: delta.T @ x), "must have the shape"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ delta + 1), "by central differences"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: delta.sum(axis=0)), "keepdims=True"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: d.sum(axis=0, keepdims=True)), "db forgets the bend"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: delta.mean(axis=0, keepdims=True)), "a sum over the batch"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: delta), "the sum over the rows"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: -delta.sum(axis=0, keepdims=True)), "by central differences"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: "b"), "db must be an array"),
    ("04.3", in_place, "changed in place"),
    ("04.3", lambda *a: backward(*a)[:2], "return three arrays"),
    ("04.3", lambda *a: backward(*a)[0], "return three arrays"),
    ("04.4", (0.1, 0.002), "larger rate"),
    ("04.4", (0.2, 0.002), "root of the factor"),
    ("04.4", (0.025, 0.002), "the other way round"),
    ("04.4", (0.8, 0.002), "twice too much"),
    ("04.4", (1.6, 0.002), "square of the factor"),
    ("04.4", (0.3, 0.002), "what counts is lr / B"),
    ("04.4", (0.4, 0.004), "shrinks like 1/√B"),
    ("04.4", (0.4, 0.001), "only more slowly"),
    ("04.4", (0.4, 0.0005), "Adam: the other way round."),
    ("04.4", (0.4, 0.00025), "with the root"),
    ("04.4", (0.4, 0.003), "√B doubles"),
    ("04.4", (0.002, 0.4), "exchanged"),
    ("04.4", 0.4, "two numbers"),
    ("04.4", (0.4,), "two numbers"),
    ("04.4", "ab", "two numbers"),
    ("04.4", {"sgd": 0.4, "adam": 0.002}, "two numbers"),
    ("04.4", ("a", 0.002), "give two numbers, not 'a'"),
    ("04.4", (0.4, None), "two numbers"),
    ("04.4", (math.inf, 0.002), "finite"),
    ("04.5", reads_all, "looks into the future"),
    ("04.5", lambda losses, patience: stop(losses, patience + 1), "trains on after epoch"),
    ("04.5", functools.partial(stop, at_the_stop=lambda best, epoch: epoch), "the one whose weights are kept"),
    ("04.5", functools.partial(stop, at_the_end=lambda best: None), "returned None on a run"),
    ("04.5", counts_rises, "trains on after epoch"),
    ("04.5", functools.partial(stop, better=operator.le), "as good as epoch 1, but not better"),
    ("04.5", lambda losses, patience: stop(losses, patience) + 1, "counted from 0"),
    ("04.5", lambda losses, patience: stop(losses, 1), "it stops too early"),
    ("04.5", keeps_worst, "epochs are counted from 0"),
    ("04.5", lambda losses, patience: stop(losses, patience) + 2, "Only a lower loss is better"),
    ("04.5", lambda losses, patience: int(np.argmin(losses[:3])), "come one by one"),
    ("04.5", lambda losses, patience: len(losses), "come one by one"),
    ("04.5", lambda losses, patience: 0.5, "an integer from 0 on"),
    ("04.5", lambda losses, patience: "2", "an integer from 0 on"),
    ("04.5", lambda losses: 2, "TypeError"),
]  # fmt: skip


def test_the_runs_of_early_stopping_are_what_they_say():
    from optlib.course.exercises.notebook_04 import _RUNS

    for losses, patience, best, allowed in _RUNS:
        assert stop(iter(losses), patience) == best
        reading = iter(losses)
        stop(reading, patience)
        assert len(losses) - len(list(itertools.islice(reading, 99))) == allowed
