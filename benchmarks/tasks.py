"""Tasks measured: `python benchmarks/tasks.py [--out data/benchmarks/tasks.json]`.

1. Training steps a second of each task whose data are here, at its quick budget, beside the obvious way in torch: a
   Dataset that prepares one example at a time, a DataLoader, torch.optim.Adam, and a loop that asks for the loss after
   every batch.  The network is the same, so that a whole step is the network's work but for what stands around it; the
   input side is measured alone, too, and a step with the rule compiled.
2. Peak memory of a whole run of the autoencoder and of the LSTM, each in a fresh process.

Rivals take turns, so that a busy machine slows all of them, and medians are compared.  Each goal is printed with what
was measured.  Half a minute on a quiet core; ``--quick`` tries everything once, on less.
"""

import argparse
import itertools
import json
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import time

import article
import spine
import torch
from spine import ol
from training import goal, judged

from optlib.tasks import TASKS
from optlib.torch_driver import TorchOptimizer
from optlib.vision import fit

LR, SEED = 1e-3, 0
LEAST_INPUT, LEAST_STEP = 2.0, 1.0  # how many times as fast
WEIGHED = ("mnist", "novel")


def main():
    parser = spine.command_line(__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="turns of each measurement (default 7)")
    parser.add_argument("--quick", action="store_true", help="try everything once, on less")
    parser.add_argument("--memory", choices=TASKS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    torch.set_num_threads(1)  # networks so small gain nothing from more
    if arguments.memory:
        print(json.dumps(memory(arguments.memory, arguments.quick)))
        return
    repeats, steps = (1, 3) if arguments.quick else (arguments.repeats, 30)
    began = time.perf_counter()
    measured = [rates(name, repeats, steps, compiled=not arguments.quick) for name in here()]
    weighed = [in_a_process(each["task"], arguments.quick) for each in measured if each["task"] in WEIGHED]
    goals = [judged for each in measured for judged in goals_of(each)]
    print(report(measured, weighed, goals))
    record = {"command": shlex.join(["python", "benchmarks/tasks.py", *sys.argv[1:]]), "quick": arguments.quick}
    record |= {"threads": 1, "seconds": round(time.perf_counter() - began)}
    spine.write(arguments.out, record | {"tasks": measured, "memory": weighed, "goals": goals})


def here():
    """Names of the tasks whose data are here; the others are named on the screen."""
    for name, task in TASKS.items():
        try:
            task.sources(task.settings())
        except FileNotFoundError as error:
            print(f"{name} is left out: {error}")
        else:
            yield name


# --- steps a second ------------------------------------------------------------------------------------------


class OneByOne(torch.utils.data.Dataset):
    """Examples, each prepared by itself."""

    def __init__(self, inputs, targets, prepare):
        self.inputs, self.targets, self.prepare = inputs, targets, prepare

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, i):
        x = self.prepare(self.inputs[i : i + 1])[0]
        return x, x if self.targets is None else self.targets[i]


def rates(name, repeats, steps, compiled=False):
    """Steps a second of `fit`, also with a compiled rule, and of a plain loop, whole and of the input side alone."""
    task = TASKS[name]
    settings = task.settings()
    size = settings["batch"]
    train, _ = task.sources({**settings, "examples": size * steps + settings["validation"]}, tuning=True)
    data = OneByOne(train.images, train.labels, train.normalize)
    if train.augment is not None:
        data = article.PerImage(train.images.numpy(), train.labels.numpy())
    batches = torch.utils.data.DataLoader(data, size, shuffle=True)
    epochs = itertools.count()

    def ours(**options):
        model = task.model(settings, SEED)
        optimizer = TorchOptimizer(model.parameters(), ol.Adam(lr=LR), **options)
        return lambda: fit(model, optimizer, train, epochs=1, loss=task.loss, precision="float32", layout="contiguous",
                           progress=False)  # fmt: skip

    theirs = task.model(settings, SEED)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=LR)
    times = spine.medians(spine.in_turns(
        repeats,
        input=lambda: [None for _ in train.epoch(next(epochs))],
        plain_input=lambda: [None for _ in batches],
        step=ours(), plain_step=lambda: plain(theirs, optimizer, batches, task.loss),
        **{"compiled_step": ours(compile=True)} if compiled else {},
    ))  # fmt: skip
    made = {who: round(steps / seconds, 1) for who, seconds in times.items()}
    ratio = lambda what, peer: round(times[peer] / times[what], 2)
    result = {"task": name, "batch": size, "steps": steps, "steps_per_second": made,
              "input_ratio": ratio("input", "plain_input"), "step_ratio": ratio("step", "plain_step")}  # fmt: skip
    return result | ({"compiled_ratio": ratio("compiled_step", "plain_step")} if compiled else {})


def plain(model, optimizer, batches, loss):
    """An epoch as most would write it."""
    model.train()
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return sum(losses) / len(losses)


def goals_of(measured):
    """Both goals of a task; where a step is slower than the plain one, what it is with a compiled rule."""
    entry = goal(f"input side, {measured['task']}", measured["input_ratio"], f">= {LEAST_INPUT}")
    whole = goal(f"whole step, {measured['task']}", measured["step_ratio"], f">= {LEAST_STEP}")
    if not whole["met"] and "compiled_ratio" in measured:
        whole["why"] = f"the rule is stepped in Python, tensor by tensor; compiled: {measured['compiled_ratio']:.2f}"
    return [entry, whole]


# --- memory --------------------------------------------------------------------------------------------------


def memory(name, quick):
    """Megabytes of this process: before a run of the task, and at most."""
    settings = TASKS[name].settings()
    TASKS[name].model(settings)  # torch and the network's code are loaded
    before = peak()
    ol.tasks.train(name, ol.Adam(lr=LR), **({"epochs": 1} if quick else {}))
    return {"task": name, "before_mb": before, "peak_mb": peak()}


def peak():
    """In megabytes.  Linux's `getrusage` would count what the parent had when it started this process."""
    if sys.platform == "darwin":
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
    return round(int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) / 2**10)


def in_a_process(name, quick):
    command = [sys.executable, __file__, "--memory", name, *["--quick"] * quick]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


# --- what is printed -----------------------------------------------------------------------------------------


def report(measured, weighed, goals):
    """All of it as tables."""
    kinds = [*measured[0]["steps_per_second"]]
    steps = [(each["task"], *(f"{each['steps_per_second'][kind]:,.0f}" for kind in kinds)) for each in measured]
    megabytes = [(each["task"], f"{each['before_mb']:,}", f"{each['peak_mb']:,}") for each in weighed]
    return "\n\n".join([
        "Batches a second\n" + spine.columns([("task", *kinds), *steps]),
        "Megabytes of a process\n" + spine.columns([("task", "before the run", "at most"), *megabytes]),
        judged(goals),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
