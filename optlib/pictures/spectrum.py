"""Matrices: their singular values along a path, and the directions in which three norms see the steepest descent."""

import dataclasses

import numpy as np

from ..checks import choice, integer, number
from ..functions.base import Function
from ..functions.matrices import LeastSquares, slices
from ..minimize import Trajectory, minimize
from ..optimizers.adam import Adam
from ..optimizers.descent import GradientDescent
from ..optimizers.matrix import Muon
from . import draw, theme
from .charts import drawable, scales
from .picture import Picture, canvas, headline, show_name, text
from .picture import number as shown
from .terrain import terrain
from .tracks import settings_line, title_and_legend, tracks

ROWS = 4
ROUNDING = 1e-6  # updates below so small a part of the largest are not shown


def spectrum(*paths, matrix=None, labels=None, title=None):
    """Singular values of a matrix and of its updates, step by step, beside the value.

    `optlib.animate` shows the same under a slider.

    Parameters
    ----------
    *paths : Trajectory objects (also of batches), one to four paths together
        Of a function of matrices (``f.shapes``); each gets a row of three panels with common axes.
    matrix : str, optional
        Which of the function's matrices, ``f.names``; by default the first.
    labels, title : optional
        As in `plots.contour`.
    """
    for path in paths:
        if not isinstance(path, Trajectory):
            raise TypeError(f"spectrum: a {type(path).__name__} was given; paths must be Trajectory objects")
        if path.function is not paths[0].function:
            raise ValueError("spectrum: the paths must be of one function")
    f = paths[0].function if paths else None
    rows = tracks("spectrum", f, paths, labels)
    if not 1 <= len(rows) <= ROWS:
        raise ValueError(f"spectrum: {len(rows)} paths were given; from 1 to {ROWS} are drawn")
    return Spectra("spectrum", f, rows, matrix).picture(title)


class Spectra:
    """Singular values of one matrix of ``f`` along each track, and of its updates.

    Attributes
    ----------
    matrix : str
    labels : the names of both
    runs : list of (singular values of the matrix (steps + 1, k), of its updates (steps, k)), one a track
    goal : array (k,), or nothing where the function's minimum does not tell them
    """

    def __init__(self, who, f, tracks, matrix=None):
        if not f.shapes:
            raise ValueError(
                f"{who}: the coordinates of {f.name} are no matrix; take a function of matrices, such as "
                "ol.functions.matrix_least_squares(singular_values)"
            )
        self.f, self.tracks = f, tracks
        self.matrix = choice(who, "matrix", f.names[0] if matrix is None else matrix, f.names)
        self.labels = f"singular values of {self.matrix}", "… of its update"
        along = [self._part(track.x) for track in tracks]
        self.runs = [(np.linalg.svd(each)[1], np.linalg.svd(np.diff(each, axis=0))[1]) for each in along]
        self.goal = np.linalg.svd(self._part(np.array(f.minima[0])))[1] if f.minima and len(f.shapes) == 1 else ()
        self.top = max((updates.max(initial=0.0) for _, updates in self.runs), default=0.0)  # of all updates

    def _part(self, x):
        """The matrix (..., m, n) of points (..., d)."""
        part, shape = [*slices(self.f.shapes)][self.f.names.index(self.matrix)]
        return x[..., part].reshape(*x.shape[:-1], *shape)

    def picture(self, title=None):
        """The first `ROWS` tracks, a row of three panels each; the description names all."""
        f, count = self.f, min(len(self.tracks), ROWS)
        base = 0.0 if f.minimum is None else f.minimum
        names = ("f" if f.minimum is None else "f − minimum", *self.labels)
        runs = [(track.f[:, None] - base, *run) for track, run in zip(self.tracks, self.runs, strict=True)]
        with canvas((9.6, 1.3 + 2.7 * count), nrows=count, ncols=3, squeeze=False, sharex=True,
                    sharey="col") as (figure, rows):  # fmt: skip
            for axes, run, track in zip(rows, runs, self.tracks, strict=False):
                for panel, values, name in zip(axes, run, names, strict=True):
                    log = panel is not axes[1]
                    steps = np.arange(len(values)) + (panel is axes[2])
                    for i, line in enumerate(values.T):
                        shade = round(i * (len(theme.SCALE) - 1) / max(values.shape[1] - 1, 1))
                        color = theme.INK if panel is axes[0] else theme.SCALE[shade]
                        panel.plot(steps, drawable(line, log), color=color, linewidth=1.8)
                    scales(panel, False, log, [steps])
                    panel.set_ylabel(text(name))
                for value in self.goal:
                    axes[1].axhline(value, color=theme.FAINT, linestyle=(0, theme.DOTTED), linewidth=1.2, zorder=1)
                axes[0].set_title(text(track.full_label), loc="left", fontsize=12)
            for panel in rows[-1]:
                panel.set_xlabel("step")
            if self.top:
                panel.set_ylim(ROUNDING * self.top, 3 * self.top)
            dotted = "; dotted: at the minimum" if len(self.goal) else ""
            first = f"; the first {count} of {len(runs)} paths" if len(runs) > count else ""
            settings = f"{settings_line(self.tracks)}{first}; largest singular value dark, smallest pale{dotted}"
            headline(figure, title or show_name(f), settings)
        return Picture(
            figure, list(rows.ravel()),
            f"{title or f.name}: the value, the {self.labels[0]} and those of its updates, step by step.",
            *(_sentence(track.full_label, *run, self.matrix) for track, run in zip(self.tracks, runs, strict=True)),
        )  # fmt: skip


def _sentence(label, values, weights, updates, matrix):
    span = lambda row: " to ".join(shown(value) for value in dict.fromkeys((row[0], row[-1])))
    moved = f"; its updates have {span(updates[0])} at first and {span(updates[-1])} at last" if len(updates) else ""
    return (
        f"{label}: the value goes from {shown(values[0, 0])} to {shown(values[-1, 0])} in {len(updates)} steps; the "
        f"singular values of {matrix} end at {span(weights[-1])}{moved}."
    )


def steepest(kappa=10.0, lr=0.1, steps=30, title=None):
    """Steepest descent in three norms, in the plane of the matrices [[x, y], [y, x]].

    Left, all steps of length 1 in each norm, and the one of each that goes down the most: along the gradient for the
    Frobenius norm (gradient descent), to a corner of the square for the largest entry (sign descent), to an orthogonal
    matrix for the largest singular value (Muon).  Right, their paths in this plane, which none of them leaves.

    Parameters
    ----------
    kappa : float, at least 1
        Condition number of the problem, half the square of |A (W - goal)| with A in this plane too.
    lr : float
        Length of a step of sign descent and Muon.  Gradient descent takes ``5 lr`` of the gradient.
    steps : int, at least 1
    title : str, optional
    """
    kappa, lr = number("steepest", "kappa", kappa, "[1, inf)"), number("steepest", "lr", lr, "(0, inf)")
    steps = integer("steepest", "steps", steps, least=1)
    f, plane = _problem(kappa)
    rules = {  # eps only keeps 0 / 0 away
        "Frobenius norm: gradient descent": GradientDescent(lr=5 * lr),
        "largest entry: sign descent": Adam(lr=lr, beta1=0.0, beta2=0.0, eps=1e-100),
        "largest singular value: Muon": Muon(lr=lr, beta=0.0, nesterov=False, polar_express=True, ns_steps=8),
    }
    paths = {label: minimize(f, rule, steps=steps).x[:, :2] for label, rule in rules.items()}
    g = f.grad(np.array(f.start))[:2]
    colors = theme.INK, theme.ORANGE, theme.GREEN
    turn = np.linspace(0, 2 * np.pi, 200)
    balls = [np.stack([np.cos(turn), np.sin(turn)]) / np.sqrt(2), np.array([[1, 1, -1, -1, 1], [1, -1, -1, 1, 1]]),
             np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])]  # fmt: skip
    corners = [-g / np.linalg.norm(g) / np.sqrt(2), -np.sign(g), -np.sign(g) * (np.abs(g) == np.abs(g).max())]
    with canvas((9.6, 5.6), ncols=2) as (figure, (left, right)):
        for ball, corner, color in zip(balls, corners, colors, strict=True):
            left.plot(*ball, color=color)
            left.plot(*np.stack([np.zeros(2), corner]).T, color=color, linewidth=1.4)
            draw.arrow_head(left, corner, corner, color, 5, 18)
        against = np.stack([np.zeros(2), -1.35 * g / np.abs(g).max()])
        left.plot(*against.T, color=theme.FAINT, linestyle=(0, theme.DOTTED), zorder=1)
        left.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xlabel="x", ylabel="y", aspect="equal")
        left.set_title("steps of length 1; dotted: against the gradient", fontsize=12, loc="left")
        land = terrain("steepest", plane, None)
        draw.contours(right, land)
        right.set_aspect("equal")
        drawn = zip(tracks("steepest", plane, list(paths.values()), list(paths)), colors, strict=True)
        handles = [draw.path(right, dataclasses.replace(track, style=track.style | {"color": color}), land.extent, i)
                   for i, (track, color) in enumerate(drawn)]  # fmt: skip
        handles += draw.minima(right, plane, land.extent)
        settings = f"matrices with rows (x, y) and (y, x), condition number {shown(kappa)}, {steps} steps"
        title_and_legend(figure, title or "Steepest descent in three norms", settings, handles,
                         loc="outside lower left", ncols=2)  # fmt: skip
    return Picture(
        figure, [left, right],
        f"{title or 'Steepest descent in three norms'}, for matrices with rows (x, y) and (y, x).",
        "Left: steps of length 1 are a circle in the Frobenius norm, a square for the largest entry, a square on its "
        "corner for the largest singular value; the steepest of each is marked.",
        f"Right: {steps} steps of each on contours of condition number {shown(kappa)}.",
        *(f"{label}: ends at a value of {shown(float(plane(path[-1])))}." for label, path in paths.items()),
    )  # fmt: skip


def _problem(kappa):
    """The problem as a function of the matrix, and of x and y alone."""
    turn = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    H, goal = turn @ np.diag([1.0, 1 / kappa]) @ turn, np.array([[1.0, -0.6], [-0.6, 1.0]])
    form = LeastSquares(H, goal)
    start = (-1.17, -0.42)
    of_matrix = Function("in the plane", form.value, form.slopes, ((-2, 2),) * 4, (*start, *start[::-1]),
                         (tuple(goal.ravel().tolist()),), 0.0, shapes=((2, 2),), names=("W",))  # fmt: skip
    of_two = Function("in the plane", lambda x, y: form.value(x, y, y, x), lambda x, y: None, ((-2, 2),) * 2, start,
                      (tuple(goal[0].tolist()),), 0.0)  # fmt: skip
    return of_matrix, of_two
