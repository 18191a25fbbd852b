#!/usr/bin/env bash
# Library: torchdata 0.11.0 with torch 2.13.0, StatefulDataLoader whose state is taken at the last batch of an epoch; alone
#          and under Lightning 2.6.6.
# Guess:   a state taken after the last batch stands for "the epoch is done": the resumed loader goes on with the next one.
# Happens: it stands for "nothing is left of this epoch": the first epoch of the resumed loader has no batch, and the second
#          is a full one. Only a state taken after the loop has ended behaves as guessed. Under Lightning a checkpoint every
#          n steps that falls on an epoch's last step takes it before: of the two epochs that a resumed run of three has left,
#          one is trained. A checkpoint at the end of an epoch takes it after, and is right.
# Matters: an epoch's training is missing without a word, while schedules by epochs go on, and a mean over the empty epoch
#          divides by 0. With torch's own DataLoader the same resumption trains both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'torchdata==0.11.0' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging
import os
from importlib.metadata import version

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torchdata.stateful_dataloader import StatefulDataLoader

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def loader(**settings):
    return StatefulDataLoader(torch.arange(10.0), batch_size=2, **settings)


def resumed(after_loop, **settings):
    """How many batches the next three epochs have."""
    first = loader(**settings)
    for _ in first:
        state = first.state_dict()
    if after_loop:
        state = first.state_dict()
    second = loader(**settings)
    second.load_state_dict(state)
    return [len(list(second)) for _ in range(3)]


class Lesson(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.epochs = torch.nn.Linear(1, 1), []

    def training_step(self, batch):
        self.epochs.append(self.current_epoch)
        return self.layer(batch[:, None]).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def under_lightning(make, **every):
    """The numbers of the epochs in which a run trains that is resumed after epoch 0."""
    quiet = dict.fromkeys(["logger", "enable_progress_bar", "enable_model_summary"], False)
    folder = f"{make.__name__} {every}"
    saving = ModelCheckpoint(folder, filename="{step}", **every)
    lightning.Trainer(max_epochs=1, accelerator="cpu", callbacks=[saving], **quiet).fit(Lesson(), make())
    lesson = Lesson()
    lightning.Trainer(max_epochs=3, accelerator="cpu", enable_checkpointing=False, **quiet).fit(
        lesson, make(), ckpt_path=os.path.join(folder, "step=5.ckpt"))
    return sorted(set(lesson.epochs)), len(lesson.epochs)


def plain():
    return torch.utils.data.DataLoader(torch.arange(10.0), batch_size=2)


print("torchdata", version("torchdata"), "lightning", lightning.__version__, "torch", torch.__version__)
print("guess: epochs of", 3 * [5], "batches after resumption")
for settings in ({}, {"shuffle": True}, {"num_workers": 1}):
    seen, after = resumed(False, **settings), resumed(True, **settings)
    print("seen: ", seen, "of a state at the last batch,", after, "of one after the loop", settings or "")
    assert seen == [0, 5, 5] and after == [5, 5, 5]
for every in ({"every_n_train_steps": 5}, {"every_n_epochs": 1}):
    guess, seen = under_lightning(plain, **every), under_lightning(loader, **every)
    print(f"Lightning, {every}: guess, as with torch's loader: {guess}, seen {seen} (epochs, steps)")
    assert guess == ([1, 2], 10) and seen == (([2], 5) if "every_n_train_steps" in every else guess)
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
