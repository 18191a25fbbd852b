"""Testers of notebook 08: right answers pass, and each usual mistake gets the hint that fits it."""

import functools
import math

import numpy as np
import pytest
import scipy.stats
import torch
from exercise_cases import *  # noqa: F403

from optlib.course.exercises import notebook_08
from optlib.tasks.capsules import margin_loss
from optlib.tasks.language import cell

NOTEBOOK = "08"

# --- right answers ---------------------------------------------------------------------------------------------


def pull(n):
    q = n**2 / (1 + n**2)
    return 2 * max(0, 0.9 - q) * 2 * n / (1 + n**2) ** 2


def by_autograd(n):
    """From the loss of the package, for a capsule of the only class."""
    length = torch.tensor(n, dtype=torch.float64, requires_grad=True)
    margin_loss((length**2 / (1 + length**2))[None, None], torch.tensor([0])).backward()
    return -length.grad


FAULTS = {"B": "candidate", "C": "always read", "D": "gates swapped", "E": "deaf", "F": "no tanh"}


def pairs(train, test, size, *, add=1, divide=True, guard=0.0, mean=lambda p: np.exp(-np.log(p).mean())):
    counts = np.full((size, size), float(add))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    p = counts / (counts.sum(axis=1, keepdims=True) if divide else counts.sum())
    return mean(p[test[:-1], test[1:]] + guard)


def loss(p, x, mean, log_variance, *, pixels=1.0, kl=1.0, guard=0.0):
    reconstruction = -(x * np.log(p + guard) + (1 - x) * np.log(1 - p + guard)).sum(axis=1)
    return (pixels * reconstruction + kl * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2).mean()


def tau(a, b):
    return scipy.stats.kendalltau(a, b).statistic


def tasks_needed(gap, k, q):
    return next(n for n in range(1, 10_000) if q * np.sqrt(k * (k + 1) / (6 * n)) <= gap)


LEAST = lambda gap, k, q: (q / gap) ** 2 * k * (k + 1) / 6
RIGHT = [("08.1", pull), ("08.1", by_autograd), ("08.2", FAULTS), ("08.3", pairs), ("08.4", loss), ("08.5", tau),
         ("08.6", tasks_needed), ("08.6", lambda *a: math.ceil(LEAST(*a))),
         ("08.6", lambda gap, k, q: math.ceil((q / gap * math.sqrt(k * (k + 1) / 6)) ** 2)),
         *(("08.4", functools.partial(loss, guard=guard)) for guard in (1e-12, 1e-6)),
         *(("08.3", functools.partial(pairs, guard=guard)) for guard in (1e-12, 1e-6))]  # fmt: skip

# --- wrong answers ---------------------------------------------------------------------------------------------


def once(train, test, size):
    counts = np.ones((size, size))
    counts[train[:-1], train[1:]] += 1
    return np.exp(-np.log((counts / counts.sum(axis=1, keepdims=True))[test[:-1], test[1:]]).mean())


def by_column(train, test, size):
    counts = np.ones((size, size))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    return np.exp(-np.log((counts / counts.sum(axis=0))[test[:-1], test[1:]]).mean())


def by_no_row(train, test, size):
    counts = np.ones((size, size))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    return np.exp(-np.log((counts / counts.sum(axis=1))[test[:-1], test[1:]]).mean())


def by_all_codes(train, test, size):
    counts = np.ones((size, size))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    p = counts / (size + np.bincount(train, minlength=size))[:, None]
    return np.exp(-np.log(p[test[:-1], test[1:]]).mean())


def alone(train, test, size):
    p = (np.bincount(train, minlength=size) + 1) / (len(train) + size)
    return np.exp(-np.log(p[test]).mean())


def in_place(train, test, size):
    test[0] = 1 - test[0]
    return 3.0


def of_mean(mean):
    return functools.partial(pairs, mean=mean)


def turned(a, b):
    a[0], a[1] = a[1], a[0]
    return 1.0


Q = lambda n: n**2 / (1 + n**2)
SLOPE = lambda n: 2 * n / (1 + n**2) ** 2
WRONG = [
    ("08.1", lambda n: -pull(n), "minus the derivative"),
    ("08.1", lambda n: pull(n) / 2, "a 2 in front"),
    ("08.1", lambda n: 2 * max(0, 0.9 - Q(n)), "go on to n"),
    ("08.1", lambda n: pull(n) * (1 + n**2), "the square of 1 + n**2"),
    ("08.1", lambda n: pull(n) * (1 + n**2) ** 2, "q is a quotient"),
    ("08.1", lambda n: max(0, 0.9 - Q(n)) ** 2, "the loss itself"),
    ("08.1", lambda n: 2 * (0.9 - Q(n)) * SLOPE(n), "n = 5.0: beyond q = 0.9"),
    ("08.1", lambda n: 2 * max(0, 0.9 - n) * SLOPE(n), "after squashing"),
    ("08.1", lambda n: 7.7, "the chain rule"),
    ("08.2", {}, "the letters of the five broken cells"),
    ("08.2", FAULTS | {"B": "lazy"}, "'lazy' is none of the faults"),
    ("08.2", FAULTS | {"C": ...}, "still a ... in it"),
    ("08.2", FAULTS | {"B": np.array(["deaf", "always read"])}, "none of the faults"),
    *(("08.2", FAULTS | {letter: "deaf" if letter != "E" else "always read"}, f"{letter}: ") for letter in FAULTS),
    ("08.3", of_mean(lambda p: -np.log(p).mean()), "these are the nats"),
    ("08.3", of_mean(lambda p: -np.log2(p).mean()), "these are bits"),
    ("08.3", of_mean(lambda p: 2 ** -np.log(p).mean()), "natural"),
    ("08.3", of_mean(lambda p: np.exp(np.log(p).mean())), "below 1"),
    ("08.3", of_mean(lambda p: (1 / p).mean()), "the mean of 1 / p"),
    ("08.3", of_mean(lambda p: 1 / p.mean()), "1 over the mean"),
    ("08.3", once, "Use np.add.at"),
    ("08.3", functools.partial(pairs, add=1e-12), "1 is missing"),
    ("08.3", lambda train, test, size: pairs(train[::-1], test, size), "what came before"),
    ("08.3", by_column, "not each column"),
    ("08.3", by_no_row, "keepdims=True"),
    ("08.3", lambda train, test, size: pairs(train, test, train.max() + 1), "a code that train never holds"),
    ("08.3", by_all_codes, "the last code of train is followed by nothing"),
    ("08.3", functools.partial(pairs, divide=False), "divide each row"),
    ("08.3", alone, "of each code alone"),
    ("08.3", in_place, "changed in place"),
    ("08.3", lambda train, test, size: 75.0, "count the pairs"),
    ("08.4", lambda p, *a: loss(p, *a, pixels=1 / p.shape[1], kl=1 / 3), "the loss as it was"),
    ("08.4", lambda p, *a: loss(p, *a, pixels=1 / p.shape[1]), "still averaged"),
    ("08.4", lambda p, *a: loss(p, *a) / p.shape[1], "divided by the number of pixels"),
    ("08.4", lambda p, *a: loss(p, *a, pixels=784 / p.shape[1]), "not every image has 784 pixels"),
    ("08.4", lambda *a: loss(*a, kl=1 / 3), "the sum over its codes, too"),
    ("08.4", lambda *a: 5 * loss(*a), "the sum over the images"),
    ("08.4", lambda *a: loss(*a, kl=0), "the KL is missing"),
    ("08.4", lambda *a: loss(*a, kl=-1), "a cost"),
    ("08.4", lambda *a: loss(*a, kl=2), "a factor 1/2"),
    ("08.4", lambda *a: -loss(*a), "this is the ELBO"),
    ("08.4", lambda *a: 7.7, "for each image"),
    ("08.5", lambda a, b: tau(a, b) * (len(a) - 1) / len(a), "with itself"),
    ("08.5", lambda a, b: 2 * tau(a, b), "counted twice"),
    ("08.5", lambda a, b: tau(a, b) * len(a) * (len(a) - 1) / 2 if len(a) > 2 else tau(a, b), "number of pairs"),
    ("08.5", lambda a, b: (1 + tau(a, b)) / 2, "the share of pairs"),
    ("08.5", lambda a, b: scipy.stats.spearmanr(a, b).statistic, "Spearman's"),
    ("08.5", lambda a, b: -tau(a, b), "the sign is reversed"),
    ("08.5", turned, "changed in place"),
    ("08.5", lambda a, b: 7.7, "of all pairs"),
    ("08.6", LEAST, "a number of tasks is whole"),
    ("08.6", lambda *a: int(LEAST(*a)), "one task too few"),
    ("08.6", lambda *a: np.ceil(LEAST(*a) ** 0.5), "take the square"),
    ("08.6", lambda gap, k, q: np.ceil(LEAST(gap, k, q) / q), "q is squared"),
    ("08.6", lambda gap, k, q: np.ceil((q / gap) ** 2 * k * (k - 1) / 6), "k (k + 1)"),
    ("08.6", lambda *a: int(LEAST(*a)) + 1, "gap 1, k 2: this is one task too many"),
    ("08.6", lambda *a: np.ceil(LEAST(*a)) + 1, "one task too many"),
    ("08.6", lambda *a: 77_777, "solve q"),
]  # fmt: skip


def numbers(seed=0, units=3, inputs=2):
    rng = np.random.default_rng(seed)
    shapes = (4, inputs), (4, units), (4, units), (4 * units, inputs), (4 * units, units), (4 * units,)
    return [rng.standard_normal(shape) for shape in shapes]


def test_the_right_cell_is_that_of_the_package():
    given = numbers()
    for one, other in zip(notebook_08.broken_cells()["A"](*given), cell(*map(torch.tensor, given)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


OPEN, SHUT = 20.0, -20.0
SHOWS = {  # write, keep, candidate, read: the bias; how the output h and the memory c differ from those of A
    "B": ([OPEN, SHUT, SHUT, OPEN], lambda h, c: abs(c) < 1e-6),
    "C": ([SHUT, OPEN, 0.0, SHUT], lambda h, c: h > 0.9),
    "D": ([SHUT, OPEN, 0.0, OPEN], lambda h, c: abs(c) < 1e-6),
    "E": ([0.0, SHUT, 0.0, OPEN], lambda h, c: c < 1),  # the recurrent matrix opens the keep gate
    "F": ([SHUT, OPEN, 0.0, OPEN], lambda h, c: h > 2),
}


@pytest.mark.parametrize("letter", SHOWS)
def test_the_faults_of_cells_show(letter):
    """Each of them, and only it, in what its hint names; memory 3, previous output 1."""
    bias, shows = SHOWS[letter]
    zero = np.zeros((4, 1))
    U = np.array([[0.0], [2 * OPEN], [0.0], [0.0]]) if letter == "E" else zero
    cells = notebook_08.broken_cells()
    seen = {k: one(np.zeros((1, 1)), np.ones((1, 1)), np.full((1, 1), 3.0), zero, U, np.array(bias))
            for k, one in cells.items()}  # fmt: skip
    assert [k for k, (h, c) in seen.items() if shows(h.item(), c.item())] == [letter]
