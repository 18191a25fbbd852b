"""Sophia beside pytorch-optimizer's first version, on functions, and with torch: estimates, training, bad use."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

import optlib as ol
from optlib.torch_driver import TorchOptimizer, gauss_newton_bartlett, hutchinson
from oracles import SHAPE, STEPS, TOLERANCE
from rules import gradients, spread


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_first_version_of_the_paper_with_other_settings(packages, seed):
    """pytorch-optimizer divides by max(h, eps) and clips at p: this is gamma = p, with eps and lr smaller by p."""
    rng = np.random.default_rng(seed)
    lr, p, eps, decay = 10 ** rng.uniform(-2, 0), 10 ** rng.uniform(-2, 1), 1e-3, rng.uniform(0, 0.2)
    beta1, beta2 = rng.uniform(0.5, 0.99, 2)
    size = SHAPE[0] * SHAPE[1]
    x, slopes = rng.standard_normal(size), gradients((size,), STEPS, seed)
    curvatures = 3 * rng.standard_normal((STEPS, size))  # some are negative
    every = 1 + seed
    rule = ol.Sophia(lr=lr * p, beta1=beta1, beta2=beta2, gamma=p, eps=eps * p, weight_decay=decay / p, every=every)
    weights = torch.nn.Parameter(torch.tensor(x))
    theirs = packages["pytorch_optimizer"].SophiaH(
        [weights], lr=lr, betas=(beta1, beta2), p=p, eps=eps, weight_decay=decay, update_period=every)  # fmt: skip
    ours, path = [], []
    for t, (g, h) in enumerate(zip(slopes, curvatures, strict=True)):
        x = rule.step(x, g, np.diag(h))
        weights.grad = torch.tensor(g)
        theirs.step(hessian=[torch.tensor(h)] if t % every == 0 else None)
        ours.append(x)
        path.append(weights.detach().numpy().copy())
    assert spread(ours, path) < TOLERANCE


def in_straight_lines(x, slopes, curvatures, every, divided, stale=False, corrected=False):
    """Paths of the forms that have the name: ``divided`` takes h to what the average gradient is divided by."""
    m, h, points = 0.0, np.zeros(x.shape), []
    for t, (g, curvature) in enumerate(zip(slopes, curvatures, strict=True)):
        m, before = 0.9 * m + 0.1 * g, h
        h = 0.8 * h + 0.2 * curvature if t % every == 0 else h
        ratio = m / (1 - 0.9 ** (t + 1) if corrected else 1.0) / divided(before if stale else h)
        x = x - 0.01 * np.clip(ratio, -1, 1)
        points.append(x)
    return np.array(points)


def test_optax_and_the_authors_code_have_forms_of_their_own():
    """Three forms beside each other: the paper's algorithm 3, optax 0.2.8, and SophiaG as its authors have it."""
    x, slopes = np.zeros(5), gradients((5,), 40, seed=0)
    curvatures = 32 * np.random.default_rng(0).standard_normal((40, 5)) ** 2  # of batches of 32: b g^2
    rule, ours = ol.Sophia(lr=0.01, beta1=0.9, beta2=0.8, gamma=0.04, eps=1e-15, weight_decay=0.0, every=4), []
    for g, h in zip(slopes, curvatures, strict=True):
        ours.append(rule.step(ours[-1] if ours else x, g, np.diag(h)))
    paper = lambda h: np.maximum(0.04 * h, 1e-15)
    forms = [in_straight_lines(x, slopes, curvatures, 4, paper), in_straight_lines(
        x, slopes, curvatures / 32, 4, lambda h: 0.04 * 32 * h + 1e-15)]  # fmt: skip
    for form in forms:
        assert spread(ours, form) < TOLERANCE
    for differs in ({"stale": True}, {"corrected": True}, {"stale": True, "corrected": True}):
        assert spread(ours, in_straight_lines(x, slopes, curvatures, 4, paper, **differs)) > 0.01


def test_no_coordinate_moves_by_more_than_the_learning_rate():
    path = ol.minimize(ol.FUNCTIONS["rosenbrock"], ol.Sophia(lr=0.02, gamma=0.5), steps=300)
    moves = np.abs(np.diff(path.x, axis=0))
    assert moves.max() <= 0.02 * (1 + 1e-12)
    assert path.f[-1] < 0.2 * path.f[0]


def test_negative_curvature_is_left_downhill():
    """At a saddle Newton's step goes to it; Sophia's leaves along the sign of the gradient."""
    saddle = ol.objective(lambda x, y: x**2 - y**2)
    path = ol.minimize(saddle, ol.Sophia(lr=0.1), start=(1.0, 0.01), steps=30)
    newton = ol.minimize(saddle, ol.Newton(), start=(1.0, 0.01), steps=30)
    assert path.x[-1, 1] == pytest.approx(0.01 + 30 * 0.1)
    assert np.abs(newton.x[-1]).max() < 1e-9


# --- with torch ----------------------------------------------------------------------------------------------


def network(*sizes):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False)]
    return torch.nn.Sequential(*[part for layer in layers for part in (layer, torch.nn.Tanh())][:-1]).double()


def batch(n=7, features=3, classes=4):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, features, generator=generator, dtype=torch.float64)
    return x, torch.randint(classes, (n,), generator=generator)


def line(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors])


def means_are(exact, draw, draws=600):
    """Whether each mean lies within five standard errors of the exact number, and those are small."""
    generator = torch.Generator().manual_seed(2)
    values = torch.stack([line(draw(generator)) for _ in range(draws)])
    error = values.std(0) / draws**0.5
    assert error.max() < 0.2 * exact.abs().max()
    assert ((values.mean(0) - exact).abs() <= 5 * error + 1e-12).all()


def test_the_mean_of_hutchinsons_estimates_is_the_diagonal_of_the_hessian():
    net, (x, y) = network(3, 4, 4), batch()
    shapes = {name: p.shape for name, p in net.named_parameters()}

    def loss_at(weights):
        pieces = weights.split([shape.numel() for shape in shapes.values()])
        named = {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}
        return cross_entropy(torch.func.functional_call(net, named, x), y)

    exact = torch.autograd.functional.hessian(loss_at, line(net.parameters())).diagonal()
    means_are(exact, lambda generator: hutchinson(cross_entropy(net(x), y), net.parameters(), generator))


def test_one_estimate_of_hutchinson_is_exact_where_the_hessian_is_diagonal():
    p, q, r = (torch.nn.Parameter(torch.tensor(v)) for v in ([1.0, -2.0], [[3.0]], [0.5]))
    estimate = hutchinson((p**3).sum() + (q**2).sum() - 7 * r.sum(), [p, q, r])  # of r it is linear
    assert torch.equal(line(estimate), torch.tensor([6.0, -12.0, 2.0, 0.0]))
    assert [e.shape for e in estimate] == [p.shape, q.shape, r.shape]
    assert torch.equal(hutchinson(3 * p.sum(), [p])[0], torch.zeros(2))


@pytest.mark.parametrize("shape", [(12,), (3, 4)])
def test_the_mean_of_estimates_with_resampled_labels_is_the_gauss_newton_diagonal(shape):
    """Of softmax regression: the mean of x^2 p (1 - p); rows may lie on several axes, as those of texts do."""
    net, (x, _) = network(3, 4), batch(12)
    p = net(x).detach().softmax(-1)
    curvature = p * (1 - p)
    exact = torch.cat([(curvature.T @ x**2 / 12).reshape(-1), curvature.mean(0)])
    means_are(exact, lambda generator: gauss_newton_bartlett(net(x).reshape(*shape, 4), net.parameters(), generator))


def train(net, optimizer, estimate, steps, generator):
    """Steps on batches of digits; returns how often the curvature was asked for."""
    images, labels = (torch.tensor(part) for part in (ol.data.digits().x, ol.data.digits().y))
    calls = []
    for k in steps:
        x, y = images[k * 64 % 1280 :][:64], labels[k * 64 % 1280 :][:64]

        def curvature(params, x=x, y=y):
            calls.append(1)
            logits = net(x)
            if estimate is hutchinson:
                return hutchinson(cross_entropy(logits, y), params, generator)
            return gauss_newton_bartlett(logits, params, generator)

        optimizer.zero_grad()
        cross_entropy(net(x), y).backward()
        optimizer.step(curvature=curvature)
    return len(calls)


@pytest.mark.parametrize("estimate", [hutchinson, gauss_newton_bartlett])
def test_a_network_learns_digits_and_goes_on_from_a_saved_state_bit_by_bit(estimate):
    net, generator = network(64, 24, 10), torch.Generator().manual_seed(3)
    rule = ol.Sophia(lr=0.01, gamma=20.0)
    optimizer = TorchOptimizer(net.parameters(), rule)
    assert train(net, optimizer, estimate, range(75), generator) == 8
    again, state, numbers = *copy.deepcopy([net, optimizer.state_dict()]), generator.get_state()
    assert train(net, optimizer, estimate, range(75, 120), generator) == 4
    other = TorchOptimizer(again.parameters(), rule)
    other.load_state_dict(state)
    train(again, other, estimate, range(75, 120), torch.Generator().set_state(numbers))
    assert torch.equal(line(net.parameters()), line(again.parameters()))
    held_out, labels = (part[1344:] for part in (ol.data.digits().x, ol.data.digits().y))
    assert (net(torch.tensor(held_out)).argmax(1).numpy() == labels).mean() > 0.8


def test_torch_steps_are_those_of_the_rule_with_the_same_diagonals():
    """Two groups, one with another number of steps between two looks, beside a third of another rule."""
    rng = np.random.default_rng(0)
    x, slopes, curvatures = rng.standard_normal((3, 4)), rng.standard_normal((6, 3, 4)), rng.standard_normal((6, 3, 4))
    ps = [torch.nn.Parameter(torch.tensor(row.reshape(2, 2))) for row in x]
    rules = [ol.Sophia(lr=0.1, every=2, gamma=1.0), ol.EMA(ol.Sophia(lr=0.1, every=3, gamma=1.0)), ol.Adam(lr=0.1)]
    optimizer = TorchOptimizer([{"params": [p], "rule": rule} for p, rule in zip(ps, rules, strict=True)], ol.Adam)
    for g, h in zip(slopes, curvatures, strict=True):
        rows = {id(p): torch.tensor(row.reshape(2, 2)) for p, row in zip(ps, h, strict=True)}
        for p, row in zip(ps, g, strict=True):
            p.grad = torch.tensor(row.reshape(2, 2))
        optimizer.step(curvature=lambda params, rows=rows: [rows[id(p)] for p in params])
        given = [(np.diag(h[0]),), (np.diag(h[1]),), ()]
        x = np.array([rule.step(*each) for rule, *each in
                      [(r, a, b, *c) for r, a, b, c in zip(rules, x, g, given, strict=True)]])  # fmt: skip
    assert np.abs(line(ps).numpy() - x.reshape(-1)).max() < 1e-14


def test_bad_use_is_said_before_anything_moves():
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))

    def backward(params):
        (p**2).sum().backward()
        return [torch.ones(2)] * 2

    cases = [
        (None, TypeError, r"Sophia needs a function: step\(curvature=lambda params: hutchinson.*got curvature=None"),
        (torch.ones(2), TypeError, "got curvature=tensor"),
        (lambda params: [torch.ones(2)], ValueError, "curvature must return a tensor of the shape of each parameter"),
        (lambda params: [torch.ones(4), torch.ones(0)], ValueError, "of the shape of each parameter"),
        (backward, ValueError, "leave gradients alone"),
        (lambda params: gauss_newton_bartlett(p[:1], params), ValueError, r"logits has shape \(1,\), not \(\.\.\., 2"),
        (lambda params: gauss_newton_bartlett(p.sum(), params), ValueError, r"logits has shape \(\)"),
        (lambda params: hutchinson((p**2).sum(), params), RuntimeError, "not have been used"),
    ]
    for curvature, error, said in cases:
        optimizer = TorchOptimizer([p, q], ol.Sophia)
        p.grad, q.grad = torch.ones(2), torch.ones(2)
        with pytest.raises(error, match=said):
            optimizer.step(curvature=curvature)
        assert torch.equal(line([p, q]), torch.ones(4))
    with pytest.raises(TypeError, match="has no effect: no rule here reads curvature"):
        TorchOptimizer([p], ol.Adam).step(curvature=backward)
    with pytest.raises(TypeError, match="a network gives only gradients"):
        TorchOptimizer([p], ol.SAM(ol.Sophia))
