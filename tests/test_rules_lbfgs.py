"""L-BFGS: torch's without a search, Nocedal and Wright's matrices, what is remembered and what is not."""

import numpy as np
import pytest
import torch

import optlib as ol

STEPS, N = 300, 12


def torch_points(slope, x, steps, **options):
    """Points of torch's rule, one step a call; ``slope(k, x)`` is the gradient of step k."""
    weights = torch.nn.Parameter(torch.tensor(x))
    opt = torch.optim.LBFGS([weights], max_iter=1, **options)
    points = [x]
    for k in range(steps):

        def closure(k=k):
            weights.grad = torch.tensor(slope(k, weights.detach().numpy()))
            return torch.tensor(0.0)

        opt.step(closure)
        points.append(weights.detach().numpy().copy())
    return np.array(points)


def points(rule, slope, x, steps):
    path = [x]
    for k in range(steps):
        path.append(rule.step(path[-1], slope(k, path[-1])))
    return np.array(path)


def bowl(seed, kappa=50.0, d=N):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    H = (basis * np.geomspace(1, kappa, d)) @ basis.T
    return H, rng.standard_normal(d)


class Torchs(ol.LBFGS):
    """The rule with torch's condition on a pair, in which a small step counts as no curvature."""

    sees = "group"

    def _curved(self, ys, yy, ss):
        return ys > 1e-10


EVER = {"tolerance_grad": 0.0, "tolerance_change": 0.0}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("history", [1, 2])
def test_equals_torch_on_random_gradients(history, seed):
    """Every step, of any direction and curvature; with more pairs H turns so ill-conditioned that rounding grows."""
    rng = np.random.default_rng(seed)
    lr, x = rng.uniform(0.1, 1), rng.standard_normal(N)
    gradients = 10 ** rng.uniform(-1, 1, (STEPS, 1)) * rng.standard_normal((STEPS, N))
    ours = points(Torchs(lr=lr, history=history), lambda k, x: gradients[k], x, STEPS)
    theirs = torch_points(lambda k, x: gradients[k], x, STEPS, lr=lr, history_size=history, **EVER)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * np.abs(theirs).max())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("history", [3, 10])
def test_equals_torch_step_by_step_on_a_bowl(history, seed):
    H, x = bowl(seed)
    ours = points(ol.LBFGS(lr=0.7, history=history), lambda k, x: H @ x, x, 20)
    theirs = torch_points(lambda k, x: H @ x, x, 20, lr=0.7, history_size=history, **EVER)
    np.testing.assert_allclose(np.diff(ours, axis=0), np.diff(theirs, axis=0), rtol=0, atol=1e-11)


@pytest.mark.parametrize("history", [1, 4, 20])
def test_the_two_loops_are_the_product_with_the_matrix_of_the_book(history):
    H, x = bowl(5, d=6)
    path = points(ol.LBFGS(lr=0.8, history=history), lambda k, x: H @ x, x, 9)
    for t in range(1, 9):
        pairs = [(path[i + 1] - path[i], H @ (path[i + 1] - path[i])) for i in range(max(0, t - history), t)]
        s, y = pairs[-1]
        inverse = s @ y / (y @ y) * np.eye(6)
        for s, y in pairs:
            left = np.eye(6) - np.outer(s, y) / (y @ s)
            inverse = left @ inverse @ left.T + np.outer(s, s) / (y @ s)
        np.testing.assert_allclose(path[t + 1] - path[t], -0.8 * inverse @ H @ path[t], rtol=1e-8, atol=1e-12)


def test_the_first_step_is_at_most_lr_long():
    g = np.array([3.0, -1.0, 4.0])
    np.testing.assert_allclose(ol.LBFGS(lr=0.5).step(np.zeros(3), g), -0.5 * g / 8)
    np.testing.assert_allclose(ol.LBFGS(lr=0.5).step(np.zeros(3), g / 100), -0.5 * g / 100)


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_few_steps_where_gradient_descent_needs_hundreds(kappa):
    H, x = bowl(1, kappa)
    distance = np.linalg.norm(points(ol.LBFGS(history=N), lambda k, x: H @ x, x, 100), axis=-1)
    steps = ol.theory.steps_needed(ol.theory.gd_rate(kappa), 1e-6)
    assert distance.min() < 1e-6 * distance[0]
    assert np.argmax(distance < 1e-6 * distance[0]) < steps


def test_downward_curvature_is_not_remembered():
    rule = ol.LBFGS(lr=0.1)
    points(rule, lambda k, x: -x, np.ones(3), 5)
    assert rule.gamma == 1
    assert not np.any(rule.steps)
    for eps in (0.5, 0.999):  # the cosine of y and s is 0.994
        rule = ol.LBFGS(eps=eps)
        points(rule, lambda k, x: np.array([1.0, 9.0]) * x, np.ones(2), 2)
        assert np.any(rule.steps) == (eps == 0.5)


def test_points_of_a_batch_have_memories_of_their_own():
    f = ol.FUNCTIONS["rosenbrock"]
    starts = np.array([[-1.2, 1.0], [0.0, 0.5], [2.0, -1.0]])
    together = ol.minimize(f, ol.LBFGS(lr=0.3), starts, steps=40)
    for i, start in enumerate(starts):
        np.testing.assert_allclose(together.x[:, i], ol.minimize(f, ol.LBFGS(lr=0.3), start, steps=40).x, rtol=1e-7)


@pytest.mark.parametrize(("before", "after"), [(6, 2), (2, 6)])
def test_a_history_that_is_changed_counts_from_the_next_step_on(before, after):
    H, x = bowl(2)
    rule = ol.LBFGS(lr=0.5, history=before)
    path = points(rule, lambda k, x: H @ x, x, 8)
    rule.set("history", after)
    points(rule, lambda k, x: H @ x, path[-1], 1)
    assert len(rule.steps) == len(rule.changes) == len(rule.rhos) == after
    for i in range(min(before + 1, after)):
        np.testing.assert_allclose(rule.steps[i], path[8 - i] - path[7 - i], rtol=1e-9, atol=1e-15)
    assert not np.any(rule.steps[min(before + 1, after) :])


def test_close_to_a_minimum_the_memory_of_torch_freezes():
    H, x = bowl(1, 1000)
    ours, frozen = (points(cls(history=N), lambda k, x: H @ x, x, 150) for cls in (ol.LBFGS, Torchs))
    theirs = torch_points(lambda k, x: H @ x, x, 150, history_size=N, **EVER)
    np.testing.assert_allclose(frozen, theirs, rtol=0, atol=1e-8)
    assert np.linalg.norm(ours[-1]) < 1e-10 < 1e-5 < np.linalg.norm(theirs[-1])


def test_a_run_goes_on_to_the_smallest_numbers_without_a_warning():
    path = ol.minimize(ol.functions.quadratic(100), ol.LBFGS(), start=[1.0, 1.0], steps=400)
    assert path.stopped_by == "steps"
    assert np.linalg.norm(path.end) < 1e-100


def test_torch_stands_still_on_small_gradients_unless_its_tolerances_are_zero():
    x = np.full(3, 1e-8)
    np.testing.assert_array_equal(torch_points(lambda k, x: x, x, 3)[-1], x)
    ours = points(ol.LBFGS(), lambda k, x: x, x, 3)
    np.testing.assert_array_equal(torch_points(lambda k, x: x, x, 3, **EVER), ours)
    assert not np.array_equal(ours[-1], x)
