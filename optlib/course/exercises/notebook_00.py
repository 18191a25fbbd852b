"""Exercises of the notebook Start here."""

import math

import numpy as np

from ...functions import FUNCTIONS
from ...minimize import minimize
from ...optimizers import OPTIMIZERS
from ...optimizers.base import Optimizer
from .engine import exercise

RACE = {"function": "rosenbrock", "lr": 0.05, "steps": 200,
        "rules": ("GradientDescent", "Momentum", "AdaGrad", "RMSProp", "Adam")}  # fmt: skip


@exercise("00.1 who is lowest")
def _who_is_lowest(answer):
    """Which of five rules at one learning rate ends at the lowest value?"""
    rule = type(answer) if isinstance(answer, Optimizer) else answer
    name = rule.strip() if isinstance(rule, str) else getattr(rule, "__name__", "")
    f = FUNCTIONS[RACE["function"]]
    paths = {rule: minimize(f, OPTIMIZERS[rule](lr=RACE["lr"]), steps=RACE["steps"]) for rule in RACE["rules"]}
    chosen = next((paths[rule] for rule in paths if rule.lower() == name.lower()), None)
    if chosen is None:
        return f"name one of the five rules: {', '.join(RACE['rules'])}."
    if chosen.diverged:
        return (
            f"{type(chosen.rule).__name__} leaves the picture: the slope at the start is "
            f"{np.linalg.norm(f.grad(chosen.start)):.0f}, and {RACE['lr']} of that is a step over the whole valley."
        )
    lower = sum(bool(path.f[-1] < chosen.f[-1]) for path in paths.values() if not path.diverged)
    if lower:
        return f"it ends at f = {chosen.f[-1]:.3g}; {lower} of the others end{'s' if lower == 1 else ''} lower."
    return None


@exercise("00.2 a budget of twenty runs")
def _budget(answer):
    """Momentum(lr, beta) whose last 20 of 200 losses on Rosenbrock's valley are all below 0.1."""
    if not isinstance(answer, OPTIMIZERS["Momentum"]):
        return "hand in the rule with its settings: ol.Momentum(lr=..., beta=...)."
    if any(callable(value) or math.prod(np.shape(value)) != 1 for value in answer.settings().values()):
        return "this is a grid of settings, or a schedule; hand in the rule with a single lr and a single beta."
    path = minimize(FUNCTIONS[RACE["function"]], answer, steps=RACE["steps"])
    if path.diverged:
        return f"it leaves the picture after {path.ended_at} steps: the learning rate is too large for this valley."
    late, least = float(path.f[-20:].max()), float(path.f.min())
    if late < 0.1:
        return None
    if least < 0.1:
        return f"it comes down to {least:.2g} and swings up again to {late:.2g}: its memory or its step is too long."
    return f"the highest of its last 20 losses is {late:.2g}. Try other learning rates, and other values of beta."
