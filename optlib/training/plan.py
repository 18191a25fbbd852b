"""The arguments of a training run, checked, and what follows from them."""

import itertools
from collections.abc import Mapping

import numpy as np

from .. import checks
from ..arrays import is_array
from ..data.batching import batches
from ..data.sets import Data
from ..optimizers.base import Optimizer
from ..registry import OPTIMIZERS
from ..schedules.base import Combined
from .networks.base import Network


class Plan:
    """What `train` and `train_many` are asked to do, the same for all runs; the arguments are explained there.

    Attributes
    ----------
    steps, epochs : int
        How long: the steps to be made, and the epochs that they reach into.
    looks : set of ints
        The numbers of steps after which all examples are looked at; ``at`` holds them in order.
    """

    def __init__(self, who, network, rule, data, *, start, batch, epochs, steps, path, validation, every, schedule,
                 last, replacement, dtype):  # fmt: skip
        if not isinstance(network, Network):
            raise TypeError(f"{who}: network={network!r} must be a network, such as ol.networks.MLP([64, 32, 10])")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise TypeError(f"{who}: dtype={dtype!r} must be np.float32 or np.float64")
        self.who, self.network, self.dtype = who, network, np.dtype(dtype)
        self.data = self._examples("data", data)
        self.validation = None if validation is None else self._examples("validation", validation)
        self.rule = _checked_rule(who, rule)
        self.schedule = self._check_schedule(schedule)
        checks.integer(who, "batch", batch, least=1, most=len(self.data))
        self.cut = {"size": int(batch), "last": last, "replacement": replacement}
        per_epoch = batches(self.data, **self.cut).per_epoch
        self.steps = self._steps(epochs, steps, per_epoch)
        self.epochs = -(-self.steps // per_epoch)
        checks.integer(who, "every", every, least=1)
        if not isinstance(path, (bool, np.bool_)):
            raise TypeError(f"{who}: path={path!r} must be True or False")
        self.path, self._given = path, None if start is None else self._checked_start(start)
        self.looks = {*range(0, self.steps + 1, int(every) * per_epoch), self.steps}
        self.at = np.array(sorted(self.looks))

    def start(self, seed):
        """The parameters that the run of this seed begins with."""
        checks.integer(self.who, "seed", seed, least=0)
        return self.network.init(seed, self.dtype) if self._given is None else dict(self._given)

    def stream(self, seed):
        """For each step the indices of its mini-batch and what the batch counts, None for 1."""
        made = batches(self.data, **self.cut, seed=seed, epochs=self.epochs)
        weights = made.weights if made.last == "weight" else itertools.repeat(None)
        return itertools.islice(zip(made, weights, strict=False), self.steps)

    def _examples(self, name, data):
        who, network = self.who, self.network
        if not isinstance(data, Data):
            raise TypeError(f"{who}: {name} is a {type(data).__name__}; it must be ol.data.Data(x, y)")
        if data.x.shape[1] != network.d_in:
            raise ValueError(f"{who}: {name} has {data.x.shape[1]} inputs, but {network!r} takes {network.d_in}")
        if network.classes is None and data.classes:
            raise TypeError(f"{who}: {name} has labels, but {network!r} predicts numbers; y must hold floats")
        if network.classes and not data.classes:
            raise TypeError(f"{who}: {name} has numbers to be predicted, but {network!r} predicts labels; y must hold "
                            f"integers from 0 to {network.classes - 1}")  # fmt: skip
        if network.classes and data.classes > network.classes:
            raise ValueError(
                f"{who}: {name} contains the label {data.classes - 1}; {network!r} allows labels from 0 to "
                f"{network.classes - 1}"
            )
        return data.astype(self.dtype)

    def _checked_start(self, start):
        shapes = self.network.shapes
        found = {name: np.shape(value) for name, value in start.items()} if isinstance(start, Mapping) else start
        if found != shapes:
            raise ValueError(f"{self.who}: start={found!r} must be a dict of arrays with these shapes: {shapes}")
        start = {name: np.array(start[name], self.dtype) for name in shapes}
        for name, value in start.items():
            if not np.isfinite(value).all():
                raise ValueError(f"{self.who}: start[{name!r}] contains NaN or infinity; finite numbers are allowed")
        return start

    def _steps(self, epochs, steps, per_epoch):
        if (epochs is None) == (steps is None):
            raise TypeError(f"{self.who}: epochs={epochs!r}, steps={steps!r}; give exactly one of them")
        name, value = ("steps", steps) if epochs is None else ("epochs", epochs)
        checks.integer(self.who, name, value, least=1)
        return int(value) if epochs is None else int(value) * per_epoch

    def rule_with(self, settings):
        """A new rule with these hyper-parameters, the schedule applied."""
        rule = type(self.rule)(**{**self.rule.settings(), **settings})
        if self.schedule is None:
            return rule
        given = rule.settings()
        return type(rule)(**{**given, "lr": Combined(given["lr"], self.schedule, "*")})

    def _check_schedule(self, schedule):
        if schedule is not None and not callable(schedule):
            raise TypeError(f"{self.who}: schedule={schedule!r} must be a function of t, such as ol.schedules.Cosine")
        if schedule is not None and "lr" not in self.rule.hypers:
            raise ValueError(f"{self.who}: {self.rule!r} has no learning rate lr that a schedule could multiply")
        return schedule


def _checked_rule(who, rule):
    if isinstance(rule, type) and issubclass(rule, Optimizer):
        rule = rule()
    if not isinstance(rule, Optimizer):
        raise TypeError(f"{who}: rule={rule!r} must be an optimizer, such as ol.Adam(lr=0.01)")
    if rule.reads != ("gradient",):
        able = ", ".join(name for name, cls in OPTIMIZERS.items() if cls.reads == ("gradient",))
        raise TypeError(
            f"{who}: rule={rule!r} reads the {' and the '.join(rule.reads)}; only rules that read nothing but the "
            f"gradient train networks: {able}"
        )
    for name, value in rule.settings().items():
        if is_array(value) or getattr(value, "shape", ()):
            raise ValueError(
                f"{who}: {name} of {type(rule).__name__} has shape {tuple(value.shape)}; give many settings by "
                f"train_many(..., settings={{{name!r}: array}})"
            )
    return rule
