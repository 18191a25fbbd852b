"""Callbacks that remember: a resumed run goes on as if unbroken, or is refused in one sentence."""

import functools
import itertools

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as schedulers
from vision_cases import Tiny, one_thread, short, weights  # noqa: F401

import optlib as ol
from optlib.torch_driver import TorchOptimizer
from optlib.vision import Callback
from optlib.vision.callbacks import AfterEpoch
from optlib.vision.memory import held_by

EPOCHS = 5


def chained(o):
    return schedulers.ChainedScheduler([schedulers.StepLR(o, 2, 0.5), schedulers.ExponentialLR(o, 0.9)])


def sequence(o):
    return schedulers.SequentialLR(o, [schedulers.LinearLR(o, 0.2, 1, 2), schedulers.ExponentialLR(o, 0.5)], [2])


SCHEDULERS = {
    "StepLR": lambda o: schedulers.StepLR(o, 2, 0.1), "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [2, 4], 0.1),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.5),
    "LinearLR": lambda o: schedulers.LinearLR(o, 0.2, 1, 4),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, 0.1, 3),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, 6, 2),
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda t: 1 / (1 + t)),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda t: 1 - t / 10),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 7),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 2),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=8),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, 2),
    "SWALR": lambda o: torch.optim.swa_utils.SWALR(o, 1e-3, 3),
    "ChainedScheduler": chained, "SequentialLR": sequence,
}  # fmt: skip


class Stepped:
    """A scheduler within an object that can be called."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    def __call__(self, run):
        self.scheduler.step()


class EachStep(Callback):
    """A scheduler that a callback steps after each batch; it says nothing about its state."""

    def __init__(self, scheduler):
        self.inner = [scheduler]

    def after_step(self, run):
        self.inner[0].step()


def through_functions(scheduler):
    def advance():
        scheduler.step()

    return lambda run: advance()


WAYS = {
    "a variable": lambda scheduler: lambda run: scheduler.step(),
    "a method": lambda scheduler, step=None: (step := scheduler.step, lambda run: step())[1],
    "a default": lambda scheduler: lambda run, s=scheduler: s.step(),
    "a partial": lambda scheduler: functools.partial(lambda s, run: s.step(), scheduler),
    "a function": through_functions,
    "a list": lambda scheduler: (two := [scheduler, 1], lambda run: [two[k].step() for k in range(1)])[1],
    "an object": Stepped, "an object's method": lambda scheduler: Stepped(scheduler).__call__,
    "each step": EachStep,
}  # fmt: skip


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def go(callback_of, path=None, until=None, optimizer_of=sgd, **options):
    """A run with a callback that is made anew of its optimizer; the rates of the epochs, and the weights."""
    model = Tiny()
    optimizer = optimizer_of(model)
    stop = lambda run: run.stop() if run.epoch == until else None
    options |= {"epochs": EPOCHS, "checkpoint": path, "callbacks": [callback_of(optimizer), stop]}
    _, history = short(model, optimizer, **options)
    return history.lr, weights(model)


def assert_resumes(tmp_path, callback_of, **options):
    rates, end = go(callback_of, **options)
    assert len(set(rates)) > 1
    go(callback_of, tmp_path / "run.pt", until=3, **options)
    resumed, same_end = go(callback_of, tmp_path / "run.pt", **options)
    assert resumed == rates
    assert torch.equal(same_end, end)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers_of_torch_go_on(tmp_path, name):
    assert_resumes(tmp_path, lambda optimizer: WAYS["a variable"](SCHEDULERS[name](optimizer)))


def test_every_scheduler_of_torch_is_tried():
    has_step = {name for name, value in vars(schedulers).items() if isinstance(value, type) and name.endswith("LR")}
    assert has_step - {"LRScheduler", *SCHEDULERS} == set()


@pytest.mark.parametrize("way", WAYS)
def test_wherever_a_callback_has_its_scheduler(tmp_path, way):
    assert_resumes(tmp_path, lambda optimizer: WAYS[way](schedulers.ExponentialLR(optimizer, 0.5)))


@pytest.mark.parametrize("optimizer_of", [
    sgd, lambda model: torch.optim.SGD(model.parameters(), lr=torch.tensor(0.05), momentum=0.9),
    lambda model: TorchOptimizer(model.parameters(), ol.Momentum(lr=0.05)),
], ids=["number", "tensor", "rule"])  # fmt: skip
def test_the_rate_of_an_epoch_is_that_of_its_last_step_and_goes_on(tmp_path, optimizer_of):
    halve = lambda optimizer: EachStep(schedulers.ExponentialLR(optimizer, 0.5))
    assert go(halve, optimizer_of=optimizer_of)[0] == pytest.approx([0.05 * 0.5**t for t in (2, 5, 8, 11, 14)])
    assert_resumes(tmp_path, halve, optimizer_of=optimizer_of)
    with pytest.raises(ValueError, match="both set lr; give only one"):
        go(halve, optimizer_of=optimizer_of, schedule=ol.schedules.WarmUp(3))


def test_a_scheduler_that_reads_the_loss_goes_on(tmp_path):
    def callback_of(optimizer):
        scheduler = schedulers.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        return lambda run: scheduler.step(1.0 + run.epoch)

    assert_resumes(tmp_path, callback_of)


def test_an_average_of_the_weights_that_a_function_keeps_goes_on(tmp_path):
    averages = []

    def callback_of(optimizer):
        average = torch.optim.swa_utils.AveragedModel(Tiny(seed=1))
        averages.append(average)
        return lambda run: average.update_parameters(run.model)

    for options in ({}, {"path": tmp_path / "run.pt", "until": 3}, {"path": tmp_path / "run.pt"}):
        go(callback_of, **options)
    unbroken, _, resumed = averages
    assert unbroken.n_averaged == resumed.n_averaged == EPOCHS
    assert torch.equal(weights(unbroken.module), weights(resumed.module))


def halved(optimizer):
    return lambda run: optimizer.param_groups[0].update(lr=optimizer.param_groups[0]["lr"] / 2)


def counted(optimizer):
    rates = itertools.count(1)
    return lambda run: optimizer.param_groups[0].update(lr=0.1 / next(rates))


class Halve(Callback):
    """Sets rates by what it remembers."""

    def __init__(self):
        self.factor = 1.0

    def after_step(self, run):
        self.factor /= 2
        run.optimizer.param_groups[0]["lr"] = 0.05 * self.factor


class Remembers(Halve):
    def state_dict(self):
        return {"factor": self.factor}

    def load_state_dict(self, state):
        self.factor = state["factor"]


@pytest.mark.parametrize("callback_of", [halved, counted, lambda optimizer: Halve()])
def test_a_callback_that_changes_rates_is_refused_with_a_checkpoint_or_a_schedule(tmp_path, callback_of):
    assert len(set(go(callback_of)[0])) > 3
    with pytest.raises(ValueError, match=r"fit: callback .*(<lambda>|Halve).* changes the optimizer's settings, and "
                       r"checkpoint='.*run\.pt' could not keep"):  # fmt: skip
        go(callback_of, tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"fit: schedule=WarmUp\(steps=3\) and callback .* both set lr; give only one"):
        go(callback_of, schedule=ol.schedules.WarmUp(3))


def test_a_callback_that_says_its_state_goes_on(tmp_path):
    assert_resumes(tmp_path, lambda optimizer: Remembers())


def test_functions_that_only_look_are_let_be(tmp_path):
    seen = []
    short(callbacks=[lambda run: seen.append(run.optimizer.param_groups[0]["lr"])], checkpoint=tmp_path / "run.pt")
    assert len(seen) == 3


def test_a_state_that_a_checkpoint_cannot_keep_is_refused_before_the_first_step(tmp_path):
    class Best(Callback):
        def state_dict(self):
            return {"best": [np.float64(0.5)]}

    model = Tiny()
    before = weights(model)
    with pytest.raises(ValueError, match=r"callback .*Best.* has a state of more than tensors and plain values"):
        short(model, callbacks=[Best()], checkpoint=tmp_path / "run.pt")
    assert torch.equal(weights(model), before)
    short(callbacks=[Best()])


def test_a_checkpoint_without_the_scheduler_is_refused(tmp_path):
    """As one that was written before schedulers were kept."""
    path = tmp_path / "run.pt"
    callback_of = lambda optimizer: WAYS["a variable"](schedulers.StepLR(optimizer, 2, 0.1))
    go(callback_of, path, until=2)
    saved = torch.load(path)
    del saved["held"]
    torch.save(saved, path)
    with pytest.raises(ValueError, match=r"has the state of nothing, and callback .* uses scheduler; name"):
        go(callback_of, path)


def test_what_is_kept_anyway_and_what_a_function_does_not_use_is_not_held():
    model, other = Tiny(), Tiny()
    assert held_by(EachStep(model), [model]) == {}
    assert held_by(EachStep(other), [model]) == {"inner.0": other}
    for reads, held in ("run.other", {}), ("other", {"other": other}):  # an attribute is no variable of its name
        assert held_by(AfterEpoch(eval(f"lambda run: {reads}", {"other": other})), []) == held
