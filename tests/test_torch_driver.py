"""`TorchOptimizer`: the rules of the course train torch models, as torch's own optimizers do."""

import copy
import io
import shutil

import pytest
import torch
from torch import nn

import optlib as ol
from optlib.optimizers.around import has_path_of_its_own
from optlib.torch_driver import TorchOptimizer, stepping

RULES = [cls for cls in ol.OPTIMIZERS.values() if cls.reads == ("gradient",)]
ONE_BY_ONE = [cls for cls in RULES if cls.elementwise]
named = {"ids": lambda cls: cls.__name__}
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own, within torch.compile
needs_compiler = pytest.mark.skipif(not (shutil.which("g++") or shutil.which("c++")), reason="no C++ compiler")


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 2)).double()


def loss_of(net):
    generator = torch.Generator().manual_seed(3)
    x, y = (torch.randn(20, d, generator=generator, dtype=torch.float64) for d in (5, 2))
    return ((net(x) - y) ** 2).mean()


def train(net, optimizer, steps=10, scheduler=None):
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(net).backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def trained(make, steps=10, scheduler=None):
    net = network()
    optimizer = make(net.parameters())
    return train(net, optimizer, steps, scheduler and scheduler(optimizer))


class Keeper(ol.optimizers.Optimizer):
    """Remembers the point itself."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def init(self, x):
        self.last = x

    def update(self, x, g):
        new = x - self.lr * g + 0.5 * (x - self.last)
        self.last = x
        return new


class Grower(Keeper):
    """A number that becomes an array."""

    def init(self, x):
        self.far = 0.0

    def update(self, x, g):
        self.far = 0.5 * self.far + g
        return x - self.lr * self.far


class Late(Keeper):
    """Makes its state as it goes."""

    def init(self, x):
        pass

    def update(self, x, g):
        before, self.before = getattr(self, "before", 0.0), g
        return x - self.lr * (g + before)


def as_by_hand(rule, p, steps=6):
    """Steps of the driver and of the rule itself, from the same gradients: bit for bit the same."""
    optimizer, x, twin = TorchOptimizer([p], rule), p.detach().clone(), rule.fresh()
    for _ in range(steps):
        p.grad = torch.randn_like(p)
        x = twin.step(x, p.grad.clone())
        optimizer.step()
        assert torch.equal(p, x)
    for name, value in twin.state.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(optimizer.state[p][name], value)


@pytest.mark.parametrize("cls", RULES, **named)
def test_it_takes_the_steps_of_the_rule(cls):
    as_by_hand(cls(), nn.Parameter(torch.randn(6, dtype=torch.float64)), steps=8)


@pytest.mark.parametrize("cls", ONE_BY_ONE, **named)
@pytest.mark.parametrize("layout", ["channels_last", "vector", "with gaps"])
def test_large_tensors_are_taken_in_parts_with_the_same_numbers(cls, layout, monkeypatch):
    monkeypatch.setattr(stepping, "PIECE", 16)
    kernels, p = torch.randn(4, 3, 3, 2).to(memory_format=torch.channels_last), torch.randn(2, 67)
    p = {"channels_last": kernels, "vector": p[0].clone(), "with gaps": p.t()}[layout]
    cls = type(cls())  # of a rule around a rule, the class of the two
    sizes, update = [], cls.update
    monkeypatch.setattr(cls, "update", lambda self, x, g: sizes.append(x.numel()) or update(self, x, g))
    as_by_hand(cls(), nn.Parameter(p))
    assert (16 in sizes) is (layout != "with gaps")


@pytest.mark.parametrize("cls", [Keeper, Grower, Late], **named)
@pytest.mark.parametrize("part", [16, 1000])
def test_rules_of_all_kinds_are_followed(cls, part, monkeypatch):
    monkeypatch.setattr(stepping, "PIECE", part)
    as_by_hand(cls(), nn.Parameter(torch.randn(50)))


class Table(Keeper):
    """Keeps tensors in a dict."""

    def init(self, x):
        self.kept = {"v": 0 * x}

    def update(self, x, g):
        self.kept["v"] = self.kept["v"] + g
        return x - self.lr * self.kept["v"]


@pytest.mark.parametrize("sees", ["number", "tensor"])
def test_tensors_in_a_dict_are_refused(sees, monkeypatch):
    monkeypatch.setattr(Table, "sees", sees)
    p = nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    with pytest.raises(TypeError, match="keeps tensors in a dict, self.kept; keep them as attributes"):
        TorchOptimizer([p], Table).step()


@pytest.mark.parametrize("cls", RULES, **named)
def test_a_run_that_was_saved_goes_on_bit_for_bit(cls):
    whole = trained(lambda p: TorchOptimizer(p, cls()), steps=9)
    net = network()
    optimizer = TorchOptimizer(net.parameters(), cls())
    train(net, optimizer, steps=4)
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    net = network(seed=1)
    net.load_state_dict(saved["net"])
    optimizer = TorchOptimizer(net.parameters(), cls())
    optimizer.load_state_dict(saved["optimizer"])
    assert torch.equal(train(net, optimizer, steps=5), whole)


@needs_compiler
@pytest.mark.parametrize("cls", [ol.AggMo, ol.Adam, ol.Nadam, ol.RAdam, ol.DemonMomentum, Keeper], **named)
def test_compiled_gives_the_same_numbers(cls):
    plain = trained(lambda p: TorchOptimizer(p, cls()))
    compiled = trained(lambda p: TorchOptimizer(p, cls(), compile=True))
    torch.testing.assert_close(compiled, plain, rtol=1e-10, atol=1e-12)


def steps_of_kernels(cls, compile):
    """Where weights of several shapes end, in two groups that decay, beside one that has no gradient at first."""
    params = [nn.Parameter(torch.full(shape, 0.5, dtype=torch.float64)) for shape in ((2, 3), (3,), ())]
    decay = {} if has_path_of_its_own(cls) else {"weight_decay": 0.1}  # which is refused beside such a rule
    groups = [{"params": params[:2], **decay}, {"params": params[2:], "lr": torch.tensor(0.02, dtype=torch.float64)}]
    optimizer = TorchOptimizer(groups, cls(), compile=compile)
    for k in range(8):
        for i, p in enumerate(params):
            p.grad = None if i == 1 and k < 2 else torch.cos(torch.arange(p.numel()).reshape(p.shape) + k).double()
        optimizer.step()
    return [p.detach() for p in params], [v for p in params for v in optimizer.state[p].values()]


@pytest.mark.parametrize("cls", [cls for cls in RULES if cls.sees in ("number", "tensor")], **named)
def test_kernels_give_the_same_numbers(cls, monkeypatch):
    """As they are made for torch.compile, of every rule; traced by it: `benchmarks/clients/test_compiled.py`."""

    def compiled(kernel, **options):
        def run(params, *rest):
            assert all(p.ndim for p in params), "what it writes to float64 tensors without axes is lost (torch 2.13)"
            kernel(params, *rest)

        return run

    monkeypatch.setattr(torch, "compile", compiled)
    torch.testing.assert_close(steps_of_kernels(cls, True), steps_of_kernels(cls, False), rtol=1e-12, atol=1e-14)


@needs_compiler
def test_a_compiled_kernel_is_made_once_whatever_the_rate_does():
    torch._dynamo.utils.counters.clear()
    falling = lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    compiled = trained(lambda p: TorchOptimizer(p, ol.Adam(lr=0.05), compile=True), 10, falling)
    assert torch._dynamo.utils.counters["frames"]["ok"] == 1
    other = trained(lambda p: torch.optim.Adam(p, lr=0.05), 10, falling)
    torch.testing.assert_close(compiled, other, rtol=1e-9, atol=1e-12)


def test_a_closure_is_called_once_and_its_loss_returned():
    net, calls = network(), []
    optimizer = TorchOptimizer(net.parameters(), ol.Adam(lr=0.05))

    def closure():
        calls.append(1)
        optimizer.zero_grad()
        loss = loss_of(net)
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(3)]
    assert len(calls) == 3
    assert losses[2] < losses[0]


def test_frozen_parameters_stay_and_are_met_later():
    net = network()
    for p in net[0].parameters():
        p.requires_grad_(False)
    optimizer = TorchOptimizer(net.parameters(), ol.Adam(lr=0.05))
    before = net[0].weight.clone()
    train(net, optimizer, steps=3)
    assert torch.equal(net[0].weight, before)
    for p in net[0].parameters():
        p.requires_grad_(True)
    train(net, optimizer, steps=2)
    assert [optimizer.state[p]["t"] for p in net.parameters()] == [2, 2, 5, 5]


def test_two_optimizers_do_not_share_a_state_that_was_handed_on(monkeypatch):
    monkeypatch.setattr(stepping, "PIECE", 2)
    nets = network(), network()
    optimizers = [TorchOptimizer(net.parameters(), ol.Adam(lr=0.05)) for net in nets]
    train(nets[0], optimizers[0], steps=2)
    optimizers[1].load_state_dict(optimizers[0].state_dict())
    before = copy.deepcopy(optimizers[1].state_dict()["state"])
    train(nets[0], optimizers[0], steps=2)
    torch.testing.assert_close(optimizers[1].state_dict()["state"], before, rtol=0, atol=0)


def test_the_gradient_scaler_of_torch_takes_it():
    net = network().float()
    optimizer, scaler = TorchOptimizer(net.parameters(), ol.Adam(lr=0.05)), torch.amp.GradScaler("cpu")
    x, before = torch.randn(8, 5), net[0].weight.clone()
    scaler.scale(net(x).square().mean()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert (net[0].weight - before).abs().max() <= 0.0501
    assert not torch.equal(net[0].weight, before)


@pytest.mark.parametrize(("make", "error", "said"), [
    (lambda p: TorchOptimizer(p, "Adam"), TypeError, "rule='Adam'"),
    (lambda p: TorchOptimizer(p, ol.Newton), TypeError, "Newton reads the gradient and the hessian"),
    (lambda p: TorchOptimizer(p, ol.YellowFin, compile=True), ValueError, "compile=True"),
    (lambda p: TorchOptimizer(p, ol.Adam, 1e-3), TypeError, "compile=0.001 must be True or False"),
    (lambda p: TorchOptimizer(p, ol.Adam(lr=torch.ones(3))), ValueError, "lr="),
    (lambda p: TorchOptimizer(p, ol.Momentum(lr=ol.schedules.OnPlateau(0.1))), ValueError, "reads the loss"),
    (lambda p: TorchOptimizer([{"params": p, "lr": -1.0}], ol.Adam), ValueError, "lr=-1"),
    (lambda p: TorchOptimizer([], ol.Adam), ValueError, "empty"),
])  # fmt: skip
def test_bad_arguments_are_named(make, error, said):
    with pytest.raises(error, match=said):
        make(list(network().parameters()))


def test_a_missing_compiler_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    net = network()
    with pytest.raises(RuntimeError, match="C\\+\\+ compiler"):
        train(net, TorchOptimizer(net.parameters(), ol.Adam, compile=True), steps=1)


def test_gradients_of_the_wrong_kind_are_refused():
    table = nn.Embedding(4, 2, sparse=True)
    optimizer = TorchOptimizer(table.parameters(), ol.Adam)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match="sparse"):
        optimizer.step()
    p = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    p.grad = torch.ones_like(p)
    with pytest.raises(ValueError, match="complex"):
        TorchOptimizer([p], ol.Adam).step()


def test_a_vector_rule_needs_all_gradients():
    net = network()
    optimizer = TorchOptimizer(net.parameters(), ol.YellowFin)
    net[0](torch.ones(1, 5, dtype=torch.float64)).sum().backward()
    with pytest.raises(ValueError, match="2 of its 4"):
        optimizer.step()
