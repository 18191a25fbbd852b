"""prodigyopt, by the authors of the paper."""

from prodigyopt import Prodigy

from ..common import TENSORS, Run, record
from ..torch_api import defaults, walk

RUNS = [
    Run("Prodigy", Prodigy, {}, TENSORS),
    Run("Prodigy use_bias_correction", Prodigy, {"use_bias_correction": True}, TENSORS),
    Run("Prodigy safeguard_warmup", Prodigy, {"safeguard_warmup": True}, TENSORS),
    Run("Prodigy decay", Prodigy, {"weight_decay": 0.1}, TENSORS),
    Run("Prodigy decay in the gradient", Prodigy, {"weight_decay": 0.1, "decouple": False}, TENSORS),
]

if __name__ == "__main__":
    record("prodigyopt", ["prodigyopt", "torch"], RUNS, walk, defaults=defaults)
