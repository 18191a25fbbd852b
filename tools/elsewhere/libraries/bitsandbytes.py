"""bitsandbytes on a CPU: 32 and 8 bits for each number that a rule keeps."""

import bitsandbytes as bnb

from ..common import Run, record
from ..tiled import walk
from ..torch_api import defaults

of = bnb.optim
DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("SGD momentum", of.SGD, {"lr": 0.001, "momentum": 0.9}),
    Run("SGD8bit", of.SGD8bit, {"lr": 0.001, "momentum": 0.9}),
    Run("Adam", of.Adam),
    Run("Adam decay", of.Adam, DECAY),
    Run("Adam8bit", of.Adam8bit),
    Run("AdamW", of.AdamW),
    Run("AdamW8bit", of.AdamW8bit),
    Run("Lion", of.Lion),
    Run("Lion8bit", of.Lion8bit),
    Run("RMSprop", of.RMSprop),
    Run("Adagrad", of.Adagrad),
    Run("AdEMAMix", of.AdEMAMix),
    Run("LAMB", of.LAMB),
    Run("LARS", of.LARS, {"lr": 0.01, "momentum": 0.9}),
]

if __name__ == "__main__":
    record("bitsandbytes", ["bitsandbytes", "torch"], RUNS, walk, ["float32"], defaults=defaults)
