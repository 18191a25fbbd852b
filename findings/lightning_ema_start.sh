#!/usr/bin/env bash
# Library: Lightning 2.6.6 with torch 2.13.0, callback EMAWeightAveraging(update_starting_at_epoch=...).
# Guess:   the average starts at that epoch, as with update_starting_at_step it starts at that step: in a run of 10 epochs
#          of 10 batches, 8 gives what step 80 gives, and 100 never moves the average.
# Happens: it delays nothing. The average starts after the first step and is moved at each, as without the argument; from
#          that epoch on it is moved once more at the end of each epoch.
# Matters: after the fit the model holds the average. Of weights 1, 2, ... 100 that is 6.0 with the default decay .999,
#          where the average from step 80 on is 81.2: the first steps, which the argument was to leave out, are most of it.
#          update_starting_at_step, the epoch times the steps of an epoch, delays the average.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
EPOCHS, BATCHES = 10, 10


class Lesson(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def training_step(self, _):  # each step of SGD adds 1 to the weight
        return -self.weight

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def fit(**settings):
    """Weight after the fit, number of updates of the average."""
    lesson, average = Lesson(), EMAWeightAveraging(**settings)
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer = lightning.Trainer(max_epochs=EPOCHS, accelerator="cpu", callbacks=[average], **quiet)
    trainer.fit(lesson, torch.utils.data.DataLoader(torch.ones(BATCHES)))
    return round(lesson.weight.item(), 1), average._average_model.n_averaged.item()


print("lightning", lightning.__version__, "torch", torch.__version__, "(weight, updates) after 100 steps")
guess, seen, never, plain = (
    fit(update_starting_at_step=80), fit(update_starting_at_epoch=8), fit(update_starting_at_epoch=100), fit()
)
print("guess:", guess, "from epoch 8 on,", (0.0, 0), "from epoch 100 on;", plain, "without the argument")
print("seen: ", seen, "from epoch 8 on,", never, "from epoch 100 on")
assert guess == (81.2, 20) and seen == (6.0, 102)
assert never == plain == (5.8, 100)
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
