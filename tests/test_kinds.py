"""What a rule sees as a whole: declared, checked at registration, honored by every driver; private state is state."""

import copy
import pickle

import numpy as np
import pytest
import torch

import optlib as ol
from optlib.optimizers.kinds import is_coupled, steps_points_apart
from optlib.torch_driver import TorchOptimizer

BOWL = ol.objective(lambda x, y: 0.5 * (x**2 + 10 * y**2), grad=lambda x, y: (x, 10 * y), start=[3.0, 1.0], name="bowl")
Base = ol.optimizers.Optimizer


class Plain(Base):
    """Says nothing of what it sees."""

    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def update(self, x, g):
        return x - self.lr * g


class Layer(Plain):
    """A step of length lr for each tensor."""

    def update(self, x, g):
        return x - self.lr * g / (g * g).sum() ** 0.5


class Tensor(Layer):
    sees, update = "tensor", Layer.update


class Group(Layer):
    sees, update = "group", Layer.update


class Matrix(Plain):
    """Its rows have the same mean; works on two axes only."""

    sees = "matrix"

    def init(self, x):
        self.rows, self.columns = x.shape

    def update(self, x, g):
        return x - self.lr * (g - g.mean(1)[:, None])


class Count(Plain):
    """The k-th step is 1/k of the first."""

    def init(self, x):
        self._k = 0

    def update(self, x, g):
        self._k += 1
        return x - self.lr / self._k * g


class OnFloats(Plain):
    """Written for one number."""

    def update(self, x, g):
        if g > 0:
            return x - self.lr
        return x + self.lr


def coupled(update):
    return type("Coupled", (Plain,), {"update": update, "__module__": __name__})


@pytest.mark.parametrize("name", ol.OPTIMIZERS)
def test_the_rules_of_the_course_see_what_they_say(name):
    cls = ol.OPTIMIZERS[name]
    assert is_coupled(cls) in ((False,) if cls.sees == "number" else (True, None))
    assert cls.elementwise == (cls.sees == "number")


@pytest.mark.parametrize("update", [
    lambda self, x, g: x - self.lr * g / (g * g).sum() ** 0.5,
    lambda self, x, g: x - self.lr * (g - g.mean()),
    lambda self, x, g: x - self.lr * g / abs(g).max(),
    lambda self, x, g: x - self.lr * g / self.inner(g, g),
    lambda self, x, g: x - self.lr * g / g.size,
    lambda self, x, g: x - self.lr * g / x.shape[-1],
    lambda self, x, g: x - self.lr * g[::-1],
    lambda self, x, g: x - self.lr * (g if g.ndim != 2 else g - g.mean(0)),
    lambda self, x, g: x - self.lr * np.random.default_rng(0).standard_normal(g.shape),
], ids=["norm", "mean", "largest", "inner", "size", "shape", "order", "columns", "random"])  # fmt: skip
def test_registration_refuses_sums_norms_and_shapes(update):
    cls, said = coupled(update), coupled(update)
    said.sees = "number"
    with pytest.raises(ValueError, match="Coupled: .*sees = 'tensor', 'matrix' or 'group'"):
        ol.register(cls)
    for _ in range(2):  # a declaration alone is not believed
        with pytest.raises(ValueError, match="sees = 'tensor'"):
            said()
    assert "Coupled" not in ol.OPTIMIZERS


def test_registration_takes_declared_kinds_and_settles_open_ones():
    kinds = {Plain: "number", Count: "number", Tensor: "tensor", Group: "group", Matrix: "matrix", OnFloats: None}
    try:
        for cls, sees in kinds.items():
            twin = type(f"{cls.__name__}Twin", (cls,), {**{k: v for k, v in vars(cls).items() if k in
                        ("sees", "init", "update")}, "__module__": __name__})  # fmt: skip
            assert ol.register(twin).sees == sees
    finally:
        for cls in kinds:
            ol.OPTIMIZERS.pop(f"{cls.__name__}Twin", None)


def test_an_unknown_kind_is_refused_and_the_older_word_means_a_group():
    with pytest.raises(ValueError, match="sees='whole' must be None, 'number', 'tensor', 'matrix' or 'group'"):
        type("Wrong", (Plain,), {"sees": "whole"})
    assert type("Old", (Plain,), {"elementwise": False}).sees == "group"
    assert type("Child", (ol.Adam,), {"update": Plain.update}).sees is None, "what a parent says of its own update"


# --- minimize ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [Plain, Layer, Tensor, Group, Count, OnFloats], ids=lambda cls: cls.__name__)
def test_one_start_a_batch_of_one_and_a_batch_agree(cls):
    starts = np.array([[3.0, 1.0], [-1.0, 2.0], [0.5, -0.3]])
    rates = np.array([0.05, 0.1])
    batch = ol.minimize(BOWL, cls(lr=rates[:, None, None]), starts, 20, tol={"gradient": 1e-3})
    assert batch.x.shape == (21, 2, 3, 2)
    for i, lr in enumerate(rates):
        for k, start in enumerate(starts):
            one = ol.minimize(BOWL, cls(lr=lr), start, 20, tol={"gradient": 1e-3})
            of_one = ol.minimize(BOWL, cls(lr=lr), [start], 20, tol={"gradient": 1e-3})
            np.testing.assert_allclose(of_one.x[:, 0], one.x, rtol=1e-13, atol=1e-13)
            np.testing.assert_allclose(batch.x[:, i, k], one.x, rtol=1e-12, atol=1e-13)
            assert batch.stopped_by[i, k] == one.stopped_by == of_one.stopped_by[0]
            assert batch.ended_at[i, k] == one.ended_at


def test_minimize_hands_over_matrices_and_refuses_schedules_of_arrays_for_single_points():
    np.testing.assert_allclose(ol.minimize(BOWL, Matrix(lr=0.1), steps=1).end, [3.35, 0.65])  # 3.5 off the mean of g
    assert not steps_points_apart(Layer)
    with pytest.raises(ValueError, match="schedules must be of numbers, not arrays"):
        ol.minimize(BOWL, Layer(lr=ol.schedules.Cosine(np.array([[0.1], [0.2]]), 5)), steps=3)


def test_update_itself_is_called(monkeypatch):
    calls = []
    update = ol.Adam.update

    def counted(self, x, g):
        calls.append(type(x))
        return update(self, x, g)

    monkeypatch.setattr(ol.Adam, "update", counted)
    ol.minimize(BOWL, ol.Adam(), steps=5)
    assert calls == [float] * 10
    ol.race(BOWL, [ol.Adam], steps=5)
    assert len(calls) == 20
    w = torch.nn.Parameter(torch.ones(3))
    w.grad = torch.ones(3)
    TorchOptimizer([w], ol.Adam()).step()
    assert len(calls) == 21


steps = rules = rows = slopes = lr_ = x_at_0 = 40.0  # names that a loop written for a rule once had for itself


class Names(Plain):
    def update(self, x, g):
        return x - self.lr * (rules / steps) * (rows / slopes) * (lr_ / x_at_0) * max(0.0, 1 - self.t / steps) * g


def closure(factor):
    class Enclosed(Plain):
        def update(self, x, g):
            return x - factor * self.lr * g

    return Enclosed


def test_names_are_resolved_as_python_does():
    for cls, factor in ((Names, 1 - 1 / 40), (closure(0.5), 0.5)):
        for start in (BOWL.start, [BOWL.start]):
            end = ol.minimize(BOWL, cls(lr=0.1), start, 1).end.ravel()
            np.testing.assert_allclose(end, np.array([3.0, 1.0]) * (1 - 0.1 * factor * np.array([1, 10])), rtol=1e-13)


# --- torch ---------------------------------------------------------------------------------------------------


def weights(*shapes):
    torch.manual_seed(0)
    params = [torch.nn.Parameter(torch.randn(shape, dtype=torch.float64)) for shape in shapes]
    for p in params:
        p.grad = torch.randn_like(p)
    return params


@pytest.mark.parametrize("sizes", [(4, 5), (262_144,), (262_145,), (4, 262_145)])
@pytest.mark.parametrize("cls", [Layer, Tensor])
def test_a_tensor_is_never_cut_and_never_joined(cls, sizes):
    params = weights(*sizes)
    before = [p.detach().clone() for p in params]
    TorchOptimizer(params, cls(lr=1.0)).step()
    for p, old in zip(params, before, strict=True):
        assert (p - old).norm().item() == pytest.approx(1.0)


def test_a_group_is_joined_into_one_vector():
    params = weights((4,), (2, 3))
    before = torch.cat([p.detach().flatten() for p in params])
    TorchOptimizer(params, Group(lr=1.0)).step()
    assert (torch.cat([p.detach().flatten() for p in params]) - before).norm().item() == pytest.approx(1.0)


def test_kernels_are_flattened_to_matrices():
    params = weights((4, 3), (5, 2, 3, 3))
    before = [p.detach().clone() for p in params]
    optimizer = TorchOptimizer(params, Matrix(lr=1.0))
    optimizer.step()
    for p, old in zip(params, before, strict=True):
        g = p.grad.flatten(1)
        assert torch.equal(p.detach().flatten(1), old.flatten(1) - (g - g.mean(1)[:, None]))
    assert optimizer.state[params[1]]["columns"] == 18
    for shape in ((5,), ()):  # a matrix of one row
        (p,) = weights(shape)
        wanted = p.detach() - (p.grad - p.grad.mean())
        TorchOptimizer([p], Matrix(lr=1.0)).step()
        assert torch.equal(p.detach(), wanted)
    for cls in (Matrix, Group):
        with pytest.raises(ValueError, match=f"compile=True takes rules that see a number or a tensor; {cls.__name__}"):
            TorchOptimizer(params, cls(), compile=True)


@pytest.mark.parametrize("name", [name for name, cls in ol.OPTIMIZERS.items() if cls.sees == "number"])
def test_small_tensors_are_joined_with_the_same_numbers(name, monkeypatch):
    from optlib.torch_driver import stepping

    ends = []
    for small in (0, stepping.SMALL):
        monkeypatch.setattr(stepping, "SMALL", small)
        params = weights((3,), (4, 5), (), (2, 3, 3, 3))
        params[3].data = params[3].data.contiguous(memory_format=torch.channels_last)
        optimizer = TorchOptimizer([{"params": params[:3]}, {"params": params[3:], "lr": 0.5}], ol.OPTIMIZERS[name]())
        torch.manual_seed(1)
        for step in range(6):
            for k, p in enumerate(params):
                p.grad = None if k == 1 and step < 2 else torch.randn_like(p)
            optimizer.step()
            if step == 3:
                optimizer.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
        ends.append((params, [copy.deepcopy(optimizer.state[p]) for p in params]))
    (one, its), (other, others) = ends
    for p, q, state, twin in zip(one, other, its, others, strict=True):
        assert torch.equal(p, q)
        assert pickle.dumps(state.keys() - {"t"}) == pickle.dumps(twin.keys() - {"t"})
        assert state["t"] == twin["t"]


def test_private_state_is_state():
    params = weights((3,), (3,))
    before = [p.detach().clone() for p in params]
    optimizer = TorchOptimizer(params, Count(lr=1.0))
    for _ in range(2):
        optimizer.step()
    for p, old in zip(params, before, strict=True):
        torch.testing.assert_close(p.detach(), old - 1.5 * p.grad)
        assert optimizer.state_dict()["state"][0]["_k"] == 2
    rule = Count(lr=1.0)
    x = np.ones(2)
    for _ in range(2):
        x = rule.step(x, np.ones(2))
    assert rule.state == {"_k": 2}
    assert pickle.loads(pickle.dumps(rule)).state == {"_k": 2}
    assert rule.reset().state == {}
    np.testing.assert_array_equal(rule.step(np.ones(2), np.ones(2)), 0.0)


def test_names_of_the_base_are_free_for_private_state():
    class Own(Plain):
        def init(self, x):
            self._axis = self._given = self._schedules = self._shape = self._dtype = self._hidden = 0.0

        def update(self, x, g):
            self._axis += 1.0
            return x - self.lr / self._axis * g

    rule = Own(lr=ol.schedules.Constant(0.1))
    assert rule.step(1.0, 1.0) == 0.9
    assert rule.step(0.9, 1.0) == 0.85
    assert len(rule.state) == 6
