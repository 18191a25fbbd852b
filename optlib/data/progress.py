"""How far a download has come: a bar that redraws itself in a terminal, a line every tenth elsewhere."""

import sys
import time


class Progress:
    """Says how many bytes of ``total`` are there; used as a context, called with the bytes done.

    Parameters
    ----------
    title : str
    total : int
        Bytes in all.
    already : int
        Bytes that were there at the beginning: they do not count for the speed.
    stream : file, optional
        sys.stderr if None.
    clock : callable
        Seconds.
    """

    WIDTH = 24

    def __init__(self, title, total, already=0, stream=None, clock=time.monotonic):
        self.title, self.total, self.already, self.clock = title, total, already, clock
        self.stream = sys.stderr if stream is None else stream
        self.redraws = self.stream.isatty()
        self.began = self.last = clock()
        self.tenths = 10 * already // total
        self.open = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.open:
            self.stream.write("\n")
            self.stream.flush()

    def __call__(self, done):
        now = self.clock()
        if self.redraws:
            if now - self.last >= 0.1 or done == self.total:
                self.last, self.open = now, True
                self.stream.write("\r" + self.line(done, now).ljust(78))
        else:
            if 10 * done // self.total > self.tenths:
                self.tenths = 10 * done // self.total
                self.stream.write(self.line(done, now) + "\n")
        self.stream.flush()

    def say(self, text):
        """A line of its own, below the bar."""
        self.__exit__()
        self.open = False
        self.stream.write(text + "\n")
        self.stream.flush()

    def line(self, done, now):
        """The bar, the share, the bytes, the speed and the time left."""
        filled = self.WIDTH * done // self.total
        bar = "#" * filled + "-" * (self.WIDTH - filled)
        speed = (done - self.already) / (now - self.began) if now > self.began else 0
        text = f"{self.title} [{bar}] {100 * done // self.total:3d} %"
        if speed > 0:
            left = round((self.total - done) / speed)
            text += f" {speed / 1e6:.1f} MB/s {left // 60}:{left % 60:02d} left"
        return text


def megabytes(size):
    """A number of bytes for people: ``"170.1 MB"``."""
    return f"{size / 1e6:,.1f} MB"
