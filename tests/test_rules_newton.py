"""Newton's method: exact on quadratics, blind to the kind of flat point, clear where there is no step."""

import numpy as np
import pytest
import torch

import optlib as ol

CUBIC = ol.objective(lambda x, y: x**3 + y**2, grad=lambda x, y: (3 * x**2, 2 * y), start=(1.0, 1.0))


def quadratics(n, d, seed=0):
    """n random quadratics 1/2 (x-c)'H(x-c): regular symmetric H of either sign, centers c, starts x."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((n, d, d)))[0]
    curvature = rng.choice([-1.0, 1.0], size=(n, d)) * 10.0 ** rng.uniform(-1, 1, size=(n, d))
    H = (basis * curvature[:, None, :]) @ np.swapaxes(basis, -1, -2)
    return (H + np.swapaxes(H, -1, -2)) / 2, rng.standard_normal((n, d)), rng.standard_normal((n, d))


def apply(H, p):
    return (H @ p[..., None])[..., 0]


@pytest.mark.parametrize("d", [1, 2, 7])
def test_one_step_solves_a_quadratic(d):
    H, center, x = quadratics(30, d)
    np.testing.assert_allclose(ol.Newton().step(x, apply(H, x - center), H), center, rtol=1e-10, atol=1e-10)


def test_goes_to_a_saddle():
    saddle = ol.objective(lambda x, y: x**2 - y**2, grad=lambda x, y: (2 * x, -2 * y))
    starts = np.random.default_rng(1).uniform(-2, 2, size=(50, 2))
    end = ol.minimize(saddle, ol.Newton(), starts, steps=1).end
    np.testing.assert_allclose(end, np.zeros((50, 2)), atol=1e-8)
    downhill = ol.minimize(saddle, ol.Newton(damping=3.0), starts, steps=1)
    assert (downhill.f[1] < downhill.f[0]).all()


def test_damping_and_rate_in_straight_lines():
    H, center, x = quadratics(20, 4, seed=2)
    g = apply(H, x - center)
    lr, damping = np.linspace(0.1, 1, 20)[:, None], np.linspace(0, 50, 20)[:, None]
    together = ol.Newton(lr=lr, damping=damping).step(x, g, H)
    for i in range(20):
        inverse = np.linalg.inv(H[i] + damping[i] * np.eye(4))
        np.testing.assert_allclose(together[i], x[i] - lr[i] * inverse @ g[i], rtol=1e-9, atol=1e-9)


def test_error_is_squared_from_step_to_step():
    path = ol.minimize(ol.FUNCTIONS["rosenbrock"], ol.Newton(), start=(1.1, 1.3), steps=6)
    errors = np.linalg.norm(path.x - 1, axis=-1)
    assert errors[-1] < 1e-9
    late = (errors[1:] < 0.2) & (errors[:-1] > 1e-5)
    assert late.sum() >= 2
    assert (errors[1:][late] < 20 * errors[:-1][late] ** 2).all()


def test_torch_float32_and_floats():
    H, center, x = quadratics(5, 3, seed=3)
    g = apply(H, x - center)
    ours = ol.Newton(damping=0.5).step(x, g, H)
    theirs = ol.Newton(damping=0.5).step(*map(torch.tensor, (x, g, H)))
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-13, atol=1e-13)
    assert ol.Newton().step(*(a.astype("f4") for a in (x, g, H))).dtype == np.float32
    assert ol.Newton().step(3.0, 8.0, 4.0) == 1.0
    assert ol.Newton(damping=4.0).step(3.0, 8.0, 4.0) == 2.0
    assert ol.minimize(CUBIC, ol.Newton(), np.ones(2, "f4"), steps=3).x.dtype == np.float32


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_singular_hessian_is_refused_by_step(kind):
    rule, x = ol.Newton(), kind(np.ones(2))
    with pytest.raises(ValueError, match="Newton: the Hessian .* singular"):
        rule.step(x, x, kind(np.ones((2, 2))))
    assert (rule.t, rule.state) == (0, {})
    with pytest.raises(ValueError, match="singular"):
        ol.Newton().step(1.0, 1.0, 0.0)
    assert np.allclose(np.asarray(ol.Newton(damping=1.0).step(x, x, kind(np.ones((2, 2))))), 2 / 3)


def test_singular_hessian_ends_its_path_and_no_other():
    starts = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, -2.0], [-1.0, 3.0]])
    path = ol.minimize(CUBIC, ol.Newton(), starts, steps=20)
    assert path.diverged.tolist() == [True, False, True, False]
    np.testing.assert_allclose(path.end[[1, 3]], np.zeros((2, 2)), atol=1e-5)
    np.testing.assert_array_equal(path.end[[0, 2]], starts[[0, 2]])


def test_wrong_hessian_shape_is_named():
    with pytest.raises(ValueError, match=r"hessian has shape \(2,\).*must have shape \(2, 2\)"):
        ol.Newton().step(np.ones(2), np.ones(2), np.ones(2))
