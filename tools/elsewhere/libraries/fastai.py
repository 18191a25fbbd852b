"""fastai.optimizer: step functions, one after the other."""

import torch
from fastai import optimizer as of

from ..common import Run, record, signature

RUNS = [
    Run("SGD", of.SGD),
    Run("SGD momentum", of.SGD, {"mom": 0.9}),
    Run("SGD decay", of.SGD, {"mom": 0.9, "wd": 0.1}),
    Run("SGD decay in the gradient", of.SGD, {"mom": 0.9, "wd": 0.1, "decouple_wd": False}),
    Run("RMSProp", of.RMSProp),
    Run("RMSProp momentum", of.RMSProp, {"mom": 0.9}),
    Run("Adam", of.Adam),
    Run("Adam decay", of.Adam, {"wd": 0.1}),
    Run("Adam decay in the gradient", of.Adam, {"wd": 0.1, "decouple_wd": False}),
    Run("RAdam", of.RAdam),
    Run("QHAdam", of.QHAdam),
    Run("Larc", of.Larc),
    Run("Lamb", of.Lamb),
    Run("ranger", of.ranger),
]
for each in RUNS:
    each.lr = 0.001 if "lr" not in signature(each.make) else None


def walk(run, dtype, x0, gradients, factors):
    weight = torch.nn.Parameter(torch.tensor(x0, dtype=getattr(torch, dtype)))
    optimizer = run.make([weight], **({"lr": run.lr} | run.settings))
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            optimizer.set_hyper("lr", run.lr * factor)
        weight.grad = torch.tensor(gradient, dtype=weight.dtype)
        optimizer.step()
        yield weight.detach()


if __name__ == "__main__":
    record("fastai", ["fastai", "torch"], RUNS, walk)
