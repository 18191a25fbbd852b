"""The test functions, in the order in which the course meets them."""

# The order of import is the order of teaching.
from . import one_dimensional, bowls, valleys, hills, matrices  # noqa: F401, I001
from ..registry import FUNCTIONS
from .base import Function
from .bowls import quadratic
from .matrices import matrix_factorization, matrix_least_squares, two_layer_linear
from .objective import objective

__all__ = [
    "FUNCTIONS", "Function", "matrix_factorization", "matrix_least_squares", "objective", "quadratic",
    "two_layer_linear",
]  # fmt: skip


def __getattr__(name):
    ready = f'; it is ready-made: ol.FUNCTIONS["{name}"]' if name in FUNCTIONS else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{ready}")
