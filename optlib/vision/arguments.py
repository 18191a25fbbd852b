"""Checks of the arguments of `fit`, all made before the first step."""

import copy
import math

import torch

from .images import InOrder, Shuffled, are_scores, check_labels
from .parts import check_model
from .predict import evaluation


def check_trained(model, optimizer):
    """TypeError or ValueError unless these are a torch network and a torch optimizer of its parameters."""
    check_model("fit", model)
    if not isinstance(optimizer, torch.optim.Optimizer):
        such = "a torch optimizer, such as TorchOptimizer(model.parameters(), ol.Adam(lr=1e-3))"
        raise TypeError(f"fit: optimizer is a {type(optimizer).__name__}; it must be {such}")
    for each in [getattr(group, "rule", None) or optimizer for group in optimizer.param_groups]:
        if isinstance(each, torch.optim.LBFGS) or getattr(each, "reads", ("gradient",)) != ("gradient",):
            raise ValueError(f"fit: {type(each).__name__} reads more than one gradient a step; write the loop yourself")
    own = {id(p) for p in model.parameters()}
    if not all(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ValueError("fit: optimizer holds parameters that are not those of model; make it with model.parameters()")


def check_callables(loss, **optional):
    """TypeError unless ``loss`` can be called, and each of the others can or is None."""
    for name, value in {"loss": loss, **optional}.items():
        if not callable(value) and (value is not None or name == "loss"):
            raise TypeError(f"fit: {name}={value!r} must be callable")


def rates_of(optimizer):
    """The learning rates of the groups that `fit` may change; None for a rule without one or with its own schedule."""
    own = [None if "lr" in getattr(group, "schedules", ()) else group.get("lr") for group in optimizer.param_groups]
    return copy.deepcopy(own)  # torch's schedulers write into a rate that is a tensor


def factors_of(schedule, optimizer, steps):
    """The factor of the learning rates for each step, or None without a schedule."""
    if schedule is None:
        return None
    if getattr(schedule, "reads", None):
        raise ValueError(
            f"fit: schedule={schedule!r} reads the {schedule.reads.replace('_', ' ')}; it must be a function of t alone"
        )
    factors = [float(schedule(t)) for t in range(steps)]
    for t, factor in enumerate(factors):
        if not 0 < factor < math.inf:
            raise ValueError(f"fit: schedule is {factor} at step {t}; it must be a finite number above 0")
    refuse_unrated("fit: schedule", optimizer, "has a schedule of its own there; give only one")
    return factors


def refuse_unrated(who, optimizer, scheduled):
    """ValueError where a group has no number as lr; ``scheduled`` says so where it has a schedule."""
    for group, rate in zip(optimizer.param_groups, rates_of(optimizer), strict=True):
        if rate is None:
            why = scheduled if "lr" in group else "has no learning rate lr"
            raise ValueError(f"{who} multiplies lr, but {getattr(group, 'rule', 'a group')!r} {why}")


def check_fits_together(run):
    """ValueError unless model, labels and loss of a `Run` fit together, from a prediction for two examples of each set.

    Of a pair, the model must give scores of classes; of a source, whatever the loss takes.
    """
    x, labels = _two_of(run, run.train)
    with evaluation(run.model):
        output = run.model(x)
    if are_scores(output, labels):
        for name, source in (("train", run.train), ("test", run.test)):
            if getattr(source, "labels", None) is not None:  # a source need not know all of them
                check_labels("fit", name, source.labels, output.shape[-1])
    elif run.of_pair:
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise ValueError(f"fit: model gives {shape} for {len(x)} images; it must give scores ({len(x)}, classes)")
    loss = run.loss(output, labels)
    if not isinstance(loss, torch.Tensor) or loss.ndim:
        raise ValueError(f"fit: loss gives {loss!r} for {len(x)} images; it must give their mean, one tensor")
    if run.test is not None:
        x, labels = _two_of(run, run.test)
        try:
            with evaluation(run.model):
                run.loss(run.model(x), labels)
        except Exception as error:  # the network's own, or the loss's
            raise ValueError(f"fit: model takes examples of train, and not of test: {error}") from error


def _two_of(run, source):
    """Two examples of a source, as the network reads them, and their labels."""
    whole = isinstance(source, (InOrder, Shuffled))  # these give a batch without augmenting all images
    x, labels = source.batch(slice(2)) if whole else next(iter(source.epoch(0)))
    return run.prepared(x[:2]), labels[:2].to(run.device)
