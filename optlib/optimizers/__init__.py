"""All rules, in the order in which the course teaches them."""

from . import descent, momentum, adam, yellowfin, averaging, second_order, gradient_free  # noqa: F401, I001  (the order of import is the order of teaching)
from ..registry import OPTIMIZERS
from .base import Optimizer

globals().update(OPTIMIZERS)

__all__ = ["Optimizer", *OPTIMIZERS]
