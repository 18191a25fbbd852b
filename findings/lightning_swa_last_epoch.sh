#!/usr/bin/env bash
# Library: Lightning 2.6.6 with torch 2.13.0, callback StochasticWeightAveraging(swa_epoch_start=8) in a run of 10 epochs.
# Guess:   the model holds the mean of the weights after the 8th, 9th and 10th epoch, the epochs trained with swa_lrs: "the
#          procedure starts from the 8th epoch". So does the usual loop around AveragedModel.
# Happens: the weights are taken at the start of an epoch: those after the 7th, 8th and 9th. The last epoch trains and is
#          thrown away; what counts instead are the weights that the ordinary rate left, before the first epoch of averaging.
# Matters: with weights 1, 2, ... 10 after the epochs the mean is 8 for 9. The fewer epochs are averaged, the more it counts:
#          of two, one is from before the procedure, and swa_epoch_start=10 returns the weights after 9 epochs as they are.
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
from lightning.pytorch.callbacks import StochasticWeightAveraging

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
EPOCHS = 10


class Lesson(lightning.LightningModule):
    """One weight, which each step raises by the learning rate."""

    def __init__(self):
        super().__init__()
        self.layer, self.after = torch.nn.Linear(1, 1, bias=False), []
        torch.nn.init.zeros_(self.layer.weight)

    def training_step(self, batch):
        return -self.layer(batch).sum()

    def on_train_epoch_end(self):
        self.after.append(self.layer.weight.item())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def fitted(start, rate=1.0):
    lesson = Lesson()
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    average = StochasticWeightAveraging(swa_lrs=rate, swa_epoch_start=start, annealing_epochs=1)
    lightning.Trainer(max_epochs=EPOCHS, accelerator="cpu", callbacks=[average], **quiet).fit(
        lesson, torch.utils.data.DataLoader(torch.ones(1, 1)))
    return lesson.after, lesson.layer.weight.item()


print("lightning", lightning.__version__, "torch", torch.__version__)
for start in 8, 9, 10:
    after, final = fitted(start)
    assert after == list(range(1, EPOCHS + 1)), after
    guess, seen = after[start - 1:], after[start - 2:-1]
    print(f"from epoch {start}: guess {sum(guess) / len(guess)}, seen {final}")
    assert final == sum(seen) / len(seen) == sum(guess) / len(guess) - 1, final
after, final = fitted(10, rate=0.01)
print("with a rate of .01 from epoch 10:", after[-2:], "and at the end", final)
assert final == after[-2] == 9
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
