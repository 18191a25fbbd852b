#!/usr/bin/env bash
# Library: polars 2.1.0, a log of a training run as rows: pl.DataFrame(rows), pl.from_dicts(rows), pl.read_ndjson(file).
# Guess:   each key of a row becomes a column, with null where it is missing, and numbers stay what they are, as in
#          pandas.DataFrame(rows); or an error says that row 200 does not fit.
# Happens: the first 100 rows decide. A key that comes first in row 150, as the loss of a validation after every 150 steps,
#          is dropped, by all three. A column whose numbers are whole in 100 rows is one of integers: .5 and 2.7, which come
#          later, are 0 and 2 in from_dicts and DataFrame; read_ndjson raises an error for these.
# Matters: the curve of the validation is not there, or an accuracy or reward stays at 0 to the end of the run, and nothing
#          is said. Whole numbers come by themselves: JavaScript writes 0.0 as 0, and a reward is often a count at first.
#          infer_schema_length=None reads all rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'polars==2.1.0'
cat > "$folder/check.py" <<'PY'
import json

import polars as pl

rows = [{"step": step, "reward": 0 if step < 120 else 0.5 if step < 299 else 2.7} for step in range(300)]
for row in rows[149::150]:
    row["val_loss"] = 0.25
with open("log.jsonl", "w") as file:
    file.writelines(json.dumps(row) + "\n" for row in rows)
with open("losses.jsonl", "w") as file:
    file.writelines(json.dumps({**row, "reward": float(row["reward"])}) + "\n" for row in rows)

print("polars", pl.__version__)
print("guess: columns ['step', 'reward', 'val_loss'], last reward 2.7, mean reward", sum(row["reward"] for row in rows) / 300)
for name, table in (("DataFrame", pl.DataFrame(rows)), ("from_dicts", pl.from_dicts(rows))):
    print(f"seen:  columns {table.columns}, last reward {table['reward'][-1]}, mean {table['reward'].mean():.4f}, {name}(rows)")
    assert table.columns == ["step", "reward"] and table["reward"].sum() == 2 and table["reward"].dtype == pl.Int64
table = pl.read_ndjson("losses.jsonl")
print(f"seen:  columns {table.columns}, last reward {table['reward'][-1]}, read_ndjson of a file with 0.0 for 0")
assert table.columns == ["step", "reward"]
try:
    pl.read_ndjson("log.jsonl")
    raise AssertionError("read_ndjson took whole numbers and fractions")
except pl.exceptions.ComputeError as error:
    print("seen:  ", error, ", read_ndjson of a file with 0", sep="")
table = pl.DataFrame(rows, infer_schema_length=None)
print(f"seen:  columns {table.columns}, last reward {table['reward'][-1]}, DataFrame(rows, infer_schema_length=None)")
assert table.columns == ["step", "reward", "val_loss"] and table["reward"][-1] == 2.7 and table["val_loss"].sum() == 0.5
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
