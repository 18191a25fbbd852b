"""Many runs as one: the numbers of the plain loop under every rule, diverged runs alone, the noise ball of theory."""

import copy

import numpy as np
import pytest
from test_drivers import Unit, UnitOfGroup, UnitOfMatrix, UnitOfTensor

import optlib as ol
from optlib import schedules
from optlib.training import loops, networks

GRADIENT_RULES = [name for name, rule in ol.OPTIMIZERS.items() if rule.reads == ("gradient",)]
TOLERANCE = 1e-9
DIGITS = ol.data.digits().take(np.arange(400))
TRAIN, VALIDATION = ol.data.split(DIGITS, seed=0)
MLP = networks.MLP([64, 8, 10])
RECORDED = ("losses", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "diverged_at")


def relative(a, b):
    """Largest difference of two arrays, relative to the size of the second."""
    return (np.abs(a - b) / np.abs(b)).max()


def same(record, one, *index, tolerance=TOLERANCE):
    """Whether run ``index`` of many is the run of a plain loop, in all that is recorded."""
    for name in RECORDED:
        many, alone = getattr(record, name), getattr(one, name)
        if alone is None:
            assert many is None
        else:
            np.testing.assert_allclose(many[(..., *index)], alone, rtol=tolerance, err_msg=name)
    for name, value in one.params.items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(record.params[name][index], value, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", GRADIENT_RULES)
def test_every_rule_trains_as_in_the_plain_loop(name):
    """First 50 steps: later on adaptive rules amplify what rounding does."""
    rule = ol.OPTIMIZERS[name]
    rates = rule().lr * np.array([0.3, 1.0, 5.0])
    how = {"batch": 20, "steps": 50, "validation": VALIDATION}
    many = ol.train_many(MLP, rule, TRAIN, seeds=[3, 8], settings={"lr": rates}, **how)
    assert many.losses.shape == (50, 2, 3)
    for s, seed in enumerate([3, 8]):
        for k, lr in enumerate(rates):
            same(many, ol.train(MLP, rule(lr=lr), TRAIN, seed=seed, **how), s, k)
    assert relative(many.losses[:, 0, 0], many.losses[:, 1, 0]) > 1e-2, "seeds differ"
    assert relative(many.losses[1:, 0, 2], many.losses[1:, 0, 0]) > 1e-6, "settings differ"


@pytest.mark.parametrize("how", [
    {"last": "weight", "batch": 48}, {"last": "drop", "batch": 48}, {"replacement": True},
    {"schedule": schedules.Cosine(1.0, steps=20)}, {"schedule": lambda t: 1 / (1 + t)},
    {"schedule": schedules.OnPlateau(1.0, patience=1, factor=0.5)},
    {"schedule": schedules.ByGradientNorm(1.0)}, {"epochs": 2, "steps": None}, {"validation": None},
], ids="weight drop replacement cosine function plateau norm epochs no-validation".split())  # fmt: skip
def test_every_option_does_the_same_in_both(how):
    how = {"steps": 20, "validation": VALIDATION, **how}
    rates = np.array([0.05, 0.5])
    many = ol.train_many(MLP, ol.Momentum, TRAIN, seeds=[0, 1], settings={"lr": rates}, **copy.deepcopy(how))
    for k, lr in enumerate(rates):
        same(many, ol.train(MLP, ol.Momentum(lr=lr), TRAIN, seed=1, **copy.deepcopy(how)), 1, k)


def test_options_do_something():
    plain = ol.train(MLP, ol.Momentum(lr=0.1), TRAIN, steps=20, batch=48).losses
    losses = lambda last: ol.train(MLP, ol.Momentum(lr=1e-300), TRAIN, batch=48, epochs=1, last=last).losses
    np.testing.assert_allclose(losses("weight"), losses("keep"))  # its gradient counts less, its loss is what it is
    for how in ({"last": "weight"}, {"last": "drop"}, {"replacement": True}, {"schedule": schedules.Cosine(1.0, 9)}):
        assert relative(ol.train(MLP, ol.Momentum(lr=0.1), TRAIN, steps=20, batch=48, **how).losses, plain) > 1e-4


def test_settings_span_a_grid_as_in_grid():
    settings = {"beta2": np.array([0.9, 0.99]), "lr": np.array([1e-3, 1e-2, 1e-1]), "eps": [1e-8]}
    many = ol.train_many(MLP, ol.Adam(beta1=0.5), TRAIN, seeds=[2], settings=settings, steps=30)
    assert many.losses.shape == (30, 1, 2, 3, 1)
    assert many.params["W1"].shape == (1, 2, 3, 1, 64, 8)
    rule = ol.Adam(beta1=0.5, beta2=0.99, lr=1e-2)
    same(many, ol.train(MLP, rule, TRAIN, seed=2, steps=30), 0, 1, 1, 0)


def test_without_settings_there_is_no_axis_for_them():
    many = ol.train_many(MLP, ol.YellowFin, TRAIN, seeds=range(3), steps=10)
    assert many.losses.shape == (10, 3)
    same(many, ol.train(MLP, ol.YellowFin, TRAIN, seed=2, steps=10), 2)


RELU = networks.MLP([64, 6, 5, 10], "relu")


@pytest.mark.parametrize("network", [networks.Linear(3), networks.Logistic(64, 10), RELU])
def test_every_network(network):
    data = TRAIN if network.classes else ol.data.linear_regression(n=100, d=3)
    many = ol.train_many(network, ol.Adam(lr=0.01), data, seeds=[4, 5], settings={"beta1": [0.0, 0.9]}, steps=50)
    same(many, ol.train(network, ol.Adam(lr=0.01), data, seed=5, steps=50), 1, 1)
    assert (many.train_accuracy is None) == (network.classes is None)


class Tempered(networks.Logistic):
    """A network of one's own, with a parameter that is a single number."""

    def __init__(self):
        super().__init__(64, 10)
        self.shapes = {"heat": (), **self.shapes}

    def start(self, name, rng):
        return np.ones(()) if name == "heat" else super().start(name, rng)

    def forward(self, params, x):
        return params["heat"][..., None, None] * super().forward(params, x)

    def backward(self, params, x, y, weights=None):
        score, heat = super().forward(params, x), params["heat"][..., None, None]
        loss, delta = networks.cross_entropy(heat * score, y, weights)
        grads = {"W": np.swapaxes(x, -1, -2) @ (heat * delta), "b": (heat * delta).sum(axis=-2, keepdims=True)}
        return loss, {**grads, "heat": (delta * score).sum(axis=(-2, -1))}  # not in the order of shapes


@pytest.mark.parametrize("rule", [ol.Adam, ol.YellowFin])
def test_a_network_of_ones_own(rule):
    network = Tempered()
    many = ol.train_many(network, rule, TRAIN, seeds=[0, 1], settings={"lr": [0.01, 0.1]}, steps=30)
    assert many.params["heat"].shape == (2, 2)
    assert (many.params["heat"] != 1).all()
    same(many, ol.train(network, rule(lr=0.1), TRAIN, seed=1, steps=30), 1, 1)
    assert network.loss(many.params, np.stack([[TRAIN.x] * 2] * 2), np.stack([[TRAIN.y] * 2] * 2)).shape == (2, 2)


@pytest.mark.parametrize(("workers", "numbers"), [(1, 1), (2, 1500), (3, 2**18), (2, 2**18)])
def test_chunks_and_threads_change_nothing(workers, numbers, monkeypatch):
    def run(workers):
        settings = {"lr": np.geomspace(1e-3, 1, 5)}
        return ol.train_many(MLP, ol.YellowFin, TRAIN, seeds=range(3), settings=settings, steps=15, workers=workers)

    together = run(1)
    monkeypatch.setattr(loops, "CHUNK_NUMBERS", numbers)
    monkeypatch.setattr(loops, "LEAST_NUMBERS", 1)
    chunks = run(workers)
    for name in ("losses", "train_loss", "train_accuracy"):
        np.testing.assert_array_equal(getattr(chunks, name), getattr(together, name))
    np.testing.assert_equal(chunks.params, together.params)


@pytest.mark.parametrize(("seeds", "settings", "workers"), [(1, 1, 4), (10, 7, 2), (3, 40, 2), (1, 200, 3), (5, 1, 2)])
def test_each_run_is_in_one_chunk(seeds, settings, workers):
    count = np.zeros((seeds, settings), int)
    chunks = loops._chunks(seeds, settings, 2410, workers)
    for s, k in chunks:
        count[s, k] += 1
    assert (count == 1).all()
    assert len(chunks) >= min(workers, seeds * settings)


@pytest.mark.parametrize("rule", [Unit, UnitOfTensor, UnitOfMatrix, UnitOfGroup])
def test_rules_that_would_mix_runs_or_tensors_train_run_by_run(rule):
    """They take a plain norm of all that they are given; each run is exactly that of the plain loop."""
    how = {"batch": 64, "epochs": 2, "validation": VALIDATION, "path": True}
    rates = [0.01, 0.1, 1e308]
    many = ol.train_many(MLP, rule, TRAIN, seeds=[3, 8], settings={"lr": rates}, **how)
    for s, seed in enumerate([3, 8]):
        for k, lr in enumerate(rates):
            one = ol.train(MLP, rule(lr=lr), TRAIN, seed=seed, **how)
            same(many, one, s, k, tolerance=0)
            for name, value in one.path.items():
                np.testing.assert_array_equal(many.path[name][:, s, k], value)
    assert many.diverged.tolist() == [[False, False, True]] * 2
    assert np.isfinite(many.params["W1"][:, :2]).all()


class AveragedMatrix(UnitOfMatrix):
    """As `ASGD`, a rule that keeps the average of its path, here of each matrix."""

    sees = "matrix"

    def update(self, x, g):
        x = super().update(x, g)
        self.average = x if self.t == 1 else self.average + (x - self.average) / self.t
        return x

    def evaluated(self, x):
        return self.average


def test_averages_of_rules_that_train_run_by_run():
    runs = ol.train_many(MLP, AveragedMatrix, TRAIN, seeds=[0, 1], settings={"lr": [0.1]}, steps=12, path=True)
    for name, value in runs.average.items():
        np.testing.assert_allclose(value, runs.path[name][1:].mean(axis=0), rtol=1e-12, atol=1e-14)
    assert runs.train_loss[-1, 1, 0] == pytest.approx(MLP.loss(networks.pick(runs.average, 1, 0), TRAIN.x, TRAIN.y))


def test_what_is_recorded_is_what_the_network_says():
    record = ol.train(MLP, ol.Adam(lr=0.01), TRAIN, seed=1, batch=50, steps=15, validation=VALIDATION)
    assert record.at.tolist() == [0, 7, 14, 15]
    start, first = MLP.init(1), next(iter(ol.data.batches(TRAIN, 50, seed=1)))
    assert record.losses[0] == MLP.loss(start, TRAIN.x[first], TRAIN.y[first])
    assert record.train_loss[0] == pytest.approx(MLP.loss(start, TRAIN.x, TRAIN.y), rel=1e-12)
    for which, data in (("train", TRAIN), ("validation", VALIDATION)):
        loss, accuracy = getattr(record, f"{which}_loss"), getattr(record, f"{which}_accuracy")
        assert loss[-1] == pytest.approx(MLP.loss(record.params, data.x, data.y), rel=1e-12)
        assert accuracy[-1] == pytest.approx(MLP.accuracy(record.params, data.x, data.y))
        assert loss[-1] < loss[0]
    assert not record.diverged
    assert repr(record) == "<Training: Adam on <MLP: 64 inputs, 610 parameters>, 1 run, 15 steps>"
    assert ol.train(MLP, ol.Adam, TRAIN, batch=50, epochs=2).at.tolist() == [0, 7, 14]
    rare = ol.train_many(MLP, ol.Adam(lr=0.01), TRAIN, seeds=[1], batch=50, steps=15, every=2, validation=VALIDATION)
    assert rare.at.tolist() == [0, 14, 15]
    np.testing.assert_array_equal(rare.validation_loss[:, 0], record.validation_loss[[0, 2, 3]])


def test_it_learns():
    train, validation = ol.data.split(ol.data.digits())
    rates = np.geomspace(1e-4, 1, 5)
    runs = ol.train_many(networks.MLP([64, 32, 10]), ol.Adam, train, seeds=range(3), settings={"lr": rates}, epochs=8,
                         validation=validation, dtype=np.float32)  # fmt: skip
    assert runs.best() == {"lr": pytest.approx(0.01)}
    assert (runs.validation_accuracy[-1, :, 2] > 0.95).all()
    assert runs.best("train_accuracy")["lr"] in rates
    assert repr(runs) == "<Training: Adam on <MLP: 64 inputs, 2,410 parameters>, 15 runs (3 x 5), 360 steps>"


def test_best_is_the_mean_over_seeds_and_loses_where_one_diverged():
    runs = ol.train_many(MLP, ol.GradientDescent, TRAIN, seeds=range(2), settings={"lr": [0.1, 0.2, 0.3]}, steps=3)
    runs.train_loss[-1] = [[0.2, 0.3, 0.1], [0.2, 0.2, np.inf]]
    runs.train_accuracy[-1] = [[0.2, 0.8, 0.9], [0.2, 0.8, 0.0]]
    assert runs.best() == {"lr": 0.1}
    assert runs.best("train_accuracy") == {"lr": 0.2}
    runs.diverged_at[0] = 1
    with pytest.raises(ValueError, match="every setting has a run that diverged"):
        runs.best()


@pytest.mark.parametrize("schedule", [None, schedules.ByGradientNorm(1.0)])
@pytest.mark.parametrize("rule", ["ASGD", "EMA", "Lookahead", "ScheduleFree"])
def test_a_rule_is_looked_at_where_its_average_is(rule, schedule):
    rule = ol.OPTIMIZERS[rule]
    how = {"steps": 33, "seeds": [1], "settings": {"lr": [0.1]}, "schedule": schedule}
    runs = ol.train_many(MLP, rule, TRAIN, **how)
    average, path = networks.pick(runs.average, 0, 0), networks.pick(runs.params, 0, 0)
    assert runs.train_loss[-1, 0, 0] == pytest.approx(MLP.loss(average, TRAIN.x, TRAIN.y), rel=1e-12)
    assert runs.train_loss[-1, 0, 0] != pytest.approx(MLP.loss(path, TRAIN.x, TRAIN.y), rel=1e-3)
    one = ol.train(MLP, rule(lr=0.1), TRAIN, steps=33, seed=1, schedule=schedule)
    same(runs, one, 0, 0)
    for name, value in one.average.items():
        np.testing.assert_allclose(average[name], value, rtol=1e-9, atol=1e-12)
    assert ol.train(MLP, ol.Adam, TRAIN, steps=2).average is None


def test_float32_stays_float32():
    runs = ol.train_many(MLP, ol.Adam, TRAIN, seeds=[0], settings={"lr": [0.01]}, steps=20, dtype=np.float32)
    exact = ol.train(MLP, ol.Adam(lr=0.01), TRAIN, steps=20)
    assert {value.dtype for value in runs.params.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(runs.losses[:, 0, 0], exact.losses, rtol=1e-3)
    single = ol.train(MLP, ol.Adam(lr=0.01), TRAIN, steps=20, dtype=np.float32)
    assert {value.dtype for value in single.params.values()} == {np.dtype(np.float32)}


def test_the_same_call_gives_the_same_numbers_and_changes_nothing():
    rule, before = ol.Momentum(lr=schedules.OnPlateau(0.1, patience=1)), TRAIN.x.copy()
    np.random.seed(0)  # noqa: NPY002
    first = ol.train_many(MLP, rule, TRAIN, seeds=[0, 1], steps=10)
    np.random.seed(1)  # noqa: NPY002
    again = ol.train_many(MLP, rule, TRAIN, seeds=[0, 1], steps=10)
    np.testing.assert_array_equal(first.losses, again.losses)
    np.testing.assert_array_equal(TRAIN.x, before)
    assert rule.t == 0
    assert not rule.state


def test_the_path_is_kept_where_it_is_asked_for():
    line, linear = ol.data.linear_regression(n=64, d=2), networks.Linear(2)
    start = {"W": np.array([[3.0], [-3.0]]), "b": np.zeros((1, 1))}
    how = {"start": start, "batch": 8, "steps": 30, "path": True}
    rates = [0.1, 1e200]
    many = ol.train_many(linear, ol.Momentum, line, seeds=[0, 1], settings={"lr": rates}, **how)
    assert many.path["W"].shape == (31, 2, 2, 2, 1)
    for name in start:
        np.testing.assert_array_equal(many.path[name][0], np.broadcast_to(start[name], (2, 2, *start[name].shape)))
        np.testing.assert_array_equal(many.path[name][-1, :, 0], many.params[name][:, 0])
    one = ol.train(linear, ol.Momentum(lr=0.1), line, seed=1, **how)
    np.testing.assert_array_equal(many.path["W"][:, 1, 0], one.path["W"])
    lost = ol.train(linear, ol.Momentum(lr=1e200), line, seed=1, **how)
    np.testing.assert_array_equal(many.path["W"][:, 1, 1], lost.path["W"])
    last = int(lost.diverged_at)
    assert np.isfinite(lost.path["W"][: last + 1]).all()
    assert np.isnan(lost.path["W"][last + 1 :]).all()
    i = next(iter(ol.data.batches(line, 8, seed=1)))
    grad = linear.loss_and_grads(start, line.x[i], line.y[i])[1]["W"]
    np.testing.assert_allclose(one.path["W"][1], start["W"] - 0.1 * grad, rtol=1e-14)
    assert ol.train(linear, ol.Momentum, line, steps=1).path is None


LINE = ol.data.linear_regression(n=64, d=2)
RATES = np.array([0.01, 5.0, 0.1, 1e200])


@pytest.mark.parametrize("steps", [400, 1])
def test_a_diverged_run_stops_and_poisons_no_other(steps):
    how = {"batch": 8, "steps": steps, "validation": LINE}
    runs = ol.train_many(networks.Linear(2), ol.Momentum, LINE, seeds=[0, 1], settings={"lr": RATES}, **how)
    calm = ol.train_many(networks.Linear(2), ol.Momentum, LINE, seeds=[0, 1], settings={"lr": RATES[[0, 2]]}, **how)
    np.testing.assert_array_equal(runs.losses[..., [0, 2]], calm.losses)
    np.testing.assert_array_equal(runs.params["W"][:, [0, 2]], calm.params["W"])
    for s in (0, 1):
        for k, lr in enumerate(RATES):
            one = ol.train(networks.Linear(2), ol.Momentum(lr=lr), LINE, seed=s, **how)
            for name in ("losses", "train_loss", "validation_loss"):
                np.testing.assert_allclose(getattr(runs, name)[:, s, k], getattr(one, name), rtol=1e-6, err_msg=name)
            assert runs.diverged_at[s, k] == one.diverged_at
            assert runs.diverged[s, k] == one.diverged
    if steps > 1:
        assert runs.diverged.tolist() == [[False, True, False, True]] * 2
        assert 1 < runs.diverged_at[0, 1] < 400
        assert runs.diverged_at[0, 3] <= 2
        at = runs.diverged_at[0, 1]
        assert np.isfinite(runs.losses[:at, 0, 1]).all()
        assert np.isinf(runs.losses[at:, 0, 1]).all()
        assert np.isinf(runs.validation_loss[-1, 0, 1])
        assert np.isnan(runs.params["W"][:, 1]).all()
        assert "4 diverged" in repr(runs)
        assert runs.best() == {"lr": 0.01}


def test_weights_may_overflow_where_the_loss_does_not():
    """tanh of infinity is 1, so that a network with infinite weights can have a finite loss."""
    settings = {"lr": [0.1, 1e308]}
    runs = ol.train_many(MLP, ol.RMSProp, TRAIN, seeds=[0], settings=settings, steps=5, validation=VALIDATION)
    assert runs.diverged.tolist() == [[False, True]]
    assert runs.train_accuracy[-1, 0].min() == 0.0
    for k, lr in enumerate(settings["lr"]):
        one = ol.train(MLP, ol.RMSProp(lr=lr), TRAIN, steps=5)
        assert one.diverged_at == runs.diverged_at[0, k]
    alone = ol.train(MLP, ol.RMSProp(lr=1e308), TRAIN, steps=1)
    assert alone.diverged
    assert alone.losses.tolist() == [np.inf]


@pytest.mark.parametrize(("beta", "batch"), [(0.0, 8), (0.0, 32), (0.9, 8)])
def test_noise_ball_has_the_variance_of_theory(beta, batch):
    """Mean over the eigendirections of the Hessian and 800 seeds, drawn with replacement, all batches of one size.

    Theory has the noise of the minimum everywhere; away from it the noise is larger, which adds about the share
    lr tr(H) / (2 B (1 - beta)).  The bound is four standard errors and that share.  All runs start at the minimum:
    after 200 steps less than a thousandth of the variance is missing.
    """
    data, seeds = ol.data.linear_regression(n=320, d=5, seed=2), 800
    lr = 0.04 * (1 - beta)
    start = ol.data.least_squares(data)
    runs = ol.train_many(networks.Linear(5), ol.Momentum(lr=lr, beta=beta), data, seeds=range(seeds), batch=batch,
                         steps=200, replacement=True, last="drop", start=start)  # fmt: skip
    x = np.column_stack([data.x, np.ones(len(data))])
    curvatures, directions = np.linalg.eigh(x.T @ x / len(data))
    optimum = np.concatenate(list(start.values()))[:, 0]
    slopes = x * (x @ optimum - data.y)[:, None] @ directions  # of single examples at the minimum, (n, 6)
    noise = np.sqrt((slopes**2).mean(axis=0) / batch)
    expected = ol.theory.stationary_variance(lr, curvatures, beta, noise)
    ends = np.concatenate([runs.params["W"], runs.params["b"]], axis=1)[..., 0]
    variance = (((ends - optimum) @ directions) ** 2).mean(axis=0)
    share = lr * curvatures.sum() / (2 * batch * (1 - beta))
    assert abs(np.mean(variance / expected) - 1) < 4 * np.sqrt(2 / (6 * seeds)) + share < 0.11


def test_full_batches_have_no_noise_ball():
    data = ol.data.linear_regression(n=50, d=2)
    runs = ol.train_many(networks.Linear(2), ol.GradientDescent(lr=0.5), data, seeds=[0, 1], batch=50, steps=200)
    for name, value in ol.data.least_squares(data).items():
        np.testing.assert_allclose(runs.params[name], [value, value], rtol=1e-9)
