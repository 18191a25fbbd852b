"""WSD, linear to zero and re-warming: pytorch-optimizer's WSD with its deviations, and what theory promises."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from optlib import schedules as s
from optlib import theory
from oracles import packages

T, WARMUP, DECAY = 40, 6, 15


def wsd_of_pytorch_optimizer(cooldown, end=0.0):
    """Its T values, and the one after them."""
    opt = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    make = packages()["pytorch_optimizer"].get_wsd_schedule
    scheduler = make(opt, WARMUP, T - WARMUP - DECAY, DECAY, min_lr_ratio=end / 0.3, cooldown_type=cooldown)
    rates = []
    for _ in range(T + 1):
        rates.append(scheduler.get_last_lr()[0])
        opt.step()
        scheduler.step()
    return np.array(rates)


@pytest.mark.parametrize("cooldown", s.COOLDOWNS)
def test_wsd_is_pytorch_optimizers_whose_climb_is_a_step_late(cooldown):
    ours = s.WSD(0.3, T, decay=DECAY, warmup=WARMUP, cooldown=cooldown)(np.arange(T + 1))
    theirs = wsd_of_pytorch_optimizer(cooldown)
    np.testing.assert_allclose(ours[WARMUP:], theirs[WARMUP:], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(ours[: WARMUP - 1], theirs[1:WARMUP], rtol=1e-12)
    assert theirs[0] == 0 < ours[0]


@pytest.mark.parametrize("cooldown", s.COOLDOWNS)
def test_wsd_goes_to_its_end_where_pytorch_optimizer_jumps_up_to_it(cooldown):
    ours = s.WSD(0.3, T, decay=DECAY, warmup=WARMUP, cooldown=cooldown, end=0.1)(np.arange(T + 1))
    theirs = wsd_of_pytorch_optimizer(cooldown, end=0.1)
    assert (np.diff(ours[WARMUP:]) <= 0).all()
    assert ours[-1] == pytest.approx(0.1) == theirs[-1]
    if cooldown == "cosine":
        np.testing.assert_allclose(ours[WARMUP:], theirs[WARMUP:], rtol=1e-12)
    else:
        np.testing.assert_allclose(theirs[:-1], wsd_of_pytorch_optimizer(cooldown)[:-1], rtol=1e-12)
        assert theirs[-2] < 0.05 < theirs[-1]


def test_a_longer_wsd_shares_all_steps_before_the_cool_down():
    short, long = (s.WSD(0.3, steps, decay=10, warmup=5) for steps in (50, 500))
    assert [short(t) for t in range(41)] == [long(t) for t in range(41)]
    assert short(41) < long(41)


def test_a_finished_run_goes_on_from_the_rate_where_it_ended():
    again = s.WSD(0.3, 100, decay=20, end=0.01).then(s.Rewarm(0.2, 50, rise=10, end=0.01), after=100)
    rates = again(np.arange(151))
    assert rates[100] == pytest.approx(0.01 + 0.19 / 10)
    np.testing.assert_allclose(np.diff(rates[100:110]), 0.019, rtol=1e-12)
    assert rates[109] == rates[110] == pytest.approx(0.2)
    assert (np.diff(rates[110:150]) < 0).all()
    assert rates[150] == pytest.approx(0.01 + 0.19 / 10)  # the next round


def test_a_restart_of_torch_that_is_asked_for_by_its_number_can_be_missed():
    """log(243) / log(3) is 4.999... in floating point: step(121) gives the end of a round, not the next one's start."""
    opt = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(opt, 1, 3)
    scheduler.step(121)
    assert scheduler.get_last_lr()[0] == pytest.approx(0.0, abs=1e-12)
    assert s.Rewarm(0.3, steps=1, growth=3)(121) == 0.3


D, G = 2.0, 3.0


def subgradient_steps(value, slope, x, rates):
    for rate in rates:
        x = x - rate * slope(x)
    return value(x)


def resisting(steps):
    """f = G max(x_1, ..., x_{N+1}, |x| - R) from 0: a step reaches one new coordinate at most, so one stays 0, f >= 0.

    Its minimum, where all coordinates are -D / sqrt(N + 1), is -D G / sqrt(N + 1) at distance D.
    """
    n, far = steps + 1, D * (1 + (steps + 1) ** -0.5)

    def value(x):
        return G * max(x.max(), np.linalg.norm(x) - far)

    def slope(x):
        return G * ((np.arange(n) == x.argmax()) if x.max() >= np.linalg.norm(x) - far else x / np.linalg.norm(x))

    return value, slope, np.zeros(n), -D * G / n**0.5


def polyhedral(seed, d=4, pieces=12):
    """The largest of planes through 0, in pairs so that 0 is the minimum, and of lower planes; steepest by G."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((pieces, d)) * 10.0 ** rng.uniform(-1, 0, (pieces, 1))
    a, b = np.vstack([a, -a[: pieces // 2]]), np.zeros(pieces + pieces // 2)
    b[pieces // 2 : pieces] = -rng.uniform(0, 2, size=pieces - pieces // 2)
    a *= G / np.linalg.norm(a, axis=1).max()
    start = rng.standard_normal(d)
    return lambda x: (a @ x + b).max(), lambda x: a[(a @ x + b).argmax()], start * D / np.linalg.norm(start), 0.0


SCHEDULES = {
    "line": lambda n: s.LinearToZero(**theory.linear_to_zero_settings(n, D, G)),
    "constant": lambda n: s.Constant(D / (G * n**0.5)),
    "cosine": lambda n: s.Cosine(1.2 * D / (G * n**0.5), n),
    "wsd": lambda n: s.WSD(D / (G * n**0.5), n, decay=max(n // 5, 1), warmup=n // 10),
    "falling": lambda n: s.InverseTime(D / G, power=0.5),
    "too long": lambda n: s.Constant(D / G),
}


@pytest.mark.parametrize("steps", [1, 7, 60])
@pytest.mark.parametrize("name", SCHEDULES)
def test_no_last_point_lies_above_the_bound(name, steps):
    rates = SCHEDULES[name](steps)(np.arange(steps))
    bound = theory.last_iterate_bound(rates, D, G)
    for value, slope, start, least in [resisting(steps), *map(polyhedral, range(20))]:
        assert subgradient_steps(value, slope, start, rates) - least <= bound * (1 + 1e-12)


@pytest.mark.parametrize("steps", [1, 2, 10, 300])
def test_linear_to_zero_meets_its_bound_which_no_rates_can_undercut(steps):
    best = D * G / (steps + 1) ** 0.5
    value, slope, start, least = resisting(steps)
    for name, make in SCHEDULES.items():
        rates = make(steps)(np.arange(steps))
        assert theory.last_iterate_bound(rates, D, G) >= best * (1 - 1e-12)
        assert subgradient_steps(value, slope, start, rates) - least >= best * (1 - 1e-12)
        if name == "line":
            assert theory.last_iterate_bound(rates, D, G) == pytest.approx(best, rel=1e-6)
            assert subgradient_steps(value, slope, start, rates) - least == pytest.approx(best, rel=1e-12)


def test_a_constant_rate_is_promised_ever_less_and_a_cool_down_mends_most_of_it():
    def best(one, steps):
        return min(theory.last_iterate_bound(c * one(np.arange(steps)), D, G) for c in np.geomspace(0.05, 1, 12))

    times = []
    for steps in (50, 400):
        line, flat = best(s.LinearToZero(D / G, steps), steps), best(s.Constant(D / G), steps)
        cooled = best(s.WSD(D / G, steps, decay=steps // 5, cooldown="linear"), steps)
        assert line < cooled < 0.85 * flat
        times.append(flat / line)
    assert times[1] > 1.15 * times[0]


@pytest.mark.parametrize(("arguments", "says"), [
    (([], D, G), "rates=.* must be a 1-D array"),
    (([0.1, -0.1], D, G), "rates=.* must be"),
    (([0.1], 0.0, G), "distance=0.0 must be a number in"),
    (([0.1], D, np.inf), "slope=inf must be a number in"),
])  # fmt: skip
def test_bounds_refuse_what_they_do_not_hold_for(arguments, says):
    with pytest.raises(ValueError, match=f"last_iterate_bound: {says}"):
        theory.last_iterate_bound(*arguments)


@pytest.mark.parametrize("make", [
    lambda end: s.WSD(0.1, 10, decay=2, end=end), lambda end: s.Rewarm(0.1, 10, end=end),
    lambda end: s.WSD(np.array([0.1, 5.0]), 10, decay=2, end=end),
])  # fmt: skip
def test_what_falls_does_not_end_above_its_value(make):
    with pytest.raises(ValueError, match="(WSD|Rewarm): end=1.0 must be at most value=.*0.1"):
        make(1.0)
    make(0.1)
