#!/usr/bin/env bash
# Library: transformers 5.24.0 with schedulefree 1.4.1 and torch 2.13.0, Trainer with optim="schedule_free_sgd" or _adamw.
# Guess:   the Trainer, which turns the optimizer to train() for each step and to eval() for each evaluation, saves the
#          averaged weights, those that the method is about. That one evaluates does not change what is saved.
# Happens: only an evaluation turns the optimizer to eval(). A checkpoint without an evaluation just before it, and the model
#          after train() hold the weights of train(), at which gradients are taken: a tenth of the way from the average to
#          the last raw step. No warning.
# Matters: the same run with the same seed saves weights ten times as far from the solution (2.18 for .22) where it does not
#          evaluate before it saves. trainer.train(); trainer.save_model() hands out these; trainer.optimizer.eval() between
#          the two cures it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'transformers==5.24.0' 'accelerate==1.15.0' 'schedulefree==1.4.1'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import torch
import transformers
from safetensors.torch import load_file

torch.manual_seed(0)
DATA = [{"labels": target} for target in torch.randn(64, 100)]  # their mean is near 0


class Mean(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((100,), 3.0))

    def forward(self, labels):
        return {"loss": ((self.weight - labels) ** 2).mean(0).sum() / 2, "logits": self.weight.expand(len(labels), -1)}


def distance(weight):
    """From the best weight, the mean of the targets."""
    return round((weight - torch.stack([row["labels"] for row in DATA]).mean(0)).norm().item(), 3)


def saved(evaluate):
    options = transformers.TrainingArguments(
        f"run{evaluate}", optim="schedule_free_sgd", learning_rate=1.0, lr_scheduler_type="constant", max_grad_norm=0,
        per_device_train_batch_size=1, max_steps=640, save_strategy="steps", save_steps=640, eval_steps=640,
        eval_strategy="steps" if evaluate else "no", report_to=[], disable_tqdm=True, use_cpu=True, logging_steps=10_000)
    trainer = transformers.Trainer(Mean(), options, train_dataset=DATA, eval_dataset=DATA)
    trainer.train()
    checkpoint = load_file(f"run{evaluate}/checkpoint-640/model.safetensors")["weight"]
    assert torch.equal(checkpoint, trainer.model.weight)
    trainer.optimizer.eval()
    return distance(checkpoint), distance(trainer.model.weight)


print("transformers", transformers.__version__, "schedulefree", version("schedulefree"), "torch", torch.__version__)
(with_evaluation, average), (without, same_average) = saved(True), saved(False)
print("distance of the checkpoint from the solution")
print(f"guess: {average} whether or not there is an evaluation before")
print(f"seen:  {with_evaluation} with, {without} without; after optimizer.eval() {same_average}")
assert with_evaluation == average == same_average
assert without > 1.3 * average
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" | grep -v "train_runtime\|eval_loss" \
  || { cat "$folder/errors"; exit 1; }
