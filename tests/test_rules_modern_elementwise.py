"""Lion, AdaBelief, LaProp, ADOPT, AdEMAMix, Adan and MARS beside libraries and plain loops: 300 gradients, float64.

Where a library deviates from the paper, its path is ours with the deviation applied.
"""

import math

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.arrays import sign
from optlib.torch_driver.stepping import IN_KERNELS
from oracles import SHAPE, STEPS, TOLERANCE, path, torch_path

SEEDS = range(3)


def draw(seed):
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-2, 2, size=(STEPS, 1, 1))
    return rng, rng.standard_normal(SHAPE), sizes * rng.standard_normal((STEPS, *SHAPE))


def error(ours, theirs):
    """Largest error of a coordinate, relative to the size of that coordinate's path."""
    return (np.abs(ours - theirs) / np.abs(theirs).max(axis=0)).max()


def settings(rng, betas, **more):
    """Random hyper-parameters, and the same by the names of torch."""
    drawn = {f"beta{i}": rng.uniform(0.3, most) for i, most in enumerate(betas, start=1)}
    more |= {"lr": 10 ** rng.uniform(-4, -1)}
    return {**drawn, **more}, {"betas": tuple(drawn.values()), **more}


# --- the same rule -----------------------------------------------------------------------------------------------


def lion(rng):
    return *settings(rng, (0.99, 0.999), weight_decay=rng.uniform(0, 0.3)), {}


def ada_belief(rng):
    return *settings(rng, (0.99, 0.9999), eps=10 ** rng.uniform(-16, -4)), {}


def ad_ema_mix(rng):
    more = dict(alpha=rng.uniform(0, 10), eps=10 ** rng.uniform(-10, -4), weight_decay=rng.uniform(0, 0.3))
    return *settings(rng, (0.99, 0.9999, 0.9999), **more), {"weight_decouple": True}


def adan(rng):
    more = dict(eps=10 ** rng.uniform(-10, -4), weight_decay=rng.uniform(0, 0.3))
    return *settings(rng, (0.99, 0.99, 0.9999), **more), {}


def adopt(rng):
    # The clip of the library's step t is for step t + 1, as the next test but one shows.
    one_step_back = {"clip_lambda": lambda step: (step - 1) ** 0.25}
    return *settings(rng, (0.99, 0.9999), eps=10 ** rng.uniform(-8, -3)), one_step_back


DRAWN = {"Lion": lion, "AdaBelief": ada_belief, "AdEMAMix": ad_ema_mix, "Adan": adan, "ADOPT": adopt}


@pytest.mark.parametrize("foreach", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DRAWN)
def test_a_rule_is_pytorch_optimizers(packages, name, seed, foreach):
    rng, x, gradients = draw(seed)
    hypers, by_their_names, more = DRAWN[name](rng)
    make = getattr(packages["pytorch_optimizer"], name)
    theirs = torch_path(make, x, gradients, foreach=foreach, **by_their_names, **more)
    assert error(path(ol.OPTIMIZERS[name](**hypers), x, gradients), theirs) <= TOLERANCE


@pytest.mark.parametrize("seed", SEEDS)
def test_laprop_in_straight_lines(seed):
    """As the authors' code: with the learning rate inside the average."""
    rng, x, gradients = draw(seed)
    hypers, _ = settings(rng, (0.99, 0.9999), eps=10 ** rng.uniform(-15, -4))
    lr, beta1, beta2, eps = (hypers[name] for name in ("lr", "beta1", "beta2", "eps"))
    ours, v, m, theirs = path(ol.LaProp(**hypers), x, gradients), 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        v = v + (1 - beta2) * (g * g - v)
        m = beta1 * m + lr * (1 - beta1) * g / (np.sqrt(v) / math.sqrt(1 - beta2**t) + eps)
        x = x - m / (1 - beta1**t)
        theirs.append(x)
    assert error(ours, np.array(theirs)) <= TOLERANCE


def mars(x, gradients, lr, beta1, beta2, gamma, eps, weight_decay, before=None, in_the_root=0.0):
    """Straight lines; ``before`` is the gradient before the first, None for the first itself."""
    m, v, points = 0.0, 0.0, []
    before = gradients[0] if before is None else before
    for t, g in enumerate(gradients, start=1):
        c = g + gamma * beta1 / (1 - beta1) * (g - before)
        before, length = g, np.linalg.norm(c)
        c = c / length if length > 1 else c
        m, v = m + (1 - beta1) * (c - m), v + (1 - beta2) * (c * c - v)
        root = (np.sqrt(v + in_the_root) + eps) / math.sqrt(1 - beta2**t) if in_the_root else (
            np.sqrt(v / (1 - beta2**t)) + eps)  # fmt: skip
        x = x * (1 - lr * weight_decay) - lr * m / (1 - beta1**t) / root
        points.append(x)
    return np.array(points)


@pytest.mark.parametrize("foreach", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_mars_in_straight_lines_and_what_pytorch_optimizer_adds_to_it(packages, seed, foreach):
    rng, x, gradients = draw(seed)
    gradients[0] /= 10 * np.linalg.norm(gradients[0])  # shorter than 1, so that its factor is seen
    more = dict(gamma=rng.uniform(0, 0.2), eps=10 ** rng.uniform(-10, -4), weight_decay=rng.uniform(0, 0.3))
    hypers, by_their_names = settings(rng, (0.99, 0.9999), **more)
    assert error(path(ol.MARS(**hypers), x, gradients), mars(x, gradients, **hypers)) <= TOLERANCE
    theirs = torch_path(packages["pytorch_optimizer"].MARS, x, gradients, optimize_1d=True, foreach=foreach,
                        **by_their_names)  # fmt: skip
    assert error(mars(x, gradients, **hypers, before=0.0, in_the_root=1e-15), theirs) <= TOLERANCE


# --- other paths -------------------------------------------------------------------------------------------------


def test_pytorch_optimizer_clips_adopt_one_step_ahead(packages):
    _, x, gradients = draw(3)
    theirs = torch_path(packages["pytorch_optimizer"].ADOPT, x, gradients, lr=0.01, eps=1e-6)
    assert error(path(ol.ADOPT(lr=0.01), x, gradients), theirs) > 0.01


def test_pytorch_optimizers_ademamix_adds_the_decay_to_the_gradient_unless_told(packages):
    _, x, gradients = draw(4)
    theirs = torch_path(packages["pytorch_optimizer"].AdEMAMix, x, gradients, lr=0.01, weight_decay=0.1)
    rule, ours, decoupled = ol.AdEMAMix(lr=0.01), [], path(ol.AdEMAMix(lr=0.01, weight_decay=0.1), x, gradients)
    for g in gradients:
        x = rule.step(x, g + 0.1 * x)
        ours.append(x)
    assert error(np.array(ours), theirs) <= TOLERANCE
    assert error(decoupled, theirs) > 0.1


def test_ademamix_warms_up_by_schedules(packages):
    """The paper's: alpha grows in a straight line, the half-life of the slow average about so."""
    _, x, gradients = draw(5)
    steps, fast, slow = 200, math.log(0.9), math.log(0.9999)
    share = lambda t: min((t + 1) / steps, 1.0)
    ours = path(ol.AdEMAMix(
        lr=0.01, alpha=lambda t: 5.0 * share(t),
        beta3=lambda t: math.exp(fast * slow / ((1 - share(t)) * slow + share(t) * fast)),
    ), x, gradients)  # fmt: skip
    theirs = torch_path(packages["pytorch_optimizer"].AdEMAMix, x, gradients, lr=0.01, t_alpha_beta3=steps)
    assert error(ours, theirs) <= TOLERANCE


@pytest.mark.parametrize(("foreach", "size", "least", "most"), [
    (False, 1, 0.0, TOLERANCE), (False, 1e-5, 1e-9, 1e-2), (True, 1, 1e-9, 1e-5),
])  # fmt: skip
def test_pytorch_optimizers_laprop_feels_1e_15_in_the_root_and_float32(packages, foreach, size, least, most):
    """The first where gradients are small, the second where a list of tensors is stepped at once."""
    _, x, gradients = draw(6)
    theirs = torch_path(packages["pytorch_optimizer"].LaProp, x, size * gradients, lr=0.01, foreach=foreach)
    assert least <= error(path(ol.LaProp(lr=0.01), x, size * gradients), theirs) <= most


# --- limits and numbers of the docstrings ------------------------------------------------------------------------

SMALL = 1e-3  # so that MARS clips nothing
SAME = {
    "AdEMAMix with alpha = 0 is AdamW": (
        ol.AdEMAMix(lr=0.1, alpha=0.0, weight_decay=0.1), ol.AdamW(lr=0.1, weight_decay=0.1)),
    "AdEMAMix with a slow average as fast as the other, uncorrected": (
        ol.AdEMAMix(lr=0.1, beta1=0.0, beta3=0.0, alpha=1.0), ol.Adam(lr=0.2, beta1=0.0)),
    "Adan with beta2 = 0 is Adam": (
        ol.Adan(lr=0.1, beta1=0.9, beta2=0.0, beta3=0.999), ol.Adam(lr=0.1)),
    "LaProp without average is Adam without": (
        ol.LaProp(lr=0.1, beta1=0.0, eps=1e-8), ol.Adam(lr=0.1, beta1=0.0)),
    "MARS with gamma = 0 and nothing to clip is AdamW": (
        ol.MARS(lr=0.1, beta1=0.9, beta2=0.999, gamma=0.0, weight_decay=0.1), ol.AdamW(lr=0.1, weight_decay=0.1)),
    "Lion without memory steps by sign, as Adam does": (
        ol.Lion(lr=0.1, beta1=0.0), ol.Adam(lr=0.1, beta1=0.0, beta2=0.0, eps=0.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_same_path(name):
    one, other = SAME[name]
    _, x, gradients = draw(11)
    assert error(path(one.fresh(), x, SMALL * gradients), path(other.fresh(), x, SMALL * gradients)) <= 1e-10


@pytest.mark.parametrize(("rule", "length"), [
    (ol.Lion(lr=0.1), 0.1), (ol.AdaBelief(lr=0.1), 0.1 / 0.9), (ol.LaProp(lr=0.1), 0.1), (ol.ADOPT(lr=0.1), 0.0),
    (ol.AdEMAMix(lr=0.1), 0.1 * (1 + 5 * 1e-4)), (ol.Adan(lr=0.1), 0.1), (ol.MARS(lr=0.1), 0.1),
], ids=lambda v: type(v).__name__ if isinstance(v, ol.Optimizer) else "")  # fmt: skip
def test_length_of_the_first_step(rule, length):
    assert 5.0 - rule.step(5.0, 3000.0) == pytest.approx(length, rel=1e-6, abs=1e-15)


def test_lion_moves_every_weight_by_the_learning_rate_and_by_nothing_else():
    _, x, gradients = draw(7)
    points = path(ol.Lion(lr=0.01), x, gradients)
    assert np.abs(np.diff(points, axis=0)) == pytest.approx(0.01, rel=1e-9)
    assert ol.Lion(lr=0.1, weight_decay=0.5).step(3.0, 0.0) == pytest.approx(3.0 * 0.95)


def test_adopt_cuts_a_gradient_that_is_far_larger_than_those_before():
    """c of the second step is 1, of the third 2^(1/4), whatever the gradient."""
    rule, lengths = ol.ADOPT(lr=1.0, beta1=0.0), []
    for g in (1.0, 1e6, -1e12):
        lengths.append(-rule.step(0.0, g))
    assert lengths == pytest.approx([0.0, 1.0, -(2**0.25)])


def test_adabeliefs_steps_grow_where_gradients_repeat_each_other():
    """s falls to what epsilon alone leaves in it, eps / (1 - beta2)."""
    rule = ol.AdaBelief(lr=0.1, beta2=0.9, eps=1e-6)
    for _ in range(500):
        step = -rule.step(0.0, 2.0)
    assert step == pytest.approx(0.1 * 2.0 / (math.sqrt(1e-6 / 0.1) + 1e-6), rel=1e-6)


def test_laprops_step_is_bounded_where_adams_is_not():
    """A burst after long quiet: beta1 is above the root of beta2, so Adam's m outlives its v."""
    gradients = [1e-6] * 50 + [1.0] + [0.0] * 30
    lengths = {}
    for rule in (ol.Adam(lr=1.0, beta1=0.9, beta2=0.5, eps=0.0), ol.LaProp(lr=1.0, beta1=0.9, beta2=0.5)):
        lengths[type(rule).__name__] = max(abs(rule.step(0.0, g)) for g in gradients)
    assert lengths["LaProp"] <= 1 / math.sqrt(1 - 0.5)
    assert lengths["Adam"] > 100


def test_mars_clips_each_tensor_and_each_point_of_a_batch_by_itself():
    x, g = np.zeros((2, 3)), np.array([[30.0, 0.0, 40.0], [0.003, 0.0, 0.004]])
    rule, alone = ol.MARS(beta1=0.0).batched(), [ol.MARS(beta1=0.0) for _ in x]
    rule.step(x, g)
    for row, one, slopes in zip(rule.v, alone, g, strict=True):
        one.step(np.zeros(3), slopes)
        np.testing.assert_array_equal(row, one.v)
    np.testing.assert_allclose(rule.v / 0.01, [[0.36, 0, 0.64], [9e-6, 0, 1.6e-5]], atol=1e-18)


@pytest.mark.parametrize("call", [
    lambda x: [sign(float(value)) for value in x], sign, lambda x: sign(torch.tensor(x)),
    lambda x: IN_KERNELS.sign(torch.tensor(x)),
], ids=["float", "numpy", "torch", "kernel"])  # fmt: skip
def test_the_sign_of_what_is_not_finite_is_nan(call):
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(call(np.array([np.nan, -2.0, 0.0, 3.0, -np.inf])), [np.nan, -1, 0, 1, np.nan])
