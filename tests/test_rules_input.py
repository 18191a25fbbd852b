"""Bad input to any rule gets one error that names the argument, the value and what is allowed."""

import copy
import warnings

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.checks import ends
from rules import SHAPES, START, Constant, gradients, reals, seen, snapshot, takes_scalars, walk


def refused(error, call, *words):
    """``call()`` raises this kind of error, and its message has all the words."""
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert str(word) in str(caught.value), f"{word!r} is not in: {caught.value}"


def ready(cls):
    """A rule that has made three steps, and the point where it stands."""
    rule = cls()
    return rule, walk(rule, START, gradients(START.shape, 3))[-1]


def nan_and_infinity_are_refused(cls):
    for bad in (np.nan, np.inf, -np.inf):
        rule, x = ready(cls)
        kept = snapshot(rule)
        good = np.ones_like(x)
        for i, argument in enumerate(("x", *cls.reads)):
            if argument.endswith("function"):
                continue
            given = [x, *seen(cls, x, good)]
            given[i] = np.array(given[i])
            given[i].flat[-1] = bad
            refused(ValueError, lambda rule=rule, v=given: rule.step(*v), cls.__name__, argument, "NaN or infinity")
            tensors = [torch.tensor(v) if isinstance(v, np.ndarray) else v for v in given]
            refused(ValueError, lambda given=tensors: cls().step(*given), argument, "NaN or infinity")
            if takes_scalars(cls):
                one = [1.0, *seen(cls, 1.0, 1.0)]
                one[i] = bad
                refused(ValueError, lambda one=one: cls().step(*one), argument, "NaN or infinity")
        assert snapshot(rule) == kept
        assert np.isfinite(rule.step(x, *seen(cls, x, good))).all(), "it goes on from where it was"


def matrices_are_refused(cls):
    """`numpy.matrix` multiplies as matrices where it is square."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        x = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    refused(TypeError, lambda: cls().step(x, *seen(cls, x, x)), cls.__name__, "x", "np.asarray(x)")
    for name in list(reals(cls))[:1]:
        refused(TypeError, lambda name=name: cls(**{name: x}), cls.__name__, name, "np.asarray")


def half_precision_is_refused(cls):
    for x in (np.ones(3, np.float16), torch.ones(3, dtype=torch.bfloat16)):
        refused(TypeError, lambda x=x: cls().step(x, *seen(cls, x, x)), cls.__name__, "float16", "float32, float64")


def wrong_arrays_are_refused(cls):
    x = START
    others = seen(cls, x, np.ones_like(x))
    for bad in (x.astype(int), x > 0, x.astype(complex), x.astype(str)):
        refused(TypeError, lambda bad=bad: cls().step(bad, *others), cls.__name__, "x", bad.dtype, "float")
    for bad in (x.tolist(), (1.0, 2.0), None, "north", 3, 1j):
        refused(TypeError, lambda bad=bad: cls().step(bad, *others), "x=", repr(bad), "NumPy array")
    for i, argument in enumerate(cls.reads):

        def step(value, i=i):
            return cls().step(x, *others[:i], value, *others[i + 1 :])

        if argument.endswith("function"):
            refused(TypeError, lambda step=step: step(np.ones_like(x)), "function", "callable")
            continue
        good = others[i]
        refused(TypeError, lambda step=step, good=good: step(good.astype(int)), argument, "int64", "float")
        refused(TypeError, lambda step=step, good=good: step(good.tolist()), argument, "NumPy array")
        refused(TypeError, lambda step=step, good=good: step(good.astype(np.float32)), argument, "float32", "float64")
        refused(TypeError, lambda step=step, good=good: step(torch.tensor(good)), argument, "torch.float64", "float64")
        refused(ValueError, lambda step=step, good=good: step(good[:1]), argument, good[:1].shape, good.shape)
        refused(ValueError, lambda step=step: step(1.0), argument, (), good.shape)
    refused(TypeError, lambda: cls().step(x), *cls.reads)
    refused(TypeError, lambda: cls().step(x, *others, 1.0), *cls.reads)


def a_change_midway_is_refused(cls):
    rule, x = ready(cls)
    kept = snapshot(rule)
    for shape in SHAPES:
        if shape == x.shape or not (shape or takes_scalars(cls)):
            continue
        other = np.ones(shape)
        refused(ValueError, lambda y=other: rule.step(y, *seen(cls, y, y)), "x", shape, x.shape, "reset()")
    for other in (x.astype(np.float32), torch.tensor(x)):
        refused(TypeError, lambda y=other: rule.step(y, *seen(cls, y, y)), "x", other.dtype, "float64", "reset()")
    assert snapshot(rule) == kept
    walk(rule, x, gradients(x.shape, 1))


def just_outside(about):
    """The numbers next to the allowed interval, and those that are never allowed."""
    low, with_low, high, with_high = ends(about.allowed)
    for end, belongs, away in ((low, with_low, -np.inf), (high, with_high, np.inf)):
        if np.isfinite(end):
            beyond = int(end + np.sign(away)) if isinstance(about.default, int) else float(np.nextafter(end, away))
            yield beyond if belongs else end
    yield from (np.nan, np.inf, -np.inf)


def hyper_parameters_are_checked(cls):
    for name, about in cls.hypers.items():
        kind = type(about.default)

        def make(value, name=name, kind=kind):
            return lambda: cls(**{name: (value,) if kind is tuple else value})

        for bad in (None, "0.1", [], {}, 1j):
            refused(TypeError, make(bad), cls.__name__, f"{name}=", repr(bad))
        if kind is bool:
            refused(TypeError, make(1), f"{name}=1", "True or False")
            continue
        refused(TypeError, make(True), f"{name}=True", about.allowed)
        for bad in just_outside(about):
            refused(ValueError, make(bad), cls.__name__, f"{name}={bad!r}", about.allowed)
            if kind is float:
                array = np.array([about.default, bad])
                refused(ValueError, make(array), name, repr(np.float64(bad)), about.allowed)
                refused(ValueError, make(torch.tensor(array)), name, repr(np.float64(bad)), about.allowed)
        if kind is int:
            refused(TypeError, make(about.default + 0.5), name, "integer", about.allowed)
            refused(TypeError, make(Constant(1)), name, "integer")
            refused(TypeError, make(np.array([1, 2])), name, "integer")
        if kind is tuple:
            refused(ValueError, lambda name=name: cls(**{name: ()}), name, "at least one", about.allowed)
            refused(TypeError, lambda name=name: cls(**{name: 0.5}), f"{name}=0.5", "sequence", about.allowed)


def allowed_values_are_taken(cls):
    for name, about in cls.hypers.items():
        if isinstance(about.default, (bool, tuple)):
            assert cls(**{name: about.default}).settings()[name] == about.default
            continue
        low, with_low, high, with_high = ends(about.allowed)
        at_the_ends = [end for end, belongs in ((low, with_low), (high, with_high)) if belongs]
        for value in [about.default, *at_the_ends, np.float64(about.default), np.array(about.default)]:
            kept = cls(**{name: value}).settings()[name]
            assert (type(kept), kept) == (type(about.default), value)
    for name, about in reals(cls).items():
        array = np.full((4, 1), about.default)
        refused(
            ValueError,
            lambda name=name, a=array: cls(**{name: a}).step(START, *seen(cls, START, START)),
            name,
            array.shape,
            START.shape,
        )


def unknown_hyper_parameters_are_refused(cls):
    refused(TypeError, lambda: cls(learning_rat=0.1), cls.__name__, "learning_rat=0.1", *cls.hypers)
    refused(TypeError, lambda: cls(0.1), cls.__name__, "0.1", *cls.hypers)


CHECKS = [
    nan_and_infinity_are_refused,
    matrices_are_refused,
    half_precision_is_refused,
    wrong_arrays_are_refused,
    a_change_midway_is_refused,
    hyper_parameters_are_checked,
    allowed_values_are_taken,
    unknown_hyper_parameters_are_refused,
]


@pytest.mark.parametrize("name", ol.OPTIMIZERS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_rule(check, name):
    check(ol.OPTIMIZERS[name])


def test_python_floats_and_numpys_go_together():
    x = np.float64(2.0)
    assert ol.Adam().step(x, 1.0) == ol.Adam().step(2.0, x / 2) == ol.Adam().step(np.array(2.0), 1.0)
    refused(TypeError, lambda: ol.Adam().step(np.float32(2.0), 1.0), "gradient", "float64", "float32")


def test_a_loss_that_is_needed_is_asked_for():
    def schedule(t, loss):
        return 0.1 * loss

    schedule.reads = "loss"
    refused(TypeError, lambda: ol.Adam(lr=schedule).step(1.0, 1.0), "loss")
    assert ol.GradientDescent(lr=schedule).step(1.0, 1.0, loss=2.0) == 0.8


@pytest.mark.parametrize(("hyper", "schedule", "says"), [
    ("lr", ol.schedules.Constant(-0.01), "lr=-0.01 is outside the allowed range"),
    ("lr", lambda t: 0.5 - 0.25 * t, "lr=-0.25 is outside"), ("beta", lambda t: 1.0, "beta=1.0 is outside"),
    ("lr", lambda t: abs, "the schedule of lr gives <built-in"), ("lr", lambda t: None, "lr=None must be a number"),
    ("lr", lambda t: float("nan"), "lr=nan is outside"),
    ("lr", lambda t: np.float64(-1.0), "lr=-1.0 is outside"), ("lr", lambda t: np.array([0.1, -1.0]), "lr contains"),
])  # fmt: skip
def test_the_values_of_a_schedule_are_checked_as_numbers_are(hyper, schedule, says):
    """A learning rate may be 0, where a warm-up begins."""
    run = lambda rule, start=(1.0, 1.0): ol.minimize(ol.FUNCTIONS["booth"], rule, start, 5)
    refused((TypeError, ValueError), lambda: run(ol.Momentum(**{hyper: schedule})), "Momentum: " + says)
    assert run(ol.Momentum(lr=lambda t: 0.01 * t, beta=lambda t: 0)).steps == 5
    assert run(ol.Momentum(lr=lambda t: np.array([[0.01], [0.02]]) * t), np.ones((2, 2))).steps == 5
    refused(ValueError, lambda: run(ol.RAdam(threshold=lambda t: 0)), "RAdam: threshold=0 is outside")
    refused(ValueError, lambda: run(ol.ADOPT(eps=lambda t: 0.0)), "ADOPT: eps=0.0 is outside")


def test_a_schedule_of_ones_own_is_asked_once_a_step():
    """One that draws or counts gave each coordinate of a single start another rate; a rule for floats still runs."""
    class Counting(ol.schedules.Schedule):
        def __call__(self, t):
            return own(t)

    own = lambda t: asked.append(t) or 0.1 / len(asked)
    for rate in (own, Counting(), ol.schedules.Constant(1.0).then(2.0 * (ol.schedules.WarmUp(2) + own), after=0)):
        asked = []
        path = ol.minimize(ol.functions.quadratic(1.0), ol.GradientDescent(lr=rate), (1.0, 1.0), 4)
        assert asked == [0, 1, 2, 3]
        assert np.all(path.x[:, 0] == path.x[:, 1])
    assert ol.minimize(ol.FUNCTIONS["booth"], Floats(lr=lambda t: 0.1), (1.0, 1.0), 2).x.shape == (3, 2)


class Floats(ol.optimizers.Optimizer):
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def update(self, x, g):
        return x - self.lr if g > 0 else x + self.lr


def test_a_class_of_schedules_is_no_schedule():
    refused(TypeError, lambda: ol.Adam(lr=ol.schedules.Cosine), "Adam: lr=", "a number, an array or a schedule")


def test_a_number_becomes_an_array_before_the_first_step_only():
    rule = ol.Adam()
    x = rule.step(np.ones(2, np.float32), np.ones(2, np.float32))
    refused(ValueError, lambda: rule.set("lr", np.array([0.1, 0.2])), "Adam: lr becomes an array before the first step")
    assert rule.step(x, x).dtype == np.float32


@pytest.mark.parametrize("rate", [ol.schedules.Cosine(0.1, steps=9), np.array([[0.1], [0.2]])], ids=repr)
def test_a_shallow_copy_has_settings_of_its_own(rate):
    rule = ol.Adam(lr=rate)
    copy.copy(rule).set("lr", 0.3)
    assert rule.settings()["lr"] is rate
    assert np.isfinite(rule.step(np.ones((2, 2)), np.ones((2, 2)))).all()


def test_setting_what_a_rule_does_not_have_names_what_it_has():
    refused(TypeError, lambda: ol.Lion().set("beta3", 0.5), "Lion", "'beta3'", "lr, beta1, beta2, weight_decay")
