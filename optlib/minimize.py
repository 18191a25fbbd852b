"""`minimize`: run a rule on a test function, from one start or forty thousand, and record the path.

The loop calls `update` of the rule itself.  How often depends on what is asked for:

* one start and a rule that sees single numbers: once for each coordinate, a Python float, which is several times
  faster than arrays of two elements;
* a batch: once for all starts and settings, which are one array of shape (..., d);
* a rule that sees matrices: once for each matrix that the function says its coordinates are, (..., m, n);
* a batch, and a rule that would mix its points: once for each point.

The loop only steps and records.  Divergence and stopping criteria are looked for afterwards in the record, block
by block, so that they cost little and the loop stays plain.
"""

import contextlib
import functools
import numbers

import numpy as np

from . import checks
from .functions import Function
from .functions.matrices import slices
from .optimizers.base import as_rule
from .optimizers.kinds import steps_points_apart
from .trajectory import CRITERIA, Trajectory

BLOCK_STEPS = 256  # at most so many steps between two looks at which paths have ended
BLOCK_NUMBERS = 2**18  # and at most so many numbers in a block: temporaries stay in the cache, memory bounded
MISFITS = ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError


def minimize(f, opt, start=None, steps=100, tol=None, evaluated=False):
    """Run ``steps`` steps of a rule from ``start`` and return the `Trajectory`.

    Parameters
    ----------
    f : Function
        From `FUNCTIONS`, or made by `objective`.
    opt : Optimizer
        It is copied, not changed: the same call gives the same path again.  A rule of the course that throws dice has
        one seed for the whole batch, so that its paths differ; one of your own is copied for each, with equal dice.
    start : array (..., d), optional
        One point or many; by default ``f.start``.  Starts and array hyper-parameters broadcast against each
        other, so that ``lr`` of shape (200, 1) runs 200 settings.  float32 stays float32.
    steps : int, at least 0
    tol : float or dict, optional
        Stop when the Euclidean length of the step or of the gradient, or the change of the value, is at most
        the number given: ``tol={"step": 1e-6, "gradient": 1e-8}``.  A bare number is for the gradient.  Of several
        that are met at the same step the first of step, value, gradient is named.
    evaluated : bool
        Record `Optimizer.evaluation_point` in place of the points where gradients are taken: the average of rules that
        keep one.  ``tol`` then looks at these.

    Returns
    -------
    Trajectory
        Overflow is no error: such a path is marked "diverged" and holds its last finite point.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong kind, and for a start at which ``f`` is not finite.
    """
    rule, steps, tol = _check(f, opt, steps, tol)
    checks.flag("minimize", "evaluated", evaluated)
    x = _broadcast_start(f, rule, start)
    f = f.in_dim(x.shape[-1]) if f.any_dim and x.shape[-1] != f.dim else f  # its minimum may be another
    with np.errstate(all="ignore"):
        if not np.isfinite(f(x)).all():
            raise ValueError(f"minimize: {f.name} is not finite at start={_show(start if start is not None else x)}")
        run = _run if x.ndim == 1 or not x.size or steps_points_apart(type(rule)) else _run_apart
        return run(f, rule, x, steps, tol, evaluated)


def grid(**axes):
    """Hyper-parameters that span a grid: ``ol.Momentum(**ol.grid(lr=rates, beta=betas))``.

    Parameters
    ----------
    **axes : 1-D arrays or lists, numbers, schedules
        Each array becomes one axis, in the order given; numbers and schedules stay as they are.

    Returns
    -------
    dict of arrays that broadcast against each other and against points: with n rates and m betas ``lr`` has shape
    (n, 1, 1) and ``beta`` (m, 1), and the path of `minimize` has shape (steps + 1, n, m, d).
    """
    settings = {}
    for name, values in reversed(axes.items()):
        if not callable(values) and not isinstance(values, numbers.Real):
            checks.vector("grid", name, values, also="a number or ")
            values = np.reshape(values, (-1, *[1 for other in settings.values() if np.ndim(other)], 1))
        settings[name] = values
    return {name: settings[name] for name in axes}


# --- how the loop walks --------------------------------------------------------------------------------------


class _ArrayWalker:
    """All paths at once, as one array of shape (..., d)."""

    def __init__(self, f, rule, x, evaluated=False):
        self.f, self.x = f, x.copy(order="K")
        self.rule = _Matrices(rule, f, x) if rule.sees == "matrix" else rule.fresh().batched()
        self.shown = self.rule.evaluation_point if evaluated else lambda x: x
        self.wants_loss = "loss" in rule.reads_of_schedules()
        known = {"gradient": f.grad, "hessian": f.hess, "function": lambda x: f, "gradient_function": lambda x: f.grad}
        self.sources = [known[name] for name in rule.reads]

    def walk(self, record):
        """Fill record[1:] with the points after record[0]."""
        for row in record[1:]:
            loss = np.asarray(self.f(self.x))[..., None] if self.wants_loss else None
            seen = [source(self.x) for source in self.sources]
            try:
                self.x = self.rule.advance(self.x, *seen, loss=loss)
            except MISFITS as error:
                raise _CannotStep from error
            row[...] = self.shown(self.x)


class _Matrices:
    """A copy of a rule for each matrix that points (..., d) consist of; without any a point is a matrix of one row."""

    def __init__(self, rule, f, x):
        self.rules = []
        for part, shape in slices(f.shapes or ((1, x.shape[-1]),)):
            settings = {name: _of_matrix(value, part, shape) for name, value in rule.settings().items()}
            self.rules.append((part, shape, type(rule)(**settings).batched()))

    def advance(self, x, *seen, loss=None):
        loss = None if loss is None else loss[..., None]
        return self._each(lambda rule, *matrices: rule.advance(*matrices, loss=loss), x, *seen)

    def evaluation_point(self, x):
        return self._each(lambda rule, matrix: rule.evaluation_point(matrix), x)

    def _each(self, call, x, *seen):
        x_new = np.empty_like(x)
        for part, shape, rule in self.rules:
            matrices = [v[..., part].reshape(*v.shape[:-1], *shape) for v in (x, *seen)]
            x_new[..., part] = call(rule, *matrices).reshape(*x.shape[:-1], -1)
        return x_new


def _of_matrix(value, part, shape):
    """A setting for points (..., d) as one for matrices (..., m, n)."""
    if not getattr(value, "shape", ()):
        return value
    if callable(value):
        raise ValueError("minimize: a rule that sees matrices takes schedules of numbers, not of arrays")
    return value[..., None] if value.shape[-1] == 1 else value[..., part].reshape(*value.shape[:-1], *shape)


class _FloatWalker:
    """One path, each coordinate a Python float with its own copy of the rule."""

    def __init__(self, f, rule, x):
        self.slopes, self.x = f.slopes, x.tolist()
        self.advances = [rule.fresh().advance for _ in self.x]

    def walk(self, record):
        x, points = self.x, []
        for _ in range(len(record) - 1):
            g = self.slopes(*x)
            try:
                x = [advance(xi, float(gi)) for advance, xi, gi in zip(self.advances, x, g, strict=True)]
            except MISFITS as error:
                raise _CannotStep from error
            points.append(x)
        record[1:] = points
        self.x = x


class _CannotStep(Exception):
    """The rule raised its cause, one of `MISFITS`: it may be for arrays and have got floats, or the other way."""


def _walkers(f, rule, x):
    """The ways to walk, the one to try first first."""
    settings = rule.fresh().settings()
    plain = not rule.reads_of_schedules() and not any(getattr(value, "shape", ()) for value in settings.values())
    plain = plain and rule.reads == ("gradient",) and rule.sees in ("number", None)
    if x.ndim > 1 or x.dtype != np.float64 or not plain or not _takes_floats(f, x):
        return [_ArrayWalker]
    # Floats raise where arrays give inf and nan, or are asked for what only arrays have.  A rule that does not say what
    # it sees may be written for floats: `if g > 0`.  A schedule of one's own may draw or count: one call a step.
    settings |= {name: functools.cache(value) for name, value in settings.items() if callable(value)}
    ways = [lambda f, rule, x, way=way: way(f, type(rule)(**settings), x) for way in (_FloatWalker, _ArrayWalker)]
    return ways[::-1] if rule.sees is None else ways


def _takes_floats(f, x):
    try:
        return len([float(slope) for slope in f.slopes(*x.tolist())]) == len(x)
    except Exception:  # written for arrays only; if it is wrong in itself, the array walker will say so
        return False


# --- the run and what is read from its record ----------------------------------------------------------------


def _run(f, rule, x, steps, tol, evaluated):
    first, *others = [functools.partial(_ArrayWalker, evaluated=True)] if evaluated else _walkers(f, rule, x)
    try:
        return _walk(f, rule, x, steps, tol, first)
    except (_CannotStep, ArithmeticError, ValueError) as error:  # the last two from the function: see _walkers
        for walker in others:
            with contextlib.suppress(_CannotStep):
                return _walk(f, rule, x, steps, tol, walker)
        raise (error.__cause__ if isinstance(error, _CannotStep) else error) from None


def _run_apart(f, rule, x, steps, tol, evaluated):
    """Each path of a batch by itself, with its own settings."""
    batch, settings = x.shape[:-1], rule.settings()
    arrays = {name: value for name, value in settings.items() if getattr(value, "shape", ())}
    if any(map(callable, arrays.values())):
        raise ValueError(f"minimize: {rule!r} steps one point at a time; its schedules must be of numbers, not arrays")
    arrays = {name: np.broadcast_to(value, (*batch, value.shape[-1])) for name, value in arrays.items()}
    paths = []
    for i in np.ndindex(batch):
        own = {name: value[i].item() if value.shape[-1] == 1 else value[i] for name, value in arrays.items()}
        paths.append(_run(f, type(rule)(**(settings | own)), x[i], steps, tol, evaluated))
    points = np.stack([path.x for path in paths], axis=1).reshape(steps + 1, *x.shape)
    rest = [np.stack([getattr(path, name) for path in paths], axis=-1) for name in ("f", "ended_at", "stopped_by")]
    return Trajectory(points, *(each.reshape(*each.shape[:-1], *batch) for each in rest), rule, f)


def _walk(f, rule, x, steps, tol, walker_class):
    # Coordinates lie apart in memory, points side by side: see arrays.join.
    batch, d = x.shape[:-1], x.shape[-1]
    path = np.moveaxis(np.empty((steps + 1, d, *batch), x.dtype), 1, -1)
    values = np.empty((steps + 1, *batch), x.dtype)
    path[0], values[0] = x, f(x)
    ended_at, stopped_by = np.full(batch, steps), np.full(batch, "steps", dtype="<U8")
    _end(path[:1], values[:1], ended_at, stopped_by, 0, _criteria(f, path[:1], values[:1], tol, 0))
    keep_freed_memory()
    walker = walker_class(f, rule, path[0])
    block = int(np.clip(BLOCK_NUMBERS // max(x.size, 1), 8, BLOCK_STEPS))
    for first in range(0, steps, block):
        running = stopped_by == "steps"
        if not running.any():
            path[first + 1 :], values[first + 1 :] = path[first], values[first]
            break
        part = slice(first, min(first + block, steps) + 1)
        walker.walk(path[part])
        values[part][1:] = f(path[part][1:])
        if not running.all():  # paths that had ended before this block stay at its first point
            path[part][1:] = np.where(running[..., None], path[part][1:], path[part][:1])
            values[part][1:] = np.where(running, values[part][1:], values[part][:1])
        _end(path[part], values[part], ended_at, stopped_by, first, _criteria(f, path[part], values[part], tol, first))
    if not batch:
        ended_at, stopped_by = int(ended_at), str(stopped_by)
    return Trajectory(path, values, ended_at, stopped_by, rule, f)


def keep_freed_memory():
    """Spare the temporaries of large batches a third of their time.

    glibc gives freed blocks above a limit straight back to the system, so that each new one costs page faults.  It
    raises the limit to the size of a block that it sees freed, up to 32 MB.  This one is never touched, so it is free.
    """
    np.empty(31 * 2**20, np.uint8)


def _criteria(f, x, values, tol, first):
    """For each reason to stop, a bool array (block + 1, ...): whether it holds at that point, number ``first`` on."""
    met = {"diverged": ~(np.isfinite(values) & np.isfinite(x).all(axis=-1))}
    nothing = np.zeros_like(met["diverged"][:1])
    moved = np.ones_like(met["diverged"][1:])
    if first == 0:
        moved[:1] = (x[1:2] != x[:1]).any(axis=-1)  # to rest in the first step, as ADOPT does, is no end
    if "step" in tol:
        met["step"] = np.concatenate([nothing, (np.linalg.norm(np.diff(x, axis=0), axis=-1) <= tol["step"]) & moved])
    if "value" in tol:
        met["value"] = np.concatenate([nothing, (np.abs(np.diff(values, axis=0)) <= tol["value"]) & moved])
    if "gradient" in tol:
        met["gradient"] = np.linalg.norm(f.grad(x), axis=-1) <= tol["gradient"]
    return met


def _end(x, values, ended_at, stopped_by, first, met):
    """Find the paths that end in this block, note when and why, and hold them there."""
    any_met = np.logical_or.reduce(list(met.values()))
    ends = any_met.any(axis=0) & (stopped_by == "steps")
    if not ends.any():
        return
    when = any_met.argmax(axis=0)
    for reason in reversed(met):  # the first named wins
        holds = np.take_along_axis(met[reason], when[None], axis=0)[0]
        stopped_by[ends & holds] = reason
    last = np.where(stopped_by == "diverged", when - 1, when)
    ended_at[ends] = first + last[ends]
    rows = np.arange(len(values)).reshape(-1, *[1] * ended_at.ndim)
    keep = np.where(ends, np.minimum(rows, last), rows)
    values[...] = np.take_along_axis(values, keep, axis=0)
    x[...] = np.take_along_axis(x, keep[..., None], axis=0)


# --- arguments -----------------------------------------------------------------------------------------------


def _check(f, opt, steps, tol):
    checks.instance("minimize", "f", f, Function, "ol.objective(lambda x: x**2)")
    rule, steps = as_rule("minimize", opt, "opt").fresh(), checks.integer("minimize", "steps", steps)
    if not isinstance(tol, dict):
        tol = {} if tol is None else {"gradient": tol}
    for name, bound in tol.items():
        checks.choice("minimize", "tol", name, CRITERIA)
        if isinstance(bound, bool) or not isinstance(bound, (int, float, np.number)) or not bound >= 0:
            raise ValueError(f"minimize: tol[{name!r}]={bound!r} must be a number of at least 0")
    return rule, steps, tol


def _broadcast_start(f, rule, start):
    try:
        x = np.asarray(f.start if start is None else start)
    except ValueError:
        raise ValueError(f"minimize: start={start!r} must be one point or an array of points of equal length") from None
    if x.dtype.kind not in "fiu":
        raise TypeError(f"minimize: start={_show(start)} must hold real numbers")
    x = x if x.dtype in (np.float32, np.float64) else x.astype(float)
    x = x[None] if x.ndim == 0 and f.dim == 1 else x
    shapes = {name: value.shape for name, value in rule.settings().items() if getattr(value, "shape", ())}
    try:
        shape = np.broadcast_shapes(x.shape, *shapes.values())
    except ValueError:
        shape = ()
    if shape[-1:] != x.shape[-1:]:
        raise ValueError(
            f"minimize: settings of shapes {shapes} do not broadcast with start of shape {x.shape}, whose last axis "
            f"holds the {x.shape[-1]} coordinates; n settings have shape (n, 1), such as lr[:, None]"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"minimize: start={_show(start)} contains NaN or infinity")
    return np.broadcast_to(x, shape)


def _show(start):
    return np.array2string(np.asarray(start), threshold=6, separator=", ")
