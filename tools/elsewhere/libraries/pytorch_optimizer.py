"""pytorch-optimizer, by kozistr."""

import pytorch_optimizer as of
from torch import nn

from ..common import FACTORS, MATRICES, SQUARES, Run, record
from ..torch_api import defaults, walk

DECAY = {"weight_decay": 0.1}
PLAIN = {"foreach": False}


class Layer(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight


def adam_mini(weights, **settings):
    """It takes a network, whose names decide the blocks."""
    return of.AdamMini(Layer(weights[0]), **settings)


RUNS = [
    Run("Adam", of.Adam),
    Run("AdamW", of.AdamW),
    Run("NAdam", of.NAdam),
    Run("RMSprop", of.RMSprop),
    Run("QHAdam", of.QHAdam),
    Run("QHAdam nus", of.QHAdam, {"nus": (0.7, 0.9)}),
    Run("QHAdam nus foreach False", of.QHAdam, {"nus": (0.7, 0.9), **PLAIN}),
    Run("QHM", of.QHM),
    Run("QHM 0.999 0.7", of.QHM, {"momentum": 0.999, "nu": 0.7}),
    Run("AggMo", of.AggMo),
    Run("AdaMax", of.AdaMax),
    Run("AdaDelta", of.AdaDelta),
    Run("RAdam", of.RAdam),
    Run("RAdam degenerated_to_sgd", of.RAdam, {"degenerated_to_sgd": True}),
    Run("RAdam foreach False", of.RAdam, PLAIN),
    Run("ASGD", of.ASGD),
    Run("SWATS", of.SWATS, note="twelve steps: the part that is Adam"),
    Run("SGDW", of.SGDW, {"momentum": 0.9, **DECAY}),
    Run("SignSGD", of.SignSGD),
    Run("Tiger", of.Tiger),
    Run("Lion", of.Lion),
    Run("Lion decay", of.Lion, DECAY),
    Run("Lion cautious", of.Lion, {"cautious": True}),
    Run("AdaBelief", of.AdaBelief),
    Run("AdaBelief ams_bound", of.AdaBelief, {"ams_bound": True}),
    Run("AdaBelief rectify", of.AdaBelief, {"rectify": True}),
    Run("ADOPT", of.ADOPT),
    Run("Adan", of.Adan),
    Run("Adan decay", of.Adan, DECAY),
    Run("Adan decoupled decay", of.Adan, {**DECAY, "weight_decouple": True}),
    Run("AdEMAMix", of.AdEMAMix),
    Run("AdEMAMix decay", of.AdEMAMix, DECAY),
    Run("MARS", of.MARS, {}, FACTORS),
    Run("Grams", of.Grams),
    Run("LaProp", of.LaProp),
    Run("LaProp ams_bound", of.LaProp, {"ams_bound": True}),
    Run("StableAdamW", of.StableAdamW),
    Run("Yogi", of.Yogi),
    Run("AdaBound", of.AdaBound),
    Run("Prodigy", of.Prodigy),
    Run("Prodigy bias_correction", of.Prodigy, {"bias_correction": True}),
    Run("DAdaptAdam", of.DAdaptAdam),
    Run("ScheduleFreeSGD", of.ScheduleFreeSGD),
    Run("ScheduleFreeSGD evaluated", of.ScheduleFreeSGD, extra={"evaluate": True}),
    Run("ScheduleFreeAdamW", of.ScheduleFreeAdamW),
    Run("ScheduleFreeAdamW warm-up 5", of.ScheduleFreeAdamW, {"warmup_steps": 5}),
    Run("ScheduleFreeRAdam", of.ScheduleFreeRAdam),
    Run("AdamMini", adam_mini, {"lr": 0.001}, ("vector", "matrix")),
    Run("AdaFactor", of.AdaFactor, {}, FACTORS),
    Run("AdaFactor without momentum", of.AdaFactor, {"betas": (None, 0.999)}, FACTORS),
    Run("Lamb", of.Lamb),
    Run("LARS", of.LARS),
    Run("LARS decay", of.LARS, DECAY),
    Run("Muon", of.Muon, {}, MATRICES, extra={"group": {"use_muon": True}}),
    Run("Muon use_adjusted_lr", of.Muon, {"use_adjusted_lr": True}, MATRICES, extra={"group": {"use_muon": True}}),
    Run("Muon use_muon False", of.Muon, extra={"group": {"use_muon": False}}, lr=0.0003),
    Run("Muon without use_muon", of.Muon, {}, MATRICES),
    Run("SOAP", of.SOAP, {}, SQUARES),
    Run("Shampoo", of.Shampoo, {}, SQUARES),
    Run("ScalableShampoo", of.ScalableShampoo, {}, SQUARES),
    Run("Kron", of.Kron, {}, ("matrix", "square"), note="draws random numbers; seed 0"),
    Run("Lookahead SGD", of.SGD, {"lr": 0.1}, extra={"wrap": of.Lookahead}),
]

if __name__ == "__main__":
    record("pytorch_optimizer", ["pytorch_optimizer", "torch"], RUNS, walk, defaults=defaults)
