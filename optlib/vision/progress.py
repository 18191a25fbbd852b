"""`Progress`: the bar of a training run, and a line after each epoch."""

from ..data.progress import progress_bar, say, where


class Progress:
    """Images per second, loss and time left of a run; in a file only the lines after the epochs.

    Nothing is written unless ``show``; ``images`` are those of an epoch, or other examples, called ``unit``.
    """

    def __init__(self, show, epochs, images, unit="images"):
        self.show, self.epochs, self.images, self.unit = show, epochs, images, unit
        self.bar = None

    def begin(self, epoch):
        """Before the steps of an epoch, 0 for the first."""
        self.start = epoch * self.images
        if self.show and where() != "file":
            if self.bar is None:
                self.bar = progress_bar(self.epochs * self.images, "", self.start, unit=f" {self.unit}", leave=False)
            self.bar.unpause()  # tests take time, but are not part of the speed
            self.bar.set_description(f"epoch {epoch + 1}/{self.epochs}")

    def step(self, sums, seen):
        """After a step; ``seen`` images of the epoch are done, and ``sums[0]`` is the sum of their losses."""
        if self.bar and self.bar.update(self.start + seen - self.bar.n):
            # Only when the bar was drawn: a GPU must wait for the loss.
            self.bar.set_postfix_str(f"loss {sums[0].item() / seen:.4f}", refresh=False)

    def end(self, text):
        """After an epoch: ``text`` is its result."""
        if self.show:
            say(text)

    def close(self):
        """After the run."""
        if self.bar:
            self.bar.close()
