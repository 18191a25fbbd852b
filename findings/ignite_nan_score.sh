#!/usr/bin/env bash
# Library: pytorch-ignite 0.5.5 with torch 2.13.0, handlers Checkpoint(score_function=...) and EarlyStopping.
# Guess:   a score of NaN is no improvement: the first real score takes its place among the checkpoints, and early stopping
#          counts the epoch as one without progress.
# Happens: a NaN that comes while there is room among the n_saved checkpoints stays there for good. As no score is greater
#          than NaN, soon nothing else is saved: with n_saved=1 the NaN is the only checkpoint. For EarlyStopping a
#          NaN is an improvement, and the next score, whatever it is, another one: the scores so far are forgotten, and a run
#          that stays at NaN never stops.
# Matters: a correlation, F1 or AUROC that is undefined in the first validation, where the model predicts one value, is
#          enough: the run ends with the first epoch's weights as its best. No warning. A score_function that turns NaN into
#          -inf cures both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
  'pytorch-ignite==0.5.5'
cat > "$folder/check.py" <<'PY'
import math
import os
import tempfile

import ignite
import torch
from ignite.engine import Engine, Events
from ignite.handlers import Checkpoint, DiskSaver, EarlyStopping

NAN = math.nan


def run(scores, handler):
    """Epochs trained and what the handler's folder holds, where the epochs have these scores."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Engine(lambda engine, batch: None)
        attached = handler(trainer, lambda _: scores[trainer.state.epoch - 1], folder)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, attached)
        trainer.run([0], max_epochs=len(scores))
        return trainer.state.epoch, sorted(os.listdir(folder))


def best(n_saved):
    return lambda trainer, score, folder: Checkpoint(
        {"model": torch.nn.Linear(1, 1)}, DiskSaver(folder), n_saved=n_saved, score_function=score, score_name="score",
        global_step_transform=lambda engine, _: trainer.state.epoch)


def stopping(trainer, score, folder):
    return EarlyStopping(patience=3, score_function=score, trainer=trainer)


print("ignite", ignite.__version__, "torch", torch.__version__)
one, two = run([NAN, 0.1, 0.5, 0.9], best(1))[1], run([0.1, NAN, 0.5, 0.9, 0.8], best(2))[1]
print("guess: ['model_4_score=0.9000.pt'], of two ['model_4_score=0.9000.pt', 'model_5_score=0.8000.pt']")
print("seen: ", one, "of two", two)
assert one == ["model_1_score=nan.pt"] and two == ["model_2_score=nan.pt", "model_3_score=0.5000.pt"], (one, two)
assert run([0.05, 0.1, 0.5, 0.9], best(1))[1] == ["model_4_score=0.9000.pt"]
stops = [run(scores, stopping)[0] for scores in ([9] + 19 * [NAN], [9, NAN, 1, 2, 3] + list(range(4, 10)), 20 * [9])]
print("guess: stops after epochs 4, 4 and 4\nseen:  after epochs", *stops)
assert stops == [20, 11, 4], stops
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
