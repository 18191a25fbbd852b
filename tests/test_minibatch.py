"""Measurements on mini-batches, against what can be computed exactly."""

import math

import numpy as np
import pytest

import optlib as ol
from optlib.training import minibatch

rng = np.random.default_rng(0)
DATA = ol.data.Data(rng.standard_normal((40, 5)), rng.integers(3, size=40))
NETWORK = ol.networks.MLP([5, 4, 3])
DIGITS, _ = ol.data.split(ol.data.digits(), 0.43, seed=0)
DIGITS = ol.data.standardize(DIGITS)
BIG = ol.networks.MLP([64, 32, 10])


@pytest.fixture
def line():
    """Design matrix and answers of a line through 100 points."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 2, 100)
    return np.column_stack([x, np.ones(100)]), 1.5 * x - 0.5 + 0.5 * rng.standard_normal(100)


def test_per_example_gradients_are_those_of_one_example_each():
    p = NETWORK.init(seed=3)
    rows = minibatch.per_example(NETWORK, p, DATA)
    assert rows.shape == (40, sum(v.size for v in p.values()))
    for k in (0, 17, 39):
        grads = NETWORK.loss_and_grads(p, DATA.x[[k]], DATA.y[[k]])[1]
        np.testing.assert_allclose(rows[k], np.concatenate([grads[name].ravel() for name in p]), rtol=1e-12)
    full = NETWORK.loss_and_grads(p, DATA.x, DATA.y)[1]
    np.testing.assert_allclose(rows.mean(axis=0), np.concatenate([full[name].ravel() for name in p]), atol=1e-14)


def test_noise_scale_is_variance_over_signal():
    rows = np.array([[3.0, 1.0], [1.0, -1.0]])  # mean (2, 0), variances 1 and 1
    assert minibatch.noise_scale(rows) == pytest.approx(0.5)
    assert minibatch.noise_scale(10 * rows) == pytest.approx(0.5)
    assert minibatch.noise_scale(np.ones((3, 2))) == 0


def test_cosines_follow_the_law_of_the_noise_scale():
    """In many dimensions the angle of a batch of B has the cosine 1 / sqrt(1 + scale / B)."""
    rows = np.random.default_rng(2).standard_normal((500, 2000)) + 0.1
    scale = minibatch.noise_scale(rows)
    for B in (1, 4, 32):
        cosines = minibatch.cosines(rows, B, draws=300)
        assert cosines.shape == (300,)
        assert np.abs(cosines).max() <= 1 + 1e-12
        assert cosines.mean() == pytest.approx(1 / math.sqrt(1 + scale / B), abs=0.02)
    assert (minibatch.cosines(rows, 4, 10) == minibatch.cosines(rows, 4, 10)).all()
    assert (minibatch.cosines(rows, 4, 10) != minibatch.cosines(rows, 4, 10, seed=1)).any()
    np.testing.assert_allclose(minibatch.cosines(np.ones((3, 4)), 2, 5), 1)


def test_stationary_covariance_is_found_by_walkers_within_five_standard_errors(line):
    A, y = line
    best, walkers = np.linalg.lstsq(A, y)[0], 3000
    for lr, B in ((0.3, 1), (0.4, 4)):
        w, rng = np.tile(best, (walkers, 1)), np.random.default_rng(0)
        for _ in range(200):
            i = rng.integers(len(y), size=(walkers, B))
            error = (A[i] @ w[..., None])[..., 0] - y[i]
            w = w - lr * (A[i] * error[..., None]).mean(axis=-2)
        P = minibatch.stationary_covariance(A, y, lr, B)
        np.testing.assert_allclose(P, P.T)
        for a, b in ((0, 0), (0, 1), (1, 1)):
            product = (w[:, a] - best[a]) * (w[:, b] - best[b])
            assert abs(product.mean() - P[a, b]) < 5 * product.std() / math.sqrt(walkers), (lr, B, a, b)


def test_for_small_rates_it_is_the_formula_of_each_direction(line):
    A, y = line
    H = A.T @ A / len(y)
    curvatures, axes = np.linalg.eigh(H)
    residual = A @ np.linalg.lstsq(A, y)[0] - y
    sigma = (A * residual[:, None] @ axes).std(axis=0)
    P = minibatch.stationary_covariance(A, y, 1e-4, 2)
    formula = ol.theory.stationary_variance(1e-4, curvatures, 0.0, sigma / math.sqrt(2))
    np.testing.assert_allclose(np.diag(axes.T @ P @ axes), formula, rtol=1e-3)


def test_only_lr_over_batch_size_counts_for_small_rates(line):
    one, two = (minibatch.stationary_covariance(*line, lr, B) for lr, B in ((1e-3, 1), (4e-3, 4)))
    np.testing.assert_allclose(one, two, atol=0.01 * one.max())


def test_a_rate_without_a_stationary_state_is_named(line):
    with pytest.raises(ValueError, match=r"at lr=1\.5 and B=1 the variance grows without limit"):
        minibatch.stationary_covariance(*line, 1.5, 1)
    with pytest.raises(ValueError, match="columns of A are linearly dependent"):
        minibatch.stationary_covariance(np.ones((9, 2)), np.arange(9.0), 1e-3, 4)


def test_clocked_is_plain_descent_with_three_clocks():
    run = minibatch.clocked(NETWORK, DATA, B=8, lr=0.5, steps=20, looks=4)
    assert run["steps"].tolist() == [0, 5, 10, 15, 20]
    assert run["examples"].tolist() == [0, 40, 80, 120, 160]
    assert run["seconds"][0] == 0
    assert (np.diff(run["seconds"]) > 0).all()
    same = ol.train(NETWORK, ol.GradientDescent(lr=0.5), DATA, batch=8, epochs=4)  # 5 steps an epoch
    np.testing.assert_allclose(run["loss"], same.train_loss, rtol=1e-9)
    smaller = minibatch.clocked(NETWORK, DATA, B=32, lr=0.1, steps=4, looks=4)  # the last batch of an epoch
    assert smaller["examples"].tolist() == [0, 32, 40, 72, 80]


def test_reached_tells_all_clocks_at_the_first_look_below():
    run = {"steps": np.arange(4), "examples": 8 * np.arange(4), "seconds": np.arange(4) / 10, "loss": [3, 1, 2, 0.5]}
    assert minibatch.reached(run, 1.5) == {"steps": 1, "examples": 8, "seconds": 0.1}
    assert minibatch.reached(run, 0.5)["steps"] == 3
    assert minibatch.reached(run, 0.1) == {"steps": math.inf, "examples": math.inf, "seconds": math.inf}


def test_the_time_of_a_step_is_the_median_of_many(monkeypatch):
    """By a clock of our own, on which a step takes a second, the examples a tenth each, and one in five far longer."""
    now, step, sizes = [0.0], minibatch._step, []

    def clocked_step(network, data, params, lr, i):
        sizes.append(len(i))
        now[0] += 1 + 0.1 * len(i) + (100 if len(sizes) % 5 == 0 else 0)
        return step(network, data, params, lr, i)

    monkeypatch.setattr(minibatch, "_step", clocked_step)
    monkeypatch.setattr(minibatch.time, "perf_counter", lambda: now[0])
    assert minibatch.step_time(BIG, DIGITS, 2048, repeats=15) == pytest.approx(1 + 204.8)
    assert sizes == [2048] * 15  # more than there are examples: they are repeated


@pytest.mark.parametrize(("rule", "rates"), [
    (ol.GradientDescent(lr=0.5), [0.001, 0.5, 1e30]), (ol.Momentum(lr=0.05, beta=0.9), [0.05]),
])  # fmt: skip
def test_steps_to_counts_the_steps_of_the_best_rate(rule, rates):
    """For one seed, against a plain loop with `ol.train`, evaluated after each step."""
    steps, rate = minibatch.steps_to(NETWORK, DATA, 0.8, 40, rates, beta=getattr(rule, "beta", 0.0), seeds=[4])
    assert rate == rule.lr
    run = ol.train(NETWORK, rule, DATA, seed=4, batch=40, steps=int(steps))
    assert run.train_loss[-1] <= 0.8 < run.train_loss[-2]


def test_steps_to_says_when_none_arrives(monkeypatch):
    monkeypatch.setattr(minibatch, "MOST_EPOCHS", 3)
    steps, rate = minibatch.steps_to(NETWORK, DATA, 1e-9, 10, [0.1, 1e9])
    assert (math.isinf(steps), math.isnan(rate)) == (True, True)


def test_the_digits_show_linear_scaling_and_its_end():
    """What section 5 of the notebook tells, with margins of a factor of two."""
    rates = 2.0 ** np.arange(-6, 4)
    steps, rate = zip(*(minibatch.steps_to(BIG, DIGITS, 0.1, B, rates) for B in (4, 32, 1024)), strict=True)
    assert rate[1] / rate[0] in (4, 8, 16)
    assert rate[2] <= 4 * rate[1]
    assert 5 < steps[0] / steps[1] < 12
    assert steps[1] / steps[2] < 8


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: minibatch.per_example("net", {}, DATA), TypeError, "per_example: network='net' must be a Network"),
    (lambda: minibatch.step_time(NETWORK, 3, 4), TypeError, "step_time: data is a int"),
    (lambda: minibatch.clocked(NETWORK, DIGITS, 8, 0.1, 5), ValueError, "clocked: data has 64 inputs, .* takes 5"),
    (lambda: minibatch.step_time(NETWORK, DATA, 0), ValueError, "step_time: B=0 must be"),
    (lambda: minibatch.step_time(NETWORK, DATA, 4, repeats=0), ValueError, "step_time: repeats=0"),
    (lambda: minibatch.noise_scale(np.ones(3)), ValueError, r"noise_scale: rows has shape \(3,\)"),
    (lambda: minibatch.noise_scale([[1.0, np.nan]]), ValueError, "finite"),
    (lambda: minibatch.cosines(np.ones((2, 2)), 0), ValueError, "cosines: B=0"),
    (lambda: minibatch.cosines(np.ones((2, 2)), 1.5), TypeError, "cosines: B=1.5"),
    (lambda: minibatch.cosines(np.ones((2, 2)), 1, draws=0), ValueError, "cosines: draws=0"),
    (lambda: minibatch.cosines(np.ones((2, 2)), 1, seed=-1), ValueError, "cosines: seed=-1"),
    (lambda: minibatch.clocked(NETWORK, DATA, 8, 0.0, 5), ValueError, r"clocked: lr=0.0 must .* in \(0, inf\)"),
    (lambda: minibatch.clocked(NETWORK, DATA, 8, "a", 5), TypeError, "clocked: lr='a'"),
    (lambda: minibatch.clocked(NETWORK, DATA, 8, 0.1, 0), ValueError, "clocked: steps=0"),
    (lambda: minibatch.clocked(NETWORK, DATA, 8, 0.1, 5, looks=0), ValueError, "clocked: looks=0"),
    (lambda: minibatch.clocked(NETWORK, DATA, 41, 0.1, 5), ValueError, "size=41 must be an integer from 1 to 40"),
    (lambda: minibatch.steps_to(NETWORK, DATA, 0.1, 8, []), ValueError, r"steps_to: rates=\[\] must be a 1-D array"),
    (lambda: minibatch.steps_to(NETWORK, DATA, 0.1, 8, [-1.0]), ValueError, r"rates=\[-1.0\] must .* in \(0, inf\)"),
    (lambda: minibatch.steps_to(NETWORK, DATA, 0.1, 8, [0.1], beta=1), ValueError, "steps_to: beta=1 must be"),
    (lambda: minibatch.steps_to(NETWORK, DATA, 0.1, 41, [0.1]), ValueError, "steps_to: B=41"),
    (lambda: minibatch.steps_to(NETWORK, DATA, 0.1, 8, [0.1], seeds=3), TypeError, "steps_to: seeds=3 must be"),
    (lambda: minibatch.stationary_covariance([[1], [np.nan]], [1, 1], 0.1, 1), ValueError, "of finite numbers"),
    (lambda: minibatch.stationary_covariance(np.ones(3), np.ones(3), 0.1, 1), ValueError, r"A has shape \(3,\)"),
    (lambda: minibatch.stationary_covariance(np.ones((3, 1)), np.ones(3), -1, 1), ValueError, "lr=-1"),
    (lambda: minibatch.stationary_covariance(np.ones((3, 1)), np.ones(3), 0.1, 0), ValueError, "B=0"),
])  # fmt: skip
def test_errors_name_argument_value_and_what_is_allowed(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_every_public_function_is_documented():
    for name in minibatch.__all__:
        assert len(getattr(minibatch, name).__doc__) > 80, name
    assert ol.minibatch is minibatch
