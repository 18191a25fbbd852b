#!/usr/bin/env bash
# Library: Lightning 2.6.6 with torchdata 0.11.0 and torch 2.13.0: a StatefulDataLoader over an IterableDataset, a run resumed
#          from a checkpoint in the middle of an epoch.
# Guess:   Lightning stores the loader's state with the checkpoint, so the resumed run goes on with the next batch, as it does
#          over a dataset with a length.
# Happens: of a loader without a length Lightning fetches a batch ahead, in order to know which is the last. The state that
#          it stores has counted that batch, the weights have not seen it: after batch 2 the run goes on with batch 4.
# Matters: each interruption drops a batch, for good where the data are read once, and the resumed run is another than the
#          one without a break. No warning: Lightning's own for loaders that cannot be resumed is silent, as this one can.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'torchdata==0.11.0' 'lightning==2.6.6'
cat > "$folder/check.py" <<'PY'
import logging
import os
import warnings
from importlib.metadata import version

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torchdata.stateful_dataloader import StatefulDataLoader

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Stream(torch.utils.data.IterableDataset):
    """Ten numbers, with a state of its own."""

    def __init__(self):
        self.number = 0

    def __iter__(self):
        while self.number < 10:
            self.number += 1
            yield torch.tensor([self.number - 1.0])
        self.number = 0

    def state_dict(self):
        return {"number": self.number}

    def load_state_dict(self, state):
        self.number = state["number"]


class Plain(torch.utils.data.IterableDataset):
    """Ten numbers; the loader repeats what was read when it is resumed."""

    def __iter__(self):
        yield from torch.arange(10.0)[:, None]


class Known(torch.utils.data.Dataset):
    """Ten numbers, and their count is known."""

    def __len__(self):
        return 10

    def __getitem__(self, number):
        return torch.tensor([float(number)])


class Lesson(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(1, 1), []

    def training_step(self, batch):
        self.seen.append(batch.int().flatten().tolist())
        return self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def resumed(data):
    """The batches up to the checkpoint, and those of the same epoch after resumption."""
    quiet = dict.fromkeys(["logger", "enable_progress_bar", "enable_model_summary"], False)
    saving = ModelCheckpoint(data.__name__, every_n_train_steps=2, filename="{step}", save_top_k=-1)
    first, second = Lesson(), Lesson()
    lightning.Trainer(max_epochs=1, accelerator="cpu", callbacks=[saving], **quiet).fit(
        first, StatefulDataLoader(data(), batch_size=2))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        lightning.Trainer(max_epochs=1, accelerator="cpu", enable_checkpointing=False, **quiet).fit(
            second, StatefulDataLoader(data(), batch_size=2), ckpt_path=os.path.join(data.__name__, "step=2.ckpt"))
    assert not any("resum" in str(warning.message) for warning in said), [str(warning.message) for warning in said]
    return first.seen[:2], second.seen


print("lightning", lightning.__version__, "torchdata", version("torchdata"), "torch", torch.__version__)
before, guess = resumed(Known)
print("before the break:", before, "\nguess:", guess, "after it, as where the length is known")
assert guess == [[4, 5], [6, 7], [8, 9]]
for data in (Plain, Stream):
    seen = resumed(data)
    print("seen: ", seen[1], "of an IterableDataset", "with a state" if data is Stream else "without a state")
    assert seen == (before, [[6, 7], [8, 9]])
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
