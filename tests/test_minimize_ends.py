"""How a run ends: tolerances, divergence; and what `minimize` refuses."""

import math

import numpy as np
import pytest
from test_minimize import BOWL, ROSENBROCK, SQUARE, WAVES, by_name, close, naive

import optlib as ol
from optlib import arrays, schedules

# --- stopping ------------------------------------------------------------------------------------------------

TOLERANCES = [
    {"step": 1e-3}, {"value": 1e-5}, {"gradient": 1e-2}, {"step": 1e-4, "value": 1e-9, "gradient": 1e-1},
    {"value": 1e-3, "gradient": 1e-7}, {"step": 0}, {"gradient": 0.0}, {"step": 1e9}, {"gradient": math.inf},
]


@by_name
@pytest.mark.parametrize("tol", TOLERANCES, ids=str)
@pytest.mark.parametrize("steps", [0, 40, 300])
def test_stops_where_the_plain_loop_stops(f, tol, steps):
    opt = ol.Momentum(lr=1e-3, beta=0.5)
    xs, ended_at, reason = naive(f, opt, f.start, steps, tol)
    for start in (np.array(f.start), np.array([f.start])):
        path = ol.minimize(f, opt, start, steps, tol)
        assert np.ravel(path.ended_at)[0] == ended_at
        assert np.ravel(path.stopped_by)[0] == reason
        assert np.ravel(path.converged_at)[0] == (ended_at if reason != "steps" else [None, -1][start.ndim - 1])
        x = path.x.reshape(steps + 1, -1)
        close(x[: ended_at + 1], xs)
        np.testing.assert_array_equal(x[ended_at:], np.broadcast_to(x[ended_at], x[ended_at:].shape))
        np.testing.assert_array_equal(path.f, f(path.x))


@pytest.mark.parametrize("steps", [254, 255, 256, 257, 511, 512, 513, 1000])
@pytest.mark.parametrize("shape", [(2,), (1, 2)])
def test_blocks_leave_no_seam(steps, shape):
    opt = ol.Adam(lr=0.01)
    path = ol.minimize(BOWL, opt, np.reshape(BOWL.start, shape), steps)
    close(path.x.reshape(-1, 2), naive(BOWL, opt, BOWL.start, steps)[0])


@pytest.mark.parametrize("meets_at", [1, 254, 255, 256, 257, 258, 511, 512, 513, 999, 1000])
@pytest.mark.parametrize("shape", [(1,), (1, 1), (3, 1)])
def test_a_criterion_met_next_to_a_seam_is_found_at_its_step(meets_at, shape):
    slide = ol.objective(lambda x: -x, grad=lambda x: (0 * x - 1.0 + (x >= meets_at),), start=[0.0], name="slide")
    path = ol.minimize(slide, ol.GradientDescent(lr=1.0), np.zeros(shape), 1000, tol=0.5)  # x is the step
    assert np.all(path.ended_at == meets_at)
    assert np.all(path.stopped_by == "gradient")
    assert np.all(path.end == meets_at)


def test_many_numbers_make_shorter_blocks_with_the_same_result():
    start = np.full((40_000, 2), [10.0, 1.0])
    rates = np.linspace(0.05, 0.15, 40_000)[:, None]
    batch = ol.minimize(BOWL, ol.GradientDescent(lr=rates), start, 37, tol={"step": 0.05})
    for i in (0, 20_000, 39_999):
        one = ol.minimize(BOWL, ol.GradientDescent(lr=rates[i, 0]), steps=37, tol={"step": 0.05})
        close(batch.x[:, i], one.x)
        assert batch.ended_at[i] == one.ended_at
        assert batch.stopped_by[i] == one.stopped_by
    assert set(batch.stopped_by) == {"step", "steps"}


def test_each_path_of_a_batch_stops_by_itself():
    starts, tol = np.array([[10.0, 1.0], [0.0, 0.0], [1e-3, 1e-3], [5.0, 5.0]]), {"gradient": 1e-2, "value": 1e-6}
    opt = ol.GradientDescent(lr=0.05)
    batch = ol.minimize(BOWL, opt, starts, 400, tol)
    for i, start in enumerate(starts):
        one = ol.minimize(BOWL, opt, start, 400, tol)
        close(batch.x[:, i], one.x)
        assert batch.converged_at[i] == (-1 if one.converged_at is None else one.converged_at)
        assert batch.stopped_by[i] == one.stopped_by
    assert batch.ended_at[1] == 0


@by_name
def test_a_start_without_slope_has_converged_at_once(f):
    flat = np.zeros(f.dim) if f is not ROSENBROCK else np.ones(2)
    if f is WAVES:
        flat = ol.minimize(f, ol.Newton(damping=1.0), start=[-1.3, 0.0], steps=200).end
    path = ol.minimize(f, ol.Adam(), flat, 20, tol=1e-12)
    assert path.converged_at == path.ended_at == 0
    assert path.stopped_by == "gradient"
    np.testing.assert_array_equal(path.x, np.broadcast_to(flat, path.x.shape))


@pytest.mark.parametrize("what", ["step", "value"])
def test_to_rest_before_the_first_move_is_no_end(what):
    path = ol.minimize(ROSENBROCK, ol.ADOPT(lr=0.1), steps=50, tol={what: 1e-12})
    assert path.stopped_by == "steps"
    assert (path.x[1] == path.x[0]).all()


def test_a_bare_tolerance_is_for_the_gradient():
    a, b = (ol.minimize(BOWL, ol.GradientDescent(lr=0.05), steps=300, tol=tol) for tol in (1e-3, {"gradient": 1e-3}))
    assert a.converged_at == b.converged_at > 0


# --- divergence ----------------------------------------------------------------------------------------------

EXPLOSIONS = {
    "at once": (ROSENBROCK, ol.GradientDescent(lr=1.0)),
    "slowly": (SQUARE, ol.GradientDescent(lr=1.1)),
    "momentum": (BOWL, ol.Momentum(lr=0.5, beta=0.9)),
    "into a logarithm": (
        ol.objective(lambda x: arrays.log(x), grad=lambda x: (1 / arrays.exp(arrays.log(x)),), start=[1.0]),
        ol.GradientDescent(lr=0.3)),
    "into a root": (
        ol.objective(lambda x: arrays.sqrt(x), grad=lambda x: (0.5 / arrays.sqrt(x),), start=[1.0]),
        ol.GradientDescent(lr=0.3)),
    "into a fractional power": (
        ol.objective(lambda x: x**1.5, grad=lambda x: (1.5 * x**0.5,), start=[1.0]), ol.Momentum(lr=0.3)),
    "into a pole": (
        ol.objective(lambda x: 1 / x, grad=lambda x: (1 / x,), start=[1.0]), ol.GradientDescent(lr=1.0)),
    "by an exponential": (
        ol.objective(lambda x: arrays.exp(x * x), grad=lambda x: (2 * x * arrays.exp(x * x),), start=[3.0]),
        ol.GradientDescent(lr=0.1)),
    "by the schedule": (BOWL, ol.GradientDescent(lr=schedules.Exponential(0.01, factor=2.0))),
}  # fmt: skip


@pytest.mark.parametrize(("f", "opt"), EXPLOSIONS.values(), ids=EXPLOSIONS)
def test_divergence_is_caught_and_said(f, opt):
    """Warnings are errors in these tests, so this also shows that there are none."""
    one = ol.minimize(f, opt, steps=5000, tol={"gradient": 0.0})
    batch = ol.minimize(f, opt, np.array([f.start]), steps=5000, tol={"gradient": 0.0})
    for path in (one, batch):
        assert np.isfinite(path.x).all()
        assert np.isfinite(path.f).all()
        assert np.all(path.diverged)
        assert np.all(path.stopped_by == "diverged")
        assert np.all(np.asarray(path.converged_at, dtype=object) == (None if path is one else -1))
        assert "diverged" in repr(path)
    assert one.ended_at == batch.ended_at[0] < 5000
    close(one.x, batch.x[:, 0])
    after = opt.fresh()  # the step after the last one kept leaves the finite numbers
    with np.errstate(all="ignore"):
        x = np.array(f.start)
        for _ in range(one.ended_at + 1):
            x = after.advance(x, f.grad(x), loss=f(x))
        assert not (np.isfinite(x).all() and np.isfinite(f(x)))


def test_x_squared_overflows_at_the_step_that_theory_gives():
    path = ol.minimize(SQUARE, ol.GradientDescent(lr=1.1), steps=3000)  # |x| grows by 1.2 a step
    last = math.floor((math.log(np.finfo(float).max) / 2 - math.log(3)) / math.log(1.2))
    assert path.ended_at == last
    assert path.f[-1] > 1e307


def test_some_paths_of_a_batch_diverge_and_the_others_go_on():
    rates = np.array([0.01, 0.3, 0.1, 2.0, 0.19])
    batch = ol.minimize(BOWL, ol.GradientDescent(lr=rates[:, None]), steps=2000, tol={"step": 1e-8})
    assert batch.diverged.tolist() == [False, True, False, True, False]
    assert batch.stopped_by.tolist() == ["step", "diverged", "step", "diverged", "step"]
    assert np.isfinite(batch.x).all()
    for i, lr in enumerate(rates):
        one = ol.minimize(BOWL, ol.GradientDescent(lr=lr), steps=2000, tol={"step": 1e-8})
        close(batch.x[:, i], one.x)
        assert batch.ended_at[i] == one.ended_at
    assert "2 stopped by diverged" in repr(batch)


@pytest.mark.parametrize(("steps", "late"), [(1, 1), (9, 1), (10, 1), (60, 6), (65, 6)])
def test_a_run_that_swings_is_judged_by_the_highest_of_its_last_tenth(steps, late):
    f, rates = ol.FUNCTIONS["theta_squared"], np.array([0.1, 0.9, 1e300])
    runs = ol.minimize(f, ol.Momentum(lr=rates[:, None]), start=3.0, steps=steps)
    wanted = [ol.minimize(f, ol.Momentum(lr=rate), start=3.0, steps=steps).f[-late:].max() for rate in rates[:2]]
    assert runs.worst_late[:2].tolist() == pytest.approx(wanted, rel=1e-12)
    assert np.isnan(runs.worst_late[2]) == runs.diverged[2]
    assert isinstance(ol.minimize(f, ol.Momentum(lr=0.1), steps=steps).worst_late, float)


@pytest.mark.parametrize("name", list(ol.OPTIMIZERS))
def test_no_rule_makes_a_noise_where_slopes_are_huge(name):
    steep = ol.objective(lambda x, y: 1e100 * (x**4 + y**4), grad=lambda x, y: (4e100 * x**3, 4e100 * y**3))
    for start in ([3.0, -2.0], [[3.0, -2.0], [1.0, 0.0]]):
        path = ol.minimize(steep, ol.OPTIMIZERS[name](), start, 50)
        assert np.isfinite(path.x).all()
        assert np.isfinite(path.f).all()


# --- bad input -----------------------------------------------------------------------------------------------

RULE = ol.GradientDescent()


@pytest.mark.parametrize(("arguments", "error", "says"), [
    ({"f": lambda x: x**2}, TypeError, "f=.*ol.objective"),
    ({"opt": "Adam"}, TypeError, "opt='Adam' must be an optimizer"),
    ({"steps": 1.5}, TypeError, "steps=1.5 must be an integer"),
    ({"steps": True}, TypeError, "steps=True must be an integer"),
    ({"steps": -1}, ValueError, "steps=-1 must be an integer of at least 0"),
    ({"tol": -1e-3}, ValueError, r"tol\['gradient'\]=-0.001 must be a number of at least 0"),
    ({"tol": {"step": math.nan}}, ValueError, r"tol\['step'\]=nan"),
    ({"evaluated": "no"}, TypeError, "evaluated='no' must be True or False"),
    ({"tol": {"grad": 1e-3}}, ValueError, "tol='grad' must be 'step', 'value' or 'gradient'"),
    ({"tol": "small"}, ValueError, r"tol\['gradient'\]='small'"),
    ({"start": [1.0, 2.0, 3.0]}, ValueError, r"bowl: .*shape \(3,\).*2 coordinates|bowl"),
    ({"start": 1.0}, ValueError, "bowl"),
    ({"start": [[1.0, 2.0], [1.0]]}, ValueError, "start=.*equal length"),
    ({"start": ["a", "b"]}, TypeError, "start=.*real numbers"),
    ({"start": [1j, 2.0]}, TypeError, "start=.*real numbers"),
    ({"start": [math.nan, 2.0]}, ValueError, "start=.*NaN or infinity"),
    ({"start": [math.inf, 2.0]}, ValueError, "start=.*NaN or infinity"),
    ({"start": [1e200, 2.0]}, ValueError, "bowl is not finite at start="),
    ({"opt": ol.Adam(lr=np.ones((3, 1))), "start": np.ones((4, 2))}, ValueError, "do not broadcast"),
    ({"opt": ol.Adam(lr=np.ones(3))}, ValueError, r"'lr': \(3,\).* the 2 .* shape \(n, 1\), .* lr\[:, None"),
    ({"f": SQUARE, "opt": ol.Adam(lr=np.ones(3))}, ValueError, r"last axis holds the 1 .*lr\[:, None\]"),
])  # fmt: skip
def test_bad_input(arguments, error, says):
    with pytest.raises(error, match=says):
        ol.minimize(**{"f": BOWL, "opt": RULE, **arguments})
