#!/usr/bin/env bash
# Library: litdata 0.2.76 with torch 2.13.0, StreamingDataset(shuffle=True) under a StreamingDataLoader.
# Guess:   an epoch in random order: with 10 classes a batch of 25 holds about 9 of them, however the data lay on the disk;
#          at least a buffer mixes neighboring files.
# Happens: the chunks come in random order, and the records of a chunk are shuffled among themselves; two chunks are never
#          mixed. A batch of 25 from chunks of 50 in the order of the classes has one class, in every epoch, with workers as
#          without. train_test_split gives whole chunks, too: the test set of a tenth is one class.
# Matters: data that were written folder by folder, as images lie, train on one class at a time in spite of shuffle=True: a
#          chunk has 64 MB unless told otherwise, several hundred images. Averages of Adam and statistics of BatchNorm are
#          those of one class. Records shuffled before litdata.optimize mend all of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'litdata==0.2.76'
cat > "$folder/check.py" <<'PY'
import os
import random
from importlib.metadata import version

import litdata
import numpy as np
import torch

RECORDS = [(number // 50, number) for number in range(500)]


def record(pair):
    return {"class": pair[0], "number": pair[1]}


def classes(dataset, workers=0):
    """The numbers of classes in the batches of three epochs; each has all records once."""
    loader, seen = litdata.StreamingDataLoader(dataset, batch_size=25, num_workers=workers), []
    for _ in range(3):
        batches = [(batch["class"], batch["number"]) for batch in loader]
        seen.append([len(set(labels.tolist())) for labels, _ in batches])
        assert sorted(torch.cat([numbers for _, numbers in batches]).tolist()) == list(range(500))
    return np.array(seen)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    mixed = random.Random(0).sample(RECORDS, 500)
    for name, records in (("ordered", RECORDS), ("mixed", mixed)):
        litdata.optimize(record, records, name, chunk_size=50, num_workers=1)
    print("litdata", version("litdata"), "torch", torch.__version__)
    truth = np.array([len({label for label, _ in mixed[start:start + 25]}) for start in range(0, 500, 25)])
    print("random order: classes in a batch", truth.min(), "to", truth.max())
    assert truth.min() > 6
    for workers in (0, 2):
        for name in ("ordered", "mixed"):
            seen = classes(litdata.StreamingDataset(name, shuffle=True), workers)
            print(f"shuffle=True, {name} data, {workers} workers: classes in a batch {seen.min()} to {seen.max()}")
            assert seen.max() == 1 if name == "ordered" else seen.min() > 5
    for name in ("ordered", "mixed"):
        train, test = litdata.train_test_split(litdata.StreamingDataset(name), splits=[0.9, 0.1])
        held = {int(row["class"]) for row in test}
        print(f"train_test_split, {name} data: {len(train)} and {len(test)} records, classes of the test set {sorted(held)}")
        assert len(test) == 50 and (len(held) == 1 if name == "ordered" else len(held) > 8)
PY
export HOME="$folder" DATA_OPTIMIZER_CACHE_FOLDER="$folder/cache" DATA_OPTIMIZER_DATA_CACHE_FOLDER="$folder/cache2"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py" > "$folder/output" 2> "$folder/messages" ||
    { tail -n 20 "$folder/output" "$folder/messages" >&2; exit 1; }
grep -E '^(litdata|random order|shuffle|train_test)' "$folder/output"
