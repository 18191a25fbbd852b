#!/usr/bin/env bash
# Library: tfrecord 1.14.6 (the reader of TFRecord files for torch) with torch 2.13.0, TFRecordDataset under a DataLoader with
#          workers.
# Guess:   TFRecordDataset asks which worker it is in, so the workers share the file: each record comes once in an epoch,
#          with an index file (which is optional) or without. Without shuffling the records come in their order.
# Happens: without an index each worker reads the whole file: with 4 workers each record comes 4 times. With one they share it,
#          but a process without workers then begins at a random record, which NumPy's global generator draws, also
#          where nothing was to be shuffled.
# Matters: num_workers multiplies the length of an epoch, and with it a schedule or a patience counted in epochs; batches
#          hold the same examples again and again, and a validation takes 4 times as long. With an index, predictions
#          and the labels of a list in the order of the file do not belong together.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'tfrecord==1.14.6' 'protobuf==7.36.2'
cat > "$folder/check.py" <<'PY'
import os
from collections import Counter
from importlib.metadata import version

import numpy as np
import tfrecord
import torch
from tfrecord.tools import tfrecord2idx
from tfrecord.torch.dataset import TFRecordDataset
from torch.utils.data import DataLoader

os.chdir(os.path.dirname(os.path.abspath(__file__)))
RECORDS = list(range(40))
writer = tfrecord.TFRecordWriter("data.tfrecord")
for number in RECORDS:
    writer.write({"number": (number, "int")})
writer.close()
tfrecord2idx.create_index("data.tfrecord", "data.index")


def epoch(index, workers):
    dataset = TFRecordDataset("data.tfrecord", index, {"number": "int"})
    return torch.cat([batch["number"].flatten() for batch in DataLoader(dataset, batch_size=5, num_workers=workers)]).tolist()


print("tfrecord", version("tfrecord"), "torch", torch.__version__)
for index in (None, "data.index"):
    for workers in (0, 1, 2, 4):
        seen = epoch(index, workers)
        times = Counter(seen)
        print(f"index {index}, {workers} workers: {len(seen)} records, each {sorted(set(times.values()))} times, "
              f"the first batch {seen[:5]}")
        assert sorted(times) == RECORDS and set(times.values()) == {max(workers, 1) if index is None else 1}
assert epoch(None, 0) == RECORDS

starts = []
for seed in range(5):
    np.random.seed(seed)
    seen = epoch("data.index", 0)
    starts.append(seen[0])
    assert seen == RECORDS[seen[0]:] + RECORDS[:seen[0]]
print("with an index, without workers, not shuffled: first records under NumPy's seeds 0 to 4:", starts)
assert len(set(starts)) > 3
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/messages" || { tail -20 "$folder/messages" >&2; exit 1; }
