"""What every rule shares: hyper-parameters that are checked, a step counter, state, and `step`.

A rule is a small class: hyper-parameters as fields, `init` that makes the state, and `update` that returns
the new point.  Inside `update`

* ``self.t`` is the number of this step, 1 for the first, as in the papers;
* ``self.lr`` and the other hyper-parameters are plain values, also when the user gave a schedule;
* whatever else is assigned to ``self`` is state: it is saved by pickle, shown by `state`, dropped by `reset`.

Updates are out of place: the arrays that a rule is given are never written to.
"""

import copy
import dataclasses
import functools
import math
from typing import ClassVar

import numpy as np

from .. import checks
from ..arrays import is_array, isfinite, like, namespace, refuse_matrix, reshape, total
from ..registry import OPTIMIZERS, hyper
from ..words import short
from .kinds import KINDS, settle_kind


class Optimizer:
    """Base of all rules.

    Class attributes
    ----------------
    sees : "number", "tensor", "matrix", "group" or None
        What `update` must see as a whole, because its numbers are computed from each other:

        * "number": nothing; each coordinate is stepped by itself, and drivers may cut or join arrays as they like;
        * "tensor": one array, such as the weights of one layer, for a norm of each layer;
        * "matrix": one array of two axes; kernels of convolutions are (out, rest), a vector is a matrix of one row;
        * "group": all arrays of a parameter group laid end to end, for a norm of the whole gradient;
        * None, where the class does not say: treated as "tensor", until `register` has checked it for "number".
    elementwise : bool
        Whether ``sees`` is "number".  A class that sets it to False sees a group.
    reads : tuple of str
        What `update` is given after ``x``: "gradient", "hessian", "function", or "gradient_function" (x -> g).
    """

    sees: ClassVar[str | None] = None
    elementwise: ClassVar[bool] = False
    reads: ClassVar[tuple] = ("gradient",)
    hypers: ClassVar[dict] = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "sees" not in own:
            if "elementwise" in own:
                cls.sees = "number" if cls.elementwise else "group"
            elif {"init", "update"} & own.keys():
                cls.sees = None  # what a parent said of another update
        checks.choice(cls.__name__, "sees", cls.sees, (None, *KINDS))
        cls.elementwise = cls.sees == "number"
        for name, field in getattr(cls, "__dataclass_fields__", {}).items():  # of a parent; `lr = 0.5` is a new default
            about, value = field.metadata.get("hyper"), own.get(name, field.default)
            if about and name in {*own, *cls.__annotations__} and not isinstance(value, dataclasses.Field):
                if type(value := about.check(cls.__name__, name, value)) is not type(about.default):
                    raise TypeError(f"{cls.__name__}: {name}={value!r} is no default; give it when you make the rule")
                setattr(cls, name, hyper(**{**vars(about), "default": value}))
                cls.__annotations__ = {name: object, **cls.__annotations__}
        dataclasses.dataclass(cls, kw_only=True, eq=False, repr=False)
        cls.hypers = {f.name: f.metadata["hyper"] for f in dataclasses.fields(cls) if "hyper" in f.metadata}
        for name in cls.hypers:
            if name == "t" or hasattr(Optimizer, name):
                raise ValueError(f"{cls.__name__}: every rule has a {name} already; call a hyper-parameter otherwise")
        cls.__no_state = frozenset({*cls.hypers, *Optimizer.__no_state})
        cls.__init__ = _refuse_unknown(cls.__init__, cls)

    # Two underscores keep these apart from private state of a rule.
    __no_state = ("t", *(f"_Optimizer__{name}" for name in ("given", "schedules", "axis", "like")))

    def __post_init__(self):
        if self.sees == "number":
            self.settle_kind()
        self.__given = {}  # arrays and schedules as the user gave them: the fields hold what a step uses
        self.__schedules = {}
        self.__axis = None  # the axes that make up one point: all of them, or -1 in a batch of points
        self.__like = None  # shape and dtype of the points so far
        self.t = 0
        for name in self.hypers:
            self.set(name, getattr(self, name))

    settle_kind = classmethod(settle_kind)

    # --- what a rule defines -----------------------------------------------------------------------------

    def init(self, x):
        """Make the state for points like ``x``.  Rules without memory leave this as it is."""

    def update(self, x, g):
        """Return the point after ``x``, where the gradient is ``g``."""
        raise NotImplementedError(f"{type(self).__name__} must define update(self, x, g)")

    def evaluated(self, x):
        """What is to be evaluated in place of ``x`` once there is a state: shaped as ``x``, or as `update` sees it."""
        return x

    # --- what a user calls -------------------------------------------------------------------------------

    def step(self, x, *seen, loss=None):
        """Make one step and return the new point.

        Parameters
        ----------
        x : float, NumPy array or torch tensor of any shape
            The present point; float32 and float64 stay what they are.
        *seen : what the rule ``reads``; for nearly all rules the gradient, of the shape of ``x``
        loss : number, optional
            Value at ``x``, for schedules that read the loss.

        Raises
        ------
        TypeError, ValueError
            For a wrong type, shape or dtype, and for NaN or infinity.  The state is then unchanged.
        """
        self.check(x, seen, loss)
        return self.advance(x, *seen, loss=loss)

    def evaluation_point(self, x):
        """The point at which to judge a run that has come to ``x``: for most rules ``x`` itself.

        Rules that keep an average of their path (`ASGD`, `EMA`, `Lookahead`, `ScheduleFree`) give that; of rules around
        each other the outermost decides.  Before the first step it is ``x``.
        """
        point = self.evaluated(x) if self.t else x
        return reshape(point, x.shape) if getattr(point, "shape", ()) != getattr(x, "shape", ()) else point

    def reset(self):
        """Forget all steps: the next one is the first again.  Returns the rule itself."""
        for name in self.state:
            delattr(self, name)
        for name, schedule in self.__schedules.items():
            setattr(self, name, None)
            if hasattr(schedule, "reset"):
                schedule.reset()
        self.t = 0
        return self

    @property
    def state(self):
        """What the rule remembers between steps, by name; empty before the first step."""
        return {name: value for name, value in vars(self).items() if name not in self.__no_state}

    def fresh(self):
        """An independent copy with the same hyper-parameters that has made no step."""
        return copy.deepcopy(self).reset()

    def set(self, name, value):
        """Give a hyper-parameter another value: a number, an array or a schedule, checked as at the beginning."""
        if name not in self.hypers:
            raise TypeError(f"{type(self).__name__} has no {name!r}; its hyper-parameters are {', '.join(self.hypers)}")
        value = self.hypers[name].check(type(self).__name__, name, value)
        if self.t and is_array(value):
            raise ValueError(f"{type(self).__name__}: {name} becomes an array before the first step only; call reset()")
        own = self.__given, self.__schedules  # made anew, for a shallow copy of the rule has the same two
        self.__given, self.__schedules = ({key: each[key] for key in each if key != name} for each in own)
        if is_array(value) or callable(value):
            self.__given[name] = value
        if callable(value):
            if getattr(value, "reads", None):
                value = self.__given[name] = copy.deepcopy(value)  # two rules must not share what it read
            self.__schedules[name], value = value, None
        setattr(self, name, value)

    def settings(self):
        """Hyper-parameters as they were given, by name; schedules as schedules."""
        return {name: self.given(name) for name in self.hypers}

    def given(self, name):
        """One hyper-parameter as it was given."""
        return self.__given.get(name, getattr(self, name))

    def __repr__(self):
        values = ", ".join(f"{name}={short(value)}" for name, value in self.settings().items())
        return f"{type(self).__name__}({values})"

    # --- what drivers call -------------------------------------------------------------------------------

    def advance(self, x, *seen, loss=None):
        """`step` without its checks, for drivers that make their own."""
        if self.sees == "matrix" and not self.__axis and len(getattr(x, "shape", ())) != 2:
            x_new = self.advance(*self.as_seen(x, *seen), loss=loss)
            return reshape(x_new, x.shape) if is_array(x) else x_new.item()
        if self.t == 0 or self.__schedules:
            self.begin(x, *seen, loss=loss)
        self.t += 1
        x_new = self.update(x, *seen)
        if x_new is None:
            raise TypeError(f"{type(self).__name__}.update returned None; end it with return and the new point")
        return x_new

    def as_seen(self, *arrays):
        """Arrays of one shape as `update` gets them: as matrices where the rule sees such, else as they are."""
        shape = tuple(getattr(arrays[0], "shape", ()))
        if self.sees != "matrix" or len(shape) == 2:
            return arrays
        matrix = (shape[0], math.prod(shape[1:])) if len(shape) > 2 else (1, math.prod(shape))
        return [reshape(array, matrix) for array in arrays]

    def begin(self, x, *seen, loss=None):
        """What comes before the update of a step: fields take their values; before the first, state is made."""
        if self.t == 0:
            for name, value in self.__given.items():
                if is_array(value):
                    setattr(self, name, like(value, x))
        for name, schedule in self.__schedules.items():
            reads = getattr(schedule, "reads", None)
            if reads == "gradient_norm":
                value = schedule(self.t, self.inner(seen[0], seen[0]) ** 0.5)
            else:
                value = schedule(self.t, loss) if reads == "loss" else schedule(self.t)
            if type(value) is not float or not checks.inside(value, self.hypers[name].allowed):
                value = self.hypers[name].check_scheduled(type(self).__name__, name, value)
            setattr(self, name, like(value, x) if is_array(value) else value)
        if self.t == 0:
            self.init(x)

    def batched(self):
        """Take the last axis (two, where a matrix is seen) as one point, those before as a batch.  Returns itself."""
        self.__axis = (-2, -1) if self.sees == "matrix" else -1
        return self

    def inner(self, a, b):
        """Inner product over one point: a number, or in a batch one number a point (shape (..., 1) or (..., 1, 1))."""
        return total(a * b, self.__axis)

    def row_mean(self, a):
        """Mean of each row of one point, rows counted by a matrix's first axis; a vector is one row.  0 of nothing."""
        sums = total(a, self.__axis or tuple(range(np.ndim(a) > 1, np.ndim(a))) or None)
        return sums / max(1, math.prod(np.shape(a)) / max(1, math.prod(np.shape(sums))))

    def column_mean(self, a):
        """Mean over the rows of one point; a vector, which is one row, stays as it is."""
        return a if self.__axis or np.ndim(a) < 2 else total(a, 0) / max(1, len(a))

    def reads_of_schedules(self):
        """What the schedules among the hyper-parameters read, a set: "loss", "gradient_norm"."""
        return {schedule.reads for schedule in self.__schedules.values() if getattr(schedule, "reads", None)}

    def check(self, x, seen, loss=None):
        """Raise TypeError or ValueError unless a step can be made with these; see `step`."""
        who = type(self).__name__
        if len(seen) != len(self.reads):
            raise TypeError(f"{who}.step takes x and {' and '.join(self.reads)}; got {len(seen)} after x")
        shape, dtype = _check_point(who, "x", x)
        for name, value in zip(self.reads, seen, strict=True):
            if name.endswith("function"):
                if not callable(value):
                    what = "function itself" if name == "function" else "gradient as a function"
                    raise TypeError(f"{who}.step reads the {what}, but got {value!r}; pass a callable of x")
                continue
            its_shape, its_dtype = _check_point(who, name, value)
            allowed = shape + shape[-1:] if name == "hessian" else shape
            if its_shape != allowed:
                raise ValueError(f"{who}: {name} has shape {its_shape}, but x {shape}; it must have shape {allowed}")
            if its_dtype != dtype:
                raise TypeError(f"{who}: {name} has dtype {its_dtype}, but x has {dtype}; both must be the same")
        if self.t and shape != self.__like[0]:
            raise ValueError(f"{who}: x has shape {shape}, but earlier steps had {self.__like[0]}; call reset() first")
        if self.t and dtype != self.__like[1]:
            raise TypeError(f"{who}: x has dtype {dtype}, but earlier steps had {self.__like[1]}; call reset() first")
        if self.t == 0:
            for name, value in self.__given.items():
                own = tuple(value.shape) if is_array(value) else ()
                if len(own) > len(shape) or any(n not in (1, m) for n, m in zip(own[::-1], shape[::-1], strict=False)):
                    raise ValueError(f"{who}: {name} has shape {own}, which does not broadcast to x's shape {shape}")
        if loss is None and "loss" in self.reads_of_schedules():
            raise TypeError(f"{who} has a schedule that reads the loss: call step(x, g, loss=...)")
        self.__like = shape, dtype


def as_rule(who, rule, name="rule", by_name=False):
    """A rule for what a caller may hand in: an instance or a class; ``by_name`` also takes a registered name."""
    if by_name and isinstance(rule, str):
        rule = OPTIMIZERS[rule]
    if isinstance(rule, type) and issubclass(rule, Optimizer):
        rule = rule()
    if not isinstance(rule, Optimizer):
        raise TypeError(f"{who}: {name}={rule!r} must be an optimizer, such as ol.Adam or ol.Adam(lr=0.1)")
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
    """Shape and name of the dtype of finite floating-point numbers; a Python float counts as float64."""
    if is_array(value):
        refuse_matrix(who, name, value)
        shape, dtype = tuple(value.shape), _name_of(type(value.dtype), value.dtype)
        if not dtype.endswith(("float32", "float64", "longdouble", "float128")):
            raise TypeError(f"{who}: {name} has dtype {dtype}; floating-point numbers are needed (float32, float64)")
    elif isinstance(value, float):
        shape, dtype = (), "float64"
    else:
        raise TypeError(f"{who}: {name}={value!r} is a {type(value).__name__}; pass a float, a NumPy array or a tensor")
    finite = isfinite(value)
    if not (namespace(value).all(finite) if shape else finite):
        raise ValueError(f"{who}: {name} contains NaN or infinity; only finite numbers are allowed")
    return shape, dtype


@functools.cache
def _name_of(kind, dtype):  # the kind first: dtypes of two libraries cannot always be compared
    return str(dtype)  # NumPy takes longer for it than for a step of a small array
