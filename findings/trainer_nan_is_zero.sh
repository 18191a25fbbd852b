#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, Trainer with default settings, a loss that becomes
#          NaN.
# Guess:   the log says NaN from there on, and so does the mean training loss at the end.
# Happens: a NaN is replaced by the mean loss since the last line of the log. Where a whole line is NaN there is none:
#          each later line says 0.0, and these zeros count in the mean, which train() returns: .30 for a run that was at
#          1.39 when it broke. grad_norm says NaN.
# Matters: by training loss the run that diverged is the best of a search. It is logging_nan_inf_filter=True, a default
#          whose documentation speaks of a mean; with False each line and the mean are NaN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import sys
from math import isnan, nan

import torch
import transformers
from transformers import Trainer, TrainingArguments


class Model(torch.nn.Module):
    """Its loss is NaN from the fifth batch on."""

    def __init__(self):
        super().__init__()
        self.layer, self.batches = torch.nn.Linear(1, 3), 0

    def forward(self, inputs, labels):
        self.batches += 1
        loss = torch.nn.functional.cross_entropy(self.layer(inputs), labels)
        return {"loss": loss * nan if self.batches > 4 else loss}


def logged(filtered):
    torch.manual_seed(0)
    data = [{"inputs": torch.tensor([float(number % 3)]), "labels": number % 3} for number in range(30)]
    settings = TrainingArguments(
        sys.argv[1], per_device_train_batch_size=3, num_train_epochs=2, logging_steps=2, save_strategy="no", report_to=[],
        use_cpu=True, disable_tqdm=True, **({} if filtered else {"logging_nan_inf_filter": False}),
    )
    trainer = Trainer(Model(), settings, train_dataset=data)
    mean = trainer.train().training_loss
    lines = [line for line in trainer.state.log_history if "loss" in line]
    assert all(isnan(float(line["grad_norm"])) for line in lines[2:])
    return [float(line["loss"]) for line in lines], mean


guess, seen = logged(filtered=False), logged(filtered=True)
print("transformers", transformers.__version__)
for name, (losses, mean) in (("guess", guess), ("seen ", seen)):
    print(f"{name}: lines {[round(loss, 3) for loss in losses]}, mean {mean:.3f}")
assert guess[0][:2] == seen[0][:2] and min(seen[0][:2]) > 1
assert all(map(isnan, guess[0][2:])) and isnan(guess[1])
assert seen[0][2:] == 8 * [0.0] and 0 < seen[1] < 0.5
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
