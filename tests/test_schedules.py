"""Schedules: torch's schedulers as oracle, laws of composition, and the two that read the run."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

import optlib as ol
from optlib import schedules as s

T = 40
OF_TIME = {
    "constant": s.Constant(0.3),
    "inverse time": s.InverseTime(0.3, rate=0.2, power=0.7),
    "step": s.Step(0.3, every=7, factor=0.4),
    "exponential": s.Exponential(0.3, factor=0.9),
    "polynomial": s.Polynomial(0.3, steps=T, power=2.0, end=0.01),
    "cosine": s.Cosine(0.3, steps=T, end=0.02),
    "warm-up": s.WarmUp(5),
    "one cycle": s.OneCycle(0.3, steps=T),
    "demon": s.Demon(0.9, steps=T),
    "line to zero": s.LinearToZero(0.3, steps=T),
    **{form: s.WSD(0.3, steps=T, decay=9, warmup=5, cooldown=form, end=0.01) for form in s.COOLDOWNS},
    "re-warmed": s.Rewarm(0.3, steps=7, rise=3, growth=2, end=0.02),
    "product": s.WarmUp(5) * s.Cosine(0.3, steps=T),
    "sum": s.Exponential(0.3, factor=0.9) + 0.1,
    "then": (0.5 * s.WarmUp(5)).then(s.Step(1 / 3, every=3), after=9),
}


def torch_values(make, name="lr"):
    """Values of a setting at each of T steps under a torch scheduler, in float64."""
    opt = torch.optim.SGD([torch.zeros(1)], lr=0.3, momentum=0.9)
    scheduler, values = make(opt), []
    for _ in range(T):
        values.append(opt.param_groups[0][name])
        opt.step()
        scheduler.step()
    return values


PAIRS = {
    "step": (s.Step(0.3, every=7, factor=0.4), lambda o: lr_scheduler.StepLR(o, 7, 0.4)),
    "exponential": (s.Exponential(0.3, factor=0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "square": (s.Polynomial(0.3, steps=25, power=2), lambda o: lr_scheduler.PolynomialLR(o, 25, 2.0)),
    "line to zero": (s.LinearToZero(0.3, steps=25), lambda o: lr_scheduler.PolynomialLR(o, 25)),
    "restarts": (s.Rewarm(0.3, steps=7), lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7)),
    "longer restarts": (s.Rewarm(0.3, steps=1, growth=3, end=0.02),
                        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 3, 0.02)),
    "cosine": (s.Cosine(0.3, steps=T, end=0.02), lambda o: lr_scheduler.CosineAnnealingLR(o, T, 0.02)),
    "warm-up": (s.WarmUp(5) * 0.3, lambda o: lr_scheduler.LinearLR(o, start_factor=1 / 5, total_iters=4)),
    "one cycle": (s.OneCycle(0.3, steps=T), lambda o: lr_scheduler.OneCycleLR(o, 0.3, T, cycle_momentum=False)),
    "one cycle, early": (s.OneCycle(0.3, steps=T, rise=0.05),
                         lambda o: lr_scheduler.OneCycleLR(o, 0.3, T, pct_start=0.05, cycle_momentum=False)),
    "inverse time": (s.InverseTime(0.3, rate=0.2), lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.2 * t))),
    "demon": (s.Demon(0.3, steps=T),
              lambda o: lr_scheduler.LambdaLR(o, lambda t: (1 - t / T) / (0.7 + 0.3 * (1 - t / T)))),
    "then": ((s.WarmUp(5) * 0.3).then(s.Exponential(0.3, factor=0.8), after=6), lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 1 / 5, total_iters=4), lr_scheduler.ExponentialLR(o, 0.8)], [6])),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:The epoch parameter")  # torch's own call inside SequentialLR
@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)
def test_equals_torch(ours, theirs):
    np.testing.assert_allclose([ours(t) for t in range(T)], torch_values(theirs), rtol=1e-12, atol=1e-16)


def test_one_cycle_of_momentum_equals_torch():
    ours = s.OneCycle(0.85, steps=T, start=0.95, end=0.95)
    theirs = torch_values(lambda o: lr_scheduler.OneCycleLR(o, 0.3, T), "momentum")
    np.testing.assert_allclose([ours(t) for t in range(T)], theirs, rtol=1e-12)


def test_a_rise_of_less_than_a_step_begins_at_the_peak_where_torch_s_does_not():
    early = torch_values(lambda o: lr_scheduler.OneCycleLR(o, 0.3, T, pct_start=0.5 / T, cycle_momentum=False))
    assert 0.299 < early[0] < 0.2999 < s.OneCycle(0.3, steps=T, rise=0.5 / T)(0) == 0.3


@pytest.mark.parametrize(("schedule", "values"), [
    (s.Cosine(0.3, steps=10, end=0.1), {10: 0.1, 1000: 0.1}),  # where torch's climbs again
    (s.Polynomial(0.3, steps=10, end=0.1), {1000: 0.1}), (s.OneCycle(0.3, steps=10, end=0.1), {1000: 0.1}),
    (s.Demon(0.9, steps=10), {1000: 0.0}), (s.Polynomial(1.0, 10, power=2, end=0.2), {5: 0.2 + 0.8 * 0.25}),
    # The second round has the steps 6 to 17; two climb, ten fall.
    (s.Rewarm(1.0, 6, rise=2, growth=2, end=0.2), {6: 0.2 + 0.4, 7: 1.0, 8: 1.0, 13: 0.2 + 0.4, 18: 0.2 + 0.4}),
    (s.WarmUp(4) * 2.0, {0: 0.5, 1: 1.0, 2: 1.5, 3: 2.0, 4: 2.0, 5: 2.0}),  # no step is wasted on zero
    (s.Exponential(1.0, factor=2.0), {5000: math.inf}),  # without an error
    (s.Step(1.0, every=1, factor=np.array([10])), {19: 1e19}),
], ids=repr)  # fmt: skip
def test_values_by_hand(schedule, values):
    assert {t: schedule(t) for t in values} == values


def test_the_sum_of_demons_weights_falls_in_a_straight_line():
    sums = [s.demon(0.9, t, 100) / (1 - s.demon(0.9, t, 100)) for t in range(101)]
    np.testing.assert_allclose(sums, np.linspace(9, 0, 101), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("schedule", OF_TIME.values(), ids=OF_TIME)
def test_an_array_of_times_gives_the_values_one_by_one(schedule):
    one_by_one = [schedule(t) for t in range(60)]
    for kind in (np.int64, np.uint8):
        np.testing.assert_allclose(schedule(np.arange(60, dtype=kind)), one_by_one, rtol=1e-14)
    assert all(type(value) is float for value in one_by_one)


@pytest.mark.parametrize("schedule", OF_TIME.values(), ids=OF_TIME)
def test_pickle_copy_and_repr(schedule):
    for twin in (pickle.loads(pickle.dumps(schedule)), copy.deepcopy(schedule)):
        assert [twin(t) for t in range(T)] == [schedule(t) for t in range(T)]
        assert repr(twin) == repr(schedule)
    rebuilt = eval(repr(schedule), vars(s))  # the text is the constructor's call
    assert [rebuilt(t) for t in range(T)] == [schedule(t) for t in range(T)]
    with pytest.raises(AttributeError):  # it is frozen
        schedule.value = 1.0


VALUES = np.array([[0.1], [0.3]])


@pytest.mark.parametrize("make", [
    s.Constant, s.InverseTime, lambda v: s.Step(v, 3), lambda v: s.Exponential(v, 0.9), lambda v: s.Demon(v, 20),
    lambda v: s.Polynomial(v, 20), lambda v: s.Cosine(v, 20), lambda v: s.OneCycle(v, 20),
    lambda v: s.LinearToZero(v, 20), lambda v: s.WSD(v, 20, decay=9, warmup=3), lambda v: s.Rewarm(v, 5, rise=2),
    lambda v: v * s.WarmUp(5), lambda v: s.Cosine(v, 20) + 0.1, lambda v: s.Constant(v).then(0.1, after=4),
])  # fmt: skip
def test_arrays_of_values(make):
    batch, singles = make(VALUES), [make(float(v)) for v in VALUES[:, 0]]
    assert batch.shape == (2, 1)
    for t in range(25):
        np.testing.assert_allclose(batch(t) + 0 * VALUES, [[one(t)] for one in singles], rtol=1e-14)
    assert "array of shape (2, 1)" in repr(batch)


finite = st.floats(1e-3, 10)
times = st.integers(0, 500)
lengths = st.integers(1, 100)
simple = st.one_of(
    st.builds(s.Constant, finite),
    st.builds(s.InverseTime, finite, finite),
    st.builds(s.Step, finite, lengths, st.floats(0.1, 1)),
    st.builds(s.Exponential, finite, st.floats(0.5, 1)),
    st.builds(s.Polynomial, finite, lengths, finite),
    st.builds(s.Cosine, finite, lengths),
    st.builds(s.WarmUp, lengths),
    st.builds(s.OneCycle, finite, st.integers(2, 100)),
)


@settings(max_examples=200, deadline=None)
@given(a=simple, b=simple, t=times, number=finite, after=st.integers(0, 300))
def test_composition_is_arithmetic(a, b, t, number, after):
    assert (a * b)(t) == a(t) * b(t) == (b * a)(t)
    assert (a + b)(t) == a(t) + b(t)
    assert (number * a)(t) == number * a(t) == (a * number)(t)
    assert (number + a)(t) == number + a(t)
    assert ((a + b) * number)(t) == (a(t) + b(t)) * number
    assert a.then(b, after=after)(t) == (a(t) if t < after else b(t - after))


@settings(max_examples=200, deadline=None)
@given(schedule=simple, t=times)
def test_values_are_finite_and_between_zero_and_the_peak(schedule, t):
    assert 0 <= schedule(t) <= max(getattr(schedule, "value", 1.0), 1e-3) * (1 + 1e-12)


def test_a_schedule_is_a_hyper_parameter():
    opt, x = ol.GradientDescent(lr=s.Polynomial(1.0, steps=4)), 0.0
    seen = []
    for _ in range(5):
        x_new = opt.step(x, 1.0)
        seen.append(x - x_new)
        x = x_new
    np.testing.assert_allclose(seen, [1.0, 0.75, 0.5, 0.25, 0.0], atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_schedules_do_not_widen(dtype):
    x = np.ones((2, 3), dtype)
    for schedule in (s.Cosine(VALUES, 10), s.ByGradientNorm(VALUES), s.OnPlateau(VALUES)):
        opt = ol.Momentum(lr=schedule)
        assert opt.step(x, x, loss=1.0).dtype == dtype
        tensor = torch.ones((2, 3), dtype=getattr(torch, np.dtype(dtype).name))
        assert opt.reset().step(tensor, tensor, loss=torch.tensor(1.0)).dtype == tensor.dtype


def torch_plateau(losses, **kwargs):
    opt = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    scheduler = lr_scheduler.ReduceLROnPlateau(opt, **kwargs)
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(opt.param_groups[0]["lr"])
    return rates


def losses_of(seed, n=300):
    rng = np.random.default_rng(seed)
    return np.exp(-np.arange(n) / 60) + 0.2 * rng.random(n)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("patience", [0, 3, 10])
@pytest.mark.parametrize("cooldown", [0, 4])
def test_on_plateau_equals_torch(seed, patience, cooldown):
    losses = losses_of(seed)
    ours = s.OnPlateau(0.3, factor=0.7, patience=patience, cooldown=cooldown, least=0.01, threshold=0.01)
    theirs = torch_plateau(losses, factor=0.7, patience=patience, cooldown=cooldown, min_lr=0.01, threshold=0.01)
    rates = [ours(t, loss) for t, loss in enumerate(losses)]
    np.testing.assert_allclose(rates, theirs, rtol=1e-12)
    assert rates[-1] < 0.3
    assert all(type(rate) is float for rate in rates)


def test_on_plateau_defaults_are_torch_s():
    ones = np.ones(40)
    np.testing.assert_allclose([s_(t, 1.0) for s_ in [s.OnPlateau(0.3)] for t in range(40)], torch_plateau(ones))


def test_on_plateau_counts_each_path_of_a_batch_by_itself():
    batch, singles = s.OnPlateau(0.3, patience=2), [s.OnPlateau(0.3, patience=2) for _ in range(4)]
    losses = np.stack([losses_of(seed, 80) for seed in range(4)], axis=1)
    for t, row in enumerate(losses):
        together = batch(t, row[:, None])
        np.testing.assert_array_equal(together[:, 0], [one(t, v) for one, v in zip(singles, row, strict=True)])
    assert len(np.unique(together)) > 1
    assert batch.shape == ()  # what was read is not part of the setting


def test_by_gradient_norm_is_adagrad_norm():
    schedule, norms = s.ByGradientNorm(0.5, b0=2.0), [3.0, 0.0, 1.5]
    expected = [0.5 / math.sqrt(4 + total) for total in np.cumsum(np.square(norms))]
    assert [schedule(t, n) for t, n in enumerate(norms)] == pytest.approx(expected, rel=1e-15)
    schedule = s.ByGradientNorm(0.5, b0=0.0)
    assert math.isfinite(schedule(0, 0.0))
    assert schedule(1, 2.0) == 0.25


def test_by_gradient_norm_uses_the_norm_of_the_whole_point():
    g = np.array([3.0, 4.0])
    x = ol.GradientDescent(lr=s.ByGradientNorm(1.0, b0=0.0)).step(np.zeros(2), g)
    np.testing.assert_allclose(x, -g / 5)
    batch = ol.GradientDescent(lr=s.ByGradientNorm(1.0, b0=0.0))
    batch.batched()
    np.testing.assert_allclose(batch.step(np.zeros((2, 2)), np.stack([g, 2 * g])), [-g / 5, -g / 5])


@pytest.mark.parametrize("schedule", [s.OnPlateau(0.3, patience=2), s.WarmUp(5) * s.ByGradientNorm(0.3)], ids=repr)
def test_readers_resume_from_a_pickle_and_reset(schedule):
    losses = losses_of(0, 60)
    whole = [schedule(t, v) for t, v in enumerate(losses)]
    assert [schedule.reset()(t, v) if t == 0 else schedule(t, v) for t, v in enumerate(losses)] == whole
    schedule.reset()
    first = [schedule(t, losses[t]) for t in range(25)]
    twin = pickle.loads(pickle.dumps(schedule))
    assert first + [twin(t, losses[t]) for t in range(25, 60)] == whole


def test_compositions_pass_on_what_is_read():
    product = s.WarmUp(3) * s.OnPlateau(0.3, patience=0)
    assert product.reads == "loss"
    assert [product(t, 1.0) for t in range(4)] == pytest.approx([0.1, 0.02, 0.003, 0.0003])
    later = s.Constant(1.0).then(s.ByGradientNorm(1.0, b0=0.0), after=2)
    assert later.reads == "gradient_norm"
    assert [later(t, 2.0) for t in range(4)] == pytest.approx([1.0, 1.0, 0.5, 1 / math.sqrt(8)])


def test_two_rules_given_the_same_reader_do_not_share_its_memory():
    schedule = s.OnPlateau(1.0, patience=0)
    first, second = ol.GradientDescent(lr=schedule), ol.GradientDescent(lr=schedule)
    for _ in range(3):
        first.step(1.0, 1.0, loss=1.0)
    assert second.step(1.0, 1.0, loss=1.0) == 0.0
    assert first.lr == pytest.approx(0.01)
    assert schedule(0, 1.0) == 1.0


@pytest.mark.parametrize(("make", "error", "says"), [
    (lambda: s.Constant("0.1"), TypeError, r"Constant: value='0.1' must be a number or an array"),
    (lambda: s.Constant(math.nan), ValueError, r"value=nan is outside"),
    (lambda: s.Constant(s.WarmUp(3)), TypeError, r"value=WarmUp\(steps=3\) must be a number"),
    (lambda: s.Cosine(0.1, steps=0), ValueError, r"Cosine: steps=0 is outside the allowed range \[1, inf\)"),
    (lambda: s.Cosine(0.1, steps=2.5), TypeError, r"steps=2.5 must be an integer"),
    (lambda: s.Cosine(0.1, steps=True), TypeError, r"steps=True must be an integer"),
    (lambda: s.Cosine(0.1, steps=None), TypeError, r"steps=None must be an integer"),
    (lambda: s.Step(0.1, every=3, factor=0.0), ValueError, r"Step: factor=0.0 is outside"),
    (lambda: s.Exponential(0.1, factor=-1.0), ValueError, r"factor=-1.0 is outside"),
    (lambda: s.InverseTime(0.1, rate=-1.0), ValueError, r"rate=-1.0 is outside"),
    (lambda: s.OneCycle(0.1, steps=1), ValueError, r"OneCycle: steps=1 is outside the allowed range \[2, inf\)"),
    (lambda: s.OneCycle(0.1, steps=9, rise=1.0), ValueError, r"rise=1.0 is outside"),
    (lambda: s.Demon(1.0, steps=9), ValueError, r"Demon: value=1.0 is outside the allowed range \[0, 1\)"),
    (lambda: s.Demon(np.array([0.5, 1.0]), steps=9), ValueError, r"value contains"),
    (lambda: s.OnPlateau(0.01, least=0.05), ValueError, r"OnPlateau: least=0.05 must be at most value=0.01"),
    (lambda: s.WSD(0.1, 10, decay=8, warmup=4), ValueError, r"WSD: warmup=4 \+ decay=8 must be at most 10"),
    (lambda: s.WSD(0.1, 10, decay=8, cooldown="sqrt"), ValueError, r"cooldown='sqrt' must be '1-sqrt', 'linear'"),
    (lambda: s.Rewarm(0.1, 10, rise=10), ValueError, r"Rewarm: rise=10 must be at most 9"),
    (lambda: s.OnPlateau(-0.1), ValueError, r"OnPlateau: value=-0.1 is outside"),
    (lambda: s.OnPlateau(0.1, factor=1.0), ValueError, r"factor=1.0 is outside"),
    (lambda: s.ByGradientNorm(0.1, b0=-1.0), ValueError, r"b0=-1.0 is outside"),
    (lambda: s.WarmUp(3) * "2", TypeError, r"'2' must be a schedule, a number or an array"),
    (lambda: s.WarmUp(3).then(s.Constant(1.0), after=-1), ValueError, r"after=-1 is outside"),
    (lambda: s.OnPlateau(0.3) * s.ByGradientNorm(0.3), ValueError, "reads the loss and the gradient norm"),
    (lambda: (r := s.OnPlateau(0.3)) + 0.1 * r.then(s.WarmUp(3), 2), ValueError, "has one schedule twice, which would"),
    (lambda: ol.GradientDescent(lr=s.OnPlateau(0.1)).step(1.0, 1.0), TypeError, r"loss="),
])  # fmt: skip
def test_bad_input(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_every_schedule_states_formula_and_source():
    for name in s.__all__:
        about = getattr(s, name).__doc__
        if name != "Schedule":
            assert "$$" in about, name
        if name not in ("Schedule", "Constant"):
            assert "Source:" in about, name
