#!/usr/bin/env bash
# Library: accelerate 1.15.0 and Lightning 2.6.6 with torch 2.13.0: gradients accumulated over 4 batches, an epoch of 5.
# Guess:   a step takes the mean gradient of the batches since the step before; the last one, of a single batch, takes that
#          batch's gradient.
# Happens: both step at the end of the epoch, and both divide by 4 all the same: the last step is a quarter as long as the
#          first, though its batch has the same gradient.
# Matters: the last batches of each epoch count less, by the ratio of what is left to what is accumulated; with momentum or
#          Adam the short step also enters the averages. A number of batches that 4 divides cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'accelerate==1.15.0' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging

import accelerate
import lightning
import torch

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
BATCHES, EVERY = 5, 4


def loader():
    return torch.utils.data.DataLoader(torch.ones(BATCHES, 1))


def model():  # its gradient is 1 on each batch
    layer = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(layer.weight)
    return layer


def with_accelerate():
    helper, weights = accelerate.Accelerator(gradient_accumulation_steps=EVERY, cpu=True), []
    layer = model()
    layer, optimizer, data = helper.prepare(layer, torch.optim.SGD(layer.parameters(), lr=1.0), loader())
    for batch in data:
        with helper.accumulate(layer):
            helper.backward(layer(batch).sum())
            optimizer.step()
            optimizer.zero_grad()
        weights.append(layer.weight.item())
    return weights


class Lesson(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.weights = model(), []

    def training_step(self, batch):
        return self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def on_train_batch_end(self, *_):
        self.weights.append(self.layer.weight.item())


def with_lightning():
    lesson = Lesson()
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    lightning.Trainer(max_epochs=1, accumulate_grad_batches=EVERY, accelerator="cpu", **quiet).fit(lesson, loader())
    return lesson.weights


print("accelerate", accelerate.__version__, "lightning", lightning.__version__, "torch", torch.__version__)
print("guess: the weight is 0, 0, 0, -1, -2 after the five batches")
print("seen: ", with_accelerate(), "by accelerate,", with_lightning(), "by Lightning")
assert with_accelerate() == with_lightning() == [0, 0, 0, -1, -1.25]
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
