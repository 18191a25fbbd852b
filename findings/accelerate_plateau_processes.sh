#!/usr/bin/env bash
# Library: accelerate 1.15.0 with torch 2.13.0, a prepared ReduceLROnPlateau, several processes.
# Guess:   step(loss) once per epoch tells the schedule one loss, however many processes there are: while the loss falls,
#          the rate stays.
# Happens: a prepared schedule makes as many steps at each call as there are processes, to make up for epochs that have
#          fewer batches. Here each of them is told the same loss; the first may be an improvement, the others never are.
#          With patience 2 and 4 processes the rate falls to a tenth at each epoch, by a loss that halves at each. With 1
#          process, with split_batches=True, or with a schedule that was not prepared, it stays.
# Matters: the script that is right on one GPU trains at 1e-5 of its rate after five epochs on four; with the default
#          patience 10 it takes 12 processes, and with fewer, patience shrinks to a fraction.
# Source:  the loop in accelerate's scheduler.py; https://github.com/huggingface/accelerate/issues/3797 (closed) asks
#          about it
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' \
    'accelerate==1.15.0'
cat > "$folder/check.py" <<'PY'
import sys

import accelerate
import torch
from accelerate import Accelerator, debug_launcher
from accelerate.utils import DataLoaderConfiguration

EPOCHS = 6


def rates(patience, file, split=False, prepare=True):
    """The rates of the epochs with a loss that halves from one to the next."""
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(split_batches=split))
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=patience)
    model, optimizer = accelerator.prepare(model, optimizer)
    if prepare:
        schedule = accelerator.prepare(schedule)
    seen = []
    for epoch in range(EPOCHS):
        seen.append(round(optimizer.param_groups[0]["lr"], EPOCHS))
        accelerator.backward(model(torch.ones(1, 1)).sum())
        optimizer.step()
        optimizer.zero_grad()
        schedule.step(0.5**epoch)
    if accelerator.is_main_process:
        with open(file, "w") as out:
            out.write(f"{accelerator.num_processes} {seen}")


def run(processes, *settings):
    debug_launcher(rates, (settings[0], sys.argv[1], *settings[1:]), num_processes=processes)
    with open(sys.argv[1]) as out:
        count, seen = out.read().split(" ", 1)
    assert int(count) == processes
    return seen


if __name__ == "__main__":
    print("accelerate", accelerate.__version__, "torch", torch.__version__)
    guess, seen = str([1.0] * EPOCHS), run(4, 2)
    print("guess:", guess)
    print("seen: ", seen, "with 4 processes and patience 2")
    assert seen == str([round(0.1**epoch, EPOCHS) for epoch in range(EPOCHS)])
    others = {"1 process": run(1, 2), "split_batches": run(4, 2, True), "not prepared": run(4, 2, False, False)}
    print("seen: ", others)
    assert set(others.values()) == {guess}
PY
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/rates" 2> "$folder/errors" ||
  { cat "$folder/errors"; exit 1; }
