"""A line that tells how far a run is: images a second, and the time that is left."""

import sys
import time

EVERY = 0.2  # seconds between two pictures of the line
WIDTH = 20  # characters of the bar


class Progress:
    """The state of a run in one line, which is drawn anew a few times a second.

    In a terminal the line is rewritten; in a notebook one output is; into a file goes one line an epoch.

    Parameters
    ----------
    show : bool
        False: nothing is ever written.
    epochs, steps : int
        Epochs in all, steps in an epoch.
    images : int
        Images in an epoch.
    """

    def __init__(self, show, epochs, steps, images):
        self.epochs, self.steps, self.images = epochs, steps, images
        self.where = where() if show else None
        self.display = None

    def begin(self, epoch):
        """An epoch begins, 0 for the first."""
        self.epoch, self.began, self.drawn = epoch, time.perf_counter(), 0.0

    def step(self, done, sums, seen):
        """``done`` steps of the epoch are made; the first of ``sums`` is that of the losses of ``seen`` images."""
        now = time.perf_counter()
        if self.where in ("terminal", "notebook") and now - self.drawn > EVERY:
            self.drawn = now
            self._draw(self.line(done, now - self.began, sums[0].item() / seen))

    def line(self, done, seconds, loss):
        """The line after so many steps and seconds of an epoch."""
        share = done / self.steps
        left = seconds * (self.epochs - self.epoch - share) / share
        bar = "#" * round(WIDTH * share)
        return (
            f"epoch {self.epoch + 1}/{self.epochs} |{bar:.<{WIDTH}}| loss {loss:.4f}, "
            f"{self.images * share / seconds:,.0f} images/s, {_clock(left)} left"
        )

    def end(self, text):
        """An epoch is over: ``text`` says what came of it."""
        if self.where == "notebook":
            self._draw(text)
        elif self.where == "terminal":
            self._draw(text)
            print(file=sys.stderr)
        elif self.where:
            print(text, file=sys.stderr, flush=True)

    def _draw(self, text):
        if self.where == "terminal":
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
        elif self.display is None:
            from IPython.display import display

            self.display = display(_Text(text), display_id=True)
        else:
            self.display.update(_Text(text))


class _Text:
    """A line that a notebook shows as it is, without quotes."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def where():
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        return "notebook"
    return "terminal" if sys.stderr.isatty() else "file"


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
