"""YellowFin against a transcription of its paper in plain sums, and its closed-form root against numpy.roots."""

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.optimizers.yellowfin import single_step


def weighted(history, beta):
    """Exponential average of a whole history, newest last, with weights that sum to 1."""
    weights = beta ** np.arange(len(history))[::-1]
    return np.tensordot(weights / weights.sum(), np.array(history), axes=1)


def momentum_by_roots(C, D, h_min, h_max):
    """sqrt(mu) from the polynomial D^2 x^2 + (1-x)^4 C / h_min^2, differentiated by hand, and the bound."""
    k = C / h_min**2
    roots = np.roots([4 * k, -12 * k, 12 * k + 2 * D**2, -4 * k])
    real = roots[np.abs(roots.imag) < 1e-6 * np.abs(roots)].real
    assert len(real) == 1
    ratio = np.sqrt(h_max / h_min)
    return max(real[0], (ratio - 1) / (ratio + 1))


def transcription(x, gradients, lr, beta, w, eps):
    """Algorithms 1 to 4, recomputed at each step from everything seen so far; no running averages."""
    g_all, h_all, low, high, norms, distances, mus, alphas = ([] for _ in range(8))
    move, points = np.zeros_like(x), []
    for t, g in enumerate(gradients, start=1):
        g_all.append(g)
        h_all.append(float(np.dot(g, g)) + eps)
        norms.append(h_all[-1] ** 0.5)
        low.append(min(h_all[-w:]))
        high.append(max(h_all[-w:]))
        h_min, h_max = weighted(low, beta), weighted(high, beta)
        C = abs(weighted(h_all, beta) - np.sum(weighted(g_all, beta) ** 2)) + eps
        distances.append(weighted(norms, beta) / weighted(h_all, beta))
        root = momentum_by_roots(C, weighted(distances, beta), h_min, h_max)
        mus.append(root**2)
        alphas.append((1 - root) ** 2 / h_min)
        rate = lr * weighted(alphas, beta) * min(1, t / (10 * w))
        move = weighted(mus, beta) * move - rate * g
        x = x + move
        points.append(x)
    return np.array(points)


def path(rule, x, gradients):
    points = []
    for g in gradients:
        x = rule.step(x, g)
        points.append(x)
    return points


def draw(seed, steps=120, d=5):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(d), rng.standard_normal(d) + rng.standard_normal((steps, d))


@pytest.mark.parametrize(("lr", "beta", "w"), [(1.0, 0.999, 20), (1.0, 0.9, 5), (0.4, 0.99, 1)])
def test_is_the_paper_in_plain_sums(lr, beta, w):
    x, gradients = draw(w)
    ours = np.array(path(ol.YellowFin(lr=lr, beta=beta, window=w), x, gradients))
    theirs = transcription(x, gradients, lr, beta, w, eps=1e-6)
    assert np.abs(ours - theirs).max() <= 1e-9 * np.abs(theirs).max()  # numpy.roots is exact to about 1e-12


def test_root_of_the_cubic():
    for p in np.logspace(-8, 8, 33):
        mu, _ = single_step(C=1.0, D=np.sqrt(2 * p), h_min=1.0, h_max=1.0)
        x = np.sqrt(mu)
        assert x == pytest.approx(momentum_by_roots(1.0, np.sqrt(2 * p), 1.0, 1.0), rel=1e-6, abs=1e-12)
        assert p * x == pytest.approx((1 - x) ** 3, rel=1e-6)


def test_root_stays_a_root_at_the_ends_of_the_range():
    p = np.logspace(-120, 120, 49)
    mu, alpha = single_step(C=0.5, D=np.sqrt(p), h_min=np.ones_like(p), h_max=np.ones_like(p))
    assert ((mu >= 0) & (mu <= 1)).all()
    small = p < 1e-12  # 1 - sqrt(mu) tends to p^(1/3)
    np.testing.assert_allclose(np.sqrt(alpha[small]), p[small] ** (1 / 3), rtol=1e-3)
    assert (mu[p > 1e12] < 1e-20).all()


def test_single_step_is_the_best_that_the_bound_allows():
    rng = np.random.default_rng(1)
    grid = np.linspace(0, 1, 20001)
    for _ in range(50):
        C, D, h_min = 10.0 ** rng.uniform(-2, 2, size=3)
        h_max = h_min * 10.0 ** rng.uniform(0, 2)
        least = (np.sqrt(h_max / h_min) - 1) / (np.sqrt(h_max / h_min) + 1)

        def cost(root, C=C, D=D, h_min=h_min):
            return root**2 * D**2 + (1 - root) ** 4 / h_min**2 * C

        mu, alpha = single_step(C, D, h_min, h_max)
        assert np.sqrt(mu) >= least - 1e-12
        assert alpha == pytest.approx((1 - np.sqrt(mu)) ** 2 / h_min, rel=1e-9)
        assert cost(np.sqrt(mu)) <= cost(grid[grid >= least]).min() * (1 + 1e-9)


@pytest.mark.parametrize("curvature", [(1.0,), (1.0, 0.01), (2.0, 0.5, 0.1)])
def test_converges_on_a_quadratic_without_noise(curvature):
    curvature = np.array(curvature)
    x, rule = np.full(len(curvature), 3.0), ol.YellowFin()
    for _ in range(2500):
        x = rule.step(x, curvature * x)
    assert np.abs(x).max() < 1e-3


def test_measures_the_curvature_of_a_likelihood():
    """For a Gaussian log-likelihood of curvature k, gradients at the optimum have variance k."""
    rng = np.random.default_rng(2)
    k, x, rule = 3.0, np.array([0.5]), ol.YellowFin()
    for _ in range(1500):
        x = rule.step(x, k * x + np.sqrt(k) * rng.standard_normal(1))
    correction = 1 - rule.beta**rule.t
    assert rule.h_min_bar.item() / correction < k < rule.h_max_bar.item() / correction
    assert k < rule.h_bar.item() / correction < 2 * k  # k, and k^2 times the variance of x
    assert abs(x.item()) < 0.5


def test_steps_shrink_when_the_function_is_scaled_up():
    x, gradients = draw(3, steps=1)
    one = ol.YellowFin().step(x, gradients[0]) - x
    hundred = ol.YellowFin().step(x, 100 * gradients[0]) - x
    np.testing.assert_allclose(one, 100 * hundred, rtol=1e-4)


def test_batch_and_torch_are_one_by_one():
    x, gradients = np.stack([draw(s)[0] for s in range(3)]), np.stack([draw(s)[1] for s in range(3)], axis=1)
    batched = ol.YellowFin(lr=np.array([[0.5], [1.0], [2.0]]), beta=0.99)
    batched.batched()  # as in minimize
    together = np.array(path(batched, x, gradients))
    for i, lr in enumerate((0.5, 1.0, 2.0)):
        alone = path(ol.YellowFin(lr=lr, beta=0.99), x[i], gradients[:, i])
        np.testing.assert_allclose(together[:, i], alone, rtol=1e-13, atol=1e-14)
        in_torch = path(ol.YellowFin(lr=lr, beta=0.99), torch.tensor(x[i]), torch.tensor(gradients[:, i]))
        np.testing.assert_allclose(torch.stack(in_torch).numpy(), alone, rtol=1e-13, atol=1e-14)


def test_runs_on_floats_and_survives_zero_gradients():
    rule, x = ol.YellowFin(), 1.0
    for g in (0.0, 0.0, 0.5, 0.0):
        x = rule.step(x, g)
        assert type(x) is float
        assert np.isfinite(x)
    array = path(ol.YellowFin(), np.array([1.0]), np.array([[0.0], [0.0], [0.5], [0.0]]))[-1]
    assert x == pytest.approx(array.item(), rel=1e-14)


def test_remembers_what_the_docstring_says():
    rule, x = ol.YellowFin(window=4), np.ones((6, 5))
    for _ in range(9):
        x = rule.step(x, x)
    sizes = [np.size(part) for part in rule.state.values()]
    assert sorted(sizes) == [1] * 7 + [4, 30, 30]
