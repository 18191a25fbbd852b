"""What torch's tests ask of every optimizer, as functions of an `OptimizerInfo`, each with the name of torch's test.

torch's own (test/test_optim.py of its repository) are not in its wheel.  These check the same, in short.
"""

import copy
import functools
import io

import pytest
import torch
from torch.nn import Parameter
from torch.optim import optimizer
from torch.testing._internal.common_optimizers import OptimizerErrorEnum
from torch_harness import Images, Line, inputs_of, same, with_gradients, with_names

# --- it goes downhill, and equal things give equal numbers ---------------------------------------------------


def goes_right_direction(info, contiguous, schedulers):
    """What has its numbers apart in memory is tried with one schedule: no schedule sees them."""
    for constructors in info.scheduler_inputs[: None if contiguous else 1] if schedulers else [()]:
        for each in info.optim_inputs_func("cpu"):
            line = Line(contiguous)
            opt = info.optim_cls(line.params, **each.kwargs)
            first, last = line.train(opt, 20, [make(opt) for make in constructors])
            assert last < first


def param_group_with_lrscheduler_goes_right_direction(info):
    for constructors in info.scheduler_inputs:
        line = Line()
        opt = info.optim_cls([{"params": [line.weight], "lr": 0.02}, {"params": [line.bias]}], lr=0.01)
        first, last = line.train(opt, 20, [make(opt) for make in constructors], calls=True)
        assert last < first


def tensor_lr(info):
    for kwargs in inputs_of(info):
        lines, rates = (Line(), Line()), (1e-3, torch.tensor(1e-3, dtype=torch.float64))
        opts = [info.optim_cls(line.params, **{**kwargs, "lr": lr}) for line, lr in zip(lines, rates, strict=True)]
        for line, opt in zip(lines, opts, strict=True):
            line.train(opt, 5)
        assert opts[1].param_groups[0]["lr"] is rates[1]
        same(*[line.params for line in lines])


def foreach_matches_forloop(info):
    """Layers freeze and thaw, a step without gradients is none, and one parameter has no axis."""
    for each in info.optim_inputs_func("cpu"):
        ends = []
        for foreach in (False, True):
            torch.manual_seed(1)
            net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sigmoid(), torch.nn.Linear(3, 1)).double()
            scalar = Parameter(torch.ones((), dtype=torch.float64))
            opt = info.optim_cls([*net.parameters(), scalar], **each.kwargs, foreach=foreach)
            for k in range(7):
                opt.zero_grad()
                if k != 2:
                    net[2].requires_grad_(opt.rule.sees == "group" or k not in (3, 4))
                    (net(torch.arange(6.0, dtype=torch.float64).reshape(3, 2) / 10).sum() * scalar).backward()
                opt.step()
            ends.append([*net.parameters(), scalar, *(v for state in opt.state.values() for v in state.values())])
        same(*ends)


def param_groups_weight_decay(info):
    for kwargs in inputs_of(info):
        line = Line()
        groups = {"params": [line.weight], **kwargs}, {"params": [line.bias], **kwargs, "weight_decay": 0.0}
        first, last = line.train(info.optim_cls(groups), 20)
        assert last < first


def param_groups_lr(info):
    for kwargs in inputs_of(info):
        line, still = Line(), Parameter(torch.randn(2))
        before = still.detach().clone()
        opt = info.optim_cls([{"params": line.params, **kwargs}, {"params": [still]}], lr=1e-28)
        first = line.closure(opt)
        for _ in range(20):
            line.closure(opt)
            still.grad = torch.rand_like(still)
            opt.step()
        assert line.closure(opt) < first
        same(still.detach(), before)


def step_is_noop_when_params_have_no_grad(info):
    for kwargs in inputs_of(info):
        params = [torch.randn(2, 3) for _ in range(2)]
        before = copy.deepcopy(params)
        assert info.optim_cls(params, **kwargs).step(lambda: torch.ones(1)) == 1
        same(params, before)


def step_is_noop_for_zero_grads(info):
    for kwargs in inputs_of(info):
        p = Parameter(torch.randn(5, 1))
        before, p.grad = p.detach().clone(), torch.zeros_like(p)
        info.optim_cls([p], **{**kwargs, "weight_decay": 0.0}).step(lambda: torch.ones(1))
        same(p.detach(), before)


def non_empty_state(info):
    for kwargs in inputs_of(info):
        params = with_gradients()
        opt = info.optim_cls(params, **kwargs)
        opt.step()
        assert all(len(opt.state[p]) > 0 for p in params)


# --- states ------------------------------------------------------------------------------------------------------


def without_names(saved):
    return saved["state"], [{k: v for k, v in group.items() if k != "param_names"} for group in saved["param_groups"]]


def state_dict_deterministic(info, named, named_again):
    for kwargs in inputs_of(info)[: 1 if named or named_again else None]:
        line = Line(shape=(2, 3))
        opt = info.optim_cls(with_names(line.params, named), **kwargs)
        line.train(opt, 10)
        twin = copy.deepcopy(line)
        again = info.optim_cls(with_names(twin.params, named_again), **kwargs)
        again.load_state_dict(copy.deepcopy(opt.state_dict()))
        line.train(opt, 10)
        twin.train(again, 10)
        same(line.params, twin.params)
        same(without_names(opt.state_dict()), without_names(again.state_dict()))
        again.param_groups.extend(again.param_groups)  # repeated parameters look the same in a state
        last = [without_names(each.state_dict())[1][-1] for each in (opt, again)]
        same(*last)


def can_load_older_state_dict(info):
    for kwargs in inputs_of(info):
        images = Images()
        opt = info.optim_cls(images.params(False), **kwargs)
        images.train(opt, 3)
        saved = copy.deepcopy(opt.state_dict())
        for group in saved["param_groups"]:
            for flag in info.not_og_supported_flags:
                group.pop(flag, None)
        opt.load_state_dict(saved)
        images.train(opt, 1)


def can_load_from_to_named_state_dict(info, named, named_again):
    for kwargs in inputs_of(info)[: 1 if named or named_again else None]:
        images = Images()
        opt = info.optim_cls(images.params(named), **kwargs)
        images.train(opt, 3)
        again = info.optim_cls(images.params(named_again), **kwargs)
        again.load_state_dict(copy.deepcopy(opt.state_dict()))
        images.train(again, 1)
        names = again.state_dict()["param_groups"][0].get("param_names")
        assert names == ([name for name, _ in images.params(True)] if named or named_again else None)


def save_load_equality_with_weights_only(info, named):
    for kwargs in inputs_of(info):
        line, file = Line(shape=(2, 3)), io.BytesIO()
        opt = info.optim_cls(with_names(line.params, named), **kwargs)
        line.train(opt, 3, calls=True)
        torch.save(opt.state_dict(), file)
        for weights_only in (False, True):
            file.seek(0)
            same(torch.load(file, weights_only=weights_only), opt.state_dict())


def load_nontensor_step(info):
    """The number of steps may be a tensor or a number."""
    for as_step in (float, int, torch.tensor):
        for kwargs in inputs_of(info):
            opts = [info.optim_cls(with_gradients(), **kwargs) for _ in range(2)]
            opts[0].step()
            saved = copy.deepcopy(opts[0].state_dict())
            for state in saved["state"].values():
                state["t"] = as_step(state["t"])
            opts[1].load_state_dict(saved)
            opts[1].step()
            assert {state["t"] for state in opts[1].state.values()} == {2}


def deepcopy_copies_all_public_attrs(info):
    for kwargs in inputs_of(info):
        opt = info.optim_cls(with_gradients(), **kwargs)
        opt.step()
        public = [{name for name in vars(each) if name[0] != "_"} for each in (opt, copy.deepcopy(opt))]
        assert public[0] == public[1]


# --- hooks ---------------------------------------------------------------------------------------------------


def mark_before(opt):
    opt.state["test"] = 1


def mark_after(opt, saved):
    saved["before was first"] = bool(saved["state"].pop("test", False))
    return saved


def state_dict_hook(info, before, after):
    for kwargs in inputs_of(info):
        opt = info.optim_cls([torch.rand(2, 3)], **kwargs)
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


def load_state_dict_pre_hook_and_prepend(info):
    for kwargs in inputs_of(info):
        opt = info.optim_cls([torch.rand(2, 3)], **kwargs)
        opt.register_load_state_dict_pre_hook(rate_in_place)
        opt.load_state_dict(opt.state_dict())
        assert opt.param_groups[0]["lr"] == 0.002
        opt.register_load_state_dict_pre_hook(rate_in_a_copy, prepend=True)
        opt.load_state_dict(opt.state_dict())
        assert opt.param_groups[0]["lr"] == 0.002


def load_state_dict_post_hook(info, before):
    for kwargs in inputs_of(info):
        opt, seen = info.optim_cls([torch.rand(2, 3)], **kwargs), []
        if before:
            opt.register_load_state_dict_pre_hook(rate_in_a_copy)
        opt.register_load_state_dict_post_hook(lambda each, seen=seen: seen.append(each.param_groups[0]["lr"] == 0.003))
        opt.load_state_dict(opt.state_dict())
        assert seen == [before]


def step_hook(info, register):
    for kwargs in inputs_of(info):
        opt, calls = info.optim_cls(with_gradients(), **kwargs), []
        handle = getattr(opt, register)(lambda *args, calls=calls: calls.append(args[0]))
        opt.step()
        opt.step()
        handle.remove()
        opt.step()
        assert [each is opt for each in calls] == [True, True]


def step_all_hooks(info):
    for kwargs in inputs_of(info):
        opt, calls = info.optim_cls(with_gradients(), **kwargs), []
        note = lambda what, calls=calls: lambda *args: calls.append(what)
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


def optim_infos_do_not_specify_global_cliquey_kwargs(info):
    assert not any(
        {"foreach", "fused", "differentiable"} & each.kwargs.keys() for each in info.optim_inputs_func("cpu")
    )


def errors(info):
    for case in info.optim_error_inputs_func("cpu", torch.float32):
        assert case.error_on == OptimizerErrorEnum.CONSTRUCTION_ERROR
        given = case.optimizer_error_input
        expected = pytest.warns if issubclass(case.error_type, Warning) else pytest.raises
        with expected(case.error_type, match=case.error_regex):
            info.optim_cls(given.params, **given.kwargs)


def optimizer_can_be_printed(info):
    for kwargs in inputs_of(info):
        assert info.optim_cls.__name__ in repr(info.optim_cls(with_gradients(), **kwargs))


def bodies():
    """torch's name of a test -> function of an `OptimizerInfo`."""
    flags = (False, True)
    plain = (
        param_group_with_lrscheduler_goes_right_direction, tensor_lr, foreach_matches_forloop,
        param_groups_weight_decay, param_groups_lr, step_is_noop_when_params_have_no_grad, step_is_noop_for_zero_grads,
        non_empty_state, can_load_older_state_dict, load_nontensor_step, deepcopy_copies_all_public_attrs,
        load_state_dict_pre_hook_and_prepend, step_all_hooks, optim_infos_do_not_specify_global_cliquey_kwargs, errors,
        optimizer_can_be_printed,
    )  # fmt: skip
    result = {each.__name__: each for each in plain}
    for a in flags:
        for b in flags:
            result[f"forloop_goes_right_direction-{a}-{b}"] = functools.partial(
                goes_right_direction, contiguous=a, schedulers=b
            )
            for each in (state_dict_deterministic, can_load_from_to_named_state_dict):
                result[f"{each.__name__}-{a}-{b}"] = functools.partial(each, named=a, named_again=b)
        result[f"save_load_equality_with_weights_only-{a}"] = functools.partial(
            save_load_equality_with_weights_only, named=a
        )
    for name, before, after in (("pre", True, False), ("post", False, True), ("pre_post", True, True)):
        result[f"state_dict_{name}_hook"] = functools.partial(state_dict_hook, before=before, after=after)
    for name in ("pre", "post"):
        result[f"step_{name}_hook"] = functools.partial(step_hook, register=f"register_step_{name}_hook")
    for name, before in (("post", False), ("pre_post", True)):
        result[f"load_state_dict_{name}_hook"] = functools.partial(load_state_dict_post_hook, before=before)
    return result
