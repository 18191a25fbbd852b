"""Adaptive rules and Adam's family against public packages, straight-line programs, their papers' numbers and limits.

torch.optim's rules are in test_rules_parity_torch.
"""

import math

import numpy as np
import pytest
import torch

import optlib as ol
from oracles import SHAPE, STEPS, TOLERANCE, path, torch_path


def draw(seed):
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-2, 2, size=(STEPS, 1, 1))
    return rng, np.zeros(SHAPE), sizes * rng.standard_normal((STEPS, *SHAPE))


def error(ours, theirs):
    """Largest error of a coordinate, relative to the size of that coordinate's path."""
    return (np.abs(ours - theirs) / np.abs(theirs).max(axis=0)).max()


# --- public packages -------------------------------------------------------------------------------------------


def draw_qhadam(seed):
    rng, x, gradients = draw(seed)
    hypers = dict(lr=10 ** rng.uniform(-4, 0), eps=10 ** rng.uniform(-10, -3))
    hypers |= dict(beta1=rng.uniform(0, 0.999), beta2=rng.uniform(0.5, 0.9999), nu1=rng.uniform(), nu2=rng.uniform())
    theirs = dict(lr=hypers["lr"], eps=hypers["eps"], betas=(hypers["beta1"], hypers["beta2"]),
                  nus=(hypers["nu1"], hypers["nu2"]))
    return hypers, theirs, x, gradients


@pytest.mark.parametrize("seed", range(6))
def test_qhadam_is_torch_optimizers(packages, seed):
    hypers, by_their_names, x, gradients = draw_qhadam(seed)
    theirs = torch_path(packages["torch_optimizer"].QHAdam, x, gradients, **by_their_names)
    assert error(path(ol.QHAdam(**hypers), x, gradients), theirs) <= TOLERANCE


@pytest.mark.parametrize("seed", range(3))
def test_pytorch_optimizer_corrects_qhadam_in_float32(packages, seed):
    """Its weights of the averages are float32, also for float64 parameters: the paths part in the seventh digit."""
    hypers, by_their_names, x, gradients = draw_qhadam(seed)
    theirs = torch_path(packages["pytorch_optimizer"].QHAdam, x, gradients, foreach=False, **by_their_names)
    assert TOLERANCE < error(path(ol.QHAdam(**hypers), x, gradients), theirs) <= 1e-3


def test_qhadam_has_the_papers_defaults_and_the_packages_have_adams(packages):
    assert ol.QHAdam().settings() == dict(lr=1e-3, beta1=0.995, beta2=0.999, eps=1e-8, nu1=0.7, nu2=1.0)
    for package in packages.values():
        defaults = package.QHAdam([torch.nn.Parameter(torch.zeros(1))]).defaults
        assert (defaults["betas"], defaults["nus"]) == ((0.9, 0.999), (1.0, 1.0))


@pytest.mark.parametrize("threshold", [5.0, 20.0])
def test_radam_is_pytorch_optimizers_once_it_divides(packages, threshold):
    _, x, gradients = draw(3)
    ours = path(ol.RAdam(lr=0.1, beta2=0.99, threshold=threshold), x, gradients)
    theirs = torch_path(packages["pytorch_optimizer"].RAdam, x, gradients, lr=0.1, betas=(0.9, 0.99),
                        n_sma_threshold=threshold, degenerated_to_sgd=True, foreach=False)
    assert error(ours, theirs) <= 1e-6  # epsilon goes in after the correction there
    idle = torch_path(packages["pytorch_optimizer"].RAdam, x, gradients, lr=0.1, betas=(0.9, 0.99),
                      n_sma_threshold=threshold, foreach=False)
    assert (idle[0] == x).all()
    assert (ours[0] != x).all()


# --- straight-line programs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_demon_adam_in_straight_lines(seed):
    rng, x, gradients = draw(seed)
    lr, beta, beta2, eps, T = 10 ** rng.uniform(-4, 0), rng.uniform(0, 0.99), rng.uniform(0.5, 0.9999), 1e-8, 200
    ours = path(ol.DemonAdam(lr=lr, beta1=beta, beta2=beta2, eps=eps, steps=T), x, gradients)
    m, v, theirs = 0.0, 0.0, []
    for t, g in enumerate(gradients):
        left = max(0.0, (T - t) / T)
        beta_t = beta * left / (1 - beta * (1 - left))
        m = g + beta_t * m
        v = v + (1 - beta2) * (g * g - v)
        x = x - lr * m * (v + eps) ** -0.5
        theirs.append(x)
    assert error(ours, np.array(theirs)) <= TOLERANCE


def test_amsgrad_in_the_papers_own_form():
    """The paper corrects nothing: its path is ours with the corrections taken into the learning rate."""
    _, x, gradients = draw(5)
    a, beta1, beta2, m, v, top, theirs = 0.01, 0.9, 0.99, 0.0, 0.0, 0.0, []
    for g in gradients:
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        top = np.maximum(top, v)
        x = x - a * m / np.sqrt(top)
        theirs.append(x)

    def uncorrected(t):
        return a * (1 - beta1 ** (t + 1)) / math.sqrt(1 - beta2 ** (t + 1))

    rule = ol.AMSGrad(lr=uncorrected, beta2=beta2, eps=0.0)
    assert error(path(rule, np.zeros(SHAPE), gradients), np.array(theirs)) <= TOLERANCE


def test_nadam_of_the_paper_differs_where_the_docstring_says():
    """Dozat averages the gradient with mu_t, torch and we with beta1; once mu is beta1 both are the same."""
    _, x, gradients = draw(6)

    def dozat(psi):
        def mu(t):
            return 0.9 * (1 - 0.5 * 0.96 ** (t * psi))

        x, m, v, product, points = np.zeros(SHAPE), 0.0, 0.0, 1.0, []
        for t, g in enumerate(gradients, start=1):
            product *= mu(t)
            m, v = mu(t) * m + (1 - mu(t)) * g, 0.999 * v + 0.001 * g * g
            m_hat = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
            x = x - 0.01 * m_hat / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            points.append(x)
        return np.array(points)

    assert error(path(ol.Nadam(lr=0.01), x, gradients), dozat(0.004)) > 1e-2
    assert error(path(ol.Nadam(lr=0.01, psi=1e4), x, gradients), dozat(1e4)) <= TOLERANCE


def test_adamax_is_adam_with_ever_higher_norms():
    """The p-norm of the past gradients, each shrunk by beta2 a step, tends to the largest (paper, section 7.1)."""
    rng = np.random.default_rng(7)
    gradients, p, beta2 = rng.standard_normal(60), 200, 0.9
    rule, v = ol.AdaMax(beta2=beta2, eps=0.0), 0.0
    for g in gradients:
        rule.step(1.0, g)
        v = beta2**p * v + (1 - beta2**p) * abs(g) ** p
    assert v ** (1 / p) == pytest.approx(rule.u, rel=0.02)


# --- numbers of the papers and of the docstrings -----------------------------------------------------------------


@pytest.mark.parametrize(("rule", "length"), [
    (ol.AdaGrad(lr=0.1), 0.1), (ol.RMSProp(lr=0.1), 1.0), (ol.Adam(lr=0.1), 0.1), (ol.AdaMax(lr=0.1), 0.1),
    (ol.AMSGrad(lr=0.1), 0.1), (ol.QHAdam(lr=0.1), 0.1), (ol.AdaDelta(), math.sqrt(1e-6 / 0.1)),
    (ol.DemonAdam(lr=0.1), 0.1 / math.sqrt(1 - 0.999)), (ol.RAdam(lr=0.1), 300.0),
], ids=lambda v: type(v).__name__ if isinstance(v, ol.Optimizer) else "")
def test_length_of_the_first_step(rule, length):
    """Whatever the gradient, but for RAdam, whose first step is lr times the gradient."""
    assert 5.0 - rule.step(5.0, 3000.0) == pytest.approx(length, rel=1e-6)


def test_radam_divides_from_the_sixth_step_and_at_the_papers_threshold_from_the_fifth():
    """rho_4 = 3.9975 and rho_5 = 4.996 at beta2 = 0.999: 4 lets the fifth step through, 5 the sixth."""
    for threshold, first in ((4.0, 5), (5.0, 6)):
        rule, x = ol.RAdam(lr=0.1, threshold=threshold), 0.0
        lengths = [abs(rule.step(x, 1000.0)) for _ in range(10)]
        assert [length < 1 for length in lengths].index(True) + 1 == first
        assert lengths[0] == pytest.approx(100.0)


def test_radam_below_the_threshold_for_ever():
    """With beta2 = 0.5 it averages 3 gradients at most; at 0.6 rho_inf is 4, where the rectifier would divide by 0."""
    gradients = np.random.default_rng(8).standard_normal(20).tolist()
    for beta2 in (0.0, 0.5, 0.6):
        rule, m, x = ol.RAdam(lr=0.1, beta2=beta2, threshold=4.0), 0.0, 0.0
        for t, g in enumerate(gradients, start=1):
            m = 0.9 * m + 0.1 * g
            assert rule.step(0.0, g) == pytest.approx(x - 0.1 * m / (1 - 0.9**t), rel=1e-12)


def test_nadams_momentum_is_halfway_after_4245_steps():
    rule = ol.Nadam()
    assert rule._momentum(4244) < 0.75 * 0.9 < rule._momentum(4245)


def test_adam_is_invariant_to_the_scale_of_each_coordinate():
    """A property that the paper names: multiplied gradients give the same path, eps = 0 taken."""
    _, x, gradients = draw(9)
    scale = 10.0 ** np.arange(-6, 6).reshape(SHAPE)
    for rule in (ol.Adam(eps=0.0), ol.AdaMax(eps=0.0), ol.AdaGrad(eps=0.0), ol.RMSProp(eps=0.0), ol.QHAdam(eps=0.0)):
        assert error(path(rule.fresh(), x, scale * gradients), path(rule.fresh(), x, gradients)) <= TOLERANCE


def test_adadeltas_steps_have_the_unit_of_x():
    """In units 1000 times finer gradients are 1000 times smaller and steps 1000 times larger.

    Epsilon has a unit and starts the first step; next to 0, and with the same first step behind both, it drops out.
    """
    _, _, gradients = draw(10)
    coarse, fine = ol.AdaDelta(eps=1e-300), ol.AdaDelta(eps=1e-300)
    for rule, first_step in ((coarse, 0.01), (fine, 10.0)):
        rule.init(0.0)
        rule.u = 0.1 * first_step**2
    x = y = 0.0
    for g in gradients[:, 0, 0].tolist():
        x, y = coarse.update(x, g), fine.update(y, g / 1000)
        assert y == pytest.approx(1000 * x, rel=1e-9)
    assert abs(x) > 0.01


# --- limits and identities ---------------------------------------------------------------------------------------

SAME = {
    "AdamW without decay is Adam": (ol.AdamW(lr=0.1, weight_decay=0.0), ol.Adam(lr=0.1)),
    "QHAdam with both nu 1 is Adam": (ol.QHAdam(lr=0.1, beta1=0.9, nu1=1.0), ol.Adam(lr=0.1)),
    "QHAdam with nu1 = 0 has no momentum": (ol.QHAdam(lr=0.1, nu1=0.0), ol.Adam(lr=0.1, beta1=0.0)),
    "AdaMax with beta2 = 0 and no momentum steps by sign": (
        ol.AdaMax(lr=0.1, beta1=0.0, beta2=0.0, eps=0.0), ol.RMSProp(lr=0.1, beta2=0.0, eps=0.0)),
    "AMSGrad is Adam while v grows": (ol.AMSGrad(lr=0.1, beta2=1 - 1e-12), ol.Adam(lr=0.1, beta2=1 - 1e-12)),
    "Demon without momentum is RMSProp": (
        ol.DemonAdam(lr=0.1, beta1=0.0, beta2=0.99, eps=0.0), ol.RMSProp(lr=0.1, beta2=0.99, eps=0.0)),
    "RMSProp corrected is Adam without momentum": (
        ol.RMSProp(lr=lambda t: 0.1 * math.sqrt(1 - 0.99 ** (t + 1)), beta2=0.99, eps=0.0),
        ol.Adam(lr=0.1, beta1=0.0, beta2=0.99, eps=0.0)),
    "AdaGrad is RMSProp of ever longer memory": (
        ol.AdaGrad(lr=0.1, eps=0.0),
        ol.RMSProp(lr=lambda t: 0.1 / math.sqrt(t + 1), beta2=lambda t: t / (t + 1), eps=0.0)),
    "Nadam without momentum is Adam without": (ol.Nadam(lr=0.1, beta1=0.0), ol.Adam(lr=0.1, beta1=0.0)),
}


@pytest.mark.parametrize("name", SAME)
def test_same_path(name):
    one, other = SAME[name]
    _, x, gradients = draw(11)
    assert error(path(one.fresh(), x, gradients), path(other.fresh(), x, gradients)) <= 1e-10


def test_demon_adam_that_never_decays_is_adam_with_its_corrections_taken_out():
    """A sum is an average divided by 1 - beta; Adam's corrections go into the learning rate."""
    def as_a_sum(t):
        return 0.01 * (1 - 0.9 ** (t + 1)) / ((1 - 0.9) * math.sqrt(1 - 0.999 ** (t + 1)))

    _, x, gradients = draw(12)
    ours = path(ol.DemonAdam(lr=0.01, eps=0.0, steps=10**15), x, gradients)
    assert error(ours, path(ol.Adam(lr=as_a_sum, eps=0.0), x, gradients)) <= 1e-10


def test_demon_adam_takes_the_full_momentum_first_and_none_after_its_steps():
    rule = ol.DemonAdam(steps=4)
    rule.init(0.0)
    shares = []
    for rule.t in range(1, 8):
        rule.m = 1.0  # so that the sum after the step is 1 + beta_t
        rule.update(0.0, 1.0)
        shares.append(rule.m - 1.0)
    # beta_t / (1 - beta_t) falls in a straight line from 9: 9, 6.75, 4.5, 2.25, 0
    assert shares == pytest.approx([0.9, 6.75 / 7.75, 4.5 / 5.5, 2.25 / 3.25, 0.0, 0.0, 0.0], rel=1e-14)


def test_adamws_decay_does_not_pass_through_the_averages():
    """Without gradient the weight shrinks by 1 - lr weight_decay a step; with decay in the gradient it would not."""
    rule, x = ol.AdamW(lr=0.1, weight_decay=0.5), 3.0
    for _ in range(20):
        x = rule.step(x, 0.0)
    assert x == pytest.approx(3.0 * 0.95**20, rel=1e-14)
    assert (rule.m, rule.v) == (0.0, 0.0)


def test_centered_rmsprop_holds_two_numbers_and_divides_by_the_deviation():
    gradients = 5.0 + np.random.default_rng(13).standard_normal((4000, 2))
    rule = ol.RMSProp(centered=True, beta2=0.999)
    path(rule, np.zeros(2), gradients)
    assert set(rule.state) == {"v", "m"}
    assert np.sqrt(rule.v - rule.m**2) == pytest.approx([1.0, 1.0], rel=0.6)
    plain = ol.RMSProp()
    path(plain, np.zeros(2), gradients[:3])
    assert set(plain.state) == {"v"}


def test_adagrads_rate_only_falls_and_rmsprops_recovers():
    """After one gradient of 1000 and many of 1, AdaGrad still creeps; RMSProp has forgotten."""
    lengths = {}
    for rule in (ol.AdaGrad(lr=0.1), ol.RMSProp(lr=0.1)):
        rule.step(0.0, 1000.0)
        for _ in range(2000):
            x = rule.step(0.0, 1.0)
        lengths[type(rule).__name__] = abs(x)
    assert lengths["AdaGrad"] == pytest.approx(0.1 / math.sqrt(1e6 + 2000), rel=1e-9)
    assert lengths["RMSProp"] == pytest.approx(0.1, rel=1e-2)
