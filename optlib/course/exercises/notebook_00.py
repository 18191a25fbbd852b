"""Exercises of the notebook Start here."""

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
