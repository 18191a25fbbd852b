#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, Trainer with label_smoothing_factor=.2.
# Guess:   the smoothing is for training; eval_loss is the cross-entropy, as without it: 1.201 for these weights.
# Happens: the evaluation smooths its labels too: eval_loss is 1.189 for the same weights and data, and for a model that
#          is right and sure it is the larger the surer it is: 2.67 for a cross-entropy of .00000.
# Matters: eval_loss cannot be compared between two values of the factor, exp(eval_loss) is no perplexity, and
#          load_best_model_at_end keeps the model with the best smoothed loss. compute_metrics can work the real one out
#          from the logits.
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
from transformers import PretrainedConfig, Trainer, TrainingArguments

INPUTS, LABELS = torch.eye(3), torch.arange(3)


class Model(torch.nn.Module):
    def __init__(self, sure):
        super().__init__()
        self.config = PretrainedConfig()
        self.layer = torch.nn.Linear(3, 3)
        if sure:
            self.layer.load_state_dict({"weight": 20 * torch.eye(3), "bias": torch.zeros(3)})

    def forward(self, inputs, labels=None):
        logits = self.layer(inputs)
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


print("transformers", transformers.__version__)
for sure in (False, True):
    torch.manual_seed(0)
    model = Model(sure)
    guess = torch.nn.functional.cross_entropy(model.layer(INPUTS), LABELS).item()
    data = [{"inputs": row, "labels": label.item()} for row, label in zip(INPUTS, LABELS)]
    for factor in (0.0, 0.2):
        smoothed = torch.nn.functional.cross_entropy(model.layer(INPUTS), LABELS, label_smoothing=factor).item()
        settings = TrainingArguments(
            sys.argv[1], label_smoothing_factor=factor, report_to=[], use_cpu=True, disable_tqdm=True
        )
        seen = Trainer(model, settings, eval_dataset=data).evaluate()["eval_loss"]
        print(f"factor {factor}: guess {guess:.5f}, seen {seen:.5f}")
        assert abs(seen - smoothed) < 1e-5
    assert abs(seen - guess) > 0.01
assert guess < 1e-5 and seen > 2
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
