"""tinygrad on its interpreter in Python, since its way to a CPU needs clang."""

import os

os.environ |= {"DEV": "PYTHON", "TRAINING": "1"}

from tinygrad import Tensor, dtypes
from tinygrad.nn import optim

from ..common import MATRICES, Run, record

DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("SGD", optim.SGD),
    Run("SGD momentum", optim.SGD, {"momentum": 0.9}),
    Run("SGD nesterov", optim.SGD, {"momentum": 0.9, "nesterov": True}),
    Run("SGD classic", optim.SGD, {"momentum": 0.9, "classic": True}),
    Run("SGD decay", optim.SGD, {"momentum": 0.9, **DECAY}),
    Run("Adam", optim.Adam),
    Run("Adam eps", optim.Adam, {"eps": 1e-3}),
    Run("AdamW", optim.AdamW),
    Run("AdamW decay", optim.AdamW, DECAY),
    Run("LAMB", optim.LAMB),
    Run("LARS", optim.LARS),
    Run("Muon", optim.Muon, {}, MATRICES),
    Run("Muon decay 0", optim.Muon, {"weight_decay": 0.0}, MATRICES),
]


def walk(run, dtype, x0, gradients, factors):
    kind = getattr(dtypes, dtype)
    weight = Tensor(x0, dtype=kind).contiguous().realize()
    optimizer = run.make([weight], **run.settings)
    for gradient, factor in zip(gradients, factors, strict=True):
        if factor != 1:
            optimizer.lr.assign(Tensor([run.lr * factor], dtype=optimizer.lr.dtype)).realize()
        weight.grad = Tensor(gradient, dtype=kind)
        optimizer.step()
        yield weight.tolist()


if __name__ == "__main__":
    record("tinygrad", ["tinygrad"], RUNS, walk)
