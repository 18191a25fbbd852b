#!/usr/bin/env bash
# Library: DuckDB 2.0.1, a Parquet file of losses, some of them NaN, that was written by pyarrow 26.0.1 or polars 2.1.0.
# Guess:   a query on the file gives what it gives on the same rows in a table: isnan(loss) finds the runs that diverged, and
#          loss < 1 does not.
# Happens: DuckDB takes from the file's smallest and largest number, which leave NaN out, that there is no NaN, and works out
#          conditions from that without reading. isnan(loss) finds nothing, NOT isnan(loss) and loss < 1 are true of every
#          row, and of pyarrow's file max(loss) is a number, where avg(loss) is NaN. A file that DuckDB itself wrote gives
#          the right answers.
# Matters: a report on which runs diverged says none, and the table of runs with a loss below 1 lists them among the good. It
#          depends on the numbers: one loss above 1 in the file, and loss < 1 is right again, while isnan stays wrong.
#          read_parquet(file, can_have_nan=true) mends it.
# Source:  https://github.com/duckdb/duckdb/issues/25521 (open)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'duckdb==2.0.1' 'pyarrow==26.0.1' 'polars==2.1.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import math
import os

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

os.chdir(os.path.dirname(os.path.abspath(__file__)))
database = duckdb.connect()
QUERIES = ("WHERE isnan(loss)", "WHERE NOT isnan(loss)", "WHERE loss < 1", "WHERE loss > 1", "max", "avg")


def ask(query, source):
    if query.startswith("WHERE"):
        return [run for run, in database.execute(f"SELECT run FROM {source} {query} ORDER BY run").fetchall()]
    return database.execute(f"SELECT {query}(loss) FROM {source}").fetchall()[0][0]


print("DuckDB", duckdb.__version__, "pyarrow", pa.__version__)
for losses in ([0.1, math.nan, 0.3, math.nan, 0.5], [0.1, math.nan, 0.3, math.nan, 1.5]):
    rows = {"run": list(range(5)), "loss": losses}
    pq.write_table(pa.table(rows), "arrow.parquet")
    pl.DataFrame(rows).write_parquet("polars.parquet")
    database.execute("CREATE OR REPLACE TABLE runs (run INTEGER, loss DOUBLE)")
    database.executemany("INSERT INTO runs VALUES (?, ?)", list(zip(*rows.values())))
    database.execute("COPY runs TO 'duck.parquet' (FORMAT parquet)")
    print("losses", losses)
    seen = {}
    for query in QUERIES:
        for source in ("runs", "'duck.parquet'", "'arrow.parquet'", "'polars.parquet'",
                       "read_parquet('arrow.parquet', can_have_nan=true)"):
            seen[query, source] = repr(ask(query, source))
        right, wrong = seen[query, "runs"], seen[query, "'arrow.parquet'"]
        print(f"    {query}: in a table {right}, in the file {wrong}")
        assert seen[query, "'duck.parquet'"] == seen[query, "read_parquet('arrow.parquet', can_have_nan=true)"] == right
        assert seen[query, "'polars.parquet'"] == (right if query == "max" else wrong)
    assert seen["WHERE isnan(loss)", "runs"] == "[1, 3]" and seen["WHERE isnan(loss)", "'arrow.parquet'"] == "[]"
    assert seen["WHERE NOT isnan(loss)", "'arrow.parquet'"] == "[0, 1, 2, 3, 4]"
    assert seen["max", "runs"] == "nan" and seen["max", "'arrow.parquet'"] == str(losses[-1])
    assert seen["WHERE loss < 1", "'arrow.parquet'"] == ("[0, 1, 2, 3, 4]" if losses[-1] < 1 else "[0, 2]")
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
