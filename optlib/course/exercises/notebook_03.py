"""Exercises of the notebook Adaptive methods."""

import inspect

import numpy as np

from ...optimizers.base import Optimizer
from ...registry import OPTIMIZERS
from ..elsewhere import translate
from .engine import close, exercise, expect_array, first_hint, float_of, floats_of, of_the_course

FROM_ZERO = "for the first step t is 1: with t = 0 the correction 1 - beta**t is 0, and it divides by zero."


def moving_averages(values, beta, *, correct="right", start=0.0, kept="m"):
    """Averages as readers may write them; the defaults are right."""
    m, averages = start, []
    for t, g in enumerate(values, start=1):
        m = {"m": beta * m + (1 - beta) * g, "sum": beta * m + g, "swapped": (1 - beta) * m + beta * g}[kept.split()[0]]
        divisor = {"right": 1 - beta**t, "none": 1.0, "late": 1 - beta ** (t + 1), "always": 1 - beta,
                   "last": 1 - beta ** len(values), "times": 1 / (1 - beta**t)}[correct]  # fmt: skip
        averages.append(m / divisor)
        m = averages[-1] if kept.endswith("fed back") else m
    return np.array(averages)


def hints_for_averages(values, beta, what):
    """Hints ((averages, text), ...) for averages of ``values``, which are called ``what``."""
    constant = "the divisor must change with t; yours is the same for all averages."
    swapped = "beta and 1 - beta have changed places: beta is what is kept."
    slips = [
        ({"correct": "none"}, f"these are not corrected: the first is only {1 - beta:.1g} times the first {what}."),
        ({"correct": "late"}, "t is one too large: for the first average it is 1."),
        ({"correct": "always"}, constant), ({"correct": "last"}, constant),
        ({"correct": "times"}, "the correction must divide; this multiplies by it."),
        ({"kept": "m fed back"}, "the corrected average goes into the next step. Keep the plain m for the recursion, "
         "and correct only what goes into the list."),
        ({"correct": "none", "start": values[0]}, f"this starts the average at the first {what}, and gives the start "
         "too much weight for long. Start at 0, and correct for that."),
        ({"start": values[0]}, "the average must start at 0: the correction is for that."),
        ({"kept": "sum"}, "this is a sum: what is new must enter with the weight 1 - beta."),
        ({"kept": "swapped"}, swapped), ({"beta": 1 - beta}, swapped),
    ]  # fmt: skip
    return [(moving_averages(values, **{"beta": beta} | slip), text) for slip, text in slips]


@exercise("03.1 an average without bias", "corrected(values, beta)")
def _corrected(corrected):
    """corrected(values, beta): bias-corrected averages."""
    values = [4.0, -1.0, 2.5, 0.5]
    return first_hint((f"beta = {beta}", _corrected_averages(corrected, values, beta)) for beta in (0.8, 0.6))


def _corrected_averages(corrected, values, beta):
    right = moving_averages(values, beta)
    reply, hint = call(corrected, list(values), beta)
    if hint:
        return hint
    if reply is None:
        return "corrected returned None; end it with return and the list of averages."
    averages = floats_of(reply)
    if averages is None:
        return "return a list of numbers, one for each value."
    if averages.shape == () and close(float(averages), right[-1]):
        return "this is only the last average; return all of them, one for each value."
    if averages.shape != right.shape:
        return f"for {len(values)} values it should return {len(values)} averages; these have shape {averages.shape}."
    if not np.isfinite(averages).all():
        return FROM_ZERO
    otherwise = f"for the values {values} and beta = {beta} it should give {right.round(4).tolist()}."
    return expect_array(averages, right, hints_for_averages(values, beta, "value"), otherwise)


@exercise("03.2 the longest step", "longest(beta1, beta2)")
def _longest_step(longest):
    """longest(beta1, beta2): the longest step of Adam, in learning rates."""
    b1, b2 = pairs = np.array([(0.9, 0.999), (0.9, 0.95), (0.5, 0.99), (0.6, 0.7)]).T
    replies = [call(longest, *pair) for pair in pairs.T.tolist()]
    hint = next((hint for _, hint in replies if hint), None)
    if hint or any(reply is None for reply, _ in replies):
        return hint or "longest returned None; end it with return and the length."
    lengths = floats_of([reply for reply, _ in replies])
    if lengths is None or lengths.shape != b1.shape:
        return "return one number, the length of the step for these two."
    paper, rest = (1 - b1) / np.sqrt(1 - b2), np.sqrt(1 - b1**2 / b2)
    return expect_array(lengths, paper / rest, [
        (paper, "this is the bound of the paper, for one sudden gradient. Gradients that grow make longer steps: a "
         "second factor is missing, from the sum of the (beta1**2 / beta2)**k."),
        (1 / rest, "the factors 1 - beta1 of m and 1 - beta2 of v are missing."),
        ((1 - b1) / rest, "1 - beta2, the weight of the newest square in v, is missing."),
        (paper * rest, "the sum of a geometric series with the quotient q is 1 / (1 - q): divide, do not multiply."),
        (paper / rest**2, "the root of the sum of the (beta1**2 / beta2)**k is missing."),
        (paper / np.sqrt(1 - b1 / b2), "in the inequality of Cauchy and Schwarz the first factor is squared: "
         "beta1**2 / beta2."),
        (paper / np.sqrt(1 - b1**2 / b2**2), "the weight of g**2 in v is beta2**k: split off its root, not beta2**k."),
        (np.full(4, (paper / rest)[0]), "this is right for 0.9 and 0.999 only; use beta1 and beta2."),
    ], "at beta1 = 0.9 and beta2 = 0.999 it should give 7.27, at 0.9 and 0.95 1.16.")  # fmt: skip


def _paper_step(m_hat, v_hat, eps, correction):
    return m_hat / (np.sqrt(v_hat) + eps)


def _adam(theta, gradients, lr, beta1, beta2, eps, weight_decay=0.0, *, step=_paper_step, correct="mv", t0=1,
          again=None, square=True, keep="m", decay=lambda x, lr, w: lr * w * x, l2=0.0):  # fmt: skip
    """All points of AdamW as readers may write it; the defaults are right."""
    m, v, points = 0.0, 0.0, [theta]
    for i, g in enumerate(gradients):
        g, t = g + l2 * theta, t0 + (i % again if again else i)
        m = beta1 * m + (g if keep == "sum" else (1 - beta1) * g)
        v = beta2 * v + (1 - beta2) * (g**2 if square else abs(g))
        m_hat = g if keep == "no momentum" else m / (1 - beta1**t) if "m" in correct else m
        v_hat = v / (1 - beta2**t) if "v" in correct else v
        theta = theta - decay(theta, lr, weight_decay) - lr * step(m_hat, v_hat, eps, 1 - beta2**t)
        points.append(theta)
    return np.array(points)


@exercise("03.3 AdamW from memory", "adamw(theta, gradients, lr, beta1, beta2, eps, weight_decay)")
def _adamw_from_memory(adamw):
    """adamw(theta, gradients, lr, beta1, beta2, eps, weight_decay): where it ends."""
    return first_hint(
        (", ".join(f"{name} = {value}" for name, value in settings.items()), _adamw_end(adamw, *walk, settings))
        for *walk, settings in _WALKS
    )


# A start, gradients, and settings: large eps and decay and short memories tell all the usual mistakes apart.
_WALKS = [
    ([1.0, -2.0], [[3.0, 0.2], [-1.0, 0.7], [2.0, 0.1]],
     dict(lr=0.1, beta1=0.7, beta2=0.95, eps=0.05, weight_decay=0.4)),
    ([2.0, 0.5, -1.0], [[-1.0, 0.5, 0.3], [2.0, -0.1, 0.6], [0.4, 1.0, -2.0], [0.3, 0.8, 1.5]],
     dict(lr=0.03, beta1=0.5, beta2=0.8, eps=0.1, weight_decay=0.7)),
]  # fmt: skip


def _adamw_end(adamw, start, gradients, settings):
    start, gradients = np.array(start), list(np.array(gradients))
    theta = start.copy()
    reply, hint = call(adamw, theta, [g.copy() for g in gradients], *settings.values())
    if hint:
        return hint
    if reply is None:
        return "adamw returned None; end it with return theta."
    if isinstance(reply, tuple) and any(map(np.ndim, reply)):
        return "return theta alone, not a tuple."
    if not np.array_equal(theta, start):
        return "theta was changed in place; write theta = theta - ..., which makes a new array."
    right = _adam(start, gradients, **settings)[-1]
    end = np.asarray(reply, dtype=float)
    if end.ndim == 2:
        return "these are all points; return only the last."
    if end.shape != start.shape:
        return f"theta has shape {start.shape}, what was returned has {end.shape}."
    if not np.isfinite(end).all():
        return FROM_ZERO

    def wrong(step=_paper_step, **slip):
        return _adam(start, gradients, **settings | {"step": step} | slip)[-1]

    return expect_array(end, right, [
        (wrong(lambda m, v, eps, c: m / np.sqrt(v) - eps / settings["lr"]),
         "epsilon is added to theta: a parenthesis is missing. Write / (np.sqrt(v_hat) + eps)."),
        (wrong(lambda m, v, eps, c: m / np.sqrt(v) + eps),
         "epsilon is added to the quotient: put the root and epsilon in parentheses, / (np.sqrt(v_hat) + eps)."),
        (wrong(lambda m, v, eps, c: m / np.sqrt(v + eps)),
         "epsilon stands inside the root; the paper adds it outside: np.sqrt(v_hat) + eps."),
        (wrong(lambda m, v, eps, c: m / (np.sqrt(v) + eps / np.sqrt(c))),
         "epsilon is added to the root before the correction (the epsilon-hat form); the paper's Algorithm 1 adds it "
         "to the root of v_hat."),
        (wrong(lambda m, v, eps, c: m / np.sqrt(v)), "epsilon is missing: add it to the root."),
        (wrong(correct=""), "the bias correction is missing: m_hat = m / (1 - beta1**t), and v_hat likewise."),
        (wrong(correct="m"), "v is not corrected: v_hat = v / (1 - beta2**t)."),
        (wrong(correct="v"), "m is not corrected: m_hat = m / (1 - beta1**t)."),
        (wrong(t0=2), "t is one too large: for the first gradient it is 1."),
        (wrong(lambda m, v, eps, c: -_paper_step(m, v, eps, c)), "this walks uphill: subtract the step."),
        (wrong(square=False), "v is the average of the squares of the gradients, g**2."),
        (wrong(lambda m, v, eps, c: m / (v + eps)), "the root is missing: divide by np.sqrt(v_hat) + eps."),
        (wrong(keep="sum"), "m is a sum here: the new gradient must enter with the weight 1 - beta1."),
        (wrong(keep="no momentum"), "the step uses the gradient itself; it should use m_hat."),
        (wrong(weight_decay=0.0, l2=settings["weight_decay"]),
         "this is L2: the decay goes through m and v. It must stand outside of the gradient."),
        (wrong(lambda m, v, eps, c: 0.0), "this is only the decay; subtract the step of Adam as well."),
        (wrong(weight_decay=0.0), "there is no decay in it: subtract lr * weight_decay * theta as well."),
        (wrong(decay=lambda x, lr, w: w * x), "the decay must be scaled by lr: lr * weight_decay * theta."),
        (wrong(decay=lambda x, lr, w: -lr * w * x), "the decay has the wrong sign: it pulls toward zero."),
        (wrong(decay=lambda x, lr, w: lr * w), "the decay is in proportion to theta: lr * weight_decay * theta."),
        (wrong(decay=lambda x, lr, w: lr * w * np.sign(x)), "the decay is in proportion to theta, not to its sign."),
        (wrong(lambda m, v, eps, c: (1 - settings["lr"] * settings["weight_decay"]) * _paper_step(m, v, eps, c)),
         "the decay is taken of the new point; the formula takes it of the old one."),
        (_adam(start, gradients, **settings | {"lr": 1.0})[-1], "the learning rate is not used."),
        (_adam(start, gradients[:1], **settings)[-1], "this is one step; make one for each of the gradients."),
        (start, "theta has not moved."),
    ], f"for {len(gradients)} gradients from {start.tolist()} it should end at {right.round(4).tolist()}; compare your "
       "lines with the formulas of sections 5 and 7.")  # fmt: skip


# Letter -> its bug as a number of the list in the notebook, what `_adam` does with it, and where its curve shows it.
_SUSPECTS = {
    "A": (4, {"again": 50}, "its steps change at regular intervals: what else does a program do every 50 steps?"),
    "B": (5, {"beta1": 0.999, "beta2": 0.9}, "it starts right and turns late. How long is the memory of each average?"),
    "C": (1, {"correct": "m"}, "its first step is 31.6 times too long, one over the root of 0.001. What is 0.001 times "
          "the square of the gradient after one step?"),
    "D": (6, {"square": False}, "its steps have one length, but not 1. The gradient is 3: which power of 3 is it?"),
}  # fmt: skip


def suspects(gradients):
    """Steps in learning rates, of four Adams with a bug each, for the same gradients: dict of letter -> array (n,)."""
    right = dict(lr=1.0, beta1=0.9, beta2=0.999, eps=1e-8)
    return {letter: -np.diff(_adam(0.0, gradients, **right | slip)) for letter, (_, slip, _) in _SUSPECTS.items()}


@exercise("03.4 which bug is it?")
def _diagnosis(answer):
    """A dict of letter -> number of the bug."""
    if not isinstance(answer, dict) or set(answer) != set(_SUSPECTS):
        return 'give a dict with the four letters, such as {"A": 3, "B": 3, "C": 3, "D": 3}, each with your number.'
    if any(float_of(number) is None for number in answer.values()):
        return "each letter needs the number of a bug from the list."
    wrong = [letter for letter, (number, *_) in _SUSPECTS.items() if float_of(answer[letter]) != number]
    return f"{wrong[0]}: {_SUSPECTS[wrong[0]][2]}" if wrong else None


_LION, _OTHER_LION = dict(lr=0.1, beta1=0.8, beta2=0.7), dict(lr=0.03, beta1=0.6, beta2=0.9)


def _lion(gradients, lr, beta1, beta2, *, order="c first", into="g", step="sign c", way=1):
    """The steps of Lion as readers may write it; the defaults are right."""
    m, steps = 0.0, []
    for g in gradients:
        old = m
        if order == "m first":
            m = beta2 * m + (1 - beta2) * g
        c = beta1 * m + (1 - beta1) * g
        used = {"sign c": np.sign(c), "c": c, "sign m": np.sign(old), "sign g": np.sign(g)}[step]
        steps.append(-way * lr * used)
        if order == "c first":
            m = c if into == "c" else beta2 * m + (1 - beta2) * g
    return np.array(steps)


@exercise("03.5 Lion, registered")
def _lion_class(answer):
    """A class of one's own, with the steps of Lion, that is a registered rule."""
    cls = type(answer) if isinstance(answer, Optimizer) else answer
    if not inspect.isclass(cls):
        return f"hand in the class itself, MyLion, not {answer!r}."
    if not issubclass(cls, Optimizer):
        return f"the class must be a rule: class {cls.__name__}(ol.optimizers.Optimizer)."
    if hint := of_the_course(cls):
        return hint
    missing = [name for name in _LION if name not in cls.hypers]
    if missing:
        return f"the hyperparameter {missing[0]} is missing; declare it as {missing[0]}: float = ol.hyper(...)."
    if cls.update.__module__.startswith("optlib."):
        return "it has no update(self, x, g) of its own, which makes the step and returns the new point."
    hint = first_hint(
        (", ".join(f"{name} = {value}" for name, value in settings.items()), _lion_steps(cls(**settings), settings))
        for settings in (_LION, _OTHER_LION)
    )
    return hint or _lion_manners(cls)


def _lion_steps(rule, settings):
    gradients = np.random.default_rng(3).standard_normal(80)
    # Each step starts from 0, so that nothing is lost by rounding.
    steps, hint = call(lambda: [rule.step(0.0, float(g)) for g in gradients])
    if hint:
        return hint
    swapped = settings | {"beta1": settings["beta2"], "beta2": settings["beta1"]}
    return expect_array(steps, _lion(gradients, **settings), [
        (_lion(gradients, **settings, order="m first"), "m is updated before the step; c must be made of the old m."),
        (_lion(gradients, **swapped), "beta1 and beta2 have changed places: c has beta1, the average m has beta2."),
        (_lion(gradients, **settings, into="c"), "c is kept as the new m; m has its own update with beta2."),
        (_lion(gradients, **settings, step="c"), "the step is c itself; it should be its sign."),
        (_lion(gradients, **settings, step="sign m"), "the step is the sign of m; it should be that of c."),
        (_lion(gradients, **settings, step="sign g"), "the step is the sign of g alone: m is not used, or never "
         "updated."),
        (_lion(gradients, **settings, way=-1), "this walks uphill: subtract the step."),
        (_lion(gradients, **settings | {"lr": 1.0}), "the learning rate is not used."),
    ], "its steps are not those of the formula; check the three lines one by one.")  # fmt: skip


def _lion_manners(cls):
    """What the formula leaves open: a zero gradient, arrays, and the registry."""
    if cls(**_LION).step(1.0, 0.0) != 1.0:
        return "with the gradient 0 from the start it moves: the sign of 0 must be 0, as ol.arrays.sign has it."
    try:
        moved = cls(**_LION).step(np.array([1.0, 2.0]), np.array([3.0, -3.0]))
    except (TypeError, ValueError) as error:
        return f"it is right for floats, but raises {type(error).__name__} for arrays: use ol.arrays.sign, not if."
    if not np.allclose(moved, [0.9, 2.1]):
        return "it is right for floats, but not for arrays: each coordinate must be treated by itself."
    if OPTIMIZERS.get(cls.__name__) is not cls:
        return "the formula is right, but the rule is not registered: write @ol.register above the class."
    return None


# What is in the boxes of the notebook's section 9: library, name there, settings.
_BOXES = [
    ("torch", "SGD", {"lr": 0.02, "momentum": 0.9}), ("torch", "AdamW", {"lr": 0.01, "weight_decay": 2.0}),
    ("mlx", "Adam", {"learning_rate": 0.01}), ("keras", "Adagrad", {"learning_rate": 0.1}),
    ("keras", "Adam", {"learning_rate": 0.01}), ("torch", "Adam", {"lr": 0.01, "weight_decay": 0.1}),
]  # fmt: skip


def black_box(number):
    """An optimizer that does not say which it is: a function step(x, g) -> new x, without memory at first.

    Parameters
    ----------
    number : int from 1 to 6
    """
    if number not in range(1, len(_BOXES) + 1):
        raise ValueError(f"black_box: number={number!r} must be a whole number from 1 to {len(_BOXES)}")
    library, name, settings = _BOXES[number - 1]
    rule = translate(library, name, **settings)

    def step(x, g):
        return rule.step(1.0 * x, 1.0 * g)

    return step


# Pair -> two optimizers as above, and what helps to find gradients that tell them apart.
_PAIRS = {
    "epsilon": (("torch", "Adam", {"lr": 0.01}), ("keras", "Adam", {"learning_rate": 0.01}),
                "epsilon is 1e-8 or 1e-7. How small must a gradient be, to be seen beside it?"),
    "start": (("torch", "Adagrad", {"lr": 0.01}), ("keras", "Adagrad", {"learning_rate": 0.01}),
              "one sum of squares starts at 0, the other at 0.1. Which gradients hardly add to 0.1?"),
    "decay": (("torch", "AdamW", {"lr": 0.01, "weight_decay": 0.1}),
              ("torch", "Adam", {"lr": 0.01, "weight_decay": 0.1}),
              "as long as there is a gradient, it hides the decay. What remains without one?"),
    "momentum": (("torch", "SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
                 ("keras", "SGD", {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
                 "without a gradient only the decay moves the weight. In which of the two does it gather momentum, and "
                 "how long does that take?"),
}  # fmt: skip


def _apart(pair, gradients):
    """The largest factor between two steps of a pair, from x = 1 with the same gradients; inf where they part."""
    walks = []
    for library, name, settings in pair:
        rule, x = translate(library, name, **settings), [1.0]
        for g in gradients:
            x.append(rule.step(x[-1], g))
        walks.append(np.diff(x))
    (low, high), tiny = np.sort(np.abs(walks), axis=0), 1e-300
    apart = np.sign(walks[0]) * np.sign(walks[1]) < 0
    return float(np.max(np.where(apart, np.inf, (high + tiny) / (low + tiny))))


@exercise("03.6 the question that tells them apart")
def _questions(answer):
    """A dict of pair -> at most three gradients."""
    if not isinstance(answer, dict) or set(answer) != set(_PAIRS):
        return f"give a dict with the keys {', '.join(_PAIRS)}, each with a list of gradients."
    for name, (*pair, tip) in _PAIRS.items():
        if answer[name] is ...:
            return f"{name} is still ...; put a list of gradients in its place."
        gradients = floats_of(answer[name])
        if gradients is None or gradients.ndim != 1 or not 1 <= gradients.size <= 3 or not np.isfinite(gradients).all():
            return f"{name}: give a list of one, two or three numbers, such as [1.0, 1.0]."
        if (factor := _apart(pair, gradients.tolist())) < 2:
            return f"{name}: with these gradients no two steps differ by more than a factor of {factor:.3g}; {tip}"
    return None


def call(function, *arguments):
    """What the reader's function returns, and a hint if it divides by zero."""
    with np.errstate(all="ignore"):
        try:
            return function(*arguments), None
        except ZeroDivisionError:
            return None, FROM_ZERO
