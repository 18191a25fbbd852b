"""Exercises of the notebook The CIFAR benchmark.  torch is imported only where a tester needs it."""

import itertools
import math

import numpy as np

from ...optimizers.kinds import is_ours
from . import loop_spy
from .engine import exercise, float_of, of_the_course

_BETAS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 0.999)  # those that a rule under another name may have
_PROGRAMS = {"A": "frozen", "B": "correct", "C": "augmented", "D": "copied"}
_SYMPTOMS = {
    "frozen": "evaluation mode after epoch 1 changes the training from epoch 2 on; one program trains differently.",
    "copied": "a list that is filled from the training list has exactly its numbers; one program reports them twice.",
    "augmented": "changed test images leave the training as it is, and change even the test after epoch 1.",
    "correct": "one test after epoch 1 is the same in two programs that train differently later: that test is correct.",
}


@exercise("05.1 four programs, one seed")
def _diagnose(answer):
    """A dict: the letter of each of four programs -> "correct", "frozen", "copied" or "augmented"."""
    words = ", ".join(map(repr, _SYMPTOMS))
    if not isinstance(answer, dict) or set(answer) != set(_PROGRAMS):
        return 'hand in a dict with a word for each program: {"A": ..., "B": ..., "C": ..., "D": ...}.'
    for letter, word in answer.items():
        if word is ...:
            return f"the answer for {letter} is still ...; put one of {words} in its place."
        if not isinstance(word, str) or word not in _SYMPTOMS:
            return f"{letter}: {word!r} is none of the words {words}."
    for word in _SYMPTOMS:
        letters = [letter for letter, each in answer.items() if each == word]
        if len(letters) != 1:
            return f"{word!r} is the answer for {len(letters)} programs; each word belongs to one."
        if _PROGRAMS[letters[0]] != word:
            return f"{letters[0]} is not {word!r}: {_SYMPTOMS[word]}"
    return None


@exercise("05.2 mend the loop", "loop(model, optimizer, train, test, epochs)")
def _mend(loop):
    """loop(model, optimizer, train, test, epochs): one row (train loss, test loss) an epoch."""
    import torch

    model, train, test = loop_spy.spy(), *loop_spy.batches()
    optimizer = torch.optim.SGD(model.parameters(), lr=loop_spy.LR)
    steps = loop_spy.watch(model, optimizer)
    rows = loop(model, optimizer, train, test, loop_spy.EPOCHS)
    if rows is None:
        return "loop returned None; end it with return."
    rows = list(rows) if hasattr(rows, "__iter__") else rows  # a generator trains only now
    return (
        loop_spy.steps_hint(steps, train)
        or loop_spy.test_hint(model.seen, test)
        or loop_spy.rows_hint(rows, train, test)
    )


@exercise("05.3 choose the learning rate", "choose(rates, accuracies)")
def _choose(choose):
    """choose(rates, accuracies): (best rate, whether it lies at an end of the grid)."""
    nan = math.nan
    # (accuracies of three seeds at each rate, position of the best, the wrong position and its hint)
    cases = [
        ([[0.2, 0.3, 0.2], [0.5, 0.6, 0.6], [0.55, 0.5, 0.72], [0.1, 0.1, 0.1]], 2, {
            1: "0.1 has the highest mean over the seeds, 59 %; you took 0.01, as the median or the second seed says.",
        }),
        ([[0.2, 0.3, 0.2], [0.5, 0.6, 0.5], [0.4, 0.8, 0.3], [0.1, 0.1, 0.1]], 1, {
            2: "0.1 has the best single run, but the mean over its seeds is lower than that of 0.01.",
        }),
        ([[0.2, 0.3, 0.2], [0.5, 0.6, 0.5], [0.7, nan, 0.85], [nan, nan, nan]], 1, {
            2: "at 0.1 one seed diverged (NaN). argmax takes NaN for the largest number; and to leave it out of the "
               "mean would reward a rate that loses a third of its runs. Count it as 0.",
            3: "NaN marks a run that diverged; argmax takes NaN for the largest number.",
        }),
        ([[0.4, 0.5, 0.4], [0.3, 0.2, 0.3], [0.2, 0.2, 0.2], [0.1, 0.1, 0.1]], 0, {}),
        ([[0.1, 0.1, 0.1], [0.3, 0.2, 0.3], [0.4, 0.4, 0.4], [0.5, 0.5, 0.6]], 3, {}),
        ([[0.2, 0.3, 0.2], [0.5, 0.5, 0.5], [0.9, 0.9, nan], [0.1, 0.1, 0.1]], 2, {
            1: "at 0.1 one seed diverged (NaN). It counts as 0, and is not left out with its rate or counted as less: "
               "the mean at 0.1 is then 60 %.",
        }),
        ([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.3, 0.4, 0.3], [0.5, 0.5, 0.6], [0.4, 0.4, 0.4], [nan] * 3], 3, {}),
        ([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.3, 0.4, 0.3], [0.4, 0.4, 0.4], [0.5, 0.5, 0.6], [nan] * 3], 4, {}),
        ([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.3, 0.4, 0.3], [0.4, 0.4, 0.4], [0.5, 0.5, 0.6]], 4, {}),
    ]  # fmt: skip
    for accuracies, place, wrong in cases:
        accuracies = np.array(accuracies)
        rates = 10.0 ** np.arange(-3, 1) if len(accuracies) == 4 else 3e-4 * 10.0 ** np.arange(len(accuracies))
        if hint := _chosen(choose(rates.copy(), accuracies), rates, place, wrong, accuracies):
            return hint
    return None


def _chosen(reply, rates, place, wrong, accuracies):
    if reply is None:
        return "choose returned None; end it with return rate, at_end."
    if not isinstance(reply, (tuple, list)) or len(reply) != 2:
        return "return two things: the rate, and True or False."
    rate, edge = float_of(reply[0]), reply[1][()] if isinstance(reply[1], np.ndarray) else reply[1]
    if rate is None or not isinstance(edge, (bool, np.bool_)):
        return f"return the rate, a number, and True or False; yours are {reply[0]!r} and {reply[1]!r}."
    if rate == place and rate not in rates:
        return "return the rate itself, not its position."
    if not math.isfinite(rate) or rate not in rates:
        return f"{rate:g} is none of the rates that were tried."
    if rate != rates[place]:
        taken = int(np.flatnonzero(rates == rate)[0])
        text = wrong.get(taken, f"the highest mean over the seeds belongs to {rates[place]:g}; you took {rate:g}.")
        return f"accuracies {accuracies.tolist()}: {text}"
    if bool(edge) != (place in (0, len(rates) - 1)):
        if place in (0, len(rates) - 1):
            end = "lowest" if place == 0 else "highest"
            return f"{rate:g} is the {end} rate that was tried: a better one may lie beyond. Say True."
        return f"{rate:g} has neighbors on both sides; it is at no end of the grid. Say False."
    return None


def _error(best, other, *, ddof=1, count=len):
    """Standard error of the difference of two means, or with a slip."""
    return math.sqrt((best.var(ddof=ddof) + other.var(ddof=ddof)) / count(best))


_deviation = lambda runs: runs.std(ddof=1) / math.sqrt(len(runs))  # of the mean
_LIMITS = [  # how far behind the best one may be, in terms of the runs of both; the hint
    (lambda b, o: 2 * _error(b, o, ddof=0), "the deviation of a sample divides by n - 1: std(ddof=1)."),
    (lambda b, o: 2 * _error(b, o, count=lambda runs: 1), "this takes the deviation of the runs for that of their "
     "mean, which is smaller by the root of the number of runs."),
    (lambda b, o: 2 * (_deviation(b) + _deviation(o)), "the variances of two means add up; here the errors were added, "
     "and that is more."),
    (lambda b, o: 2 * _error(b, o, count=lambda runs: len(runs) - 1), "the n - 1 is in std(ddof=1) already; the "
     "variances are divided by n, not by n - 1 again."),
    (_error, "this is one standard error of the difference; asked for are two."),
    (lambda b, o: 1.96 * _error(b, o), "this takes 1.96 standard errors of the difference; asked for are two."),
    (lambda b, o: 3 * _error(b, o), "these are three standard errors of the difference; asked for are two."),
    (lambda b, o: _error(b, o, count=lambda runs: 1), "both the 2 and the n are missing: take two standard errors of "
     "the difference of means."),
    (lambda b, o: 2 * _deviation(b), "this is the error of the best alone; the other mean has an error, too."),
    (lambda b, o: 2 * _deviation(o), "this is the error of the other alone; the best mean has an error, too."),
    (lambda b, o: 2 * math.sqrt(2) * _deviation(b), "this takes the deviation of the best for both."),
    (lambda b, o: 2 * math.sqrt(2) * _deviation(o), "this takes the deviation of the other for both."),
    *((lambda b, o, n=n: 2 * _error(b, o, count=lambda runs: n), "n is the number of runs of a rule, len(runs[name]), "
       "not a fixed number.") for n in (5, 10)),
]  # fmt: skip


def _named(runs, limit):
    """Who is less than limit(best, other) behind the best, the best first."""
    names = sorted(runs, key=lambda name: -runs[name].mean())
    best = runs[names[0]]
    return [name for name in names if name == names[0] or best.mean() - runs[name].mean() < limit(best, runs[name])]


def _runs_of(n):
    """Accuracies of n seeds of rules so that each slip of _LIMITS names others; First is the best."""
    spread = np.linspace(-1, 1, n) ** 2  # one-sided: a median is no mean
    spread -= spread.mean()
    limits = [_twice, *(limit for limit, _ in _LIMITS)]
    runs = {"Far": 70 + spread, "First": 80 + spread}
    for kind, wide in (("Alike", 1), ("Wide", 2), ("Sure", 0)):
        ends = sorted({round(limit(spread, wide * spread), 9) for limit in limits})
        for i, behind in enumerate(np.convolve([0.02, *ends], [0.5, 0.5], "valid"), 1):
            runs[f"{kind} {i}"] = 80 - behind + wide * spread
    return runs


def _twice(best, other):
    return 2 * _error(best, other)


@exercise("05.4 who is level with the first", "level(runs)")
def _level(level):
    """level(runs): names of the rules whose mean lies within two standard errors of the best, the best first."""
    for n in (7, 10, 5):
        runs = _runs_of(n)
        if hint := _level_hint(level({name: values.copy() for name, values in runs.items()}), runs):
            return f"with {n} runs each: {hint}"
    return None


def _level_hint(reply, runs):
    if reply is None:
        return "level returned None; end it with return."
    if isinstance(reply, (str, bytes)) or not hasattr(reply, "__iter__"):
        return "return a list of names."
    names, right = list(reply), _named(runs, _twice)
    if any(name not in runs for name in names):
        return f"return names of rules; {next(n for n in names if n not in runs)!r} is none."
    if names == right:
        return None
    if twice := [name for name in names if names.count(name) > 1]:
        return f"{twice[0]} is named {names.count(twice[0])} times; once is enough."
    if names == right[:1]:
        return "only the best one is named; who cannot be told apart from it?"
    if names == right[1:]:
        return "the best belongs to the list, too."
    if names == sorted(runs, key=lambda name: runs[name].mean()):
        return "the best has the highest accuracy."
    if sorted(names) == sorted(right):
        return "these are the right names; give them in the order of their means, the best first."
    by_median = {name: values - values.mean() + np.median(values) for name, values in runs.items()}
    if names == _named(by_median, _twice):
        return "this compares medians; asked for are means."
    for limit, hint in _LIMITS:
        if sorted(names) == sorted(_named(runs, limit)):
            return hint
    if "First" not in names:
        return "First has the highest mean, 80; it is level with itself."
    name = next(name for name in runs if (name in names) != (name in right))
    behind, limit = 80 - runs[name].mean(), _twice(runs["First"], runs[name])
    return (
        f"{name} is {behind:.2f} points behind, and two standard errors are {limit:.2f}: the variances of two means "
        "add up, so that of the difference is (s1**2 + s2**2) / n."
    )


@exercise("05.5 enter your own rule")
def _own_rule(rule):
    """A class registered with @ol.register that trains."""
    from ...optimizers.base import Optimizer
    from ...registry import OPTIMIZERS

    if not isinstance(rule, type):
        kind = type(rule)
        return f"hand in the class itself{f', {kind.__name__}, without brackets' * isinstance(rule, Optimizer)}."
    if not issubclass(rule, Optimizer):
        return "the class must be a rule: class YourName(ol.optimizers.Optimizer)."
    if hint := of_the_course(rule):
        return hint
    if OPTIMIZERS.get(rule.__name__) is not rule:
        return "the rule is not in the registry: put @ol.register on the line above the class."
    if rule.reads != ("gradient",):
        return "a network gives only gradients; the rule must read nothing else."
    if "lr" not in rule.hypers:
        return "it needs a learning rate that can be tuned: lr: float = ol.hyper(0.01, ...)."
    if "update" not in vars(rule):
        return "define update(self, x, g), which returns the new x."
    return _trains(rule)


def _trains(rule):
    import torch

    x = np.array([2.0, -1.0, 0.5])
    best = x @ x
    for lr in np.geomspace(1e-4, 1, 9):
        optimizer, point = rule(lr=float(lr)), x.copy()
        for _ in range(200):
            g = 2 * point
            new = optimizer.step(point, g)
            if not np.array_equal(g, 2 * point):
                return "update changes the gradient or the point in place; return a new array."
            if np.shape(new) != x.shape:
                return f"update must return the new point, of the shape {x.shape}; it gives {type(new).__name__}."
            point = new
            if not np.isfinite(point).all():
                break
        if np.isfinite(point).all():
            best = min(best, point @ point)
    if best >= x @ x:
        return "on the bowl x² it does not come down at any rate from 0.0001 to 1: does it step against the gradient?"
    if best > 0.5 * (x @ x):
        return "on the bowl x² it hardly moves, at any rate from 0.0001 to 1, in 200 steps."
    w = torch.tensor([2.0, -1.0, 0.5])
    new = rule(lr=0.01).step(w, 2 * w)
    if not isinstance(new, torch.Tensor) or new.dtype != torch.float32:
        return "on a tensor of torch it does not give a tensor: take functions from ol.arrays, not from NumPy."
    if not np.allclose(new.numpy(), rule(lr=0.01).step(x, 2 * x), atol=1e-5):
        return "NumPy and torch get different steps from it: take functions from ol.arrays, and no random numbers."
    return _known(rule)


def _known(rule):
    """Hint where the rule forgets all earlier gradients, or walks as one of the course does."""
    from ...registry import OPTIMIZERS

    rng = np.random.default_rng(5)
    gradients, pasts, lasts = (rng.standard_normal(shape) for shape in ((100, 2), (2, 28, 2), (20, 2)))
    own = _points(rule, gradients)
    # Many, as a sign seldom shows what is remembered; after 27 and 28 steps, as some remember in every second one.
    ends = [[_last_at_zero(rule, [*past[n:], last]) for n in (0, 1) for last in lasts] for past in pasts]
    if np.allclose(*ends, rtol=1e-9, atol=1e-15):
        return (
            "no step depends on earlier gradients: make in init(self, x) something that remembers them, as gradient "
            "descent and sign descent do not."
        )
    for name, known in OPTIMIZERS.items():
        if is_ours(known) and known.reads == ("gradient",):
            for settings in _settings(rule, known):
                try:
                    first = _points(known, gradients[:4], **settings)
                except (TypeError, ValueError):  # a name means something else there
                    continue
                if not _alike(own[:5], first, name, known.sees):  # most settings, at a fraction of the steps
                    continue
                if hint := _alike(own, _points(known, gradients, **settings), name, known.sees):
                    return hint
    return None


def _last_at_zero(rule, gradients):
    """The last step, made at 0 after a walk: it tells whether earlier gradients are remembered."""
    optimizer, x = rule(lr=0.01), np.zeros(2)
    for g in gradients[:-1]:
        x = optimizer.step(x, np.array(g))
    return optimizer.step(np.zeros(2), np.array(gradients[-1]))


def _settings(rule, known):
    """Settings of a rule of the course: its own, with those of the reader's rule that have the same names, other β."""
    steps = {"steps": 100} if "steps" in known.hypers else {}
    own = rule(lr=0.01).settings()
    passed = {key: value for key, value in own.items() if key in known.hypers and key != "lr"}
    names = [name for name in ("beta", "beta1", "beta2") if name in known.hypers]
    # Two that differ: with equal ones Lion is the sign of momentum, a rule of one's own.
    betas = [dict(zip(names, each, strict=True)) for each in itertools.permutations(_BETAS, len(names))]
    return [steps | other for other in ({}, passed, *betas)]


def _alike(own, other, name, sees):
    """Hint where two walks are the same, or differ in the length of all steps by one factor."""
    if np.allclose(own, other, rtol=1e-9, atol=1e-15):
        return f"it walks exactly as {name} does; change more than the name."
    own, other = np.diff(own, axis=0), np.diff(other, axis=0)
    factor = (own * other).sum() / max((other * other).sum(), 1e-300)
    if sees != "matrix" and np.allclose(own, factor * other, rtol=1e-7, atol=1e-13):  # a matrix of one row is no test
        return f"it walks as {name} does, with another learning rate, {factor:.3g} lr; change more than that."
    return None


def _points(rule, gradients, **settings):
    """The points (steps + 1, 2) of a rule from 0 on, on given gradients."""
    optimizer, points = rule(lr=0.01, **settings), [np.zeros(2)]
    for g in gradients:
        points.append(optimizer.step(points[-1], np.array(g)))
    return np.array(points)
