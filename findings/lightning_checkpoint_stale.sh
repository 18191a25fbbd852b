#!/usr/bin/env bash
# Library: Lightning 2.6.6 with torch 2.13.0, ModelCheckpoint(monitor="val_loss", every_n_train_steps=5, save_top_k=1) in
#          epochs of 8 batches with a validation at the end of each.
# Guess:   the file that is called best holds weights whose validation gave the loss in its name, or those nearest before.
# Happens: a file that is due at a step gets the loss of the last validation, which belongs to earlier weights. The best
#          validation is after step 16, with a loss of 0; the best file, "val_loss=0.00", is that of step 20, whose loss
#          is 4. With every_n_train_steps=8, where steps and validations fall together, it is that of step 24, whose loss
#          is 8: the file is written before the validation. Without every_n_train_steps it is that of step 16.
# Matters: a run that goes wrong soon after its best validation keeps the wrong weights under the best score, and the file
#          with the best weights is deleted, or was never written.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging
import os
import sys

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Model(lightning.LightningModule):
    """The weight is the number of steps; the best weight is 16."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.losses = {}

    def training_step(self, batch, index):
        return -self.weight

    def validation_step(self, batch, index):
        self.losses[self.global_step] = (self.weight - 16).abs().item()
        self.log("val_loss", self.losses[self.global_step])

    def configure_optimizers(self):
        return torch.optim.SGD([self.weight], lr=1.0)


def best(every, folder):
    """The best file's name, the loss it counts with, and the weight in it; the losses of all validations."""
    keeper = ModelCheckpoint(
        folder, filename="{step}-{val_loss:.2f}", monitor="val_loss", every_n_train_steps=every, save_top_k=1
    )
    model = Model()
    lightning.Trainer(
        max_epochs=4, num_sanity_val_steps=0, accelerator="cpu", logger=False, callbacks=[keeper],
        enable_progress_bar=False, enable_model_summary=False,
    ).fit(model, DataLoader(range(8)), DataLoader(range(1)))
    weight = torch.load(keeper.best_model_path)["state_dict"]["weight"].item()
    assert len(os.listdir(folder)) == 1
    return os.path.basename(keeper.best_model_path), keeper.best_model_score.item(), weight, model.losses


print("lightning", lightning.__version__, "torch", torch.__version__)
for every, expected in ((None, 16.0), (5, 20.0), (8, 24.0)):
    name, score, weight, losses = best(every, f"{sys.argv[1]}/{every}")
    print(f"every_n_train_steps={every}: {name} counts with {score}, its weights have the loss {abs(weight - 16)}")
    assert losses == {8: 8.0, 16: 0.0, 24: 8.0, 32: 16.0} and score == 0.0
    assert weight == expected
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
