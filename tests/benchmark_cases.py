"""A tiny protocol, and records that no network was trained for, for the tests of `optlib.benchmark`."""

import json
import math

import pytest
import torch
import torch.nn.functional as F

from optlib import tasks
from optlib.benchmark import plan
from optlib.benchmark.protocol import from_dict
from optlib.vision import he_


def settings(**changes):
    """A protocol as `tomllib` gives it, with changes of whole tables or, as "training.batch", of keys."""
    given = {
        "title": "Some rules", "rules": ["Momentum", "Adam"],
        "data": {"set": "subset", "validation": 1000},
        "network": {"name": "SpeedNet"},
        "training": {"epochs": 2, "batch": 100, "precision": "float32", "layout": "channels_last"},
        "tuning": {"epochs": 1, "images": 500, "exponents": [-1.0, 0.0, 1.0], "widen": 2, "seeds": [0]},
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


def toml(given, within=""):
    """The same as the text of a file."""
    return "".join(toml(value, f"{within}{name}.") if isinstance(value, dict)
                   else f"{within}{name} = {json.dumps(value)}\n" for name, value in given.items())  # fmt: skip


def protocol(**changes):
    return from_dict("some", settings(**changes))


def record(job, accuracy, loss=None, epochs=None):
    """What a run would have recorded; an accuracy of None means that it diverged."""
    epochs = (job.get("task") or job["training"])["epochs"] if accuracy is not None else 0
    rising = [accuracy * (1 - 0.5 ** (k + 1)) / (1 - 0.5**epochs) for k in range(epochs)] if epochs else []
    losses = [1 - a if loss is None else loss for a in rising]
    history = {
        "train_loss": losses, "test_loss": losses, "train_accuracy": rising, "test_accuracy": rising,
        "seconds": [2.0] * epochs, "test_seconds": [0.1] * epochs, "lr": [job["lr"]] * epochs,
        "diverged": accuracy is None, "diverged_at": 3 if accuracy is None else None,
        "settings": {"precision": "float32", "layout": "channels_last"},
    }  # fmt: skip
    metric = {"metric": {"name": "accuracy", "unit": "%", "test": [100 * a for a in rising], "score": accuracy}}
    return {
        **job, **(metric if "task" in job else {}), "history": history, "wall_seconds": 5.0, "parameters": 7,
        "memory": 2.0, "flips_accuracy": None, "command": None, "date": "2026-01-01", "code": "0", "versions": {},
        "hardware": {"threads": 1},
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


class Lines(torch.nn.Module):
    """Two linear layers; the seed decides their weights."""

    def __init__(self, hidden, outputs, seed=0):
        super().__init__()
        self.first, self.last = torch.nn.Linear(2, hidden), torch.nn.Linear(hidden, outputs)
        he_(self, seed)

    def forward(self, x):
        return self.last(self.first(x))


def points(train, root, count):
    """Around three corners, and to which of them each belongs."""
    random = torch.Generator().manual_seed(int(train))
    corners = torch.arange(count) % 3
    middles = torch.tensor([[0.0, 2.0], [2.0, 0.0], [-1.0, -1.0]])[corners]
    return middles + torch.randn(count, 2, generator=random), corners


def points_alone(train, root, count):
    return points(train, root, count)[0], None


def nowhere(train, root, count):
    raise FileNotFoundError("no such points; fetch them with: python -m optlib.data download points")


def task(name, data, outputs, loss, metric, **more):
    settings = {"epochs": 2, "batch": 10, "examples": 0, "test_examples": 0, "validation": 20,
                "data": {"count": 60}, "network": {"hidden": 3, "outputs": outputs}}  # fmt: skip
    return tasks.Task(name=name, title=f"Task {name}", data=data, normalize=torch.Tensor.float, network=Lines,
                      loss=loss, metric=metric, quick=settings, full=settings | {"epochs": 3}, source="",
                      **more)  # fmt: skip


@pytest.fixture
def made_tasks(monkeypatch):
    """Three tasks, registered for one test: of classes, of what is given back, and one whose data are nowhere."""
    gone = tasks.Metric("distance", "cm", False, "loss", lambda loss: 10 * loss)
    made = [
        task("corners", points, 3, F.cross_entropy, tasks.ACCURACY, measures=lambda model, test: {"more": 1.5}),
        task("mirror", points_alone, 2, F.mse_loss, gone), task("nowhere", nowhere, 3, F.cross_entropy, tasks.ACCURACY),
    ]  # fmt: skip
    for each in made:
        monkeypatch.setitem(tasks.TASKS, each.name, each)
    return [each.name for each in made]


def of_tasks(names, **changes):
    """A protocol of tasks."""
    given = {"title": "Some tasks", "rules": ["Momentum", "Adam"], "tasks": names, "budget": "quick",
             "tuning": {"exponents": [0.0, 1.0], "widen": 0, "seeds": [100]},
             "final": {"seeds": [0, 1], "default_seeds": [0]}}  # fmt: skip
    return from_dict("some", given | changes)
