#!/usr/bin/env bash
# Library: torchmetrics 1.9.0 and Lightning 2.6.6 with torch 2.13.0, metrics in a module and precision="bf16-true".
# Guess:   the metrics go on in float32, whatever becomes of the module: torchmetrics says that half(), float() and the like
#          leave their states alone and only set_dtype() changes them.
# Happens: half() and bfloat16() do leave them alone, module.to(torch.bfloat16) does not, and this is what Lightning calls.
#          The sums of a metric are then kept in bfloat16, where 256 + 1 is 256: its total and its weight stop growing.
# Matters: 500 validation batches with loss 1 and 500 with loss 2 have the mean 1.5, which self.log gives for the number and
#          the MeanMetric beside it 2.0; the mean square, 2.5, is 1.02. The metrics are given float32. Checkpoints are
#          chosen by these numbers. metric.set_dtype(torch.float32) at the start of the fit or validation cures it.
# Source:  https://github.com/Lightning-AI/torchmetrics/issues/1561 and /2314 (closed) tell of such states under DeepSpeed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'torchmetrics==1.9.0' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging

import lightning
import torch
import torchmetrics

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Lesson(lightning.LightningModule):
    cure = False

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.mean, self.square = torchmetrics.MeanMetric(), torchmetrics.MeanSquaredError()

    def on_validation_start(self):
        if self.cure:
            self.mean.set_dtype(torch.float32), self.square.set_dtype(torch.float32)

    def validation_step(self, batch, index):
        loss = torch.tensor([1.0 if index < 500 else 2.0])  # float32
        self.mean.update(loss)
        self.square.update(loss, torch.zeros(1))
        self.log("logged", loss, on_epoch=True, batch_size=1)
        self.log_dict({"metric": self.mean, "square": self.square})


def validated(precision, cure=False):
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer, lesson = lightning.Trainer(precision=precision, accelerator="cpu", **quiet), Lesson()
    lesson.cure = cure
    result, = trainer.validate(lesson, torch.utils.data.DataLoader(torch.ones(1000, 1)), verbose=False)
    return {name: round(value, 2) for name, value in result.items()}


print("torchmetrics", torchmetrics.__version__, "lightning", lightning.__version__, "torch", torch.__version__)
print("guess:", validated("32-true"))
print("seen: ", validated("bf16-true"))
assert validated("32-true") == validated("bf16-true", cure=True) == {"logged": 1.5, "metric": 1.5, "square": 2.5}
assert validated("bf16-true") == {"logged": 1.5, "metric": 2.0, "square": 1.02}
state = {}
for name, change in {"half()": lambda module: module.half(), "bfloat16()": lambda module: module.bfloat16(),
                     "to(bfloat16)": lambda module: module.to(torch.bfloat16)}.items():
    state[name] = change(torch.nn.ModuleList([torchmetrics.MeanMetric()]))[0].mean_value.dtype
print(state)
assert state == {"half()": torch.float32, "bfloat16()": torch.float32, "to(bfloat16)": torch.bfloat16}
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
