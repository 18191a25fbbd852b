"""`minimize`: shapes, two walkers with one result, batches, functions of one's own; ends in test_minimize_ends.py."""

import math
import pickle

import numpy as np
import pytest

import optlib as ol
from optlib import arrays, schedules
from optlib.trajectory import lost
from rules import naming

ROSENBROCK = ol.FUNCTIONS["rosenbrock"]
SQUARE = ol.objective(lambda x: x**2, grad=lambda x: (2 * x,), name="square", start=[3.0])
BOWL = ol.objective(lambda x, y: 0.5 * (x**2 + 10 * y**2), grad=lambda x, y: (x, 10 * y), name="bowl", start=[10, 1])
WAVES = ol.objective(
    lambda x, y: arrays.sin(x) * arrays.cos(2 * y) + 0.1 * (x**2 + y**2), name="waves", start=[2.0, -1.5],
    grad=lambda x, y: (arrays.cos(x) * arrays.cos(2 * y) + 0.2 * x, -2 * arrays.sin(x) * arrays.sin(2 * y) + 0.2 * y),
)  # fmt: skip
HILLS = [ROSENBROCK, BOWL, WAVES, SQUARE]
ELEMENTWISE = [name for name, rule in ol.OPTIMIZERS.items() if rule.elementwise and rule.reads == ("gradient",)]
DETERMINISTIC = [name for name, rule in ol.OPTIMIZERS.items() if "function" not in rule.reads]
RANDOM = [name for name, rule in ol.OPTIMIZERS.items() if "function" in rule.reads]

by_name = pytest.mark.parametrize("f", HILLS, ids=lambda f: f.name)


def norm(v):
    return math.sqrt(sum(v * v))


def naive(f, opt, start, steps, tol=()):
    """The plain loop: points, number of steps made, and why it stopped."""
    tol = dict(tol)
    rule, x = opt.fresh(), np.array(start, dtype=float)
    xs = [x]
    if norm(f.grad(x)) <= tol.get("gradient", -1):
        return np.array(xs), 0, "gradient"
    for t in range(1, steps + 1):
        with np.errstate(all="ignore"):
            sources = {"gradient": f.grad, "hessian": f.hess, "gradient_function": lambda x: f.grad}
            new = rule.advance(x, *[sources[r](x) for r in rule.reads], loss=f(x))
            if not (np.isfinite(new).all() and np.isfinite(f(new))):
                return np.array(xs), t - 1, "diverged"
            met = {"step": norm(new - x), "value": abs(f(new) - f(x)), "gradient": norm(f.grad(new))}
        xs.append(new)
        x = new
        for name, size in met.items():
            if size <= tol.get(name, -1):
                return np.array(xs), t, name
    return np.array(xs), steps, "steps"


def close(a, b, rtol=1e-12):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.abs(b).max())


# --- shapes and values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_shape", [(2,), (1, 2), (5, 2), (4, 3, 2), (0, 2)])
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_shapes(start_shape, steps):
    start = np.random.default_rng(0).uniform(-1, 1, start_shape)
    path = ol.minimize(ROSENBROCK, ol.Adam(lr=0.1), start, steps)
    assert path.x.shape == (steps + 1, *start_shape)
    assert path.f.shape == (steps + 1, *start_shape[:-1])
    assert path.steps == steps
    np.testing.assert_array_equal(path.start, start)
    np.testing.assert_array_equal(path.end, path.x[-1])
    np.testing.assert_array_equal(path.f, ROSENBROCK(path.x))
    assert np.shape(path.ended_at) == np.shape(path.stopped_by) == np.shape(path.diverged) == start_shape[:-1]
    assert np.shape(path.converged_at) == start_shape[:-1]
    assert "Adam" in repr(path)


@pytest.mark.parametrize("name", list(ol.FUNCTIONS))
def test_every_function_runs_from_its_own_start(name):
    f = ol.FUNCTIONS[name]
    path = ol.minimize(f, ol.GradientDescent(lr=1e-7), steps=5)
    np.testing.assert_array_equal(path.start, f.start)
    np.testing.assert_array_equal(path.f, f(path.x))
    assert path.stopped_by == "steps"
    assert isinstance(path.ended_at, int)
    assert path.converged_at is None
    assert path.diverged is False


@pytest.mark.parametrize("start", [[1, 2], (1.0, 2.0), np.array([1, 2], np.int32), np.array([1, 2], np.float16)])
def test_starts_of_many_kinds_become_float64(start):
    path = ol.minimize(BOWL, ol.GradientDescent(), start, 3)
    assert path.x.dtype == np.float64
    np.testing.assert_array_equal(path.start, [1.0, 2.0])


@pytest.mark.parametrize("start", [2, 2.0, [2.0], np.float64(2.0), np.array(2.0)])
def test_one_coordinate_may_be_a_bare_number(start):
    assert ol.minimize(SQUARE, ol.GradientDescent(lr=0.25), start, 2).x.tolist() == [[2.0], [1.0], [0.5]]


@pytest.mark.parametrize("shape", [(2,), (3, 2)])
def test_float32_stays_float32(shape):
    for opt in (ol.Adam(lr=0.1), ol.Adam(lr=schedules.Cosine(np.array([[0.1]]), 9)), ol.YellowFin(), ol.Newton()):
        path = ol.minimize(ROSENBROCK, opt, np.full(shape, 0.5, np.float32), 9)
        assert path.x.dtype == path.f.dtype == np.float32
        twin = ol.minimize(ROSENBROCK, opt, np.full(shape, 0.5), 9)
        if not isinstance(opt, ol.Newton):  # whose numerical Hessian is a float64 one
            np.testing.assert_allclose(path.x, twin.x, rtol=2e-3, atol=1e-3)


def test_a_class_is_its_defaults():
    np.testing.assert_array_equal(ol.minimize(BOWL, ol.Adam, steps=5).x, ol.minimize(BOWL, ol.Adam(), steps=5).x)


# --- two walkers, one result ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_floats_walk_as_arrays_do(name):
    """Not bit for bit: math and NumPy differ in the last bit of exp, sin and powers; steep slopes make more of it.

    So numbers are compared as long as the path is not lost; after that, that both are.
    """
    opt = ol.OPTIMIZERS[name]()
    for f in {**ol.FUNCTIONS, **{f.name: f for f in HILLS}}.values():
        with naming(f.name):
            floats = ol.minimize(f, opt, steps=25)
            array = ol.minimize(f, opt, start=np.array([f.start]), steps=25)
            flown = lost(floats.f, floats.f[0])
            kept = int(flown.argmax()) if flown.any() else len(flown)
            close(floats.x[:kept], array.x[:kept, 0])
            close(floats.f[:kept], array.f[:kept, 0])
            np.testing.assert_array_equal(flown, lost(array.f[:, 0], floats.f[0]))
            if not flown.any():
                assert (floats.stopped_by, floats.ended_at) == (array.stopped_by[0], array.ended_at[0])


@by_name
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_equals_the_plain_loop(f, name):
    opt = ol.OPTIMIZERS[name]()
    path, (xs, ended_at, reason) = ol.minimize(f, opt, steps=30), naive(f, opt, f.start, 30)
    close(path.x[: ended_at + 1], xs)
    assert (path.ended_at, path.stopped_by) == (ended_at, reason)


@pytest.mark.parametrize("name", RANDOM)
def test_random_rules_equal_the_plain_loop(name):
    opt = ol.OPTIMIZERS[name]()
    path, rule, x = ol.minimize(WAVES, opt, steps=30), opt.fresh(), np.array(WAVES.start)
    for t in range(1, 31):
        x = rule.step(x, WAVES)
        np.testing.assert_array_equal(path.x[t], x)


@by_name
def test_schedules_of_all_kinds_equal_the_plain_loop(f):
    for lr in (
        schedules.WarmUp(5) * schedules.Cosine(1e-4, steps=50),
        schedules.OnPlateau(1e-3, factor=0.5, patience=1),
        schedules.ByGradientNorm(0.1),
        lambda t: 1e-3 / (t + 1),
        lambda t: np.float64(1e-3) / (t + 1),
    ):
        opt = ol.Momentum(lr=lr, beta=schedules.Demon(0.5, steps=40))
        close(ol.minimize(f, opt, steps=60).x, naive(f, opt, f.start, 60)[0])


def test_one_learning_rate_a_coordinate():
    for lr in (np.array([0.1, 0.05]), schedules.Constant(np.array([0.1, 0.05]))):
        path = ol.minimize(BOWL, ol.GradientDescent(lr=lr), steps=3)
        np.testing.assert_allclose(path.x, np.array([10.0, 1.0]) * np.array([0.9, 0.5]) ** np.arange(4)[:, None])


# --- batches -------------------------------------------------------------------------------------------------


def values_of(about, n):
    low, high = about.slider
    spread = np.geomspace if about.log else np.linspace
    return spread(low, low + 0.3 * (high - low), n)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_batch_of_settings_equals_one_by_one(name):
    rule = ol.OPTIMIZERS[name]
    for hyper, about in rule.hypers.items():
        if not isinstance(about.default, float) or about.slider is None:
            continue
        values = values_of(about, 4)
        batch = ol.minimize(BOWL, rule(**{hyper: values[:, None]}), steps=20)
        assert batch.x.shape == (21, 4, 2)
        for i, value in enumerate(values):
            one = ol.minimize(BOWL, rule(**{hyper: value}), steps=20)
            close(batch.x[:, i], one.x, rtol=1e-11)
            assert batch.stopped_by[i] == one.stopped_by


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_batch_of_starts_equals_one_by_one(name):
    opt, starts = ol.OPTIMIZERS[name](), np.random.default_rng(1).uniform(-2, 2, (6, 2))
    batch = ol.minimize(WAVES, opt, starts, 30)
    for i, start in enumerate(starts):
        close(batch.x[:, i], ol.minimize(WAVES, opt, start, 30).x, rtol=1e-11)


@pytest.mark.parametrize("name", RANDOM)
def test_random_rules_share_one_generator_in_a_batch(name):
    """A batch draws all its numbers from one seed: alone, a path equals a batch of one, not one of many."""
    opt, start = ol.OPTIMIZERS[name](), np.array([[2.0, -1.5]])
    alone, batch = ol.minimize(WAVES, opt, start[0], 20), ol.minimize(WAVES, opt, start, 20)
    np.testing.assert_array_equal(batch.x[:, 0], alone.x)
    many = ol.minimize(WAVES, opt, np.repeat(start, 3, axis=0), 20)
    assert len(np.unique(many.x[-1], axis=0)) == 3


def test_starts_and_settings_broadcast():
    starts = np.random.default_rng(2).uniform(-2, 2, (5, 2))
    rates, betas = np.array([0.01, 0.02, 0.03]), np.array([0.0, 0.5])
    batch = ol.minimize(BOWL, ol.Momentum(lr=rates[:, None, None, None], beta=betas[:, None, None]), starts, 10)
    assert batch.x.shape == (11, 3, 2, 5, 2)
    one = ol.minimize(BOWL, ol.Momentum(lr=0.02, beta=0.5), starts[4], 10)
    close(batch.x[:, 1, 1, 4], one.x)


def test_schedules_in_batches():
    starts = np.random.default_rng(3).uniform(-2, 2, (4, 2))
    for lr in (schedules.OnPlateau(0.19, patience=0), schedules.ByGradientNorm(0.5), schedules.Cosine(0.1, 50)):
        batch = ol.minimize(BOWL, ol.GradientDescent(lr=lr), starts, 60)
        for i, start in enumerate(starts):
            close(batch.x[:, i], ol.minimize(BOWL, ol.GradientDescent(lr=lr), start, 60).x)
    peaks = np.array([0.01, 0.1])
    batch = ol.minimize(BOWL, ol.GradientDescent(lr=schedules.OneCycle(peaks[:, None], steps=30)), steps=30)
    for i, peak in enumerate(peaks):
        close(batch.x[:, i], ol.minimize(BOWL, ol.GradientDescent(lr=schedules.OneCycle(peak, steps=30)), steps=30).x)


def test_grid():
    rates, betas = np.geomspace(1e-3, 0.1, 4), [0.0, 0.5, 0.9]
    made = ol.grid(lr=rates, beta=betas)
    assert list(made) == ["lr", "beta"]
    assert made["lr"].shape == (4, 1, 1)
    assert made["beta"].shape == (3, 1)
    batch = ol.minimize(BOWL, ol.Momentum(**made), steps=10)
    assert batch.f.shape == (11, 4, 3)
    close(batch.x[:, 2, 1], ol.minimize(BOWL, ol.Momentum(lr=rates[2], beta=0.5), steps=10).x)
    schedule = schedules.WarmUp(3) * 1.0
    mixed = ol.grid(lr=schedule, beta=betas, nu=0.7)
    assert mixed["beta"].shape == (3, 1)
    assert mixed["lr"] is schedule
    assert mixed["nu"] == 0.7
    assert ol.grid() == {}


@pytest.mark.parametrize("wrong", [np.ones((2, 2)), [], "0.1", None, ["a"], np.array(1j)])
def test_grid_refuses(wrong):
    with pytest.raises(ValueError, match="(?s)grid: beta=.* must be a number or a 1-D array of at least one number"):
        ol.grid(lr=[0.1, 0.2], beta=wrong)


# --- functions of one's own ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2,), (3, 2)])
def test_constant_value_and_slopes(shape):
    plane = ol.objective(lambda x, y: 3.0, grad=lambda x, y: (1.0, 0.0), name="plane")
    opt = ol.GradientDescent(lr=schedules.OnPlateau(1.0, patience=1))
    path = ol.minimize(plane, opt, np.ones(shape), 5, tol={"gradient": 0.5, "step": 0.05, "value": -0.0})
    assert np.all(path.stopped_by == "value")
    path = ol.minimize(plane, opt, np.ones(shape), 5, tol={"gradient": 0.5})
    np.testing.assert_allclose(path.x[..., 0].reshape(6, -1)[:, 0], [1, 0, -1, -1.1, -1.2, -1.21])


def test_a_formula_for_arrays_only_runs_from_one_start_too():
    clipped = ol.Function("clipped", lambda x: x.clip(-1, 1), lambda x: (x.clip(-1, 1),), ((-5, 5),), (3.0,))
    assert ol.minimize(clipped, ol.GradientDescent(lr=0.5), steps=3).x.ravel().tolist() == [3.0, 2.5, 2.0, 1.5]


@pytest.mark.parametrize("error", [KeyError, TypeError, AttributeError, RuntimeError, ValueError])
@pytest.mark.parametrize("below", [1.0, 4.0], ids=["on the way", "at the start"])
def test_an_error_of_the_function_passes_and_is_met_once(error, below):
    met = []

    def slopes(x):
        if np.any(x < below):
            met.append(x)
            raise error("mine")
        return (2 * x,)

    with pytest.raises(error, match="mine"):
        ol.minimize(ol.objective(lambda x: x**2, grad=slopes, start=[3.0]), ol.GradientDescent(lr=0.1), steps=50)
    # Floats raise a ValueError where arrays have NaN, so arrays are tried too; they always are at the start.
    assert len(met) == (2 if error is ValueError or below == 4.0 else 1)


# --- nothing is left behind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ol.OPTIMIZERS))
def test_the_same_call_gives_the_same_path_and_changes_nothing(name):
    opt = ol.OPTIMIZERS[name]()
    seen = {"gradient": np.array([1.0, 2.0]), "hessian": np.eye(2), "function": WAVES, "gradient_function": WAVES.grad}
    for _ in range(3):
        opt.step(np.array([0.5, 0.5]), *[seen[r] for r in opt.reads])
    before = pickle.dumps((opt.t, opt.state, opt.settings()))
    start = np.array([1.0, -1.0])
    first, second = ol.minimize(WAVES, opt, start, 15), ol.minimize(WAVES, opt, start, 15)
    np.testing.assert_array_equal(first.x, second.x)
    assert pickle.dumps((opt.t, opt.state, opt.settings())) == before
    assert start.tolist() == [1.0, -1.0]
    assert first.rule.t == 0
    assert first.rule is not opt
    np.testing.assert_array_equal(ol.minimize(first.function, first.rule, first.start, 15).x, first.x)


def test_schedules_that_read_are_left_as_they_were():
    opt = ol.GradientDescent(lr=schedules.OnPlateau(1.0, patience=0))
    opt.step(1.0, 1.0, loss=1.0)
    opt.step(1.0, 1.0, loss=1.0)
    before = pickle.dumps(opt.settings()["lr"])
    ol.minimize(BOWL, opt, steps=20)
    assert pickle.dumps(opt.settings()["lr"]) == before
    assert opt.lr == pytest.approx(0.1)


def test_a_path_is_its_own():
    start = np.array([1.0, -1.0])
    path = ol.minimize(BOWL, ol.GradientDescent(), start, 0)
    path.x[0] = 7.0
    assert start.tolist() == [1.0, -1.0]
