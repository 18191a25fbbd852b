"""Rules that remember x, g or each other's memories: `TorchOptimizer` writes in place and must not write over them."""

import numpy as np
import pytest
import torch
from test_torch_checkpoint import RULES, followed, named, train, weights
from torch import nn

import optlib as ol
from optlib.torch_driver import TorchOptimizer, stepping

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own, within torch.compile

CURVATURES = np.array([1.0, 3.0, 7.0, 2.0])
START = np.array([1.0, 2.0, 3.0, 4.0])


class Past(ol.optimizers.Optimizer):
    """Adds the gradient before last, which it hands from one memory to the next."""

    sees = "number"
    lr: float = ol.hyper(0.01, r"\eta", "(0, inf)", doc="learning rate")

    def init(self, x):
        self.last, self.before = ol.arrays.zeros_like(x), ol.arrays.zeros_like(x)

    def update(self, x, g):
        before, self.before, self.last = self.before, self.last, g
        return x - self.lr * (g + 0.5 * before)


class Return(ol.optimizers.Optimizer):
    """Every third step goes back to where the one before began: the new x is a memory."""

    sees = "number"
    lr: float = ol.hyper(0.01, r"\eta", "(0, inf)", doc="learning rate")

    def init(self, x):
        self.x = x

    def update(self, x, g):
        back, self.x = self.x, x
        return back if self.t % 3 == 0 else x - self.lr * g


class Shared(Past):
    """Two memories begin as one array."""

    def init(self, x):
        self.last = self.before = 0 * x

    def update(self, x, g):
        self.last, self.before = 0.9 * self.last + g, 0.5 * self.before + 2 * g
        return x - self.lr * (self.last - 0.3 * self.before)


class Tuple(Past):
    """Three memories in a tuple that begin as one array, and are handed on."""

    def init(self, x):
        self.past = (0 * x,) * 3

    def update(self, x, g):
        self.past = (g, *self.past[:2])
        return x - self.lr * (self.past[0] + 0.5 * self.past[2])


class BarzilaiBorwein(ol.optimizers.Optimizer):
    """Remembers x and g themselves."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)", doc="first rate")

    def init(self, x):
        self.x, self.g = x, x

    def update(self, x, g):
        s, y = x - self.x, g - self.g
        rate = self.lr if self.t == 1 else self.inner(s, s) / self.inner(s, y)
        self.x, self.g = x, g
        return x - rate * g


def path_in_torch(rule, sizes=(4,), shape=(4,), steps=7, **options):
    """Where four numbers end that lie in the first of the parameters, with others beside them."""
    values = [torch.zeros(size, dtype=torch.float64) for size in sizes]
    values[0][:4] = torch.from_numpy(START)
    params = [nn.Parameter(value.reshape(shape if len(value) == 4 else -1)) for value in values]
    optimizer = TorchOptimizer(params, rule, **options)
    curvatures = torch.from_numpy(CURVATURES)

    def closure():
        optimizer.zero_grad()
        loss = (curvatures * params[0].flatten()[:4] ** 2).sum() / 2 + sum(p.square().sum() for p in params[1:])
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return params[0].detach().flatten()[:4].numpy()


def path_of_the_rule(rule, steps=7):
    x = START
    for _ in range(steps):
        functions = [lambda point: CURVATURES * point] if "gradient_function" in rule.reads else []
        x = rule.step(x, CURVATURES * x, *functions)
    return x


@pytest.mark.parametrize("rule", [Past, Return, Shared, Tuple])
@pytest.mark.parametrize("way", ["one", "end to end", "piece by piece", "compiled"])
def test_memories_that_are_handed_on_are_not_written_over(rule, way):
    sizes = {"end to end": (4, 3), "piece by piece": (2 * stepping.PIECE + 1,)}.get(way, (4,))
    ours = path_in_torch(rule(), sizes, compile=way == "compiled")
    np.testing.assert_allclose(ours, path_of_the_rule(rule()), rtol=1e-13)


@pytest.mark.parametrize("sees", ["tensor", "matrix", "group"])
@pytest.mark.parametrize("shape", [(4,), (2, 2), (2, 2, 1, 1)])
def test_a_rule_may_remember_x_and_g_themselves(sees, shape):
    rule = type("Remembers", (BarzilaiBorwein,), {"sees": sees})
    np.testing.assert_allclose(path_in_torch(rule(), shape=shape), path_of_the_rule(rule()), rtol=1e-9)


GROUPS = [rule for rule in ol.OPTIMIZERS.values()
          if rule.sees == "group" and {"function", "hessian"}.isdisjoint(rule.reads)]


@pytest.mark.parametrize("rule", [*GROUPS, ol.SAM(ol.Adam), ol.EMA(ol.SAM(ol.Momentum))], ids=repr)
def test_a_group_of_one_parameter_walks_as_the_rule_alone(rule):
    rule = rule() if isinstance(rule, type) else rule
    np.testing.assert_allclose(path_in_torch(rule), path_of_the_rule(rule.reset()), rtol=1e-9)


@pytest.mark.parametrize(("rule", "options"), [(ol.Lion, {"foreach": False}), (ol.Lion, {"maximize": False}),
                                               (ol.AdamW, {"foreach": True}), (ol.AdamW, {"differentiable": False})])
def test_its_own_state_before_the_first_step_is_not_taken_for_torchs(rule, options):
    optimizer = TorchOptimizer([nn.Parameter(torch.ones(3))], rule(weight_decay=0.1), **options)
    optimizer.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("rule", [ol.Shampoo, ol.SOAP, ol.EMA(ol.SOAP), ol.Adam], ids=repr)
def test_a_state_of_float64_goes_on_in_half_precision(rule):
    saved, models = None, (nn.Linear(3, 2).double(), nn.Linear(3, 2).bfloat16())
    for model in models:
        optimizer = TorchOptimizer(model.parameters(), rule)
        optimizer.load_state_dict(saved or optimizer.state_dict())
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(5, 3, dtype=model.weight.dtype)).float().square().mean().backward()
            optimizer.step()
        saved = optimizer.state_dict()
    tensors = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
    assert {tensor.dtype for tensor in tensors} == {torch.float32}


@pytest.mark.parametrize("cls", RULES, **named)
def test_each_entry_of_a_state_is_a_number_or_one_tensor(cls):
    optimizer = TorchOptimizer(weights(), cls)
    train(optimizer, 0, 3)
    for state in optimizer.state_dict()["state"].values():
        for name, value in state.items():
            assert isinstance(value, (int, float, torch.Tensor)), name


class Lists(ol.optimizers.Optimizer):
    """Keeps a list that it changes in place, with a tuple in it."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def init(self, x):
        self.seen = [x * 0, (x * 0, x * 0)]

    def update(self, x, g):
        self.seen[0] = 0.5 * self.seen[0] + g
        self.seen[1] = (self.seen[1][1], g)
        return x - self.lr * (self.seen[0] + self.seen[1][0])


@pytest.mark.parametrize("cls", [Lists, ol.AggMo], **named)
def test_states_with_several_tensors_go_on_after_a_checkpoint(cls):
    optimizer = TorchOptimizer(weights(), cls)
    train(optimizer, 0, 4)
    saved = optimizer.state_dict()
    assert {"seen[0]", "seen[1].0", "seen[1].1"} <= saved["state"][0].keys() or cls is ol.AggMo
    twin = TorchOptimizer(weights(), cls)
    twin.load_state_dict(saved)
    assert all(map(torch.equal, *followed(twin, optimizer, 4, 8)))


@pytest.mark.parametrize("dtypes", [(torch.float32, torch.float64), (torch.bfloat16, torch.float64)], ids=repr)
def test_the_vector_of_a_group_of_several_dtypes_is_read_back_as_it_was(dtypes):
    def steps(optimizer, first, last):
        for k in range(first, last):
            for p in params:
                p.grad = torch.full_like(p, 1 / (3 + k))
            optimizer.step()
        return [p.detach().clone() for p in params]

    params, rule = [nn.Parameter(torch.ones(3, dtype=dtype)) for dtype in dtypes], ol.ClipNorm(ol.Momentum(lr=0.1))
    optimizer = TorchOptimizer(params, rule)
    at = steps(optimizer, 0, 4)
    twin = TorchOptimizer(params, rule)
    twin.load_state_dict(optimizer.state_dict())
    expected = steps(optimizer, 4, 8)
    with torch.no_grad():
        torch._foreach_copy_(params, at)
    assert all(map(torch.equal, steps(twin, 4, 8), expected))
