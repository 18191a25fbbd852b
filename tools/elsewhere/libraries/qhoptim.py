"""qhoptim, by the authors of QHM and QHAdam."""

from qhoptim.pyt import QHM, QHAdam

from ..common import Run, record
from ..torch_api import defaults, walk

RUNS = [
    Run("QHAdam", QHAdam),
    Run("QHAdam nus", QHAdam, {"nus": (0.7, 0.9)}),
    Run("QHM", QHM, {"lr": 0.001, "momentum": 0.999, "nu": 0.7}),
]

if __name__ == "__main__":
    record("qhoptim", ["qhoptim", "torch"], RUNS, walk, defaults=defaults)
