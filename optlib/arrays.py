"""One vocabulary for Python floats, NumPy arrays and torch tensors.

The formulas of this course are written once, with the functions of this module, and run on whatever they
are given.  ``sqrt(v)`` asks ``v`` where it comes from and calls that library's square root.  torch is never
imported here: a tensor brings it along.
"""

import math
from types import SimpleNamespace

import array_api_compat
import numpy as np

pi = math.pi
_FLOAT64 = np.dtype(float)
_FLOAT64_INFO = np.finfo(float)

# Python floats get a namespace of their own because a two-dimensional path is five times faster without
# arrays.  It holds exactly the functions that this module hands out; `where` evaluates both branches, as
# the array versions do.
_FLOATS = SimpleNamespace(
    **{name: getattr(math, name) for name in ("sqrt", "exp", "log", "sin", "cos", "tanh", "isfinite")},
    abs=abs,
    sign=lambda x: math.copysign(1.0, x) if x and x == x else x,
    maximum=max,
    minimum=min,
    where=lambda condition, a, b: a if condition else b,
    zeros_like=lambda x: 0.0,
    ones_like=lambda x: 1.0,
)
_NAMESPACES = {float: _FLOATS, int: _FLOATS, bool: _FLOATS, complex: np, np.ndarray: np}


def namespace(x):
    """The library that ``x`` belongs to: NumPy, torch (through array-api-compat), or math for a float."""
    kind = type(x)
    if kind not in _NAMESPACES:
        _NAMESPACES[kind] = np if isinstance(x, (np.ndarray, np.generic)) else array_api_compat.array_namespace(x)
    return _NAMESPACES[kind]


def is_array(x):
    """True for NumPy arrays and torch tensors, 0-d ones included; False for Python numbers and lists."""
    return hasattr(x, "dtype") and hasattr(x, "shape")


def _lift(name):
    known = {}  # type -> function: a path of floats calls it a thousand times a frame

    def call(x, *more):
        function = known.get(type(x))
        if function is None:
            function = known[type(x)] = getattr(namespace(x), name)
        return function(x, *more)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a Python float, a NumPy array or a torch tensor, element by element."
    return call


sqrt, exp, log, sin, cos, tanh = map(_lift, ("sqrt", "exp", "log", "sin", "cos", "tanh"))
abs, isfinite = map(_lift, ("abs", "isfinite"))
maximum, minimum = map(_lift, ("maximum", "minimum"))
zeros_like, ones_like = map(_lift, ("zeros_like", "ones_like"))


def sign(x):
    """``sign`` of each element of a float, an array or a tensor; NaN of infinity, too, which a step would hide."""
    # torch's is 0 for NaN; array-api-compat writes NaN into it through a mask, which takes several times as long.
    return (namespace(x).sign(x) if namespace(x) in (np, _FLOATS) else x.sign()) + (x - x)


def where(condition, a, b):
    """``a`` where the condition holds, else ``b``; at least the condition decides the library."""
    return namespace(condition).where(condition, a, b)


def real(x):
    """The real part, by which the pieces of a function are told apart also in a complex step."""
    return x.real if isinstance(x, (int, float, complex, np.ndarray, np.generic)) else namespace(x).real(x)


def total(x, axis=None):
    """Sum over ``axis`` (all entries for None), kept as an axis of length 1 so that it broadcasts back."""
    if not is_array(x):
        return x
    xp = namespace(x)
    return xp.sum(x) if axis is None else xp.sum(x, axis=axis, keepdims=True)


def reshape(x, shape):
    """``x`` in another shape; of a Python float NumPy's array."""
    return (namespace(x) if is_array(x) else np).reshape(x, shape)


def transposed(x):
    """Matrices (..., m, n) as (..., n, m)."""
    return namespace(x).moveaxis(x, -1, -2)


def like(value, x):
    """``value`` (a number or array from anywhere) as an array of the library, dtype and device of ``x``."""
    if not is_array(x):
        return float(value)
    xp = namespace(x)
    if xp is np:
        return np.asarray(value, dtype=x.dtype)
    asarray = getattr(xp, "as_tensor", xp.asarray)  # torch's asarray warns where the value has a gradient
    return asarray(value, dtype=x.dtype, device=array_api_compat.device(x))


def in_float64(x):
    """``x`` in float64 if it is an array of narrower floats, for sums and differences that these would blur."""
    if getattr(x, "dtype", _FLOAT64) is _FLOAT64 or not str(x.dtype).endswith(("float16", "float32")):
        return x
    return x.astype(float) if (xp := namespace(x)) is np else xp.astype(x, xp.float64)


def finfo(x):
    """``eps``, ``max`` and more of the dtype of ``x``; those of float64 for Python numbers and integers."""
    if getattr(x, "dtype", _FLOAT64) is _FLOAT64 or "float" not in str(x.dtype):
        return _FLOAT64_INFO
    return namespace(x).finfo(x.dtype)


def refuse_matrix(who, name, value):
    """TypeError for `numpy.matrix`, whose ``*`` and ``**`` multiply matrices where every formula here means numbers."""
    if isinstance(value, np.matrix):
        raise TypeError(f"{who}: {name} is a numpy.matrix, whose * multiplies matrices; pass np.asarray({name})")


def split(x):
    """The coordinates of points: an array of shape (..., d) becomes d arrays of shape (...)."""
    return [x[..., i] for i in range(x.shape[-1])]


def join(coordinates, *beside):
    """The inverse of `split`; coordinates that are plain numbers take the shape of the others, or of what is beside.

    Coordinates stay together in memory (the last axis is the slowest), so that a coordinate of forty
    thousand points is one contiguous block and formulas run over it at full speed.
    """
    xp, arrays = broadcast([*coordinates, *beside])
    return xp.moveaxis(xp.stack(arrays[: len(coordinates)]), 0, -1)


def broadcast(coordinates):
    """The library of numbers and arrays, NumPy for numbers alone, and the list of them as its arrays of one shape."""
    first = max(coordinates, key=lambda c: len(c.shape) if is_array(c) else -1)
    xp = namespace(first)
    if xp is np or xp is _FLOATS:
        return np, list(np.broadcast_arrays(*coordinates))
    return xp, list(xp.broadcast_arrays(*[like(c, first) for c in coordinates]))
