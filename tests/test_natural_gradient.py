"""The Fisher matrix against torch's derivatives, K-FAC where it is exact, and what each makes of a step."""

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.training.layout import flatten

ng = ol.natural_gradient

N = 7


class Regression(ol.networks.MLP):
    """Predicts several numbers, with noise of variance 1."""

    def __init__(self, sizes, activation="tanh"):
        super().__init__(sizes, activation)
        self.classes = None


def world(network, n=N, seed=0):
    rng = np.random.default_rng(seed)
    params = {k: v + 0.3 * rng.standard_normal(v.shape) for k, v in network.init(seed).items()}
    return params, rng.standard_normal((n, network.d_in))


def expected_fisher(network, params, x):
    """J' L J with the Jacobian of torch and L = diag(p) - p p', or 1 for numbers."""
    vector, total = torch.tensor(flatten(params, network.shapes)), 0.0

    def scores(vector, x):
        h, first = x, 0
        for k, (d_in, d_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False), start=1):
            W = vector[first : first + d_in * d_out].reshape(d_in, d_out)
            h, first = h @ W + vector[first + d_in * d_out :][:d_out], first + (d_in + 1) * d_out
            if k < len(network.sizes) - 1:
                h = {"tanh": torch.tanh, "relu": torch.relu, "linear": lambda h: h}[network.activation](h)
        return h

    for row in torch.tensor(x):
        J = torch.autograd.functional.jacobian(lambda vector, row=row: scores(vector, row), vector).numpy()
        p = torch.softmax(scores(vector, row), 0).numpy()
        L = np.eye(len(p)) if network.classes is None else np.diag(p) - np.outer(p, p)
        total = total + J.T @ L @ J
    return total / len(x)


def blocks(matrix, network):
    """The block of each layer, weights and bias together."""
    ends = np.cumsum([0, *((d_in + 1) * d_out for d_in, d_out in zip(network.sizes, network.sizes[1:], strict=False))])
    return [matrix[a:b, a:b] for a, b in zip(ends, ends[1:], strict=False)]


NETWORKS = [
    ol.networks.MLP([5, 6, 4, 3]), ol.networks.MLP([5, 6, 3], "relu"), ol.networks.MLP([5, 3]),
    ol.networks.MLP([5, 4, 3], "linear"), Regression([5, 6, 4, 3]), Regression([5, 4, 4, 3], "linear"),
]  # fmt: skip
each_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda n: f"{type(n).__name__}{n.sizes}{n.activation}")


@each_network
@pytest.mark.parametrize("block", [1, 2**22])
def test_fisher_is_that_of_the_jacobian(network, block, monkeypatch):
    monkeypatch.setattr(ng, "BLOCK", block)
    params, x = world(network)
    F = ng.fisher(network, params, x)
    np.testing.assert_allclose(F, expected_fisher(network, params, x), rtol=1e-9, atol=1e-14)
    narrow = ng.fisher(network, {k: v.astype("f4") for k, v in params.items()}, x.astype("f4"))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, F, atol=1e-5)


@each_network
def test_kfac_is_exact_for_one_input(network):
    params, x = world(network, n=1)
    for block, (A, S) in zip(blocks(ng.fisher(network, params, x), network), ng.kfac(network, params, x), strict=True):
        np.testing.assert_allclose(np.kron(A, S), block, rtol=1e-10, atol=1e-14)


@each_network
def test_kfac_is_exact_for_many_inputs_in_deep_linear_regression_and_nowhere_else(network):
    params, x = world(network)
    pairs = zip(blocks(ng.fisher(network, params, x), network), ng.kfac(network, params, x), strict=True)
    exact = [np.allclose(np.kron(A, S), block, rtol=1e-10, atol=1e-14) for block, (A, S) in pairs]
    if network.classes is None and network.activation == "linear":
        assert all(exact)
    else:
        assert not all(exact)
        assert exact[-1] == (network.classes is None)  # the last layer's delta does not depend on the input


def test_directions_are_those_of_the_inverse_of_the_exact_block():
    network = Regression([5, 4, 3], "linear")
    params, x = world(network)
    rng = np.random.default_rng(1)
    grads = {name: rng.standard_normal(value.shape) for name, value in params.items()}
    quick = ng.kfac_direction(ng.kfac(network, params, x), grads, damping=0.1)
    for k, block in enumerate(blocks(ng.fisher(network, params, x), network), start=1):
        own = {name: grads[name] for name in (f"W{k}", f"b{k}")}
        exact = ng.direction(block, own, damping=0.1)
        for name, value in exact.items():
            np.testing.assert_allclose(quick[name], value, rtol=1e-9, atol=1e-12)
    F = ng.fisher(network, params, x)
    p, g = (flatten(each, network.shapes) for each in (ng.direction(F, grads, 0.1), grads))
    np.testing.assert_allclose((F + 0.1 * np.eye(len(F))) @ p, g, rtol=1e-9, atol=1e-12)
    assert list(quick) == list(params)
    turned = dict(reversed(grads.items()))
    for step in (ng.direction(F, turned, 0.1), ng.kfac_direction(ng.kfac(network, params, x), turned, 0.1)):
        assert list(step) == list(turned)
    np.testing.assert_array_equal(flatten(ng.direction(F, turned, 0.1), network.shapes), p)


@pytest.mark.parametrize("unsure", [1.0, 0.0])  # a network that is quite sure of its answers has S = 0
def test_split_damping_is_that_of_the_paper(unsure):
    network = NETWORKS[0]
    params, x = world(network)
    grads = network.loss_and_grads(params, x, np.arange(N) % 3)[1]
    factors = [(A, unsure * S) for A, S in ng.kfac(network, params, x)]
    quick = ng.kfac_direction(factors, grads, damping=0.01, split=True)
    for k, (A, S) in enumerate(factors, start=1):
        pi = np.sqrt((np.trace(A) / len(A)) / (np.trace(S) / len(S))) if unsure else 1.0
        damped = np.kron(A + pi * 0.1 * np.eye(len(A)), S + 0.1 / pi * np.eye(len(S)))
        wanted = np.linalg.solve(damped, np.concatenate([grads[f"W{k}"], grads[f"b{k}"]]).ravel())
        both = np.concatenate([quick[f"W{k}"], quick[f"b{k}"]]).ravel()
        np.testing.assert_allclose(both, wanted, rtol=1e-9, atol=1e-12)


def test_the_empirical_matrix_with_expected_labels_is_the_fisher_matrix():
    network = ol.networks.MLP([5, 6, 3])
    params, x = world(network, n=1)
    p = np.exp(network.forward(params, x)[0])
    p /= p.sum()
    labels = [ng.empirical_fisher(network, params, ol.data.Data(x, np.array([c]))) for c in range(3)]
    mean = sum(pc * matrix for pc, matrix in zip(p, labels, strict=True))
    np.testing.assert_allclose(mean, ng.fisher(network, params, x), rtol=1e-10, atol=1e-15)
    assert np.abs(labels[0] - mean).max() > 0.1 * np.abs(mean).max()


def test_the_empirical_matrix_grows_with_wrong_labels_and_the_fisher_matrix_knows_none():
    """Where the answers are wrong for certain, one is as steep as the loss and the other is flat."""
    network = ol.networks.MLP([5, 3])
    params, x = world(network)
    params["W1"] *= 50
    z = network.forward(params, x)
    labels = z.argmax(axis=1), z.argmin(axis=1)
    right, wrong = (np.trace(ng.empirical_fisher(network, params, ol.data.Data(x, y))) for y in labels)
    true = np.trace(ng.fisher(network, params, x))
    assert right < true < wrong / 10


def trained(network, x, y, step, steps=6):
    params = network.init(0)
    for _ in range(steps):
        _, grads = network.loss_and_grads(params, x, y)
        move = step(params, grads)
        params = {name: params[name] - move[name] for name in params}
    return network.loss(params, x, y)


def test_six_steps_on_digits_where_gradient_descent_at_its_best_rate_has_hardly_begun():
    network, digits = ol.networks.MLP([64, 6, 10]), ol.data.digits()
    x, y = digits.x[:200], digits.y[:200]
    descent = lambda lr: lambda params, grads: {k: lr * g for k, g in grads.items()}
    descents = [trained(network, x, y, descent(lr)) for lr in np.geomspace(0.2, 10, 8)]
    exact = trained(network, x, y, lambda params, grads: ng.direction(ng.fisher(network, params, x), grads, 0.03))
    quick = trained(network, x, y, lambda params, grads: {
        k: 0.5 * p for k, p in ng.kfac_direction(ng.kfac(network, params, x), grads, 0.03).items()})  # fmt: skip
    assert max(exact, quick) < 0.3 < 1.3 < min(descents)


WRONG = {
    "network": (lambda n, p, x: ng.fisher(ol.networks.Logistic(5, 3), p, x), TypeError, "network=.* must be a MLP"),
    "params": (lambda n, p, x: ng.kfac(n, {"W1": p["W1"]}, x), ValueError, "must be a dict with 'W1', 'b1'"),
    "many": (lambda n, p, x: ng.fisher(n, ol.networks.stack([p, p]), x), ValueError, "'W1'. has shape .2, 5, 3."),
    "batches": (lambda n, p, x: ng.kfac(n, p, x[None]), ValueError, r"x has shape .1, 7, 5.; .* \(n, 5\)"),
    "damping": (lambda n, p, x: ng.direction(np.eye(18), p, 0.0), ValueError, r"damping=0.0 must be .* \(0, inf\)"),
    "matrix": (lambda n, p, x: ng.direction(np.eye(3), p, 1.0), ValueError, r"shape \(3, 3\), but grads are 18"),
    "list": (lambda n, p, x: ng.direction(np.eye(18).tolist(), p, 1.0), ValueError, "matrix is a list, but grads"),
    "infinite": (lambda n, p, x: ng.direction(np.eye(18) * np.nan, p, 1.0), ValueError, r"are finite ones \(18, 18\)"),
    "no dict": (lambda n, p, x: ng.direction(np.eye(18), [x], 1.0), ValueError, "grads is a list; a dict of W1"),
    "nothing": (lambda n, p, x: ng.direction(np.eye(0), {}, 1.0), ValueError, "grads is ; a dict of W1"),
    "number": (lambda n, p, x: ng.direction(np.eye(18), {1: x}, 1.0), ValueError, "grads is 1; a dict of W1"),
    "text": (lambda n, p, x: ng.direction(np.eye(18), {"W1": "a"}, 1.0), ValueError, "grads.'W1'. must be an array"),
    "nan": (lambda n, p, x: ng.kfac_direction([], {"W1": x * np.nan}, 1.0), ValueError, "'W1'. must be .* finite"),
    "data": (lambda n, p, x: ng.empirical_fisher(n, p, (x, x)), TypeError, "must be a Data, such as ol.data.Data"),
    "factors": (lambda n, p, x: ng.kfac_direction(np.eye(3), p, 1.0), TypeError, "factors is a ndarray; it must"),
    "no pairs": (lambda n, p, x: ng.kfac_direction(None, p, 1.0), TypeError, "is a NoneType; .* from kfac"),
    "exchanged": (lambda n, p, x: ng.kfac_direction([pair[::-1] for pair in ng.kfac(n, p, x)], p, 1.0), ValueError,
                  r"layer 1 have shapes \(\(3, 3\), \(6, 6\)\), its grads \(5, 3\) and \(1, 3\); \(in \+ 1"),
    "flat": (lambda n, p, x: ng.kfac_direction(ng.kfac(n, p, x), {k: v.ravel() for k, v in p.items()}, 1.0), ValueError,
             r"its grads \(15,\) and \(3,\)"),
    "broken": (lambda n, p, x: ng.kfac_direction([(a * np.nan, s) for a, s in ng.kfac(n, p, x)], p, 1.0), ValueError,
               "layer 1 .* finite, are allowed"),
    "names": (lambda n, p, x: ng.direction(np.eye(18), {"W": x}, 1.0), ValueError, "grads is W; a dict of W1, b1, W2"),
    "grads": (lambda n, p, x: ng.kfac_direction(ng.kfac(n, p, x), {"W1": p["W1"]}, 1.0), ValueError, "have W1, b1"),
    "split": (lambda n, p, x: ng.kfac_direction(ng.kfac(n, p, x), p, 1.0, split=1), TypeError, "split=1 must be True"),
}


@pytest.mark.parametrize(("call", "error", "says"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(call, error, says):
    network = ol.networks.MLP([5, 3])
    with pytest.raises(error, match=says):
        call(network, *world(network))
