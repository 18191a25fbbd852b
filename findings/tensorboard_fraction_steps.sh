#!/usr/bin/env bash
# Library: torch 2.13.0 with tensorboard 2.21.0, SummaryWriter.add_scalar with a fraction of an epoch as global_step;
#          tensorboardX 2.6.5 too.
# Guess:   add_scalar("loss", loss, epoch + batch / batches) draws the loss over epochs, or is refused.
# Happens: the step is cut to a whole number, without a word: all batches of an epoch stand at its beginning.
# Matters: the curve is a row of vertical lines, and whoever reads the file back and keeps one value for each step, as a
#          table by step does, is left with the last batch of each epoch. Negative fractions go up: -.5 becomes 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'tensorboard==2.21.0' 'tensorboardX==2.6.5'
cat > "$folder/check.py" <<'PY'
import sys
from importlib.metadata import version

import tensorboardX
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

STEPS = [-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
print("torch", torch.__version__, *(f"{name} {version(name)}" for name in ("tensorboard", "tensorboardX")))
print("guess: steps", STEPS)
for name, writer_class in (("torch", SummaryWriter), ("tensorboardX", tensorboardX.SummaryWriter)):
    folder = f"{sys.argv[1]}/{name}"
    with writer_class(folder) as writer:
        for step in STEPS:
            writer.add_scalar("loss", 2.0 - step, global_step=step)
    reader = EventAccumulator(folder)
    reader.Reload()
    seen = [(event.step, event.value) for event in reader.Scalars("loss")]
    print(f"seen:  steps {[step for step, _ in seen]} of {name}; by step {dict(seen)}")
    assert [step for step, _ in seen] == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert dict(seen) == {0: 1.25, 1: 0.25}
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
