"""Rules that see matrices against the libraries and against loops written from the papers; what a vector is to them."""

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.optimizers.matrix import JORDAN, POLAR_EXPRESS, newton_schulz
from optlib.torch_driver import TorchOptimizer
from oracles import STEPS, path, torch_path

MATRIX = ("Muon", "Shampoo", "SOAP")


def gradients(shape, steps=STEPS, seed=0):
    rng = np.random.default_rng(seed)
    return 10 ** rng.uniform(-2, 2, size=(steps, 1, 1)) * rng.standard_normal((steps, *shape))


def error(ours, theirs):
    """Largest difference, relative to the size of the path."""
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def start(shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape)


# --- Newton-Schulz -------------------------------------------------------------------------------------------


def with_singular_values(values, shape, seed=0):
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for n in shape)
    k = len(values)
    return left[:, :k] @ np.diag(values) @ right[:, :k].T


def test_five_steps_bring_singular_values_from_a_hundredth_on_near_to_one():
    x = with_singular_values(np.geomspace(0.01, 1, 60), (60, 60))
    ends = np.linalg.svd(newton_schulz(x, JORDAN, 5))[1]
    assert [round(ends.min(), 2), round(ends.max(), 2)] == [0.68, 1.13]
    np.testing.assert_allclose(np.linalg.svd(newton_schulz(x, POLAR_EXPRESS, 6))[1], 1, atol=0.003)
    np.testing.assert_allclose(np.linalg.svd(newton_schulz(x, POLAR_EXPRESS, 8))[1], 1, atol=1e-14)


def nearest_to_one(low, high):
    """The odd quintic whose error on an interval has four extremes of one size (Remez)."""
    x = np.array([low, (3 * low + high) / 4, (low + 3 * high) / 4, high])
    for _ in range(60):
        *p, _ = np.linalg.solve(np.column_stack([x, x**3, x**5, [1, -1, 1, -1]]), np.ones(4))
        x[1:3] = np.sqrt(np.sort(np.roots([5 * p[2], 3 * p[1], p[0]]).real))
    return np.array(p)


def test_the_coefficients_of_polar_express_are_those_that_its_construction_gives():
    """Amsel et al., algorithm 1: each is the best on the interval that is left, of which the lowest part is cut off."""
    cushion, low, high = 0.02407327424182761, 1e-3, 1.0
    for k, given in enumerate(POLAR_EXPRESS[:-1]):
        p = nearest_to_one(max(low, cushion * high), high)
        at = lambda s, p: p @ [s, s**3, s**5]
        p = 2 * p / (at(low, p) + at(high, p))
        # Where the interval is all but a point, rounding leaves a few digits less.
        np.testing.assert_allclose(given, p / 1.01 ** np.array([1, 3, 5]), rtol=1e-13 if k < 6 else 1e-9)
        low = at(low, p)
        high = 2 - low
    assert POLAR_EXPRESS[-1] == (15 / 8, -10 / 8, 3 / 8), "the limit for a point"
    assert len(POLAR_EXPRESS) == 8


@pytest.mark.parametrize("shape", [(6, 6), (6, 9), (4, 30), (30, 4), (1, 5), (5, 1)])
@pytest.mark.parametrize("table", [JORDAN, POLAR_EXPRESS], ids=["Jordan", "Polar Express"])
@pytest.mark.parametrize("library", [np.asarray, torch.as_tensor], ids=["NumPy", "torch"])
def test_singular_values_go_through_the_polynomials_and_vectors_stay(shape, table, library):
    values = np.geomspace(1e-6, 1, min(shape))[::-1]
    x, ends = with_singular_values(values, shape), values
    for k in range(9):
        a, b, c = table[min(k, len(table) - 1)]
        ends = a * ends + b * ends**3 + c * ends**5
    wanted = with_singular_values(ends, shape)
    np.testing.assert_allclose(newton_schulz(library(x), table, 9), wanted, atol=1e-9)
    two = newton_schulz(library(np.stack([x, 0.5 * x])), table, 9)
    np.testing.assert_allclose(two[0], wanted, atol=1e-9)


# --- Muon ----------------------------------------------------------------------------------------------------


@pytest.fixture
def in_float64(monkeypatch):
    """torch.optim.Muon without its cast, which is written into it; the copy is needed, as it goes on in place."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 12), (12, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_muon_is_torchs_without_bfloat16(shape, seed, in_float64):
    rng = np.random.default_rng(seed)
    lr, beta, decay = 10 ** rng.uniform(-3, 0), rng.uniform(0, 0.99), rng.choice([0.0, 0.1])
    nesterov, match, steps = bool(seed % 2), bool(seed // 2 % 2), int(rng.integers(1, 8))
    rule = ol.Muon(lr=lr, beta=beta, weight_decay=decay, nesterov=nesterov, match_rms=match, ns_steps=steps, eps=1e-30)
    theirs = torch_path(lambda p: torch.optim.Muon(
        p, lr=lr, momentum=beta, weight_decay=decay, nesterov=nesterov, ns_steps=steps, eps=1e-30,
        adjust_lr_fn="match_rms_adamw" if match else "original",
    ), start(shape), gradients(shape))  # fmt: skip
    assert error(path(rule, start(shape), gradients(shape)), theirs) <= 1e-12


def test_muon_of_torch_is_off_by_its_bfloat16():
    x, steps = start((6, 4)), gradients((6, 4), 40)
    theirs = torch_path(lambda p: torch.optim.Muon(p, lr=0.1, weight_decay=0.0), x, steps)
    assert 1e-4 < error(path(ol.Muon(lr=0.1), x, steps), theirs) < 5e-2


def test_kernels_are_matrices_of_their_filters(in_float64):
    x, steps = start((4, 3, 2, 2)), gradients((4, 12), 20).reshape(20, 4, 3, 2, 2)
    flat = path(ol.Muon(), x.reshape(4, 12), steps.reshape(20, 4, 12))
    np.testing.assert_array_equal(path(ol.Muon(), x, steps).reshape(flat.shape), flat)
    theirs = torch_path(lambda p: TorchOptimizer(p, ol.Muon), x, steps).reshape(flat.shape)
    np.testing.assert_allclose(theirs, flat, rtol=1e-12)


def test_the_factor_of_a_kernels_last_two_axes_is_another():
    """K. Jordan's muon.py flattens a kernel, but takes max(1, height / width)^(1/2) of it: 1 where it is square."""
    x, g = start((64, 3, 2, 2)), gradients((64, 12), 1).reshape(64, 3, 2, 2)
    rule = ol.Muon(lr=1.0, eps=1e-30)
    step = (x - rule.step(x, g)).reshape(64, 12)
    by_the_author = newton_schulz(g.reshape(64, 12) / np.linalg.norm(g), JORDAN, 5)
    np.testing.assert_allclose(step, (64 / 12) ** 0.5 * by_the_author, rtol=1e-9, atol=1e-12)


def test_the_last_polynomials_of_polar_express_leave_small_singular_values_small():
    """optax's preset has the last N of the eight, timm's the first: only those are for a lowest value of 1e-3."""
    x = with_singular_values([1.0, 0.1, 1e-3], (3, 3))
    first, last = (np.linalg.svd(newton_schulz(x, table[:5] if table else POLAR_EXPRESS[-5:], 5))[1].min()
                   for table in (POLAR_EXPRESS, ()))  # fmt: skip
    assert last < 0.1 < 0.5 < first


@pytest.mark.parametrize("polar_express", [False, True])
def test_a_vector_is_one_row_and_its_steps_are_of_fixed_length(polar_express):
    rule = ol.Muon(lr=0.1, polar_express=polar_express)
    for driver in (lambda x, steps: path(rule.fresh(), x, steps),
                   lambda x, steps: path(rule.fresh(), x[None], steps[:, None])[:, 0],
                   lambda x, steps: torch_path(lambda p: TorchOptimizer(p, rule), x, steps)):  # fmt: skip
        points = driver(start(3), gradients((1, 3), 30)[:, 0])
        lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
        assert ((0.0675 < lengths) & (lengths < 0.1135)).all()


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 3, 0)])
def test_an_array_without_numbers_is_stepped(name, shape):
    """Layers of width 0 have such weights."""
    empty = np.zeros((2, *shape))
    assert path(ol.OPTIMIZERS[name](), empty[0], empty).shape == (2, *shape)


# --- Shampoo -------------------------------------------------------------------------------------------------


def root(S, exponent):
    sizes, vectors = np.linalg.eigh(S)
    return vectors @ np.diag(sizes**exponent) @ vectors.T


def shampoo_by_hand(x, steps, lr, eps, every=1):
    (m, n), points = x.shape, []
    L, R = eps * np.eye(m), eps * np.eye(n)
    for t, g in enumerate(steps):
        L, R = L + g @ g.T, R + g.T @ g
        if t % every == 0:
            left, right = root(L, -0.25), root(R, -0.25)
        x = x - lr * left @ g @ right
        points.append(x)
    return np.array(points)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_shampoo_is_the_papers_and_that_of_pytorch_optimizer(shape, seed):
    rng = np.random.default_rng(seed)
    lr, eps, every = 10 ** rng.uniform(-2, 0), 10 ** rng.uniform(-4, -1), int(rng.integers(2, 9))
    x, steps = start(shape, seed), gradients(shape, seed=seed)
    ours = path(ol.Shampoo(lr=lr, eps=eps), x, steps)
    assert error(ours, shampoo_by_hand(x, steps, lr, eps)) <= 1e-12
    rarely = path(ol.Shampoo(lr=lr, eps=eps, every=every), x, steps)  # as in the recorded runs: not at each step
    assert error(rarely, shampoo_by_hand(x, steps, lr, eps, every)) <= 1e-12 < 0.01 < error(rarely, ours)
    library = pytest.importorskip("pytorch_optimizer")
    theirs = torch_path(lambda p: library.Shampoo(p, lr=lr, matrix_eps=eps, preconditioning_compute_steps=1), x, steps)
    assert error(ours, theirs) <= 1e-12


def test_shampoo_of_torch_optimizer_takes_square_roots_and_sums_what_the_first_has_changed():
    library = pytest.importorskip("torch_optimizer")
    x, steps, eps = start((6, 4)), gradients((6, 4), 40), 1e-2
    theirs = torch_path(lambda p: library.Shampoo(p, lr=0.3, epsilon=eps), x, steps)
    assert error(path(ol.Shampoo(lr=0.3, eps=eps), x, steps), theirs) > 0.1
    L, R, points = eps * np.eye(6), eps * np.eye(4), []
    for g in steps:
        L = L + g @ g.T
        half = root(L, -0.5) @ g
        R = R + half.T @ half
        x = x - 0.3 * half @ root(R, -0.5)
        points.append(x)
    assert error(np.array(points), theirs) < 1e-12


def test_a_long_side_has_no_matrix_and_the_other_the_whole_root():
    x, steps = start((3, 7)), gradients((3, 7), 20)
    ours = path(ol.Shampoo(lr=0.3, eps=1e-3, largest=5), x, steps)
    L = 1e-3 * np.eye(3)
    for g, point in zip(steps, ours, strict=True):
        L = L + g @ g.T
        x = x - 0.3 * root(L, -0.5) @ g
        np.testing.assert_allclose(point, x, rtol=1e-10)
    plain = path(ol.Shampoo(lr=0.3, largest=2), x, steps)
    np.testing.assert_allclose(plain, path(ol.GradientDescent(lr=0.3), x, steps))


# --- SOAP ----------------------------------------------------------------------------------------------------


def soap_by_hand(x, steps, lr, b1, b2, eps, decay, every, largest):
    """Algorithm 3 with the order of the authors' code, written for two sides at once."""
    m, v, sums, bases, points = 0.0, 0.0, [0.0, 0.0], None, []
    for t, g in enumerate(steps):
        sides = g @ g.T, g.T @ g
        sums = [b2 * s + (1 - b2) * side for s, side in zip(sums, sides, strict=True)]
        if t == 0:
            bases = [np.linalg.eigh(s)[1][:, ::-1] if len(s) <= largest else np.eye(len(s)) for s in sums]
            points.append(x)
            continue
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * (bases[0].T @ g @ bases[1]) ** 2
        n = bases[0].T @ m @ bases[1] / (np.sqrt(v) + eps) * np.sqrt(1 - b2**t) / (1 - b1**t)
        x = (x - lr * bases[0] @ n @ bases[1].T) * (1 - lr * decay)
        if t % every == 0:
            for i, s in enumerate(sums[: 1 + (len(sums[1]) <= largest)]):
                order = np.argsort(-np.diag(bases[i].T @ s @ bases[i]))
                v = v[order] if i == 0 else v[:, order]
                bases[i] = np.linalg.qr(s @ bases[i][:, order])[0]
        points.append(x)
    return np.array(points)


@pytest.mark.parametrize("seed", range(4))
def test_soap_is_the_papers(seed):
    rng = np.random.default_rng(seed)
    lr, b1, b2 = 10 ** rng.uniform(-3, -1), rng.uniform(0, 0.95), rng.uniform(0.8, 0.99)
    eps, decay, every = 10 ** rng.uniform(-10, -3), rng.uniform(0, 0.2), int(rng.integers(1, 12))
    rule = ol.SOAP(lr=lr, beta1=b1, beta2=b2, eps=eps, weight_decay=decay, every=every, largest=6)
    for shape in ((5, 5), (3, 7)):  # the long side keeps its own coordinates
        x, steps = start(shape, seed), gradients(shape, seed=seed)
        by_hand = soap_by_hand(x, steps, lr, b1, b2, eps, decay, every, largest=6)
        assert error(path(rule.fresh(), x, steps), by_hand) <= 1e-12


def test_soap_of_pytorch_optimizer_is_ours_but_for_its_float32():
    library = pytest.importorskip("pytorch_optimizer")
    x, steps = start((5, 5)), gradients((5, 5), 30)
    ours = path(ol.SOAP(lr=0.01), x, steps)
    theirs = torch_path(lambda p: library.SOAP(p, lr=0.01, weight_decay=0.01), x, steps)
    assert 1e-13 < error(ours, theirs) < 1e-4


@pytest.mark.parametrize("shape", [(5,), (1, 5), (5, 1)])
def test_soap_on_a_vector_is_adam_from_the_second_gradient_on(shape):
    x, steps = start(shape), gradients((5, 1), 30).reshape(30, *shape)
    ours = path(ol.SOAP(lr=0.1, weight_decay=0.0, eps=1e-30), x, steps)
    adam = path(ol.Adam(lr=0.1, beta1=0.95, beta2=0.95, eps=1e-30), x, steps[1:])
    np.testing.assert_array_equal(ours[0], x)
    np.testing.assert_allclose(ours[1:], adam, rtol=1e-12)


# --- matrices in minimize ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize("f", [f for f in ol.FUNCTIONS.values() if f.shapes], ids=lambda f: f.name)
def test_minimize_hands_over_the_matrices_of_a_function(f, name):
    rule = ol.OPTIMIZERS[name](lr=0.05)
    whole = ol.minimize(f, rule, steps=12)
    parts = {f"{i}": np.array(f.start)[part].reshape(shape) for i, (part, shape) in enumerate(parts_of(f))}
    driver, points = ol.DictOptimizer(rule), [np.array(f.start)]
    for _ in range(12):
        g = f.grad(points[-1])
        parts = driver.step(parts, {f"{i}": g[part].reshape(shape) for i, (part, shape) in enumerate(parts_of(f))})
        points.append(np.concatenate([matrix.ravel() for matrix in parts.values()]))
    np.testing.assert_allclose(whole.x, points, rtol=1e-9, atol=1e-12)
    starts = np.array(f.start) + 0.1 * start((3, f.dim))
    many = ol.minimize(f, ol.OPTIMIZERS[name](lr=np.array([0.05, 0.1])[:, None, None]), starts, steps=12)
    assert many.x.shape == (13, 2, 3, f.dim)
    alone = ol.minimize(f, ol.OPTIMIZERS[name](lr=0.1), starts[2], steps=12)
    # SOAP magnifies the rounding of eigenvectors, which of several matrices is another than of one.
    np.testing.assert_allclose(many.x[:, 1, 2], alone.x, rtol=1e-9, atol=1e-8)


def parts_of(f):
    ends = np.cumsum([m * n for m, n in f.shapes])
    return [(slice(end - m * n, end), (m, n)) for end, (m, n) in zip(ends, f.shapes, strict=True)]


def test_settings_of_a_batch_and_schedules_reach_the_matrices():
    f = ol.FUNCTIONS["matrix_least_squares"]
    falling = ol.schedules.OnPlateau(0.05, patience=0)
    starts = np.array([f.start, start(f.dim)])
    both = ol.minimize(f, ol.Muon(lr=falling), starts, steps=60)
    for i, begin in enumerate(starts):
        alone = ol.minimize(f, ol.Muon(lr=falling), begin, steps=60)
        np.testing.assert_allclose(both.x[:, i], alone.x, rtol=1e-9, atol=1e-12)
        first, last = np.linalg.norm(np.diff(alone.x, axis=0), axis=1)[[0, -1]]
        assert last < 0.2 * first
    with pytest.raises(ValueError, match="takes schedules of numbers, not of arrays"):
        ol.minimize(f, ol.Muon(lr=ol.schedules.Cosine(np.array([[0.1], [0.2]]), 5)), steps=3)


def test_muon_takes_all_directions_at_once_where_gradient_descent_takes_the_steep_first():
    f = ol.functions.matrix_least_squares(np.geomspace(1e-2, 1, 6), columns=6)
    slow = ol.minimize(f, ol.GradientDescent(lr=1.0), steps=60)
    fast = ol.minimize(f, ol.Muon(lr=ol.schedules.Cosine(0.2, 60), beta=0.5), steps=60)
    apart = lambda run: np.linalg.norm(run.end - np.array(f.minima[0])) / np.linalg.norm(f.minima[0])
    assert apart(slow) > 0.5
    assert apart(fast) < 0.1


@pytest.mark.parametrize("make", [
    lambda: ol.functions.matrix_least_squares([3.0, 1.0, 0.2], columns=4),
    lambda: ol.functions.matrix_factorization([3.0, 1.0, 0.2], inner=2),
    lambda: ol.functions.matrix_factorization([3.0, 1.0], inner=3),
    lambda: ol.functions.two_layer_linear([3.0, 1.0, 0.5], inputs=[0.1, 1.0, 4.0], inner=2),
])  # fmt: skip
def test_functions_of_other_sizes_have_exact_slopes_and_their_minimum(make):
    f = make()
    x = 0.5 * start((20, f.dim))
    assert ol.numerical.check_gradient(f, x)
    best = np.array(f.minima[0])
    assert np.abs(f.grad(best)).max() < 1e-12
    found = ol.minimize(f, ol.Adam(lr=ol.schedules.Cosine(0.1, 800)), best + 0.3 * start(f.dim), steps=800)
    assert f.minimum <= found.f[-1] + 1e-12
    assert found.f[-1] < f.minimum + 1e-3


@pytest.mark.parametrize(("arguments", "message"), [
    ({"singular_values": ()}, "singular_values is empty"),
    ({"singular_values": (1.0, -1.0)}, "singular_values=-1.0"),
    ({"singular_values": 3.0}, "singular_values=3.0 must be a sequence"),
    ({"inputs": (1.0,)}, "must be 2 numbers"),
    ({"inner": 0}, "inner=0"),
])  # fmt: skip
def test_functions_refuse(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        ol.functions.two_layer_linear(**arguments)
