#!/usr/bin/env bash
# Library: Lightning 2.6.6 with torch 2.13.0, ReduceLROnPlateau watching val_loss, Trainer(check_val_every_n_epoch=4).
# Guess:   patience counts validations: a loss that falls at each of them leaves the rate as it is.
# Happens: the schedule is stepped after every epoch, with the value of the last validation again where there was none:
#          three epochs of four count as no improvement. With patience=2 a validation loss that falls from .85 to .25
#          without a break takes the rate from 1 to .001 in 17 epochs.
# Matters: whoever validates less often to save time ends the training early, and the log shows a loss that keeps falling.
#          "frequency": 4 in the schedule's dict cures it; EarlyStopping counts validations by itself.
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
from lightning.pytorch.callbacks import EarlyStopping
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Model(lightning.LightningModule):
    def __init__(self, frequency):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.frequency, self.rates, self.losses = frequency, [], []

    def training_step(self, batch, index):
        self.rates.append(round(self.optimizers().param_groups[0]["lr"], 6))
        return self.weight.sum()

    def validation_step(self, batch, index):
        self.losses.append(round(1 - 0.05 * self.current_epoch, 2))
        self.log("val_loss", self.losses[-1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD([self.weight], lr=1.0)
        schedule = {"scheduler": ReduceLROnPlateau(optimizer, factor=0.1, patience=2), "monitor": "val_loss"}
        # the first epochs have no validation yet, which "strict" would call an error
        return {"optimizer": optimizer, "lr_scheduler": schedule | {"strict": False, "frequency": self.frequency}}


def run(validate, frequency):
    """The rate of each of 17 epochs and the losses of the validations."""
    model = Model(frequency)
    lightning.Trainer(
        max_epochs=17, check_val_every_n_epoch=validate, num_sanity_val_steps=0, accelerator="cpu", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[EarlyStopping("val_loss", patience=2)],
    ).fit(model, DataLoader(range(1)), DataLoader(range(1)))
    return model.rates, model.losses


print("lightning", lightning.__version__, "torch", torch.__version__)
rates, losses = run(validate=4, frequency=1)
print("validation losses", losses, "\nguess: rates", 17 * [1.0], "\nseen:  rates", rates)
assert losses == [0.85, 0.65, 0.45, 0.25]
assert rates == 7 * [1.0] + 4 * [0.1] + 4 * [0.01] + 2 * [0.001]
assert run(validate=4, frequency=4)[0] == run(validate=1, frequency=1)[0] == 17 * [1.0]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
