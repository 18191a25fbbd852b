"""`Run`: the arguments of `fit`, checked, and how far it has come."""

import contextlib
import math
import os
import zlib

import numpy as np
import torch

from .. import checks
from ..data.seeds import number_for
from . import checkpoint as files
from .callbacks import as_callbacks
from .describe import name_of
from .history import History
from .images import Shuffled, as_pair, as_test, check_labels, fingerprint, is_source
from .parts import count_parameters
from .precision import LAYOUTS, PRECISIONS, keep_memory, probe
from .predict import evaluation


class Run:
    """One training run; the arguments are explained in `fit`.

    Attributes
    ----------
    model, optimizer, history : what is trained, by what, and what was measured
    epoch, step : int
        How many are done, of ``epochs`` and ``steps``.
    precision, layout, device : in which the network computes
    """

    def __init__(self, model, optimizer, train, test, *, epochs, batch, schedule, seed, device, precision, layout,
                 callbacks, checkpoint, augment, normalize, loss):  # fmt: skip
        checks.integer("fit", "epochs", epochs, least=1)
        checks.integer("fit", "seed", seed, least=0)
        _check_parts(model, optimizer)
        _check_callables(augment=augment, normalize=normalize, loss=loss, schedule=schedule)
        self.model, self.optimizer, self.loss, self.seed = model, optimizer, loss, int(seed)
        self.device = device_of(device)
        self.train = self._source(train, batch, augment, normalize)
        self.test = None if test is None else as_test("fit", test, normalize)
        self.epochs, self.per_epoch = int(epochs), self.train.batches.per_epoch
        self.steps, self.callbacks = self.epochs * self.per_epoch, as_callbacks(callbacks)
        self.factors = _factors(schedule, self.steps)
        self.rates = [group.get("lr") for group in optimizer.param_groups]
        if schedule is not None and None in self.rates:
            raise ValueError("fit: schedule multiplies lr, but the rule has a schedule of its own there; give only one")

        keep_memory()
        self.path = None if checkpoint is None else os.fspath(checkpoint)
        self._saved = None if self.path is None else files.load(self.path)
        self._choose(precision, layout)
        self.settings = self._describe(schedule)
        if self._saved:
            files.check_same_run(self.path, self._saved["settings"], self.settings)
        model.to(device=self.device, memory_format=LAYOUTS[self.layout])
        self._try_out()
        self.history, self.epoch, self.step, self.stopped = History(self.settings), 0, 0, False

    @property
    def goes_on(self):
        """Whether another epoch is to be trained."""
        return self.epoch < self.epochs and not self.history.diverged and not self.stopped

    def stop(self):
        """End after this epoch; for callbacks."""
        self.stopped = True

    # --- what the loop calls ---------------------------------------------------------------------------------

    def begin(self):
        """Start the callbacks, and go on where the checkpoint ends, if there is one."""
        for each in self.callbacks:
            each.start(self)
        if self._saved:
            self.model.load_state_dict(self._saved["model"])
            self.optimizer.load_state_dict(self._saved["optimizer"])
            for each, state in zip(self.callbacks, self._saved["callbacks"], strict=True):
                each.load_state_dict(state)
            self.history = History.from_dict({**self._saved["history"], "settings": self.settings})
            self.epoch = self.history.epochs
            self.step = self.epoch * self.per_epoch
            self._saved = None

    @contextlib.contextmanager
    def randomness(self):
        """Give layers such as dropout random numbers of their own in each epoch; the caller's come back afterwards.

        So an epoch needs to know nothing of those before it, and no random state has to be kept.
        """
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(number_for(self.seed, self.epoch, 0))
            yield

    def prepared(self, x):
        """A batch where and how the network reads it."""
        return x.to(self.device).contiguous(memory_format=LAYOUTS[self.layout])

    def set_rates(self):
        """Give each group of parameters its learning rate for the next step."""
        if self.factors is not None:
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * self.factors[self.step]

    def end(self):
        """Leave the optimizer with the learning rates that it came with, and the network ready to predict."""
        if self.factors is not None:
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate
        self.model.eval()
        for each in self.callbacks:
            each.end(self)

    def save(self):
        """Write the checkpoint, if there is to be one."""
        if self.path is not None:
            files.save(
                self.path, settings=self.settings, model=self.model.state_dict(), history=self.history.to_dict(),
                optimizer=self.optimizer.state_dict(), callbacks=[each.state_dict() for each in self.callbacks],
            )  # fmt: skip

    # --- arguments -------------------------------------------------------------------------------------------

    def _source(self, train, batch, augment, normalize):
        """What gives the batches of each epoch."""
        if is_source("fit", "train", train):
            for name, value in (("batch", batch), ("augment", augment)):
                if value is not None:
                    raise ValueError(f"fit: {name}={value!r} is for pairs (images, labels); {train!r} makes its own")
            return train
        images, labels = as_pair("fit", "train", train)
        checks.integer("fit", "batch", batch, least=1, most=len(images))
        return Shuffled(images.to(self.device), labels.to(self.device), int(batch), self.seed, augment, normalize)

    def _choose(self, precision, layout):
        for name, value, allowed in (("precision", precision, PRECISIONS), ("layout", layout, LAYOUTS)):
            if value != "auto" and value not in allowed:
                raise ValueError(f"fit: {name}={value!r} must be 'auto' or one of {', '.join(map(repr, allowed))}")
        if self._saved:  # another choice would give other numbers
            settings = self._saved["settings"]
            precision = settings.get("precision") if precision == "auto" else precision
            layout = settings.get("layout") if layout == "auto" else layout
        elif "auto" in (precision, layout):
            precision, layout = probe(self.device).best(precision, layout)
        self.precision, self.layout = precision, layout

    def _describe(self, schedule):
        """The run in plain words and numbers: what the history shows, and what a checkpoint must agree with."""
        model, optimizer, cut = self.model, self.optimizer, self.train.batches
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "tensors": len(group["params"])}
            for group in optimizer.param_groups
        ]
        shapes = [(name, tuple(value.shape), str(value.dtype)) for name, value in model.state_dict().items()]
        rule = getattr(optimizer, "rule", None)
        found = {
            "model": type(model).__name__, "parameters": count_parameters(model), "shapes": _sum(repr(shapes).encode()),
            "optimizer": type(optimizer).__name__ if rule is None else repr(rule), "groups": repr(groups),
            "schedule": None if schedule is None else f"{name_of(schedule)}, {_sum(np.array(self.factors))}",
            "epochs": self.epochs, "batch": cut.size, "images": min(cut.n, cut.per_epoch * cut.size),
            "seed": self.seed, "order": cut.seed,
            "train": "pair" if isinstance(self.train, Shuffled) else name_of(self.train),
            "augment": name_of(getattr(self.train, "augment", None)), "loss": name_of(self.loss),
            "normalize": name_of(getattr(self.train, "normalize", None)),
            "callbacks": [name_of(getattr(each, "function", each)) for each in self.callbacks],
            "precision": self.precision, "layout": self.layout, "device": self.device.type,
            "threads": torch.get_num_threads(),
        }  # fmt: skip
        if self.path is not None:  # to read all bytes takes some tenths of a second
            found["data"] = [fingerprint(source) for source in (self.train, self.test) if source is not None]
        return found

    def _try_out(self):
        """Let the network see two images, so that what does not fit together is said before the first step."""
        x, y = self.train.first_two() if isinstance(self.train, Shuffled) else next(iter(self.train.epoch(0)))
        x, y = self.prepared(x[:2]), y[:2].to(self.device)
        with evaluation(self.model):
            said = self.model(x)
        if not isinstance(said, torch.Tensor) or said.ndim != 2 or len(said) != len(x):
            shape = tuple(said.shape) if isinstance(said, torch.Tensor) else type(said).__name__
            raise ValueError(f"fit: model gives {shape} for {len(x)} images; it must give scores ({len(x)}, classes)")
        check_labels("fit", "train", self.train.labels, said.shape[1])
        if self.test is not None:
            check_labels("fit", "test", self.test.labels, said.shape[1])
        value = self.loss(said, y)
        if not isinstance(value, torch.Tensor) or value.ndim:
            raise ValueError(f"fit: loss gives {value!r} for {len(x)} images; it must give their mean, one tensor")


def _check_parts(model, optimizer):
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"fit: model is a {type(model).__name__}; it must be a torch.nn.Module, such as ResNet20()")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"fit: optimizer is a {type(optimizer).__name__}; it must be a torch optimizer, such as "
            "TorchOptimizer(model.parameters(), ol.Adam(lr=1e-3))"
        )
    own = {id(p) for p in model.parameters()}
    if not all(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ValueError("fit: optimizer holds parameters that are not those of model; make it with model.parameters()")


def _check_callables(**given):
    for name, value in given.items():
        if value is not None and not callable(value) or name == "loss" and value is None:
            raise TypeError(f"fit: {name}={value!r} must be callable")


def _factors(schedule, steps):
    """The factor of the learning rate for each step, or None."""
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
    return factors


def device_of(device):
    """A device that is there; by default a GPU where there is one.  Raises ValueError."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(device)
        torch.empty(0, device=device)
    except (RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(f"fit: device={device!r} is not there; 'cpu' is always, 'cuda' with a GPU") from error
    return device


def _sum(data):
    """A checksum in eight letters."""
    return f"{zlib.crc32(data):08x}"
