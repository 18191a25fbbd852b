"""Exercises of the notebook Six tasks."""

import functools
import math

import numpy as np

from .engine import exercise, expect_number, hint_for_faults

_WANTED = 0.9  # length from which the loss asks for nothing more


@exercise("08.1 the pull of the margin", "pull(n)")
def _pull(pull):
    """pull(n): minus the derivative of max(0, 0.9 - q)**2 by n, where q = n**2 / (1 + n**2)."""
    for n in (0.7, 2.0, 0.1, 1.0, 2.9, 5.0, 0.0):
        q, slope = n**2 / (1 + n**2), 2 * n / (1 + n**2) ** 2
        missing = max(0.0, _WANTED - q)
        hint = expect_number(pull(n), 2 * missing * slope, tolerance=1e-6, hints=[
            (-2 * missing * slope, "this is the derivative; the pull is minus the derivative."),
            (missing * slope, "the derivative of a square has a 2 in front of it."),
            (2 * missing, "that is by q; go on to n, by the derivative of q."),
            (2 * missing * slope / 2, "the derivative of n**2 is 2 * n."),
            (2 * missing * 2 * n / (1 + n**2), "the derivative of q has the square of 1 + n**2 below the line."),
            (2 * missing * 2 * n, "q is a quotient: its derivative has 1 + n**2 below the line, squared."),
            (missing**2, "this is the loss itself, not its derivative."),
            (2 * (_WANTED - q) * slope, "beyond q = 0.9 the loss is 0, and pulls nowhere."),
            (2 * max(0.0, _WANTED - n) * slope, "0.9 is compared with q, the length after squashing."),
        ], otherwise="the chain rule: 2 * max(0, 0.9 - q), times the derivative of q by n.")  # fmt: skip
        if hint:
            return f"n = {n}: {hint}"
    return None


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _cell(x, h, c, W, U, b, fault=None):
    """A step of an LSTM in NumPy, right or with a fault; rows as in `optlib.tasks.language.cell`."""
    read_in = x @ W.T + b
    write, keep, candidate, read = np.split(read_in + h @ U.T, 4, axis=-1)
    if fault == "gates swapped":
        write, keep = keep, write
    if fault == "deaf":
        write, keep, _, read = np.split(read_in, 4, axis=-1)
    c = _sigmoid(keep) * c + _sigmoid(write) * (_sigmoid if fault == "candidate" else np.tanh)(candidate)
    h = (c if fault == "no tanh" else np.tanh(c)) * (1.0 if fault == "always read" else _sigmoid(read))
    return h, c


_FAULTS = {  # of each cell what is wrong, and what shows it
    "B": ("candidate", "it writes no negative number, even where the candidate is -20: it can take nothing away."),
    "C": ("always read", "its output is there even where the bias of the read gate is -20."),
    "D": ("gates swapped", "it forgets where the bias of the keep gate is 20 and that of the write gate -20."),
    "E": ("deaf", "its memory of 3 stays whatever h is, even where U would open or close its gates."),
    "F": ("no tanh", "its output is above 1 where the memory is 3 and the read gate is open."),
}  # fmt: skip


def broken_cells():
    """Six cells of an LSTM in NumPy, A right and each other one with a fault.

    Returns
    -------
    dict of letter -> function
        ``cell(x, h, c, W, U, b)`` gives the new h and c, (B, H) each, for x (B, D), W (4H, D), U (4H, H) and b (4H,),
        whose rows are write, keep, candidate, read.
    """
    return {"A": _cell} | {letter: functools.partial(_cell, fault=fault) for letter, (fault, _) in _FAULTS.items()}


@exercise("08.2 five broken cells")
def _diagnosis(answer):
    """A dict of letter -> name of the fault."""
    return hint_for_faults(answer, _FAULTS, 'five broken cells, such as {"B": "deaf", "C": ..., ...}')


@exercise("08.3 what an LSTM must beat", "pairs(train, test, size)")
def _pairs(pairs):
    """pairs(train, test, size): perplexity on test of the counts of neighbors in train, plus 1."""
    rng, size = np.random.default_rng(0), 6
    chain = [0]
    for _ in range(500):  # a text in which neighbors go together; code 5 does not occur
        chain.append((chain[-1] + 1) % 5 if rng.random() < 0.7 else int(rng.integers(5)))
    train, test = np.array(chain[:400]), np.array(chain[400:])
    counts = np.zeros((size, size))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    after = lambda table: table[test[:-1], test[1:]]
    rows = lambda table: table / np.maximum(table.sum(axis=1, keepdims=True), 1e-12)
    p = after(rows(counts + 1))
    lost = np.ones((size, size))
    lost[train[:-1], train[1:]] += 1  # of a pair that occurs twice, NumPy adds 1 once
    seen = (counts + 1)[:5, :5]  # as if the code that does not occur were none
    alone = (np.bincount(train, minlength=size) + 1) / (len(train) + size)
    before = np.bincount(train, minlength=size)  # with the last code, which nothing follows
    nats = -np.log(p).mean()
    kept = train.copy(), test.copy()
    reply = pairs(train, test, size)
    if not (np.array_equal(train, kept[0]) and np.array_equal(test, kept[1])):
        return "train or test was changed in place; leave the texts as they are."
    return expect_number(reply, np.exp(nats), hints=[
        (nats, "these are the nats; the perplexity is e to this power."),
        (nats / np.log(2), "these are bits; the perplexity is e to the mean in nats."),
        (2**nats, "the logarithm is natural, so the power is of e, not of 2."),
        (np.exp(-nats), "this is below 1: the exponent is the mean of *minus* log p."),
        (np.mean(1 / p), "this is the mean of 1 / p; take the mean of -log p first, then the exponential."),
        (1 / p.mean(), "this is 1 over the mean of p; take the mean of -log p, then the exponential."),
        (np.exp(-np.log(after(rows(lost))).mean()), "a pair that occurs twice is counted once: counts[i, j] += 1 with "
         "arrays adds only once to each place. Use np.add.at."),
        (np.exp(-np.log(np.maximum(after(rows(counts)), 1e-300)).mean()), "1 is missing in the counts: what never "
         "occurred in train would be impossible."),
        (np.exp(-np.log(after(rows(counts.T + 1))).mean()), "this counts what came before, not what followed: "
         "counts[i, j] belongs to i = train[:-1] and j = train[1:]."),
        (np.exp(-np.log(after((counts + 1) / (counts + 1).sum(axis=0))).mean()), "divide each row by its sum, not each "
         "column: the probabilities of all that may follow i add up to 1."),
        (np.exp(-np.log(after((counts + 1) / (counts + 1).sum(axis=1))).mean()), "this divides column j by the sum of "
         "row j; to divide row i by its own, the sums must stand as a column: keepdims=True."),
        (np.exp(-np.log(after((counts + 1) / (size + before)[:, None])).mean()), "the last code of train is followed "
         "by nothing: count `train[:-1]`."),
        (np.exp(-np.log(after(rows(seen))).mean()), "there are size codes, also if one is a code that train never "
         "holds."),
        (np.exp(-np.log(after((counts + 1) / (counts + 1).sum())).mean()), "p is the probability of j *given* i: "
         "divide each row by its own sum."),
        (np.exp(-np.log(alone[test]).mean()), "this is the frequency of each code alone; count pairs."),
    ], otherwise="count the pairs in train, add 1 to all counts, divide each row by its sum; then e to the mean of "
       "-log p over the pairs in test.", tolerance=1e-4)  # fmt: skip


@exercise("08.4 a loss that collapses", "loss(p, x, mean, log_variance)")
def _loss(loss):
    """loss(p, x, mean, log_variance): minus the ELBO of gray images, the mean over the images."""
    rng = np.random.default_rng(0)
    p, x = rng.uniform(0.05, 0.95, (5, 12)), rng.random((5, 12))
    mean, log_variance = rng.standard_normal((5, 3)), rng.uniform(-1, 1, (5, 3))
    pixels = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    codes = (mean**2 + np.exp(log_variance) - 1 - log_variance) / 2
    total = lambda terms: terms.sum(axis=1).mean()
    return expect_number(loss(p, x, mean, log_variance), total(pixels) + total(codes), hints=[
        (pixels.mean() + codes.mean(), "this is the loss as it was: both terms are means over numbers that belong to "
         "one image."),
        ((total(pixels) + total(codes)) / pixels.shape[1], "this is minus the ELBO divided by the number of pixels: it "
         "has the same minimizer, but asked for is minus the ELBO itself."),
        (784 * pixels.mean() + total(codes), "not every image has 784 pixels: sum over them."),
        (pixels.mean() + total(codes), "the pixels of an image are still averaged: the KL weighs 784 times as much as "
         "it should."),
        (total(pixels) + codes.mean(), "the pixels are right; the KL of an image is the sum over its codes, too."),
        (pixels.sum() + codes.sum(), "this is the sum over the images; the loss is their mean."),
        (total(pixels), "the KL is missing."),
        (total(pixels) - total(codes), "the KL is a cost: it is added to the cost of the pixels."),
        (total(pixels) + 2 * total(codes), "the KL has a factor 1/2."),
        (-total(pixels) - total(codes), "this is the ELBO; the loss is minus the ELBO."),
    ], otherwise="for each image the sum over its pixels plus the sum over its codes; then the mean over the images.",
       tolerance=1e-4)  # fmt: skip


@exercise("08.5 Kendall's tau", "tau(a, b)")
def _tau(tau):
    """tau(a, b): Kendall's rank correlation of two lists of scores without ties."""
    rng = np.random.default_rng(0)
    for n in (15, 8, 2):
        a, b = rng.permutation(n), rng.permutation(n)
        signs = [np.sign(np.subtract.outer(each, each)) for each in (a, b)]
        agree, pairs = (signs[0] * signs[1]).sum() / 2, n * (n - 1) / 2
        ranks = [each.argsort().argsort() for each in (a, b)]
        kept = a.copy(), b.copy()
        reply = tau(a, b)
        if not (np.array_equal(a, kept[0]) and np.array_equal(b, kept[1])):
            return "a or b was changed in place; leave the scores as they are."
        hint = expect_number(reply, agree / pairs, tolerance=1e-6, hints=[
            (2 * agree / n**2, "divide by the number of pairs of different rules, n (n - 1) / 2; no rule makes a pair "
             "with itself."),
            (2 * agree / pairs, "each pair is counted twice."),
            (agree, "divide by the number of pairs."),
            ((agree + pairs) / 2 / pairs, "this is the share of pairs in the same order; subtract the share of those "
             "that are not."),
            (np.corrcoef(*ranks)[0, 1], "this is the correlation of the ranks, Spearman's; Kendall's counts pairs."),
            (-agree / pairs, "the sign is reversed: 1 stands for the same order."),
        ], otherwise="of all pairs of rules: those in the same order in both lists, less those in opposite order, over "
           "the number of pairs.")  # fmt: skip
        if hint:
            return f"{n} rules: {hint}"
    return None


@exercise("08.6 how many tasks", "tasks_needed(gap, k, q)")
def _tasks_needed(needed):
    """tasks_needed(gap, k, q): the least number of tasks for which the critical difference is at most gap."""
    # The last number is whole, also where it is computed by way of a root.
    for gap, k, q in ((2, 8, 3.031), (1, 8, 3.031), (1, 3, 2.343), (0.5, 5, 2.728), (7, 8, 3.031), (1, 2, 2.0)):
        least = (q / gap) ** 2 * k * (k + 1) / 6
        right = math.ceil(least)
        hint = expect_number(needed(gap, k, q), right, tolerance=1e-9, hints=[
            (least, "a number of tasks is whole: round up."),
            (math.floor(least), "this is one task too few: round up, not down."),
            (round(least), "round up: with fewer tasks the critical difference is larger than the gap."),
            (right + 1, "this is one task too many: round up, and leave a number that is whole already as it is."),
            (math.ceil(math.sqrt(least)), "the number of tasks stands under the root; take the square."),
            (math.ceil(q / gap * math.sqrt(k * (k + 1) / 6)), "the number of tasks stands under the root; take the "
             "square."),
            (math.ceil(q / gap**2 * k * (k + 1) / 6), "q is squared as well."),
            (math.ceil((q / gap) ** 2 * k * (k - 1) / 6), "it is k (k + 1)."),
        ], otherwise="solve q * sqrt(k (k + 1) / (6 n)) <= gap for n.")  # fmt: skip
        if hint:
            return f"gap {gap}, k {k}: {hint}"
    return None
