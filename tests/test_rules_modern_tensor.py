"""Rules that see a tensor, its rows or the group, beside libraries and plain loops: 300 gradients, float64, 1e-12.

The loops are written from the papers, apart from the rules; with a library's deviations switched on they walk its path.
benchmarks/oracles holds what needs packages that the tests do without.
"""

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from oracles import SHAPE, STEPS, TOLERANCE, packages, path, torch_path

pytestmark = pytest.mark.usefixtures("float64_by_default")
SHAPES = [SHAPE, (7,), (3, 2, 2, 2)]
SEEDS = range(3)


def draw(seed, shape=SHAPE):
    """A start and gradients whose size changes over two orders of magnitude."""
    rng = np.random.default_rng([seed, len(shape)])
    sizes = 10 ** rng.uniform(-1, 1, size=(STEPS, *[1] * len(shape)))
    return rng, rng.standard_normal(shape), sizes * rng.standard_normal((STEPS, *shape))


def error(ours, theirs):
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def betas(rng):
    return {"beta1": rng.uniform(0, 0.99), "beta2": rng.uniform(0.6, 0.9999)}


# --- LARS and LAMB -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_lars_is_that_of_pytorch_optimizer_on_matrices(seed):
    rng, x, gradients = draw(seed)
    lr, decay, trust, beta = 10 ** rng.uniform(-1, 1), 0.1 * rng.uniform(), 10 ** rng.uniform(-3, -2), rng.uniform(0, 1)
    ours = path(ol.LARS(lr=lr, weight_decay=decay, trust_coefficient=trust, beta=beta), x, gradients)
    theirs = torch_path(packages()["pytorch_optimizer"].LARS, x, gradients, lr=lr, weight_decay=decay,
                        trust_coefficient=trust, momentum=beta)  # fmt: skip
    assert error(ours, theirs) <= TOLERANCE
    vector, slopes = x[0], gradients[:, 0]  # which it steps by plain momentum
    theirs = torch_path(packages()["pytorch_optimizer"].LARS, vector, slopes, lr=0.01, momentum=beta)
    assert error(path(ol.Momentum(lr=0.01, beta=beta), vector, slopes), theirs) <= TOLERANCE


def test_lars_has_its_rate_inside_the_average():
    """As the paper: what came before a fall of the rate goes on as it was."""
    x, g = np.array([3.0, 4.0]), np.array([0.0, 2.0])
    rule = ol.LARS(lr=lambda t: [1.0, 0.5][t], beta=0.5, trust_coefficient=0.1)
    first = 0.1 * 5 / 2 * g
    np.testing.assert_allclose(rule.step(x, g), x - first)
    x = x - first
    second = 0.5 * first + 0.5 * 0.1 * np.hypot(*x) / 2 * g
    np.testing.assert_allclose(rule.step(x, g), x - second)


def lamb(x, gradients, lr, beta1, beta2, eps, decay, kozistr=False):
    """Algorithm 2, or pytorch-optimizer 4.1.0: weights of norm 10 at most, decayed first; m corrected after all."""
    m = v = 0 * x
    points = []
    for t, g in enumerate(gradients, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        if kozistr:
            x = x * (1 - lr * decay)
            r = m / (np.sqrt(v) + eps)
            ratio = min(np.linalg.norm(x), 10) / (np.linalg.norm(r) + eps) / (1 - beta1**t)
        else:
            r = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps) + decay * x
            ratio = np.linalg.norm(x) / np.linalg.norm(r)
        x = x - lr * ratio * r
        points.append(x)
    return np.array(points)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_lamb_is_the_papers_and_not_that_of_pytorch_optimizer(seed, shape):
    rng, x, gradients = draw(seed, shape)
    h = {"lr": 10 ** rng.uniform(-3, -1), "eps": 10 ** rng.uniform(-8, -3), **betas(rng)}
    decay = 0.1 * rng.uniform()
    ours = path(ol.LAMB(**h, weight_decay=decay), x, gradients)
    assert error(ours, lamb(x, gradients, **h, decay=decay)) <= TOLERANCE
    theirs = torch_path(packages()["pytorch_optimizer"].Lamb, 9 * x, gradients, lr=h["lr"], eps=h["eps"],
                        betas=(h["beta1"], h["beta2"]), weight_decay=decay)  # fmt: skip
    assert error(lamb(9 * x, gradients, **h, decay=decay, kozistr=True), theirs) <= TOLERANCE
    assert error(path(ol.LAMB(**h, weight_decay=decay), 9 * x, gradients), theirs) > 1e-3


@pytest.mark.parametrize("cls", [ol.LARS, ol.LAMB])
def test_weights_of_zero_take_a_step_and_no_gradient_leaves_them(cls):
    rule, x = cls(lr=0.1), np.zeros(3)
    for _ in range(2):
        np.testing.assert_array_equal(rule.step(x, 0 * x), 0 * x)
    assert (cls(lr=0.1).step(x, np.array([1.0, -2.0, 3.0])) * [-1, 1, -1] > 0).all()


@pytest.mark.parametrize("cls", [ol.LARS, ol.LAMB])
def test_each_layer_moves_by_a_share_of_its_own_length(cls):
    small, large = (torch.nn.Parameter(s * torch.ones(4, 3)) for s in (0.01, 100.0))
    before = [p.detach().clone() for p in (small, large)]
    optimizer = TorchOptimizer([small, large], cls, lr=0.1, weight_decay=0.0)
    for p in (small, large):
        p.grad = torch.linspace(-1, 1, 12).reshape(4, 3)
    optimizer.step()
    shares = [((p - q).norm() / q.norm()).item() for p, q in zip((small, large), before, strict=True)]
    expected = 0.1 * (1e-3 if cls is ol.LARS else 1)
    assert shares == pytest.approx([expected, expected])


# --- Adafactor and AdamMini ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_adafactor_is_torchs_on_a_matrix_of_rows(seed, shape):
    rng, x, gradients = draw(seed, shape)
    h = {"lr": 10 ** rng.uniform(-3, 0), "d": rng.uniform(1, 3)}
    c, eps2 = rng.uniform(0.3, 1), 10 ** rng.uniform(-4, 1)
    ours = path(ol.Adafactor(**h, c=c, eps2=eps2), x, gradients)
    as_matrix = (lambda a: a.reshape(*a.shape[:-3], -1)) if len(shape) > 2 else (lambda a: a)
    theirs = torch_path(torch.optim.Adafactor, as_matrix(x), as_matrix(gradients), **h, beta2_decay=-c,
                        eps=(1e-30, eps2))  # fmt: skip
    assert error(as_matrix(ours), theirs) <= TOLERANCE
    if len(shape) > 2:  # torch factors the last two axes of a kernel, the paper says nothing of them
        theirs = torch_path(torch.optim.Adafactor, x, gradients, **h, beta2_decay=-c, eps=(1e-30, eps2))
        assert error(ours, theirs) > 1e-3


def test_adafactor_takes_a_rate_that_is_given():
    """lr itself, whatever the weights are; torch has no such switch."""
    _, x, gradients = draw(5)
    ours = path(ol.Adafactor(lr=0.05, relative=False), x, gradients)
    shifted = path(ol.Adafactor(lr=0.05, relative=False), x + 1000, gradients)
    np.testing.assert_allclose(ours, shifted - 1000, rtol=0, atol=1e-10)
    first = ours[0] - x
    assert np.sqrt(np.mean(first**2)) == pytest.approx(0.05, rel=0.5)


def test_adafactor_remembers_rows_and_columns_only():
    _, x, gradients = draw(6, (3, 2, 2, 2))
    rule = ol.Adafactor()
    path(rule, x, gradients[:3])
    assert {name: value.size for name, value in rule.state.items()} == {"R": 3, "C": 8}


def test_squares_that_overflow_leave_a_matrix_finite():
    rule, x = ol.Adafactor(), np.ones((2, 3))
    with np.errstate(all="ignore"):
        for size in (1e200, 1.0, 1e200, 0.0):
            x = rule.step(x, size * np.array([[1.0, 0.0, 1e-9], [0.0, 0.0, 1.0]]))
            assert np.isfinite(x).all()


def adam_mini(x, gradients, lr, beta1, beta2, eps, decay):
    """Algorithm 1: a block is a row of a matrix, or a whole vector; written block by block."""
    blocks = range(len(x)) if x.ndim > 1 else [slice(None)]
    x, m, v = x.copy(), 0 * x, dict.fromkeys(range(len(blocks)), 0.0)
    points = []
    for t, g in enumerate(gradients, start=1):
        for number, block in enumerate(blocks):
            m[block] = beta1 * m[block] + (1 - beta1) * g[block]
            v[number] = beta2 * v[number] + (1 - beta2) * np.mean(g[block] ** 2)
            size = np.sqrt(v[number] / (1 - beta2**t)) + eps
            x[block] = (1 - lr * decay) * x[block] - lr * m[block] / (1 - beta1**t) / size
        points.append(x.copy())
    return np.array(points)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_adam_mini_is_the_papers_block_by_block(seed, shape):
    rng, x, gradients = draw(seed, shape)
    h = {"lr": 10 ** rng.uniform(-4, 0), "eps": 10 ** rng.uniform(-10, -3), **betas(rng)}
    ours = path(ol.AdamMini(**h, weight_decay=0.1), x, gradients)
    assert error(ours, adam_mini(x, gradients, **h, decay=0.1)) <= TOLERANCE


@pytest.mark.parametrize("cls", [ol.Adafactor, ol.AdamMini, ol.LAMB, ol.LARS])
def test_a_batch_of_points_is_no_matrix(cls):
    starts = np.random.default_rng(0).uniform(-1, 1, (3, 2))
    f = ol.FUNCTIONS["rosenbrock"]
    together = ol.minimize(f, cls(), start=starts, steps=20).x
    for i, start in enumerate(starts):
        np.testing.assert_allclose(together[:, i], ol.minimize(f, cls(), start=start, steps=20).x, rtol=1e-12)


# --- Prodigy and D-Adaptation --------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [ol.Prodigy, ol.DAdaptAdam])
@pytest.mark.parametrize("seed", SEEDS)
def test_learning_rates_are_found_as_by_pytorch_optimizer(seed, cls):
    rng, x, gradients = draw(seed)
    h = {"lr": rng.uniform(0.3, 2), "eps": 10 ** rng.uniform(-8, -5), "d0": 10 ** rng.uniform(-6, -1)}
    own, decay = betas(rng), 0.01 * rng.uniform()
    gradients[:9] += 10 * rng.standard_normal(SHAPE)  # a slope that lasts for a while, so that the estimate grows
    h |= {"d_coef": rng.uniform(0.5, 2)} if cls is ol.Prodigy else {}
    rule = cls(**h, **own, weight_decay=decay)
    ours = path(rule, x, gradients)
    make = getattr(packages()["pytorch_optimizer"], cls.__name__)
    theirs = torch_path(make, x, gradients, **h, betas=(own["beta1"], own["beta2"]), weight_decay=decay,
                        weight_decouple=True)  # fmt: skip
    assert error(ours, theirs) <= TOLERANCE
    assert rule.d > 2 * h["d0"]


@pytest.mark.parametrize("cls", [ol.Prodigy, ol.DAdaptAdam])
def test_the_estimate_grows_to_the_distance_and_not_far_beyond(cls):
    """On a cone sum |x - target| from any distance, with one and the same setting."""
    for distance in (0.01, 1.0, 100.0):
        rule, x = cls(), np.zeros(2)
        target = distance * np.array([1.0, -0.5])
        for _ in range(1000):
            x = rule.step(x, np.sign(x - target))
        assert 0.1 * distance < rule.d < 3 * distance
        assert np.abs(x - target).max() < 0.2 * distance


def test_one_estimate_for_all_tensors_of_a_group():
    _, x, gradients = draw(4, (6,))
    whole, parts = ol.Prodigy(d0=1e-3), [torch.nn.Parameter(torch.tensor(part)) for part in (x[:2], x[2:])]
    optimizer = TorchOptimizer(parts, ol.Prodigy, d0=1e-3)
    for g in gradients[:40]:
        x = whole.step(x, g)
        for p, part in zip(parts, (g[:2], g[2:]), strict=True):
            p.grad = torch.tensor(part)
        optimizer.step()
    np.testing.assert_allclose(torch.cat([p.detach() for p in parts]).numpy(), x, rtol=1e-12)


def test_a_single_parameter_is_not_its_own_start():
    """The driver writes into the weights; the start that Prodigy remembers must stay where it was."""
    p, rule = torch.nn.Parameter(torch.ones(3)), ol.Prodigy(d0=0.1)
    optimizer, x = TorchOptimizer([p], rule), torch.ones(3)
    for k in range(9):
        p.grad = torch.linspace(1, 2, 3) * (1 + k)
        x = rule.step(x, p.grad)
        optimizer.step()
    torch.testing.assert_close(p.detach(), x, rtol=0, atol=0)
    torch.testing.assert_close(optimizer.state[p]["x0"], torch.ones(3), rtol=0, atol=0)


# --- in one kernel -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [ol.LARS, ol.LAMB, ol.AdamMini, ol.Adafactor])
def test_sums_over_a_tensor_are_part_of_the_kernel(cls, monkeypatch):
    """Adafactor's methods of its own are not: a method might write into the state, so it is stepped by itself."""
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    ends = []
    for compiled in (False, True):
        params = [torch.nn.Parameter(torch.linspace(-1, 2, 12).reshape(shape)) for shape in [(12,), (3, 4), (3, 2, 2)]]
        optimizer = TorchOptimizer(params, cls, compile=compiled)
        for k in range(4):
            for p in params:
                p.grad = torch.sin(k + p.detach())
            optimizer.step()
        ends.append([p.detach() for p in params])
    torch.testing.assert_close(*ends, rtol=1e-14, atol=0)
    assert [formula is not None for formula, _ in optimizer._kernels.values()] == [cls is not ol.Adafactor]


class MeanLength(ol.optimizers.Optimizer):
    """Remembers one number of a tensor as an array without axes."""

    sees = "tensor"
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def init(self, x):
        self.length = (0 * x).sum()

    def update(self, x, g):
        self.length = 0.5 * self.length + (g * g).sum()
        return x - self.lr * g / self.length


def test_a_state_without_axes_is_kept_out_of_the_kernel(monkeypatch):
    """In float64 torch.compile (2.13) would leave it at 0: findings/torch_compile_float64_scalar.sh."""
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    p, rule = torch.nn.Parameter(torch.ones(3)), MeanLength()
    optimizer, x = TorchOptimizer([p], MeanLength, compile=True), torch.ones(3)
    for k in range(3):
        p.grad = torch.linspace(1, 2, 3) + k
        x = rule.step(x, p.grad)
        optimizer.step()
    torch.testing.assert_close(p.detach(), x, rtol=0, atol=0)
    assert [formula for formula, _ in optimizer._kernels.values()] == [None]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)], ids=str)
@pytest.mark.parametrize("cls", [cls for cls in ol.OPTIMIZERS.values() if cls.reads == ("gradient",)],
                         ids=lambda cls: cls.__name__)  # fmt: skip
def test_a_tensor_without_numbers_is_stepped(cls, shape):
    """A layer without inputs is no fault of the others: means over its rows divided by zero."""
    rule, x = cls(), np.zeros(shape)
    for _ in range(3):
        x = rule.step(x, x)
    assert x.shape == shape
