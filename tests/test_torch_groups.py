"""Parameter groups of `TorchOptimizer`: names of torch and of libraries, schedulers, weight decay, half precision."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler, swa_utils
from vision_cases import Fixed

import optlib as ol
from optlib.torch_driver import TorchOptimizer, groups

RULES = [cls for cls in ol.OPTIMIZERS.values() if cls.reads == ("gradient",)]
NUMBERS = [cls for cls in RULES if cls.sees == "number"]
named = {"ids": lambda cls: cls.__name__}
Cosine = ol.schedules.Cosine


def weights(*values, dtype=torch.float64):
    return [torch.nn.Parameter(torch.tensor(value, dtype=dtype)) for value in values or ([1.0, -2.0],)]


def run(make, steps=6, dtype=torch.float64, after=lambda optimizer: None):
    """Where two weights are after steps whose gradients change sign and size."""
    params = weights([1.0, -2.0], [0.5], dtype=dtype)
    optimizer = make(params)
    for k in range(steps):
        for p in params:
            p.grad = (torch.arange(1, len(p) + 1) * (-1) ** k / (1 + k)).to(dtype)
        optimizer.step()
        after(optimizer)
    return torch.cat([p.detach() for p in params])


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [cls for cls in RULES if {"beta1", "beta2"} <= cls.hypers.keys()], **named)
def test_betas_are_beta1_and_beta2(cls):
    wanted = run(lambda p: TorchOptimizer(p, cls(beta1=0.5, beta2=0.25)))
    in_group = run(lambda p: TorchOptimizer([{"params": p, "betas": (0.5, 0.25)}], cls))
    by_name = run(lambda p: TorchOptimizer(p, cls, betas=[0.5, 0.25]))
    later = run(lambda p: set_later(TorchOptimizer(p, cls), "betas", (0.5, 0.25)))
    for end in (in_group, by_name, later):
        assert torch.equal(end, wanted)
    assert not torch.equal(wanted, run(lambda p: TorchOptimizer(p, cls)))


@pytest.mark.parametrize("way", ["item", "update", "setdefault"])
def test_names_of_torch_can_be_written_in_each_way(way):
    optimizer = TorchOptimizer(weights(), ol.Momentum)
    (group,) = optimizer.param_groups
    if way == "item":
        group["momentum"] = 0.25
    else:
        getattr(group, way)(*[{"momentum": 0.25}] if way == "update" else ["momentum", 0.25])
        optimizer.param_groups[0]["params"][0].grad = torch.ones(2, dtype=torch.float64)
        optimizer.step()
    assert optimizer.param_groups[0]["beta"] == 0.25
    assert "momentum" not in list(optimizer.param_groups[0])


def set_later(optimizer, name, value):
    for group in optimizer.param_groups:
        group[name] = value
    return optimizer


def test_a_group_answers_to_torchs_names():
    optimizer = TorchOptimizer(weights(), ol.Adam(beta1=0.5))
    (group,) = optimizer.param_groups
    assert {"betas", "momentum"} == groups.ALIASES.keys()
    for names in (group, optimizer.defaults):
        assert "betas" in names
        assert "momentum" not in names
    assert group["betas"] == group.get("betas") == (0.5, 0.999)
    assert group.get("momentum", 7) == 7
    with pytest.raises(KeyError):
        group["momentum"]
    for twin in (copy.deepcopy(group), pickle.loads(pickle.dumps(group))):
        assert twin["betas"] == (0.5, 0.999)
    with pytest.raises(ValueError, match=r"betas=\(0.5,\) must be 2 numbers: beta1, beta2"):
        group["betas"] = (0.5,)


@pytest.mark.parametrize("key", [
    {"weight_decya": 0.5}, {"momentum": 0.3}, {"beta3": 0.3}, {"alpha": 0.9}, {"maximize": True}, {"differentiable": 1},
], ids=str)  # fmt: skip
def test_what_has_no_effect_is_refused_wherever_it_is_written(key):
    ((name, value),) = key.items()
    match = f"TorchOptimizer: {name}={value!r} (has no effect on Adam; |must be False)"
    with pytest.raises(ValueError, match=match):
        TorchOptimizer([{"params": weights(), **key}], ol.Adam)
    with pytest.raises(ValueError, match=match):
        TorchOptimizer(weights(), ol.Adam, **key)
    with pytest.raises(ValueError, match=match):
        run(lambda p: set_later(TorchOptimizer(p, ol.Adam), name, value))
    optimizer = TorchOptimizer(weights(), ol.Adam)
    with pytest.raises(ValueError, match=match):
        optimizer.add_param_group({"params": weights(), **key})
    assert len(optimizer.param_groups) == 1


def test_a_number_is_given_once():
    for make in (
        lambda: TorchOptimizer(weights(), ol.Adam, betas=(0.8, 0.9), beta2=0.5),
        lambda: TorchOptimizer([{"params": weights(), "betas": (0.8, 0.9), "beta2": 0.5}], ol.Adam),
        lambda: TorchOptimizer([{"params": weights(), "betas": (0.8, 0.9), "beta2": 0.5, "rule": ol.Adam}], ol.Lion),
    ):
        with pytest.raises(TypeError, match=r"betas=\(0.8, 0.9\) and beta2=0.5 give the same number twice"):
            make()
    (group,) = TorchOptimizer([{"params": weights(), "betas": (0.8, 0.9)}], ol.Adam, beta2=0.5).param_groups
    assert group["betas"] == (0.8, 0.9)  # a group's own come before those of all


def test_the_hint_names_the_nearest_or_all():
    with pytest.raises(ValueError, match="did you mean 'weight_decay'"):
        TorchOptimizer(weights(), ol.Momentum, weight_decey=1.0)
    with pytest.raises(ValueError, match="a group may have lr, beta, weight_decay"):
        TorchOptimizer(weights(), ol.Momentum, xyz=1.0)


def test_what_schedulers_and_libraries_write_passes():
    extra = {"initial_lr": 0.1, "lr_scale": 0.5, "name": "head", "maximize": False, "tags": ["a", "b"],
             "foreach": True, "fused": False, "capturable": True}  # fmt: skip
    group = {"params": weights(), **extra}
    assert extra.items() <= TorchOptimizer([group], ol.Adam).param_groups[0].items()


@pytest.mark.parametrize("cls", RULES, **named)
def test_hyperparameters_by_name_are_those_of_the_rule(cls):
    given = {name: value for name, value in cls().settings().items() if name == "lr"} | {"lr": 0.03125}
    assert torch.equal(run(lambda p: TorchOptimizer(p, cls, **given)), run(lambda p: TorchOptimizer(p, cls(**given))))
    rule = cls()
    assert TorchOptimizer(weights(), rule, **given).rule.lr == 0.03125
    assert rule.lr != 0.03125, "the rule is copied, not changed"


# --- numbers that are tensors, or 0 --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [torch.tensor, np.array, lambda v: torch.tensor([v]), np.float64])
@pytest.mark.parametrize("name", ["lr", "beta1"])
def test_a_number_may_be_a_tensor_that_changes_in_place(kind, name):
    value = kind(0.5)

    def halve(optimizer):
        if isinstance(value, np.float64):
            optimizer.param_groups[0][name] *= 0.5
        else:
            optimizer.param_groups[0][name][...] *= 0.5
            assert optimizer.param_groups[0][name] is value

    def halve_number(optimizer):
        optimizer.param_groups[0][name] *= 0.5

    ours = run(lambda p: TorchOptimizer([{"params": p, name: value}], ol.Adam), after=halve)
    assert torch.equal(ours, run(lambda p: TorchOptimizer(p, ol.Adam(**{name: 0.5})), after=halve_number))


@pytest.mark.parametrize("cls", RULES, **named)
def test_a_rate_of_0_makes_no_step_and_no_nan(cls):
    start = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    assert torch.equal(run(lambda p: TorchOptimizer(p, cls, lr=0)), start)
    assert torch.equal(run(lambda p: TorchOptimizer([{"params": p, "lr": torch.tensor(0.0)}], cls())), start)
    warm = lambda p: lr_scheduler.LambdaLR(TorchOptimizer(p, cls(lr=0.1)), lambda k: min(1.0, k / 3))
    end = run(lambda p: Stepped(warm(p)), steps=5)
    assert end.isfinite().all()
    assert not torch.equal(end, start)


class Stepped:
    """An optimizer whose scheduler is stepped with it."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    def step(self):
        self.scheduler.optimizer.step()
        self.scheduler.step()


@pytest.mark.parametrize("value", [-1.0, float("nan"), False, "0.1", None])
def test_a_rate_that_is_none_is_refused(value):
    with pytest.raises((TypeError, ValueError), match="lr="):
        TorchOptimizer([{"params": weights(), "lr": value}], ol.Adam)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("make", [
    lambda o: lr_scheduler.CosineAnnealingLR(o, 3), lambda o: lr_scheduler.PolynomialLR(o, 3),
    lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, 3), lambda o: lr_scheduler.StepLR(o, 2, 0.5),
    lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=9), lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 2),
    lambda o: swa_utils.SWALR(o, 0.05, 2),
    lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.5)], [2]),
])  # fmt: skip
@pytest.mark.parametrize("peer", ["Momentum", "Adam"])
def test_schedulers_of_torch_do_to_a_rule_what_they_do_to_torchs(make, peer):
    ours = lambda p: TorchOptimizer(p, ol.OPTIMIZERS[peer](lr=0.1))
    theirs = {
        "Momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), "Adam": lambda p: torch.optim.Adam(p, lr=0.1),
    }[peer]  # fmt: skip
    one, other = (run(lambda p, who=who: Stepped(make(who(p))), steps=8) for who in (ours, theirs))
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


# --- weight decay --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lr", [0.25, Cosine(0.25, steps=6)], ids=["number", "schedule"])
@pytest.mark.parametrize("cls", [cls for cls in NUMBERS if cls is not ol.ScheduleFree], **named)  # which refuses it
def test_weight_decay_is_decoupled_with_any_rule(cls, lr):
    """Each step is that of the rule from (1 - lr weight_decay) x."""
    rule, x = cls(lr=lr), np.array([1.0, -2.0])
    own = "weight_decay" in cls.hypers
    p = weights()
    optimizer = TorchOptimizer([{"params": p, "weight_decay": 0.5}], cls(lr=lr))
    if own:
        rule = cls(lr=lr, weight_decay=0.5)
    for t in range(5):
        g = np.array([1.0, -0.5]) * (-1) ** t
        x = rule.step(x if own else x * (1 - (lr(t) if callable(lr) else lr) * 0.5), g)
        p[0].grad = torch.tensor(g)
        optimizer.step()
        np.testing.assert_allclose(p[0].detach().numpy(), x, rtol=1e-12)


@pytest.mark.parametrize("bad", [{"lr": -1.0}, {"weight_decay": -1.0}, {"weight_decya": 1.0}], ids=str)
def test_no_group_is_stepped_where_one_is_refused(bad):
    a, b = weights([1.0], [2.0])
    optimizer = TorchOptimizer([{"params": [a]}, {"params": [b]}], ol.Momentum)
    set_gradients([a, b])
    optimizer.param_groups[1].update(bad)
    with pytest.raises(ValueError, match="lr=|weight_dec"):
        optimizer.step()
    assert [a.item(), b.item()] == [1.0, 2.0]
    assert not optimizer.state


SWITCHED = [(cls, name, not about.default if type(about.default) is bool else about.default[:1])
            for cls in RULES for name, about in cls.hypers.items() if type(about.default) in (bool, tuple)]  # fmt: skip


@pytest.mark.parametrize(("cls", "name", "value"), SWITCHED, ids=[f"{c.__name__}-{n}" for c, n, _ in SWITCHED])
def test_what_a_state_is_made_for_stays_after_the_first_step(cls, name, value):
    p = torch.nn.Parameter(torch.ones(3))
    optimizer = TorchOptimizer([p], cls)
    optimizer.param_groups[0][name] = value  # before it, anything goes
    for _ in range(2):
        p.grad = torch.ones(3)
        optimizer.step()
    kept = optimizer.state_dict()
    optimizer.param_groups[0][name] = cls.hypers[name].default
    before = p.detach().clone()
    with pytest.raises(ValueError, match=f"of {name} is another one than at the first step.*make a new optimizer"):
        optimizer.step()
    assert torch.equal(p, before)
    optimizer.load_state_dict(kept)
    optimizer.step()
    assert not torch.equal(p, before)


@pytest.mark.parametrize("order", [[2, 1, 0], [0, 2, 1]], ids=str)
def test_the_order_of_tensors_stays_where_a_rule_sees_their_group(order):
    params = [torch.nn.Parameter(torch.ones(n)) for n in (2, 3, 4)]
    optimizer = TorchOptimizer(params, ol.YellowFin)
    set_gradients(params)
    optimizer.step()
    for twin in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        set_gradients(twin.param_groups[0]["params"])
        twin.step()
        assert twin.param_groups[0]["params"][2][0] != params[2][0]
    optimizer.param_groups[0]["params"] = [params[i] for i in order]
    with pytest.raises(ValueError, match="order of the parameters is another one than at the first step"):
        optimizer.step()


def test_weight_decay_is_checked():
    for value in (-1.0, float("inf")):
        with pytest.raises(ValueError, match="weight_decay="):
            run(lambda p, value=value: TorchOptimizer(p, ol.Momentum, weight_decay=value))

    with pytest.raises(ValueError, match="weight_decay=0.1 is scaled by lr, and Fixed has no lr"):
        TorchOptimizer(weights(), Fixed, weight_decay=0.1)
    TorchOptimizer(weights(), Fixed, weight_decay=0.0)


# --- half precision ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("piece", [4, 2**17])
@pytest.mark.parametrize("cls", RULES, **named)
def test_half_precision_is_stepped_in_float32(cls, dtype, piece, monkeypatch):
    monkeypatch.setattr("optlib.torch_driver.stepping.PIECE", piece)
    monkeypatch.setattr("optlib.torch_driver.stepping.SMALL", 4)
    half, single = torch.nn.Parameter(torch.ones(20, dtype=dtype)), torch.ones(20)
    tiny = torch.nn.Parameter(torch.ones(2, dtype=dtype))
    rule, optimizer = cls(), TorchOptimizer([half] if cls.sees == "group" else [half, tiny, *weights(dtype=dtype)], cls)
    for k in range(4):
        grad = torch.linspace(-1, 1, 20).to(dtype) * 1e-3 * (k != 2)
        single = rule.step(single, grad.float()).to(dtype).float()
        half.grad, tiny.grad = grad, grad[:2].clone()
        optimizer.step()
        assert torch.equal(half.detach().float(), single)
        assert torch.equal(tiny, half[:2]) or cls.sees != "number"
    for name, value in optimizer.state[half].items():
        assert getattr(value, "dtype", torch.float32) == torch.float32, name
    before = copy.deepcopy(optimizer.state[half])
    optimizer.load_state_dict(optimizer.state_dict())
    torch.testing.assert_close(optimizer.state[half], before, rtol=0, atol=0)


def test_float16_steps_that_are_small_and_gradients_that_are_zero():
    p = torch.nn.Parameter(torch.zeros(1, dtype=torch.float16))
    optimizer = TorchOptimizer([p], ol.Adam(lr=1e-6))
    p.grad = torch.full_like(p, 1e-2)
    optimizer.step()
    assert p.item() == pytest.approx(-1e-6, rel=0.05)
    p.grad = torch.zeros_like(p)
    for _ in range(9):
        optimizer.step()
    assert p.isfinite().all()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("sizes", [(3, 2), (3,), (40, 2)], ids=str)
def test_a_state_is_never_narrower_than_the_steps(sizes, compiled, monkeypatch):
    """torch keeps it in half precision; a network may become float64 between two steps."""
    monkeypatch.setattr("optlib.torch_driver.stepping.PIECE", 4)
    monkeypatch.setattr("optlib.torch_driver.stepping.SMALL", 30)
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    params = [torch.nn.Parameter(torch.ones(size, dtype=torch.float16)) for size in sizes]
    theirs = torch.optim.Adam(params, eps=1e-4)
    set_gradients(params)
    theirs.step()
    ours = TorchOptimizer(params, ol.Adam, compile=compiled)
    ours.load_state_dict(theirs.state_dict())
    for dtype in (torch.float32, torch.float64):
        ours.step()
        assert {ours.state[p][name].dtype for p in params for name in "mv"} == {dtype}
        for p in params:
            p.data, p.grad = p.data.double(), None
        set_gradients(params)


def set_gradients(params):
    for p in params:
        p.grad = torch.full_like(p, 0.1)


def test_a_tensor_that_lies_otherwise_in_the_same_memory_is_stepped_rightly():
    a, b = torch.nn.Parameter(torch.zeros(2, 3)), torch.nn.Parameter(torch.zeros(1))
    optimizer = TorchOptimizer([a, b], ol.GradientDescent(lr=1.0))
    set_gradients([a, b])
    optimizer.step()
    a.data, a.grad = a.data.t(), None
    a.grad, before = torch.arange(6.0).reshape(3, 2), a.detach().clone()
    optimizer.step()
    assert torch.equal(a, before - a.grad)


# --- compiled training steps ---------------------------------------------------------------------------------


def test_a_step_inside_a_compiled_function_is_the_step():
    def steps(compiled):
        params = weights([1.0], [2.0])
        optimizer = TorchOptimizer(params, ol.Adam(lr=ol.schedules.Exponential(0.1, 0.9)))
        step = torch.compile(lambda: optimizer.step(), backend="eager") if compiled else optimizer.step
        for _ in range(5):
            set_gradients(params)
            step()
        torch._dynamo.reset()
        return torch.cat([p.detach() for p in params])

    assert torch.equal(steps(True), steps(False))
