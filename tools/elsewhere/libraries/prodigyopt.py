"""prodigyopt, by the authors of the paper."""

from prodigyopt import Prodigy

from ..common import Run, record
from ..torch_api import defaults, walk

RUNS = [
    Run("Prodigy", Prodigy),
    Run("Prodigy use_bias_correction", Prodigy, {"use_bias_correction": True}),
    Run("Prodigy safeguard_warmup", Prodigy, {"safeguard_warmup": True}),
    Run("Prodigy decay", Prodigy, {"weight_decay": 0.1}),
    Run("Prodigy decay in the gradient", Prodigy, {"weight_decay": 0.1, "decouple": False}),
]

if __name__ == "__main__":
    record("prodigyopt", ["prodigyopt", "torch"], RUNS, walk, defaults=defaults)
