"""All rules, in the order in which the course teaches them."""

# The order of import is the order of teaching.
from . import (  # noqa: F401, I001
    descent, momentum, adaptive, adam, adam_family, yellowfin, averaging, signs, adam_denominators, adam_averages,
    layerwise, factored, rate_free, second_order, gradient_free,
    matrix, preconditioned,
    around, weight_averages,
)
from ..registry import OPTIMIZERS
from .base import Optimizer

globals().update(OPTIMIZERS)

__all__ = ["Optimizer", *OPTIMIZERS]
