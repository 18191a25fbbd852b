"""Gradient descent, the momentum family and ASGD against torch.optim, two public packages and their own limits.

All are fed the same 300 random gradients, so that rounding is not amplified by a closed loop.
"""

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.schedules import Cosine, demon
from optlib.torch_driver import TorchOptimizer
from oracles import SHAPE, STEPS, TOLERANCE, path, torch_path


def draw(seed):
    """A generator for hyper-parameters, a start, and the gradients that every rule is fed."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-2, 2, size=(STEPS, 1, 1))
    return rng, rng.standard_normal(SHAPE), scales * rng.standard_normal((STEPS, *SHAPE))


def error(a, b):
    """Largest difference at any step, relative to the largest entry at that step."""
    size = np.abs(b).reshape(len(b), -1).max(axis=1)
    return (np.abs(a - b).reshape(len(a), -1).max(axis=1) / size).max()


# --- torch.optim ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_gradient_descent_is_torchs(seed):
    rng, x, gradients = draw(seed)
    lr = 10.0 ** rng.uniform(-4, 0)
    ours = path(ol.GradientDescent(lr=lr), x, gradients)
    assert error(ours, torch_path(lambda w: torch.optim.SGD(w, lr=lr), x, gradients)) <= TOLERANCE


@pytest.mark.parametrize("cls", [ol.GradientDescent, ol.Momentum, ol.Nesterov])
def test_a_state_of_sgd_counts_no_steps_and_is_refused_by_a_schedule_which_would_begin_anew(cls):
    w = torch.nn.Parameter(torch.ones(2))
    w.grad = torch.ones(2)
    theirs = torch.optim.SGD([w], momentum=0.9 * (cls is not ol.GradientDescent), nesterov=cls is ol.Nesterov)
    theirs.step()
    TorchOptimizer([w], cls(lr=0.1)).load_state_dict(theirs.state_dict())
    with pytest.raises(ValueError, match=f"the state counts no steps, which a schedule needs; .* with {cls.__name__}"):
        TorchOptimizer([w], cls(lr=Cosine(0.1, steps=9))).load_state_dict(theirs.state_dict())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["Momentum", "Nesterov"])
def test_momentum_is_torchs(name, seed):
    rng, x, gradients = draw(seed)
    lr, beta = 10.0 ** rng.uniform(-4, 0), rng.uniform(0.1, 0.999)
    ours = path(ol.OPTIMIZERS[name](lr=lr, beta=beta), x, gradients)
    nesterov = name == "Nesterov"
    theirs = torch_path(lambda w: torch.optim.SGD(w, lr=lr, momentum=beta, nesterov=nesterov), x, gradients)
    assert error(ours, theirs) <= TOLERANCE


@pytest.mark.parametrize("t0", [0, 7, 10**6])
@pytest.mark.parametrize("seed", range(3))
def test_asgd_is_torchs_in_path_and_average(float64_by_default, seed, t0):
    rng, x, gradients = draw(seed)
    hypers = dict(lr=10.0 ** rng.uniform(-4, 0), lambd=10.0 ** rng.uniform(-5, -1), alpha=rng.uniform(0.3, 1), t0=t0)
    rule, average = ol.ASGD(**hypers), []
    points = [x]
    for g in gradients:
        points.append(rule.step(points[-1], g))
        average.append(rule.average)
    assert error(np.array(points[1:]), torch_path(lambda w: torch.optim.ASGD(w, **hypers), x, gradients)) <= TOLERANCE
    theirs = torch_path(lambda w: torch.optim.ASGD(w, **hypers), x, gradients, state="ax")
    assert error(np.array(average), theirs) <= TOLERANCE


def test_asgd_defaults_are_torchs_but_for_the_start_of_the_average():
    torch_defaults = torch.optim.ASGD([torch.nn.Parameter(torch.zeros(1))]).defaults
    for name in ("lr", "lambd", "alpha"):
        assert getattr(ol.ASGD(), name) == torch_defaults[name]
    assert (ol.ASGD().t0, torch_defaults["t0"]) == (0, 1e6)


def test_torch_keeps_the_rate_of_asgd_in_its_default_precision():
    assert torch.get_default_dtype() == torch.float32
    _, x, gradients = draw(0)
    theirs = torch_path(lambda w: torch.optim.ASGD(w, lr=0.3, lambd=0.01), x, gradients)
    assert 1e-10 < error(path(ol.ASGD(lr=0.3, lambd=0.01), x, gradients), theirs) < 1e-5


@pytest.mark.parametrize("t0", [0, 20])
def test_average_of_asgd_is_the_plain_mean_of_the_path(t0):
    _, x, gradients = draw(5)
    rule, points = ol.ASGD(t0=t0), [x]
    for t, g in enumerate(gradients, start=1):
        points.append(rule.step(points[-1], g))
        mean = np.mean(points[t0 + 2 :], axis=0) if t > t0 + 2 else points[-1]
        np.testing.assert_allclose(rule.average, mean, rtol=1e-12, atol=1e-13)


def test_average_is_nearer_to_the_minimum_than_the_path():
    rng = np.random.default_rng(0)
    x, rule = np.ones(500), ol.ASGD(lr=0.5, lambd=0.0)
    for _ in range(400):
        x = rule.step(x, x + rng.standard_normal(x.shape))
    # Stationary variance of x is lr / (2 - lr) = 1/3; that of the mean of n points tends to 1/n.
    assert np.mean(x**2) == pytest.approx(1 / 3, rel=0.3)
    assert np.mean(rule.average**2) == pytest.approx(1 / 400, rel=0.3)


# --- public packages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("package", ["pytorch_optimizer", "torch_optimizer"])
def test_qhm_is_that_of_two_packages(packages, package, seed):
    rng, x, gradients = draw(seed)
    lr, beta, nu = 10.0 ** rng.uniform(-4, 0), rng.uniform(0.1, 0.999), rng.uniform(0, 1)
    theirs = torch_path(lambda w: packages[package].QHM(w, lr=lr, momentum=beta, nu=nu), x, gradients)
    assert error(path(ol.QHM(lr=lr, beta=beta, nu=nu), x, gradients), theirs) <= TOLERANCE


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("package", ["pytorch_optimizer", "torch_optimizer"])
def test_aggmo_is_that_of_two_packages(packages, package, seed):
    rng, x, gradients = draw(seed)
    lr, betas = 10.0 ** rng.uniform(-4, 0), tuple(rng.uniform(0, 0.999, size=2 + seed))
    theirs = torch_path(lambda w: packages[package].AggMo(w, lr=lr, betas=betas), x, gradients)
    assert error(path(ol.AggMo(lr=lr, betas=betas), x, gradients), theirs) <= TOLERANCE


def test_defaults_are_those_of_the_papers_where_the_packages_differ(packages):
    weights = [torch.nn.Parameter(torch.zeros(1))]
    assert (ol.QHM().beta, ol.QHM().nu) == (0.999, 0.7)
    assert packages["pytorch_optimizer"].QHM(weights).defaults["nu"] == 1.0
    assert packages["pytorch_optimizer"].QHM(weights).defaults["momentum"] == 0.0
    assert packages["torch_optimizer"].QHM(weights).defaults["momentum"] == 0.0
    assert ol.AggMo().betas == (0.0, 0.9, 0.99) == packages["torch_optimizer"].AggMo(weights).defaults["betas"]


# --- limits and other forms that the docstrings state --------------------------------------------------------


def test_momentum_with_the_rate_inside_is_the_same_path_while_the_rate_is_constant():
    _, x, gradients = draw(1)
    v, points = np.zeros(SHAPE), [x]
    for g in gradients:
        v = 0.9 * v - 0.01 * g
        points.append(points[-1] + v)
    assert error(path(ol.Momentum(lr=0.01, beta=0.9), x, gradients), np.array(points[1:])) <= TOLERANCE


def test_nesterov_is_the_papers_rule_seen_from_the_look_ahead_point():
    """Sutskever's v = beta v - eta f'(x + beta v), x = x + v: its points x + beta v are ours."""
    curvature = np.array([1.0, 10.0])
    x, v, lr, beta = np.array([3.0, -2.0]), np.zeros(2), 0.02, 0.9
    rule, y = ol.Nesterov(lr=lr, beta=beta), x
    for _ in range(100):
        v = beta * v - lr * curvature * (x + beta * v)
        x = x + v
        y = rule.step(y, curvature * y)
        np.testing.assert_allclose(y, x + beta * v, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("qhm", "limit"),
    [
        (dict(nu=0.0, beta=0.95, lr=0.1), ol.GradientDescent(lr=0.1)),
        (dict(nu=1.0, beta=0.95, lr=0.1), ol.Momentum(lr=0.1 * 0.05, beta=0.95)),
        (dict(nu=0.95, beta=0.95, lr=0.1), ol.Nesterov(lr=0.1 * 0.05, beta=0.95)),
    ],
)
def test_qhm_holds_three_rules(qhm, limit):
    _, x, gradients = draw(2)
    assert error(path(ol.QHM(**qhm), x, gradients), path(limit, x, gradients)) <= TOLERANCE


def test_aggmo_is_the_mean_of_as_many_momentum_steps():
    _, x, gradients = draw(3)
    betas = (0.0, 0.5, 0.99)
    moves = [path(ol.Momentum(lr=0.1, beta=b), x, gradients) - x for b in betas]
    assert error(path(ol.AggMo(lr=0.1, betas=betas), x, gradients), x + np.mean(moves, axis=0)) <= TOLERANCE


# --- Demon ---------------------------------------------------------------------------------------------------


def test_demon_momentum_in_straight_lines():
    _, x, gradients = draw(4)
    lr, first, T = 0.01, 0.95, 200
    v, points = np.zeros(SHAPE), [x]
    for t, g in enumerate(gradients):
        # The paper's defining equation: beta_t / (1 - beta_t) falls in a straight line.
        energy = max(0.0, 1 - t / T) * first / (1 - first)
        v = energy / (1 + energy) * v + g
        points.append(points[-1] - lr * v)
    ours = path(ol.DemonMomentum(lr=lr, beta=first, steps=T), x, gradients)
    assert error(ours, np.array(points[1:])) <= TOLERANCE


def test_demon_at_its_first_middle_and_last_step():
    assert demon(0.9, 0, 1000) == pytest.approx(0.9, rel=1e-15)
    assert demon(0.9, 500, 1000) == pytest.approx(0.818181818, abs=1e-9)
    assert demon(0.9, 1000, 1000) == demon(0.9, 5000, 1000) == 0.0


def test_demon_momentum_ends_as_gradient_descent():
    _, x, gradients = draw(6)
    points = path(ol.DemonMomentum(lr=0.1, steps=50), x, gradients)
    np.testing.assert_allclose(np.diff(points, axis=0)[49:], -0.1 * gradients[50:], rtol=1e-9, atol=1e-9)


def test_demon_momentum_is_momentum_with_the_schedule():
    from optlib.schedules import Demon

    _, x, gradients = draw(7)
    ours = path(ol.DemonMomentum(lr=0.1, beta=0.8, steps=120), x, gradients)
    assert error(path(ol.Momentum(lr=0.1, beta=Demon(0.8, 120)), x, gradients), ours) <= TOLERANCE


def test_a_changed_rate_reaches_torchs_asgd_one_step_late():
    """As the card says; here it is taken by the next step."""
    rates = [1.0, 0.5, 0.25, 0.125]
    p = torch.nn.Parameter(torch.zeros(1))
    theirs, ours, x = torch.optim.ASGD([p], lr=1.0, lambd=0.0), ol.ASGD(lr=1.0, lambd=0.0), np.zeros(1)
    steps = []
    for rate in rates:
        theirs.param_groups[0]["lr"] = rate
        ours.set("lr", rate)
        p.grad, before = torch.ones(1), (p.item(), x.item())
        theirs.step()
        x = ours.step(x, np.ones(1))
        steps.append((before[0] - p.item(), before[1] - x.item()))
    assert steps == [(1.0, 1.0), (1.0, 0.5), (0.5, 0.25), (0.25, 0.125)]
