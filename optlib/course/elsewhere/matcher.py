"""Paths compared with rules: how far one is from another, and which rule and conventions of ours walk a given path."""

import functools
import inspect
import itertools

import numpy as np

from . import families

DROP = 0.01  # what the learning rate is multiplied by in the second half of a path that drops
GLANCE, KEPT = 3, 8  # steps of a first look at all candidates, and how many are then walked to the end
EXACT = 1e-9
PLACES = [{"place": place} for place in ("eps", "eps_before", "eps_inside", "eps_hidden", "eps_floor")]
DECAYS = [{"decay": decay} for decay in ("l2", "decoupled", "after", "divided")]


def switches(*names):
    """Nothing, or one of the switches."""
    return [{}] + [{name: True} for name in names]


# family -> its conventions: one of each list is tried with one of each other.
AXES = {
    "momentum": [switches("nesterov"), switches("inside"), switches("average", "first_whole"), DECAYS],
    "adam": [PLACES, [{}, {"raw_m": True, "raw_v": True}, {"raw_m": True}], switches("largest", "largest_corrected"),
             [*switches("ahead", "ahead_corrected"), {"psi": 0.004}, {"psi": 1.0}], DECAYS],
    "lion": [DECAYS],
    "rmsprop": [PLACES, switches("centered"), [{}, {"start": 1.0}], switches("inside", "nesterov"),
                switches("corrected"), DECAYS],
    "adagrad": [PLACES, DECAYS],
    "adadelta": [switches("uphill"), DECAYS],
    "adamax": [[{"place": place} for place in ("eps", "eps_kept", "eps_outside")], switches("raw_m"), DECAYS],
    "radam": [[{"place": "eps_before"}, {"place": "eps"}], switches("silent", "belief"), DECAYS],
    "adabelief": [PLACES, switches("amsgrad"), DECAYS],
    "laprop": [PLACES, switches("largest"), switches("inside"), DECAYS],
    "adopt": [switches("ahead"), [{}, {"power": 0.333}, {"power": 0.0, "corrected": True}], DECAYS],
    "qhadam": [DECAYS], "qhm": [DECAYS], "sign": [DECAYS],
    "ademamix": [PLACES, DECAYS],
    "adan": [PLACES, switches("share"), DECAYS],
    "asgd": [switches("late")], "rprop": [switches("late")], "yogi": [], "madgrad": [DECAYS], "ftrl": [],
    "schedule_free_sgd": [], "schedule_free_adam": [switches("now", "after", "paper", "rectified")],
    "prodigy": [switches("correct"), DECAYS], "dadapt": [switches("correct")],
    "lamb": [[{}, {"raw_m": True, "raw_v": True}, {"raw_v": True, "late_m": True}],
             [{}, {"most": 10}, {"most_length": 10}],
             [{"decay": "inside"}, {"decay": "decoupled"}]],
    "lars": [switches("outside"), switches("together", "late_ratio"), switches("nesterov")],
    "adafactor": [switches("fixed"), switches("unscaled"), switches("whole", "last_axes"), DECAYS],
    "muon": [switches("half"), switches("total", "corrected"), [{}, {"rms": 0.2}, {"unscaled": True}, {"wide": True}],
             [{"nesterov": True}, {"nesterov": False}], DECAYS[:2]],
}  # fmt: skip


def walk(rule, x0, gradients, dtype="float64", drop=False, evaluated=False):
    """The points after each step of a fresh copy of the rule, shape (steps, *shape of x0)."""
    x, gradients = np.asarray(x0, dtype), np.asarray(gradients, dtype)
    rule, points, lr = rule.fresh(), [], rule.settings().get("lr")
    with np.errstate(all="ignore"):
        for t, g in enumerate(gradients):
            if drop and t == len(gradients) // 2:
                rule.set("lr", functools.partial(_times, lr) if callable(lr) else DROP * lr)
            x = rule.advance(x, g)
            points.append(np.asarray(rule.evaluation_point(x) if evaluated else x))
    return np.array(points)


def _times(schedule, t):
    return DROP * schedule(t)


def error(points, others, x0, dtype="float64"):
    """Largest difference of a coordinate relative to its way, less what the rounding of the weight itself explains.

    Parameters
    ----------
    points, others : arrays (steps, *shape)
        The way is that of ``others``.
    x0 : array of that shape
    dtype : str
        What ``others`` were computed in.

    Returns
    -------
    float
        0 where the two are equal to rounding; infinity where one of them is not finite.
    """
    points, others, x0 = (np.asarray(each, "float64") for each in (points, others, x0))
    if not np.isfinite(points).all() or not np.isfinite(others).all():
        return 0.0 if np.array_equal(points, others, equal_nan=True) else np.inf
    if np.array_equal(others.astype("float32"), others):  # kept in fewer bits than it says
        dtype = "float32"
    ends = np.concatenate([x0[None], others])
    way = np.abs(np.diff(ends, axis=0)).sum(0)
    steps = np.arange(1, len(points) + 1).reshape(-1, *[1] * x0.ndim)
    apart = np.maximum(np.abs(points - others) - 2 * np.finfo(dtype).eps * np.abs(ends).max(0) * steps, 0)
    return float((apart / np.where(way > 0, way, 1.0)).max(initial=0.0))


@functools.cache
def _accepted(family):
    parameters = inspect.signature(families.FAMILIES[family]).parameters.values()
    names = {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
    # Those who hand all on take what Adam's family takes, less a decay for rules without.
    return names | ({"lr", "beta1", "beta2", "eps", "weight_decay"} if len(names) < len(parameters) else set())


def candidates(numbers, only=None):
    """All rules of the families with these numbers (``lr``, ``beta1``, ``momentum``, ...): pairs of words and rule."""
    for family, axes in AXES.items():
        if only is not None and family not in only:
            continue
        accepted = _accepted(family)
        own = {word: value for word, value in numbers.items() if word in accepted}
        decay = [axis for axis in axes if axis is not DECAYS or own.get("weight_decay")]
        for chosen in itertools.product(*decay):
            words = functools.reduce(dict.__or__, chosen, {})
            try:
                yield (family, words), families.FAMILIES[family](**own | words)
            except (TypeError, ValueError, KeyError):
                continue


def match(runs, numbers, only=None, rules=None):
    """The rule of ours nearest to recorded paths.

    Parameters
    ----------
    runs : list of (x0, gradients, points, dtype, drop)
        All of one optimizer.
    numbers : dict
        Its hyper-parameters by our names: lr, momentum, beta1, beta2, eps, weight_decay, ...
    only : collection of families, optional
    rules : iterable of (words, rule), optional
        In place of those that `candidates` makes.

    Returns
    -------
    list of (error, (family, conventions), rule)
        The nearest first.
    """
    x0, gradients, points, dtype, _ = runs[0]
    glance = []
    for words, rule in rules if rules is not None else candidates(numbers, only):
        try:
            walked = walk(rule, x0, gradients[:GLANCE], dtype)
        except (TypeError, ValueError, ZeroDivisionError, IndexError, np.linalg.LinAlgError):
            continue
        apart = error(walked, points[:GLANCE], x0, dtype)
        if apart <= EXACT and (worst := _worst(rule, runs)) <= EXACT:
            return [(worst, words, rule)]
        glance.append((apart, len(glance), words, rule))
    glance.sort(key=lambda each: each[:2])
    found = [(_worst(rule, runs), order, words, rule) for _, order, words, rule in glance[:KEPT]]
    return [(worst, words, rule) for worst, _, words, rule in sorted(found, key=lambda each: each[:2])]


def _worst(rule, runs):
    return max(error(walk(rule, x0, gradients, dtype, drop), points, x0, dtype)
               for x0, gradients, points, dtype, drop in runs)  # fmt: skip
