"""The arguments of a training run, checked, and what follows from them."""

import itertools
from collections.abc import Mapping

import numpy as np

from .. import checks
from ..data import sets
from ..data.batching import batches
from ..optimizers.around import has_another_evaluation_point, refuse_mixed
from ..schedules.base import Combined
from .dict_optimizer import gradient_rule
from .networks.base import Network


class Plan:
    """What `train` and `train_many` are asked to do, the same for all runs; the arguments are explained there."""

    def __init__(self, who, network, rule, data, *, start, batch, epochs, steps, path, validation, every, schedule,
                 last, replacement, dtype):  # fmt: skip
        sets.check_dtype(who, dtype)
        self.who, self.network, self.dtype = who, network, np.dtype(dtype)
        self.data = check_data(who, "data", data, network).astype(dtype)
        self.validation = validation
        if validation is not None:
            self.validation = check_data(who, "validation", validation, network).astype(dtype)
        self.rule = gradient_rule(who, rule)
        self.averages = has_another_evaluation_point(type(self.rule))  # such as the average of its path
        for name, value in self.rule.settings().items():
            if getattr(value, "shape", ()):
                raise ValueError(
                    f"{who}: {name} of {type(self.rule).__name__} has shape {tuple(value.shape)}; give many settings "
                    f"by train_many(..., settings={{{name!r}: array}})"
                )
        if schedule is not None and not callable(schedule):
            raise TypeError(f"{who}: schedule={schedule!r} must be a function of t, such as ol.schedules.Cosine")
        if schedule is not None and "lr" not in self.rule.hypers:
            raise ValueError(f"{who}: {self.rule!r} has no learning rate lr that a schedule could multiply")
        self.schedule = schedule
        refuse_mixed(who, self.rule, len(network.shapes))
        self.batch = checks.integer(who, "batch", batch, least=1, most=len(self.data))
        self._cut = {"size": self.batch, "last": last, "replacement": replacement}
        per_epoch = batches(self.data, **self._cut).per_epoch
        if (epochs is None) == (steps is None):
            raise TypeError(f"{who}: epochs={epochs!r}, steps={steps!r}; give exactly one of them")
        if steps is None:
            steps = checks.integer(who, "epochs", epochs, least=1) * per_epoch
        self.steps = checks.integer(who, "steps", steps, least=1)
        self.epochs = -(-self.steps // per_epoch)  # that begin within the steps
        every = checks.integer(who, "every", every, least=1)
        # After these steps the network is evaluated on all examples; `rows` says which place each has among them.
        self.at = np.array(sorted({*range(0, self.steps + 1, every * per_epoch), self.steps}))
        self.rows = {int(t): row for row, t in enumerate(self.at)}
        self.path = checks.flag(who, "path", path)
        self._start = None if start is None else self._check_start(start)

    def start(self, seed):
        """The parameters that the run of this seed begins with."""
        checks.integer(self.who, "seed", seed, least=0)
        return self.network.init(seed, self.dtype) if self._start is None else dict(self._start)

    def batches(self, seed):
        """For each step the indices of its mini-batch and what the batch counts, None for 1."""
        indices = batches(self.data, **self._cut, seed=seed, epochs=self.epochs)
        weights = indices.weights if indices.last == "weight" else itertools.repeat(None)
        return itertools.islice(zip(indices, weights, strict=False), self.steps)

    def rule_with(self, settings):
        """A new rule with these hyper-parameters, the schedule applied."""
        rule = type(self.rule)(**{**self.rule.settings(), **settings})
        if self.schedule is None:
            return rule
        settings = rule.settings()
        return type(rule)(**{**settings, "lr": Combined(settings["lr"], self.schedule, "*")})

    def _check_start(self, start):
        shapes = self.network.shapes
        has = {name: np.shape(value) for name, value in start.items()} if isinstance(start, Mapping) else start
        if has != shapes:
            raise ValueError(f"{self.who}: start={has!r} must be a dict of arrays with these shapes: {shapes}")
        start = {name: np.array(start[name], self.dtype) for name in shapes}
        for name, value in start.items():
            if not np.isfinite(value).all():
                raise ValueError(f"{self.who}: start[{name!r}] contains NaN or infinity; finite numbers are allowed")
        return start


def check_data(who, name, data, network):
    """The data; TypeError or ValueError unless it is `Data` that fits the network."""
    checks.instance(who, "network", network, Network, "ol.networks.MLP([64, 32, 10])")
    sets.check_data(who, name, data)
    if data.x.shape[1] != network.d_in:
        raise ValueError(f"{who}: {name} has {data.x.shape[1]} inputs, but {network!r} takes {network.d_in}")
    if network.classes is None and data.classes:
        raise TypeError(f"{who}: {name} has labels, but {network!r} predicts numbers; y must hold floats")
    if network.classes:
        labels = f"{network!r} predicts labels; y must hold integers from 0 to {network.classes - 1}"
        if not data.classes:
            raise TypeError(f"{who}: {name} has numbers to be predicted, but {labels}")
        if data.classes > network.classes:
            raise ValueError(f"{who}: {name} contains the label {data.classes - 1}, but {labels}")
    return data
