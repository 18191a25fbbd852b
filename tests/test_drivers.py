"""The dict driver: each entry as by the rule alone, or all as one vector; nothing stepped when refused."""

import copy
import operator
import pickle

import numpy as np
import pytest
import torch

import optlib as ol
from optlib import schedules

GRADIENT_RULES = [name for name, rule in ol.OPTIMIZERS.items() if rule.reads == ("gradient",)]
SHAPES = {"W1": (4, 3), "b1": (3,), "scale": (), "W2": (3, 2, 2)}


class Unit(ol.optimizers.Optimizer):
    """Momentum of unit gradients, with private state; written with a plain norm of all that it is given."""

    lr: float = ol.hyper(0.1, r"\eta")

    def init(self, x):
        self._v = 0 * x

    def update(self, x, g):
        self._v = 0.9 * self._v + g / (g * g).sum() ** 0.5
        return x - self.lr * self._v


class UnitOfTensor(Unit):
    sees = "tensor"


class UnitOfMatrix(Unit):
    sees = "matrix"

    def update(self, x, g):
        assert x.ndim == g.ndim == 2
        return super().update(x, g)


class UnitOfGroup(Unit):
    sees = "group"


def entries(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return {key: np.asarray(rng.standard_normal(shape), dtype) for key, shape in SHAPES.items()}


def as_tensors(arrays):
    return {key: torch.as_tensor(value.copy()) for key, value in arrays.items()}


def flat(values):
    return np.concatenate([np.ravel(value) for value in values.values()])


def run(opt, params, seeds=range(1, 8)):
    for seed in seeds:
        params = opt.step(params, entries(seed, params["W1"].dtype), loss=float(seed))
    return params


OWN = [Unit, UnitOfTensor, UnitOfMatrix, UnitOfGroup]


@pytest.mark.parametrize("cls", [*map(ol.OPTIMIZERS.get, GRADIENT_RULES), *OWN], ids=lambda cls: cls.__name__)
def test_equals_the_rule_entry_by_entry_or_on_one_vector(cls):
    rule = cls()
    params = run(ol.DictOptimizer(rule), entries(0))
    for part in [flat] if rule.sees == "group" else map(operator.itemgetter, SHAPES):
        alone, x = rule.fresh(), part(entries(0))
        for seed in range(1, 8):
            x = alone.step(x, part(entries(seed)))
        np.testing.assert_array_equal(part(params), x)
    assert {key: np.shape(value) for key, value in params.items()} == SHAPES


@pytest.mark.parametrize("name", GRADIENT_RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_torch_equals_numpy_and_types_stay(name, dtype):
    opt, params = ol.DictOptimizer(ol.OPTIMIZERS[name]), as_tensors(entries(0, dtype))
    arrays = run(ol.DictOptimizer(ol.OPTIMIZERS[name]), entries(0, dtype))
    for seed in range(1, 8):
        params = opt.step(params, as_tensors(entries(seed, dtype)))
    for key, value in params.items():
        assert str(value.dtype) == f"torch.{np.dtype(dtype).name}"
        assert arrays[key].dtype == dtype
        tol = {"rtol": 1e-4, "atol": 1e-6} if dtype is np.float32 else {"rtol": 1e-13, "atol": 1e-15}
        np.testing.assert_allclose(value.numpy(), arrays[key], **tol)


@pytest.mark.parametrize("name", ["Adam", "YellowFin"])
def test_inputs_are_not_written_to_and_order_is_kept(name):
    opt, params, grads = ol.DictOptimizer(ol.OPTIMIZERS[name]), entries(0), entries(1)
    before = copy.deepcopy((params, grads))
    new = opt.step(params, grads)
    np.testing.assert_equal((params, grads), before)
    assert list(new) == list(params)
    turned = opt.step(dict(reversed(new.items())), dict(reversed(entries(2).items())))
    assert list(turned) == list(reversed(new))
    same = ol.DictOptimizer(ol.OPTIMIZERS[name])
    same = [same.step(params, grads), same.step(new, entries(2))][1]
    np.testing.assert_equal(turned, same)


def test_tensors_carry_no_history():
    params = {"w": torch.ones(3, dtype=torch.float64, requires_grad=True)}
    (params["w"] ** 2).sum().backward()
    new = ol.DictOptimizer(ol.GradientDescent(lr=0.25)).step(params, {"w": params["w"].grad})
    assert not new["w"].requires_grad
    assert new["w"].tolist() == [0.5, 0.5, 0.5]
    assert params["w"].requires_grad


def test_floats_are_entries_too():
    for rule in (ol.Momentum(lr=0.1), ol.YellowFin()):
        new = ol.DictOptimizer(rule).step({"a": 1.0, "b": -2.0}, {"a": 1.0, "b": 0.5})
        assert {key: type(value) for key, value in new.items()} == {"a": float, "b": float}


def test_the_gradient_norm_is_that_of_all_entries():
    opt = ol.DictOptimizer(ol.GradientDescent(lr=schedules.ByGradientNorm(1.0, b0=0.0)))
    new = opt.step({"a": np.zeros(1), "b": np.zeros(1)}, {"a": np.array([3.0]), "b": np.array([4.0])})
    assert new["a"] == pytest.approx(-0.6)
    assert new["b"] == pytest.approx(-0.8)


def test_a_schedule_reads_the_loss_once_a_step_for_all_entries():
    opt = ol.DictOptimizer(ol.GradientDescent(lr=schedules.OnPlateau(1.0, patience=1)))
    x, moved = {"a": np.zeros(1), "b": np.zeros(2)}, []
    for _ in range(5):
        new = opt.step(x, {"a": np.ones(1), "b": np.ones(2)}, loss=1.0)
        moved.append([float((x[key] - new[key])[0]) for key in x])
        x = new
    np.testing.assert_allclose(moved, np.array([1, 1, 0.1, 0.1, 0.01])[:, None] * [1, 1])
    with pytest.raises(TypeError, match="loss="):
        opt.reset().step(x, x)


@pytest.mark.parametrize("name", ["Adam", "YellowFin"])
def test_pickle_mid_run_reset_state_and_repr(name):
    rule = ol.OPTIMIZERS[name]()
    opt = ol.DictOptimizer(rule)
    unbroken = run(ol.DictOptimizer(rule), entries(0))
    params = run(opt, entries(0), range(1, 4))
    assert (opt.t, rule.t) == (3, 0)
    resumed = run(pickle.loads(pickle.dumps(opt)), params, range(4, 8))
    again = run(opt.reset(), entries(0))
    np.testing.assert_equal([resumed, again], [unbroken, unbroken])
    assert repr(opt).startswith(f"DictOptimizer({name}(")
    if name == "Adam":
        assert list(opt.state) == list(SHAPES)
        assert opt.state["W1"]["m"].shape == (4, 3)
    else:
        assert opt.state["v"].shape == (12 + 3 + 1 + 12,)
    assert opt.reset().t == 0
    assert not opt.state


def broken(**changes):
    return {key: value for key, value in {**entries(1), **changes}.items() if value is not None}


BAD_GRADS = {
    "missing": (broken(b1=None), ValueError, "grads lacks 'b1'"),
    "extra": (broken(b9=np.ones(3)), ValueError, "grads also has 'b9'"),
    "shape": (broken(W2=np.ones((3, 2))), ValueError, r"entry 'W2'.*\(3, 2\)"),
    "dtype": (broken(b1=np.ones(3, np.float32)), TypeError, "entry 'b1'.*float32"),
    "integers": (broken(b1=np.ones(3, int)), TypeError, "entry 'b1'.*int64"),
    "nan": (broken(W2=np.full((3, 2, 2), np.nan)), ValueError, "entry 'W2'.*NaN"),
    "text": (broken(W2="zero"), TypeError, "entry 'W2'.*'zero'"),
    "list": ([1.0, 2.0], TypeError, "grads is a list"),
}


@pytest.mark.parametrize("rule", ["Adam", "YellowFin"])
@pytest.mark.parametrize(("grads", "error", "says"), BAD_GRADS.values(), ids=BAD_GRADS)
@pytest.mark.parametrize("steps_before", [0, 2])
def test_refused_and_unchanged(rule, grads, error, says, steps_before):
    opt = ol.DictOptimizer(ol.OPTIMIZERS[rule])
    params = run(opt, entries(0), range(1, 1 + steps_before))
    before = copy.deepcopy(opt.state)
    with pytest.raises(error, match=says):
        opt.step(params, grads)
    assert opt.t == steps_before
    assert pickle.dumps(opt.state) == pickle.dumps(before)
    opt.step(params, entries(1))


@pytest.mark.parametrize("rule", ["Adam", "YellowFin"])
def test_entries_must_stay_the_same(rule):
    opt = ol.DictOptimizer(ol.OPTIMIZERS[rule])
    run(opt, entries(0))
    for wrong, says in ((broken(b1=None), "params lacks 'b1'"), (broken(b1=np.ones(4)), "entry 'b1'.*earlier")):
        with pytest.raises(ValueError, match=says):
            opt.step(wrong, wrong)
    with pytest.raises(ValueError, match="empty"):
        opt.step({}, {})


def test_one_vector_has_one_kind_and_one_setting():
    mixed = {"a": np.ones(2), "b": np.ones(2, np.float32)}
    with pytest.raises(TypeError, match="entry 'b': array of float32, but 'a' is array of float64"):
        ol.DictOptimizer(ol.YellowFin()).step(mixed, mixed)
    with pytest.raises(ValueError, match=r"lr of YellowFin has shape \(2, 1\); it must be a number"):
        ol.DictOptimizer(ol.YellowFin(lr=np.ones((2, 1))))
    assert ol.DictOptimizer(ol.Adam()).step(mixed, mixed)["b"].dtype == np.float32


def test_an_entry_that_is_no_matrix_is_one_of_one_row():
    for b in (np.ones(3), np.ones(()), 1.0):
        opt = ol.DictOptimizer(UnitOfMatrix())
        new = opt.step({"b": b}, {"b": b})["b"]
        wanted = UnitOfMatrix().step(np.reshape(b, (1, -1)), np.reshape(b, (1, -1)))
        np.testing.assert_array_equal(new, wanted.reshape(np.shape(b)))
        assert type(new) is type(b)


@pytest.mark.parametrize("rule", [Unit, UnitOfTensor, UnitOfMatrix])
def test_one_entry_at_a_time_has_neither_the_norm_of_all_nor_arrays_of_settings(rule):
    with pytest.raises(ValueError, match=f"{rule.__name__} has sees={rule.sees!r}, .* the norm of the whole gradient"):
        ol.DictOptimizer(rule(lr=schedules.ByGradientNorm(1.0)))
    with pytest.raises(ValueError, match=rf"lr of {rule.__name__} has shape \(2, 1, 1\); it must be a number"):
        ol.DictOptimizer(rule(lr=np.ones((2, 1, 1))))


@pytest.mark.parametrize("name", [name for name in ol.OPTIMIZERS if name not in GRADIENT_RULES])
def test_rules_that_read_more_are_refused(name):
    with pytest.raises(TypeError, match=f"{name}.*only rules that read nothing but the gradient"):
        ol.DictOptimizer(ol.OPTIMIZERS[name])


@pytest.mark.parametrize("rule", ["Adam", None, int])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(TypeError, match="DictOptimizer: rule=.* must be an optimizer"):
        ol.DictOptimizer(rule)
