"""optlib: every optimizer and every test function of the course, from scratch.

>>> import optlib as ol
>>> path = ol.minimize(ol.FUNCTIONS["rosenbrock"], ol.Adam(lr=0.1), start=(-1.2, 1.0), steps=500)

Pictures, widgets and torch are loaded only when they are first used.
"""

import importlib

from . import numerical, optimizers, schedules, theory
from .functions import Function, objective
from .minimize import Trajectory, grid, minimize
from .optimizers import *  # noqa: F403  (every rule by its name)
from .registry import FUNCTIONS, OPTIMIZERS, hyper, register

__version__ = "0.1.0"

# name -> module that defines it, or that it is; loaded on first use, so that `import optlib` needs only NumPy
_LAZY = {
    "DictOptimizer": "training.dict_optimizer",
    "plots": "pictures.plots",
    "card": "course.cards",
    "animate": "live.animation",
    "heatmap": "live.heatmap",
    "predict": "live.predict",
    "race": "live.race",
    "explore": "live.explorer",
    "surface": "live.surface",
    "sliders": "live.sliders",
    "check": "course.exercises",
    "cheat_sheet": "course.cheat_sheet",
    "Claims": "course.claims",
    "elsewhere": "course.elsewhere",
    "translate": "course.elsewhere",
    "identify": "course.elsewhere",
    "data": "data",
    "networks": "training.networks",
    "minibatch": "training.minibatch",
    "natural_gradient": "training.natural_gradient",
    "sharpness": "training.curvature",
    "tasks": "tasks",
    "train": "training.loops",
    "train_many": "training.loops",
}

__all__ = [
    "FUNCTIONS", "OPTIMIZERS", "Function", "Trajectory", "grid", "hyper", "minimize", "numerical",
    "objective", "register", "schedules", "theory", *optimizers.__all__, *_LAZY,
]


def __getattr__(name):
    if name in _LAZY:
        module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
        value = getattr(module, name, module)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'optlib' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
