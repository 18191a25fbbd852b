"""`Run`: the state of one training run of `fit`."""

import os

from .. import checks
from ..data.seeds import number_for
from . import checkpoint as files
from .arguments import check_callables, check_fits_together, check_trained, factors_of, rates_of
from .callbacks import as_callbacks
from .describe import name_of, settings_of
from .history import History
from .images import InOrder, as_pair, as_train
from .memory import held_by, is_forgetful, is_plain, plain, settings_in
from .parts import seeded
from .precision import LAYOUTS, check_computed, device_of, in_layout, keep_memory, probe


class Run:
    """One training run; the arguments are explained in `fit`.

    Attributes
    ----------
    model, optimizer, train, test, loss, callbacks, history
    epoch, step : int
        How many are done, of ``epochs`` and ``steps``.
    precision, layout, device : in which the network computes
    of_pair : bool
        Whether the training images were given as a pair, and the network must tell their classes.
    settings : dict
        What identifies the run (`describe.settings_of`).
    """

    def __init__(self, model, optimizer, train, test, *, epochs, batch, schedule, seed, device, precision, layout,
                 callbacks, checkpoint, augment, normalize, loss):  # fmt: skip
        self.epochs = checks.integer("fit", "epochs", epochs, least=1)
        self.seed = checks.integer("fit", "seed", seed)
        check_trained(model, optimizer)
        check_callables(loss, augment=augment, normalize=normalize, schedule=schedule)
        check_computed("fit", precision, layout, "auto")
        self.model, self.optimizer, self.loss, self.callbacks = model, optimizer, loss, as_callbacks(callbacks)
        for group in optimizer.param_groups:  # NumPy's float32 would round what a number of a checkpoint does not
            group.update(plain({name: value for name, value in group.items() if name != "params"}))
        self.device = device_of("fit", device)
        self.of_pair = not hasattr(train, "epoch")
        self.train = as_train(train, batch, self.seed, augment, normalize, self.device)
        prepared = getattr(self.train, "normalize", None)
        if isinstance(test, (tuple, list)) and not callable(prepared):
            raise ValueError("fit: test is a pair, but train a source without the function `normalize` it applies; "
                             "give train one, or test as a source too, such as InOrder")  # fmt: skip
        is_pair = test is not None and not hasattr(test, "epoch")
        self.test = InOrder(*as_pair("fit", "test", test), prepared) if is_pair else test
        self.per_epoch = self.train.batches.per_epoch
        self.steps = self.epochs * self.per_epoch
        self.factors = factors_of(schedule, optimizer, self.steps)
        self.rates = rates_of(optimizer)

        keep_memory()
        self.path = None if checkpoint is None else os.fspath(checkpoint)
        self._saved = None if self.path is None else files.load(self.path)
        if layout == "auto" and any(p.ndim == 5 for p in model.parameters()):
            layout = "contiguous"  # channels_last is for weights of at most four axes
        if self._saved:  # another precision or layout would give other numbers
            saved = self._saved["settings"]
            precision = saved.get("precision") if precision == "auto" else precision
            layout = saved.get("layout") if layout == "auto" else layout
        elif "auto" in (precision, layout):
            precision, layout = probe(self.device).best(precision, layout)
        self.precision, self.layout = precision, layout
        self.settings = settings_of(self, schedule, fingerprints=self.path is not None)
        if self._saved:
            files.check_same_run(self.path, self._saved["settings"], self.settings)
        model.to(device=self.device, memory_format=LAYOUTS[self.layout])
        check_fits_together(self)
        self.history, self.epoch, self.step, self.stopped = History(self.settings), 0, 0, False

    @property
    def goes_on(self):
        """Whether to train another epoch."""
        return self.epoch < self.epochs and not self.history.diverged and not self.stopped

    def stop(self):
        """End after this epoch; for callbacks."""
        self.stopped = True

    def begin(self):
        """Start the callbacks, and restore the state of the checkpoint if there is one."""
        for each in self.callbacks:
            each.start(self)
        if self._saved:
            self.model.load_state_dict(self._saved["model"])
            self.optimizer.load_state_dict(self._saved["optimizer"])
            for each, own, saved in zip(self.callbacks, self._saved["callbacks"], self._saved["held"], strict=True):
                each.load_state_dict(own)
                self._restore(each, saved)
            self.history = History.from_dict({**self._saved["history"], "settings": self.settings})
            self.epoch = self.history.epochs
            self.step = self.epoch * self.per_epoch
            self._saved = None
        if self.path is not None:
            self._states()  # refuses now, not after the first epoch, what cannot be kept

    def _restore(self, callback, saved):
        held = self._held(callback)
        if set(held) != set(saved):
            has, uses = (", ".join(each) or "nothing" for each in (saved, held))
            both = f"has the state of {has}, and callback {_name(callback)} uses {uses}"
            raise ValueError(f"fit: checkpoint={self.path!r} {both}; name another file, or delete this one")
        for place, each in held.items():
            each.load_state_dict(saved[place])

    def _held(self, callback):
        return held_by(callback, (self, self.model, self.optimizer))

    def notify(self, moment):
        """Call a method of each callback.

        Raises
        ------
        ValueError
            Where a callback changes a learning rate, and the run has a schedule, which would undo it at the next step,
            or a checkpoint, which keeps nothing of the callback.
        """
        for each in self.callbacks:
            before, rates = None if self.path is None else settings_in(self.optimizer), rates_of(self.optimizer)
            getattr(each, moment)(self)
            if self.factors is not None and rates_of(self.optimizer) != rates:
                both = f"schedule={self.settings['schedule'].rpartition(', ')[0]} and callback {_name(each)}"
                raise ValueError(f"fit: {both} both set lr; give only one")
            if self.path is None or settings_in(self.optimizer) == before or not is_forgetful(each, self._held(each)):
                continue
            changes = f"callback {_name(each)} changes the optimizer's settings, and checkpoint={self.path!r} could not"
            use = "schedule=..., a scheduler of torch, or a Callback whose state_dict returns that, {} for nothing"
            raise ValueError(f"fit: {changes} keep what it remembers; use {use}")

    def randomness(self):
        """Seed torch for one epoch, for layers such as dropout; the caller's random state comes back afterwards.

        The seed depends on the epoch alone, so a checkpoint need not contain a random state.
        """
        return seeded(number_for(self.seed, self.epoch, 0), [self.device] if self.device.type == "cuda" else [])

    def prepared(self, x):
        """A batch on the device and in the layout of the network."""
        return in_layout(x.to(self.device), self.layout)

    def set_rates(self, factor):
        """Multiply the learning rate that each group came with; a rule may have none, or a schedule of its own."""
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            if rate is not None:
                group["lr"] = rate * factor

    def last_rate(self):
        """The learning rate of the last step, of the first group; None for a rule without one."""
        group = self.optimizer.param_groups[0]
        scheduled = "lr" in getattr(group, "schedules", ())  # a group shows a schedule's value for the next step
        rate = group.rule.lr if scheduled else group.get("lr")
        return None if rate is None else float(rate)  # not the tensor that a scheduler will write into

    def end(self):
        """Restore the learning rates, put the network into evaluation mode, and end the callbacks."""
        if self.factors is not None:
            self.set_rates(1)
        self.model.eval()
        for each in self.callbacks:
            each.end(self)

    def save(self):
        """Write the checkpoint, if the run has one."""
        if self.path is not None:
            optimizer, history = plain([self.optimizer.state_dict(), self.history.to_dict()])
            files.save(self.path, settings=history["settings"], model=self.model.state_dict(), optimizer=optimizer,
                       history=history, **self._states())  # fmt: skip

    def _states(self):
        """The states of the callbacks, and of the objects that they use, for a checkpoint."""
        own = [each.state_dict() for each in self.callbacks]
        held = [{place: value.state_dict() for place, value in self._held(each).items()} for each in self.callbacks]
        for callback, *states in zip(self.callbacks, own, held, strict=True):
            if not is_plain(states):
                more = f"a state of more than tensors and plain values, which a checkpoint does not keep: {states}"
                raise ValueError(f"fit: callback {_name(callback)} has {more}; float(...) makes plain numbers")
        return {"callbacks": own, "held": held}


def _name(callback):
    return name_of(getattr(callback, "function", callback))
