#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, Trainer with lr_scheduler_type="reduce_lr_on_plateau",
#          metric_for_best_model="accuracy", greater_is_better=True.
# Guess:   the schedule watches the accuracy in the direction that the settings name, as the choice of the best checkpoint
#          and early stopping do: while accuracy rises, the rate stays.
# Happens: the accuracy is handed to torch's ReduceLROnPlateau in its default mode "min". Each epoch that improves counts as
#          a failure: an accuracy that rises from .50 to .88 takes the rate from .1 to 1e-7. One that falls keeps it at .1.
# Matters: training ends early in effect while everything improves, and a run that gets worse keeps its full rate.
#          lr_scheduler_kwargs={"mode": "max"} cures it; neither a warning nor the log says that it is needed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0' 'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import sys

import torch
import transformers
from transformers import Trainer, TrainingArguments


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, labels):
        outputs = self.layer(inputs)
        return {"loss": (outputs - labels).square().mean(), "outputs": outputs}


def rates(accuracies, **settings):
    """The learning rate at the end of each epoch, where the evaluations find these accuracies."""
    data = [{"inputs": torch.ones(1), "labels": torch.ones(1)} for _ in range(4)]
    found = iter(accuracies)
    trainer = Trainer(
        Model(),
        TrainingArguments(
            sys.argv[1], num_train_epochs=len(accuracies), learning_rate=0.1, optim="sgd", eval_strategy="epoch",
            logging_strategy="epoch", save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True,
            lr_scheduler_type="reduce_lr_on_plateau", lr_scheduler_kwargs={"patience": 2, **settings},
            metric_for_best_model="accuracy", greater_is_better=True),
        train_dataset=data, eval_dataset=data, compute_metrics=lambda _: {"accuracy": next(found)})
    trainer.train()
    assert trainer.state.best_metric == max(accuracies)
    return [float(f"{line['learning_rate']:.2g}") for line in trainer.state.log_history if "learning_rate" in line]


rising = [0.5 + 0.02 * epoch for epoch in range(20)]
seen, falling, told = rates(rising), rates(rising[::-1]), rates(rising, mode="max")
print("transformers", transformers.__version__, "torch", torch.__version__)
print("guess: 0.1 in all epochs while accuracy rises from 0.50 to 0.88")
print("seen: ", seen)
print("seen: ", falling[-1], "at the end while accuracy falls from 0.88 to 0.50")
print("seen: ", told[-1], "at the end while it rises and the schedule is told mode='max'")
assert seen[0] == 0.1 and seen[-1] == 1e-7
assert set(falling) == set(told) == {0.1}
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
