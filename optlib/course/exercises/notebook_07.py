"""Exercises of the notebook Training in practice."""

import math

import numpy as np

from ... import optimizers, schedules
from .engine import (
    as_list,
    close,
    exercise,
    expect_array,
    expect_number,
    float_of,
    floats_of,
    hint_for,
    hint_for_faults,
    same,
)


@exercise("07.1 where the length settles", "settled(lr, weight_decay, r)")
def _settled(settled):
    """settled(lr, weight_decay, r): length of weights after many steps of length lr r across them, with decay."""
    for lr, decay, r in ((0.1, 0.5, 2.0), (0.5, 1.0, 1.0), (0.02, 3.0, 0.5)):
        a = lr * decay
        right = lr * r / math.sqrt(a * (2 - a))
        hint = expect_number(settled(lr, decay, r), right, tolerance=1e-6, hints=[
            (right**2, "this is the square of the length."),
            (r * math.sqrt(lr / (2 * decay)), "right to first order; keep the square of lr * weight_decay as well."),
            (r / decay, "there they would settle if all steps had one direction; these are perpendicular to the "
             "weights, so the squares of the lengths add up."),
            (r / math.sqrt(a * (2 - a)), "the step is lr * u, so its length is lr * r."),
            (lr * math.sqrt(r / (a * (2 - a))), "the square of the step's length has r squared in it."),
            (lr * r / math.sqrt(a), "the decay acts on the length twice in its square: (1 - lr * weight_decay)**2."),
            (lr * r / math.sqrt(1 - a), "the old length shrinks by the factor 1 - lr * weight_decay before it is "
             "squared; bring what is left of it to the other side."),
        ], otherwise="write L**2 after a step as the square of the shrunken old length plus that of the step; where "
           "it settles this is L**2 again.")  # fmt: skip
        if hint:
            return f"lr {lr}, weight_decay {decay}, r {r}: {hint}"
    return None


_STEPS_OF_RUNS, _MEMORY = 960, 0.998
_FAULTS = {  # of each run what went wrong, and what shows it
    "B": ("no cooldown", "its evaluated loss jumps about until the end: its steps do not get shorter."),
    "C": ("clipped", "its length grows slowly from the first epoch on and never comes near that of A, and the loss of "
          "its batches falls slowly: all steps are too short."),
    "D": ("wrong weights", "the loss of its batches is that of run A; only the evaluated loss is high. The training is "
          "well, and something else is evaluated."),
    "E": ("too early", "from a quarter of the run on nothing moves at all, not even the length."),
    "F": ("decay", "it is level from the first epochs on, and so is the length of its weights, far below A's: "
          "something holds them back."),
}  # fmt: skip


def faulty_runs():
    """Trainings of a linear model, A well and the others with a fault each, after every 60 of 960 steps.

    Returns
    -------
    dict of "loss of the batches", "evaluated loss", "length of the weights" -> dict of letter -> array (16,)
    """
    falling = lambda steps: schedules.LinearToZero(0.15, steps)
    sgd = lambda lr: optimizers.GradientDescent(lr=lr)
    rules = {
        "A": sgd(falling(_STEPS_OF_RUNS)), "B": sgd(0.15),
        "C": optimizers.ClipNorm(sgd(falling(_STEPS_OF_RUNS)), max_norm=0.1),
        "D": optimizers.EMA(sgd(falling(_STEPS_OF_RUNS)), decay=_MEMORY), "E": sgd(falling(_STEPS_OF_RUNS // 4)),
        "F": optimizers.WeightDecay(sgd(falling(_STEPS_OF_RUNS)), weight_decay=0.5),
    }  # fmt: skip
    shown = {"loss of the batches": {}, "evaluated loss": {}, "length of the weights": {}}
    rng = np.random.default_rng(0)
    scale = np.geomspace(1.0, 0.15, 20)  # of the inputs
    x = scale * rng.standard_normal((_STEPS_OF_RUNS, 8, 20))
    y = x.sum(axis=-1) + 2 * rng.standard_normal((_STEPS_OF_RUNS, 8))  # all right weights are 1
    for letter, rule in rules.items():
        w, batches, evaluated, lengths = np.zeros(20), [], [], []
        for t in range(_STEPS_OF_RUNS):
            error = x[t] @ w - y[t]
            batches.append(error @ error / 16)
            w = rule.step(w, x[t].T @ error / 8)
            if t % 60 == 59:
                kept = rule.evaluation_point(w)
                evaluated.append((np.sum((scale * (kept - 1)) ** 2) + 1) / 2)
                lengths.append(np.linalg.norm(kept))
        rows = np.reshape(batches, (-1, 60)).mean(axis=1), np.array(evaluated), np.array(lengths)
        for each, row in zip(shown.values(), rows, strict=True):
            each[letter] = row
    return shown


@exercise("07.2 six runs, five faults")
def _diagnosis(answer):
    """A dict of letter -> name of the fault."""
    return hint_for_faults(answer, _FAULTS, 'five faulty runs, such as {"B": "decay", "C": ..., ...}')


@exercise("07.3 all lengths from one run", "results(state, step, lr, lengths)")
def _results(results):
    """results(state, step, lr, lengths): the states of trainings of these lengths, computed from one run."""
    lr, lengths, calls = 0.3, [10, 25, 60], []

    def step(state, lr):
        if len(calls) >= sum(lengths) + 100:
            raise RuntimeError("step was called more often than by separate trainings")
        calls.append(lr)
        return 0.9 * np.asarray(state, dtype=float) + lr  # depends on all rates and their order

    start = np.array([5.0, -3.0])

    def walk(x, T, first=0):
        """Through the steps of a training of length T, from the first on."""
        plan = schedules.WSD(lr, T, decay=T // 5)
        for t in range(first, T):
            x = 0.9 * x + plan(t)
        return x

    def trunk(x, steps):
        return 0.9**steps * x + lr * (1 - 0.9**steps) / 0.1

    ends = lambda x: np.array([walk(x, T) for T in lengths])
    reply = results(start.copy(), step, lr, list(lengths))
    if reply is None:
        return "results returned None; return the list of states."
    answer = floats_of(list(reply) if hasattr(reply, "__iter__") else reply)
    if answer is None or answer.shape != (len(lengths), 2):
        return f"return one state for each of the {len(lengths)} lengths, in a list."
    right = ends(start)
    if not same(answer, right):
        flat = [T - T // 5 for T in lengths]
        cold, done = [walk(start, lengths[0])], lengths[0]
        for T, steps in zip(lengths[1:], flat[1:], strict=True):
            cold.append(walk(trunk(cold[-1], max(steps - done, 0)), T, max(steps, done)))
            done = T
        over = [walk(trunk(start, steps), T, T - T // 5) for T, steps in zip(lengths, np.cumsum(flat), strict=True)]
        otherwise = ("the states differ from those of separate trainings: which rate has each step? The cooldown "
                     "belongs to the length, it does not come after it.")  # fmt: skip
        if same(answer[0], right[0]):
            otherwise = "the first length is right, a later one is not: how many steps has the constant part by then?"
        return hint_for(answer, [
            (np.array(cold), "the first length is right, the second is not: go on from the constant part, not from the "
             "state that has cooled down."),
            (np.array(over), "the first length is right, a later one is not: the constant part makes T - T // 5 steps "
             "in all, and some of them are done already."),
            (np.array([trunk(start, T) for T in lengths]), "these states have not cooled down: all their steps have "
             "the full lr."),
            (ends(0 * start), "start at the given state, not at 0."),
        ], otherwise)  # fmt: skip
    least = max(T - T // 5 for T in lengths) + sum(T // 5 for T in lengths)
    if len(calls) > least:
        return f"right states, but step was called {len(calls)} times; {least} are enough: share the constant part."
    return None


@exercise("07.4 a step in mixed precision", "step(master, gradients, scale, lr, limit)")
def _step(step):
    """step(master, gradients, scale, lr, limit): the next master weights; gradients are float16, of the scaled loss."""
    master = np.array([1.0003, -2.0007, 0.5001, 4.001], np.float32)  # none of them a number of float16
    for case, (g, scale, lr, limit) in _STEPS.items():
        seen, kept = [], master.copy()

        def gradients(w, g=g, seen=seen):
            seen.append(getattr(w, "dtype", None))
            return np.array(g, np.float16)

        with np.errstate(all="ignore"):  # what overflows in a faulty step
            new = step(master, gradients, scale, lr, limit)
        if not np.array_equal(master, kept):
            return "master was changed in place; make a new array."
        if new is None:
            return "step returned None; return the new master weights."
        if seen != [np.float16]:
            return "call gradients once, at the weights in float16: master.astype(np.float16)."
        if hint := _step_hint(new, master, np.array(g, np.float16), scale, lr, limit):
            return f"{case}: {hint}"
    return None


# What the gradients of the scaled loss are, the scale, the learning rate, and the limit of the gradient's norm.
_STEPS = {
    "a small step": ([100.0, 200.0, -50.0, 25.0], 1024, 1e-3, 1000.0),  # even the scaled gradient is shorter
    "a step to be clipped": ([100.0, 200.0, -50.0, 25.0], 16, 0.1, 1.0),
    "a scaled gradient of 60,000": ([60000.0, -50000.0, 40000.0, 3000.0], 16, 0.1, 1.0),
    "a scaled gradient of 0.001": ([1e-3, 2e-3, -1e-3, 1e-3], 65536, 1e3, 10.0),
    "an infinite gradient": ([math.inf, 1.0, 1.0, 1.0], 1024, 0.1, 1.0),
    "a gradient that is no number": ([math.nan, 1.0, 1.0, 1.0], 1024, 0.1, 1.0),
}


def _step_hint(new, master, g, scale, lr, limit):
    values = floats_of(new)
    if values is None or values.shape != master.shape:
        return f"step must return an array of shape {master.shape}, the new master weights."
    if not np.isfinite(g).all():
        skip = "skip the step and return master as it was: one nan, and soon all weights are nan."
        return None if same(values, master) else skip
    if getattr(new, "dtype", None) != np.float32:
        return "the master weights are float32; yours are not any more."
    scaled = g.astype(float)
    plain = scaled / scale
    short = lambda v: v * min(1.0, limit / np.linalg.norm(v))
    stretched = lambda v: v * limit / np.linalg.norm(v)
    moved = values - master.astype(float)  # compared is what was added: a step may be 1e-5, beside weights of 1
    agrees = lambda change: np.allclose(moved, -lr * change, rtol=0.02, atol=2e-7)
    if agrees(short(plain)):
        return None
    copy = master.astype(np.float16)
    half = (copy - (lr * short(plain)).astype(np.float16)).astype(float)
    hints = [
        (np.linalg.norm(plain) < limit and (agrees(stretched(plain)) or agrees(stretched(scaled) / scale)),
         "the gradient is now always as long as the limit; a gradient shorter than the limit stays as it is."),
        (agrees(short(scaled) / scale), "the limit acts on the scaled gradient, which is longer: divide by the scale "
         "first, then clip."),
        (agrees(scaled) or agrees(short(scaled)), "nothing undoes the scale: divide the gradient by it."),
        (agrees(plain), "nothing is clipped, but the norm is above the limit."),
        (agrees(-short(plain)), "this walks uphill: subtract the step."),
        (same(values, master) or same(values, copy), "the weights stand still: something on the way is lost in "
         "float16. Is it the gradient, its norm, or the step itself?"),
        (same(values, values.astype(np.float16)) and np.allclose(values, half, rtol=2e-3)
         or np.allclose(values - copy, -lr * short(plain), rtol=0.02, atol=2e-7),
         "the step is made on the copy in float16, which rounds it; step master."),
    ]  # fmt: skip
    otherwise = f"the step of the first weight is {moved[0]:.3g}; it should be {-lr * short(plain)[0]:.3g}."
    return next((text for fits, text in hints if fits), otherwise)


@exercise("07.5 which updates survive")
def _survives(answer):
    """(survives, *guesses): a function of w and step, and three shares that were guessed before it was used."""
    survives, *guesses = answer if isinstance(answer, (tuple, list)) and len(answer) == 4 else [None]
    if not callable(survives):
        return "hand in your function and your three guesses, (survives, *guesses)."
    shares = [float_of(guess) for guess in guesses]
    if None in shares or not all(0 <= share <= 1 for share in shares):
        return f"your guesses are shares of the weights, numbers from 0 to 1, not {guesses}."
    if shares != sorted(shares):
        return "a longer step changes every weight that a shorter one changes: the guesses cannot fall with the rate."
    return _survivors_hint(survives)


def _replies(survives, calls):
    """Of each (w, step); where plain numbers raise, w is an array of one float32, as the text calls it with many."""
    try:
        return [survives(w, step) for w, step in calls]
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        try:
            return [survives(np.array([w], np.float32), step) for w, step in calls]
        except Exception:
            raise error from None  # the first one is of the simpler call


def _survivors_hint(survives):
    w = np.array([1.0, 1.25, 1.75, -1.5, 0.75, -0.046875, 6.0, 100.0, 2.0**-10, 1.984375])[:, None]
    spacing, shares = 2.0 ** (np.floor(np.log2(np.abs(w))) - 7), np.array([0.05, 0.1, 0.3, 0.45, 0.55, 0.9, 1.5])
    steps = shares * spacing
    calls = [(float(a), float(step)) for a, row in zip(w[:, 0], steps, strict=True) for step in row]
    replies = _replies(survives, calls)
    if any(reply is None for reply in replies):
        return "survives returned None; return True or False."
    reply, number = floats_of(replies), lambda true: (true + 0 * steps).astype(float)
    if reply is None or reply.size != steps.size:
        return "return True or False, one for each call."
    return expect_array(reply.reshape(steps.shape), number(steps > spacing / 2), [
        (number(steps > spacing), "a step need not reach the next number: beyond half the spacing it is rounded up."),
        (number(steps > spacing / 4), "that is one bit too many: bfloat16 has 7 bits between two powers of two."),
        (number(steps > spacing / 16), "that is float16, with 10 bits between two powers of two; bfloat16 has 7."),
        (number(steps > 2.0**-8), "right between 1 and 2 only: the spacing doubles at each power of two."),
        (number(steps > np.abs(w) / 256), "the spacing is the same for all numbers between two powers of two: take the "
         "power of two below |w|, not |w| itself."),
        (number(steps <= spacing / 2), "the other way round: True where the number changes."),
    ], "the spacing at w is 1/128 of the power of two below |w|; beyond half of it a step survives.")  # fmt: skip


RUNS, FEWEST, MOST_BEHIND, GOOD = 20, 10, 1.05, (0.01, 0.003, 12)  # GOOD: nearly the best of a grid
_WIDTH, _CLASSES, _TRAIN = 30, 5, 80


class _OverBudget(Exception):
    pass


@exercise("07.6 twenty runs against a hidden test", "tune(run)")
def _tune(tune):
    """tune(run): (lr, decay, batch), of 10 to 20 noisy runs; judged by a hidden test, with other seeds."""
    tried = []

    def run(lr, decay, batch):
        _check_setting(lr, decay, batch)
        if len(tried) == RUNS:
            raise _OverBudget
        w = _trained(lr, decay, batch, np.random.default_rng(len(tried)), 1)
        tried.append((float(_loss(w, *_DATA["validation"])[0]), float(lr), float(decay), int(batch)))
        return tried[-1][0]

    try:
        reply = tune(run)
    except _OverBudget:
        return f"the budget is {RUNS} runs, and yours asks for another one."
    reply = as_list(reply)
    if not isinstance(reply, (tuple, list)) or len(reply) != 3 or None in map(float_of, reply):
        return f"return three numbers, (lr, decay, batch), not {reply!r}."
    _check_setting(*reply)
    if len(tried) < FEWEST:
        return f"You have used {len(tried)} of {RUNS} runs: make at least {FEWEST}, so that your choice rests on them."
    rates = [rate for _, rate, *_ in tried]
    if not min(rates) / 3 <= reply[0] <= 3 * max(rates):
        return f"none of your runs comes near the rate {reply[0]:g} that you chose: try it before you choose it."
    test, best = (_loss(_trained(*s, np.random.default_rng(99), 20), *_DATA["test"]).mean() for s in (reply, GOOD))
    if test <= MOST_BEHIND * best:
        return None
    return f"on the hidden test your choice ends at {test:.3g}. {_advice(tried, reply)}"


def _advice(tried, reply):
    loss, *setting = min(tried)
    if not all(map(close, map(float, reply), setting)):
        return f"The lowest of your own runs was another: {tuple(setting)}, at {loss:.3g} on the validation set."
    if setting[0] in (min(each[1] for each in tried), max(each[1] for each in tried)):
        return "Of the rates that you tried this one is at the end; try others beyond it."
    return "Your settings are too far apart, or a lucky run led you astray: look again around the best few."


def _check_setting(lr, decay, batch):
    values = rate, shrink, size = [float_of(value) for value in (lr, decay, batch)]
    if None in values or not 0 < rate < math.inf or not 0 <= shrink < math.inf or size not in range(4, 81):
        raise ValueError(f"lr={lr!r} must be above 0, decay={decay!r} at least 0, batch={batch!r} an integer 4 to 80")


def _examples(rng, n, wrong):
    """Five clusters in 30 dimensions; a share of the labels is wrong."""
    y = rng.integers(_CLASSES, size=n)
    x = _CENTERS[y] + rng.standard_normal((n, _WIDTH))
    return x, np.where(rng.random(n) < wrong, rng.integers(_CLASSES, size=n), y)


_RNG = np.random.default_rng(7)
_CENTERS = 0.6 * _RNG.standard_normal((_CLASSES, _WIDTH))
_DATA = {name: _examples(_RNG, n, wrong) for name, n, wrong in
         (("train", _TRAIN, 0.3), ("validation", 200, 0.0), ("test", 3000, 0.0))}  # fmt: skip


def _trained(lr, decay, batch, rng, runs):
    """Weights (runs, 30, 5) of softmax regression after 60 epochs, from 0; the runs differ in their batches."""
    (x, y), w, batch = _DATA["train"], np.zeros((runs, _WIDTH, _CLASSES)), int(batch)
    target = np.eye(_CLASSES)[y]
    with np.errstate(all="ignore"):  # settings that diverge
        for _ in range(60 * _TRAIN // batch):
            i = rng.integers(_TRAIN, size=(runs, batch))
            z = x[i] @ w
            p = np.exp(z - z.max(axis=-1, keepdims=True))
            p /= p.sum(axis=-1, keepdims=True)
            w = w - lr * (np.swapaxes(x[i], -1, -2) @ (p - target[i]) / batch + decay * w)
    return w


def _loss(w, x, y):
    """Mean cross-entropy of each run (runs,); infinite where it has diverged."""
    with np.errstate(all="ignore"):
        z = x @ w
        z = z - z.max(axis=-1, keepdims=True)
        right = np.take_along_axis(z, np.broadcast_to(y[:, None], (*z.shape[:-1], 1)), axis=-1)[..., 0]
        return np.nan_to_num((np.log(np.exp(z).sum(axis=-1)) - right).mean(axis=-1), nan=np.inf)
