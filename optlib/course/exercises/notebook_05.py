"""Exercises of the notebook The CIFAR benchmark.  torch is imported only where a tester needs it."""

import math

import numpy as np

from . import loop_spy
from .engine import exercise, float_of

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
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # weights stay: then the right losses are known
    steps = []
    optimizer.register_step_post_hook(lambda *_: steps.append(model.weight.grad.clone()))
    rows = loop(model, optimizer, train, test, 2)
    seen = list(model.seen)
    if rows is None:
        return "loop returned None; end it with return."
    if len(steps) != 6:
        return f"there are 2 epochs of 3 training batches, so 6 steps; yours makes {len(steps)}."
    if hint := loop_spy.modes(seen):
        return hint
    if not all(torch.allclose(taken, loop_spy.slope(model, *train[i % 3]), atol=1e-6) for i, taken in enumerate(steps)):
        return "gradients pile up from step to step: call optimizer.zero_grad() before each backward()."
    return loop_spy.rows_hint(rows, model, train, test)


@exercise("05.3 choose the learning rate", "choose(rates, accuracies)")
def _choose(choose):
    """choose(rates, accuracies): (best rate, whether it lies at an end of the grid)."""
    nan = math.nan
    rates = np.array([0.001, 0.01, 0.1, 1.0])
    # (accuracies of three seeds at each rate, position of the best, the wrong position and its hint)
    cases = [
        ([[0.2, 0.3, 0.2], [0.5, 0.6, 0.6], [0.55, 0.5, 0.72], [0.1, 0.1, 0.1]], 2, {
            1: "0.1 has the highest mean over the seeds, 59 %; you took 0.01, as the median or the second seed says.",
        }),
        ([[0.2, 0.3, 0.2], [0.5, 0.6, 0.5], [0.4, 0.8, 0.3], [0.1, 0.1, 0.1]], 1, {
            2: "0.1 has the best single run, but the mean over its seeds is lower than that of 0.01.",
        }),
        ([[0.2, 0.3, 0.2], [0.5, 0.6, 0.5], [0.7, nan, 0.8], [nan, nan, nan]], 1, {
            2: "at 0.1 one seed diverged (NaN). argmax takes NaN for the largest number; and to leave it out of the "
               "mean would reward a rate that loses a third of its runs. Count it as 0.",
            3: "NaN marks a run that diverged; argmax takes NaN for the largest number.",
        }),
        ([[0.4, 0.5, 0.4], [0.3, 0.2, 0.3], [0.2, 0.2, 0.2], [0.1, 0.1, 0.1]], 0, {}),
        ([[0.1, 0.1, 0.1], [0.3, 0.2, 0.3], [0.4, 0.4, 0.4], [0.5, 0.5, 0.6]], 3, {}),
    ]  # fmt: skip
    for accuracies, place, wrong in cases:
        accuracies = np.array(accuracies)
        if hint := _chosen(choose(rates.copy(), accuracies), rates, place, wrong, accuracies):
            return hint
    return None


def _chosen(reply, rates, place, wrong, accuracies):
    if reply is None:
        return "choose returned None; end it with return rate, at_end."
    if not isinstance(reply, (tuple, list)) or len(reply) != 2:
        return "return two things: the rate, and True or False."
    rate, edge = float_of(reply[0]), reply[1]
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


@exercise("05.4 who is level with the first", "level(runs)")
def _level(level):
    """level(runs): names of the rules whose mean lies within two standard errors of the best, the best first."""
    spread = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])  # sample deviation 0.79; of five runs the standard error is 0.354
    # Two standard errors of a difference are 1.0 point; with ddof=0 0.894, without the root of 5 they are 2.236.
    runs = {"Late": 79.05 + spread, "First": 80 + spread, "Near": 79.2 + spread, "Far": 78.5 + spread,
            "Sure": 78.7 + 0 * spread}  # fmt: skip
    reply = level({name: values.copy() for name, values in runs.items()})
    if reply is None:
        return "level returned None; end it with return."
    if isinstance(reply, (str, bytes)) or not hasattr(reply, "__iter__"):
        return "return a list of names."
    names = list(reply)
    if any(name not in runs for name in names):
        return f"return names of rules; {next(n for n in names if n not in runs)!r} is none."
    hints = [
        (["First", "Near", "Late"], None),
        (["First"], "only the best one is named; who cannot be told apart from it?"),
        (["First", "Near"], "Late is 0.95 points behind, and two standard errors of the difference are 1.00. The "
         "deviation of a sample divides by n - 1: std(ddof=1)."),
        (["First", "Near", "Late", "Sure", "Far"], "this takes the deviation of the runs for that of their mean, which "
         "is smaller by the root of the number of runs."),
        (["Far", "Sure", "Late", "Near", "First"], "the best has the highest accuracy."),
        (["Near", "Late"], "the best belongs to the list, too."),
    ]  # fmt: skip
    for wrong, hint in hints:
        if names == wrong:
            return hint
    if sorted(names) == sorted(["First", "Near", "Late"]):
        return "these are the right names; give them in the order of their means, the best first."
    if "First" not in names:
        return "First has the highest mean, 80; it is level with itself."
    return (
        "the variances of two means add up: the difference has the standard error sqrt((s1**2 + s2**2) / n); named are "
        f"those whose mean is less than two of these behind. Yours are {names}."
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
    if rule.__module__.startswith("optlib."):
        return f"{rule.__name__} is a rule of the course; write one of your own."
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

    gradients = np.array([[1.0, -2.0], [1.0, 1.0], [-0.5, 3.0], [2.0, 0.1]])
    own = _points(rule, gradients)
    if np.allclose(np.diff(own, axis=0), [_points(rule, [g])[1] for g in gradients], rtol=1e-9, atol=1e-15):
        return (
            "each step depends on the present gradient alone, as in gradient descent and sign descent: make in "
            "init(self, x) something that it remembers."
        )
    for name, known in OPTIMIZERS.items():
        if known.__module__.startswith("optlib.") and known.reads == ("gradient",):
            steps = {"steps": 100} if "steps" in known.hypers else {}
            if np.allclose(own, _points(known, gradients, **steps), rtol=1e-9, atol=1e-15):
                return f"it walks exactly as {name} does; change more than the name."
    return None


def _points(rule, gradients, **settings):
    """The points (steps + 1, 2) of a rule from 0 on, on given gradients."""
    optimizer, points = rule(lr=0.01, **settings), [np.zeros(2)]
    for g in gradients:
        points.append(optimizer.step(points[-1], np.array(g)))
    return np.array(points)
