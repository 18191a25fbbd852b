"""Exercises of the notebook Mini-batches."""

import itertools
import math

import numpy as np

from .engine import as_list, close, exercise, expect_array, expect_number, first_hint, float_of, floats_of
from .notebook_03 import FROM_ZERO, call, hints_for_averages, moving_averages


@exercise("04.1 deal the examples", "deal(n, B, rng)")
def _deal(deal):
    """deal(n, B, rng): the batches of one epoch, as a sequence of index arrays."""
    return first_hint((f"n = {n}, B = {B}", _epoch(deal, n, B)) for n, B in ((50, 8), (36, 9), (10, 16)))


def _epoch(deal, n, B):
    epoch, hint = _batches(deal(n, B, np.random.default_rng(0)), n)
    if hint:
        return hint
    seen = np.concatenate(epoch).astype(int)  # an empty list makes floats
    if hint := _coverage(seen, n, B):
        return hint
    sizes, right = [len(batch) for batch in epoch], [min(B, n - first) for first in range(0, n, B)]
    if 0 in sizes:
        return f"a batch is empty: {n} examples in batches of {B} make {len(right)}, and yours are {len(sizes)}."
    if sizes != right:
        if sizes[0] == right[-1] < B:
            return "the small batch comes first; deal full batches until fewer than B are left."
        if len(sizes) == B:
            return f"these are {B} batches; B is the number of examples in a batch, not the number of batches."
        return f"{n} examples in batches of {B} have the sizes {', '.join(map(str, right))}; yours are {sizes}."
    return _order(deal, seen, n, B)


def _batches(dealt, n):
    if dealt is None:
        return None, "deal returned None; return the batches, or yield them one by one."
    if isinstance(dealt, (str, bytes, dict)) or not hasattr(dealt, "__iter__"):
        return None, f"deal must give one batch after the other, as a list or with yield, not {type(dealt).__name__}."
    # An endless generator would never come back: more batches than examples are too many anyway.
    dealt = list(itertools.islice(dealt, n + 1))
    if len(dealt) > n:
        return None, "there are more batches than examples; one epoch is asked for: stop when all examples are dealt."
    try:
        epoch = [np.asarray(batch) for batch in dealt]
    except ValueError:
        return None, "each batch must be an array of indices."
    if not epoch or any(batch.ndim != 1 or batch.size and batch.dtype.kind not in "iu" for batch in epoch):
        return None, "each batch must be an array of indices: integers, shape (B,)."
    return epoch, None


def _coverage(seen, n, B):
    if seen.size and (seen.min() < 0 or seen.max() >= n):
        return f"indices go from 0 to n - 1 = {n - 1}; yours go from {seen.min()} to {seen.max()}."
    counts = np.bincount(seen, minlength=n)
    if (counts == 1).all():
        return None
    missing = int((counts == 0).sum())
    if (counts > 1).any():
        again = f"{int((counts > 1).sum())} examples come more than once, "
        if missing == 0:
            return again + "and none is missing: the pieces overlap. Each begins where the last one ends."
        return again + (f"{missing} never: this draws with replacement. Shuffle all indices once, rng.permutation(n), "
                        "and cut them into pieces.")  # fmt: skip
    if missing == n % B:
        return f"the last {missing} examples are dropped: {n} is not a multiple of {B}. The last batch is smaller."
    return f"{missing} of the {n} examples are in no batch."


def _order(deal, seen, n, B):
    for order, backward in ((seen, ""), (seen[::-1], ", backward")):
        if np.array_equal(order, np.arange(n)):
            return f"the examples come in their own order{backward}; shuffle them: data may lie sorted by class."
        if (np.diff(order) % n == 1).all():
            return f"the examples come in their own order{backward}, only from another start; shuffle them."
    groups = seen[: n - n % B].reshape(-1, B)
    if len(groups) > 1 and (np.ptp(groups, axis=1) == B - 1).all():
        if (np.diff(groups, axis=1) == 1).all():
            return "only the order of the batches is random, each holds neighbors; shuffle the examples."
        if (np.diff(groups.min(axis=1)) > 0).all():
            return "each batch holds neighbors, shuffled only within its batch; shuffle all examples."
        return "each batch holds neighbors; shuffle all examples before you cut them into batches."
    again = np.concatenate([np.asarray(batch) for batch in deal(n, B, np.random.default_rng(0))])
    if not np.array_equal(again, seen):
        return "the same rng gives another order each time: draw from the rng that is handed in, not from another one."
    rng = np.random.default_rng(0)
    first, second = (np.concatenate([np.asarray(batch) for batch in deal(n, B, rng)]) for _ in range(2))
    if np.array_equal(first, second):
        return "two epochs have the same order; draw anew in each epoch from the rng that is handed in."
    return None


@exercise("04.2 the rate that noise allows", "limit(curvature, sigma, B)")
def _limit(limit):
    """limit(curvature, sigma, B): where w -> (1 - lr (curvature + sigma noise / sqrt(B))) w stops shrinking."""
    for c, sigma, B in ((0.5, 2.0, 1), (0.5, 2.0, 16), (3.0, 1.0, 4), (2.0, 0.0, 8)):
        noise = sigma**2 / B
        hint = expect_number(limit(c, sigma, B), 2 * c / (c**2 + noise), tolerance=1e-6, hints=[
            (2 / c, "this is the limit without noise; the noise adds lr² sigma²/B to the factor of the mean square."),
            (2 * c / (c**2 + sigma**2), "right for single examples; a batch of B has a noise variance of sigma²/B."),
            (c / (c**2 + noise), "at this rate the mean square shrinks fastest; asked for is the rate at which it no "
             "longer shrinks."),
            (2 / (c + sigma / math.sqrt(B)), "standard deviations do not add up: take the mean of the squared factor."),
            (2 * c / (c**2 + sigma / B), "the variance of the noise is sigma², not sigma."),
            (2 * c / (c + noise), "the squared factor has lr² times the curvature squared in it."),
            (2 / (c**2 + noise), "nearly: divide the term that is linear in lr by the one that is quadratic in it."),
        ], otherwise="multiply out the squared factor, take its mean, and ask at which lr it is 1.")  # fmt: skip
        if hint:
            return f"curvature {c}, sigma {sigma}, B = {B}: {hint}"
    return None


@exercise("04.3 back through a layer", "backward(x, W, b, d)")
def _backward(backward):
    """backward(x, W, b, d) of the layer h = max(x W + b, 0), given d, the derivative of the loss by h."""
    return first_hint(
        (f"{n} examples, {i} inputs, {o} outputs", _layer(backward, n, i, o)) for n, i, o in ((5, 4, 3), (4, 6, 5))
    )


def _layer(backward, examples, inputs, outputs):
    rng, shapes = np.random.default_rng(1), ((examples, inputs), (inputs, outputs), (1, outputs), (examples, outputs))
    x, W, b, d = map(rng.standard_normal, shapes)
    copies = [a.copy() for a in (x, W, b, d)]
    reply = backward(x, W, b, d)
    if reply is None:
        return "backward returned None; end it with return dx, dW, db."
    if not isinstance(reply, (tuple, list)) or len(reply) != 3:
        return "return three arrays: dx, dW, db."
    if not all(np.array_equal(a, before) for a, before in zip((x, W, b, d), copies, strict=True)):
        return "an input was changed in place; make new arrays."
    delta = d * (x @ W + b > 0)
    right = {"dx": delta @ W.T, "dW": x.T @ delta, "db": delta.sum(axis=0, keepdims=True)}
    for (name, each), answer in zip(right.items(), reply, strict=True):
        if hint := _derivative(name, floats_of(answer), each, x, W, b, d):
            return hint
    return None


def _derivative(name, answer, right, x, W, b, d):
    if answer is None:
        return f"{name} must be an array of numbers."
    z = x @ W + b
    delta, alive, without_b = d * (z > 0), np.maximum(z, 0), d * (x @ W > 0)
    mask = f"{name}: the mask is where x @ W + b is above 0; yours forgets b."
    hints = {
        "dx": [(d @ W.T, "dx forgets the bend: where x W + b was below 0, h does not move, and its derivative is 0."),
               (without_b @ W.T, mask),
               (delta, "dx is still the derivative by x W + b; go back through W: multiply by W transposed.")],
        "dW": [(x.T @ d, "dW forgets the bend: multiply d by 1 where x W + b > 0, and by 0 elsewhere."),
               (x.T @ without_b, mask),
               (x.T @ delta / len(x), "dW is divided by the batch size, but d has that in it already: it is the "
                "derivative of the loss by h."),
               (x.T @ (d * alive), "dW: the derivative of max(z, 0) is 1 or 0, not max(z, 0).")],
        "db": [(right[0], f"db has the right numbers, but b is a row: keep its shape {b.shape}."),
               (d.sum(axis=0, keepdims=True), "db forgets the bend."),
               (without_b.sum(axis=0, keepdims=True), mask),
               (delta.mean(axis=0, keepdims=True), "db is a sum over the batch, not a mean: b is added to every row."),
               (delta, "b is added to every row of the batch, so its derivative is the sum over the rows.")],
    }[name]  # fmt: skip
    if answer.shape != right.shape:
        otherwise = f"{name} must have the shape of what it belongs to, {right.shape}; yours has {answer.shape}."
    else:
        i, j = np.unravel_index(np.abs(answer - right).argmax(), right.shape)
        measured = _measured("dx dW db".split().index(name), (i, j), x, W, b, d)
        otherwise = (
            f"{name}[{i}, {j}] is {answer[i, j]:.4f}, but by central differences the derivative is {measured:.4f}."
        )
    return expect_array(answer, right, hints, otherwise)


def _measured(which, place, x, W, b, d, h=1e-6):
    """Derivative of the loss sum(d * h) by one entry of x, W or b, by central differences."""
    losses = []
    for sign in (1, -1):
        moved = [x.copy(), W.copy(), b.copy()]
        moved[which][place] += sign * h
        losses.append((d * np.maximum(moved[0] @ moved[1] + moved[2], 0)).sum())
    return (losses[0] - losses[1]) / (2 * h)


@exercise("04.4 an average of the weights", "ema(weights, beta)")
def _ema(ema):
    """ema(weights, beta): after each step the moving average of the weights, corrected for its start at 0."""
    return first_hint((f"beta = {beta}", _weight_averages(ema, beta)) for beta in (0.9, 0.6))


def _weight_averages(ema, beta):
    weights = [np.array([4.0, 0.0]), np.array([2.0, 1.0]), np.array([1.0, 5.0])]
    kept = [w.copy() for w in weights]
    reply, hint = call(ema, weights, beta)
    if hint:
        return hint
    if reply is None:
        return "ema returned None; return the averages as a list, or yield them one by one."
    if isinstance(reply, (str, bytes, dict)) or not hasattr(reply, "__iter__"):
        return f"ema must give one average for each step, as a list or with yield, not {type(reply).__name__}."
    given, hint = call(lambda: [floats_of(average) for average in itertools.islice(reply, 9)])  # also of a generator
    if hint:
        return hint
    averages = floats_of(given)
    if averages is None or averages.shape != (3, 2):
        return "three steps of two weights each have three averages of two weights each; yours are other ones."
    if not all(np.array_equal(w, copy) for w, copy in zip(weights, kept, strict=True)):
        return "the weights were changed in place; make new arrays."
    if not np.isfinite(averages).all():
        return FROM_ZERO
    right = moving_averages(kept, beta)
    otherwise = f"for the weights {np.array(kept).tolist()} and beta = {beta} it should give {right.round(4).tolist()}."
    return expect_array(averages, right, [
        *hints_for_averages(kept, beta, "weights"),
        (right[[0, 0, 1]], "each average comes one step late: take in the weights first."),
        (np.cumsum(kept, axis=0) / np.arange(1, 4)[:, None], "this is the plain mean of all steps; the start never "
         "fades."),
        (right[[2, 2, 2]], "all three are the last average: make a new array in each step, or copy it."),
    ], otherwise)  # fmt: skip


RUNS, MOST_BEHIND, GOOD = 20, 1.5, (0.03, 0.9)  # GOOD: a well-tuned setting
UNITS = 1, 1 / 8  # of the learning rate, in the two trainings: the best rate of the second is eight times as large
_CURVATURES = np.geomspace(0.01, 1, 20)


class _OverBudget(Exception):
    pass


@exercise("04.5 twenty runs", "search(run)")
def _search(search):
    """search(run): a learning rate and a beta, of at most 20 noisy runs; judged on seeds that it has not seen."""
    hint = _one_search(search, UNITS[0])
    if hint is None and (second := _one_search(search, UNITS[1])):
        return f"right for the first training; in the second training, {second}"
    return hint


def _one_search(search, unit):
    tried = []

    def run(lr, beta):
        _check_setting(lr, beta)
        if len(tried) == RUNS:
            raise _OverBudget
        tried.append((float(_losses(unit * lr, beta, np.random.default_rng(len(tried)), 1)[0]), float(lr), float(beta)))
        return tried[-1][0]

    try:
        reply = search(run)
    except _OverBudget:
        return f"the budget is {RUNS} runs, and yours asks for another one."
    reply = as_list(reply)
    if not isinstance(reply, (tuple, list)) or len(reply) != 2 or None in map(float_of, reply):
        return f"return two numbers, (lr, beta), not {reply!r}."
    lr, beta = map(float, reply)
    _check_setting(lr, beta)
    test, best = (_losses(*setting, np.random.default_rng(99), 300).mean() for setting in ((unit * lr, beta), GOOD))
    if test <= MOST_BEHIND * best:
        return None
    return f"on 300 other seeds, lr {lr:.3g} with beta {beta:.3g} ends at {test:.3g}. {_advice(tried, lr, beta, test)}"


def _advice(tried, lr, beta, test):
    if len(tried) < RUNS // 2:
        return f"You have used {len(tried)} of {RUNS} runs: spend the others."
    loss, best_lr, best_beta = min(tried)
    if loss < test and not (close(lr, best_lr) and close(beta, best_beta)):
        return f"The lowest of your own runs was another: lr {best_lr:.3g} with beta {best_beta:.3g}, at {loss:.3g}."
    rates = {each[1] for each in tried}
    if lr in (min(rates), max(rates)):
        return "Of the rates that you tried this one is at the end; try others beyond it."
    return "Your grid misses the good settings, or a lucky run led you astray: look again around the best few."


def _check_setting(lr, beta):
    if float_of(lr) is None or float_of(beta) is None or not 0 < lr < math.inf or not 0 <= beta < 1:
        raise ValueError(f"lr={lr!r} must be a number above 0, and beta={beta!r} one from 0 to below 1")


def _losses(lr, beta, rng, runs):
    """Losses of runs of momentum, 300 steps on a bowl of 20 curvatures with noisy gradients."""
    w, v = np.full((runs, 20), 3.0), 0.0
    with np.errstate(all="ignore"):  # settings that diverge
        for _ in range(300):
            v = beta * v + _CURVATURES * w + 0.3 * np.sqrt(_CURVATURES) * rng.standard_normal(w.shape)
            w = w - lr * v
        return np.nan_to_num((w**2 @ _CURVATURES) / 2, nan=np.inf)
