"""The loop that is written from a rule's source gives what calling the rule gives, to the last bit."""

import numpy as np
import pytest

import optlib as ol
from optlib import fused

FUNCTIONS = [ol.FUNCTIONS["rosenbrock"], ol.FUNCTIONS["theta_squared"], ol.FUNCTIONS["ackley"].in_dim(3)]
LOOPED = [cls for cls in ol.OPTIMIZERS.values() if cls.elementwise and cls.reads == ("gradient",)]
NOT_PLAIN = {"Nadam", "RAdam"}  # the one multiplies schedules up, the other returns from two places


def begun(rule, count=2):
    rules = [rule.fresh() for _ in range(count)]
    for one in rules:
        one._begin(1.0)
    return rules


@pytest.mark.parametrize("cls", LOOPED, ids=lambda cls: cls.__name__)
def test_which_rules_are_looped(cls):
    assert (fused.loop_of(begun(cls())) is None) == (cls.__name__ in NOT_PLAIN)


@pytest.mark.parametrize("cls", LOOPED, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_the_path_is_that_of_the_calls(cls, f, monkeypatch):
    rule = cls(lr=1e-3) if "lr" in cls.hypers else cls()
    looped = ol.minimize(f, rule, steps=600)  # more than one block: the state is handed on
    monkeypatch.setattr(fused, "loop_of", lambda rules: None)
    called = ol.minimize(f, rule, steps=600)
    np.testing.assert_array_equal(looped.x, called.x)
    assert looped.stopped_by == called.stopped_by


@pytest.mark.parametrize("rule", [ol.Adam(lr=0.1), ol.RMSProp(centered=True), ol.AggMo(lr=0.01)], ids=repr)
def test_the_rules_are_left_as_calls_leave_them(rule):
    rules, twins = begun(rule), begun(rule)
    x, slopes = [1.0, -2.0], ol.FUNCTIONS["rosenbrock"].slopes
    points = []
    fused.loop_of(rules)(rules, x, slopes, 5, points)
    assert len(points) == 5
    for point in points:
        x = [twin.advance(xi, gi) for twin, xi, gi in zip(twins, x, slopes(*x), strict=True)]
        assert list(point) == x
    for one, twin in zip(rules, twins, strict=True):
        assert (one.t, one.state) == (twin.t, twin.state)


FACTOR = 1.0


class Odd(ol.optimizers.base.Optimizer):
    lr: float = ol.hyper(0.1, r"\\eta", "(0, inf)")


class TwoReturns(Odd):
    def update(self, x, g):
        if g > 0:
            return x - self.lr * g
        return x - 2 * self.lr * g


class CallsItself(Odd):
    def step_of(self, g):
        return self.lr * g

    def update(self, x, g):
        return x - self.step_of(g)


class Upward(TwoReturns):
    def update(self, x, g):
        return super().update(x, g)


class Changes(Odd):
    def update(self, x, g):
        self.lr = self.lr * 0.5
        return x - self.lr * g


class ReadsGlobal(Odd):
    def update(self, x, g):
        x, step = x, [FACTOR * self.lr * part for part in (g,)]
        for part in step:
            x -= part
        return x


@pytest.mark.parametrize("cls", [TwoReturns, CallsItself, Upward, Changes])
def test_what_cannot_be_followed_is_called(cls):
    assert fused.loop_of(begun(cls())) is None
    assert ol.minimize(FUNCTIONS[0], cls(lr=1e-4), steps=3).steps == 3


def test_a_global_is_read_when_it_is_needed(monkeypatch):
    f = ol.FUNCTIONS["theta_squared"]
    assert fused.loop_of(begun(ReadsGlobal(), 1)) is not None
    assert ol.minimize(f, ReadsGlobal(lr=0.25), start=2.0, steps=1).end == [1.0]
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert ol.minimize(f, ReadsGlobal(lr=0.25), start=2.0, steps=1).end == [0.0]


def test_a_slope_that_is_not_real_is_met_as_before():
    """Far from the start, so that the loop has made steps before it is met."""
    f = ol.objective(lambda x: x**1.5, grad=lambda x: (1.5 * x**0.5,), start=(1.0,), domain=((0.0, 4.0),))
    path = ol.minimize(f, ol.GradientDescent(lr=0.6), steps=50)
    assert path.diverged
    assert np.isfinite(path.x).all()


def test_many_coordinates_are_called():
    assert fused.loop_of(begun(ol.Adam(), fused.MOST_COORDINATES + 1)) is None
