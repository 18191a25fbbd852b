"""What the tests that run over all rules share: a small world in which any rule of the registry can step."""

import contextlib
import pickle

import numpy as np
import pytest

from optlib.arrays import like
from optlib.checks import inside

START = np.array([[0.7, -1.3, 2.1], [1.9, 0.4, -0.8]])
SHAPES = [(), (1,), (3,), (2, 3), (2, 3, 4)]


@contextlib.contextmanager
def naming(case):
    """Whatever fails within is reported with the name of the case: many in one test cost less than a test each."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        raise AssertionError(f"at {case}: {error}") from error


def quadratic(x):
    """Value at points of shape (..., d), for the rules that read the function itself."""
    return ((x - 0.3) ** 2).sum(-1)


def takes_scalars(cls):
    """Rules that read the function need an axis of coordinates."""
    return "function" not in cls.reads


def seen(cls, x, g):
    """What `step` of this rule is given after x, where the gradient is g."""
    shape = tuple(getattr(x, "shape", ()))
    hessian = np.diag(2.0 + np.arange(shape[-1])) * np.ones((*shape, 1)) if shape else 2.0
    given = {"gradient": lambda: g, "hessian": lambda: like(hessian, x), "function": lambda: quadratic,
             "gradient_function": lambda: lambda point: g + 0.5 * (point - x)}  # fmt: skip
    return [given[name]() for name in cls.reads]


def gradients(shape, steps, seed=0, dtype=float):
    """Random gradients, an array (steps, *shape) of differing sizes."""
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-1, 1, size=(steps, *[1] * len(shape)))
    return (sizes * rng.standard_normal((steps, *shape))).astype(dtype)


def walk(rule, x, steps):
    """Points of the rule when fed ``steps``, one gradient after the other; the start is left out."""
    points = []
    for g in steps:
        x = rule.step(x, *seen(type(rule), x, g))
        points.append(x)
    return points


def snapshot(rule):
    """All that a rule remembers, as bytes that can be compared."""
    return pickle.dumps((rule.t, rule.state))


def spread(a, b):
    """Largest difference of two paths, relative to the size of the path of each coordinate."""
    a, b = (np.array([np.asarray(p) for p in path]) for path in (a, b))
    return (np.abs(a - b) / np.abs(b).max(axis=0)).max()


def values(about):
    """Allowed values of a hyper-parameter that is a real number: its default and points of its slider."""
    low, high = about.slider or (about.default * 0.5, about.default * 0.9)
    middle = (low * high) ** 0.5 if about.log else (low + high) / 2
    return [about.default, *(v for v in (low, middle, high) if v != about.default and inside(v, about.allowed))]


def reals(cls):
    """The hyper-parameters that are real numbers, and so may be arrays and schedules."""
    return {name: about for name, about in cls.hypers.items() if isinstance(about.default, float)}


class Constant:
    """A schedule with NumPy's number, which must not widen float32."""

    def __init__(self, value):
        self.value = value

    def __call__(self, t):
        return np.float64(self.value)


class Between:
    """A schedule that goes from one value to another, a little further with each step."""

    def __init__(self, first, last):
        self.first, self.last = first, last

    def __call__(self, t):
        return self.last + (self.first - self.last) / (1 + t)
