"""What a test function is: a formula of its coordinates, its exact gradient, and what is known about it."""

import dataclasses
import inspect
from collections.abc import Callable

import numpy as np

from .. import numerical
from ..arrays import is_array, join, split
from ..registry import FUNCTIONS


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
        All global minima in the domain; ``minimum`` is the value there.
    local_minima : tuple of points
        The local minima that are known in closed form or to 1e-9, global ones not repeated.
    any_dim : bool
        True if the formula takes any number of coordinates; see `in_dim`.
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

    @property
    def dim(self):
        """Number of coordinates of `start`, `domain` and `minima`."""
        return len(self.start)

    def __call__(self, x):
        return self.formula(*self._coordinates(x))

    def grad(self, x):
        """Exact gradient at points of shape (..., d), in the same shape."""
        return join(self.slopes(*self._coordinates(x)))

    def hess(self, x):
        """Hessian matrices of shape (..., d, d), by central differences of the gradient."""
        return numerical.hessian(self.grad, np.asarray(x, dtype=float))

    def at(self, *coordinates):
        """Value where the coordinates are given one by one: ``f.at(X, Y)``."""
        return self.formula(*coordinates)

    def grad_at(self, *coordinates):
        """Tuple of partial derivatives where the coordinates are given one by one."""
        return self.slopes(*coordinates)

    def in_dim(self, d):
        """The same function of ``d`` coordinates, with start, domain and minima repeated to fit."""
        if not self.any_dim:
            raise ValueError(f"{self.name} is a function of {self.dim} coordinates only; d={d!r} is not allowed")
        if d < 2:
            raise ValueError(f"d={d!r} must be an integer of at least 2")

        def fit(point):
            return tuple(point[i % len(point)] for i in range(d))

        minima = tuple(fit(m) for m in self.minima)
        return dataclasses.replace(
            self, domain=fit(self.domain), start=fit(self.start), minima=minima, local_minima=()
        )

    def __repr__(self):
        return f"<{self.name}: {self.dim} coordinates>"

    def _coordinates(self, x):
        x = x if is_array(x) else np.asarray(x, dtype=float)
        if x.shape == () and self.dim == 1:
            return [x]
        d = x.shape[-1] if x.shape else 0
        if d != self.dim and not (self.any_dim and d >= 2):
            raise ValueError(
                f"{self.name}: x has shape {tuple(x.shape)}; its last axis must hold the {self.dim} coordinates"
            )
        return split(x)


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


def objective(fn, grad="numerical", *, name=None, start=None, domain=None, minima=(), latex="", source="", dim=None):
    """Make a `Function` of one's own: ``ol.objective(lambda x, y: x**2 + 3 * y**2)``.

    Parameters
    ----------
    fn : callable of d coordinates -> value
        Written for NumPy arrays (``np.sin``, ``optlib.arrays.sin``); for ``grad="torch"`` in torch.
    grad : "numerical", "torch" or callable
        Central differences (relative error about 1e-10), automatic differentiation by torch, or a function
        of the coordinates that returns the tuple of partial derivatives.
    start, domain : optional
        Default: the point (1, ..., 1), and -5 to 5 for each coordinate.
    dim : int, optional
        Number of coordinates; read from the signature of ``fn`` where that is possible.
    """
    if not callable(fn):
        raise TypeError(f"objective: fn={fn!r} must be a function of the coordinates, such as lambda x, y: x * y")
    d = dim if dim is not None else _count_coordinates(fn, start)
    start = tuple(map(float, np.atleast_1d(start))) if start is not None else (1.0,) * d
    domain = tuple(tuple(map(float, side)) for side in domain) if domain is not None else ((-5.0, 5.0),) * d
    if len(start) != d or len(domain) != d:
        raise ValueError(f"objective: start={start} and domain={domain} must each have {d} entries, one a coordinate")
    for low, high in domain:
        if not low < high:
            raise ValueError(f"objective: domain side ({low}, {high}) must have low < high")
    slopes = _slopes(fn, grad)
    minima = tuple(tuple(map(float, np.atleast_1d(m))) for m in minima)
    minimum = float(fn(*minima[0])) if minima else None
    return Function(
        name=name or getattr(fn, "__name__", "objective").replace("<lambda>", "your function"),
        formula=fn, slopes=slopes, domain=domain, start=start, minima=minima, minimum=minimum,
        latex=latex, source=source,
    )


def _count_coordinates(fn, start):
    if start is not None:
        return len(np.atleast_1d(start))
    kinds = [p.kind for p in inspect.signature(fn).parameters.values()]
    if not kinds or any(k not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for k in kinds):
        raise ValueError("objective: the number of coordinates cannot be read from fn; give dim=")
    return len(kinds)


def _slopes(fn, grad):
    if callable(grad):
        return grad
    if grad == "numerical":
        return lambda *x: numerical.partials(fn, x)
    if grad == "torch":
        return lambda *x: _torch_slopes(fn, x)
    raise ValueError(f"objective: grad={grad!r} must be 'numerical', 'torch' or a function of the coordinates")


def _torch_slopes(fn, coordinates):
    import torch

    leaves = [torch.as_tensor(c).detach().clone().requires_grad_(True) for c in coordinates]
    value = fn(*leaves)
    slopes = torch.autograd.grad(value.sum(), leaves, allow_unused=True)
    slopes = [torch.zeros_like(c) if s is None else s for c, s in zip(leaves, slopes, strict=True)]
    if all(isinstance(c, torch.Tensor) for c in coordinates):
        return tuple(slopes)
    return tuple(s.numpy() if s.ndim else s.item() for s in slopes)
