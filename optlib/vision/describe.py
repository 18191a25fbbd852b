"""What identifies a run: its settings as plain values that are the same in every process."""

import functools
import zlib

import numpy as np
import torch

from ..torch_driver.groups import give
from .images import fingerprint
from .parts import count_parameters

PLAIN = (bool, int, float, str, tuple, type(None))


def name_of(value):
    """A function or object in words, without its address in memory.

    >>> name_of(functools.partial(F.cross_entropy, label_smoothing=0.2))
    'cross_entropy(label_smoothing=0.2)'
    """
    if value is None:
        return None
    if isinstance(value, functools.partial):
        named = [f"{name}={_argument(each)}" for name, each in value.keywords.items()]
        arguments = [*map(_argument, value.args), *named]
        return f"{name_of(value.func)}({', '.join(arguments)})"
    if hasattr(value, "__qualname__"):
        return value.__qualname__
    kind = type(value)
    if kind.__repr__ is not object.__repr__ and not hasattr(value, "named_modules"):
        return repr(value)
    attributes = {k: v for k, v in getattr(value, "__dict__", {}).items() if not k.startswith("_") and k != "training"}
    shown = [f"{k}={v!r}" for k, v in sorted(attributes.items()) if isinstance(v, PLAIN)]
    return f"{kind.__qualname__}({', '.join(shown)})"


def _argument(value):
    return repr(value) if isinstance(value, PLAIN) else name_of(value)


def main_rule(optimizer):
    """The rule of a `TorchOptimizer`, at the rates of the first group that it steps; None for torch's optimizers."""
    if getattr(optimizer, "rule", None) is None:
        return None
    rule = optimizer.rule.fresh()
    for group in optimizer.param_groups:
        if group.get("rule") is None:
            for name in rule.hypers:
                give(rule, name, getattr(group, "schedules", {}).get(name, group[name]))
            break
    return rule


def settings_of(run, schedule, fingerprints):
    """The settings of a `Run`, a dict fit for JSON: the history shows them, and a checkpoint must agree with them.

    ``fingerprints`` adds checksums of all images, which takes some tenths of a second.
    """
    model, optimizer, train, batches = run.model, run.optimizer, run.train, run.train.batches
    groups = []
    for group in optimizer.param_groups:  # of a schedule its name: its present value is another one in the second run
        scheduled = {name: name_of(schedule) for name, schedule in getattr(group, "schedules", {}).items()}
        values = {**group, **scheduled, "tensors": len(group["params"])}
        groups.append({name: value for name, value in values.items() if name != "params"})
    shapes = [(name, tuple(value.shape), str(value.dtype)) for name, value in model.state_dict().items()]
    rule = main_rule(optimizer)
    settings = {
        "model": type(model).__name__, "parameters": count_parameters(model),
        "shapes": _checksum(repr(shapes).encode()),
        "optimizer": type(optimizer).__name__ if rule is None else repr(rule), "groups": repr(groups),
        "schedule": None if schedule is None else f"{name_of(schedule)}, {_checksum(np.array(run.factors))}",
        "epochs": run.epochs, "batch": batches.size, "images": min(batches.n, batches.per_epoch * batches.size),
        "seed": run.seed, "order": batches.seed, "train": "pair" if run.of_pair else name_of(train),
        "augment": name_of(getattr(train, "augment", None)), "loss": name_of(run.loss),
        "normalize": name_of(getattr(train, "normalize", None)),
        "callbacks": [name_of(getattr(each, "function", each)) for each in run.callbacks],
        "precision": run.precision, "layout": run.layout, "device": run.device.type,
        "threads": torch.get_num_threads(),
    }  # fmt: skip
    if fingerprints:
        settings["data"] = [fingerprint(source) for source in (train, run.test) if source is not None]
    return settings


def _checksum(data):
    return f"{zlib.crc32(data):08x}"
