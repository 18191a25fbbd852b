"""One run on noisy gradients, with its loss and its learning rate."""

import functools

import numpy as np

from . import draw, theme
from .charts import HUGE, drawable
from .kept import KeptFigure
from .picture import DPI, PALETTE, Picture, number, point, show_name
from .terrain import terrain
from .tracks import check_function, path_points

_SIZE = (9.6, 5.2)
_PLANE, _LOSS, _RATE = (0.07, 0.115, 0.46, 0.75), (0.64, 0.47, 0.345, 0.395), (0.64, 0.115, 0.345, 0.22)
_DECADES = 4  # shown below the loss at the start


def noisy_run(f, x, rates, title=""):
    """One run on noisy gradients: its path on the contours, and beside it loss and learning rate against the step.

    All runs of one length on one function share a figure that is drawn once, so that a slider may be dragged.

    Parameters
    ----------
    f : Function
        Of two coordinates, with a known minimum.
    x : array (steps + 1, 2)
        The points, the start first.
    rates : array (steps,) of positive numbers
        The learning rate of each step.
    title : str
    """
    check_function("noisy_run", f)
    if f.minimum is None:
        raise ValueError(f"noisy_run: {f.name} has no known minimum, above which its values could be drawn")
    x, kept = path_points("noisy_run", f, x, least=2)
    rates = np.asarray(rates, dtype=float)
    if rates.shape != (len(x) - 1,) or not (np.isfinite(rates) & (rates > 0)).all():
        raise ValueError(f"noisy_run: rates of shape {rates.shape} must be one positive number a step, {len(x) - 1}")
    return RunPicture(f, x, kept, rates, str(title))


class RunPicture(Picture):
    """What `noisy_run` returns: before it is drawn, it moves what moves on a figure that it shares with others."""

    def __init__(self, f, x, kept, rates, title):
        self.x, self.rates, self.title = x[:kept], rates, title
        with np.errstate(all="ignore"):
            self.loss = f(self.x) - f.minimum
        first = float(self.loss[0])  # zero for a run that starts at the minimum
        ends = min([1e-4, *rates[rates < 1e-4] / 2]), max([3.0, *rates[rates > 3.0] * 2])
        self.board = _board(f, len(x) - 1, first if 0 < first < HUGE else 1.0, ends)
        super().__init__(
            self.board.figure, self.board.axes,
            f"{title or show_name(f)}: a path of {len(x) - 1:,} steps from {point(x[0], 0)} to {point(self.x[-1])} on "
            f"contours of {f.name}, its loss gap, from {number(self.loss[0])} to "
            f"{number(self.loss[-1])}, and its learning rate, from {rates[0]:.4g} to {rates[-1]:.4g}.",
            "" if kept == len(x) else f"It diverged after {len(self.x) - 1} steps.",
        )  # fmt: skip
        self._laid_out = True  # the axes have fixed places; a layout for each frame would take most of its time

    def png(self, dpi=DPI, colors=PALETTE):
        """The picture as the bytes of a PNG file; at the usual resolution without drawing all of it again."""
        if (dpi, colors) != (DPI, PALETTE):
            return super().png(dpi, colors)
        self._set()
        return self.board.png(compress_level=1)

    def _draw(self, file, kind, dpi, metadata=None):
        self._set()
        super()._draw(file, kind, dpi, metadata)

    def _set(self):
        self.board.set(self.x, self.loss, self.rates, self.title)


class Board(KeptFigure):
    """Contours and axes that stay; path, loss, rates and title move."""

    def __init__(self, f, steps, first, ends):
        land = terrain("noisy_run", f)
        with theme.themed():
            super().__init__(_SIZE)
            plane, loss, rate = self.axes = [self.figure.add_axes(place) for place in (_PLANE, _LOSS, _RATE)]
            draw.contours(plane, land)
            draw.minima(plane, f, land.extent)
            plane.set_aspect("auto")
            for axes, label in ((loss, "loss gap"), (rate, "learning rate")):
                axes.set(xlim=(0, steps), yscale="log")
                axes.set_title(label, fontsize=12, loc="left")
                axes.grid(True)
            loss.set(ylim=(10.0**-_DECADES * first, 3 * first), xticklabels=[])
            rate.set(ylim=ends, xlabel="step")
            self.title = self.figure.suptitle("", x=0.015, y=0.985, ha="left", fontsize=13)
            (self.path,) = plane.plot([], [], color=theme.INK, linewidth=1.0, marker=".", markersize=3.5)
            (self.start,) = plane.plot([], [], "o", color=theme.PAPER, markeredgecolor=theme.INK, markeredgewidth=2,
                                       markersize=9)  # fmt: skip
            (self.end,) = plane.plot([], [], "o", color=theme.VERMILLION, markeredgecolor=theme.PAPER, markersize=10)
            (self.loss,) = loss.plot([], [], color=theme.INK, linewidth=1.1)
            (self.rates,) = rate.plot([], [], color=theme.BLUE, linewidth=2)
        self.moving = [self.title, self.path, self.start, self.end, self.loss, self.rates]

    def set(self, x, loss, rates, title):
        """Place everything that moves."""
        low, high = np.array([self.axes[0].get_xlim(), self.axes[0].get_ylim()]).T
        far = draw.FAR * (high - low)
        x = np.clip(x, low - far, high + far)
        self.title.set_text(title)
        self.path.set_data(*x.T)
        self.start.set_data(*x[:1].T)
        self.end.set_data(*x[-1:].T)
        self.loss.set_data(np.arange(len(loss)), np.clip(drawable(loss, True), 1e-30, 1e30))
        self.rates.set_data(np.arange(len(rates)), rates)


_board = functools.lru_cache(maxsize=8)(Board)  # kept for further runs of one length on one function
