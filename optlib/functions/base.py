"""What a test function is: a formula of its coordinates, its exact gradient, and what is known about it."""

import dataclasses
import inspect
from collections.abc import Callable

import numpy as np

from .. import checks, numerical
from ..arrays import is_array, join, split
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
        d = checks.integer(self.name, "d", d, least=2)

        def fit(point):
            return tuple(point[i % len(point)] for i in range(d))

        minima = tuple(fit(m) for m in self.minima)
        minimum = float(self.formula(*minima[0])) if minima else None
        return dataclasses.replace(
            self, domain=fit(self.domain), start=fit(self.start), minima=minima, minimum=minimum, local_minima=()
        )

    def __repr__(self):
        return f"<{self.name}: {self.dim} coordinate{'s' * (self.dim > 1)}>"

    def _repr_latex_(self):
        return f"$$f({', '.join(COORDINATES[: self.dim])}) = {self.latex}$$" if self.latex and self.dim < 4 else None

    def __reduce__(self):
        """Pickle a function of the course by its name: formulas may be lambdas, which pickle refuses."""
        if FUNCTIONS.get(self.name) is self:
            return _registered, (self.name,)
        return super().__reduce__()

    def _coordinates(self, x):
        if isinstance(x, (str, dict, set)):
            raise TypeError(f"{self.name}: x={x!r} must be an array of points, shape (..., {self.dim})")
        x = x if is_array(x) else np.asarray(x, dtype=float)
        if x.shape == () and self.dim == 1:
            return [x]
        d = x.shape[-1] if x.shape else 0
        if d != self.dim and not (self.any_dim and d >= 2):
            raise ValueError(
                f"{self.name}: x has shape {tuple(x.shape)}; its last axis must hold the {self.dim} coordinates"
            )
        return split(x)


def _registered(name):
    return FUNCTIONS[name]


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
    minima : sequence of points, optional
        Where the global minima are, if that is known.
    dim : int, optional
        Number of coordinates; read from the signature of ``fn`` where that is possible.

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, and if ``fn`` or ``grad`` gives something else than numbers at ``start``.
    """
    if not callable(fn):
        raise TypeError(f"objective: fn={fn!r} must be a function of the coordinates, such as lambda x, y: x * y")
    d = _count_coordinates(fn, start, dim)
    start = (1.0,) * d if start is None else tuple(map(float, np.atleast_1d(start)))
    domain = ((-5.0, 5.0),) * d if domain is None else tuple(tuple(map(float, side)) for side in domain)
    if len(start) != d or len(domain) != d:
        raise ValueError(f"objective: start={start} and domain={domain} must each have {d} entries, one a coordinate")
    for low, high in domain:
        if not low < high:
            raise ValueError(f"objective: domain side ({low}, {high}) must have low < high")
    f = Function(
        name=name or getattr(fn, "__name__", "objective").replace("<lambda>", "your function"),
        formula=_TorchValue(fn) if grad == "torch" else fn,
        slopes=_slopes(fn, grad),
        domain=domain, start=start, minima=tuple(tuple(map(float, np.atleast_1d(m))) for m in minima),
        latex=latex, source=source,
    )  # fmt: skip
    _try_out(f)
    return dataclasses.replace(f, minimum=float(f(np.array(f.minima[0])))) if f.minima else f


def _count_coordinates(fn, start, dim):
    if dim is not None:
        return checks.integer("objective", "dim", dim, least=1)
    if start is not None:
        return len(np.atleast_1d(start))
    try:
        parameters = inspect.signature(fn).parameters.values()
    except ValueError:  # some built-in functions hide theirs
        parameters = ()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if not parameters or any(p.kind not in plain for p in parameters):
        raise ValueError("objective: the number of coordinates cannot be read from fn; give dim=")
    return len(parameters)


def _try_out(f):
    """Evaluate once, at the start, so that a wrong function is told of here and not from within a run."""
    x = np.array([f.start, f.start])
    with np.errstate(all="ignore"):
        shape = np.shape(f(x))
        if shape not in ((2,), ()):
            raise ValueError(f"objective: fn gives shape {shape} for coordinates of shape (2,); it must give (2,)")
        slopes = f.slopes(*f.start)
    count = len(slopes) if isinstance(slopes, (tuple, list, np.ndarray)) else None
    if count != f.dim:
        raise ValueError(f"objective: grad gives {slopes!r}; it must give a tuple of {f.dim}, one slope a coordinate")


def _slopes(fn, grad):
    if callable(grad):
        return grad
    if grad == "numerical":
        return lambda *x: numerical.partials(fn, x)
    if grad == "torch":
        return _TorchSlopes(fn)
    raise ValueError(f"objective: grad={grad!r} must be 'numerical', 'torch' or a function of the coordinates")


class _TorchValue:
    """A formula written in torch, for coordinates that may be floats or NumPy arrays; these it gives back."""

    def __init__(self, fn):
        self.fn = fn

    def __call__(self, *coordinates):
        import torch

        with torch.no_grad():
            value = torch.as_tensor(self.fn(*map(_tensor, coordinates)))
        return _as_given(value, coordinates)


class _TorchSlopes(_TorchValue):
    """Its partial derivatives, by automatic differentiation."""

    def __call__(self, *coordinates):
        import torch

        leaves = [_tensor(c).detach().clone().requires_grad_(True) for c in coordinates]
        slopes = torch.autograd.grad(self.fn(*leaves).sum(), leaves, allow_unused=True)
        zeros = [torch.zeros_like(leaf) for leaf in leaves]
        return tuple(_as_given(z if s is None else s, coordinates) for s, z in zip(slopes, zeros, strict=True))


def _tensor(c):
    import torch

    if isinstance(c, torch.Tensor):
        return c
    return torch.as_tensor(np.array(c)) if is_array(c) else torch.tensor(c, dtype=torch.float64)


def _as_given(value, coordinates):
    if all(isinstance(c, float) for c in coordinates):
        return value.item()
    return value.numpy() if all(isinstance(c, (float, np.ndarray, np.generic)) for c in coordinates) else value
