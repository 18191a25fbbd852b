"""States that `TorchOptimizer` loads: its own, torch's of the same rule, and none of another."""

import copy
import functools
import warnings

import pytest
import torch

import optlib as ol
from optlib.torch_driver import TorchOptimizer, checkpoint

RULES = [cls for cls in ol.OPTIMIZERS.values() if cls.reads == ("gradient",)]
named = {"ids": lambda cls: cls.__name__}
SHAPES = (3,), (4, 2), ()

# Rule -> our hyper-parameters, and the same optimizer of torch.
PEERS = {
    "GradientDescent": ({"lr": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    "Momentum": ({"lr": 0.1, "beta": 0.7}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.7)),
    "Nesterov": ({"lr": 0.1, "beta": 0.7}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.7, nesterov=True)),
    "AdaGrad": ({"lr": 0.1}, lambda p: torch.optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.5)),
    "RMSProp": ({"beta2": 0.9, "centered": True}, lambda p: torch.optim.RMSprop(p, alpha=0.9, centered=True)),
    "AdaDelta": ({"rho": 0.8}, lambda p: torch.optim.Adadelta(p, rho=0.8)),
    "Adam": ({"lr": 0.1, "beta1": 0.5}, lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.999))),
    "AdaMax": ({"beta2": 0.9}, lambda p: torch.optim.Adamax(p, betas=(0.9, 0.9))),
    "Nadam": ({"psi": 0.1}, lambda p: torch.optim.NAdam(p, momentum_decay=0.1)),
    "AdamW": ({"weight_decay": 0.2}, lambda p: torch.optim.AdamW(p, weight_decay=0.2)),
    "AMSGrad": ({"lr": 0.1}, lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True)),
    "RAdam": ({"lr": 0.1}, lambda p: torch.optim.RAdam(p, lr=0.1)),
    "ASGD": ({"alpha": 0.5, "t0": 2}, lambda p: torch.optim.ASGD(p, alpha=0.5, t0=2)),
}


def weights(shapes=SHAPES):
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64)) for shape in shapes]


def train(optimizer, first, last):
    for k in range(first, last):
        generator = torch.Generator().manual_seed(k)
        for p in optimizer.param_groups[0]["params"]:
            p.grad = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        optimizer.step()
    return [p.detach().clone() for p in optimizer.param_groups[0]["params"]]


def followed(optimizer, other, first, last):
    """Both trained on, from the weights of the second."""
    for p, q in zip(optimizer.param_groups[0]["params"], other.param_groups[0]["params"], strict=True):
        p.data.copy_(q.data)
    return train(optimizer, first, last), train(other, first, last)


def test_the_peers_are_those_that_are_translated():
    assert PEERS.keys() == checkpoint.PEERS.keys()


@pytest.mark.parametrize("name", PEERS)
def test_a_training_of_torch_changes_over(name, float64_by_default):
    hypers, make = PEERS[name]
    theirs = make(weights())
    train(theirs, 0, 7)
    ours = TorchOptimizer(weights(), ol.OPTIMIZERS[name])  # the state brings the hyper-parameters
    ours.load_state_dict(theirs.state_dict())
    assert hypers.items() <= dict(ours.param_groups[0]).items()
    torch.testing.assert_close(*followed(ours, theirs, 7, 20), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", sorted(PEERS.keys() - {"AdaGrad"}))
def test_a_training_goes_the_way_of_torch_from_the_beginning(name, float64_by_default):
    ours, theirs = TorchOptimizer(weights(), ol.OPTIMIZERS[name]), PEERS[name][1](weights())
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(*followed(ours, theirs, 0, 30), rtol=1e-9, atol=1e-12)


def test_what_torch_begins_with_is_refused_where_the_rule_begins_with_zeros():
    theirs = PEERS["AdaGrad"][1](weights())
    refused(TorchOptimizer(weights(), ol.AdaGrad), theirs.state_dict(), "has not begun, and .* other than 0 as G")


@pytest.mark.parametrize("rule", [ol.Adam, ol.AdamW])
def test_decoupled_decay_comes_along(rule):
    """And with AdamW from older versions of torch, whose AdamW does not write that it decouples."""
    theirs = torch.optim.AdamW(weights(), weight_decay=0.3)
    train(theirs, 0, 3)
    ours, saved = TorchOptimizer(weights(), rule), theirs.state_dict()
    if rule is ol.AdamW:
        del saved["param_groups"][0]["decoupled_weight_decay"]
    ours.load_state_dict(saved)
    torch.testing.assert_close(*followed(ours, theirs, 3, 6), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "make", "what"), [
    ("Adam", lambda p: torch.optim.Adam(p, amsgrad=True), "amsgrad=True"),
    ("AMSGrad", torch.optim.Adam, "amsgrad=False"),
    ("Adam", lambda p: torch.optim.Adam(p, weight_decay=0.1), "adds weight_decay=0.1 times x to the gradient"),
    ("Adam", lambda p: torch.optim.Adam(p, maximize=True), "maximize=True"),
    ("Momentum", lambda p: torch.optim.SGD(p, momentum=0.9, dampening=0.5), "dampening=0.5"),
    ("Momentum", lambda p: torch.optim.SGD(p, momentum=0.9, nesterov=True), "nesterov=True"),
    ("GradientDescent", lambda p: torch.optim.SGD(p, momentum=0.9), "momentum=0.9"),
    ("RMSProp", lambda p: torch.optim.RMSprop(p, momentum=0.9), "momentum=0.9"),
    ("AdaGrad", lambda p: torch.optim.Adagrad(p, lr_decay=0.1), "lr_decay=0.1"),
    ("Adam", lambda p: torch.optim.SGD(p, momentum=0.9), "momentum=0.9"),
    ("Momentum", torch.optim.Adam, "remembers exp_avg, exp_avg_sq, step"),
    ("QHAdam", torch.optim.Adam, "none of them is this rule"),
    ("RAdam", torch.optim.Adam, "of torch with the switch amsgrad"),
    ("RAdam", torch.optim.AdamW, "of torch with the switch amsgrad"),
    ("Adam", torch.optim.RAdam, "of torch without the switch amsgrad"),
    ("AdamW", torch.optim.RAdam, "of torch without the switch amsgrad"),
])  # fmt: skip
def test_another_rule_of_torch_is_refused(name, make, what):
    theirs, ours = make(weights()), TorchOptimizer(weights(), ol.OPTIMIZERS[name])
    train(theirs, 0, 2)
    refused(ours, theirs.state_dict(), what)


def refused(optimizer, state, what):
    """One sentence, and nothing of the optimizer has changed."""
    if not optimizer.state:
        train(optimizer, 0, 2)
    before = content(optimizer)
    with pytest.raises(ValueError, match=what) as caught:
        optimizer.load_state_dict(state)
    assert "\n" not in str(caught.value)
    assert content(optimizer) == before


def content(optimizer):
    """What a state dict holds, as lists and numbers."""
    saved = optimizer.state_dict()
    states = [{name: (torch.is_tensor(v), torch.as_tensor(v).tolist()) for name, v in state.items()}
              for state in saved["state"].values()]  # fmt: skip
    return states, [dict(group) for group in saved["param_groups"]]


@functools.cache
def state_of(cls):
    """A state after two steps, and what tells it from others: a rule that adds hyper-parameters may read it."""
    optimizer = TorchOptimizer(weights(), cls)
    train(optimizer, 0, 2)
    saved = optimizer.state_dict()
    return saved, sorted({name.partition(".")[0] for state in saved["state"].values() for name in state})


@pytest.mark.parametrize("cls", RULES, **named)
def test_states_of_other_rules_are_refused(cls):
    """By the name that is saved with them; without it, by what they hold, wherever that differs."""
    ours = TorchOptimizer(weights(), cls)
    for other in RULES:
        saved, remembers = state_of(other)
        if other is cls:
            continue
        refused(ours, saved, f"was saved by a rule named {other.__name__}")
        if remembers != state_of(cls)[1]:  # no name is in checkpoints of earlier versions, and in sharded ones
            refused(ours, {k: v for k, v in saved.items() if k != "rule"}, "holds|has other hyper-parameters")


def test_shapes_are_checked():
    theirs = TorchOptimizer(weights(((2, 3),)), ol.Momentum)
    train(theirs, 0, 2)
    ours = TorchOptimizer(weights(((3, 2),)), ol.Momentum)
    refused(ours, theirs.state_dict(), r"holds v of shape \(2, 3\) for a parameter of shape \(3, 2\)")


def test_hooks_come_before_the_check_and_after_the_loading():
    """A hook before may make of another's state one of this rule's; one after it sees what is stepped."""
    theirs = TorchOptimizer(weights(), ol.AggMo)
    train(theirs, 0, 2)
    saved = theirs.state_dict()
    del saved["rule"]
    optimizer, seen = TorchOptimizer(weights(), ol.Momentum), []

    def last_velocity(_, state):
        states = {number: {"t": each["t"], "v": each["v.2"]} for number, each in state["state"].items()}
        groups = [{"params": group["params"], "lr": group["lr"]} for group in state["param_groups"]]
        return {"state": states, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(last_velocity)
    optimizer.register_load_state_dict_post_hook(lambda each: seen.append(type(each.param_groups[0]).__name__))
    for _ in range(2):
        optimizer.load_state_dict(saved)
    assert seen == ["Group", "Group"]
    p = optimizer.param_groups[0]["params"][0]
    assert torch.equal(optimizer.state[p]["v"], saved["state"][0]["v.2"])


@pytest.mark.parametrize(("cls", "compiled"), [
    (cls, each) for cls in RULES for each in (False, True) if not each or cls.sees not in ("matrix", "group")
])  # fmt: skip
def test_a_state_dict_that_is_held_is_of_one_step(cls, compiled, monkeypatch):
    """Tensors that are joined, single and cut into pieces: as in torch, all of them are those of the last step."""
    monkeypatch.setattr("optlib.torch_driver.stepping.SMALL", 4)
    monkeypatch.setattr("optlib.torch_driver.stepping.PIECE", 8)
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    optimizer = TorchOptimizer(weights(((2,), (3,), (3, 3), (30,))), cls, compile=compiled)
    train(optimizer, 0, 2)
    held = optimizer.state_dict()["state"]
    train(optimizer, 2, 5)
    assert repr(held) == repr(optimizer.state_dict()["state"])
    assert {state["t"] for state in held.values()} == {5}


def test_older_checkpoints_load():
    """Tuples under one name, no name of a rule, and no lr where it is a schedule."""
    optimizer = TorchOptimizer(weights(), ol.AggMo(lr=ol.schedules.Constant(0.1)))
    train(optimizer, 0, 4)
    saved = copy.deepcopy(optimizer.state_dict())
    del saved["rule"], saved["param_groups"][0]["lr"]
    for state in saved["state"].values():
        state["v"] = tuple(state.pop(f"v.{i}") for i in range(3))
    twin = TorchOptimizer(weights(), ol.AggMo(lr=ol.schedules.Constant(0.1)))
    twin.load_state_dict(saved)
    assert all(map(torch.equal, *followed(twin, optimizer, 4, 8)))


@pytest.mark.parametrize("cls", RULES, **named)
def test_the_state_of_a_fresh_optimizer_can_be_had_for_a_sharded_checkpoint(cls):
    from torch.distributed.checkpoint import state_dict as sharded

    net = torch.nn.Linear(2, 3)
    for rule in (cls(), cls(lr=ol.schedules.Cosine(0.1, steps=9))):
        optimizer, before = TorchOptimizer(net.parameters(), rule), copy.deepcopy(net.state_dict())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own
            saved = sharded.get_optimizer_state_dict(net, optimizer)
            sharded.set_optimizer_state_dict(net, optimizer, saved)
        torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)
        net(torch.ones(4, 2)).sum().backward()
        optimizer.step()
        net.zero_grad()
        assert not torch.equal(net.weight, before["weight"])
