#!/usr/bin/env bash
# Library: mlflow 3.17.2 (here as mlflow-skinny with a SQLite file), log_metric, and the metric that a run shows.
# Guess:   run.data.metrics["loss"], the number of the run in its table and in searches, is the one that was logged last.
# Happens: it is the one with the largest step; at one step that with the latest time, and at one time the largest number.
#          Infinity comes back as 1.797e308, the largest finite number.
# Matters: a run that is resumed with steps from 0 again shows the old loss for as long as it is shorter: 4.01 for .01, and
#          search_runs("metrics.loss < 0.5") does not find it. To isfinite, a diverged run is a finite one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'mlflow-skinny==3.17.2' 'sqlalchemy==2.1.9' 'alembic==1.20.1' 'pandas==3.1.1'
cat > "$folder/check.py" <<'PY'
import logging
import math
import os

import mlflow
from mlflow.entities import Metric

logging.disable(logging.CRITICAL)
os.chdir(os.path.dirname(os.path.abspath(__file__)))
mlflow.set_tracking_uri("sqlite:///runs.db")
client = mlflow.MlflowClient()


def shown(run):
    return client.get_run(run.info.run_id).data.metrics["loss"]


with mlflow.start_run() as resumed:
    for step in (0, 50, 99):
        mlflow.log_metric("loss", 5 - step / 100, step=step)
with mlflow.start_run(run_id=resumed.info.run_id):
    for step in (0, 5, 10):
        mlflow.log_metric("loss", 0.11 - step / 100, step=step)
with mlflow.start_run() as together:
    client.log_batch(together.info.run_id, [Metric("loss", value, 1000, 0) for value in (9.0, 1.0, 5.0)])
with mlflow.start_run() as diverged:
    mlflow.log_metric("loss", math.inf, step=0)
found = mlflow.search_runs(filter_string="metrics.loss < 0.5", output_format="list")
values = [shown(resumed), shown(together), shown(diverged)]
print("mlflow", mlflow.__version__, "shown: resumed from step 0; three at one time; infinity; and how many are below .5")
print("guess:", [0.01, 5.0, math.inf], 1)
print("seen: ", values, len(found))
history = [point.value for point in client.get_metric_history(resumed.info.run_id, "loss")]
assert abs(history[-1] - 0.01) < 1e-9
assert values[:2] == [4.01, 9.0] and 1e308 < values[2] < math.inf and not found
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
