"""All rules, in the order in which the course teaches them."""

from . import descent, adam  # noqa: F401, I001  (the order of import is the order of teaching)
from ..registry import OPTIMIZERS
from .base import Optimizer

globals().update(OPTIMIZERS)

__all__ = ["Optimizer", *OPTIMIZERS]
