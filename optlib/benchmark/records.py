"""Records of runs as JSON lines: one object a line, appended as a whole or not at all."""

import json
import os
import pathlib

FIELDS = {"id", "protocol", "stage", "variant", "rule", "lr", "seed", "history"}


def read(path):
    """The records of a file, oldest first; [] where there is none.

    A last line without an end is what a run that was killed while writing has left; it is not a record.

    Raises
    ------
    ValueError
        Naming the line that is no record.
    """
    path = pathlib.Path(path)
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [_record(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def append(path, record):
    """Add a record and wait until it is on the disk."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record, allow_nan=False).encode() + b"\n"
    with open(path, "ab+") as file:
        _cut_unfinished(file)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _cut_unfinished(file):
    """Remove a last line without an end."""
    end = file.seek(0, os.SEEK_END)
    if not end:
        return
    file.seek(end - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _refuse(name):
    raise ValueError(f"{name} is no number")


def _record(path, number, line):
    try:
        record = json.loads(line, parse_constant=_refuse)
    except ValueError as error:  # also for bytes that are no text
        raise ValueError(f"{path}, line {number}: not JSON ({error}); mend or delete this line") from error
    if not isinstance(record, dict) or not FIELDS <= set(record):
        missing = sorted(FIELDS - set(record)) if isinstance(record, dict) else sorted(FIELDS)
        raise ValueError(f"{path}, line {number}: no record of a run, {', '.join(missing)} missing; delete this line")
    return record
