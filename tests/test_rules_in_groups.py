"""Parameter groups of `TorchOptimizer` that have a rule of their own, and the split of a model by role."""

import copy
import io
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.distributed.checkpoint import state_dict as sharded
from torch.optim import lr_scheduler
from vision_cases import Tiny, images

import optlib as ol
from optlib.torch_driver import TorchOptimizer, hidden_matrices
from optlib.torch_driver.roles import groups_for


class Rows(ol.optimizers.Optimizer):
    """Sees a matrix: its step is the gradient without the mean of each row."""

    sees = "matrix"
    lr: float = ol.hyper(0.1, r"\eta", "(0, inf)")

    def update(self, x, g):
        return x - self.lr * (g - g.mean(1)[:, None])


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def train(net, optimizers, steps, first=0):
    for k in range(first, first + steps):
        generator = torch.Generator().manual_seed(k)
        x, y = (torch.randn(8, d, generator=generator, dtype=torch.float64) for d in (4, 3))
        for optimizer in optimizers:
            optimizer.zero_grad()
        (net(x) - y).square().mean().backward()
        for optimizer in optimizers:
            optimizer.step()
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def mixed(net, rule=Rows, other=ol.AdamW, **options):
    hidden, others = hidden_matrices(net)
    return TorchOptimizer([{"params": hidden}, {"params": others, "rule": other(lr=0.02)}], rule(lr=0.05), **options)


@pytest.mark.parametrize("rule", [Rows, ol.Adam, ol.Muon], ids=lambda cls: cls.__name__)
def test_two_rules_in_one_optimizer_are_two_optimizers(rule):
    net, twin = network(), network()
    hidden, others = hidden_matrices(twin)
    two = TorchOptimizer(hidden, rule(lr=0.05)), TorchOptimizer(others, ol.AdamW(lr=0.02))
    assert torch.equal(train(net, [mixed(net, rule)], 6), train(twin, two, 6))


def test_a_group_with_a_rule_has_that_rules_numbers_and_no_others():
    p = [nn.Parameter(torch.ones(2)) for _ in range(3)]
    optimizer = TorchOptimizer(
        [{"params": [p[0]]}, {"params": [p[1]], "rule": ol.Adam(lr=0.5, beta1=0.25), "beta2": 0.75}],
        ol.Momentum(lr=0.125),
        beta=0.5,
    )
    optimizer.add_param_group({"params": [p[2]], "rule": "RMSProp", "weight_decay": 0.1})
    one, two, three = ({n: v for n, v in group.items() if n != "params"} for group in optimizer.param_groups)
    assert one == {"lr": 0.125, "beta": 0.5}
    assert two == {"lr": 0.5, "beta1": 0.25, "beta2": 0.75, "eps": 1e-8, "rule": "Adam"}
    assert three == {**ol.RMSProp().settings(), "rule": "RMSProp", "weight_decay": 0.1}
    assert [type(rule) for rule in optimizer.group_rules()] == [ol.Momentum, ol.Adam, ol.RMSProp]
    assert optimizer.param_groups[1]["betas"] == (0.25, 0.75)


@pytest.mark.parametrize("way", ["state_dict", "file", "pickle", "deepcopy"])
def test_a_mixed_run_goes_on_where_it_was(way):
    net = network()
    wanted = train(net, [mixed(net)], 8)
    net = network()
    optimizer = mixed(net)
    train(net, [optimizer], 4)
    if way == "pickle":
        net, optimizer = pickle.loads(pickle.dumps((net, optimizer)))
    elif way == "deepcopy":
        net, optimizer = copy.deepcopy((net, optimizer))
    else:
        saved = optimizer.state_dict()
        if way == "file":
            file = io.BytesIO()
            torch.save(saved, file)
            file.seek(0)
            saved = torch.load(file, weights_only=True)
        optimizer = mixed(net, other=ol.AdamW)
        optimizer.param_groups[1]["lr"] = 7.0
        optimizer.load_state_dict(saved)
    assert torch.equal(train(net, [optimizer], 4, first=4), wanted)


def test_a_state_with_other_rules_in_its_groups_is_refused():
    net = network()
    optimizer = mixed(net)
    train(net, [optimizer], 1)
    with pytest.raises(ValueError, match="was saved by a rule named AdamW; this optimizer steps with Adam,"):
        mixed(net, other=ol.Adam).load_state_dict(optimizer.state_dict())
    plain = TorchOptimizer([{"params": ps} for ps in hidden_matrices(net)], Rows)
    with pytest.raises(ValueError, match="was saved by a rule named Rows; this optimizer steps with AdamW"):
        optimizer.load_state_dict(plain.state_dict())


def test_each_group_takes_a_state_of_torch():
    net, twin = network(), network()
    halves = lambda net: [{"params": params} for params in hidden_matrices(net)]
    theirs = torch.optim.AdamW(halves(twin), lr=0.02, weight_decay=0.1)
    train(twin, [theirs], 3)
    net.load_state_dict(twin.state_dict())
    hidden, others = halves(net)
    ours = TorchOptimizer([hidden, {**others, "rule": ol.Adam}], ol.AdamW)
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(train(net, [ours], 3, 3), train(twin, [theirs], 3, 3), rtol=1e-12, atol=1e-14)


def test_schedulers_and_schedules_move_both():
    net, twin = network(), network()
    cosine = ol.schedules.Cosine(0.5, steps=9)
    hidden, others = hidden_matrices(net)
    second = {"params": others, "rule": ol.Adam(lr=cosine)}
    optimizer = TorchOptimizer([{"params": hidden}, second], ol.Momentum(lr=0.5))
    train(net, [optimizer], 3)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, cosine(3)]
    optimizer = mixed(twin)
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda k: k / 2)
    for k in range(3):
        assert [group["lr"] for group in optimizer.param_groups] == [0.05 * k / 2, 0.02 * k / 2]
        train(twin, [optimizer], 1, k)
        scheduler.step()


def test_a_sharded_checkpoint_knows_both_rules():
    net = network()
    wanted = train(net, [mixed(net)], 6)
    net = network()
    optimizer = mixed(net)
    train(net, [optimizer], 3)
    model, state = pickle.loads(pickle.dumps(sharded.get_state_dict(net, optimizer)))
    net = network()
    optimizer = mixed(net)
    sharded.set_state_dict(net, optimizer, model_state_dict=model, optim_state_dict=state)
    assert torch.equal(train(net, [optimizer], 3, 3), wanted)


@pytest.mark.parametrize("group", [{"rule": 3}, {"rule": ol.Newton}, {"rule": ol.Adam, "beta": 0.5},
                                   {"rule": ol.Adam(lr=ol.schedules.OnPlateau(0.1))}], ids=str)  # fmt: skip
def test_a_group_whose_rule_cannot_be_is_refused_and_not_added(group):
    optimizer = mixed(network())
    faults = "rule=3 must be|Newton reads|beta=0.5 has no effect on Adam|reads the loss"
    with pytest.raises((TypeError, ValueError), match=faults):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(2))], **group})
    assert len(optimizer.param_groups) == 2
    with pytest.raises(KeyError, match="no optimizer is named 'Adma'; did you mean"):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(2))], "rule": "Adma"})
    with pytest.raises(ValueError, match="compile=True takes rules that see a number or a tensor; Rows sees a matrix"):
        mixed(network(), rule=ol.Adam, other=Rows, compile=True)


def test_a_rule_that_is_written_into_a_group_later_is_refused():
    net = network()
    for number in (0, 1):
        optimizer = mixed(net)
        optimizer.param_groups[number]["rule"] = ol.Adam()
        with pytest.raises(ValueError, match=r"rule=Adam\(.*was written into a parameter group that"):
            train(net, [optimizer], 1)


def test_kernels_of_two_rules_are_two(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda kernel, **options: kernel)
    net, twin = network(), network()
    compiled = train(net, [mixed(net, rule=ol.Momentum, compile=True)], 4)
    torch.testing.assert_close(compiled, train(twin, [mixed(twin, rule=ol.Momentum)], 4), rtol=1e-12, atol=1e-14)


# --- roles ---------------------------------------------------------------------------------------------------


class Small(nn.Module):
    """An embedding whose weight the head shares, kernels, norms, a position, and a head that is not assigned last."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7)
        self.head.weight = self.table.weight
        self.place = nn.Parameter(torch.zeros(1, 5, 4))
        self.convolution, self.depthwise = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, groups=4)
        self.norm, self.attention = nn.BatchNorm2d(4), nn.MultiheadAttention(4, 2)
        self.out = nn.Linear(4, 5)


def names_of(model, params):
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)] for p in params}


def test_a_model_is_split_by_role():
    model = Small()
    hidden, others = hidden_matrices(model)
    kernels = {"convolution.weight", "depthwise.weight", "attention.in_proj_weight", "attention.out_proj.weight"}
    assert names_of(model, hidden) == kernels
    assert {id(p) for p in model.parameters()} == {id(p) for p in [*hidden, *others]}
    assert names_of(model, hidden_matrices(model, rest=[])[0]) == kernels | {"out.weight"}
    assert names_of(model, hidden_matrices(model, rest=["attention", "convolution.weight"])[0]) == {
        "depthwise.weight", "out.weight",
    }  # fmt: skip
    assert hidden_matrices(nn.Linear(3, 2))[0] == []
    single = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))  # the last layer has one row
    assert names_of(single, hidden_matrices(single)[0]) == {"0.weight"}
    net = network()
    assert names_of(net, hidden_matrices(net)[0]) == {"0.weight", "2.weight"}


@pytest.mark.parametrize(("rule", "beside"), [
    (ol.Muon(lr=0.05), ol.AdamW(lr=0.0025)),
    (ol.Muon(lr=ol.schedules.Cosine(0.1, steps=9)), ol.AdamW(lr=ol.schedules.Cosine(0.005, steps=9))),
    (ol.Lookahead(ol.Cautious(ol.SOAP(lr=0.03)), k=3), ol.Lookahead(ol.Cautious(ol.AdamW(lr=0.01)), k=3)),
    (ol.ScheduleFree(ol.Muon(beta=0.5), beta=0.8), ol.ScheduleFree(ol.AdamW(lr=0.001), beta=0.8)),
    (ol.WeightDecay(ol.Muon(lr=0.02), weight_decay=0.1),
     ol.WeightDecay(ol.AdamW(lr=0.001, weight_decay=0.0), weight_decay=0.1)),
], ids=["Muon", "a schedule", "around", "a name of both", "decay once"])  # fmt: skip
def test_adamw_steps_what_is_left_of_a_rule_that_sees_matrices(rule, beside):
    net, twin = network(), network()
    for model in (net, twin):
        model[0].weight.requires_grad_(False)
    (hidden, frozen), others = hidden_matrices(twin)[0][::-1], hidden_matrices(twin)[1]
    assert not frozen.requires_grad
    two = TorchOptimizer([hidden], rule), TorchOptimizer(others, beside)
    one = TorchOptimizer(groups_for(net, rule), rule)
    torch.testing.assert_close(train(net, [one], 6), train(twin, two, 6), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("trained", [
    lambda rule: ol.tasks.train("cifar10", rule, examples=16, test_examples=8, batch=8, epochs=1)[1],
    lambda rule: ol.vision.live_race(
        {"Muon": rule}, images(16), images(8), seconds=0.5, batch=8, network=lambda seed: Tiny(seed=seed),
        precision="float32", layout="contiguous", show=False).histories["Muon"],
], ids=["tasks.train", "live_race"])  # fmt: skip
def test_vectors_are_not_stepped_as_matrices(trained):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = trained(ol.Muon(lr=lambda steps: 0.02))  # a busy machine may be late in the race's own schedule
    assert "'rule': 'AdamW'" in history.settings["groups"]
    assert history.to_dict()["lr"][0] == 0.02  # of the rule that is named, not of AdamW


def test_a_model_without_hidden_matrices_is_not_for_a_rule_that_sees_them():
    with pytest.raises(ValueError, match="Muon steps hidden matrices, and model=Linear learns none, so AdamW alone"):
        groups_for(nn.Linear(3, 2), ol.Muon())
    assert [len(group["params"]) for group in groups_for(nn.Linear(3, 2), ol.AdamW())] == [2]


def test_names_that_a_model_has_not_are_refused():
    with pytest.raises(ValueError, match="rest names 'haed', but the model has no module or parameter of that name"):
        hidden_matrices(Small(), rest=["haed"])
    with pytest.raises(TypeError, match=r"rest='head' must be a list of names, such as"):
        hidden_matrices(Small(), rest="head")
    with pytest.raises(TypeError, match="model=3 must be a torch.nn.Module"):
        hidden_matrices(3)
    with pytest.raises(TypeError, match=r"rest=3 must be a list of names, such as"):
        hidden_matrices(network(), rest=3)
    with pytest.raises(ValueError, match=r"rest names 'head', but .* it has weight, bias"):
        hidden_matrices(nn.Linear(2, 3), rest=["head"])


@pytest.mark.parametrize("first", [ol.Muon, ol.AdamW, ol.AggMo, ol.YellowFin, ol.ScheduleFree(ol.Momentum(lr=1.0))])
@pytest.mark.parametrize("make", [
    lambda o, **kw: torch.optim.lr_scheduler.OneCycleLR(o, [0.02, 0.001], total_steps=9, **kw),
    lambda o, **kw: torch.optim.lr_scheduler.CyclicLR(o, [0.002, 1e-4], [0.02, 1e-3], step_size_up=3, **kw),
], ids=["OneCycleLR", "CyclicLR"])  # fmt: skip
def test_cycles_of_momentum_over_rules_of_two_kinds_are_refused_with_what_to_do(make, first):
    """And over AggMo and others whose own betas are no momentum: torch's schedulers would overwrite them."""

    def optimizer():
        groups = [{"params": [torch.nn.Parameter(torch.ones(3, 2))]} for _ in range(2)]
        groups[1]["rule"] = ol.AdamW if first is ol.Muon else ol.Muon if first is ol.AdamW else first
        for group in groups:
            group["params"][0].grad = torch.ones(3, 2)
        return TorchOptimizer(groups, first)

    with pytest.raises((ValueError, KeyError), match="CyclicLR with cycle_momentum=False change the rates alone"):
        make(one := optimizer()) and one.step()
    one = optimizer()
    if isinstance(first, ol.ScheduleFree) or first is ol.YellowFin:
        with pytest.raises(ValueError, match=r"momentum=0.5: beta of .* is no momentum; write beta=\.\.\."):
            TorchOptimizer([torch.nn.Parameter(torch.ones(3))], first, momentum=0.5)
        with pytest.raises(ValueError, match=r"momentum=0.25: beta of .* is no momentum; write beta=\.\.\."):
            one.param_groups[0]["momentum"] = 0.25
    schedule, rates = make(one, cycle_momentum=False), []
    for _ in range(3):
        rates.append([group["lr"] for group in one.param_groups])
        one.step()
        schedule.step()
    for own in zip(*rates, strict=True):
        assert list(own) == sorted(set(own)), "it climbs"


@pytest.mark.parametrize("rule", [ol.Muon(), ol.EMA(ol.Shampoo()), ol.SOAP()], ids=lambda rule: type(rule).__name__)
def test_vectors_that_a_rule_of_matrices_gets_are_said(rule, recwarn):
    net = network()
    hidden, others = hidden_matrices(net)
    TorchOptimizer([{"params": hidden}, {"params": others, "rule": ol.AdamW}], rule)
    TorchOptimizer(hidden, rule)
    TorchOptimizer(others, ol.AdamW)
    TorchOptimizer([{"params": hidden, "rule": ol.AdamW}, {"params": others, "rule": rule}], ol.AdamW)
    assert not recwarn
    match = r"sees matrices, and steps 2 tensors of fewer .*hidden, others = hidden_matrices\(model\), and .*ol.AdamW"
    with pytest.warns(UserWarning, match=match) as warned:
        TorchOptimizer([{"params": hidden}, {"params": [others[0], others[2]]}, {"params": [others[1]]}], rule)
    assert [each.filename for each in warned] == [__file__]


@pytest.mark.parametrize("rows", [2, 6000])
def test_parameters_that_lie_in_the_same_memory_step_it_one_after_the_other(rows):
    p, q = (nn.Parameter(data) for data in [torch.ones(rows, 3)] * 2)
    p.grad, q.grad = torch.ones(rows, 3), torch.full((rows, 3), 3.0)
    TorchOptimizer([p, q], ol.GradientDescent(lr=0.1)).step()
    torch.testing.assert_close(p.detach(), torch.full((rows, 3), 0.6))
    optimizer = TorchOptimizer([{"params": [each]} for each in (p, q)], ol.EMA(ol.GradientDescent(lr=0.1)))
    [optimizer.step() for _ in range(2)]
    before = p.detach().clone()
    with optimizer.evaluation():
        assert not torch.equal(p, before)
    assert torch.equal(p, before)
    with pytest.raises(ValueError, match="in the same memory, and ClipNorm takes a group as one vector"):
        TorchOptimizer([p, q], ol.ClipNorm(ol.GradientDescent(lr=0.1)))


def test_a_group_that_is_copied_for_more_parameters_keeps_its_rule_and_its_schedule():
    params = [nn.Parameter(torch.ones(2)) for _ in range(4)]
    own = {"params": params[:1], "rule": ol.EMA(ol.Adam(lr=ol.schedules.Cosine(0.1, 4)))}
    optimizer = TorchOptimizer([own, {"params": params[1:2]}], ol.Momentum(lr=ol.schedules.Cosine(1.0, 4)))
    for group, more in zip(optimizer.param_groups[:], params[2:], strict=True):
        optimizer.add_param_group({**group, "params": more})
    for _ in range(4):
        for param in params:
            param.grad = torch.ones(2)
        optimizer.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.0] * 4
    assert torch.equal(torch.stack(params[:2]), torch.stack(params[2:]))


def test_a_dict_in_the_place_of_a_group_whose_rate_follows_a_schedule_is_refused():
    param = nn.Parameter(torch.ones(2))
    optimizer = TorchOptimizer([param], ol.Adam(lr=ol.schedules.Cosine(0.1, 4)))
    optimizer.param_groups = [dict(group) for group in optimizer.param_groups]
    param.grad = torch.ones(2)
    with pytest.raises(ValueError, match=r"lr=0.1 stands in a dict .*; whether it follows Cosine\(.*\) is lost"):
        optimizer.step()


def test_a_wrapper_that_copies_the_attributes_may_not_step_in_evaluation_either():
    """As Lightning's does."""
    optimizer = TorchOptimizer([nn.Parameter(torch.ones(2))], ol.EMA(ol.Adam))
    wrapper = TorchOptimizer.__new__(TorchOptimizer)
    vars(wrapper).update(vars(optimizer))
    with wrapper.evaluation(), pytest.raises(RuntimeError, match="step inside"):
        optimizer.step()
    optimizer.step()
