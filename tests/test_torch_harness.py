"""What torch's own tests (test/test_optim.py of its repository, not in its wheel) ask of an optimizer.

Asked of one rule of each kind: of a rule's own numbers these questions see nothing.  Those are compared with the rule
alone, for every rule, in `test_torch_driver`, `test_torch_groups`, `test_torch_checkpoint` and `test_kinds`.  Left out
are sparse gradients, complex numbers, and devices that are not here.
"""

import copy

import pytest
import torch
from torch.nn import Parameter
from torch.optim import lr_scheduler, optimizer
from torch.testing import assert_close as same

import optlib as ol
from optlib.torch_driver import TorchOptimizer

KINDS = ol.Adam, ol.LARS, ol.Muon, ol.YellowFin, ol.LBFGS, ol.ScheduleFree


@pytest.fixture(params=KINDS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def line(contiguous=True):
    """A weight and a bias that are to be small, always the same."""
    generator = torch.Generator().manual_seed(0)
    weight, bias = (torch.randn(*shape, 2, generator=generator) for shape in ((10, 5), (10,)))
    return [Parameter(each[..., 0].contiguous() if contiguous else each[..., 0]) for each in (weight, bias)]


def train(opt, params, steps, scheduler=None):
    """Steps; returns the first loss and the last."""
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = (params[0].mv(torch.linspace(-1, 1, 5)) + params[1]).square().sum()
        loss.backward()
        opt.step()
        losses.append(loss.item())
        if scheduler:
            scheduler.step(*[loss.detach()] * isinstance(scheduler, lr_scheduler.ReduceLROnPlateau))
    return losses[0], losses[-1]


def with_gradients():
    params = [Parameter(torch.randn(2, 3)) for _ in range(2)]
    for p in params:
        p.grad = torch.rand_like(p)
    return params


def named(params, names):
    return [(f"name{i}", p) for i, p in enumerate(params)] if names else params


# --- it goes downhill ----------------------------------------------------------------------------------------


def test_numbers_that_lie_apart_in_memory_are_stepped_alike(cls):
    ends = []
    for contiguous in (True, False):
        ends.append(line(contiguous))
        first, last = train(TorchOptimizer(ends[-1], cls), ends[-1], 20)
        assert last < first
    assert not ends[1][0].is_contiguous()
    same(*ends)


@pytest.mark.parametrize("make", [
    lr_scheduler.ReduceLROnPlateau,
    lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ConstantLR(o, 0.5, 3), lr_scheduler.ExponentialLR(o, 0.9)]),
], ids=["plateau", "chained"])  # fmt: skip
def test_schedulers_move_all_groups(make):
    ours, theirs = line(), line()
    for params, of in ((ours, lambda groups: TorchOptimizer(groups, ol.Adam)), (theirs, torch.optim.Adam)):
        opt = of([{"params": params[:1], "lr": 0.02}, {"params": params[1:], "lr": 0.1}])
        train(opt, params, 30, make(opt))
    same(ours, theirs)


def test_a_step_without_gradients_calls_the_closure_and_moves_nothing(cls):
    params = [torch.randn(2, 3) for _ in range(2)]
    before = copy.deepcopy(params)
    assert TorchOptimizer(params, cls).step(lambda: torch.ones(1)) == 1
    same(params, before)


# --- states --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("names_again", [False, True])
def test_a_state_goes_on_whether_parameters_have_names(cls, names, names_again):
    params = line()
    opt = TorchOptimizer(named(params, names), cls)
    train(opt, params, 5)
    twins = copy.deepcopy(params)
    again = TorchOptimizer(named(twins, names_again), cls)
    again.load_state_dict(copy.deepcopy(opt.state_dict()))
    known = again.state_dict()["param_groups"][0].get("param_names")
    assert known == (["name0", "name1"] if names or names_again else None)
    train(opt, params, 5)
    train(again, twins, 5)
    same(params, twins)
    same(*[each.state_dict()["state"] for each in (opt, again)])


@pytest.mark.parametrize("kind", [float, int, torch.tensor])
def test_the_number_of_steps_may_be_a_tensor_or_a_number(cls, kind):
    opts = [TorchOptimizer(with_gradients(), cls) for _ in range(2)]
    opts[0].step()
    saved = copy.deepcopy(opts[0].state_dict())
    for state in saved["state"].values():
        state["t"] = kind(state["t"])
    opts[1].load_state_dict(saved)
    opts[1].step()
    assert {state["t"] for state in opts[1].state.values()} == {2}


def test_a_copy_has_all_public_attributes_and_can_be_printed(cls):
    opt = TorchOptimizer(with_gradients(), cls)
    opt.step()
    public = [{name for name in vars(each) if name[0] != "_"} for each in (opt, copy.deepcopy(opt))]
    assert public[0] == public[1]
    assert "lr: " in repr(copy.deepcopy(opt))


# --- hooks ---------------------------------------------------------------------------------------------------


def mark_before(opt):
    opt.state["test"] = 1


def mark_after(opt, saved):
    saved["before was first"] = bool(saved["state"].pop("test", False))
    return saved


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True), (True, True)])
def test_hooks_of_state_dict(before, after):
    opt = TorchOptimizer([torch.rand(2, 3)], ol.Adam)
    if before:
        opt.register_state_dict_pre_hook(mark_before)
    if after:
        opt.register_state_dict_post_hook(mark_after)
    saved = opt.state_dict()
    assert ("test" in saved["state"]) is (before and not after)
    assert saved.get("before was first") is (before if after else None)


def rate_in_place(opt, saved):
    saved["param_groups"][0]["lr"] = 0.002


def rate_in_a_copy(opt, saved):
    saved = copy.deepcopy(saved)
    saved["param_groups"][0]["lr"] = 0.003
    return saved


def test_hooks_before_loading_run_in_their_order():
    opt = TorchOptimizer([torch.rand(2, 3)], ol.Adam)
    opt.register_load_state_dict_pre_hook(rate_in_place)
    opt.load_state_dict(opt.state_dict())
    assert opt.param_groups[0]["lr"] == 0.002
    opt.register_load_state_dict_pre_hook(rate_in_a_copy, prepend=True)
    opt.load_state_dict(opt.state_dict())
    assert opt.param_groups[0]["lr"] == 0.002


@pytest.mark.parametrize("before", [False, True])
def test_hooks_after_loading_see_what_was_loaded(before):
    opt, seen = TorchOptimizer([torch.rand(2, 3)], ol.Adam), []
    if before:
        opt.register_load_state_dict_pre_hook(rate_in_a_copy)
    opt.register_load_state_dict_post_hook(lambda each: seen.append(each.param_groups[0]["lr"] == 0.003))
    opt.load_state_dict(opt.state_dict())
    assert seen == [before]


def test_hooks_around_a_step(cls):
    opt, calls = TorchOptimizer(with_gradients(), cls), []
    note = lambda what: lambda *args: calls.append(what)
    handles = [
        optimizer.register_optimizer_step_pre_hook(note(0)), optimizer.register_optimizer_step_post_hook(note(5)),
        opt.register_step_pre_hook(note(1)), opt.register_step_post_hook(note(2)),
    ]  # fmt: skip
    opt.step()
    for handle in handles:
        handle.remove()
    opt.step()
    assert calls == [0, 1, 2, 5]


# --- the rest ------------------------------------------------------------------------------------------------


P, Q = Parameter(torch.ones(1, 1)), Parameter(torch.ones(1, 1))
REFUSED = [
    (P, {}, TypeError, "params argument given to the optimizer should be an iterable of Tensors or dicts"),
    ([{"params": P}, {"params": P}], {}, ValueError, "some parameters appear in more than one parameter group"),
    ([P], {"lr": torch.ones(2)}, ValueError, "Tensor lr must be 1-element"),
    ([P, P], {}, UserWarning, "a parameter group with duplicate parameters"),  # in tests, warnings are errors
    ([("weight", P), Q], {}, ValueError, "all optimizer params should be with/without names. Some param names are"),
    ([{"params": [P]}, {"params": [("weight", Q)]}], {}, ValueError, "all optimizer param groups should be with/with"),
]


@pytest.mark.parametrize(("params", "hypers", "error", "said"), REFUSED, ids=[case[-1][:40] for case in REFUSED])
def test_errors_are_those_of_torch(params, hypers, error, said):
    with pytest.raises(error, match=said):
        TorchOptimizer(params, ol.Adam, **hypers)
