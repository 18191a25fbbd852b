"""What is recorded of a training run."""

import copy

import numpy as np

from .layout import count, parts, whole

LOOKED_AT = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
IN_TIME = ("losses", "_points", *LOOKED_AT)  # arrays whose first axis is time


class Training:
    """What is recorded of one run, or of many that trained together.

    ``...`` in shapes stands for the runs: nothing after `train`; after `train_many` (seeds, settings), with one axis
    for each array in ``settings``, and without settings (seeds,).

    Attributes
    ----------
    losses : array (steps, ...)
        Loss of each mini-batch, before the step that was made on it.
    at : int array (E,)
        Steps after which all examples were looked at: 0, each full epoch (or every so many), the last step.
    train_loss, train_accuracy, validation_loss, validation_accuracy : arrays (E, ...), or None
        Mean over all examples, after so many steps.  Accuracies only where classes are predicted, validation only where
        such data was given.
    diverged : bool array (...)
        Whether a loss or weight became infinite or NaN.  From there on the losses are inf, the accuracies 0, and the
        final weights NaN.
    diverged_at : int array (...)
        The first step whose loss, or whose new weights, were not finite; the number of steps if there is none.
    params : dict of arrays (..., shape)
        Weights after the last step.  ``ol.networks.pick(params, s, k)`` are those of one run.
    path : dict of arrays (steps + 1, ..., shape), or None
        Weights before the first step and after each; only where ``path=True`` was asked for.  NaN where a run has
        diverged.
    average : dict of arrays (..., shape), or None
        For `ASGD`: the average of the path, which is what was looked at in place of the path itself.
    network, rule, batch, seeds, settings
        As they were given; ``settings`` as a dict of 1-D arrays.
    seconds : float
        How long it took.
    """

    def __init__(self, plan, shape, seeds, settings):
        self.network, self.rule, self.batch, self.steps = plan.network, plan.rule, plan.cut["size"], plan.steps
        self.seeds, self.settings, self.at = seeds, settings, plan.at
        self.losses = np.full((plan.steps, *shape), np.inf)
        self.diverged_at = np.full(shape, plan.steps)
        for name in LOOKED_AT:
            data = plan.data if "train" in name else plan.validation
            missing = data is None or "accuracy" in name and plan.network.classes is None
            setattr(self, name, None if missing else np.full((len(plan.at), *shape), np.nan))
        size = (plan.steps + 1, *shape, count(plan.network.shapes))
        self._points = np.full(size, np.nan, plan.dtype) if plan.path else None
        self.params, self.average, self.seconds = {}, None, None

    @property
    def diverged(self):
        return self.diverged_at < self.steps

    @property
    def path(self):
        return None if self._points is None else parts(self._points, self.network.shapes)

    def best(self, by=None):
        """The setting that is best at the end, as the mean over all seeds tells.

        Parameters
        ----------
        by : name of a recorded array, optional
            "validation_loss" (the default where validation data was given), "train_loss" (the default where not),
            "validation_accuracy" or "train_accuracy".

        Returns
        -------
        dict of numbers by name; if several are equally good, the first of them
        """
        names = [name for name in LOOKED_AT if getattr(self, name) is not None]
        by = by or ("validation_loss" if "validation_loss" in names else "train_loss")
        if by not in names:
            raise ValueError(f"best: by={by!r} must be one of {', '.join(map(repr, names))}")
        if not self.settings:
            raise ValueError("best: this training has no settings to choose from; see train_many(settings=...)")
        values = getattr(self, by)[-1].mean(axis=0)
        place = np.unravel_index((-values if "accuracy" in by else values).argmin(), values.shape)
        return {name: float(array[i]) for (name, array), i in zip(self.settings.items(), place, strict=True)}

    def __repr__(self):
        shape = self.diverged_at.shape
        runs = f"{self.diverged_at.size} runs ({' x '.join(map(str, shape))})" if shape else "1 run"
        lost = f", {int(self.diverged.sum())} diverged" if self.diverged.any() else ""
        return f"<Training: {type(self.rule).__name__} on {self.network!r}, {runs}, {self.steps} steps{lost}>"

    # --- what the loops call ---------------------------------------------------------------------------------

    def _part(self, *where):
        """A record of some of the runs, whose arrays are parts of this one's."""
        part = copy.copy(self)
        part.diverged_at = self.diverged_at[where]
        for name in IN_TIME:
            if getattr(self, name) is not None:
                setattr(part, name, getattr(self, name)[(slice(None), *where)])
        return part

    def _look(self, t, params, plan):
        """Note loss and accuracy on all examples after ``t`` steps."""
        row = np.searchsorted(self.at, t)
        for which, data in (("train", plan.data), ("validation", plan.validation)):
            if data is not None:
                loss, accuracy = self.network.evaluate(params, data)
                getattr(self, f"{which}_loss")[row] = np.where(np.isfinite(loss), loss, np.inf)
                if accuracy is not None:
                    getattr(self, f"{which}_accuracy")[row] = accuracy

    def _keep(self, t, params):
        """Note the weights after ``t`` steps, given by name or as points, where the path was asked for."""
        if self._points is not None:
            self._points[t] = whole(params, self.network.shapes) if isinstance(params, dict) else params

    def _close(self, params, average, seconds):
        """Take the final weights, and mark all that comes after a run has diverged."""
        shape = self.diverged_at.shape
        params = {name: np.asarray(value) for name, value in params.items()}  # an array may have become a number
        for value in params.values():
            broken = ~np.isfinite(value).all(axis=tuple(range(len(shape), value.ndim)))
            self.diverged_at[broken & ~self.diverged] = self.steps - 1
        after = lambda steps: steps.reshape(-1, *[1] * len(shape))
        self.losses[after(np.arange(self.steps)) >= self.diverged_at] = np.inf
        for name in LOOKED_AT:
            if getattr(self, name) is not None:
                getattr(self, name)[after(self.at) > self.diverged_at] = np.inf if "loss" in name else 0.0
        if self._points is not None:
            self._points[after(np.arange(self.steps + 1)) > self.diverged_at] = np.nan
        for value in [*params.values(), *(average or {}).values()]:
            value[self.diverged] = np.nan
        self.params, self.average, self.seconds = params, average, seconds
        return self

    def _reshaped(self, shape):
        """The same record with its axes of seeds and settings in another shape."""
        part = copy.copy(self)
        part.diverged_at = self.diverged_at.reshape(shape)
        lead = self.diverged_at.ndim
        for name in IN_TIME:
            value = getattr(self, name)
            if value is not None:
                setattr(part, name, value.reshape(len(value), *shape, *value.shape[1 + lead :]))
        for name in ("params", "average"):
            entries = getattr(self, name) or {}
            entries = {key: value.reshape(*shape, *value.shape[lead:]) for key, value in entries.items()}
            setattr(part, name, entries or None)
        return part
