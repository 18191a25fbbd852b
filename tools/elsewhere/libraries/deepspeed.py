"""DeepSpeed's optimizers on a CPU, which it compiles where they are used."""

from deepspeed.ops.adagrad import DeepSpeedCPUAdagrad
from deepspeed.ops.adam import DeepSpeedCPUAdam, FusedAdam
from deepspeed.ops.lion import DeepSpeedCPULion

from ..common import Run, record
from ..torch_api import defaults, walk

DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("CPUAdam", DeepSpeedCPUAdam),
    Run("CPUAdam decay", DeepSpeedCPUAdam, DECAY),
    Run("CPUAdam decay in the gradient", DeepSpeedCPUAdam, {**DECAY, "adamw_mode": False}),
    Run("CPUAdam bias_correction False", DeepSpeedCPUAdam, {"bias_correction": False}),
    Run("CPUAdagrad", DeepSpeedCPUAdagrad),
    Run("CPUAdagrad decay", DeepSpeedCPUAdagrad, DECAY),
    Run("CPULion", DeepSpeedCPULion),
    Run("CPULion decay", DeepSpeedCPULion, DECAY),
    Run("FusedAdam", FusedAdam),
]

if __name__ == "__main__":
    record("deepspeed", ["deepspeed", "torch"], RUNS, walk, ["float32"], defaults=defaults)
