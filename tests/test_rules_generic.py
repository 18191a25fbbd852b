"""What holds for every rule of the registry, those that are added later included.

Each check is a plain function of the class, so that a rule written in a test passes through all of them too.
"""

import inspect
import pickle
import re

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import strategies as st

import optlib as ol
from optlib.arrays import namespace
from optlib.words import settings_text
from rules import START, Between, Constant, gradients, reals, seen, snapshot, spread, takes_scalars, values, walk

TAUGHT = (
    "GradientDescent Momentum Nesterov QHM AggMo DemonMomentum AdaGrad RMSProp AdaDelta Adam AdaMax Nadam AdamW "
    "AMSGrad RAdam QHAdam DemonAdam YellowFin ASGD Lion AdaBelief LaProp ADOPT "
    "AdEMAMix Adan MARS Newton Sophia LBFGS SimulatedAnnealing GeneticAlgorithm"
).split()
FEW = hypothesis.settings(max_examples=12, deadline=None, derandomize=True, database=None)


def shapes_and_dtypes_are_kept(cls):
    @FEW
    @hypothesis.given(hnp.array_shapes(min_dims=0, max_dims=4, max_side=4), st.sampled_from(["float32", "float64"]))
    def check(shape, dtype):
        hypothesis.assume(shape or takes_scalars(cls))
        x, steps = np.full(shape, 1.5, dtype), gradients(shape, 3, dtype=dtype)
        for point in walk(cls(), x, steps):
            assert (point.shape, point.dtype) == (shape, x.dtype)
        for point in walk(cls(), torch.tensor(x), map(torch.tensor, steps)):
            assert (tuple(point.shape), str(point.dtype)) == (shape, f"torch.{dtype}")

    check()


def any_finite_gradient_is_taken(cls):
    @FEW
    @hypothesis.given(hnp.arrays(float, 3, elements=st.floats(-1e150, 1e150)))
    @hypothesis.example(np.full(3, 1e150))
    @hypothesis.example(np.full(3, 5e-324))
    def check(g):
        x = START[0]
        with np.errstate(all="ignore"):
            points = walk(cls(), x, [g, -g, np.zeros(3), g])
        assert all(p.shape == x.shape and p.dtype == x.dtype for p in points)

    check()


def overflow_is_no_exception(cls):
    with np.errstate(all="ignore"):
        for dtype, huge in ((np.float64, 1e300), (np.float32, 1e38)):
            x = START.astype(dtype)
            (point,) = walk(cls(), x, [np.full_like(x, huge)])
            assert (point.shape, point.dtype) == (x.shape, x.dtype)


def squares_that_overflow_leave_the_path_finite(cls):
    """As Adam's, for every switch and every weight that may leave out a term."""
    for name, about in cls.hypers.items() if "gradient" in cls.reads else ():
        extremes = [True, False] if isinstance(about.default, bool) else [0.0, 1.0] * (about.allowed == "[0, 1]")
        for value in (about.default, *extremes):
            for dtype, huge in ((np.float64, 1e200), (np.float32, 1e30)):
                for steps in ([1, 1, 1, 0, 1], [0, -1, 1, 0, 0]):
                    x, g = START[0].astype(dtype), (huge * np.outer(steps, [1.0, 0.0, -1e-9])).astype(dtype)
                    with np.errstate(all="ignore"):
                        points = walk(cls(**{name: value}), x, g)
                    assert np.isfinite(points).all(), (name, value, dtype)


def zero_gradients_leave_the_point(cls):
    """But for the pull of weight decay, which is turned off here."""
    rule = cls(**{name: 0.0 for name in ("weight_decay", "lambd") if name in cls.hypers})
    points = walk(rule, START, [np.zeros_like(START)] * 5)
    assert all(np.isfinite(p).all() for p in points)
    if "gradient" in cls.reads:
        assert all((p == START).all() for p in points)


def what_is_given_is_not_written_to(cls):
    x, rule = START.copy(), cls()
    for g in gradients(x.shape, 4):
        given = [x, *seen(cls, x, g)]
        before = [np.copy(v) if isinstance(v, np.ndarray) else v for v in given]
        for v in given:
            if isinstance(v, np.ndarray):
                v.flags.writeable = False  # an attempt to write would raise
        new = rule.step(*given)
        for was, v in zip(before, given, strict=True):
            np.testing.assert_array_equal(was, v)
        assert not np.shares_memory(new, x)
        kept = snapshot(rule)
        x = new.copy()
        new[...] = np.nan  # what the user does with the point must not reach the state
        assert snapshot(rule) == kept


def resumes_from_a_pickle_bit_for_bit(cls):
    steps = gradients(START.shape, 20)
    for options in ({}, schedules(cls)):
        rule = cls(**options)
        whole = walk(cls(**options), START, steps)
        first = walk(rule, START, steps[:7])
        again = pickle.loads(pickle.dumps(rule))
        assert (again.t, again.settings().keys()) == (7, rule.settings().keys())
        rest = walk(again, first[-1], steps[7:])
        np.testing.assert_array_equal(np.array([*first, *rest]), np.array(whole))


def reset_gives_the_first_path_again(cls):
    steps = gradients(START.shape, 12)
    for options in ({}, schedules(cls)):
        rule = cls(**options)
        first = walk(rule, START, steps)
        assert rule.t == 12
        assert rule.reset() is rule
        assert (rule.t, rule.state) == (0, {})
        np.testing.assert_array_equal(np.array(walk(rule, START, steps)), np.array(first))
        rule.reset()
        assert walk(rule, START[:, :1], steps[:1, :, :1])[0].shape == (2, 1), "another shape after reset"


def fresh_is_independent(cls):
    steps = gradients(START.shape, 9)
    rule = cls()
    walk(rule, START, steps[:4])
    other, kept = rule.fresh(), snapshot(rule)
    assert (type(other), other.t, other.state, other.settings()) == (type(rule), 0, {}, rule.settings())
    np.testing.assert_array_equal(np.array(walk(other, START, steps)), np.array(walk(cls(), START, steps)))
    assert snapshot(rule) == kept


def numpy_and_torch_walk_the_same_path(cls):
    """To 1e-14 of the path, not bit for bit: sums over a point run in another order.  L-BFGS divides by differences."""
    steps = gradients(START.shape, 50)
    ours = walk(cls(), START, steps)
    theirs = walk(cls(), torch.tensor(START), map(torch.tensor, steps))
    assert spread(ours, theirs) <= (1e-12 if cls.__name__ == "LBFGS" else 1e-14)


def floats_walk_the_path_of_arrays(cls):
    if not takes_scalars(cls):
        return
    steps = gradients((), 50)
    points = walk(cls(), 1.7, steps.tolist())
    assert all(isinstance(p, float) for p in points)
    assert spread(points, walk(cls(), np.array(1.7), [np.array(g) for g in steps])) <= 1e-14
    if cls.elementwise:
        assert {type(p) for p in points} == {float}
        wide = gradients((3,), 50)
        columns = [walk(cls(), x, g.tolist()) for x, g in zip(START[0].tolist(), wide.T, strict=True)]
        assert spread(np.array(columns).T, walk(cls(), START[0], wide)) <= 1e-14


def a_batch_of_settings_is_one_by_one(cls):
    """Arrays of settings that broadcast against x, each point of the batch with its own."""
    steps = gradients((3,), 30)
    # Powers of arrays may differ in the last bit from library to library.  In RAdam's rho they cancel: at
    # beta2 = 0.9999 two numbers of 20,000 leave 5, and the bit has grown a million times.
    tolerance = 1e-9 if cls.__name__ == "RAdam" else 1e-13
    for name, about in reals(cls).items():
        many = values(about)
        one = (len(many), 1, 1) if cls.sees == "matrix" else (len(many), 1)  # a point is one row, as in minimize
        rule, torchs = (cls(**{name: np.array(many).reshape(one)}).batched() for _ in range(2))
        x = np.tile(START[0], one)
        batch = walk(rule, x, [np.tile(g, one) for g in steps])
        assert batch[-1].shape == x.shape
        batch_of_tensors = walk(torchs, torch.tensor(x), [torch.tensor(g).tile(*one) for g in steps])
        assert spread(batch, batch_of_tensors) <= tolerance
        if "function" in cls.reads:
            continue  # one random generator serves the whole batch, so its points see other numbers
        for i, value in enumerate(many):
            alone = walk(cls(**{name: value}), START[0], steps)
            assert spread([p[i].reshape(3) for p in batch], alone) <= tolerance, (name, value)


def array_settings_outlive_reset_and_dtype(cls):
    for name, about in list(reals(cls).items())[:1]:
        given = np.array(values(about)[:2])[:, None]
        rule, steps = cls(**{name: given}), gradients((2, 3), 3)
        walk(rule, START.astype(np.float32), steps.astype(np.float32))
        assert rule.settings()[name] is given
        again = walk(rule.reset(), START, steps)
        np.testing.assert_array_equal(again, walk(cls(**{name: given}), START, steps))


def schedules(cls):
    """All real hyper-parameters as schedules, from the default to another allowed value."""
    return {name: Between(about.default, values(about)[1]) for name, about in reals(cls).items()}


def a_constant_schedule_is_the_constant(cls):
    for dtype in (np.float32, np.float64):
        x, steps = START.astype(dtype), gradients(START.shape, 10, dtype=dtype)
        plain = walk(cls(), x, steps)
        for name, about in reals(cls).items():
            points = walk(cls(**{name: Constant(about.default)}), x, steps)
            assert points[-1].dtype == dtype
            np.testing.assert_array_equal(points, plain)


def a_schedule_is_a_setting_changed_by_hand(cls):
    steps = gradients(START.shape, 10)
    for name, schedule in schedules(cls).items():
        by_hand, x, points = cls(), START, []
        for t, g in enumerate(steps):
            setattr(by_hand, name, schedule(t))
            x = by_hand.step(x, *seen(cls, x, g))
            points.append(x)
        np.testing.assert_array_equal(walk(cls(**{name: schedule}), START, steps), points)


def docstring_says_all(cls):
    # Python 3.13 stores docstrings without their indentation.
    summary, *pieces = re.split(r"^(\w+):$", inspect.cleandoc(cls.__doc__), flags=re.MULTILINE)
    text = dict(zip(pieces[::2], pieces[1::2], strict=True))
    wanted = ["Formula", "Source", "Convention", "Elsewhere", "Memory", "When"]
    assert [label for label in text if label != "Notes"] == wanted
    assert summary.splitlines()[0].endswith(".")
    assert len(re.findall(r"\$\$", text["Formula"])) in range(2, 20, 2)
    assert re.search(r"\b(18|19|20)\d\d\b", text["Source"]), "a year"
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|\d+-\d+|section|https://", text["Source"]), "a place to find it"
    for name, about in cls.hypers.items():
        assert about.symbol, name
        assert about.doc, name
        if about.slider:
            low, high = about.slider
            assert low < high
            assert not about.log or low > 0
            assert low <= about.default <= high or about.default == 0, name


def memory_is_what_is_said(cls):
    said = re.search(r"Memory:\s+(\w+) numbers? per parameter", cls.__doc__).group(1)
    x, rule = np.ones((5, 7)), cls()
    walk(rule, x, gradients(x.shape, 3))
    wanted = int(said) if said.isdigit() else getattr(rule, said)
    assert sum(numbers_per_parameter(v, x) for v in rule.state.values()) == wanted


def numbers_per_parameter(value, x):
    if isinstance(value, (tuple, list)):
        return sum(numbers_per_parameter(v, x) for v in value)
    return value.size // x.size if getattr(value, "shape", ())[-x.ndim :] == x.shape else 0


CHECKS = [
    shapes_and_dtypes_are_kept,
    any_finite_gradient_is_taken,
    overflow_is_no_exception,
    squares_that_overflow_leave_the_path_finite,
    zero_gradients_leave_the_point,
    what_is_given_is_not_written_to,
    resumes_from_a_pickle_bit_for_bit,
    reset_gives_the_first_path_again,
    fresh_is_independent,
    numpy_and_torch_walk_the_same_path,
    floats_walk_the_path_of_arrays,
    a_batch_of_settings_is_one_by_one,
    array_settings_outlive_reset_and_dtype,
    a_constant_schedule_is_the_constant,
    a_schedule_is_a_setting_changed_by_hand,
    docstring_says_all,
    memory_is_what_is_said,
]


@pytest.mark.parametrize("name", ol.OPTIMIZERS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_rule(check, name):
    check(ol.OPTIMIZERS[name])


@pytest.mark.parametrize("library", ["array_api_strict", "jax.numpy"])
@pytest.mark.parametrize("name", ol.OPTIMIZERS)
def test_arrays_of_other_libraries_walk_the_same_path(name, library, monkeypatch):
    """Needs more packages than the course: pip install array-api-strict jax."""
    xp, cls = pytest.importorskip(library), ol.OPTIMIZERS[name]
    if library == "jax.numpy":
        pytest.importorskip("jax").config.update("jax_enable_x64", True)
    monkeypatch.setattr("rules.quadratic", lambda x: namespace(x).sum((x - 0.3) ** 2, axis=-1))
    for options in ({}, schedules(cls)):
        steps = gradients(START.shape, 10)
        theirs = walk(cls(**options), xp.asarray(START), map(xp.asarray, steps))
        assert type(theirs[-1]) is type(xp.asarray(START))
        assert spread(theirs, walk(cls(**options), START, steps)) <= 1e-12


def test_rules_are_there_in_the_order_taught():
    assert [name for name in ol.OPTIMIZERS if name in TAUGHT] == TAUGHT
    for name in TAUGHT:
        assert getattr(ol, name) is ol.OPTIMIZERS[name]
        assert name in ol.__all__


def test_a_schedule_is_short_in_words_and_exact_as_code():
    """Labels have no room for sixteen digits, and code that has only six draws another path."""
    rate = ol.schedules.Cosine(1 / 3, 20, 0.123456789e-7)
    assert repr(rate) == "Cosine(value=0.3333333333333333, steps=20, end=1.23456789e-08)"
    assert repr(ol.GradientDescent(lr=rate)) == "GradientDescent(lr=Cosine(value=0.333333, steps=20, end=1.23457e-08))"
    assert settings_text(ol.Adam(lr=rate)) == "Adam, lr Cosine(value=0.333333, steps=20, end=1.23457e-08)"
    pytest.importorskip("ipywidgets")
    code = ol.explore(ol.FUNCTIONS["sphere"], ol.GradientDescent(lr=(2 * rate).then(rate, after=3)), steps=3).code
    assert "lr=(2 * ol.schedules.Cosine(value=0.3333333333333333, " in code


def test_a_number_is_stepped_with_the_slope_there():
    slope = ol.FUNCTIONS["theta_squared"].grad(3.0)
    assert (np.shape(slope), ol.GradientDescent(lr=0.1).step(3.0, slope)) == ((), pytest.approx(2.4))


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", [name for name, cls in ol.OPTIMIZERS.items() if "gradient" in cls.reads])
def test_a_gradient_that_is_not_finite_does_not_pass_in_silence(name, bad):
    """Else a weight would go on, or stand still, for good: the sign of infinity is a number, and so is 1 / infinity."""
    rule, x, steps = ol.OPTIMIZERS[name]().fresh(), START, gradients(START.shape, 4)
    steps[2, 0, 1] = bad
    with np.errstate(all="ignore"):
        for g in steps:
            x = rule.advance(x, *seen(type(rule), x, g))
    assert np.isfinite(x).all() == (name == "ClipValue" and not np.isnan(bad))
