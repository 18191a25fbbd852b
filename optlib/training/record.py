"""What is recorded of a training run."""

import copy

import numpy as np

from .. import checks
from .layout import size, unflatten

EVALUATED = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


class Training:
    """What is recorded of one run, or of many that trained together.

    ``...`` in shapes stands for the runs: nothing after `train`; after `train_many` (seeds, settings), with one axis
    for each array in ``settings``, and without settings (seeds,).

    Attributes
    ----------
    losses : array (steps, ...)
        Loss of each mini-batch, before the step that was made on it.
    at : int array (E,)
        Steps after which the network was evaluated on all examples: 0, each full epoch (or every so many), the last.
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
        For rules such as `ASGD` and `ScheduleFree`: the average of the path, which is evaluated in place of the point.
    network, rule, batch, seeds, settings
        As they were given; ``settings`` as a dict of 1-D arrays.
    seconds : float
        How long it took.
    """

    def __init__(self, plan, runs, seeds, settings):
        self.network, self.rule, self.batch, self.steps = plan.network, plan.rule, plan.batch, plan.steps
        self.seeds, self.settings, self.at = seeds, settings, plan.at
        self.losses = np.full((plan.steps, *runs), np.inf)
        self.diverged_at = np.full(runs, plan.steps)
        for name in EVALUATED:
            data = plan.data if "train" in name else plan.validation
            missing = data is None or "accuracy" in name and plan.network.classes is None
            setattr(self, name, None if missing else np.full((len(plan.at), *runs), np.nan))
        shape = (plan.steps + 1, *runs, size(plan.network.shapes))
        self._points = np.full(shape, np.nan, plan.dtype) if plan.path else None
        self.params, self.average, self.seconds = {}, None, None

    @property
    def diverged(self):
        return self.diverged_at < self.steps

    @property
    def path(self):
        return None if self._points is None else unflatten(self._points, self.network.shapes)

    def best(self, by=None):
        """The setting whose mean over all seeds is best after the last step.

        Parameters
        ----------
        by : name of a recorded array, optional
            "validation_loss" (the default where validation data was given), "train_loss" (the default where not),
            "validation_accuracy" or "train_accuracy".

        Returns
        -------
        dict of numbers by name; if several are equally good, the first of them

        Raises ValueError where every setting has a run that diverged.
        """
        names = [name for name in EVALUATED if getattr(self, name) is not None]
        by = by or ("validation_loss" if "validation_loss" in names else "train_loss")
        checks.choice("best", "by", by, names)
        if not self.settings:
            raise ValueError("best: this training has no settings to choose from; see train_many(settings=...)")
        if self.diverged.any(axis=0).all():
            raise ValueError("best: every setting has a run that diverged; try smaller learning rates")
        values = getattr(self, by)[-1].mean(axis=0)
        place = np.unravel_index((-values if "accuracy" in by else values).argmin(), values.shape)
        return {name: float(array[i]) for (name, array), i in zip(self.settings.items(), place, strict=True)}

    def __repr__(self):
        shape = self.diverged_at.shape
        runs = f"{self.diverged_at.size} runs ({' x '.join(map(str, shape))})" if shape else "1 run"
        diverged = f", {int(self.diverged.sum())} diverged" if self.diverged.any() else ""
        return f"<Training: {type(self.rule).__name__} on {self.network!r}, {runs}, {self.steps} steps{diverged}>"

    def _chunk(self, s, k):
        """A record of some seeds and settings, the settings on one axis; its arrays are views of this one's."""
        chunk, runs = copy.copy(self), self.diverged_at.ndim
        chunk.diverged_at = self.diverged_at.reshape(len(self.seeds), -1)[s, k]
        for name in ("losses", "_points", *EVALUATED):
            values = getattr(self, name)
            if values is not None:
                shape = len(values), len(self.seeds), -1, *values.shape[1 + runs :]
                setattr(chunk, name, values.reshape(shape)[:, s, k])
        return chunk

    def _evaluate(self, t, params, plan):
        """Note loss and accuracy on all examples after ``t`` steps."""
        row = plan.rows[t]
        for which, data in (("train", plan.data), ("validation", plan.validation)):
            if data is not None:
                loss, accuracy = self.network.evaluate(params, data)
                getattr(self, f"{which}_loss")[row] = np.where(np.isfinite(loss), loss, np.inf)
                if accuracy is not None:
                    getattr(self, f"{which}_accuracy")[row] = accuracy

    def _close(self, points, averages, seconds):
        """Take the final weights (..., numbers) and averages or None; mark all that comes after a run has diverged."""
        broken = ~np.isfinite(points).all(axis=-1)
        self.diverged_at[broken & ~self.diverged] = self.steps - 1
        column = lambda steps: steps.reshape(-1, *[1] * self.diverged_at.ndim)  # against the axes of the runs
        self.losses[column(np.arange(self.steps)) >= self.diverged_at] = np.inf
        for name in EVALUATED:
            if getattr(self, name) is not None:
                getattr(self, name)[column(self.at) > self.diverged_at] = np.inf if "loss" in name else 0.0
        if self._points is not None:
            self._points[column(np.arange(self.steps + 1)) > self.diverged_at] = np.nan
        points[self.diverged] = np.nan
        self.params = unflatten(points, self.network.shapes)
        if averages is not None:
            averages[self.diverged] = np.nan
            self.average = unflatten(averages, self.network.shapes)
        self.seconds = seconds
        return self
