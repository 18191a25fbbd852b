"""`identify`: which rule is a black box that one can only feed gradients?"""

import dataclasses
import functools
import itertools

import numpy as np

from ...optimizers.base import Optimizer
from . import families, matcher

STEPS = 24
SAME = 1e-7  # of the way of a coordinate: the numbers are found by iteration
NUMBERS = {  # of each family: what is looked for, and values to begin with
    "momentum": {"lr": [0.01], "momentum": [0.0, 0.5, 0.9]},
    "adam": {"lr": [0.01], "beta1": [0.9, 0.5], "beta2": [0.999, 0.95], "eps": [1e-8, 1e-4]},
    "rmsprop": {"lr": [0.01], "beta2": [0.9, 0.99], "eps": [1e-8], "momentum": [0.0, 0.5, 0.9]},
    "adagrad": {"lr": [0.01], "eps": [1e-8], "start": [0.0, 0.1]},
    "adadelta": {"lr": [1.0], "beta2": [0.9, 0.95], "eps": [1e-6]},
    "adamax": {"lr": [0.01], "beta1": [0.9], "beta2": [0.999, 0.95], "eps": [1e-8]},
    "lion": {"lr": [0.01], "beta1": [0.9, 0.95], "beta2": [0.99, 0.98, 0.999]},
    "sign": {"lr": [0.01], "momentum": [0.0, 0.9]},
    "radam": {"lr": [0.01], "beta1": [0.9], "beta2": [0.999, 0.95], "eps": [1e-8]},
    "adabelief": {"lr": [0.01], "beta1": [0.9], "beta2": [0.999, 0.95], "eps": [1e-16, 1e-8]},
    "laprop": {"lr": [0.01], "beta1": [0.9], "beta2": [0.999, 0.95], "eps": [1e-15, 1e-8]},
    "qhm": {"lr": [0.01], "momentum": [0.9, 0.999], "nu": [0.7]},
    "ademamix": {"lr": [0.01], "beta1": [0.9], "beta2": [0.999], "beta3": [0.9999], "alpha": [2.0, 5.0], "eps": [1e-8]},
    "adan": {"lr": [0.01], "beta1": [0.98], "beta2": [0.92], "beta3": [0.99], "eps": [1e-8]},
    "adopt": {"lr": [0.01], "beta1": [0.9], "beta2": [0.9999, 0.99], "eps": [1e-6]},
    "rprop": {"lr": [0.01], "shorter": [0.5], "longer": [1.2], "least": [1e-6]},
    "schedule_free_adam": {"lr": [0.01], "beta1": [0.9], "beta2": [0.999, 0.99], "eps": [1e-8]},
    "schedule_free_sgd": {"lr": [0.1], "momentum": [0.9]},
}  # fmt: skip
# Conventions that change a path so much that others are only seen beside them.
FIRST = {"adam": [{}, {"psi": 0.004}, {"ahead": True}, {"ahead_corrected": True}, {"raw_m": True, "raw_v": True}]}
SHARES = {"momentum", "beta1", "beta2", "beta3", "nu"}
FIRST_FITTED, FAMILIES_KEPT, FITTED = 14, 4, 12


@dataclasses.dataclass
class Identity:
    """What `identify` returns.

    Attributes
    ----------
    rule : Optimizer
        The rule with its settings, or the nearest.
    error : float
        Largest difference of a coordinate from the path of the black box, relative to its way.
    same : bool
        Whether that is rounding.
    """

    rule: Optimizer
    error: float
    same: bool

    def __repr__(self):
        if self.same:
            return f"It is {self.rule!r}: {STEPS} steps differ by no more than {self.error:.1g} of the way."
        return f"None of ours; the nearest is {self.rule!r}, which differs by {self.error:.2g} of the way."


def probe():
    """Start and gradients, shapes (10,) and (24, 10): each coordinate asks another question."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((STEPS, 10))
    g[:, 0] = 1.0  # a first step, and a steady slope
    g[:, 1] = 0.0  # weight decay alone
    g[:, 2] = np.arange(STEPS) == 0  # a memory
    g[:, 3:6] *= [1e-8, 1e-5, 1e-3]  # what stands beside epsilon
    g[:, 6] *= np.where(np.arange(STEPS) % 7 == 3, 1e3, 1.0)
    g[:, 7] = np.where(np.arange(STEPS) % 3 == 0, g[:, 7], 0.0)
    x0 = np.array([0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5, -1.0, 0.3])
    return x0, g


def identify(step):
    """Feed a black box gradients, and find the rule and the settings that walk the same path.

    Parameters
    ----------
    step : callable (x, g) -> new x, torch optimizer class or functools.partial of one, or rule of ours
        A callable is called 24 times with arrays (10,) of float64 and remembers what it needs.

    Returns
    -------
    Identity
    """
    x0, gradients = probe()
    points = _walked(step, x0, gradients)
    ways = np.abs(np.diff(np.concatenate([x0[None], points]), axis=0)).sum(0)
    runs = [(x0, gradients, points, "float64", False)]
    first = sorted(_starts(x0, gradients, points, runs, ways), key=lambda each: each[:2])[:FIRST_FITTED]
    fitted = []
    for _, order, family, numbers, words in first:
        size, numbers = _fitted(family, numbers, words, runs, ways, 6)
        fitted.append((size, order, family, numbers, words))
        if size < SAME:
            break
    fitted.sort(key=lambda each: each[:2])
    if fitted[0][0] >= SAME:
        fitted = _conventions(fitted[:FAMILIES_KEPT], runs, ways)
    best = None
    for _, order, family, numbers, words in fitted[:FITTED]:
        _, numbers = _fitted(family, numbers, words, runs, ways, 25)
        numbers = _rounded(family, numbers, words, runs)
        found = _error(family, numbers, words, runs), order, family, words, numbers
        best = min(best or found, found, key=lambda each: each[:2])
        if best[0] <= SAME:
            break
    error, _, family, words, numbers = best
    if family == "qhm" and numbers["nu"] == numbers["momentum"] and error <= SAME:  # which is Nesterov's
        family, words = "momentum", words | {"nesterov": True}
        rest = {name: value for name, value in numbers.items() if name != "nu"}
        numbers = rest | {"lr": float(f"{numbers['lr'] * (1 - numbers['nu']):.6g}")}
    return Identity(families.FAMILIES[family](**numbers, **words), error, error <= SAME)


def _starts(x0, gradients, points, runs, ways):
    """For each family and each kind of beginning the best of its values: size of the residual, and what it is."""
    order = 0
    for family, starts in NUMBERS.items():
        tried = {}
        for values, words in itertools.product(itertools.product(*starts.values()), FIRST.get(family, [{}])):
            numbers = _decay(dict(zip(starts, values, strict=True)), family, points, x0)
            for decay in ({},) if "weight_decay" not in numbers else ({"decay": "l2"}, {"decay": "decoupled"}):
                numbers = _rated(family, numbers, words | decay, x0, gradients, points)
                size, order = _size(family, numbers, words | decay, runs, ways), order + 1
                kind = str(words), numbers.get("momentum") == 0.0, numbers.get("start") == 0.0
                tried.setdefault(kind, []).append((size, order, family, numbers, words | decay))
        yield from (min(each, key=lambda one: one[:2]) for each in tried.values())


def _conventions(fitted, runs, ways):
    """All conventions of the families that came nearest, with the numbers found so far, the best first."""
    seen, tried = set(), []
    for _, _, family, numbers, _ in fitted:
        for chosen in itertools.product(*matcher.AXES[family]):
            words = functools.reduce(dict.__or__, chosen, {})
            if "weight_decay" not in numbers:
                words.pop("decay", None)
            if (key := (family, str(words), str(numbers))) not in seen:
                seen.add(key)
                tried.append((_size(family, numbers, words, runs, ways), len(tried), family, numbers, words))
    return sorted(tried, key=lambda each: each[:2])


def _walked(step, x0, gradients):
    if isinstance(step, Optimizer):
        return matcher.walk(step, x0, gradients)
    cls = getattr(step, "func", step)
    if isinstance(cls, type) and hasattr(cls, "add_param_group"):
        step = _of_torch(step, x0)
    if not callable(step) or isinstance(step, type):
        raise TypeError(f"identify: step={step!r} must be a callable (x, g) -> new x, or a torch optimizer class")
    x, points = x0.copy(), []
    for g in gradients:
        x = np.asarray(step(x.copy(), g.copy()), float)
        if x.shape != x0.shape or not np.isfinite(x).all():
            raise ValueError(f"identify: step returned {x!r}; it must return finite numbers of shape {x0.shape}")
        points.append(x)
    return np.array(points)


def _of_torch(make, x0):
    import torch

    weights = torch.nn.Parameter(torch.tensor(x0))
    optimizer = make([weights])

    def step(x, g):
        weights.grad = torch.tensor(g)
        optimizer.step()
        return weights.detach().numpy().copy()

    return step


def _decay(numbers, family, points, x0):
    """Numbers with a weight decay where the coordinate without a gradient moves."""
    if points[0][1] == x0[1] or family in ("rprop", "schedule_free_sgd", "schedule_free_adam"):
        return numbers
    return numbers | {"weight_decay": max(1e-8, min(10.0, abs(1 - points[0][1] / x0[1]) / numbers["lr"]))}


def _rated(family, numbers, words, x0, gradients, points):
    """Numbers with the learning rate that the first step of a steady slope tells, as far as one does."""
    walked = matcher.walk(families.FAMILIES[family](**numbers, **words), x0, gradients[:3])
    ours, theirs = walked[2][0], points[2][0]
    if not ours or not np.isfinite(theirs / ours) or theirs / ours <= 0:
        return numbers
    more = numbers | {"lr": numbers["lr"] * theirs / ours}
    return more | {"weight_decay": numbers["weight_decay"] * ours / theirs} if "weight_decay" in more else more


def _residuals(family, numbers, words, runs, ways):
    (x0, gradients, points, *_), scale = runs[0], np.where(ways > 0, ways, 1.0)
    try:
        walked = matcher.walk(families.FAMILIES[family](**numbers, **words), x0, gradients)
    except (TypeError, ValueError, KeyError, ZeroDivisionError, OverflowError):
        return None
    return np.clip(np.nan_to_num((walked - points) / scale, nan=1e3), -1e3, 1e3).ravel()


def _size(family, numbers, words, runs, ways):
    r = _residuals(family, numbers, words, runs, ways)
    return np.inf if r is None else float(np.abs(np.clip(r, -1, 1)).mean())


def _error(family, numbers, words, runs):
    x0, gradients, points, *_ = runs[0]
    try:
        return matcher.error(matcher.walk(families.FAMILIES[family](**numbers, **words), x0, gradients), points, x0)
    except (TypeError, ValueError, KeyError, ZeroDivisionError, OverflowError):
        return np.inf


def _to_line(name, value):
    return np.log(1 - value) if name in SHARES else np.log(max(value, 1e-300))


def _from_line(name, at):
    if name in SHARES:
        return float(np.clip(1 - np.exp(min(at, 0.0)), 0.0, 1 - 1e-9))
    return float(np.exp(np.clip(at, -99, 20)))


def _fitted(family, numbers, words, runs, ways, rounds):
    """Levenberg and Marquardt's iteration for the numbers: their mean residual, and they."""
    free = [name for name, value in numbers.items() if value or name in SHARES]
    fixed = {name: value for name, value in numbers.items() if name not in free}

    def at(line):
        return fixed | {name: _from_line(name, value) for name, value in zip(free, line, strict=True)}

    line = np.array([_to_line(name, numbers[name]) for name in free])
    r, damping = _residuals(family, at(line), words, runs, ways), 1e-3
    for _ in range(rounds):
        if r is None or not r.any():
            break
        moved = [_residuals(family, at(line + 1e-6 * unit), words, runs, ways) for unit in np.eye(len(line))]
        if any(each is None for each in moved):
            break
        J = np.array([(each - r) / 1e-6 for each in moved]).T
        A, slope = J.T @ J, J.T @ r
        for _ in range(5):
            change = np.linalg.lstsq(A + damping * np.diag(np.diag(A) + 1e-12), -slope, rcond=None)[0]
            new = line + np.clip(change, -3, 3)
            r_new = _residuals(family, at(new), words, runs, ways)
            if r_new is not None and r_new @ r_new < r @ r:
                line, r, damping = new, r_new, damping / 10
                break
            damping *= 10
        else:
            break
    return (np.inf if r is None else float(np.abs(np.clip(r, -1, 1)).mean())), at(line)


def _rounded(family, numbers, words, runs):
    """Numbers of few digits, where the path is as near with them."""
    for name in numbers:
        limit = max(SAME, _error(family, numbers, words, runs))
        for digits in range(1, 7):
            value = numbers[name]
            if name in SHARES:
                value = round(1 - float(f"{1 - value:.{digits}g}"), 12)
            else:
                value = float(f"{value:.{digits}g}")
            if _error(family, numbers | {name: value}, words, runs) <= limit:
                numbers = numbers | {name: value}
                break
    return numbers
