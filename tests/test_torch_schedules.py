"""Schedules of the course in `TorchOptimizer`, and groups that move with theirs."""

import copy
import pickle

import numpy as np
import pytest
import torch
from test_torch_groups import run, set_later, weights
from torch.optim import lr_scheduler, swa_utils

import optlib as ol
from optlib.torch_driver import TorchOptimizer

Cosine = ol.schedules.Cosine


def test_the_group_shows_the_present_value_of_a_schedule():
    rates = []
    optimizer = TorchOptimizer(weights(), ol.AdamW(lr=Cosine(0.1, steps=4)))
    assert optimizer.param_groups[0]["lr"] == 0.1
    for _ in range(5):
        one_step(optimizer)
        rates.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, [Cosine(0.1, steps=4)(t) for t in (1, 2, 3, 4, 5)])
    assert swa_utils.SWALR(optimizer, 0.1).get_last_lr() == [0.0]


WAYS = {  # to give a rate
    "rule": lambda p, lr: TorchOptimizer(p, ol.Adam(lr=lr)), "by name": lambda p, lr: TorchOptimizer(p, ol.Adam, lr=lr),
    "group": lambda p, lr: TorchOptimizer([{"params": p, "lr": lr}], ol.Adam),
    "later": lambda p, lr: set_later(TorchOptimizer(p, ol.Adam), "lr", lr),
}  # fmt: skip


@pytest.mark.parametrize("where", WAYS)
def test_a_schedule_goes_on_after_a_checkpoint(where):
    make = lambda params: WAYS[where](params, ol.schedules.Exponential(0.1, 0.5))

    def reload(optimizer):
        saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
        assert isinstance(saved["param_groups"][0]["lr"], float)
        optimizer.load_state_dict(saved)

    wanted = run(lambda p: torch.optim.Adam(p, lr=0.1), after=halve_rate)
    torch.testing.assert_close(run(make), wanted, rtol=1e-9, atol=1e-12)
    assert torch.equal(run(make, after=reload), run(make))


def halve_rate(optimizer):
    optimizer.param_groups[0]["lr"] *= 0.5


def test_a_pickled_optimizer_goes_on_with_its_schedules():
    params = weights([1.0], [2.0])
    optimizer = TorchOptimizer([{"params": params[:1], "lr": Cosine(0.1, steps=9)}, {"params": params[1:]}], ol.Adam)
    one_step(optimizer)
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        reference = copy.deepcopy(optimizer)
        for each in (twin, reference):
            one_step(each)
        for group, other in zip(twin.param_groups, reference.param_groups, strict=True):
            assert torch.equal(*group["params"], *other["params"])
            assert group["lr"] == other["lr"]


def one_step(optimizer):
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = torch.ones_like(p)
    optimizer.step()


@pytest.mark.parametrize("write", [
    lambda optimizer: set_later(optimizer, "lr", 0.05), lambda optimizer: lr_scheduler.StepLR(optimizer, 1, 0.5).step(),
], ids=["by hand", "StepLR"])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_two_masters_of_one_rate_are_refused(write):
    optimizer = TorchOptimizer(weights(), ol.Adam(lr=Cosine(0.1, steps=9)))
    write(optimizer)
    with pytest.raises(ValueError, match=r"lr follows Cosine\(.*\), and 0.05 was written into its parameter group"):
        one_step(optimizer)


@pytest.mark.parametrize("value", [ol.schedules.OnPlateau(0.1), np.ones(3), torch.ones(2), Cosine(np.ones(2), 5)])
def test_arrays_and_schedules_of_the_loss_are_refused_everywhere(value):
    match = "reads the loss|must be one number or a schedule"
    for make in WAYS.values():
        with pytest.raises(ValueError, match=match):
            run(lambda p, make=make: make(p, value), steps=1)


@pytest.mark.parametrize("schedule", [Cosine(0.5, steps=8), lambda t: 0.5 / (1 + t)], ids=["Cosine", "function"])
def test_a_schedule_counts_the_steps_of_the_group_also_where_a_parameter_joins_late(schedule):
    """As torch's schedulers do: what has been frozen does not begin with the first rate."""
    params = weights([1.0], [2.0])
    optimizer = TorchOptimizer(params, ol.GradientDescent(lr=schedule))
    for k in range(6):
        before = params[1].item()
        params[0].grad, params[1].grad = torch.ones(1).double(), torch.ones(1).double() if k > 2 else None
        optimizer.step()
        assert before - params[1].item() == pytest.approx(schedule(k) if k > 2 else 0.0)


def test_a_rate_that_ends_at_zero_may_end_below_it_by_rounding():
    ends = []
    for make in (lambda p: TorchOptimizer(p, ol.Adam(lr=0.1)), lambda p: torch.optim.Adam(p, lr=0.1)):
        params = weights([1.0])
        optimizer = make(params)
        scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 0.0, 10)
        for _ in range(12):
            one_step(optimizer)
            scheduler.step()
        assert optimizer.param_groups[0]["lr"] < 0
        ends.append(params[0].item())
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_a_schedule_belongs_to_its_group_wherever_the_group_stands():
    a, b = weights([0.0], [0.0])
    optimizer = TorchOptimizer([{"params": [a]}, {"params": [b], "lr": 0.25}], ol.GradientDescent(lr=Cosine(0.5, 4)))
    optimizer.param_groups.reverse()
    one_step(optimizer)
    one_step(optimizer)
    assert [a.item(), b.item()] == pytest.approx([-0.5 - Cosine(0.5, 4)(1), -0.5])
    del optimizer.param_groups[0]
    one_step(optimizer)
    assert [a.item(), b.item()] == pytest.approx([-sum(map(Cosine(0.5, 4), range(3))), -0.5])


def test_a_group_may_come_from_elsewhere():
    a, b, c = weights([0.0], [0.0], [0.0])
    optimizer, other = (TorchOptimizer([p], ol.GradientDescent(lr=lr)) for p, lr in ((a, 0.25), (b, 0.5)))
    optimizer.param_groups += [*other.param_groups, {"params": [c], "lr": 1.0}]
    one_step(optimizer)
    assert [a.item(), b.item(), c.item()] == [-0.25, -0.5, -1.0]
    copied = copy.copy(optimizer.param_groups[0])
    copied.update(params=[c], lr=2.0)
    optimizer.param_groups[2] = copied
    one_step(optimizer)
    assert [a.item(), b.item(), c.item()] == [-0.5, -1.0, -3.0]
    optimizer.param_groups.append({"params": [c], "lr": 1.0, "weight_decya": 0.5})
    with pytest.raises(ValueError, match="weight_decya=0.5 has no effect"):
        optimizer.step()
