"""HeavyBall."""

import heavyball as of

from ..common import MATRICES, SQUARES, Run, record
from ..torch_api import defaults, walk

DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("SGD", of.SGD),
    Run("AdamW", of.AdamW),
    Run("AdamW decay", of.AdamW, DECAY),
    Run("RMSprop", of.RMSprop),
    Run("NAdam", of.NAdam),
    Run("ADOPT", of.ADOPT),
    Run("LaProp", of.LaProp),
    Run("AdEMAMix", of.AdEMAMix),
    Run("SFAdamW", of.SFAdamW),
    Run("Muon", of.Muon, {}, MATRICES),
    Run("SOAP", of.SOAP, {}, SQUARES),
    Run("PSGDKron", of.PSGDKron, {}, ("matrix", "square"), note="draws random numbers; seed 0"),
]

if __name__ == "__main__":
    of.utils.compile_mode = None  # the same arithmetic without a compiler
    record("heavyball", ["heavyball", "torch"], RUNS, walk, defaults=defaults)
