"""lion-pytorch, by lucidrains."""

from lion_pytorch import Lion

from ..common import Run, record
from ..torch_api import defaults, walk

RUNS = [
    Run("Lion", Lion),
    Run("Lion decay", Lion, {"weight_decay": 0.1}),
    Run("Lion decoupled_weight_decay", Lion, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
]

if __name__ == "__main__":
    record("lion_pytorch", ["lion-pytorch", "torch"], RUNS, walk, defaults=defaults)
