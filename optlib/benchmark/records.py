"""Records of runs as JSON lines: one object a line, appended as a whole or not at all."""

import functools
import json
import os
import pathlib
import reprlib

from .. import checks

FIELDS = [  # what fields must be, in words and as `json` reads it; those of all runs, of runs on images, and on tasks
    ("an object", (dict,), "settings training history history.settings versions hardware", "data network",
     "task metric"),
    ("a text", (str,), "id protocol variant stage rule code training.precision training.layout "
     "history.settings.precision history.settings.layout", "", "task.name metric.name metric.unit"),
    ("an integer", (int,), "seed hardware.threads", "images", ""), ("a number", (int, float), "lr memory", "", ""),
    ("true or false", (bool,), "history.diverged", "flips", ""),
    ("a number or null", (int, float, type(None)), "history.diverged_at", "", "metric.score"),
    ("a list of numbers", (list,), "history.train_loss history.test_loss history.train_accuracy history.test_accuracy "
     "history.seconds", "", "metric.train metric.test"),
]  # fmt: skip
START = b'{"id": '  # of each line that `append` writes


def read(path):
    """The records of a file, oldest first; [] where there is none.

    The beginning of a record in the last line is what a run that was killed while writing has left; it is skipped.
    A whole record counts, also where an editor has removed the line break behind it.

    Raises
    ------
    ValueError
        Naming the line that is no record.
    """
    path = pathlib.Path(path)
    if not path.exists():
        return []
    lines, _ = _split(path.read_bytes())
    return [_record(path, number, line) for number, line in lines]


def append(path, record):
    """Add a record and wait until it is on the disk.

    Raises
    ------
    ValueError
        If the last line is neither a record nor the beginning of one.  The file is left as it is.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"id": record["id"], **record}, allow_nan=False).encode() + b"\n"
    with checks.naming_full_disk(path), open(path, "ab+") as file:
        file.seek(0)
        data = file.read()
        lines, torn = _split(data)
        if lines:
            _record(path, *lines[-1])
        file.truncate(len(data) - len(torn))
        if data and not torn and not data.endswith((b"\n", b"\r")):
            line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _split(data):
    """The lines that are not empty, with their numbers, and the beginning of a record behind them, or b""."""
    lines, torn = data.splitlines(), b""
    if lines and not data.endswith((b"\n", b"\r")) and _is_torn(lines[-1]):
        torn = lines.pop()
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()], torn


def _is_torn(line):
    try:
        json.loads(line)
        return False  # no beginning of an object is JSON
    except ValueError:
        return START.startswith(line[: len(START)])


def _record(path, number, line):
    def refuse(name):
        raise ValueError(f"{name} is no number")

    try:
        record = json.loads(line, parse_constant=refuse)
    except ValueError as error:  # also for bytes that are no text
        raise ValueError(f"{path}, line {number}: not JSON ({error}); mend or delete this line") from error
    if fault := wrong(record) if isinstance(record, dict) else "it must be an object":
        raise ValueError(f"{path}, line {number}: no record of a run: {fault}; mend or delete it, or name another file")
    return record


def wrong(record):
    """The first field that is missing or of another kind, and what it must be; "" where all are right."""
    for words, types, of_all, of_images, of_tasks in FIELDS:
        for name in f"{of_all} {of_tasks if 'task' in record else of_images}".split():
            *tables, key = name.split(".")
            table = functools.reduce(dict.__getitem__, tables, record)
            if key not in table:
                return f"{name} is missing; it must be {words}"
            if type(table[key]) not in types or list in types and not {*map(type, table[key])} <= {int, float}:
                return f"{name}={reprlib.repr(table[key])} must be {words}"
    history, name = record["history"], "metric.score and test" if "task" in record else "history.test_accuracy"
    each_epoch = 0 < len(reached(record)) == len(history["seconds"])
    if not history["diverged"] and not (each_epoch and score(record) is not None):
        return f"{name} must have a number for each of history.seconds, where history.diverged is false"
    return ""


def reached(record, part="test"):
    """Accuracy, as a share, or the task's metric after each epoch; one in "%" is a share here, too."""
    if "task" not in record:
        return record["history"][f"{part}_accuracy"]
    metric = record["metric"]
    return [value / 100 if metric["unit"] == "%" else value for value in metric[part]]


def score(record):
    """How good a run is that did not diverge, higher is better: its accuracy, or the score of its task's metric."""
    return record["metric"]["score"] if "task" in record else record["history"]["test_accuracy"][-1]


def as_computed(job, recorded):
    """A job whose precision and layout, where they are "auto", are those of the records: a race has one of each.

    Measured anew at each start, the fastest precision may be another one when the machine is busy.
    """
    training = dict(job["training"])
    for key in ("precision", "layout"):
        if training[key] == "auto":
            computed = (old["history"]["settings"][key] for old in recorded if old["training"][key] == "auto")
            training[key] = next(computed, "auto")
    return {**job, "training": training}
