"""What every rule shares: hyper-parameters that are checked, a step counter, state, and `step`.

A rule is a small class: hyper-parameters as fields, `init` that makes the state, and `update` that returns
the new point.  Inside `update`

* ``self.t`` is the number of this step, 1 for the first, as in the papers;
* ``self.lr`` and the other hyper-parameters are plain values, also when the user gave a schedule;
* whatever is assigned to ``self`` is state: it is saved by pickle, shown by `state`, dropped by `reset`.

Updates are out of place: the arrays that a rule is given are never written to.
"""

import copy
import dataclasses
import functools
from typing import ClassVar

import numpy as np

from ..arrays import is_array, isfinite, like, namespace, total
from ..registry import OPTIMIZERS


class Optimizer:
    """Base of all rules.

    Class attributes
    ----------------
    elementwise : bool
        True if each coordinate is treated by itself.  Then a network's weights may be laid out in any way.
    reads : tuple of str
        What `update` is given after ``x``: "gradient", "hessian" or "function".
    """

    elementwise: ClassVar[bool] = True
    reads: ClassVar[tuple] = ("gradient",)
    hypers: ClassVar[dict] = {}
    _hidden: ClassVar[frozenset] = frozenset("t")  # attributes that are no state

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(cls, kw_only=True, eq=False, repr=False)
        cls.hypers = {f.name: f.metadata["hyper"] for f in dataclasses.fields(cls) if "hyper" in f.metadata}
        cls._hidden = frozenset({*cls.hypers, "t"})
        cls.__init__ = _refuse_unknown(cls.__init__, cls)

    def __post_init__(self):
        self._schedules = {}
        self._given = {}  # arrays and schedules as the user gave them: the fields hold what a step uses
        self._axis = None  # the axes that make up one point: all of them, or -1 in a batch of points
        for name, about in self.hypers.items():
            value = about.check(type(self).__name__, name, getattr(self, name))
            if getattr(value, "reads", None):
                value = copy.deepcopy(value)  # it remembers what it read: two rules must not share it
            setattr(self, name, value)
            if is_array(value):
                self._given[name] = value
            if callable(value):
                self._given[name] = self._schedules[name] = value
                setattr(self, name, None)
        self.t = 0

    # --- what a rule defines -----------------------------------------------------------------------------

    def init(self, x):
        """Make the state for points like ``x``.  Rules without memory leave this as it is."""

    def update(self, x, g):
        """Return the point after ``x``, where the gradient is ``g``."""
        raise NotImplementedError(f"{type(self).__name__} must define update(self, x, g)")

    # --- what a user calls -------------------------------------------------------------------------------

    def step(self, x, *seen, loss=None):
        """Make one step and return the new point.

        Parameters
        ----------
        x : float, NumPy array or torch tensor of any shape
            The present point; float32 and float64 stay what they are.
        *seen : what the rule reads
            For nearly all rules the gradient, of the shape of ``x``.  Newton also takes the Hessian;
            rules without gradient take the function itself.
        loss : number, optional
            Value at ``x``, for schedules that read the loss.

        Raises
        ------
        TypeError, ValueError
            For a wrong type, shape or dtype, and for NaN or infinity.  The state is then unchanged.
        """
        self._check(x, seen, loss)
        return self.advance(x, *seen, loss=loss)

    def reset(self):
        """Forget all steps: the next one is the first again.  Returns the rule itself."""
        for name in self.state:
            delattr(self, name)
        for name, schedule in self._schedules.items():
            setattr(self, name, None)
            if hasattr(schedule, "reset"):
                schedule.reset()
        self.t = 0
        return self

    @property
    def state(self):
        """What the rule remembers between steps, by name; empty before the first step."""
        hidden = self._hidden
        return {k: v for k, v in vars(self).items() if k not in hidden and k[0] != "_"}

    def fresh(self):
        """An independent copy with the same hyper-parameters that has made no step."""
        return copy.deepcopy(self).reset()

    def settings(self):
        """Hyper-parameters as they were given, by name; schedules as schedules."""
        return {name: self._given.get(name, getattr(self, name)) for name in self.hypers}

    def __repr__(self):
        values = ", ".join(f"{k}={_short(v)}" for k, v in self.settings().items())
        return f"{type(self).__name__}({values})"

    # --- what drivers call -------------------------------------------------------------------------------

    def advance(self, x, *seen, loss=None):
        """`step` without its checks, for drivers that make their own."""
        if self.t == 0:
            self._begin(x)
        if self._schedules:
            self.resolve_schedules(x, seen, loss)
        self.t += 1
        return self.update(x, *seen)

    def inner(self, a, b):
        """Inner product over one point: a number, or in a batch one number a point (shape (..., 1))."""
        return total(a * b, self._axis)

    def _begin(self, x):
        for name, value in self.settings().items():
            if is_array(value):
                setattr(self, name, like(value, x))
        self.init(x)

    def resolve_schedules(self, x, seen, loss=None):
        """Give the fields that are schedules their values for the steps made so far."""
        for name, schedule in self._schedules.items():
            reads = getattr(schedule, "reads", None)
            if reads == "loss":
                value = schedule(self.t, loss)
            elif reads == "gradient_norm":
                g = seen[0]
                value = schedule(self.t, self.inner(g, g) ** 0.5)
            else:
                value = schedule(self.t)
            setattr(self, name, _plain(value, x))

    # --- checks ------------------------------------------------------------------------------------------

    def _check(self, x, seen, loss):
        who = type(self).__name__
        if len(seen) != len(self.reads):
            raise TypeError(f"{who}.step takes x and {' and '.join(self.reads)}; got {len(seen)} after x")
        _check_point(who, "x", x)
        for name, value in zip(self.reads, seen, strict=True):
            if name == "function":
                if not callable(value):
                    raise TypeError(f"{who}.step reads the function itself, but got {value!r}; pass a callable f(x)")
                continue
            _check_point(who, name, value)
            self._check_shape(who, name, x, value)
        self._check_same_as_before(who, x)
        if loss is None and any(getattr(s, "reads", None) == "loss" for s in self._schedules.values()):
            raise TypeError(f"{who} has a schedule that reads the loss: call step(x, g, loss=...)")

    def _check_shape(self, who, name, x, value):
        shape = getattr(x, "shape", ())
        wanted = tuple(shape) + tuple(shape[-1:]) if name == "hessian" else tuple(shape)
        if tuple(getattr(value, "shape", ())) != wanted:
            raise ValueError(
                f"{who}: {name} has shape {tuple(getattr(value, 'shape', ()))}, but x has shape {tuple(shape)}; "
                f"{name} must have shape {wanted}"
            )
        if _kind(value) != _kind(x):
            raise TypeError(f"{who}: {name} has dtype {_kind(value)}, but x has {_kind(x)}; both must be the same")

    def _check_same_as_before(self, who, x):
        shape, kind = tuple(getattr(x, "shape", ())), _kind(x)
        if self.t and shape != self._shape:
            raise ValueError(f"{who}: x has shape {shape}, but earlier steps had {self._shape}; call reset() first")
        if self.t and kind != self._dtype:
            raise TypeError(f"{who}: x has dtype {kind}, but earlier steps had {self._dtype}; call reset() first")
        if self.t == 0:
            for name, value in self.settings().items():
                if is_array(value) and not _broadcasts(tuple(value.shape), shape):
                    raise ValueError(
                        f"{who}: {name} has shape {tuple(value.shape)}, which does not broadcast to x's shape {shape}"
                    )
        self._shape, self._dtype = shape, kind


def as_rule(who, rule):
    """A rule for what a caller may hand in: an instance, a class, or the name of a registered one."""
    if isinstance(rule, str):
        rule = OPTIMIZERS[rule]
    if isinstance(rule, type) and issubclass(rule, Optimizer):
        rule = rule()
    if not isinstance(rule, Optimizer):
        raise TypeError(f"{who}: {rule!r} must be an optimizer, such as ol.Adam or ol.Adam(lr=0.1)")
    return rule


def _refuse_unknown(init, cls):
    """Wrap the generated ``__init__`` so that a misspelt hyper-parameter names the ones there are."""

    def __init__(self, *args, **given):
        unknown = [name for name in given if name not in cls.hypers]
        if args or unknown:
            what = f"{unknown[0]}={given[unknown[0]]!r}" if unknown else f"{args[0]!r} without a name"
            raise TypeError(f"{cls.__name__} got {what}; its hyper-parameters are {', '.join(cls.hypers) or 'none'}")
        init(self, **given)

    __init__.__wrapped__ = init  # keeps the signature for help() and Shift-Tab
    return __init__


def _check_point(who, name, value):
    if is_array(value):
        kind = _name_of(value.dtype)
        if "float" not in kind:
            raise TypeError(f"{who}: {name} has dtype {kind}; floating-point numbers are needed (float32, float64)")
        finite = bool(isfinite(value).all())
    elif isinstance(value, float):
        finite = bool(isfinite(value))
    else:
        raise TypeError(
            f"{who}: {name}={value!r} is a {type(value).__name__}; pass a float, a NumPy array or a torch tensor"
        )
    if not finite:
        raise ValueError(f"{who}: {name} contains NaN or infinity; only finite numbers are allowed")


def _kind(value):
    """Name of the dtype; a Python float counts as float64, as NumPy's own scalar does."""
    return "float64" if isinstance(value, float) else _name_of(value.dtype)


@functools.cache
def _name_of(dtype):
    return str(dtype)  # NumPy takes longer for it than for a step of a small array


def _plain(value, x):
    """What a schedule returned, in a form that does not widen float32: a Python number, or an array like x."""
    if not is_array(value):
        return value
    return like(value, x) if value.shape else value.item()


def _broadcasts(shape, target):
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def _short(value):
    if is_array(value) and namespace(value) is np and value.ndim:
        return f"array of shape {value.shape}"
    if is_array(value):
        return f"tensor of shape {tuple(value.shape)}"
    return f"{value:g}" if isinstance(value, float) else repr(value)
