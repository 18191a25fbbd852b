#!/usr/bin/env bash
# Library: datasets 5.2.0, a streamed dataset that is shuffled and then cut into two by take and skip; accelerate 1.15.0.
# Guess:   shuffle(seed=0), then take(20) to hold out and skip(20) to train on: the same 20 records are held out in every
#          epoch, whatever the order of the others.
# Happens: the epoch reaches through skip to the shuffle, which shuffles all 100 records anew; skip then leaves out
#          another 20. In the first epoch no held-out record is trained on, in the second 16 of the 20 are, after four all.
#          Nobody needs to call set_epoch: a DataLoader that accelerate has prepared calls it at each pass.
# Matters: the validation loss turns into a training loss without a word. The documentation says that one should shuffle
#          before take and skip, and does so in its example. To cut first and shuffle the training part afterwards keeps
#          the two apart.
# Source:  https://github.com/huggingface/datasets/issues/5435 (closed) suspects as much of the example
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'datasets==5.2.0' 'accelerate==1.15.0' 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import accelerate
import datasets
import torch

EPOCHS = 5
stream = datasets.Dataset.from_dict({"record": range(100)}).to_iterable_dataset(num_shards=4)


def numbers(part):
    return {row["record"] for row in part}


def trained_on(held_out, training, prepared):
    """How many held-out records each epoch trains on, and how many there were up to its end."""
    if prepared:
        loader = torch.utils.data.DataLoader(training.with_format("torch"), batch_size=10)
        loader = accelerate.Accelerator(cpu=True).prepare(loader)
    seen, counts = set(), []
    for epoch in range(EPOCHS):
        if prepared:
            records = {number for batch in loader for number in batch["record"].tolist()}
        else:
            training.set_epoch(epoch)
            records = numbers(training)
        assert len(records) == 80
        seen |= records
        counts.append((len(records & held_out), len(seen & held_out)))
    return counts


print("datasets", datasets.__version__, "accelerate", accelerate.__version__)
print("guess: no held-out record is trained on", [(0, 0)] * EPOCHS)
for prepared in (False, True):
    shuffled = stream.shuffle(seed=0, buffer_size=100)
    held_out = numbers(shuffled.take(20))
    assert held_out == numbers(shuffled.take(20)) and len(held_out) == 20
    seen = trained_on(held_out, shuffled.skip(20), prepared)
    print("seen:  of 20, in the epoch and so far  ", seen, "with accelerate" if prepared else "with set_epoch")
    assert seen[0] == (0, 0) and all(now > 10 for now, _ in seen[1:]) and seen[-1][1] == 20
    cut_first = trained_on(numbers(stream.take(20)), stream.skip(20).shuffle(seed=0, buffer_size=100), prepared)
    assert cut_first == [(0, 0)] * EPOCHS
PY
HF_HOME="$folder/home" "$folder/venv/bin/python" -W ignore "$folder/check.py"
