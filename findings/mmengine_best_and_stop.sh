#!/usr/bin/env bash
# Library: mmengine 0.10.7 with torch 2.13.0, EarlyStoppingHook and CheckpointHook(save_best=...) of its Runner.
# Guess:   by default any improvement counts (min_delta=0, as in Keras and Lightning; its documentation says .01), and of
#          something called a loss the smallest is the best.
# Happens: the default min_delta is .1, an absolute number. An accuracy that rises from .5 by .015 at each validation is
#          stopped after the sixth, one that goes from .91 to .97 too, and so is a loss that falls from .09 to .0003. And
#          which way is better is read from the name: if "acc", "top", "auc" or the like is in it, also as a part of a word,
#          and only otherwise if "loss" is. Of "topic_loss", "stop_loss" or "vacc_loss" the largest is the best.
# Matters: no accuracy above .9 can improve any more, so early stopping always ends five validations after it. With
#          save_best="val/topic_loss" the file called best is that of the first epoch, the worst. rule="less" mends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'opencv-python-headless==5.0.0.93' \
    'pyyaml==6.0.4' 'addict==2.4.0' 'yapf==0.43.0' 'termcolor==3.3.0' 'rich==15.0.0' 'matplotlib==3.11.2'
# Without the OpenCV that needs a screen.
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps 'mmengine==0.10.7'
cat > "$folder/check.py" <<'PY'
import inspect
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import EarlyStoppingHook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader, TensorDataset


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, mode="tensor"):
        return {"loss": (self.weight * inputs).square().mean()} if mode == "loss" else [inputs]


class Given(BaseMetric):
    """A metric with a given value at each validation."""

    def __init__(self, name, values):
        super().__init__(prefix="val")
        self.name, self.values = name, iter(values)

    def process(self, *_):
        self.results.append(0)

    def compute_metrics(self, _):
        return {self.name: next(self.values)}


def run(name, values, stopping=None, **checkpoint):
    """How many epochs the run has, and which epoch's checkpoint is called the best."""
    with tempfile.TemporaryDirectory() as folder:
        loader = {"batch_size": 2, "num_workers": 0}
        runner = Runner(
            Model(), folder, log_level="ERROR", experiment_name=Path(folder).name,
            train_dataloader=DataLoader(TensorDataset(torch.ones(4)), **loader),
            val_dataloader=DataLoader(TensorDataset(torch.ones(4)), **loader),
            train_cfg={"by_epoch": True, "max_epochs": len(values)}, val_cfg={}, val_evaluator=[Given(name, values)],
            optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.01}},
            default_hooks={"logger": None, "checkpoint": {"type": "CheckpointHook", "max_keep_ckpts": 1} | checkpoint},
            custom_hooks=[] if stopping is None else [{"type": "EarlyStoppingHook", "monitor": "val/" + name} | stopping])
        output, sys.stdout = sys.stdout, open("/dev/null", "w")
        try:
            runner.train()
        finally:
            sys.stdout = output
        best = [path.stem.rpartition("_")[2] for path in Path(folder).glob("best_*.pth")]
        return runner.epoch, best[0] if best else None


print("mmengine", version("mmengine"), "torch", torch.__version__)
print("default of min_delta:", inspect.signature(EarlyStoppingHook).parameters["min_delta"].default)
CURVES = {
    "accuracy that rises from .5 by .015": ("accuracy", [0.5 + 0.015 * epoch for epoch in range(20)]),
    "accuracy from .91 on": ("accuracy", [0.91 + 0.01 * epoch for epoch in range(8)]),
    "loss that falls from .09 to a third each time": ("loss", [0.09 / 3**epoch for epoch in range(8)]),
}
for what, (name, values) in CURVES.items():
    default, zero = run(name, values, {})[0], run(name, values, {"min_delta": 0.0})[0]
    print(f"{what}: stopped after epoch {default} of {len(values)}, with min_delta=0 after {zero}")
    assert default == 6 and zero == len(values)

falling = [2.0 - 0.1 * epoch for epoch in range(6)]
for name in ("loss", "topic_loss", "stop_loss", "vacc_loss"):
    _, best = run(name, falling, save_best="val/" + name)
    _, mended = run(name, falling, save_best="val/" + name, rule="less")
    print(f"{name} that falls for 6 epochs: best checkpoint of epoch {best}, with rule='less' {mended}")
    assert best == ("6" if name == "loss" else "1") and mended == "6"
PY
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/messages" || { tail -20 "$folder/messages" >&2; exit 1; }
