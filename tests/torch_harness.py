"""The rules in torch's own harness, an `OptimizerInfo` each, and small networks for its tests: see `torch_bodies`."""

import functools

import torch
from torch.nn import Parameter
from torch.optim import lr_scheduler
from torch.testing._internal.common_optimizers import (
    OptimizerInfo,
    OptimizerInput,
    _get_optim_inputs_including_global_cliquey_kwargs,
    get_error_inputs_for_all_optims,
)
from torch.testing._internal.common_utils import TestCase

import optlib as ol
from optlib.optimizers.around import has_path_of_its_own
from optlib.torch_driver import TorchOptimizer

RULES = [cls for cls in ol.OPTIMIZERS.values() if cls.reads == ("gradient",)]

SCHEDULERS = (
    [lambda o: lr_scheduler.StepLR(o, gamma=0.9, step_size=10)],
    [lr_scheduler.ReduceLROnPlateau],
    [lambda o: lr_scheduler.StepLR(o, gamma=0.99, step_size=10), lambda o: lr_scheduler.ReduceLROnPlateau(o)],
    [lambda o: lr_scheduler.ChainedScheduler([
        lr_scheduler.ConstantLR(o, 0.5, 3), lr_scheduler.ExponentialLR(o, 0.9), lr_scheduler.PolynomialLR(o, 30)
    ])],
    [lambda o: lr_scheduler.LinearLR(o, 0.4, total_iters=4)],
)  # fmt: skip


def info_of(cls, compile=False):
    """A rule as an optimizer class of torch, with inputs of the kinds that torch tries; compiled, with one of them."""

    def __init__(self, params, **hypers):
        TorchOptimizer.__init__(self, params, cls, compile=compile, **hypers)

    def inputs(device, dtype=None):
        lr = 0.01 if cls is not ol.AdaDelta else 1.0
        decay = 0.0 if has_path_of_its_own(cls) else 0.1  # beside such a rule it is refused
        kinds = {"lr": lr, "weight_decay": decay}, {"lr": torch.tensor(lr)}, {"lr": lr}
        return [OptimizerInput(None, kwargs) for kwargs in kinds[: 1 if compile else None]]

    return OptimizerInfo(
        type(cls.__name__, (TorchOptimizer,), {"__init__": __init__}),
        optim_inputs_func=inputs,
        optim_error_inputs_func=lambda device, dtype: get_error_inputs_for_all_optims("cpu", dtype),
        scheduler_inputs=SCHEDULERS,
        supported_impls=() if compile else ("foreach",),
        supports_complex=False,
    )


def inputs_of(info):
    """Hyper-parameters to try, once with each of torch's switches that change no number."""
    return [each.kwargs for each in _get_optim_inputs_including_global_cliquey_kwargs("cpu", torch.float32, info)]


class Line:
    """A weight and a bias that are to be small, from a point that is always the same."""

    def __init__(self, contiguous=True, shape=(10, 5)):
        generator = torch.Generator().manual_seed(0)
        draw = lambda *shape: torch.randn(shape, generator=generator)
        weight, bias = (
            (draw(*shape), draw(shape[0])) if contiguous else (draw(*shape, 2)[..., 0], draw(shape[0], 2)[:, 0])
        )
        self.params = self.weight, self.bias = Parameter(weight), Parameter(bias)
        self.input = draw(shape[1])

    def closure(self, optimizer):
        optimizer.zero_grad()
        loss = (self.weight.mv(self.input) + self.bias).square().sum()
        loss.backward()
        return loss

    def train(self, optimizer, steps, schedulers=(), calls=False):
        """Steps, with the closure called by the optimizer or before it; returns the first loss and the last."""
        first = self.closure(optimizer).item()
        for _ in range(steps):
            closure = functools.partial(self.closure, optimizer)
            loss = optimizer.step(closure) if calls else closure()
            if not calls:
                optimizer.step()
            for scheduler in schedulers:
                scheduler.step(*[loss] * isinstance(scheduler, lr_scheduler.ReduceLROnPlateau))
        return first, self.closure(optimizer).item()


class Images:
    """Convolution and batch norm, of which only sums count."""

    def __init__(self):
        torch.manual_seed(1)
        self.net = torch.nn.Sequential(torch.nn.Conv2d(4, 2, 1, stride=2), torch.nn.BatchNorm2d(2))
        self.input = torch.rand(1, 4, 16, 16)

    def params(self, named):
        return self.net.named_parameters() if named else self.net.parameters()

    def train(self, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            self.net(self.input).sum().backward()
            optimizer.step()


same = TestCase().assertEqual  # of tensors within torch's tolerances, also in lists and dicts with text


def with_names(params, named):
    return [(f"name{i}", p) for i, p in enumerate(params)] if named else list(params)


def with_gradients(shape=(2, 3), count=2):
    params = [Parameter(torch.randn(shape)) for _ in range(count)]
    for p in params:
        p.grad = torch.rand_like(p)
    return params
