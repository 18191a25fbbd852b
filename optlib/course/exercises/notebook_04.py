"""Exercises of the notebook Mini-batches."""

import itertools

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


@exercise("04.2 the mean over unequal batches", "epoch_mean(means, sizes)")
def _epoch_mean(epoch_mean):
    """epoch_mean(means, sizes): mean over all examples, from the means of the batches."""
    means, sizes = np.array([2.0, 5.0, 12.0]), np.array([64, 64, 16])
    right = float(means @ sizes / sizes.sum())
    for given in ((means, sizes), (means.tolist(), sizes.tolist())):
        hint = expect_number(epoch_mean(*given), right, tolerance=1e-9, hints=[
            (means.mean(), "this is the plain mean of the means: an example of the last batch counts four times as "
             "much as the others. Weigh each mean with its size."),
            (means @ sizes, "this is the sum over all examples; divide it by their number, the sum of the sizes."),
            (means @ sizes / len(sizes), "divide by the number of examples, not by the number of batches."),
            (means @ sizes / 64, "divide by the number of all examples, not by the size of a full batch."),
            ((means / sizes).sum() / (1 / sizes).sum(), "the weights are upside down: a batch of more examples counts "
             "more."),
            (means[:-1].mean(), "the last batch is left out; its examples count as much as the others."),
            (np.median(means), "this is a median; asked is a mean."),
        ], otherwise="the sum of all losses is the sum of mean times size; divide it by the number of examples.",
        )  # fmt: skip
        if hint:
            return hint
    return None


@exercise("04.3 back through a layer", "backward(x, W, b, d)")
def _backward(backward):
    """backward(x, W, b, d) of the layer h = max(x W + b, 0), given d, the slope of the loss by h."""
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
    for (name, slope), answer in zip(right.items(), reply, strict=True):
        if hint := _slope(name, floats_of(answer), slope, x, W, b, d):
            return hint
    return None


def _slope(name, answer, right, x, W, b, d):
    if answer is None:
        return f"{name} must be an array of numbers."
    z = x @ W + b
    delta, alive = d * (z > 0), np.maximum(z, 0)
    hints = {
        "dx": [(d @ W.T, "dx forgets the bend: where x W + b was below 0, h does not move, and its slope is 0."),
               (delta, "dx is still the slope by x W + b; go back through W: multiply by W transposed.")],
        "dW": [(x.T @ d, "dW forgets the bend: multiply d by 1 where x W + b > 0, and by 0 elsewhere."),
               (x.T @ delta / len(x), "dW is divided by the batch size, but d has that in it already: it is the slope "
                "of the loss by h."), (x.T @ (d * alive), "dW: the slope of max(z, 0) is 1 or 0, not max(z, 0).")],
        "db": [(right[0], "db has the right numbers, but b is a row of shape (1, 3); keep it: keepdims=True."),
               (d.sum(axis=0, keepdims=True), "db forgets the bend."),
               (delta.mean(axis=0, keepdims=True), "db is a sum over the batch, not a mean: b is added to every row."),
               (delta, "b is added to every row of the batch, so its slope is the sum over the rows.")],
    }[name]  # fmt: skip
    if answer.shape != right.shape:
        otherwise = f"{name} must have the shape of what it is the slope by, {right.shape}; yours has {answer.shape}."
    else:
        measured = _measured("dx dW db".split().index(name), x, W, b, d)
        otherwise = f"{name}[0, 0] is {answer[0, 0]:.4f}, but by central differences the slope is {measured:.4f}."
    return expect_array(answer, right, hints, otherwise)


def _measured(which, x, W, b, d, h=1e-6):
    """Slope of the loss sum(d * h) by the first entry of x, W or b, by central differences."""
    losses = []
    for sign in (1, -1):
        moved = [x.copy(), W.copy(), b.copy()]
        moved[which][0, 0] += sign * h
        losses.append((d * np.maximum(moved[0] @ moved[1] + moved[2], 0)).sum())
    return (losses[0] - losses[1]) / (2 * h)


@exercise("04.4 learning rates for a larger batch")
def _rates(answer):
    """From B = 32 to 128, far below the critical size: SGD 0.1 -> 0.4, Adam 0.001 -> 0.002."""
    if isinstance(answer, (str, bytes, dict)) or np.ndim(answer) != 1 or len(answer) != 2:
        return "give two numbers: rates = (of SGD, of Adam)."
    sgd, adam = map(float_of, answer)
    if sgd is None or adam is None:
        return f"give two numbers, not {answer[0]!r} and {answer[1]!r}."
    if close(sgd, 0.002) and close(adam, 0.4):
        return "the two are exchanged: SGD first, then Adam."
    hint = expect_number(sgd, 0.4, [
        (0.1, "for SGD the larger batch allows a larger rate: by which factor does the noise in the step shrink?"),
        (0.2, "SGD: that is the root of the factor; the ball depends on lr / B, so the rate may grow with B itself."),
        (0.025, "SGD: the other way round; a larger batch is less noisy and allows longer steps."),
        (0.8, "SGD: twice too much; 128 is four times 32."),
        (1.6, "SGD: that is the square of the factor; the ball depends on lr / B."),
    ], otherwise="SGD: what counts is lr / B; B grows from 32 to 128.")  # fmt: skip
    return hint or expect_number(adam, 0.002, [
        (0.004, "SGD is right. Adam divides by the noise's deviation, which shrinks like 1/√B; its ball depends on "
         "lr / √B."),
        (0.001, "SGD is right. Adam's rate may grow as well, only more slowly."),
        (0.0005, "SGD is right. Adam: the other way round."),
        (0.00025, "SGD is right. Adam: the other way round, and with the root."),
    ], otherwise="SGD is right. Adam: keep lr / √B as it is; √B doubles.")  # fmt: skip


# Losses, patience, best epoch, and how many losses may be read: those of the epochs 0 to best + patience.
_RUNS = (
    ([5.0, 4.0, 3.0, 3.5, 3.4, 3.6, 3.7, 3.8, 1.0], 3, 2, 6),
    ([1.0, 2.0, 3.0, 0.5], 2, 0, 3),
    ([5.0, 4.0, 4.5, 3.0, 3.5, 2.0, 2.5], 3, 5, 7),
    ([3.0, 2.0, 2.0, 2.0, 2.5, 2.5, 1.0], 2, 1, 4),
)  # fmt: skip


@exercise("04.5 early stopping", "stop(losses, patience)")
def _stop(stop):
    """stop(losses, patience): the epoch to keep, read one by one and not beyond the stop."""
    for losses, patience, best, allowed in _RUNS:
        read = []
        try:
            reply = stop(_one_by_one(losses, read), patience)
        except TypeError as error:
            if not any(word in str(error) for word in ("subscriptable", "len()", "generator")):
                raise
            return "losses come one by one, as training goes on: loop with `for epoch, loss in enumerate(losses)`."
        if hint := _kept_epoch(reply, losses, patience, best, len(read), allowed):
            return hint
    return None


def _one_by_one(losses, read):
    for loss in losses:
        read.append(loss)
        yield loss


def _kept_epoch(reply, losses, patience, best, read, allowed):
    if reply is None:
        return "stop returned None on a run; also return when the losses end before patience runs out."
    value = float_of(reply)
    if value is None or value != int(value):
        return f"return the number of an epoch, an integer from 0 on, not {reply!r}."
    value, run = int(value), f"losses {losses}, patience {patience}"
    if value != best and 0 <= value < len(losses) and losses[value] == losses[best]:
        return f"{run}: epoch {value} is as good as epoch {best}, but not better; only a lower loss counts."
    if read > allowed:
        if value == int(np.argmin(losses)) != best:
            return f"{run}: it looks into the future. Training would have stopped after epoch {allowed - 1}."
        return f"{run}: it trains on after epoch {allowed - 1}, when {patience} epochs have brought nothing better."
    if value == best and read == allowed:
        return None
    if value == best + 1 and read == allowed:
        return f"{run}: epochs are counted from 0; the lowest loss so far is that of epoch {best}."
    if value == allowed - 1 and read == allowed:
        return f"{run}: this is the epoch at which training stops; return the one whose weights are kept, the best."
    if read < allowed:
        return f"{run}: it stops too early, after epoch {read - 1}; count the epochs since the last best one."
    return f"{run}: the weights to keep are those of epoch {best}, not {value}. Only a lower loss is better."
