"""Functions of the reader's own: `objective` finds out how they want to be called, and differentiates them."""

import contextlib
import dataclasses
import inspect
import warnings

import numpy as np

from .. import checks, numerical
from ..arrays import broadcast, is_array, join, like, split
from .base import COORDINATES, Function

GRADIENTS = ("numerical", "torch")
NEAR = 4  # of the points that are tried so many lie near the start
OUTSIDE = ("math domain error", "expected a ")  # what `math` says in a ValueError; the second from Python 3.14 on


def objective(fn, grad="numerical", *, name=None, start=None, domain=None, minima=(), latex="", source="", dim=None,
              vectorize=None):  # fmt: skip
    """Make a `Function` of one's own: ``ol.objective(lambda x, y: x**2 + 3 * y**2)``.

    Parameters
    ----------
    fn : callable of d coordinates -> value, or of one vector of d numbers
        For ``grad="torch"`` written in torch.
    grad : "numerical", "torch" or callable
        Central differences (relative error about 1e-10 where ``fn`` changes over lengths of about 1; rescale others),
        automatic differentiation by torch, or a function called as ``fn`` is that returns the tuple of slopes.
    start, domain : optional, finite
        Default: the point (1, ..., 1), and -5 to 5 for each coordinate.
    minima : sequence of points, optional
        Where the global minima are, if that is known.
    dim : int, optional
        Number of coordinates; by default that of ``start``, or of the arguments of ``fn`` that have no default.
    vectorize : bool, optional
        A formula such as ``np.sin(x) * y`` takes arrays of coordinates, and pictures and batches are fast.  An ``if``,
        `math.exp`, or a cost that sums over data has to be called for each point by itself: True.  By default a few
        points decide: True where together they give anything else than each alone.  Then points at which ``fn``
        overflows, divides by zero or asks `math` for log(-1) are NaN.  False calls ``fn`` with arrays, whatever
        comes out.

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, and if ``fn`` or ``grad`` gives something else than numbers at ``start``.
    """
    if not callable(fn):
        raise TypeError(f"objective: fn={fn!r} must be a function of the coordinates, such as lambda x, y: x * y")
    if not callable(grad):
        checks.choice("objective", "grad", grad, GRADIENTS)
    if vectorize is not None:
        vectorize = checks.flag("objective", "vectorize", vectorize)
    d = _count_coordinates(fn, start, dim)
    start = np.ones(d) if start is None else np.array(start, dtype=float, ndmin=1)
    start = tuple(checks.vector("objective", "start", start).tolist())
    domain = ((-5.0, 5.0),) * d if domain is None else tuple(domain)
    if len(start) != d or len(domain) != d or any(np.shape(side) != (2,) for side in domain):
        raise ValueError(f"objective: start={start} must have {d} entries, domain={domain} as many pairs (low, high)")
    domain = tuple(tuple(map(float, side)) for side in domain)
    for low, high in domain:
        if not -np.inf < low < high < np.inf:
            raise ValueError(f"objective: domain side ({low}, {high}) must have low < high, both finite")
    minima = tuple(tuple(map(float, np.atleast_1d(point))) for point in minima)
    if any(len(point) != d for point in minima):
        raise ValueError(f"objective: minima={minima} must be points of {d} coordinates")
    name = name or getattr(fn, "__name__", "objective").replace("<lambda>", "your function")
    with np.errstate(all="ignore"):
        points = _trial_points(start, domain)
        wrap = _TorchValue if grad == "torch" else lambda fn: fn
        formula = _prepared("fn", wrap, fn, (), points, vectorize)
        if callable(grad):
            slopes = _prepared("grad", wrap, grad, (d,), points[:NEAR], vectorize)
        elif grad == "torch":
            slopes = _TorchSlopes(formula.fn)
            _check_torch(slopes, formula, points)
        else:
            slopes = Differences(formula)
        names = _arguments(fn) or ()
        names = names if len(names) == d > 1 else COORDINATES
        f = Function(name, formula, slopes, domain, start, minima, None, (), latex, source, names=names)
        return dataclasses.replace(f, minimum=_value_at(f, np.array(minima[0]))) if minima else f


def _count_coordinates(fn, start, dim):
    if dim is not None:
        return checks.integer("objective", "dim", dim, least=1)
    count = len(_arguments(fn) or ())
    d = count if start is None else len(np.atleast_1d(start))
    if not d:
        raise ValueError("objective: the number of coordinates cannot be read from fn; give dim=")
    if count and count not in (1, d):
        raise ValueError(f"objective: start={start!r} has {d} entries; fn has {count} arguments without a default")
    return d


def _arguments(fn):
    """Names of the arguments without a default; None where they are not known, or where there may be any number."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except ValueError:  # some built-in functions hide theirs
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return tuple(p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY)


def _prepared(what, wrap, fn, outputs, points, vectorize):
    """``wrap(fn)``, with ``fn`` called as it wants to be: with coordinates or a vector, arrays or single points."""
    call = _call(what, wrap, fn, outputs, points[0])
    together = wrap(call)
    if vectorize is None:
        usable = [points[0]]
        for point in points[1:]:
            with contextlib.suppress(Exception):  # a fault that a run may meet or not; the start has been tried already
                together(*point)
                usable.append(point)
        meshes = np.array([np.roll(usable, i, axis=0) for i in range(3)])  # with two axes, as those of pictures
        vectorize = numerical.mixes_points(lambda x: _values(together, x, outputs), meshes)
    elif not vectorize:
        try:
            _values(together, points, outputs)
        except Exception as error:  # whatever a reader's function may raise
            raise ValueError(
                f"objective: {what} cannot be called with arrays of coordinates: {type(error).__name__}: {error}; "
                "write np.sin for math.sin, np.where for if, or leave vectorize=False out"
            ) from error
    return wrap(EachPoint(call, outputs, wrap is _TorchValue)) if vectorize else together


def _call(what, wrap, fn, outputs, start):
    """``fn`` as a function of d coordinates, whether it takes them or a vector; tried at the start."""
    count, d, errors = _arguments(fn), len(start), []
    vector = OfVector(fn, len(outputs))
    calls = [fn] if count == d > 1 else [vector, fn] if count == 1 < d else [fn, vector]
    for call in calls:
        try:
            _check_value(what, wrap(call)(*start), outputs)
            return call
        except Exception as error:  # whatever a reader's function may raise
            errors.append(error)
    if d == 1 and isinstance(errors[0], IndexError):
        raise ValueError(
            f"objective: {what} fails at {float(start[0])}: {errors[0]}; if it takes one vector, give start= or dim="
        ) from errors[0]
    raise errors[0]


def _check_value(what, value, outputs):
    if value is None:
        raise TypeError(f"objective: {what} returned None; end it with return")
    must = f"a tuple of {outputs[0]}, one slope a coordinate" if outputs else "a number"
    several = isinstance(value, (tuple, list, np.ndarray))
    if outputs and not several or np.shape(value) != outputs or np.asarray(value).dtype.kind not in "fiub":
        raise ValueError(f"objective: {what} gives {value!r} at one point; it must give {must}")


def _values(formula, x, outputs):
    value = formula(*(x if x.ndim == 1 else split(x)))  # alone as a cache or `round` takes them
    return np.broadcast_to(join(value), x.shape) if outputs else np.asarray(value)


def _trial_points(start, domain):
    """The start, places near it and others in the domain: irregular, so that no two have one value by chance."""
    low, high = np.transpose(domain)
    shares = np.random.default_rng(0).random((7, len(start)))
    near, far = 0.01 * shares[: NEAR - 1], shares[NEAR - 1 :]
    return np.concatenate([[start], start + near * (high - low), low + far * (high - low)])


def _value_at(f, x):
    """f at x, or the mean beside it on either side where it is NaN at x itself, as sin(x)/x is at 0."""
    beside = x + numerical.EPS ** (1 / 3) * np.maximum(1.0, np.abs(x)) * np.array([[1.0], [-1.0]])
    value = float(f(x))
    value = float(np.nanmean(f(beside))) if np.isnan(value) and not np.isnan(f(beside)).all() else value
    if np.isnan(value):
        raise ValueError(f"objective: minima holds {tuple(x.tolist())}, where fn is NaN")
    return value


class OfVector:
    """A function of one vector of d numbers as one of d coordinates; of a batch it is given (d, points)."""

    def __init__(self, fn, axes):
        self.fn, self.axes = fn, axes  # of what it gives at one point: 1 of a gradient

    def __call__(self, *coordinates):
        xp, coordinates = broadcast(coordinates)
        shape = coordinates[0].shape
        if len(shape) < 2:
            return self.fn(xp.stack(coordinates))
        value = self.fn(xp.stack([xp.reshape(each, (-1,)) for each in coordinates]))  # a @ p takes two axes only
        in_shape = lambda v, own: xp.reshape(v, (*v.shape[:-1], *shape)) if getattr(v, "ndim", 0) > own else v
        return tuple(in_shape(v, 0) for v in value) if isinstance(value, tuple | list) else in_shape(value, self.axes)


class EachPoint:
    """A function of single points as one of arrays of them; NaN where it overflows or leaves the domain of `math`."""

    def __init__(self, fn, outputs, in_torch):
        self.fn, self.outputs, self.in_torch = fn, outputs, in_torch

    def __call__(self, *coordinates):
        xp, arrays = broadcast(coordinates)
        shape = arrays[0].shape
        columns = [xp.reshape(a, (-1,)) if self.in_torch else np.asarray(a).ravel() for a in arrays]
        values = [self._value(point) for point in zip(*columns, strict=True)]
        if not self.outputs:
            return _gathered(xp, values, arrays, shape)
        return tuple(_gathered(xp, [v[i] for v in values], arrays, shape) for i in range(*self.outputs))

    def _value(self, point):
        try:
            return self.fn(*point)
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, ValueError) and not str(error).startswith(OUTSIDE):
                raise
            return np.full(self.outputs, np.nan)[()]


def _gathered(xp, values, arrays, shape):
    """Values of points in the given order as an array of the shape, library and dtype of the coordinates."""
    if xp is np:
        return np.array(values, np.result_type(*arrays, np.float16)).reshape(shape)[()]  # floats also of whole numbers
    return xp.reshape(xp.stack([like(value, arrays[0]) for value in values]), shape)


class Differences:
    """Partial derivatives of a formula, by central differences."""

    def __init__(self, formula):
        self.formula = formula

    def __call__(self, *coordinates):
        return numerical.partials(self.formula, coordinates)


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


def _check_torch(slopes, formula, points):
    """ValueError where the slopes are not those of the formula: a float taken out of a tensor has no gradient."""
    way_back = "write it in torch, torch.sin for math.sin or np.sin; numbers taken out of a tensor have no gradient"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of the same fault
            given = np.stack(slopes(*points.T), axis=-1)
    except RuntimeError as error:
        raise ValueError(f"objective: torch cannot differentiate fn: {error}; {way_back}") from error
    differences = np.stack(numerical.partials(formula, points.T), axis=-1)
    off = np.abs(given - differences).max(axis=-1) > 0.01 * (np.abs(differences).max(axis=-1) + 1e-6)
    if off.mean() > 0.5:  # more than a kink or a jump here and there
        raise ValueError(f"objective: torch's gradient of fn is not that of its values; {way_back}")


def _tensor(c):
    import torch

    if isinstance(c, torch.Tensor):
        return c
    return torch.as_tensor(np.array(c)) if is_array(c) else torch.tensor(c, dtype=torch.float64)


def _as_given(value, coordinates):
    if all(isinstance(c, float) for c in coordinates):
        return value.item()
    return value.numpy() if all(isinstance(c, (float, np.ndarray, np.generic)) for c in coordinates) else value
