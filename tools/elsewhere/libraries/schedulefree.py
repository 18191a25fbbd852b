"""schedulefree, by the authors of the paper: the weights of training and those that are meant to be used."""

import schedulefree as of

from ..common import Run, record
from ..torch_api import defaults, walk

DECAY, EVALUATED = {"weight_decay": 0.1}, {"evaluate": True}
RUNS = [
    Run("SGDScheduleFree", of.SGDScheduleFree),
    Run("SGDScheduleFree evaluated", of.SGDScheduleFree, extra=EVALUATED),
    Run("SGDScheduleFree decay", of.SGDScheduleFree, DECAY),
    Run("AdamWScheduleFree", of.AdamWScheduleFree),
    Run("AdamWScheduleFree evaluated", of.AdamWScheduleFree, extra=EVALUATED),
    Run("AdamWScheduleFree foreach False", of.AdamWScheduleFree, {"foreach": False}),
    Run("AdamWScheduleFree decay", of.AdamWScheduleFree, DECAY),
    Run("AdamWScheduleFree warm-up 5", of.AdamWScheduleFree, {"warmup_steps": 5}),
    Run("AdamWScheduleFreePaper", of.AdamWScheduleFreePaper),
    Run("RAdamScheduleFree", of.RAdamScheduleFree),
]

if __name__ == "__main__":
    record("schedulefree", ["schedulefree", "torch"], RUNS, walk, defaults=defaults)
