#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, train(resume_from_checkpoint=...) with other
#          TrainingArguments than before.
# Guess:   what is named in the new TrainingArguments holds from there on, as num_train_epochs and max_grad_norm do: a run
#          resumed with learning_rate=.001 and weight_decay=.5 goes on with these.
# Happens: optimizer and schedule are made with them, and then take the old numbers from the checkpoint: the rate goes on
#          at .1, without decay; the weights are those of a run resumed with nothing changed. args.learning_rate, and with
#          it the model card and what loggers record of the run, say .001.
# Matters: one resumes with a lower rate because a run got unstable, gets the rate that made it so, and a record that says
#          otherwise.
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

transformers.utils.logging.set_verbosity_error()


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(self.layer.weight)

    def forward(self, inputs, labels):
        return {"loss": (self.layer(inputs) - labels).square().mean()}


def run(epochs, rate, decay, clip, resume=None):
    """The rates of the steps of this call, the decay at its end, and the final weight."""
    data = [{"inputs": torch.ones(1), "labels": torch.ones(1)} for _ in range(4)]
    trainer = Trainer(
        Model(),
        TrainingArguments(
            sys.argv[1], num_train_epochs=epochs, learning_rate=rate, weight_decay=decay, max_grad_norm=clip, optim="sgd",
            lr_scheduler_type="constant", per_device_train_batch_size=2, logging_steps=1, save_strategy="epoch",
            report_to=[], use_cpu=True, disable_tqdm=True),
        train_dataset=data)
    trainer.train(resume_from_checkpoint=resume)
    lines = [line for line in trainer.state.log_history if "learning_rate" in line and line["epoch"] > epochs - 2]
    return [line["learning_rate"] for line in lines], trainer.optimizer.param_groups[0]["weight_decay"], \
        trainer.model.layer.weight.item()


run(2, 0.1, 0.0, 0.0)
checkpoint = sys.argv[1] + "/checkpoint-4"
same, seen, clipped = run(4, 0.1, 0.0, 0.0, checkpoint), run(4, 0.001, 0.5, 0.0, checkpoint), run(4, 0.1, 0.0, 0.01, checkpoint)
print("transformers", transformers.__version__, "torch", torch.__version__)
print("guess: resumed with learning_rate=.001, weight_decay=.5: rates", 4 * [0.001], "and decay 0.5")
print("seen:  rates", seen[0], "and decay", seen[1], "weight", seen[2])
print("seen:  weight", same[2], "resumed with nothing changed,", clipped[2], "with max_grad_norm=.01")
assert seen == same and seen[0] == 4 * [0.1] and seen[1] == 0
assert clipped[2] < same[2] - 0.05
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
