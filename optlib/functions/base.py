"""What a test function is: a formula of its coordinates, its exact gradient, and what is known about it."""

import dataclasses
from collections.abc import Callable

import numpy as np

from .. import checks, numerical
from ..arrays import is_array, join, refuse_matrix, split
from ..registry import FUNCTIONS

COORDINATES = ("x", "y", "z")


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of d coordinates that can be minimized, drawn and differentiated.

    ``f(x)`` takes points of shape (..., d) and returns values of shape (...); ``f.grad(x)`` returns slopes of
    the shape of ``x``.  ``f.at(X, Y)`` and ``f.grad_at(X, Y)`` take the coordinates one by one, as a mesh
    grid has them.

    Attributes
    ----------
    name, latex, source : str
    formula : callable of d coordinates -> value
    slopes : callable of d coordinates -> tuple of d partial derivatives
    domain : tuple of (low, high), one a coordinate
        Where the function is usually drawn and searched.
    start : tuple of d floats
        A start from which a path is worth watching.
    minima : tuple of points
        All global minima in the domain, or one of a continuum; ``minimum`` is the value there.
    local_minima : tuple of points
        The local minima that are known in closed form or to 1e-9, global ones not repeated.
    any_dim : bool
        True if the formula takes any number of coordinates; see `in_dim`.
    names : tuple of str
        Of the coordinates, as axes and formulas write them; of the matrices, where the coordinates are such.
    shapes : tuple of (m, n)
        Of the matrices that the coordinates are, row by row, one matrix after the other; () where they are none.
    """

    name: str
    formula: Callable
    slopes: Callable
    domain: tuple
    start: tuple
    minima: tuple = ()
    minimum: float | None = None
    local_minima: tuple = ()
    latex: str = ""
    source: str = ""
    any_dim: bool = False
    names: tuple = COORDINATES
    shapes: tuple = ()

    @property
    def dim(self):
        """Number of coordinates of `start`, `domain` and `minima`."""
        return len(self.start)

    def __call__(self, x):
        return self.formula(*self._coordinates(x))

    def grad(self, x):
        """Exact gradient at points of shape (..., d), in the same shape."""
        coordinates = self._coordinates(x)
        slopes = join(self.slopes(*coordinates), coordinates[0])
        return slopes if np.ndim(x) else slopes[0]

    def hess(self, x):
        """Hessian matrices of shape (..., d, d), by central differences of the gradient."""
        return numerical.batch_hessian(self.grad, np.atleast_1d(np.asarray(x, dtype=float)))

    def at(self, *coordinates):
        """Value where the coordinates are given one by one: ``f.at(X, Y)``."""
        return self.formula(*[1.0 * c if is_array(c) else c for c in coordinates])  # arrays of integers overflow

    def grad_at(self, *coordinates):
        """Tuple of partial derivatives where the coordinates are given one by one."""
        return self.slopes(*[1.0 * c if is_array(c) else c for c in coordinates])

    def in_dim(self, d):
        """The same function of ``d`` coordinates, with start, domain and minima repeated to fit."""
        if not self.any_dim:
            raise ValueError(f"{self.name} is a function of {self.dim} coordinates only; d={d!r} is not allowed")
        d = checks.integer(self.name, "d", d, least=2)
        fit = lambda point: tuple(point[i % len(point)] for i in range(d))
        minima = tuple(fit(m) for m in self.minima)
        minimum = float(self.formula(*minima[0])) if minima else None
        return dataclasses.replace(
            self, domain=fit(self.domain), start=fit(self.start), minima=minima, minimum=minimum, local_minima=()
        )

    def __repr__(self):
        return f"<{self.name}: {self.dim} coordinate{'s' * (self.dim > 1)}>"

    def _repr_latex_(self):
        named = self.shapes or self.dim < 4
        return f"$$f({', '.join(self.names[: self.dim])}) = {self.latex}$$" if self.latex and named else None

    def __reduce__(self):
        """Pickle a function of the course by its name: formulas may be lambdas, which pickle refuses."""
        known = FUNCTIONS.get(self.name)
        if known is self or known and known.any_dim and self.dim > 1 and known.in_dim(self.dim) == self:
            return _registered, (self.name, self.dim)
        return super().__reduce__()

    def _coordinates(self, x):
        if isinstance(x, (str, dict, set)):
            raise TypeError(f"{self.name}: x={x!r} must be an array of points, shape (..., {self.dim})")
        refuse_matrix(self.name, "x", x)
        if not is_array(x) or getattr(x.dtype, "kind", "f") in "biuO":
            x = np.asarray(x, dtype=float)
        x = x if getattr(x.dtype, "is_floating_point", True) else 1.0 * x  # a tensor of integers, which overflow
        if x.shape == () and self.dim == 1:
            return [x]
        d = x.shape[-1] if x.shape else 0
        if d != self.dim and not (self.any_dim and d >= 2):
            raise ValueError(
                f"{self.name}: x has shape {tuple(x.shape)}; its last axis must hold the {self.dim} coordinates"
            )
        return split(x)


def _registered(name, d):
    return FUNCTIONS[name] if FUNCTIONS[name].dim == d else FUNCTIONS[name].in_dim(d)


def test_function(**about):
    """Decorator that turns a formula into a registered `Function`; ``slopes=`` gives its gradient.

    The name is that of the formula.  The value at the first minimum is computed, not typed.
    """

    def build(formula):
        f = Function(name=formula.__name__, formula=formula, **about)
        if f.minima and f.minimum is None:
            f = dataclasses.replace(f, minimum=float(f(np.array(f.minima[0], dtype=float))))
        FUNCTIONS[f.name] = f
        return f

    return build


test_function.__test__ = False  # pytest would collect it by its name
