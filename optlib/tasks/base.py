"""`Task`: a data set, a network, a loss, a metric with its direction, and two budgets; `TASKS` has all of them."""

import copy
import dataclasses
import functools
import json
import math
from collections.abc import Callable

import torch

from .. import checks
from ..data.seeds import generator
from ..optimizers.around import has_another_evaluation_point
from ..optimizers.base import as_rule
from ..registry import Registry
from ..torch_driver import TorchOptimizer
from ..torch_driver.roles import groups_for
from ..vision import AverageInTest, fit
from ..vision.callbacks import as_callbacks
from ..vision.images import InOrder, Shuffled
from ..vision.parts import seeded

TASKS = Registry("task")
BUDGETS = ("quick", "full")
COUNTS = {"epochs": 1, "batch": 1, "examples": 0, "test_examples": 0, "validation": 1}  # and the least value of each
SPLIT_SEED = 0  # the same examples are held out in every run
MOST = 700.0  # nats; the exponential of more is hardly a float


@dataclasses.dataclass(frozen=True)
class Metric:
    """What a task is judged by: a function of the mean loss or of the accuracy of an epoch.

    Attributes
    ----------
    name, unit : str
    higher : bool
        Whether more is better.
    of : "accuracy" or "loss"
        The list of a history that it is computed from.
    convert : callable
        From a number of this list to the metric, in its unit.

    Raises
    ------
    ValueError
        If ``higher`` contradicts ``convert``.
    """

    name: str
    unit: str
    higher: bool
    of: str
    convert: Callable = float

    def __post_init__(self):
        checks.choice("Metric", "of", self.of, ("accuracy", "loss"))
        checks.flag("Metric", "higher", self.higher)
        worse, better = (0.25, 0.75) if self.of == "accuracy" else (0.75, 0.25)
        try:
            worse, better = self.convert(worse), self.convert(better)
        except (ArithmeticError, ValueError):  # not defined there
            return
        if better - worse and math.isfinite(better - worse) and (better > worse) != self.higher:
            conversion = f"convert makes {worse:g} of a worse {self.of} and {better:g} of a better one"
            raise ValueError(f"Metric: higher={self.higher!r} must be {better > worse} for {self.name!r}: {conversion}")

    def values(self, history, part="test"):
        """One number for each epoch, from `History.to_dict`; ``part`` is "test" or "train"."""
        values = history[f"{checks.choice('Metric', 'part', part, PARTS)}_{self.of}"]
        if self.of == "accuracy" and not values and history[f"{part}_loss"] and not history["diverged"]:
            needed = "outputs must be scores of two or more classes, (B, ..., classes)"
            none = f"is computed from the {self.of} of each epoch, and this run has none"
            raise ValueError(f"Metric {self.name!r} {none}: {needed}")
        return [checks.number(f"Metric {self.name!r}", f"convert({value!r})", self.convert(value)) for value in values]

    def score(self, history):
        """What tuning maximizes, of the last epoch: accuracy from 0 to 1, or minus the loss; -inf if it diverged."""
        values = history[f"test_{self.of}"]
        return -math.inf if history["diverged"] or not values else values[-1] if self.of == "accuracy" else -values[-1]


PARTS = ("train", "test")
ACCURACY = Metric("accuracy", "%", True, "accuracy", lambda share: 100 * share)
PERPLEXITY = Metric("perplexity", "", False, "loss", lambda nats: math.exp(min(nats, MOST)))
NEGATIVE_ELBO = Metric("negative ELBO", "nats", False, "loss")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """A task for optimizers: what is learned from which data, and how it is judged.

    Attributes
    ----------
    name, title : str
        As in ``TASKS[name]``, and in words.
    data : callable
        ``data(train, root, **settings["data"])`` gives inputs and targets of all training or test examples, two tensors
        of one length; targets None where the inputs are to be given back.  FileNotFoundError names the command that
        fetches them.
    normalize : callable
        What the network reads of a batch of inputs.
    augment : callable, optional
        Of training images, as in `optlib.vision.fit`.
    network : callable
        ``network(**settings["network"], seed=seed)`` is a torch network whose weights the seed decides.
    loss : callable
        The mean loss of a batch, of the network's output and the targets.
    metric : Metric
    quick, full : dict
        Settings of the two budgets.  ``quick`` takes about four seconds on one core and still tells good
        learning rates from bad ones; ``full`` is the published size, for a GPU.  Each has

        epochs, batch : int
        examples, test_examples : int
            How many are used, 0 for all.
        validation : int
            How many of the training examples are held out while settings are tuned.
        data, network : dict
            Arguments of both.
    source : str
        Of the network.
    measures : callable, optional
        ``measures(model, test)`` gives further numbers by name, of a trained network: finite ones.
    """

    name: str
    title: str
    data: Callable
    normalize: Callable
    network: Callable
    loss: Callable
    metric: Metric
    quick: dict
    full: dict
    source: str
    augment: Callable | None = None
    measures: Callable | None = None

    def __post_init__(self):
        for name in ("name", "title", "source"):
            checks.instance("Task", name, getattr(self, name), str, "'mnist'")
        for name in ("data", "normalize", "network", "loss", "augment", "measures"):
            value = getattr(self, name)
            if not callable(value) and (value is not None or name not in ("augment", "measures")):
                raise TypeError(f"Task: {name}={value!r} must be callable")
        checks.instance("Task", "metric", self.metric, Metric, "ol.tasks.ACCURACY")
        for budget in BUDGETS:
            self.check(self.settings(budget))

    def settings(self, budget="quick", **changes):
        """The settings of a budget as a dict of plain values, some of them changed.

        >>> ol.tasks.TASKS["novel"].settings("quick", epochs=1, network={"hidden": 32})

        Parameters
        ----------
        budget : "quick" or "full"
        **changes
            Values by name; of ``data`` and ``network`` only what changes.

        Raises
        ------
        TypeError, ValueError
            Naming setting, value and what is allowed.
        """
        settings = copy.deepcopy(getattr(self, checks.choice("Task.settings", "budget", budget, BUDGETS)))
        for name, value in changes.items():
            nested = isinstance(settings.get(name), dict) and isinstance(value, dict)
            settings[name] = settings[name] | value if nested else value
        return self.check(settings)

    def check(self, settings):
        """The settings; TypeError or ValueError, naming the fault, if they are not complete and plain."""
        who = f"task {self.name!r}"
        if not isinstance(settings, dict) or settings.keys() != {*COUNTS, "data", "network"}:
            raise ValueError(f"{who}: settings={settings!r} must have {', '.join(COUNTS)}, data and network, no others")
        for name, least in COUNTS.items():
            checks.integer(who, name, settings[name], least)
        for name in ("data", "network"):
            value = checks.instance(who, name, settings[name], dict, "{}")
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError):
                raise checks.WrongType(f"{who}: {name}={value!r} must be plain values, fit for JSON") from None
        return settings

    def sources(self, settings, seed=0, root=None, tuning=False, device="cpu"):
        """Training and test examples in batches, as `optlib.vision.fit` takes them.

        Parameters
        ----------
        settings : dict
            From `settings`.
        seed : int, at least 0
            Of the order and augmentation of the training examples; which ones they are does not depend on it.
        root : path, optional
            Folder of the data, as in the functions of `ol.data`.
        tuning : bool
            Whether to hold ``validation`` of the training examples out, and to test these.
        device : str
            Where the examples lie.

        Returns
        -------
        train : Shuffled
        test : InOrder

        Raises
        ------
        FileNotFoundError
            If the data are not there; names the command that fetches them.
        ValueError
            For settings that ask for more examples than there are.
        """
        settings = self.check(settings)
        chosen, held = self._chosen(settings, "examples", root), settings["validation"] if tuning else 0
        if held + settings["batch"] > len(chosen[0]):
            both = f"batch={settings['batch']} and {held} examples held out"
            raise ValueError(f"task {self.name!r}: {both} are more than the {len(chosen[0]):,} training examples")
        part = lambda pair, *ends: [None if each is None else each[slice(*ends)].to(device) for each in pair]
        tested = part(chosen, held) if tuning else part(self._chosen(settings, "test_examples", root), None)
        train = Shuffled(*part(chosen, held, None), settings["batch"], seed, self.augment, self.normalize)
        return train, InOrder(*tested, self.normalize, settings["batch"])

    def _chosen(self, settings, name, root):
        """So many training or test examples, always the same ones, in an order that is always the same."""
        inputs, targets = _loaded(self.data, name == "examples", root, json.dumps(settings["data"]))
        count = checks.integer(f"task {self.name!r}", name, settings[name], most=len(inputs)) or len(inputs)
        order = torch.from_numpy(generator("Task", SPLIT_SEED, "split").permutation(len(inputs))[:count])
        return inputs[order], None if targets is None else targets[order]

    def model(self, settings, seed=0):
        """The network, with weights that the seed decides; torch's own random state is left as it is."""
        with seeded(seed):  # for networks that draw from torch
            return self.network(**self.check(settings)["network"], seed=seed)

    def measure(self, model, test):
        """Further numbers of a trained network by name, from the test examples of `sources`; of most tasks none."""
        measured = {} if self.measures is None else self.measures(model, test)
        return {name: checks.number(f"task {self.name!r}", name, value) for name, value in measured.items()}


@functools.lru_cache(maxsize=4)
def _loaded(data, train, root, arguments):
    return data(train, root, **json.loads(arguments))


def register(task):
    """Enter a task in `TASKS`, and return it: it is then tested, listed and benchmarked as the others are.

    Raises
    ------
    TypeError, ValueError
        If it is no `Task`, or if another module's task has its name.
    """
    checks.instance("register", "task", task, Task, "Task(name=..., ...)")
    old = TASKS.get(task.name, task)
    if old.data.__module__ != task.data.__module__:
        raise ValueError(f"register: the name {task.name!r} is taken by {old.title}; choose another one")
    TASKS[task.name] = task
    return task


def train(name, rule, budget="quick", seed=0, *, schedule=None, callbacks=(), progress=False, root=None, device=None,
          precision="float32", layout="contiguous", **changes):  # fmt: skip
    """Train the network of a task by a rule of the course.

    >>> model, history = ol.tasks.train("novel", ol.Adam(lr=2e-3), epochs=1)
    >>> ol.tasks.TASKS["novel"].metric.values(history.to_dict())

    Parameters
    ----------
    name : str
        Of a task in `TASKS`.
    rule : an optimizer of the course
        Where it sees matrices, as Muon does, AdamW steps all but the hidden ones, at a rate in fixed ratio to its own.
    budget : "quick" or "full"
    seed : int, at least 0
        Of the initial weights, the order of the examples, and all other random numbers.
    schedule, callbacks, progress, device, precision, layout : as in `optlib.vision.fit`
    root : path, optional
        Folder of the data.
    **changes
        Settings that differ from those of the budget (`Task.settings`).

    Returns
    -------
    model : torch.nn.Module
        In evaluation mode.  Its weights are those to evaluate, as in the tests of the history: of a rule that keeps an
        average, the average.
    history : History
    """
    task = TASKS[name]
    settings = task.settings(budget, **changes)
    examples, test = task.sources(settings, seed, root)
    model = task.model(settings, seed)
    rule = as_rule("train", rule)
    optimizer = TorchOptimizer(groups_for(model, rule), rule)
    averages = [AverageInTest()] * has_another_evaluation_point(type(optimizer.rule))
    history = fit(
        model, optimizer, examples, test, epochs=settings["epochs"], schedule=schedule, seed=seed, device=device,
        precision=precision, layout=layout, callbacks=averages + as_callbacks(callbacks), progress=progress,
        loss=task.loss,
    )  # fmt: skip
    return model, history
