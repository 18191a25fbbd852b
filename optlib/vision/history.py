"""`History`: the measurements of a training run, epoch by epoch."""

import dataclasses


@dataclasses.dataclass
class History:
    """Measurements of `fit`; each list has one entry for each complete epoch.

    Attributes
    ----------
    train_loss, train_accuracy : lists of float
        Means over all images of the epoch, measured during training: each batch with the weights before its step, in
        training mode and augmented.  The accuracies are empty where the network gives no scores of classes.
    test_loss, test_accuracy : lists of float
        After the epoch, in evaluation mode; empty without test images.
    seconds, test_seconds : lists of float
        Durations of the training pass and of the test.
    lr : list of float
        Learning rate of the last step, of the optimizer's first group.
    diverged : bool
        Whether the loss became infinite or NaN.  The epoch in which it did is not in the lists.
    diverged_at : int or None
        The step after which this was detected, 0 for the first.
    settings : dict
        The arguments of the run in words, and the precision and layout in which it computed.
    """

    settings: dict = dataclasses.field(default_factory=dict)
    train_loss: list = dataclasses.field(default_factory=list)
    train_accuracy: list = dataclasses.field(default_factory=list)
    test_loss: list = dataclasses.field(default_factory=list)
    test_accuracy: list = dataclasses.field(default_factory=list)
    seconds: list = dataclasses.field(default_factory=list)
    test_seconds: list = dataclasses.field(default_factory=list)
    lr: list = dataclasses.field(default_factory=list)
    diverged: bool = False
    diverged_at: int | None = None

    @property
    def epochs(self):
        """Number of complete epochs."""
        return len(self.train_loss)

    @property
    def unit(self):
        """What is counted: "images" where they were given as a pair, otherwise "examples"."""
        return "images" if self.settings.get("train", "pair") == "pair" else "examples"

    @property
    def images_per_second(self):
        """Images, or other examples, per second in the training pass of each epoch."""
        return [self.settings["images"] / seconds for seconds in self.seconds]

    def append(self, **values):
        """Add the measurements of an epoch by name."""
        for name, value in values.items():
            getattr(self, name).append(value)

    def to_dict(self):
        """All of it as lists, dicts and plain numbers, fit for JSON."""
        return {**dataclasses.asdict(self), "images_per_second": self.images_per_second}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        return cls(**{field.name: saved[field.name] for field in dataclasses.fields(cls)})

    def line(self):
        """The last epoch in words."""
        total = self.settings["epochs"]
        if not self.epochs:
            return f"no whole epoch of {total}"
        parts = [("train", self.train_loss, self.train_accuracy), ("test", self.test_loss, self.test_accuracy)]
        means = [
            f"{name} {losses[-1]:.4f}" + (f", {accuracies[-1]:.1%}" if accuracies else "")
            for name, losses, accuracies in parts if losses
        ]  # fmt: skip
        return (
            f"epoch {self.epochs}/{total}: {', '.join(means)}, "
            f"{self.images_per_second[-1]:,.0f} {self.unit}/s, {self.seconds[-1]:.1f} s"
        )

    def __repr__(self):
        end = f", diverged at step {self.diverged_at}" if self.diverged else ""
        return f"<History: {self.settings['model']}, {self.line()}{end}>"
