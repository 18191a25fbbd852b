"""The test functions, in the order in which the course meets them."""

from ..registry import FUNCTIONS
from . import bowls
from .base import Function, objective

__all__ = ["FUNCTIONS", "Function", "objective", "bowls"]
