"""Exercises of the notebook Mini-batches."""

import itertools
import math

import numpy as np

from .engine import close, exercise, expect_array, expect_number, float_of, floats_of


@exercise("04.1 deal the examples", "deal(n, B, rng)")
def _deal(deal):
    """deal(n, B, rng): the batches of one epoch, as a sequence of index arrays."""
    n, B = 50, 8
    epoch, hint = _batches(deal(n, B, np.random.default_rng(0)), n)
    if hint:
        return hint
    seen = np.concatenate(epoch)
    if hint := _coverage(seen, n, B):
        return hint
    sizes = [len(batch) for batch in epoch]
    if sizes != [8] * 6 + [2]:
        if sizes[0] == 2:
            return "the small batch comes first; deal full batches until fewer than B are left."
        if len(sizes) == B:
            return f"these are {B} batches; B is the number of examples in a batch, not the number of batches."
        return f"50 examples in batches of 8 have the sizes 8, 8, 8, 8, 8, 8, 2; yours are {sizes}."
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
    if not epoch or any(batch.ndim != 1 or batch.dtype.kind not in "iu" for batch in epoch):
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
        return (
            f"{int((counts > 1).sum())} examples come more than once, {missing} never: this draws with replacement. "
            "Shuffle all indices once, rng.permutation(n), and cut them into pieces."
        )
    if missing == n % B:
        return f"the last {missing} examples are dropped: 50 is not a multiple of 8. The last batch is smaller."
    return f"{missing} of the {n} examples are in no batch."


def _order(deal, seen, n, B):
    if np.array_equal(seen, np.arange(n)):
        return "the examples come in their own order; shuffle them: data may lie sorted by class."
    groups = seen[: n - n % B].reshape(-1, B)
    if (np.ptp(groups, axis=1) == B - 1).all() or (np.diff(groups, axis=1) == 1).all():
        return "only the order of the batches is random, each holds neighbors; shuffle the examples."
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
    rng = np.random.default_rng(1)
    x, W, b, d = (rng.standard_normal(shape) for shape in ((5, 4), (4, 3), (1, 3), (5, 3)))
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
    delta, alive = d * (z > 0), np.maximum(z, 0)
    hints = {
        "dx": [(d @ W.T, "dx forgets the bend: where x W + b was below 0, h does not move, and its derivative is 0."),
               (delta, "dx is still the derivative by x W + b; go back through W: multiply by W transposed.")],
        "dW": [(x.T @ d, "dW forgets the bend: multiply d by 1 where x W + b > 0, and by 0 elsewhere."),
               (x.T @ delta / len(x), "dW is divided by the batch size, but d has that in it already: it is the "
                "derivative of the loss by h."),
               (x.T @ (d * alive), "dW: the derivative of max(z, 0) is 1 or 0, not max(z, 0).")],
        "db": [(right[0], "db has the right numbers, but b is a row of shape (1, 3); keep it: keepdims=True."),
               (d.sum(axis=0, keepdims=True), "db forgets the bend."),
               (delta.mean(axis=0, keepdims=True), "db is a sum over the batch, not a mean: b is added to every row."),
               (delta, "b is added to every row of the batch, so its derivative is the sum over the rows.")],
    }[name]  # fmt: skip
    if answer.shape != right.shape:
        otherwise = f"{name} must have the shape of what it belongs to, {right.shape}; yours has {answer.shape}."
    else:
        measured = _measured("dx dW db".split().index(name), x, W, b, d)
        otherwise = f"{name}[0, 0] is {answer[0, 0]:.4f}, but by central differences the derivative is {measured:.4f}."
    return expect_array(answer, right, hints, otherwise)


def _measured(which, x, W, b, d, h=1e-6):
    """Derivative of the loss sum(d * h) by the first entry of x, W or b, by central differences."""
    losses = []
    for sign in (1, -1):
        moved = [x.copy(), W.copy(), b.copy()]
        moved[which][0, 0] += sign * h
        losses.append((d * np.maximum(moved[0] @ moved[1] + moved[2], 0)).sum())
    return (losses[0] - losses[1]) / (2 * h)


@exercise("04.4 an average of the weights", "ema(weights, beta)")
def _ema(ema):
    """ema(weights, beta): after each step the moving average of the weights, corrected for its start at 0."""
    beta, weights = 0.9, [np.array([4.0, 0.0]), np.array([2.0, 1.0]), np.array([1.0, 5.0])]
    kept = [w.copy() for w in weights]
    reply = ema(weights, beta)
    if reply is None:
        return "ema returned None; return the averages as a list, or yield them one by one."
    if isinstance(reply, (str, bytes, dict)) or not hasattr(reply, "__iter__"):
        return f"ema must give one average for each step, as a list or with yield, not {type(reply).__name__}."
    averages = floats_of([floats_of(average) for average in itertools.islice(reply, 9)])
    if averages is None or averages.shape != (3, 2):
        return "three steps of two weights each have three averages of two weights each; yours are other ones."
    if not all(np.array_equal(w, copy) for w, copy in zip(weights, kept, strict=True)):
        return "the weights were changed in place; make new arrays."
    return expect_array(averages, _averages(kept, beta, 0.0), [
        (_averages(kept, beta, 0.0, corrected=False), "right but for the correction: the first average is only 0.1 "
         "times the first weights. Divide by 1 - beta^t."),
        (_averages(kept, beta, kept[0], corrected=False), "this starts at the first weights and so gives them too much "
         "say for the first 1/(1 - beta) steps. Start at 0, and divide by 1 - beta^t."),
        (_averages(kept, 1 - beta, 0.0), "beta is the share of the old average, not of the new weights."),
        (_averages(kept, beta, 0.0)[[0, 0, 1]], "each average comes one step late: take in the weights first."),
        (np.cumsum(kept, axis=0) / np.arange(1, 4)[:, None], "this is the plain mean of all steps; the start never "
         "fades."),
        (np.broadcast_to(_averages(kept, beta, 0.0)[-1], (3, 2)), "all three are the last average: make a new array in "
         "each step, or copy it."),
    ], "from m = 0 on, m = beta m + (1 - beta) w; what you give after step t is m / (1 - beta^t).")  # fmt: skip


def _averages(weights, beta, m, corrected=True):
    averages = []
    for t, w in enumerate(weights, start=1):
        m = beta * m + (1 - beta) * w
        averages.append(m / (1 - beta**t) if corrected else m)
    return np.array(averages)


RUNS, MOST_BEHIND, GOOD = 20, 1.5, (0.03, 0.9)  # GOOD: the best setting of a fine grid
_CURVATURES = np.geomspace(0.01, 1, 20)


class _OverBudget(Exception):
    pass


@exercise("04.5 twenty runs", "search(run)")
def _search(search):
    """search(run): a learning rate and a beta, of at most 20 noisy runs; judged on seeds that it has not seen."""
    tried = []

    def run(lr, beta):
        _check_setting(lr, beta)
        if len(tried) == RUNS:
            raise _OverBudget
        tried.append((float(_losses(lr, beta, np.random.default_rng(len(tried)), 1)[0]), float(lr), float(beta)))
        return tried[-1][0]

    try:
        reply = search(run)
    except _OverBudget:
        return f"the budget is {RUNS} runs, and yours asks for another one."
    if not isinstance(reply, (tuple, list)) or len(reply) != 2 or None in map(float_of, reply):
        return f"return two numbers, (lr, beta), not {reply!r}."
    lr, beta = map(float, reply)
    _check_setting(lr, beta)
    test, best = (_losses(*setting, np.random.default_rng(99), 300).mean() for setting in ((lr, beta), GOOD))
    if test <= MOST_BEHIND * best:
        return None
    return f"on 300 other seeds, lr {lr:.3g} with beta {beta:.3g} ends at {test:.3g}. {_advice(tried, lr, beta)}"


def _advice(tried, lr, beta):
    if len(tried) < RUNS // 2:
        return f"You have used {len(tried)} of {RUNS} runs: spend the others."
    loss, best_lr, best_beta = min(tried)
    if not close(lr, best_lr) or not close(beta, best_beta):
        return f"Your own runs had a better setting: lr {best_lr:.3g} with beta {best_beta:.3g} ended at {loss:.3g}."
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
