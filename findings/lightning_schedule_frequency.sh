#!/usr/bin/env bash
# Library: Lightning 2.6.6 with torch 2.13.0, a schedule with {"interval": "step", "frequency": n} from
#          configure_optimizers.
# Guess:   the schedule is stepped after every n-th step of the optimizer, as "interval": "step" says.
# Happens: it is stepped after a step of the optimizer where the number of the batch in its epoch is a multiple of n. With
#          frequency=100 and 90 batches in an epoch it never is, in 4 epochs or 400; with frequency=40 it is at 40, 80,
#          130, 170; with frequency=2 and gradients accumulated over 4 batches, after every step and not after every
#          second one.
# Matters: a decay that is meant for every 100 steps stops working when the batches are made larger, and comes twice as
#          fast under accumulation, without a word. frequency=1 and a schedule that counts for itself (StepLR) are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging

import lightning
import torch
from torch.optim.lr_scheduler import ExponentialLR, StepLR
from torch.utils.data import DataLoader

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Model(lightning.LightningModule):
    def __init__(self, schedule, frequency):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.schedule, self.frequency, self.rates = schedule, frequency, []

    def training_step(self, batch, index):
        return self.weight.sum()

    def configure_optimizers(self):
        optimizer = torch.optim.SGD([self.weight], lr=1.0)
        schedule = {"scheduler": self.schedule(optimizer), "interval": "step", "frequency": self.frequency}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def on_before_optimizer_step(self, optimizer):
        self.rates.append(optimizer.param_groups[0]["lr"])


def changes(schedule, frequency, batches, epochs, accumulated=1):
    """After how many steps of the optimizer the rate changes."""
    model = Model(schedule, frequency)
    lightning.Trainer(
        max_epochs=epochs, accumulate_grad_batches=accumulated, accelerator="cpu", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    ).fit(model, DataLoader(range(batches)))
    return [step for step in range(1, len(model.rates)) if model.rates[step] != model.rates[step - 1]]


def halved(optimizer):
    return ExponentialLR(optimizer, gamma=0.5)


print("lightning", lightning.__version__, "torch", torch.__version__, "- the rate is halved after steps:")
for frequency, batches, epochs, accumulated, expected in (
    (100, 90, 4, 1, []), (40, 90, 2, 1, [40, 80, 130, 170]), (2, 32, 1, 4, [1, 2, 3, 4, 5, 6, 7])
):
    guess = list(range(frequency, batches * epochs // accumulated, frequency))
    seen = changes(halved, frequency, batches, epochs, accumulated)
    counted = changes(lambda optimizer: StepLR(optimizer, frequency, gamma=0.5), 1, batches, epochs, accumulated)
    print(f"frequency {frequency}, {epochs} x {batches} batches, {accumulated} a step: guess {guess}, seen {seen}")
    assert seen == expected and counted == guess
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
