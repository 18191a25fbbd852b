"""Paths compared with rules: how far one is from another, and the conventions that a path may have."""

import numpy as np

DROP = 0.01  # what the learning rate is multiplied by in the second half of a path that drops
FAILURES = TypeError, ValueError, KeyError, AttributeError, ArithmeticError, IndexError, np.linalg.LinAlgError
PLACES = [{}, *({"place": place} for place in ("before", "inside", "floor"))]
DECAYS = [{"decay": decay} for decay in ("l2", "decoupled")]


def switches(*names):
    """Nothing, or one of the switches."""
    return [{}] + [{name: True} for name in names]


UNCORRECTED = switches("uncorrected")
# rule -> its conventions: one of each list is tried with one of each other.
AXES = {
    "Momentum": [switches("nesterov"), switches("inside"), switches("average"), DECAYS],
    "Adam": [PLACES, UNCORRECTED, [*switches("amsgrad", "ahead"), {"amsgrad": True, "maximum": "corrected"}], DECAYS],
    "Nadam": [PLACES, DECAYS], "Lion": [DECAYS],
    "RMSProp": [PLACES, switches("centered"), [{}, {"start": 1.0}], switches("inside", "looks_ahead"), DECAYS],
    "AdaGrad": [[{}, {"place": "inside"}], DECAYS], "AdaDelta": [switches("uphill"), DECAYS],
    "AdaMax": [DECAYS], "AdaMaxVariant": [switches("kept", "outside")[1:], UNCORRECTED, DECAYS],
    "RAdam": [[{}, {"place": "after"}], switches("silent"), DECAYS],
    "AdaBelief": [switches("amsgrad", "rectify"), DECAYS], "LaProp": [DECAYS],
    "ADOPT": [DECAYS], "ADOPTVariant": [switches("corrected", "ahead"), [{}, {"power": 0.333}], DECAYS],
    "QHAdam": [DECAYS], "QHM": [DECAYS], "AdEMAMix": [PLACES, DECAYS], "Adan": [DECAYS], "OtherWeightAdan": [DECAYS],
    "ASGD": [], "LateASGD": [], "Rprop": [switches("late")], "Yogi": [], "MADGRAD": [DECAYS], "FTRL": [],
    "Prodigy": [switches("corrected"), DECAYS], "DAdaptAdam": [switches("corrected")], "SOAP": [], "Shampoo": [],
    "LAMBVariant": [UNCORRECTED, [{}, {"most": 10}, {"longest": 10}], [{"decay": "own"}, {"decay": "decoupled"}]],
    "LARSVariant": [switches("together", "outside")], "LARC": [],
    "LastAxesAdafactor": [switches("fixed"), [{}, {"relative": False}], DECAYS],
    "UnfactoredAdafactor": [switches("fixed"), [{}, {"relative": False}], DECAYS],
    "MuonVariant": [switches("half"), switches("sum", "corrected"), [{}, {"rms": 0.2}, {"unscaled": True}],
                    [{"nesterov": True}, {"nesterov": False}], DECAYS],
}  # fmt: skip


def walk(rule, x0, gradients, dtype="float64", drop=False, evaluated=False):
    """The points after each step of a fresh copy of the rule, shape (steps, *shape of x0)."""
    x, gradients = np.asarray(x0, dtype), np.asarray(gradients, dtype)
    rule, points = rule.fresh(), []
    with np.errstate(all="ignore"):
        for t, g in enumerate(gradients):
            if drop and t == len(gradients) // 2:
                rule.set("lr", DROP * rule.given("lr"))
            x = rule.advance(x, g)
            points.append(np.asarray(rule.evaluation_point(x) if evaluated else x))
    return np.array(points)


def error(points, others, x0, dtype="float64"):
    """Largest difference of a coordinate relative to its way, less what the rounding of the weight itself explains.

    Points are arrays (steps, *shape); the way is that of the others, which were computed in ``dtype``.  0 where both
    are equal to rounding, infinity where one of them is not finite.
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
