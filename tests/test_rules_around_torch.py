"""Rules around a rule in `TorchOptimizer`: the weights to evaluate, a second gradient, states."""

import copy

import pytest
import torch
from torch import nn

import optlib as ol
from optlib.torch_driver import TorchOptimizer


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def closure_of(net, optimizer, k=0):
    """The loss of batch k and its gradients, as a function that counts its calls."""
    generator = torch.Generator().manual_seed(k)
    x, y = (torch.randn(8, d, generator=generator, dtype=torch.float64) for d in (4, 3))

    def closure():
        closure.calls += 1
        optimizer.zero_grad()
        loss = (net(x) - y).square().mean()
        loss.backward()
        return loss

    closure.calls = 0
    return closure


def line(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def train(net, optimizer, first=0, last=6):
    for k in range(first, last):
        optimizer.step(closure_of(net, optimizer, k))
    return line(net)


AVERAGED = [ol.ScheduleFree(ol.AdamW(lr=0.02, beta1=0.0)), ol.EMA(ol.YellowFin, decay=0.5), ol.ASGD(lr=0.1),
            ol.Lookahead(ol.Muon(lr=0.02), k=4), ol.EMA(ol.SAM(ol.Adam(lr=0.05)), decay=0.5)]  # fmt: skip


@pytest.mark.parametrize("rule", AVERAGED, ids=repr)
def test_weights_to_evaluate_are_put_in_and_taken_back(rule):
    net = network()
    optimizer = TorchOptimizer(net.parameters(), rule)
    train(net, optimizer)
    before, saved = line(net), repr(optimizer.state_dict())
    with pytest.raises(ZeroDivisionError), optimizer.evaluation():  # noqa: PT012
        inside = line(net)
        assert repr(optimizer.state_dict()) == saved
        1 / 0  # noqa: B018
    assert torch.equal(line(net), before)
    assert not torch.equal(inside, before)
    kept = {"EMA": "ema_weights", "ASGD": "average", "Lookahead": "slow_weights", "ScheduleFree": "free_mean"}
    name = next(name for start, name in kept.items() if type(rule).__name__.startswith(start))
    states = [optimizer.state[p] for p in net.parameters()]
    averages = [states[0][name]] if rule.sees == "group" else [state[name] for state in states]
    assert torch.equal(inside, torch.cat([average.reshape(-1) for average in averages]))
    twin = network()
    undisturbed = train(twin, TorchOptimizer(twin.parameters(), rule), 0, 9)
    assert torch.equal(train(net, optimizer, 6, 9), undisturbed)


def test_rules_without_an_average_are_evaluated_where_they_are():
    net = network()
    optimizer = TorchOptimizer(net.parameters(), ol.Adam)
    for _ in range(2):
        with optimizer.evaluation():
            assert torch.equal(line(net), line(network()))
    optimizer = TorchOptimizer(net.parameters(), ol.EMA)  # before the first step
    with optimizer.evaluation():
        assert torch.equal(line(net), line(network()))


@pytest.mark.parametrize(("what", "do"), [
    ("step", lambda o: o.step()), ("a second evaluation", lambda o: o.evaluation().__enter__()),
    ("load_state_dict", lambda o: o.load_state_dict(o.state_dict())), ("a copy", copy.deepcopy),
])  # fmt: skip
def test_what_would_mistake_the_weights_is_refused_inside(what, do):
    net = network()
    optimizer = TorchOptimizer(net.parameters(), ol.EMA(ol.Adam))
    train(net, optimizer)
    with optimizer.evaluation(), pytest.raises(RuntimeError, match=rf"{what}.* inside `with optimizer.evaluation\(\)`"):
        do(optimizer)
    train(net, optimizer)


def test_half_precision_is_evaluated_from_float32():
    p = nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    optimizer = TorchOptimizer([p], ol.EMA(ol.GradientDescent(lr=1.0), decay=0.75))
    for value in (0.25, 0.5, 1.0):
        p.grad = torch.full_like(p, value)
        optimizer.step()
    with optimizer.evaluation():
        assert torch.equal(p, optimizer.state[p]["ema_weights"].bfloat16())


@pytest.mark.parametrize("groups", [1, 2])
def test_sam_takes_one_second_gradient_for_all_groups(groups):
    net, twin = network(), network()
    params = [*net.parameters()]
    split = [params] if groups == 1 else [params[:2], params[2:]]
    optimizer = TorchOptimizer([{"params": each} for each in split], ol.SAM(ol.Momentum(lr=0.1), rho=0.2))
    theirs = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    sizes = [4] if groups == 1 else [2, 2]
    for k in range(5):
        closure, other = closure_of(net, optimizer, k), closure_of(twin, theirs, k)
        loss = optimizer.step(closure)
        assert closure.calls == 2
        assert loss.item() == pytest.approx(other().item(), rel=1e-12)
        before = [p.detach().clone() for p in twin.parameters()]
        with torch.no_grad():
            for part in torch.arange(4).split(sizes):
                ps = [[*twin.parameters()][i] for i in part]
                norm = torch.cat([p.grad.reshape(-1) for p in ps]).norm()
                for p in ps:
                    p += 0.2 * p.grad / norm
        other()
        with torch.no_grad():
            for p, value in zip(twin.parameters(), before, strict=True):
                p.copy_(value)
        theirs.step()
    torch.testing.assert_close(line(net), line(twin), rtol=1e-12, atol=1e-14)


def test_sam_takes_a_closure_that_leaves_it_to_the_loop_to_zero_the_gradients():
    ends = []
    for zeroed in (True, False):
        p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = TorchOptimizer([p], ol.SAM(ol.GradientDescent(lr=0.1)))

        def closure(p=p, optimizer=optimizer, zeroed=zeroed):
            if zeroed:
                optimizer.zero_grad()
            (p**2).sum().backward()

        for _ in range(3):
            optimizer.zero_grad()
            optimizer.step(closure)
        ends.append(p.detach())
    assert torch.equal(*ends)


def test_sam_says_that_it_needs_a_closure_and_leaves_all_where_it_was():
    net = network()
    optimizer = TorchOptimizer(net.parameters(), ol.SAM(ol.Adam))
    closure_of(net, optimizer)()
    with pytest.raises(TypeError, match=r"SAM\(Adam\) takes two gradients a step; call step\(closure\)"):
        optimizer.step()
    closure = closure_of(net, optimizer)

    def failing():
        if closure.calls:
            raise OSError
        return closure()

    with pytest.raises(OSError):
        optimizer.step(failing)
    assert torch.equal(line(net), line(network()))
    with pytest.raises(TypeError, match="reads the gradient and the hessian; a network gives only gradients"):
        TorchOptimizer(net.parameters(), ol.Lookahead(ol.Newton))


def test_a_state_is_told_from_that_of_the_rule_alone_or_around_another():
    net = network()
    optimizer = TorchOptimizer(net.parameters(), ol.Lookahead(ol.Adam))
    train(net, optimizer)
    for rule in (ol.Adam, ol.Lookahead(ol.AMSGrad), ol.EMA(ol.Adam)):
        with pytest.raises(ValueError, match=r"was saved by a rule named Lookahead\(Adam\)"):
            TorchOptimizer(net.parameters(), rule).load_state_dict(optimizer.state_dict())
    again = TorchOptimizer(net.parameters(), ol.Lookahead(ol.Adam))
    again.load_state_dict(optimizer.state_dict())
    start = copy.deepcopy(net)
    wanted = train(net, optimizer, 6, 12)
    net.load_state_dict(start.state_dict())
    assert torch.equal(train(net, again, 6, 12), wanted)


def test_decay_that_a_path_of_its_own_would_not_see_is_refused():
    """A group's weight_decay moves the point before the step, and Schedule-Free goes on from what it remembers."""
    p = nn.Parameter(torch.ones(2))
    message = r"weight_decay=0.5 has no effect on ScheduleFree\(Adam\), .*ScheduleFree\(ol.WeightDecay\(rule\)\)"
    with pytest.raises(ValueError, match=message):
        TorchOptimizer([p], ol.ScheduleFree(ol.Adam), weight_decay=0.5)
    optimizer = TorchOptimizer([p], ol.ScheduleFree(ol.Adam))
    optimizer.param_groups[0]["weight_decay"] = 0.5
    p.grad = torch.ones(2)
    with pytest.raises(ValueError, match=message):
        optimizer.step()
    for rule in (ol.ScheduleFree(ol.WeightDecay(ol.Adam)), ol.ScheduleFree(ol.AdamW)):
        TorchOptimizer([p], rule, weight_decay=0.5).step()


@pytest.mark.parametrize("rule", [ol.SAM, ol.SAM(ol.AdamW), ol.EMA(ol.SAM(ol.LBFGS(lr=0.1)), decay=0.5),
                                  ol.ClipNorm(ol.SAM(ol.Prodigy))], ids=["none", "AdamW", "EMA", "Clip"])  # fmt: skip
def test_sam_goes_on_from_a_saved_state(rule):
    net = network()
    wanted = train(net, TorchOptimizer(net.parameters(), rule), 0, 8)
    net = network()
    optimizer = TorchOptimizer(net.parameters(), rule)
    train(net, optimizer, 0, 5)
    again = TorchOptimizer(net.parameters(), rule)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert torch.equal(train(net, again, 5, 8), wanted)


def test_a_closure_whose_second_call_leaves_a_gradient_out_is_refused():
    p, q, calls = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3)), []
    optimizer = TorchOptimizer([p, q], ol.SAM(ol.Adam))

    def closure():
        optimizer.zero_grad()
        (p.sum() + (0 if calls else q.sum())).backward()
        calls.append(1)

    with pytest.raises(ValueError, match="closure gave a parameter a gradient in the first call, not in the second"):
        optimizer.step(closure)
    assert torch.equal(p, torch.ones(2))
    assert len(calls) == 2


@pytest.mark.parametrize("set_to_none", [True, False])
def test_a_rule_beside_sam_steps_by_the_gradient_where_the_weights_are(set_to_none):
    a, b = (torch.nn.Parameter(torch.tensor(start, dtype=torch.float64)) for start in ([1.0, 2.0], [1.0, -1.0]))
    groups = [{"params": [a], "rule": ol.SAM(ol.GradientDescent(lr=0.1), rho=0.5)}, {"params": [b]}]
    optimizer = TorchOptimizer(groups, ol.GradientDescent(lr=0.1))

    def closure():
        optimizer.zero_grad(set_to_none=set_to_none)
        loss = (1 + (a**2).sum()) * (b**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert torch.allclose(b.detach(), torch.tensor([1.0, -1.0], dtype=torch.float64) * (1 - 0.1 * 12), rtol=1e-15)
