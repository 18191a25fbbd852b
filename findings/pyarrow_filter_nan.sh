#!/usr/bin/env bash
# Library: pyarrow 26.0.1, a Parquet file of losses read with a filter, some of them NaN.
# Guess:   pq.read_table(file, filters=f) gives the rows that pq.read_table(file).filter(f) gives, only faster. With
#          f = ~(loss < 1), all that did not get below 1, that is the runs that diverged to NaN, too.
# Happens: a group of rows whose smallest and largest number are below 1 is skipped, and its NaN with it: those two numbers
#          leave NaN out. Where one loss of the group is above 1, its NaN are found. dataset.to_table does the same.
# Matters: how many diverged runs a report counts depends on what else is in their group of rows, and on its size; in small
#          files of good runs it is none. is_nan(loss) finds all.
# Source:  https://github.com/apache/arrow/issues/28074 (closed) is about the same rule
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'pyarrow==26.0.1' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import numpy as np
import pyarrow as pa
import pyarrow.dataset as dataset
import pyarrow.parquet as pq

good = np.linspace(0.1, 0.9, 100)
good[[17, 50]] = np.nan
mixed = good.copy()
mixed[0] = 1.5
not_below = ~(dataset.field("loss") < 1)
print("pyarrow", pa.__version__)
for name, losses, expected in (("good", good, 0), ("mixed", mixed, 3)):
    pq.write_table(pa.table({"loss": losses}), name)
    whole = pq.read_table(name)
    guess = whole.filter(not_below).num_rows
    seen = pq.read_table(name, filters=not_below).num_rows
    print(f"{name}: guess: {guess} rows, as when filtered in memory, seen {seen}")
    assert guess == np.sum(~(losses < 1)) and seen == expected
    assert dataset.dataset(name).to_table(filter=not_below).num_rows == seen
    assert pq.read_table(name, filters=dataset.field("loss").is_nan()).num_rows == 2
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
