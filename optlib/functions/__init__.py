"""The test functions, in the order in which the course meets them."""

from . import one_dimensional, bowls, valleys, hills  # noqa: F401, I001  (the order of import is the order of teaching)
from ..registry import FUNCTIONS
from .base import Function
from .bowls import quadratic
from .objective import objective

__all__ = ["FUNCTIONS", "Function", "objective", "quadratic"]


def __getattr__(name):
    ready = f'; it is ready-made: ol.FUNCTIONS["{name}"]' if name in FUNCTIONS else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{ready}")
