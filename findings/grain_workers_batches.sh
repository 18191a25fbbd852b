#!/usr/bin/env bash
# Library: grain 0.2.18, DataLoader with operations=[Batch(10)] over 100 records, and worker_count.
# Guess:   the number of workers changes the speed only: ten batches of ten, as for torch's DataLoader.
# Happens: each worker takes every n-th record and makes batches of its own share. With 4 workers (25 records each) there are
#          8 full batches and 4 of five; with drop_remainder=True the 4 are dropped, 20 of 100 records, though 100 is a
#          multiple of 10. With worker_count=0 all are there.
# Matters: an evaluation leaves out a fifth of its records, an epoch has 8, 10 or 12 steps, and a schedule counted in steps
#          ends elsewhere, by a setting for speed. The same seed gives other batches.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'grain==0.2.18' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import sys
from importlib.metadata import version

import grain
from absl import flags


def batches(workers, drop_remainder):
    loader = grain.DataLoader(
        data_source=list(range(100)),
        sampler=grain.samplers.IndexSampler(
            100, grain.sharding.NoSharding(), shuffle=True, num_epochs=1, seed=0
        ),
        operations=[grain.transforms.Batch(10, drop_remainder=drop_remainder)],
        worker_count=workers,
    )
    return [[int(record) for record in batch] for batch in loader]


if __name__ == "__main__":
    flags.FLAGS(sys.argv[:1])
    print("grain", version("grain"), "- 100 records, batches of 10")
    print("guess: 10 batches, all 100 records, with any number of workers and with or without drop_remainder")
    seen = {}
    for drop in (True, False):
        for workers in (0, 4):
            seen[drop, workers] = some = batches(workers, drop)
            sizes = [len(batch) for batch in some]
            print(f"seen:  drop_remainder={drop}, {workers} workers: sizes", *sizes, "-", sum(sizes), "records")
    assert sorted(sum(seen[True, 0], [])) == list(range(100)) and seen[True, 0] == seen[False, 0]
    assert len(seen[True, 4]) == 8 and sum(map(len, seen[True, 4])) == 80
    assert [len(batch) for batch in seen[False, 4]] == 8 * [10] + 4 * [5]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
