"""What all schedules share: checked arguments, arithmetic, and order in time."""

import dataclasses
import numbers
import operator
from typing import ClassVar

import numpy as np

from ..arrays import is_array, maximum, where
from ..registry import Hyper
from ..words import short


class Schedule:
    """Base of all schedules: checks, arithmetic, and order in time.

    A schedule of one's own is a subclass with ``__call__(self, t)``, or simply any function of t.

    Attributes
    ----------
    reads : None, "loss" or "gradient_norm"
        What it is given after t, if anything: ``s(t, value)``.
    shape : tuple of ints
        Shape of its values: () for a number, else that of the array it was made with.
    """

    reads: ClassVar[str | None] = None
    __array_ufunc__ = None  # NumPy leaves `array * schedule` to __rmul__ instead of multiplying entry by entry

    def __post_init__(self):
        for field in _fields(self):
            value = getattr(self, field.name)
            about = field.metadata.get("about")
            if about is not None and not (value is None and field.default is None):
                object.__setattr__(self, field.name, _checked(type(self).__name__, field.name, value, about))
        if isinstance(type(self).reads, str):
            self.reset()  # it begins with nothing read

    @property
    def shape(self):
        return _common_shape(getattr(self, field.name) for field in _fields(self))

    def then(self, other, after):
        """This schedule for the first ``after`` steps, then ``other``, whose own t starts at 0 there."""
        return Then(self, other, after)

    def reset(self):
        """Forget what was read; without effect on a schedule of t alone.  Returns the schedule itself."""
        return self

    def __mul__(self, other):
        return Combined(self, other, "*")

    def __rmul__(self, other):
        return Combined(other, self, "*")

    def __add__(self, other):
        return Combined(self, other, "+")

    def __radd__(self, other):
        return Combined(other, self, "+")

    def __repr__(self):
        about = ", ".join(f"{f.name}={short(getattr(self, f.name), exact=True)}" for f in _fields(self))
        return f"{type(self).__name__}({about})"


schedule = dataclasses.dataclass(frozen=True, eq=False, repr=False)  # arrays make neither == nor hash


def number(allowed, default=dataclasses.MISSING, like=1.0):
    """A field that takes a number or an array in the interval ``allowed``."""
    return dataclasses.field(default=default, metadata={"about": Hyper(like, "", allowed, None, False, "")})


def integer(allowed, default=dataclasses.MISSING):
    """A field that takes an integer in the interval ``allowed``."""
    return number(allowed, default, like=1)


def _fields(one):
    return dataclasses.fields(one) if dataclasses.is_dataclass(one) else ()  # a reader's own may be a plain class


def _checked(owner, name, value, about):
    if not _is_plain(value):
        kind = "an integer" if isinstance(about.default, int) else "a number or an array"
        raise TypeError(f"{owner}: {name}={value!r} must be {kind} in {about.allowed}")
    return about.check(owner, name, value)


def _is_plain(value):
    return is_array(value) or isinstance(value, numbers.Real) and not isinstance(value, bool)


def _common_shape(values):
    return np.broadcast_shapes(*(tuple(getattr(value, "shape", ())) for value in values))


_OPERATORS = {"*": operator.mul, "+": operator.add}


class _Composition(Schedule):
    """What schedules made of schedules share: they read what their parts read."""

    def __post_init__(self):
        super().__post_init__()
        for part in self._parts():
            if not callable(part) and not _is_plain(part):
                raise TypeError(f"{type(self).__name__}: {part!r} must be a schedule, a number or an array")
        readers = [leaf for leaf in leaves(self) if getattr(leaf, "reads", None)]
        if len({reader.reads for reader in readers}) > 1:
            raise ValueError(f"{type(self).__name__}: {self!r} reads the loss and the gradient norm; one is allowed")
        if isinstance(self, Combined) and len({*map(id, readers)}) < len(readers):  # `Then` asks one of its two
            raise ValueError(f"{type(self).__name__}: {self!r} has one schedule twice, which would read twice a step")

    @property
    def reads(self):
        return next((part.reads for part in self._parts() if getattr(part, "reads", None)), None)

    @property
    def shape(self):
        return _common_shape(self._parts())

    def reset(self):
        for part in self._parts():
            getattr(part, "reset", lambda: None)()
        return self


def leaves(one):
    """What a composition is made of down to what is none: schedules, functions of t, numbers; else ``one`` alone."""
    return [leaf for part in one._parts() for leaf in leaves(part)] if isinstance(one, _Composition) else [one]


def _at(part, t, seen):
    if not callable(part):
        return part
    return part(t, *seen) if getattr(part, "reads", None) else part(t)


@schedule
class Combined(_Composition):
    """Product or sum of two schedules, of which one may be a number or an array: ``a * b``, ``a + 0.1``."""

    a: object
    b: object
    how: str

    def _parts(self):
        return self.a, self.b

    def __call__(self, t, *seen):
        return _OPERATORS[self.how](_at(self.a, t, seen), _at(self.b, t, seen))

    def __repr__(self):
        a, b = (f"({p!r})" if isinstance(p, Combined) and p.how != self.how else short(p, True) for p in self._parts())
        return f"{a} {self.how} {b}"


@schedule
class Then(_Composition):
    """One schedule, and after so many steps another, whose own t starts at 0 there: ``a.then(b, after=n)``.

    torch's counterpart is SequentialLR.
    """

    first: object
    second: object
    after: int = integer("[0, inf)")

    def _parts(self):
        return self.first, self.second

    def __call__(self, t, *seen):
        if is_array(t):
            return where(t < self.after, _at(self.first, t, seen), _at(self.second, maximum(t - self.after, 0), seen))
        return _at(self.first, t, seen) if t < self.after else _at(self.second, t - self.after, seen)

    def __repr__(self):
        first = f"({self.first!r})" if isinstance(self.first, Combined) else short(self.first, exact=True)
        return f"{first}.then({short(self.second, exact=True)}, after={self.after})"


def check_fall(schedule, end="end"):
    """Raise ValueError where the number that ends a fall lies above its value."""
    if np.any(np.asarray(getattr(schedule, end)) > schedule.value):
        name, low = type(schedule).__name__, getattr(schedule, end)
        raise ValueError(f"{name}: {end}={low!r} must be at most value={schedule.value!r}, from which it falls")
