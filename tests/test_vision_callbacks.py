"""Callbacks of `fit`: averaging, decay, and frozen parameters."""

import types

import pytest
import torch
from vision_cases import Tiny, one_thread, short, weights  # noqa: F401

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from optlib.vision import Callback, Freeze, LookAhead, Snapshots, WeightDecay


def walked(callback, model, steps, every_step):
    """Run a callback beside steps that add ``every_step(t)`` to all parameters."""
    run = types.SimpleNamespace(model=model, optimizer=None, step=0, steps=steps)
    callback.start(run)
    for t in range(steps):
        with torch.no_grad():
            for p in model.parameters():
                p += every_step(t)
        run.step += 1
        callback.after_step(run)
    return model


def test_look_ahead_follows_its_formula():
    model = Tiny().double()
    fast = slow = model.classifier.weight.detach().clone()
    steps, every, decay = 11, 3, 0.8
    walked(LookAhead(every, decay, power=2.0), model, steps, lambda t: 0.1 * (t + 1))
    for t in range(1, steps + 1):
        fast = fast + 0.1 * t
        if t % every == 0:
            d = decay * (t / steps) ** 2
            slow = d * slow + (1 - d) * fast
            fast = slow
    torch.testing.assert_close(model.classifier.weight.detach(), slow, rtol=1e-12, atol=0)
    assert not torch.equal(slow, fast)  # two more steps follow the last average; the end is an average nevertheless


def test_look_ahead_without_decay_changes_nothing():
    callbacks = LookAhead(every=5, decay=0.0), Callback()
    with_it, without = (walked(each, Tiny(), 10, lambda t: 0.1 * t) for each in callbacks)
    assert torch.equal(weights(with_it), weights(without))


def test_look_ahead_averages_the_running_means_too_and_leaves_integers_alone():
    model = Tiny()
    run = types.SimpleNamespace(model=model, optimizer=None, step=0, steps=4)
    callback = LookAhead(every=1, decay=0.5, power=0.0)
    callback.start(run)
    model.norm.running_mean += 1.0
    model.norm.num_batches_tracked += 1
    run.step = 1
    callback.after_step(run)
    assert model.norm.running_mean.tolist() == [0.5] * 4
    assert model.norm.num_batches_tracked == 1


def test_the_last_test_sees_the_average():
    averages = {}

    class Look(LookAhead):
        def after_epoch(self, run):
            averages[run.epoch] = {name: value.clone() for name, value in self.slow.items()}

    model, _ = short(callbacks=[Look(every=2)])
    assert all(torch.equal(model.state_dict()[name], value) for name, value in averages[3].items())


def test_weight_decay_shrinks_matrices_and_nothing_else():
    model = Tiny()
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = TorchOptimizer(model.parameters(), ol.GradientDescent(lr=1e-12))
    short(model, optimizer, epochs=1, schedule=lambda t: (t + 1) * 1e11, callbacks=[WeightDecay(0.5)], batch=22)
    plain = Tiny()
    short(plain, TorchOptimizer(plain.parameters(), ol.GradientDescent(lr=0.1)), epochs=1, batch=22)
    for name, p in model.named_parameters():
        expected = dict(plain.named_parameters())[name] * (0.95 if p.ndim > 1 else 1.0)
        torch.testing.assert_close(p, expected, rtol=1e-5, atol=1e-7)
        assert not torch.equal(p, start[name]) or p.ndim == 1


def test_weight_decay_shrinks_biases_as_fast_as_matrices_where_it_is_told_to():
    model = Tiny()
    biases, matrices = ([p for p in model.parameters() if (p.ndim == 1) == one] for one in (True, False))
    for p in model.parameters():
        torch.nn.init.ones_(p)
    groups = [{"params": matrices, "lr": 0.1}, {"params": biases, "lr": 6.4}]
    run = types.SimpleNamespace(model=model, optimizer=TorchOptimizer(groups, ol.GradientDescent(lr=0.1)))
    WeightDecay(0.5, biases=True).after_step(run)
    assert biases
    for p in model.parameters():
        torch.testing.assert_close(p, torch.full_like(p, 0.95))


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: WeightDecay(-1.0), ValueError, "rate=-1.0"),
    (lambda: LookAhead(every=0), ValueError, "every=0"),
    (lambda: Snapshots(every=0), ValueError, "Snapshots: every=0"),
    (lambda: LookAhead(decay=1.0), ValueError, "decay=1.0"),
    (lambda: LookAhead(power=-1), ValueError, "power=-1"),
    (lambda: Freeze("norm.bias", after=1), TypeError, "names='norm.bias'"),
    (lambda: Freeze(["norm.bias"], after=0), ValueError, "after=0"),
    (lambda: Freeze(["norm.bias"], after=True), TypeError, "after=True"),
    (lambda: Freeze(["norm.bias"], after=1.5), TypeError, "after=1.5"),
    (lambda: short(callbacks=[Freeze(["norm.bias", "bias"], after=1)]), ValueError,
     r"\['bias'\] are no parameters .* norm.bias"),
])  # fmt: skip
def test_invalid_arguments_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


class AfterEpochs(Callback):
    """The parameters after each epoch, and which of them have a gradient."""

    def start(self, run):
        self.values = [{name: p.detach().clone() for name, p in run.model.named_parameters()}]
        self.trained = []

    def after_step(self, run):
        self.trained.append({name for name, p in run.model.named_parameters() if p.grad is not None})

    def after_epoch(self, run):
        self.values.append({name: p.detach().clone() for name, p in run.model.named_parameters()})


@pytest.mark.parametrize("rule", [ol.Nesterov(lr=0.05), ol.Adam(lr=0.01)], ids=repr)
@pytest.mark.parametrize("after", [1, 2])
def test_frozen_parameters_learn_for_some_epochs_and_then_neither_step_nor_decay(rule, after):
    model, look = Tiny(), AfterEpochs()
    name = "norm.bias"
    optimizer = TorchOptimizer(model.parameters(), rule)
    short(model, optimizer, epochs=3, callbacks=[WeightDecay(0.1, biases=True), Freeze([name], after), look])
    for epoch, (before, now) in enumerate(zip(look.values, look.values[1:], strict=False), start=1):
        for each in now:
            assert torch.equal(before[each], now[each]) == (each == name and epoch > after)
    steps = len(look.trained) // 3
    assert all((name in names) == (step < after * steps) for step, names in enumerate(look.trained))


def test_until_parameters_are_frozen_the_run_is_the_one_without():
    runs = []
    for extra in ([], [Freeze(["norm.bias"], after=2)]):
        look = AfterEpochs()
        short(epochs=3, callbacks=[*extra, look])
        runs.append(look.values)
    plain, frozen = runs
    torch.testing.assert_close(plain[:3], frozen[:3], rtol=0, atol=0)
    assert not torch.equal(plain[3]["norm.bias"], frozen[3]["norm.bias"])


def test_after_the_run_frozen_parameters_can_be_learned_again():
    def stop(run):
        if run.epoch == 2:
            raise InterruptedError

    model = Tiny()
    model.norm.weight.requires_grad_(False)
    for also in ([], [stop]):
        freeze = Freeze(["norm.bias", "norm.weight"], after=1)
        try:
            short(model, epochs=3, callbacks=[freeze, *also])
        except InterruptedError:
            assert also
        assert model.norm.bias.requires_grad
        assert not model.norm.weight.requires_grad  # it was fixed before
