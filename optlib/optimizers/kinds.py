"""What a rule must see as a whole, and a check of rules that say that they see single numbers."""

import contextlib
import functools
import io
import sys
import warnings
import weakref

import numpy as np

KINDS = ("number", "tensor", "matrix", "group")
SHAPES = ((8,), (4, 6), (2, 4, 2, 2))  # of the arrays that the check cuts in two
STEPS = 30  # a rule may join its numbers only now and then

_checked = weakref.WeakSet()
_written = weakref.WeakKeyDictionary()  # class -> names of hyper-parameters that its steps were seen to change
_apart = weakref.WeakKeyDictionary()  # class -> what `steps_points_apart` says of it


def settle_kind(cls):
    """Refuse rules that write to hyper-parameters or, unsaid, join numbers; settle "number" where nothing is said."""
    if cls in _checked:
        return
    _checked.add(cls)  # first, because the trial makes rules of this class
    coupled = not is_ours(cls) and is_coupled(cls)
    if not is_ours(cls):
        _tried(lambda: _end(cls(), np.ones(1), np.ones((STEPS, 1))))  # one number, for what is written for floats
    if written := _written.get(cls):
        _checked.discard(cls)
        raise ValueError(f"{cls.__name__}: update writes to {min(written)}, a hyper-parameter; use another name for it")
    if coupled and cls.sees in ("number", None):
        _checked.discard(cls)
        raise ValueError(
            f"{cls.__name__}: its update computes numbers of an array from each other (by a sum, a norm, a shape or "
            "random numbers); say in the class what it must see as a whole: sees = 'tensor', 'matrix' or 'group'"
        )
    if coupled is False and cls.sees is None:
        cls.sees, cls.elementwise = "number", True


def is_coupled(cls):
    """Whether two halves of an array, stepped apart, do not end where the whole array ends, in any of the trials.

    Returns None where the rule cannot be tried: it reads more than the gradient, or raises on NumPy arrays.
    """
    if cls.reads != ("gradient",):
        return None
    rng = np.random.default_rng(0)
    cuts = [(shape, i) for shape in SHAPES for i in range(len(shape))[:2]]
    differ = lambda make, cuts: any(_halves_differ(make, *cut, rng) for cut in cuts)
    first = _tried(differ, cls, cuts)
    return first if first is None else first or any(_tried(differ, make, cuts[1:3]) for make in _variants(cls))


def steps_points_apart(cls):
    """Whether a rule steps each point of a batch as if it were alone, so that all can be one array.

    Rules of the course do, with `inner` for their norms.  A reader's rule is tried; where that cannot be done, or where
    it takes a plain sum over all of the array, the answer is no.
    """
    if cls.sees == "number" or is_ours(cls):
        return True
    if cls not in _apart:
        rng = np.random.default_rng(0)
        shape = (3, 2, 4) if cls.sees == "matrix" else (3, 4)
        x, slopes = rng.standard_normal(shape), 10 * rng.standard_normal((STEPS, *shape))
        alone = lambda make: [_end(make(), x[i], slopes[:, i]) for i in range(len(x))]
        agree = lambda make: np.allclose(_end(make().batched(), x, slopes), alone(make), rtol=1e-9, equal_nan=True)
        _apart[cls] = all(_tried(agree, make) for make in (cls, *_variants(cls)) if make is cls or _tried(alone, make))
    return _apart[cls]


def is_ours(cls):
    """Whether a class is the package's own, which the tests check once and for all."""
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def _variants(cls):
    """A class with each bool turned, and each number at its slider's ends or a little changed.

    Farther from its default a number may keep a loop from ending, so only a tiny or huge one, which may be off, is set.
    """
    for name, about in cls.hypers.items():
        near, value = about.slider or (), about.default
        if isinstance(value, (bool, tuple)):
            near = [not value] if isinstance(value, bool) else []
        elif not near:
            near = [value - 1, value + 1] if isinstance(value, int) else [0.8 * value, 1.1 * value]
            near = near if 1e-3 <= abs(value) <= 1e3 else [0.01, 0.9, 2.0]
        yield from (functools.partial(cls, **{name: each}) for each in near)


def _tried(trial, *given):
    """What a trial returns, None if it raises; it neither prints nor stops, which is for steps that a reader makes."""
    hook, sys.breakpointhook = sys.breakpointhook, lambda *given, **named: None
    try:
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return trial(*given)
    except Exception:
        return None
    finally:
        sys.breakpointhook = hook


def _halves_differ(make, shape, axis, rng):
    sizes = 10.0 ** rng.uniform(-2, 2, size=(STEPS, *[1] * len(shape)))
    x, slopes = rng.standard_normal(shape), sizes * rng.standard_normal((STEPS, *shape))
    halves = zip(np.split(x, 2, axis), np.split(slopes, 2, axis + 1), strict=True)
    apart = np.concatenate([_end(make(), *half) for half in halves], axis)
    return not np.allclose(_end(make(), x, slopes), apart, rtol=1e-9, atol=1e-12, equal_nan=True)


def _end(rule, x, slopes):
    x, before = x.copy(), rule.settings()
    for g in slopes:
        x = rule.advance(x, g.copy())  # a rule that writes into what it is given has another fault than this one
    changed = [name for name, value in before.items() if not np.array_equal(getattr(rule, name), value)]
    for each in (type(rule), getattr(rule, "wrapper", None) or type(rule)):
        _written.setdefault(each, set()).update(changed)
    return x
