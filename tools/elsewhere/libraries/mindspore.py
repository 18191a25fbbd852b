"""MindSpore on a CPU."""

import inspect

import mindspore
import numpy as np
from mindspore import nn

from ..common import Run, record, signature

DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("SGD", nn.SGD),
    Run("SGD momentum", nn.SGD, {"momentum": 0.9}),
    Run("SGD nesterov", nn.SGD, {"momentum": 0.9, "nesterov": True}),
    Run("SGD dampening", nn.SGD, {"momentum": 0.9, "dampening": 0.9}),
    Run("SGD decay", nn.SGD, {"momentum": 0.9, **DECAY}),
    Run("Momentum", nn.Momentum, {"momentum": 0.9}),
    Run("Momentum nesterov", nn.Momentum, {"momentum": 0.9, "use_nesterov": True}),
    Run("Momentum decay", nn.Momentum, {"momentum": 0.9, **DECAY}),
    Run("Adam", nn.Adam),
    Run("Adam decay", nn.Adam, DECAY),
    Run("Adam amsgrad", nn.Adam, {"use_amsgrad": True}),
    Run("Adam nesterov", nn.Adam, {"use_nesterov": True}),
    Run("Adam eps", nn.Adam, {"eps": 1e-3}),
    Run("AdamWeightDecay", nn.AdamWeightDecay),
    Run("AdamWeightDecay decay", nn.AdamWeightDecay, DECAY),
    Run("AdaMax", nn.AdaMax),
    Run("RMSProp", nn.RMSProp),
    Run("RMSProp momentum", nn.RMSProp, {"momentum": 0.9}),
    Run("RMSProp centered", nn.RMSProp, {"centered": True}),
    Run("Adagrad", nn.Adagrad),
    Run("Adadelta", nn.Adadelta),
    Run("ASGD", nn.ASGD),
    Run("Rprop", nn.Rprop),
    Run("Lamb", nn.Lamb, {"learning_rate": 0.001}),
    Run("FTRL", nn.FTRL),
    Run("ProximalAdagrad", nn.ProximalAdagrad),
]
for each in RUNS:
    each.lr = 0.1 if each.name.startswith("Momentum") else each.lr  # it has no default


def walk(run, dtype, x0, gradients, factors):
    weight = mindspore.Parameter(mindspore.Tensor(np.array(x0, dtype)), name="weight")
    optimizer = run.make([weight], **{"learning_rate": run.lr, **run.settings})
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            mindspore.ops.assign(optimizer.learning_rate, mindspore.Tensor(run.lr * factor, mindspore.float32))
        optimizer((mindspore.Tensor(np.array(gradient, dtype)),))
        yield weight.asnumpy()


def defaults(run):
    """Its decorators hide the signature: it is that of the function that they wrap."""
    init = run.make.__init__
    while inner := [cell.cell_contents for cell in init.__closure__ or () if inspect.isfunction(cell.cell_contents)]:
        init = inner[0]
    return {name: value for name, value in signature(init).items() if name not in ("self", "params")}


if __name__ == "__main__":
    mindspore.set_device("CPU")
    record("mindspore", ["mindspore", "numpy"], RUNS, walk, defaults=defaults)
