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
    name = answer if isinstance(answer, str) else None
    if isinstance(answer, Optimizer) or (isinstance(answer, type) and issubclass(answer, Optimizer)):
        name = answer.__name__ if isinstance(answer, type) else type(answer).__name__
    names = {rule.lower(): rule for rule in RACE["rules"]}
    if name is None or name.strip().lower() not in names:
        return f"name one of the five rules: {', '.join(RACE['rules'])}."
    f = FUNCTIONS[RACE["function"]]
    ends = {rule: minimize(f, OPTIMIZERS[rule](lr=RACE["lr"]), steps=RACE["steps"]) for rule in RACE["rules"]}
    chosen = ends[names[name.strip().lower()]]
    if chosen.diverged:
        return (
            f"{type(chosen.rule).__name__} leaves the picture: the slope at the start is "
            f"{np.linalg.norm(f.grad(chosen.start)):.0f}, and {RACE['lr']} of that is a step over the whole valley."
        )
    lower = sum(bool(path.f[-1] < chosen.f[-1]) for path in ends.values() if not path.diverged)
    if lower:
        return f"it ends at f = {chosen.f[-1]:.3g}; {lower} of the others end{'s' if lower == 1 else ''} lower."
    return None
