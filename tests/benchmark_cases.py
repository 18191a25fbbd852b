"""A tiny protocol, and records that no network was trained for, for the tests of `optlib.benchmark`."""

import math

from optlib.benchmark import plan
from optlib.benchmark.protocol import from_dict

# What a run needs to start at once: no probe of the processor, the smallest network, few images.
TINY = """
title = "A tiny grid"
rules = ["Momentum", "Adam"]

[data]
set = "subset"
validation = 500

[network]
name = "SpeedNet"

[training]
epochs = 2
batch = 100
shift = 2
precision = "float32"
layout = "channels_last"

[tuning]
epochs = 1
images = 500
exponents = [0.0, 0.5]
widen = 1

[final]
seeds = [0, 1]
"""


def settings(**changes):
    """A protocol as `tomllib` gives it, with changes of whole tables or, as "training.batch", of keys."""
    given = {
        "title": "Some rules", "rules": ["Momentum", "Adam"],
        "data": {"set": "subset", "validation": 1000},
        "network": {"name": "SpeedNet"},
        "training": {"epochs": 2, "batch": 100, "precision": "float32", "layout": "channels_last"},
        "tuning": {"epochs": 1, "images": 500, "exponents": [-1.0, 0.0, 1.0], "widen": 2},
        "final": {"seeds": [0, 1]},
    }  # fmt: skip
    for name, value in changes.items():
        table, _, key = name.partition("__")
        target, key = (given[table], key) if key else (given, table)
        if value is None:
            del target[key]
        else:
            target[key] = value
    return given


def protocol(**changes):
    return from_dict("some", settings(**changes))


def record(job, accuracy, loss=None, epochs=None):
    """What a run would have recorded; an accuracy of None means that it diverged."""
    epochs = job["training"]["epochs"] if accuracy is not None else 0
    rising = [accuracy * (1 - 0.5 ** (k + 1)) / (1 - 0.5**epochs) for k in range(epochs)] if epochs else []
    losses = [1 - a if loss is None else loss for a in rising]
    history = {
        "train_loss": losses, "test_loss": losses, "train_accuracy": rising, "test_accuracy": rising,
        "seconds": [2.0] * epochs, "test_seconds": [0.1] * epochs, "lr": [job["lr"]] * epochs,
        "diverged": accuracy is None, "diverged_at": 3 if accuracy is None else None,
        "settings": {"precision": "float32", "layout": "channels_last"},
    }  # fmt: skip
    return {
        **job, "history": history, "wall_seconds": 5.0, "parameters": 7, "memory": 2.0, "flips_accuracy": None,
        "command": None, "date": "2026-01-01", "code": "0", "versions": {}, "hardware": {"threads": 1},
    }  # fmt: skip


def hill(best, width=1.0):
    """Accuracy of a job by its learning rate: highest at ``best``, and a little different for each seed."""
    return lambda job: 0.8 * math.exp(-((math.log10(job["lr"] / best) / width) ** 2)) + 0.001 * (job["seed"] % 3)


def finished(given, accuracy, records=(), most=10_000):
    """Records of a whole protocol, run after run as `plan.jobs` asks for them."""
    records = list(records)
    for _ in range(most):
        ready = plan.jobs(given, records)
        if not ready:
            return records
        records.append(record(ready[0], accuracy(ready[0])))
    raise AssertionError("the plan does not end")


def stages(records):
    """How many runs of each stage."""
    return {stage: sum(r["stage"] == stage for r in records) for stage in ("tuning", "final", "default")}
