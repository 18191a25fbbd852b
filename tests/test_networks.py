"""Networks: gradients numerically and by torch, one and many by the same lines, noise of mini-batches, errors."""

import copy
import functools

import numpy as np
import pytest
import torch
from torch.nn import functional
from vision_cases import one_thread  # noqa: F401

import optlib as ol
from optlib.training import networks

GRADIENT_RULES = [name for name, rule in ol.OPTIMIZERS.items() if rule.reads == ("gradient",)]


class Thrice(networks.MLP):
    """A criterion of its own."""

    criterion = staticmethod(lambda *given: [3 * part for part in networks.cross_entropy(*given)])


NETWORKS = {
    "linear": networks.Linear(5), "logistic": networks.Logistic(5, 4), "tanh": networks.MLP([5, 7, 6, 4]),
    "relu": networks.MLP([5, 7, 6, 4], activation="relu"), "flat": networks.MLP([5, 4]),
    "of its own criterion": Thrice([5, 7, 4]),
}  # fmt: skip
B = 9


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]


def batch(network, *shape, seed=0, dtype=np.float64):
    """Inputs and answers of shape (*shape, B), and weights for them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((*shape, B, network.d_in)).astype(dtype)
    y = rng.integers(4, size=(*shape, B)) if network.classes else rng.standard_normal((*shape, B)).astype(dtype)
    return x, y, rng.uniform(0.5, 2.0, size=(*shape, B))


def start(network, seed=0, dtype=np.float64):
    """A start whose biases are not 0."""
    rng = np.random.default_rng(seed)
    return {k: v + 0.1 * rng.standard_normal(v.shape).astype(dtype) for k, v in network.init(seed, dtype).items()}


def flat(entries):
    return np.concatenate([np.ravel(value) for value in entries.values()])


def torch_loss(network, params, x, y):
    """The same network, written with torch's own functions."""
    h, names = torch.as_tensor(x), list(params)
    for k in range(0, len(names), 2):
        h = functional.linear(h, params[names[k]].mT, params[names[k + 1]][0])
        if k < len(names) - 2:
            h = torch.tanh(h) if network.activation == "tanh" else torch.relu(h)
    if network.classes:
        return functional.cross_entropy(h, torch.as_tensor(y)) * (3 if isinstance(network, Thrice) else 1)
    return functional.mse_loss(h[:, 0], torch.as_tensor(y)) / 2


def torch_loss_and_grads(network, params, x, y):
    leaves = {name: torch.as_tensor(value).clone().requires_grad_() for name, value in params.items()}
    loss = torch_loss(network, leaves, x, y)
    loss.backward()
    return loss.detach(), {name: leaf.grad for name, leaf in leaves.items()}


@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_the_slope_of_the_loss(network, weighted):
    params, (x, y, weights) = start(network), batch(network)
    weights = weights if weighted else None

    def at(vector):
        chunks = np.split(vector, np.cumsum([value.size for value in params.values()])[:-1])
        moved = {k: p.reshape(params[k].shape) for k, p in zip(params, chunks, strict=True)}
        return network.loss(moved, x, y, weights)

    loss, grads = network.loss_and_grads(params, x, y, weights)
    assert loss == network.loss(params, x, y, weights)
    here = flat(params)
    slopes = [ol.numerical.central(lambda h, unit=unit: at(here + h * unit), 0.0) for unit in np.eye(here.size)]
    np.testing.assert_allclose(flat(grads), slopes, rtol=1e-6, atol=1e-9)
    assert {k: v.shape for k, v in grads.items()} == {k: v.shape for k, v in params.items()} == network.shapes
    assert list(grads) == list(params)


def test_loss_and_gradient_are_torchs(network):
    params, (x, y, _) = start(network), batch(network)
    loss, grads = network.loss_and_grads(params, x, y)
    theirs, their_grads = torch_loss_and_grads(network, params, x, y)
    assert loss == pytest.approx(float(theirs), rel=1e-13)
    np.testing.assert_allclose(flat(grads), flat(their_grads), rtol=1e-11, atol=1e-15)


# The first twenty images fill fewer dimensions than there are, and the rest of SOAP's basis is the library's choice.
@pytest.mark.parametrize("rule", [name for name in GRADIENT_RULES if name != "SOAP"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_path_is_that_of_its_torch_twin(rule, activation):
    """50 steps on mini-batches of the digits: ours in NumPy; torch's gradients, and the same rule on tensors."""
    network, digits = networks.MLP([64, 16, 10], activation), ol.data.digits()
    ours, rule = network.init(3), ol.OPTIMIZERS[rule]()
    theirs = {name: torch.as_tensor(value) for name, value in ours.items()}
    opt, twin = ol.DictOptimizer(rule), ol.DictOptimizer(rule)
    paths = [], []
    for i in ol.data.batches(1000, 20, seed=1):
        loss, grads = network.loss_and_grads(ours, digits.x[i], digits.y[i])
        ours = opt.step(ours, grads, loss=loss)
        theirs = twin.step(theirs, torch_loss_and_grads(network, theirs, digits.x[i], digits.y[i])[1])
        paths[0].append(flat(ours))
        paths[1].append(flat({name: value.numpy() for name, value in theirs.items()}))
    ours, theirs = map(np.array, paths)
    assert len(ours) == 50
    assert np.abs(ours - ours[0]).max() > 1e-4, "it has moved"
    error = np.abs(ours - theirs).max(axis=0) / np.abs(theirs).max(axis=0)  # relative to each number's own path
    assert error.max() < 1e-8


def test_large_scores_do_not_overflow():
    z = np.array([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        loss, delta = networks.cross_entropy(z, np.array([2, 1]))
    assert loss == pytest.approx((2e4 + np.log(3)) / 2)
    np.testing.assert_allclose(delta, np.array([[1, 0, -1], [1 / 3, 1 / 3 - 1, 1 / 3]]) / 2, atol=1e-16)
    np.testing.assert_allclose(networks.cross_entropy(z + 123.0, np.array([2, 1]))[1], delta, atol=1e-15)


def test_losses_by_hand():
    loss, delta = networks.squared_error(np.array([[3.0], [1.0]]), np.array([1.0, 2.0]), np.array([1.0, 0.5]))
    assert loss == (4 / 2 + 0.5 / 2) / 2
    assert delta.tolist() == [[1.0], [-0.25]]
    equal = np.zeros((4, 10))
    assert networks.cross_entropy(equal, np.arange(4))[0] == pytest.approx(np.log(10))
    assert networks.cross_entropy(equal, np.arange(4), 0.5)[0] == pytest.approx(np.log(10) / 2)


def test_weighted_batches_have_the_gradient_of_all(network):
    """Whatever the size of the last batch: `last="weight"` is what makes it so."""
    params, data = start(network), batch(network, 1)
    x, y = data[0][0], data[1][0]
    loss, grads = network.loss_and_grads(params, x, y)
    batches = ol.data.batches(B, 4, last="weight")
    pairs = [network.loss_and_grads(params, x[i], y[i], w) for i, w in zip(batches, batches.weights, strict=True)]
    assert np.mean([loss for loss, _ in pairs]) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(np.mean([flat(g) for _, g in pairs], axis=0), flat(grads), atol=1e-14)


@pytest.mark.parametrize("shared", [True, False])
def test_stacked_networks_are_each_alone(network, shared):
    many = networks.stack([start(network, seed) for seed in range(3)])
    x, y, weights = batch(network, *(() if shared else (3,)))
    loss, grads = network.loss_and_grads(many, x, y, weights)
    assert loss.shape == (3,)
    for r in range(3):
        one = networks.pick(many, r)
        xr, yr, wr = (x, y, weights) if shared else (x[r], y[r], weights[r])
        alone, alone_grads = network.loss_and_grads(one, xr, yr, wr)
        assert loss[r] == pytest.approx(alone, rel=1e-14)
        np.testing.assert_allclose(flat(networks.pick(grads, r)), flat(alone_grads), rtol=1e-12, atol=1e-16)
        np.testing.assert_array_equal(network.predict(many, x)[r], network.predict(one, xr))
        if network.classes:
            assert network.accuracy(many, x, y)[r] == network.accuracy(one, xr, yr)


def test_one_network_on_many_batches(network):
    params, (x, y, _) = start(network), batch(network, 2, 3)
    loss, grads = network.loss_and_grads(params, x, y)
    alone, alone_grads = network.loss_and_grads(params, x[1, 2], y[1, 2])
    assert loss.shape == (2, 3)
    assert loss[1, 2] == pytest.approx(alone, rel=1e-14)
    for name in params:
        assert grads[name].shape == (2, 3, *network.shapes[name])
        np.testing.assert_allclose(grads[name][1, 2], alone_grads[name], rtol=1e-12, atol=1e-16)


def test_float32_stays_and_nothing_is_written_to(network):
    params, (x, y, weights) = start(network, dtype=np.float32), batch(network, dtype=np.float32)
    before = copy.deepcopy((params, x, y))
    loss, grads = network.loss_and_grads(params, x, y, weights)
    assert loss.dtype == np.float32
    assert {value.dtype for value in grads.values()} == {np.dtype(np.float32)}
    exact, exact_grads = network.loss_and_grads(start(network), *batch(network))
    assert loss == pytest.approx(exact, rel=1e-5)
    np.testing.assert_allclose(flat(grads), flat(exact_grads), rtol=1e-3, atol=1e-5)
    np.testing.assert_equal((params, x, y), before)


@pytest.mark.parametrize(("network", "name", "variance"), [
    (networks.MLP([300, 200, 100]), "W1", 2 / 500),
    (networks.MLP([300, 200, 100]), "W2", 2 / 300),
    (networks.MLP([300, 200, 100], "relu"), "W1", 2 / 300),
    (networks.MLP([300, 200, 100], "relu"), "W2", 2 / 300),
    (networks.Logistic(300, 100), "W", 2 / 400),
])  # fmt: skip
def test_start_has_the_variance_of_its_docstring(network, name, variance):
    value = network.init(0)[name]
    assert value.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / value.size))
    assert abs(value.mean()) < 4 * np.sqrt(variance / value.size)


def test_start_is_reproducible_and_seeds_stack(network):
    one, again, other = network.init(1), network.init(1), network.init(2)
    np.testing.assert_array_equal(flat(one), flat(again))
    assert not np.array_equal(flat(one), flat(other))
    many = network.init([1, 2])
    for name in one:
        np.testing.assert_array_equal(many[name], np.stack([one[name], other[name]]))
        assert not one[name].any() or not name.startswith("b")
    np.testing.assert_array_equal(flat(network.init(1, np.float32)), flat(one).astype(np.float32))


def test_evaluation_in_blocks_is_that_of_all_examples():
    digits = ol.data.digits()
    for network in (networks.MLP([64, 8, 10]), networks.Logistic(64, 10)):
        many = network.init([0, 1])
        loss, accuracy = network.evaluate(many, digits)
        np.testing.assert_allclose(loss, network.loss(many, digits.x, digits.y), rtol=1e-12)
        np.testing.assert_allclose(accuracy, network.accuracy(many, digits.x, digits.y), rtol=1e-12)
    regression = ol.data.linear_regression(n=300)
    linear = networks.Linear(2)
    assert linear.evaluate(linear.init(0), regression)[1] is None
    assert linear.loss(regression.truth, regression.x, regression.y) == pytest.approx(0.5, rel=0.4)


def test_accuracy_by_hand():
    network = networks.Logistic(2, 2)
    params = {"W": np.eye(2), "b": np.zeros((1, 2))}
    x = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0], [0.0, 3.0]])
    assert network.predict(params, x).tolist() == [0, 1, 0, 1]
    assert network.accuracy(params, x, np.array([0, 1, 1, 1])) == 0.75


@functools.cache
def orders(N, replacement, epochs):
    """All examples in the order of each epoch; the first batches of epochs are independent of each other."""
    return np.array([ol.data.batches(N, N, replacement=replacement, seed=7).order(k) for k in range(epochs)])


@pytest.mark.parametrize("size", [1, 4, 16, 64])
@pytest.mark.parametrize("replacement", [True, False])
def test_variance_of_the_mini_batch_gradient(size, replacement):
    """With replacement Var = V / B, V that of single examples; without, times (N - B) / (N - 1)."""
    N, draws = 100, 4000
    network, digits = networks.Logistic(64, 10), ol.data.digits().take(np.arange(N))
    params = network.init(0)
    single = network.loss_and_grads(params, digits.x[:, None], digits.y[:, None])[1]["W"]
    full = network.loss_and_grads(params, digits.x, digits.y)[1]["W"]
    V = ((single - full) ** 2).sum() / N
    expected = V / size * (1 if replacement else (N - size) / (N - 1))
    i = orders(N, replacement, draws)[:, :size]
    grads = network.loss_and_grads(params, digits.x[i], digits.y[i])[1]["W"]
    np.testing.assert_allclose(grads.mean(axis=0), full, atol=5 * np.sqrt(expected / draws))
    distance = ((grads - full) ** 2).sum(axis=(-2, -1))
    assert abs(distance.mean() - expected) < 4 * distance.std() / np.sqrt(draws)


MLP = networks.MLP([5, 3, 4])
P, (X, Y, WEIGHTS) = MLP.init(0), batch(MLP)
NAN = np.where(np.arange(B)[:, None] == 4, np.nan, X)
LINEAR = networks.Linear(5)
BAD = {
    "label": (lambda: MLP.loss(P, X, Y + 4), ValueError, r"MLP: y contains the label \d; labels from 0 to 3 are"),
    "negative": (lambda: MLP.loss(P, X, Y - 4), ValueError, r"y contains the label -\d; labels from 0 to 3"),
    "float labels": (lambda: MLP.loss(P, X, Y * 1.0), TypeError, r"y has dtype float64; it must hold integers"),
    "label of accuracy": (lambda: MLP.accuracy(P, X, Y + 4), ValueError, r"labels from 0 to 3 are allowed"),
    "nan": (lambda: MLP.loss_and_grads(P, NAN, Y), ValueError, r"x contains NaN or infinity; only finite"),
    "nan answer": (lambda: LINEAR.loss(LINEAR.init(0), X, NAN[:, 0]), ValueError, r"Linear: y contains NaN"),
    "lengths": (lambda: MLP.loss(P, X, Y[1:]), ValueError, r"y has shape \(8,\); .* \(9,\), one answer a row of x"),
    "inputs": (lambda: MLP.loss(P, X[:, :4], Y), ValueError, r"x has shape \(9, 4\); .* shape \(..., B, 5\)"),
    "one row": (lambda: MLP.predict(P, X[0]), ValueError, r"x has shape \(5,\)"),
    "empty": (lambda: MLP.predict(P, X[:0]), ValueError, r"x has shape \(0, 5\)"),
    "list": (lambda: MLP.predict(P, X.tolist()), ValueError, r"x is a list"),
    "dtype": (lambda: MLP.predict(P, X.astype(np.float32)), TypeError, r"x has dtype float32, but params have float64"),
    "missing": (lambda: MLP.predict({"W1": P["W1"]}, X), ValueError, r"params is 'W1'; .*'W1', 'b1', 'W2', 'b2'"),
    "no dict": (lambda: MLP.predict(None, X), ValueError, r"params is a NoneType"),
    "bias": (lambda: MLP.predict({**P, "b1": np.zeros(3)}, X), ValueError, r"'b1'\] has shape \(3,\).*\(1, 3\)"),
    "mixed": (lambda: MLP.predict({**P, "b1": np.zeros((1, 3), int)}, X), TypeError, r"params\['b1'\] is int64"),
    "weights": (lambda: MLP.loss(P, X, Y, np.ones(3)), ValueError, r"weights have shape \(3,\); .* \(9,\)"),
    "weight": (lambda: MLP.loss(P, X, Y, -1.0), ValueError, r"weights=-1.0 must be finite numbers of at least 0"),
    "accuracy": (lambda: LINEAR.accuracy(LINEAR.init(0), X, WEIGHTS), TypeError, r"accuracy: it predicts numbers"),
    "sizes": (lambda: networks.MLP(64), ValueError, r"MLP: sizes=64 must be inputs, hidden layers, classes"),
    "size": (lambda: networks.MLP([64, 0, 10]), ValueError, r"MLP: sizes=0 must be an integer of at least 1"),
    "one class": (lambda: networks.MLP([64, 1]), ValueError, r"MLP: classes=1 must be an integer of at least 2"),
    "activation": (lambda: networks.MLP([2, 2], "gelu"), ValueError, r"'gelu' must be 'tanh', 'relu' or 'linear'"),
    "d_in": (lambda: networks.Linear(0), ValueError, r"Linear: d_in=0 must be an integer of at least 1"),
    "seed": (lambda: MLP.init(-1), ValueError, r"MLP.init: seed=-1 must be an integer of at least 0"),
    "precision": (lambda: MLP.init(0, np.float16), TypeError, r"must be np.float32 or np.float64"),
    "nothing": (lambda: networks.stack([]), ValueError, r"stack: many is empty"),
}


@pytest.mark.parametrize(("call", "error", "says"), BAD.values(), ids=BAD)
def test_refused_naming_argument_value_and_what_is_allowed(call, error, says):
    with pytest.raises(error, match=says):
        call()
