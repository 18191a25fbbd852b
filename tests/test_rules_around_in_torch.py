"""Rules around rules where there are several tensors, and groups that carry more than hyper-parameters."""

import json
import math
import types

import numpy as np
import pytest
import torch
from vision_cases import Tiny, adam, short

import optlib as ol
from optlib import vision
from optlib.torch_driver import TorchOptimizer
from optlib.vision import loop


def parameter(*values):
    p = torch.nn.Parameter(torch.tensor(values, dtype=torch.float64))
    p.grad = torch.ones_like(p)
    return p


MIXED = [ol.ClipNorm(ol.LAMB), ol.SAM(ol.Adafactor), ol.Cautious(ol.YellowFin), ol.EMA(ol.ClipNorm(ol.AdamMini)),
         ol.ClipNorm(ol.Cautious(ol.Adam))]  # fmt: skip


@pytest.mark.parametrize("rule", MIXED, ids=repr)
def test_a_tensor_is_not_taken_for_the_vector_of_its_group(rule):
    """LAMB has one ratio for each tensor; of all of them end to end it would have one."""
    with pytest.raises(TypeError, match="TorchOptimizer: a part of rule=.* sees the 2 tensors of a group as one"):
        TorchOptimizer([parameter(1.0), parameter(2.0)], rule)
    if rule.reads == ("gradient",):
        network, data = ol.networks.MLP([2, 2]), ol.data.Data(np.ones((4, 2)), np.arange(4) % 2)
        with pytest.raises(TypeError, match="train_many: a part of rule="):
            ol.train_many(network, rule, data, seeds=[0], steps=1)
        with pytest.raises(TypeError, match="DictOptimizer: a part of rule=.* no driver hands over both"):
            ol.DictOptimizer(rule).step({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 1.0})


def test_a_tensor_that_joins_a_group_later_is_seen():
    optimizer = TorchOptimizer([parameter(1.0)], MIXED[0])
    optimizer.param_groups[0]["params"].append(parameter(2.0))
    with pytest.raises(TypeError, match="a part of rule="):
        optimizer.step()


def test_one_tensor_is_stepped_by_both_parts():
    whole, clipped = parameter(1.0, 2.0), parameter(1.0, 2.0)
    for p, rule in ((whole, ol.LAMB(lr=0.1)), (clipped, ol.ClipNorm(ol.LAMB(lr=0.1), max_norm=1e9))):
        TorchOptimizer([p], rule).step()
    assert clipped.tolist() == whole.tolist()


def test_decay_around_sam_takes_both_gradients_at_the_point_before_it():
    """f = x^2 / 2, from 2: with rho = 0 the second gradient is the first."""
    gd = ol.GradientDescent(lr=1.0)
    outside = ol.WeightDecay(ol.SAM(gd, rho=0.0), weight_decay=0.5).step(2.0, 2.0, lambda y: y)
    assert outside == ol.SAM(ol.WeightDecay(gd, weight_decay=0.5), rho=0.0).step(2.0, 2.0, lambda y: y) == -1.0
    for rule, more in ((ol.SAM(gd, rho=0.5), {"weight_decay": 0.5}),
                       (ol.WeightDecay(ol.SAM(gd, rho=0.5), weight_decay=0.5), {})):  # fmt: skip
        p = parameter(2.0)

        def closure(p=p):
            p.grad = p.detach().clone()
            return 0.0

        TorchOptimizer([p], rule, **more).step(closure)
        assert p.item() == pytest.approx(0.5 * 2.0 - 2.5)  # the gradient at 2 + rho


def test_decay_takes_no_other_function_for_a_gradient():
    class Search(ol.optimizers.Optimizer):
        lr: float = ol.hyper(0.5, "r")
        reads = ("function",)
        sees = "group"

        def update(self, x, f):
            return x if f(x) == 4.0 else x - 1.0

    assert ol.WeightDecay(Search(), weight_decay=1.0).step(4.0, lambda x: x**2) == 2.0


@pytest.mark.parametrize("around", [ol.EMA, ol.Lookahead, ol.ScheduleFree])
def test_a_step_that_is_refused_leaves_what_is_around_as_it_was(around):
    rule, other = around(ol.Newton()), around(ol.Newton())
    x, ones = rule.step(np.ones(2), np.ones(2), np.eye(2)), np.ones(2)
    other.step(ones, ones, np.eye(2))
    with pytest.raises(ValueError, match="singular"):
        rule.step(x, ones, np.zeros((2, 2)))
    points = [each.step(x + 1, ones, np.eye(2)) for each in (rule, other)]
    assert points[0].tolist() == points[1].tolist()
    assert rule.evaluation_point(points[0]).tolist() == other.evaluation_point(points[1]).tolist()


LABELED = [{"layer": "head"}, {"maximize": False}, {"tags": ["a", "b"]}]


@pytest.mark.parametrize("more", LABELED, ids=repr)
def test_a_label_does_not_make_a_group_anew_at_each_step(more):
    p = parameter(0.0)
    optimizer = TorchOptimizer([{"params": [p], **more}], ol.GradientDescent(lr=0.1))
    group = optimizer.param_groups[0]
    optimizer.step()
    group["lr"] = 0.0
    optimizer.step()
    assert p.item() == -0.1
    assert optimizer.param_groups[0] is group
    group.update(momentum=0.5)
    for _ in range(2):
        with pytest.raises(ValueError, match="momentum=0.5 has no effect on GradientDescent"):
            optimizer.step()


@pytest.mark.parametrize("more", LABELED, ids=repr)
def test_two_masters_of_one_rate_are_refused_in_a_labeled_group_too(more):
    falling = ol.GradientDescent(lr=ol.schedules.Cosine(0.1, 9))
    optimizer = TorchOptimizer([{"params": [parameter(0.0)], **more}], falling)
    optimizer.param_groups[0]["lr"] = 0.5
    with pytest.raises(ValueError, match="lr follows Cosine"):
        optimizer.step()


def test_numbers_written_by_update_are_taken_by_torchs_names():
    p = parameter(0.0)
    optimizer = TorchOptimizer([{"params": [p], "layer": "head"}], ol.Adam(lr=0.1))
    optimizer.param_groups[0].update(betas=(0.5, 0.6))
    optimizer.step()
    assert (optimizer.param_groups[0]["beta1"], optimizer.group_rules()[0].beta2) == (0.5, 0.6)


def test_no_rule_of_its_own_is_the_optimizers():
    optimizer = TorchOptimizer([{"params": [parameter(0.0)], "rule": None}], ol.Adam)
    assert isinstance(optimizer.group_rules()[0], ol.Adam)


def test_tied_weights_are_averaged_once():
    model = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False))
    model[1].weight = model[0].weight
    torch.nn.init.zeros_(model[0].weight)
    run = types.SimpleNamespace(model=model, optimizer=None, step=1, steps=4)
    average = vision.LookAhead(every=1, decay=0.5, power=0.0)
    average.start(run)
    torch.nn.init.ones_(model[0].weight)
    average.after_step(run)
    assert model[0].weight.item() == 0.5


def test_freezing_beside_a_rule_that_needs_all_gradients_is_refused_at_the_start():
    model, clipped = torch.nn.Linear(2, 2), ol.ClipNorm(ol.Adam)
    for rule, names, after in ((ol.Adam, ["bias"], 1), (clipped, ["bias", "weight"], 1), (clipped, ["bias"], 2)):
        run = types.SimpleNamespace(model=model, optimizer=TorchOptimizer(model.parameters(), rule), epochs=2)
        vision.Freeze(names, after=after).start(run)
    with pytest.raises(ValueError, match=r"names=\['bias'\] are some parameters of a group; ClipNorm\(Adam"):
        vision.Freeze(["bias"], after=1).start(run)


def test_a_run_whose_average_has_an_infinite_loss_in_the_test_has_diverged(monkeypatch):
    losses = iter([0.9, 0.5, 0.8, math.inf])  # of each epoch, of the weights and of their average
    monkeypatch.setattr(loop, "tested", lambda run: {"test_loss": next(losses)})
    pair = np.zeros((8, 2, 2, 3), np.uint8), np.arange(8) % 2
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))
    history = vision.fit(model, TorchOptimizer(model.parameters(), ol.EMA(ol.Adam)), pair, pair, epochs=3, batch=4,
                         precision="float32", layout="contiguous", progress=False, callbacks=[vision.AverageInTest()])
    assert (history.diverged, history.diverged_at, history.test_loss) == (True, 3, [0.5])
    assert len(history.lr) == len(history.seconds) == history.epochs == 1
    json.dumps(history.to_dict(), allow_nan=False)


@pytest.mark.parametrize("rule", [ol.SAM(ol.Adam()), ol.Sophia(), None])
def test_fit_refuses_rules_that_read_more_than_one_gradient_a_step(rule):
    model = Tiny()
    optimizer = TorchOptimizer(model.parameters(), rule) if rule else torch.optim.LBFGS(model.parameters())
    with pytest.raises(ValueError, match="fit: (SAM.*|Sophia.*|LBFGS) reads more than one gradient a step"):
        short(model, optimizer)


@pytest.mark.parametrize("callback", [vision.WeightDecay(0.1), vision.LookAhead()], ids=["WeightDecay", "LookAhead"])
def test_weights_are_not_moved_beside_a_path_of_its_own(callback):
    model = Tiny()
    with pytest.raises(ValueError, match="has no effect on ScheduleFree"):
        short(model, TorchOptimizer(model.parameters(), ol.ScheduleFree(ol.Adam())), callbacks=[callback])


def test_a_rate_of_numpys_that_a_callback_writes_does_not_spoil_the_checkpoint(tmp_path):
    class Falling(vision.Callback):
        def after_epoch(self, run):
            run.optimizer.param_groups[0]["lr"] = np.float64(0.01 / run.epoch)

        def state_dict(self):
            return {}

        def __repr__(self):
            return "Falling()"

    for make in (adam, lambda model: torch.optim.Adam(model.parameters(), lr=np.float64(0.01))):
        path = tmp_path / f"{len([*tmp_path.iterdir()])}.pt"
        first, again = (short(model := Tiny(), make(model), callbacks=[Falling()], checkpoint=path)[1] for _ in "ab")
        assert first.train_loss == again.train_loss
