"""One run of a benchmark, from plain values to a record; it may be called in any process on any machine."""

import functools
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

from .. import data, vision
from ..data.seeds import generator
from ..optimizers.around import has_another_evaluation_point, has_path_of_its_own
from ..schedules import Constant, Cosine
from ..tasks import TASKS
from ..torch_driver import TorchOptimizer
from ..torch_driver.roles import hand_over, learned_matrices, trained
from ..vision.callbacks import Callback
from ..vision.speednet import triangle
from .circumstances import circumstances, decided_by, digests
from .plan import LATER
from .protocol import rule_named

SPLIT_SEED = 0  # the same images are held out in every run


def run(job, *, root=None, checkpoints=None, threads=None, device=None, progress=False, command=None):
    """Train one network, and test it; returns the record, fit for JSON.  A run that diverged is marked in its history.

    The job is from `plan.make`.  ``checkpoints`` is a folder for the state of an unfinished run, which then resumes
    after its last complete epoch.  The rest is as in `runner.run`.
    """
    code = digests(decided_by(job))["statements"]  # of what is loaded: at the end of the run, files may be others
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    path = None if checkpoints is None else pathlib.Path(checkpoints) / f"{job['id']}-{code[:8]}.pt"
    options = {"device": device, "checkpoint": path, "progress": progress}
    start = time.perf_counter()
    try:
        model, optimizer, report = (_on_task if "task" in job else _on_images)(job, root, options)
        record = {
            **job, **report, "wall_seconds": time.perf_counter() - start, "parameters": vision.count_parameters(model),
            "memory": memory_of(optimizer), "command": command, **circumstances(decided_by(job)),
        }  # fmt: skip
    finally:
        torch.set_num_threads(before)  # this may be the caller's own process
    if path is not None:
        path.unlink(missing_ok=True)  # killed between this line and the next append, only this run is lost
    return record


def _on_task(job, root, options):
    """Network, optimizer and what is recorded of a run on a task."""
    settings, training = {**job["task"]}, job["training"]
    task = TASKS[settings.pop("name")]
    train, test = task.sources(settings, seed=job["seed"], root=root, tuning=job["stage"] == "tuning")
    model, steps = task.model(settings, seed=job["seed"]), settings["epochs"] * train.batches.per_epoch
    optimizer, averages = optimizer_of(job, model, steps), keeps_average(rule_named(job["rule"]))
    history = vision.fit(
        model, optimizer, train, test, epochs=settings["epochs"], schedule=schedule_of(job, steps), seed=job["seed"],
        precision=training["precision"], layout=training["layout"], callbacks=[vision.AverageInTest()] * averages,
        loss=task.loss, **options,
    )  # fmt: skip
    report, metric, measured = history.to_dict(), task.metric, {}
    values = {part: metric.values(report, part) for part in ("train", "test")}
    score = None if history.diverged else metric.score(report)
    if job["stage"] != "tuning" and not history.diverged:
        measured = task.measure(model, test)
    return model, optimizer, {
        "history": report, "metric": {"name": metric.name, "unit": metric.unit, **values, "score": score},
        "measured": measured,
    }  # fmt: skip


def _on_images(job, root, options):
    """Network, optimizer and what is recorded of a run on images of CIFAR-10."""
    settings = job["training"]
    train, test = images_of(job, root)
    # A published benchmark took the constants of CIFAR-100 for CIFAR-10's.
    constants = (data.CIFAR100_MEAN, data.CIFAR100_STD) if settings["constants"] == "cifar100" else ()
    normalize = vision.Normalize(*constants)
    model = network(job["network"], job["seed"], train[0], normalize)
    steps = settings["epochs"] * -(-len(train[0]) // settings["batch"])
    flip = None if settings["flip"] == "none" else settings["flip"]
    optimizer, averages = optimizer_of(job, model, steps), keeps_average(rule_named(job["rule"]))
    history = vision.fit(
        model, optimizer, train, tested_on(test, job), epochs=settings["epochs"], batch=settings["batch"],
        schedule=schedule_of(job, steps), seed=job["seed"], precision=settings["precision"],
        layout=settings["layout"], callbacks=callbacks_of(settings) + [vision.AverageInTest()] * averages,
        augment=vision.FlipAndShift(flip, settings["shift"], seed=job["seed"]), normalize=normalize,
        loss=functools.partial(F.cross_entropy, label_smoothing=settings["label_smoothing"]), **options,
    )  # fmt: skip
    flips_accuracy, report = None, history.to_dict()
    if job["flips"] and not history.diverged:
        chosen = {key: history.settings[key] for key in ("precision", "layout")}
        flips_accuracy = vision.evaluate(model, test, flips=True, normalize=normalize, **chosen)[1]
    if settings["training_as_test"]:
        report |= {"test_loss": report["train_loss"], "test_accuracy": report["train_accuracy"]}
    return model, optimizer, {"history": report, "flips_accuracy": flips_accuracy}


def images_of(job, root):
    """Training and test images of a run, as pairs; when a rate is tuned, the latter are held out of the former."""
    full = job["data"]["set"] == "full"
    images, labels = _loaded(True, root, full)
    if job["stage"] != "tuning":
        return (images, labels), _loaded(False, root, full)
    held_out = job["data"]["validation"]
    if held_out + max(job["images"], 1) > len(images):
        both = f"validation={held_out} and images={job['images']} of the protocol"
        raise ValueError(f"benchmark: {both} are more than the {len(images):,} training images")
    order = generator("benchmark", SPLIT_SEED, "split").permutation(len(images))
    kept = order[held_out:][: job["images"] or None]
    return (images[kept], labels[kept]), (images[order[:held_out]], labels[order[:held_out]])


@functools.lru_cache(maxsize=4)
def _loaded(train, root, full):
    return data.cifar10(train, root if full else None, full=full)


def network(settings, seed, images, normalize):
    """The network, with weights that the seed decides."""
    if settings["name"] == "SpeedNet":
        settings = {**LATER, **settings}
        model = vision.SpeedNet(settings["size"], seed=seed, identity=settings["identity"])
        return model.initialize(images, normalize)
    return getattr(vision, settings["name"])(seed=seed)


def optimizer_of(job, model, steps):
    """The rule at its learning rate, on all parameters that are learned.

    One that sees matrices gets the hidden ones (`hidden_matrices`, without what is not learned), and the rule of its
    "rest" the others.  Of the two learning rates one is tuned: their ratio stays that of the settings, by default that
    of the defaults of both.
    """
    cls, settings, training = rule_named(job["rule"]), dict(job["settings"]), job["training"]
    rest, lr, other = settings.pop("rest", None), job["lr"], None
    if "steps" in cls.hypers:  # Demon fades over the whole run
        settings.setdefault("steps", steps)
    rule = cls(**{**settings, "lr": lr})
    if rest:
        lr *= rest["lr"] / settings.get("lr", cls.hypers["lr"].default)
        other = rule_named(rest["rule"])(**{name: rest[name] for name in rest if name != "rule"} | {"lr": lr})
    if training.get("bias_factor", 1.0) != 1.0 and hasattr(model, "parameter_groups"):
        groups = model.parameter_groups(lr, training["bias_factor"])
    else:
        groups = [{"params": trained(model)}]
    if rest:
        groups = hand_over(groups, model, other)
    return TorchOptimizer(groups, rule, compile=training.get("compile", False) and cls.elementwise)


def keeps_average(cls):
    """Whether the average that a rule keeps is tested: of rules around others.

    ASGD is tested where it steps, as in its records, not by its average as in `tasks.train`; late the two are near.
    """
    return hasattr(cls, "wrapper") and has_another_evaluation_point(cls)


def schedule_of(job, steps):
    """The factor of the learning rate, for every rule the same; it does not fall for one that averages instead."""
    settings = job["training"]
    if settings["schedule"] == "constant" or steps < 2:
        return Constant(1.0)
    if has_path_of_its_own(rule_named(job["rule"])):
        return triangle(steps, end=1.0)
    return triangle(steps) if settings["schedule"] == "triangle" else Cosine(1.0, steps=steps)


def callbacks_of(settings):
    """Weight decay, a fixed bias, fixed norms and look-ahead where the protocol wants them, and a published mistake."""
    settings, callbacks = {**LATER, **settings}, []
    if settings["weight_decay"]:
        callbacks.append(vision.WeightDecay(settings["weight_decay"], settings["decay_biases"]))
    if settings["whiten_epochs"]:
        callbacks.append(vision.Freeze(["whiten.bias"], after=settings["whiten_epochs"]))
    if settings["reset_norms"]:
        callbacks.append(ResetNorms())
    if settings["look_ahead"]:
        callbacks.append(vision.LookAhead())
    if settings["train_mode_once"]:
        callbacks.append(TrainModeOnce())
    return callbacks


def tested_on(test, job):
    """The test images as they are or, as a published benchmark had them, randomly flipped and shifted."""
    if not job["training"]["augmented_test"]:
        return test
    images, labels = test
    augment = vision.FlipAndShift("random", job["training"]["shift"] or 4, seed=job["seed"])
    return augment(torch.from_numpy(np.array(images)), 0, torch.Generator().manual_seed(job["seed"])), labels


class TrainModeOnce(Callback):
    """The mistake of calling ``model.train()`` once, before the first epoch.

    The test after that epoch leaves the network in evaluation mode, so that from then on BatchNorm normalizes by the
    running statistics of the first epoch, which are frozen.
    """

    def start(self, run):
        self.model, self.on = run.model, False

    def after_epoch(self, run):
        self.on = True
        self.model.train = lambda mode=True: torch.nn.Module.train(self.model, False)

    def state_dict(self):
        return {"on": self.on}

    def load_state_dict(self, state):
        if state["on"]:
            self.after_epoch(None)

    def __repr__(self):
        return "TrainModeOnce()"


class ResetNorms(Callback):
    """Scale each hidden matrix to the norm sqrt(rows) before each step, which changes no output where a norm follows.

    Steps of one length, as Muon's, then turn all of them alike.

    Source: K. Jordan (2024), airbench94_muon.py, github.com/KellerJordan/cifar10-airbench.
    """

    def start(self, run):
        self.matrices = learned_matrices(run.model)
        self.after_step(run)

    @torch.no_grad()
    def after_step(self, run):
        for p in self.matrices:
            p.mul_(len(p) ** 0.5 / p.norm())


def memory_of(optimizer):
    """Numbers that the rule keeps for each number that it steps."""

    def count(value):
        if isinstance(value, (tuple, list)):
            return sum(map(count, value))
        return value.numel() if isinstance(value, torch.Tensor) else 0

    kept = sum(count(value) for state in optimizer.state.values() for value in state.values())
    return round(kept / sum(p.numel() for group in optimizer.param_groups for p in group["params"]), 2)
