"""torch-optimizer, by jettify."""

import torch_optimizer as of
from torch.optim import SGD

from ..common import FACTORS, SQUARES, Run, record
from ..torch_api import defaults, walk

RUNS = [
    Run("QHAdam", of.QHAdam),
    Run("QHAdam nus", of.QHAdam, {"nus": (0.7, 0.9)}),
    Run("QHM", of.QHM, {"momentum": 0.0}),
    Run("QHM 0.999 0.7", of.QHM, {"momentum": 0.999, "nu": 0.7}),
    Run("AggMo", of.AggMo),
    Run("RAdam", of.RAdam),
    Run("SWATS", of.SWATS, note="twelve steps: the part that is Adam"),
    Run("AdaBelief", of.AdaBelief),
    Run("AdaBound", of.AdaBound),
    Run("Yogi", of.Yogi),
    Run("DiffGrad", of.DiffGrad),
    Run("AdaMod", of.AdaMod),
    Run("MADGRAD", of.MADGRAD),
    Run("SGDW", of.SGDW, {"momentum": 0.9, "weight_decay": 0.1}),
    Run("Lamb", of.Lamb),
    Run("LARS", of.LARS, {"lr": 0.1}),
    Run("Adafactor", of.Adafactor, {}, FACTORS),
    Run("Shampoo", of.Shampoo, {}, SQUARES),
    Run("Lookahead SGD", SGD, {"lr": 0.1}, extra={"wrap": of.Lookahead}),
]

if __name__ == "__main__":
    record("torch_optimizer", ["torch-optimizer", "torch"], RUNS, walk, defaults=defaults)
