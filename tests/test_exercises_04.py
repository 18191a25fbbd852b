"""Testers of notebook 04: right answers pass, and each usual mistake gets the hint that fits it."""

import functools
import math

import numpy as np
import pytest
from exercise_cases import *  # noqa: F403

from optlib.course.exercises import notebook_04

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


def limit(curvature, sigma, B):
    return 2 * curvature / (curvature**2 + sigma**2 / B)


def backward(x, W, b, d):
    d = d * (x @ W + b > 0)
    return d @ W.T, x.T @ d, d.sum(axis=0, keepdims=True)


def ema(weights, beta, start=0.0, power=1, t0=1, divisor=None, back=False):
    """A solution of 04.4, right or with one slip."""
    m = start
    for t, w in enumerate(weights, start=t0):
        m = beta * m + (1 - beta) * w
        average = m / (divisor or (1 - beta**t) ** power)
        yield average
        m = average if back else m


def search(run):
    """Twenty rates at one beta."""
    return min((run(lr, 0.9), lr, 0.9) for lr in np.geomspace(1e-3, 1, 20))[1:]


def in_two_stages(run):
    """The notebook's own: coarse, fine, and the mean of the best few."""
    lr = min((run(lr, 0.9), lr) for lr in np.geomspace(1e-3, 1, 10))[1]
    fine = sorted((run(rate, 0.9), rate) for rate in lr * np.geomspace(0.5, 2, 10))
    return np.exp(np.mean(np.log([rate for _, rate in fine[:4]]))), 0.9


def shuffled_within(n, B, rng):
    return [rng.permutation(np.arange(first, min(first + B, n))) for first in range(0, n, B)]


def shuffled_batches(n, B, rng):
    full, rest = np.split(np.arange(n), [n - n % B])
    return [*rng.permutation(full.reshape(-1, B)), *[rest] * bool(n % B)]


def shuffled_batches_and_within(n, B, rng):
    return [rng.permutation(batch) for batch in shuffled_batches(n, B, rng)]


RIGHT = [
    ("04.1", deal), ("04.1", deal_one_by_one), ("04.1", lambda n, B, rng: np.split(rng.permutation(n), range(B, n, B))),
    ("04.1", lambda n, B, rng: [batch.tolist() for batch in deal(n, B, rng)]),
    ("04.2", limit), ("04.2", lambda c, s, B: np.float64(2 / (c + s**2 / (B * c)))),
    ("04.3", backward), ("04.3", lambda *a: list(backward(*a))),
    ("04.4", ema), ("04.4", lambda weights, beta: [m.tolist() for m in ema(weights, beta)]),
    ("04.5", search), ("04.5", lambda run: np.array(search(run))), ("04.5", in_two_stages),
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


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_beyond_the_limit_the_mean_square_grows(share):
    """By its definition: many runs of 30 steps with their own noise."""
    c, sigma, B, rng = 0.5, 1.0, 16, np.random.default_rng(0)
    w = np.ones(400_000)
    for _ in range(30):
        w = w - share * limit(c, sigma, B) * (c + sigma / math.sqrt(B) * rng.standard_normal(w.shape)) * w
    assert (np.mean(w**2) > 1) == (share > 1)


def test_no_setting_of_a_grid_beats_the_good_one_by_much():
    module = notebook_04
    loss = lambda lr, beta: module._losses(lr, beta, np.random.default_rng(7), 200).mean()
    grid = [loss(lr, beta) for lr in np.geomspace(1e-3, 1, 13) for beta in (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)]
    assert loss(*module.GOOD) < 1.1 * min(grid)


def endless(n, B, rng):
    while True:
        yield rng.permutation(n)[:B]


def one_too_many(n, B, rng):
    order = rng.permutation(n)
    return [order[i * B : (i + 1) * B] for i in range(n // B + 1)]


def without_b(x, W, b, d):
    return backward(x, W, 0 * b, d)


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


def same_array(weights, beta):
    m, averages = np.zeros(2), []
    for average in ema(weights, beta):
        m[:] = average
        averages.append(m)
    return averages


def changes(weights, beta):
    weights[1] *= 1 - beta
    return list(ema(weights, beta))


def one_more(run):
    return run(0.01, 0.9), min((run(lr, 0.9), lr, 0.9) for lr in np.geomspace(1e-3, 1, 20))[1:]


def spent(run, lrs=(0.3,), answer=(0.3, 0.9)):
    """All twenty runs at these rates, and then that answer."""
    for k in range(20):
        run(lrs[k % len(lrs)], 0.9)
    return answer


WRONG = [
    ("04.1", lambda n, B, rng: [rng.integers(n, size=B) for _ in range(7)], "draws with replacement"),
    ("04.1", lambda n, B, rng: (lambda p: [p[i : i + B + 1] for i in range(0, n, B)])(rng.permutation(n)),
     "the pieces overlap"),
    ("04.1", lambda n, B, rng: deal(n, B, rng)[:-1], "the last 2 examples are dropped"),
    ("04.1", lambda n, B, rng: deal(n, B, rng)[1:], "8 of the 50 examples are in no batch"),
    ("04.1", lambda n, B, rng: deal(n, B, rng)[::-1], "the small batch comes first"),
    ("04.1", lambda n, B, rng: np.array_split(rng.permutation(n), B), "these are 8 batches"),
    ("04.1", lambda n, B, rng: np.array_split(rng.permutation(n), 7), "have the sizes 8, 8, 8, 8, 8, 8, 2"),
    ("04.1", lambda n, B, rng: np.split(np.arange(n), range(B, n, B)), "come in their own order"),
    ("04.1", lambda n, B, rng: np.split(np.arange(n)[::-1], range(B, n, B)), "come in their own order, backward"),
    ("04.1", lambda n, B, rng: np.split(np.roll(np.arange(n), rng.integers(1, n)), range(B, n, B)), "another start"),
    ("04.1", shuffled_batches, "only the order of the batches is random"),
    ("04.1", shuffled_within, "shuffled only within its batch"),
    ("04.1", shuffled_batches_and_within, "each batch holds neighbors"),
    ("04.1", lambda n, B, rng: np.split(rng.permutation(n), range(B, n + B, B)), "a batch is empty"),
    ("04.1", lambda n, B, rng: [batch.tolist() for batch in one_too_many(n, B, rng)], "with n = 36, B = 9: a batch is"),
    ("04.1", one_too_many, "right in the first case, but with n = 36, B = 9: a batch is empty"),
    ("04.1", lambda n, B, rng: deal(n, 8, rng), "with n = 36, B = 9: 36 examples in batches of 9 have the sizes 9, 9"),
    ("04.1", lambda n, B, rng: deal(50, B, rng), "with n = 36, B = 9: indices go from 0 to n - 1 = 35"),
    ("04.1", lambda n, B, rng: list(deal(n, B, rng)) if n >= B else [], "with n = 10, B = 16: "),
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
    ("04.2", lambda c, s, B: 2 / c, "the limit without noise"),
    ("04.2", lambda c, s, B: limit(c, s, 1), "B = 16: right for single examples"),
    ("04.2", lambda c, s, B: limit(c, s, B) / 2, "shrinks fastest"),
    ("04.2", lambda c, s, B: 2 / (c + s / math.sqrt(B)), "standard deviations do not add up"),
    ("04.2", lambda c, s, B: 2 * c / (c**2 + s / B), "not sigma"),
    ("04.2", lambda c, s, B: 2 * c / (c + s**2 / B), "the curvature squared"),
    ("04.2", lambda c, s, B: 2 / (c**2 + s**2 / B), "nearly"),
    ("04.2", lambda c, s, B: 7.7, "ask at which lr it is 1"),
    ("04.2", lambda c, s, B: "4", "must be a number"),
    ("04.2", lambda c, s: 1.0, "TypeError"),
    ("04.3", relu_without_bend, "dx forgets the bend"),
    ("04.3", with_slope("dx", lambda x, W, b, d, delta: delta), "still the derivative by x W + b"),
    ("04.3", with_slope("dx", lambda x, W, b, d, delta: 2 * delta @ W.T), "by central differences the derivative is"),
    ("04.3", with_slope("dx", lambda x, W, b, d, delta: (delta @ W.T).T), "must have the shape"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ d), "dW forgets the bend"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ delta / 5), "divided by the batch size"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ (d * np.maximum(x @ W + b, 0))), "is 1 or 0"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: delta.T @ x), "must have the shape"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ delta + 1), "by central differences"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: delta.sum(axis=0)), "keep its shape (1, 3)"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: d.sum(axis=0, keepdims=True)), "db forgets the bend"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: delta.mean(axis=0, keepdims=True)), "a sum over the batch"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: delta), "the sum over the rows"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: -delta.sum(axis=0, keepdims=True)), "by central differences"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: "b"), "db must be an array"),
    ("04.3", without_b, "dx: the mask is where x @ W + b is above 0"),
    ("04.3", with_slope("dW", lambda *a: without_b(*a[:4])[1]), "dW: the mask is where x @ W + b is above 0"),
    ("04.3", with_slope("db", lambda *a: without_b(*a[:4])[2]), "db: the mask is where x @ W + b is above 0"),
    ("04.3", with_slope("dW", lambda x, W, b, d, delta: x.T @ delta + np.eye(4)[:, [2]] * np.eye(3)[0]), "dW[2, 0] is"),
    ("04.3", with_slope("db", lambda x, W, b, d, delta: np.ones((1, 5)) @ delta if len(x) == 5 else b), "db[0, "),
    ("04.3", in_place, "changed in place"),
    ("04.3", lambda *a: backward(*a)[:2], "return three arrays"),
    ("04.3", lambda *a: backward(*a)[0], "return three arrays"),
    ("04.4", functools.partial(ema, power=0), "not corrected"),
    ("04.4", functools.partial(ema, t0=0), "the first step t is 1"),
    ("04.4", functools.partial(ema, t0=2), "t is one too large"),
    ("04.4", lambda w, beta: ema(w, beta, divisor=1 - beta), "must change with t"),
    ("04.4", lambda w, beta: ema(w, beta, divisor=1 - beta**3), "must change with t"),
    ("04.4", functools.partial(ema, back=True), "goes into the next step"),
    ("04.4", functools.partial(ema, power=-1), "this multiplies"),
    ("04.4", lambda w, beta: ema(w, beta, start=w[0]), "must start at 0"),
    ("04.4", lambda w, beta: ema(w, 0.9), "with beta = 0.6: for the weights"),
    ("04.4", lambda w, beta: ema(w, beta, start=w[0], power=0), "starts the average at the first weights"),
    ("04.4", lambda w, beta: ema(w, 1 - beta), "changed places"),
    ("04.4", lambda w, beta: [list(ema(w, beta))[t] for t in (0, 0, 1)], "one step late"),
    ("04.4", lambda w, beta: np.cumsum(w, axis=0) / np.arange(1, 4)[:, None], "the plain mean of all steps"),
    ("04.4", same_array, "all three are the last average"),
    ("04.4", changes, "changed in place"),
    ("04.4", lambda w, beta: list(ema(w, beta))[-1:], "three averages"),
    ("04.4", lambda w, beta: [[0.0, 0.0]] * 3, "it should give"),
    ("04.4", lambda w, beta: "abc", "one average for each step"),
    ("04.4", lambda w, beta: 3.0, "one average for each step"),
    ("04.4", lambda w: w, "TypeError"),
    ("04.5", one_more, "the budget is 20 runs"),
    ("04.5", lambda run: (0.01, 0.5), "You have used 0 of 20 runs"),
    ("04.5", lambda run: notebook_04.GOOD, "second training"),
    ("04.5", lambda run: (notebook_04.GOOD[0] / notebook_04.UNITS[1], 0.9), "You have used 0 of 20 runs"),
    ("04.5", functools.partial(spent, lrs=(0.03, 0.1), answer=(0.03, 0.9)),
     "in the second training, on 300 other seeds, lr 0.03 with beta 0.9 ends at"),
    ("04.5", functools.partial(spent, lrs=(0.3, 0.02)), "The lowest of your own runs was another: lr 0.02 with"),
    ("04.5", functools.partial(spent, lrs=(0.3, 0.9)), "Of the rates that you tried this one is at the end"),
    ("04.5", functools.partial(spent, lrs=(0.2, 0.3, 0.9), answer=(0.3, 0.9)), "The lowest of your own runs"),
    ("04.5", functools.partial(spent, lrs=np.geomspace(1e-6, 1e-4, 20)), "Your grid misses the good settings"),
    ("04.5", lambda run: run(-1.0, 0.9), "lr=-1.0 must be a number above 0"),
    ("04.5", lambda run: (0.1, 1.0), "beta=1.0 one from 0 to below 1"),
    ("04.5", lambda run: 0.1, "return two numbers, (lr, beta), not 0.1"),
    ("04.5", lambda run: (0.1, "a"), "return two numbers"),
]  # fmt: skip
