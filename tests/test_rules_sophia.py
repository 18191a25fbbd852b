"""Sophia beside pytorch-optimizer's first version of it, and on functions whose curvature differs or is negative."""

import numpy as np
import pytest
import torch

import optlib as ol
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
