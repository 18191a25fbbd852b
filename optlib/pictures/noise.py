"""Steps on noisy gradients: the cloud in which they end, and one run with its loss and its learning rate."""

import functools

import numpy as np

from ..functions import Function
from . import draw, theme
from .charts import HUGE, _drawable
from .kept import KeptFigure
from .picture import DPI, Picture, headline, joined, new_figure, number, point, show_name
from .terrain import terrain
from .tracks import check_function, legend

INSIDE = 2.0  # standard deviations from the center to the ellipse
SHARE = 1 - np.exp(-(INSIDE**2) / 2)  # of a normal cloud of two coordinates lies within it
MOST_DOTS = 4000
_SIZE = (9.6, 5.2)
_PLANE, _LOSS, _RATE = (0.07, 0.115, 0.46, 0.75), (0.64, 0.47, 0.345, 0.395), (0.64, 0.115, 0.345, 0.22)
_DECADES = 4  # shown below the loss at the start


def noise_ball(f, points, covariance=None, center=None, title=None, settings="", extent=None):
    """A cloud of points on the contours of a function, and the ellipse that theory says.

    Parameters
    ----------
    f : Function
        Of two coordinates.
    points : array (n, 2)
        Of more than 4,000 only the first are drawn; the share that is told counts all.
    covariance : array (2, 2), optional
        Of the cloud, by theory: the ellipse is two standard deviations wide in each direction and holds 86 % of a
        normal cloud.
    center : (2,), optional
        Of the ellipse; by default the function's minimum.
    title, settings : str, optional
    extent : ((x low, x high), (y low, y high)), optional
        By default the function's domain.

    Returns
    -------
    Picture
    """
    check_function("noise_ball", f)
    points = _points("noise_ball", "points", points)
    center = _center(f, center)
    land = terrain("noise_ball", f, extent, [], 16, "auto")
    said = [
        f"{title or show_name(f)}: {len(points):,} points on contours of {f.name}.",
        f"{settings}." if settings else "",
    ]
    with theme.themed():
        figure = new_figure()
        axes = figure.subplots()
        draw.contours(axes, land)
        shown = points[:MOST_DOTS]
        (dots,) = axes.plot(*shown.T, ".", color=theme.INK, markersize=3, alpha=0.35, label="one run each", zorder=3)
        handles = [dots]
        if covariance is not None:
            curve, within = _ellipse(covariance, center, points)
            handles += axes.plot(*curve.T, color=theme.VERMILLION, linewidth=2.5, zorder=4,
                                 label=f"theory: {100 * SHARE:.0f} % inside")  # fmt: skip
            said.append(f"The ellipse of theory holds {100 * within:.2g} % of them.")
        handles += draw.minima(axes, f, land.extent)
        headline(figure, title or show_name(f), settings)
        legend(figure, handles, [handle.get_label() for handle in handles])
    spread = points.std(axis=0)
    said.append(f"Mean {point(points.mean(axis=0))}, standard deviations {number(spread[0])} and {number(spread[1])}.")
    return Picture(figure, axes, joined(said))


def noisy_run(f, x, rates, title="", extent=None):
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
    extent : ((x low, x high), (y low, y high)), optional
        By default the function's domain.

    Returns
    -------
    Picture
    """
    check_function("noisy_run", f)
    if f.minimum is None:
        raise ValueError(f"noisy_run: {f.name} has no known minimum, above which its values could be drawn")
    x = np.asarray(x, dtype=float)
    rates = np.asarray(rates, dtype=float)
    if x.ndim != 2 or x.shape[1] != 2 or len(x) < 2 or not np.isfinite(x[0]).all():
        raise ValueError(f"noisy_run: x has shape {x.shape}; it must be (steps + 1, 2), with a finite start")
    if rates.shape != (len(x) - 1,) or not (np.isfinite(rates) & (rates > 0)).all():
        raise ValueError(
            f"noisy_run: rates has shape {rates.shape}; it must be one positive number a step, {len(x) - 1}"
        )
    extent = None if extent is None else tuple((float(low), float(high)) for low, high in extent)
    return RunPicture(f, x, rates, str(title), extent)


class RunPicture(Picture):
    """What `noisy_run` returns; it sets the figure that it shares with others before it is drawn."""

    def __init__(self, f, x, rates, title, extent):
        finite = np.isfinite(x).all(axis=1)
        self.x = x if finite.all() else x[: int(finite.argmin())]
        self.rates, self.title = rates, title
        with np.errstate(all="ignore"):
            self.loss = f(self.x) - f.minimum
        first = float(self.loss[0])  # zero for a run that starts at the minimum
        self.board = _board(f, len(x) - 1, first if 0 < first < HUGE else 1.0, extent)
        lost = "" if finite.all() else f" It diverged after {len(self.x) - 1} steps."
        super().__init__(self.board.figure, self.board.axes, (
            f"{title or show_name(f)}: a path of {len(x) - 1:,} steps from {point(x[0])} to {point(self.x[-1])} on "
            f"contours of {f.name}, its height above the minimum, from {number(self.loss[0])} to "
            f"{number(self.loss[-1])}, and its learning rate, from {number(rates[0])} to {number(rates[-1])}.{lost}"
        ))  # fmt: skip
        self._laid_out = True  # the axes have fixed places

    def png(self, dpi=DPI):
        """The picture as the bytes of a PNG file; at the usual resolution in a few milliseconds."""
        self.board.set(self.x, self.loss, self.rates, self.title)
        return self.board.frame() if dpi == DPI else super().png(dpi)

    def _draw(self, file, kind, dpi, metadata=None):
        self.board.set(self.x, self.loss, self.rates, self.title)
        super()._draw(file, kind, dpi, metadata)


@functools.lru_cache(maxsize=8)
def _board(f, steps, first, extent):
    return Board(f, steps, first, extent)


class Board(KeptFigure):
    """Contours and axes that stay; path, loss, rates and title move."""

    def __init__(self, f, steps, first, extent):
        land = terrain("noisy_run", f, extent, [], 16, "auto")
        with theme.themed():
            inks = (theme.INK, theme.BLUE, theme.VERMILLION)
            unders = (theme.PAPER, *theme.LANDSCAPE)
            super().__init__(
                _SIZE, [theme.mix(a, b, share) for a in inks for b in unders for share in (0.0, 0.4, 0.75)]
            )
            plane, loss, rate = self.axes = [self.figure.add_axes(place) for place in (_PLANE, _LOSS, _RATE)]
            draw.contours(plane, land)
            draw.minima(plane, f, land.extent)
            plane.set_aspect("auto")
            for axes, label in ((loss, "height above the minimum"), (rate, "learning rate")):
                axes.set(xlim=(0, steps), yscale="log")
                axes.set_title(label, fontsize=12, loc="left")
                axes.grid(True)
            loss.set(ylim=(10.0**-_DECADES * first, 3 * first), xticklabels=[])
            rate.set(ylim=(1e-4, 3.0), xlabel="step")
            self._make_moving(plane, loss, rate)

    def set(self, x, loss, rates, title):
        """Place everything that moves."""
        low, high = np.array([self.axes[0].get_xlim(), self.axes[0].get_ylim()]).T
        far = draw.FAR * (high - low)
        x = np.clip(x, low - far, high + far)
        k = np.arange(len(loss))
        self.title.set_text(title)
        self.path.set_data(*x.T)
        self.start.set_data(*x[:1].T)
        self.end.set_data(*x[-1:].T)
        self.loss.set_data(k, np.clip(_drawable(loss, True), 1e-30, 1e30))
        self.rates.set_data(np.arange(len(rates)), rates)

    def _make_moving(self, plane, loss, rate):
        self.title = self.figure.suptitle("", x=0.015, y=0.985, ha="left", fontsize=13)
        (self.path,) = plane.plot([], [], color=theme.INK, linewidth=1.0, marker=".", markersize=3.5)
        (self.start,) = plane.plot([], [], "o", color=theme.PAPER, markeredgecolor=theme.INK, markeredgewidth=2,
                                   markersize=9)  # fmt: skip
        (self.end,) = plane.plot([], [], "o", color=theme.VERMILLION, markeredgecolor=theme.PAPER, markersize=10)
        (self.loss,) = loss.plot([], [], color=theme.INK, linewidth=1.1)
        (self.rates,) = rate.plot([], [], color=theme.BLUE, linewidth=2)
        self.moving = [self.title, self.path, self.start, self.end, self.loss, self.rates]


# --- arguments ---------------------------------------------------------------------------------------------------


def _points(who, name, points):
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise ValueError(f"{who}: {name} has shape {points.shape}; it must be (n, 2), at least 2 finite points")
    return points


def _center(f: Function, center):
    if center is None:
        if not f.minima:
            raise ValueError(f"noise_ball: {f.name} has no known minimum; give center=(x, y)")
        center = f.minima[0]
    center = np.asarray(center, dtype=float)
    if center.shape != (2,) or not np.isfinite(center).all():
        raise ValueError(f"noise_ball: center={center.tolist()!r} must be two finite numbers")
    return center


def _ellipse(covariance, center, points):
    """The ellipse (n, 2), and the share of the points that lie in it."""
    covariance = np.asarray(covariance, dtype=float)
    good = covariance.shape == (2, 2) and np.isfinite(covariance).all() and np.allclose(covariance, covariance.T)
    if not good or np.linalg.eigvalsh(covariance)[0] <= 0:
        raise ValueError(f"noise_ball: covariance={covariance.tolist()!r} must be a symmetric, positive (2, 2) array")
    around = np.linspace(0, 2 * np.pi, 200)
    root = np.linalg.cholesky(covariance)
    curve = center + INSIDE * np.stack([np.cos(around), np.sin(around)], axis=-1) @ root.T
    away = np.linalg.solve(root, (points - center).T)
    return curve, float((np.linalg.norm(away, axis=0) <= INSIDE).mean())
