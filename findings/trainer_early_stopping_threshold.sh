#!/usr/bin/env bash
# Library: transformers 5.24.0 with accelerate 1.15.0 and torch 2.13.0, EarlyStoppingCallback(early_stopping_patience=3,
#          early_stopping_threshold=.01); against EarlyStopping(patience=3, min_delta=.01) of Lightning 2.6.6.
# Guess:   training stops once three evaluations in a row are not better by .01 than the last one that counted as an
#          improvement; a loss that falls by .009 each time counts every second time and goes on. So it does in Lightning.
# Happens: each evaluation is compared with the best so far, however little better that is, so only a single fall of more
#          than .01 counts. The run stops at the fourth of twenty epochs, while the loss is falling steadily.
# Matters: the more often one evaluates, the smaller each fall is: a threshold that is right once an epoch ends the same run
#          at its beginning once it is evaluated every hundred steps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'transformers==5.24.0' 'accelerate==1.15.0' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging
import sys

import lightning
import torch
import transformers
from lightning.pytorch.callbacks import EarlyStopping
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
transformers.utils.logging.set_verbosity_error()
EPOCHS, THRESHOLD, PATIENCE = 20, 0.01, 3


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, labels):
        outputs = self.layer(inputs)
        return {"loss": (outputs - labels).square().mean(), "outputs": outputs}


def by_trainer(scores):
    data, found = [{"inputs": torch.ones(1), "labels": torch.ones(1)} for _ in range(4)], iter(scores)
    trainer = Trainer(
        Model(),
        TrainingArguments(
            sys.argv[1], num_train_epochs=EPOCHS, eval_strategy="epoch", save_strategy="epoch", save_total_limit=1,
            load_best_model_at_end=True, metric_for_best_model="score", greater_is_better=False, report_to=[],
            use_cpu=True, disable_tqdm=True),
        train_dataset=data, eval_dataset=data, compute_metrics=lambda _: {"score": next(found)},
        callbacks=[EarlyStoppingCallback(PATIENCE, THRESHOLD)])
    trainer.train()
    return round(trainer.state.epoch)


class Lesson(lightning.LightningModule):
    def __init__(self, scores):
        super().__init__()
        self.layer, self.found = torch.nn.Linear(1, 1), iter(scores)

    def training_step(self, batch):
        return self.layer(batch).sum()

    def on_train_epoch_end(self):
        self.log("score", next(self.found))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def by_lightning(scores):
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    stopping = EarlyStopping("score", min_delta=THRESHOLD, patience=PATIENCE, check_on_train_epoch_end=True)
    trainer = lightning.Trainer(max_epochs=EPOCHS, accelerator="cpu", callbacks=[stopping], **quiet)
    trainer.fit(Lesson(scores), torch.utils.data.DataLoader(torch.ones(1, 1)))
    return trainer.current_epoch


print("transformers", transformers.__version__, "lightning", lightning.__version__)
for fall in (0.011, 0.009):
    scores = [1 - fall * epoch for epoch in range(EPOCHS)]
    trainer, other = by_trainer(scores), by_lightning(scores)
    print(f"score falls by {fall} an epoch: guess {EPOCHS} epochs, seen {trainer} by the Trainer, {other} by Lightning")
    assert other == EPOCHS and trainer == (EPOCHS if fall > THRESHOLD else PATIENCE + 1)
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" | grep -v '^{' ||
  { cat "$folder/errors"; exit 1; }
