#!/usr/bin/env bash
# Library: tensorboard 2.21.0, EventAccumulator(folder), the usual way to read a curve back from Python.
# Guess:   it gives all points that were written; a curve is thinned out on the screen, if anywhere.
# Happens: of more than 10,000 points of a tag it keeps 10,000, drawn at random, the last one among them. There is no
#          error and no warning. size_guidance={"scalars": 0} gives all.
# Matters: of 40,000 steps three in four are missing: spikes of the loss, its smallest value, or every 100th step to compare
#          two runs at. A mean over "the last 100 points" is one over some 400 steps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'tensorboard==2.21.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import sys
from importlib.metadata import version

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

STEPS, SPIKES = 40_000, range(50, 40_000, 100)
writer = EventFileWriter(sys.argv[1])
for step in range(STEPS):
    value = Summary.Value(tag="loss", simple_value=9.0 if step in SPIKES else 1.0)
    writer.add_event(Event(step=step, summary=Summary(value=[value])))
writer.close()


def read(**options):
    reader = EventAccumulator(sys.argv[1], **options)
    reader.Reload()
    points = reader.Scalars("loss")
    return len(points), sum(point.value > 5 for point in points), points[-1].step - points[-100].step


print("tensorboard", version("tensorboard"), "points, spikes among them, steps between the last hundred")
seen, everything = read(), read(size_guidance={"scalars": 0})
print("guess:", (STEPS, len(SPIKES), 99))
print("seen: ", seen, "; with size_guidance", everything)
assert everything == (STEPS, len(SPIKES), 99)
assert seen[0] == 10_000 and seen[1] < 200 and seen[2] > 200
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py" "$folder/run" 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
