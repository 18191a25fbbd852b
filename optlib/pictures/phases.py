"""The phase diagram of momentum: how one curvature answers to learning rate and beta, beside the run itself."""

import functools

import numpy as np
from matplotlib.colors import ListedColormap

from ..checks import number as checked_number
from ..optimizers import Momentum, Nesterov
from ..theory import momentum_matrix, spectral_radius
from . import theme
from .kept import KeptFigure, KeptPicture
from .picture import number

KINDS = ("creeps", "swings", "flips", "diverges")
TINTS = (theme.BLUE, theme.ORANGE, theme.GREEN, theme.VERMILLION)  # in the order of `plots.regions`
PALE = 0.6  # share of white in the colors of the map
WIDEST = 4.2  # of learning rate times curvature: a little beyond the last stable one
STEPS = 60
RATES = (0.5, 0.6, 0.7, 0.8, 0.9)
EDGE = 1.6  # traces are shown from -EDGE to EDGE times the start
_FAR = 9.0  # points are clipped there, out of sight, so that the renderer's numbers stay small
_SIZE = (9.6, 5.6)
_MAP, _TRACE, _ROOTS = (0.068, 0.115, 0.5, 0.71), (0.655, 0.555, 0.325, 0.27), (0.7, 0.115, 0.2515, 0.31)
# Where the names of `KINDS` stand on the map: root of lr times curvature, and beta.
_PLACES = {False: ((0.24, 0.16), (1.0, 0.72), (1.28, 0.025), (1.8, 0.25)),
           True: ((0.22, 0.18), (0.56, 0.62), (1.1, 0.25), (1.65, 0.5))}  # fmt: skip
WORDS = ("overdamped, it creeps", "underdamped, it swings", "it flips from side to side", "it diverges")
CRITICAL, NEAR = "critically damped", 1e-4  # the words where the discriminant is so small


def phase_diagram(lr_curvature, beta, *, nesterov=False):
    """Where a setting lies among creeping, swinging, flipping and diverging, and the run that shows it.

    Three panels.  A map over learning rate times curvature (spaced like its square root) and beta, with lines of equal
    rate.  Sixty steps of the rule itself, from 1 on a parabola of that curvature, and the envelope plus and minus
    rate^k.  The two roots of the 2 x 2 system in the complex plane, with the unit circle.

    Parameters
    ----------
    lr_curvature : float, or pair (smallest, largest)
        Learning rate times curvature, from 0 to 4.2.  A pair stands for a function whose curvatures lie in between:
        its setting is a bar on the map, and the slower end decides.
    beta : float
        From 0 to below 1.
    nesterov : bool
        Nesterov's rule instead of momentum.

    Returns
    -------
    Picture
    """
    try:
        ends = tuple(float(s) for s in np.atleast_1d(lr_curvature))
        right = len(ends) in (1, 2) and all(0 <= s <= WIDEST for s in ends) and list(ends) == sorted(ends)
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(
            f"phase_diagram: lr_curvature={lr_curvature!r} must be a number from 0 to {WIDEST}, or a pair of them, "
            "the smaller first"
        )
    return PhasePicture(ends, checked_number("phase_diagram", "beta", beta, "[0, 1)"), bool(nesterov))


class PhasePicture(KeptPicture):
    """What `phase_diagram` returns.  All pictures of one rule share a figure."""

    def __init__(self, ends, beta, nesterov):
        self.ends, self.beta, self.nesterov = ends, beta, nesterov
        self.rates = [float(spectral_radius(s, beta, nesterov)) for s in ends]
        self.kinds = [_kind_in_words(s, beta, nesterov) for s in ends]
        rule = "Nesterov's rule" if nesterov else "momentum"
        super().__init__(
            _board(nesterov),
            f"Phase diagram of {rule} over learning rate times curvature from 0 to {WIDEST} and beta from 0 to 1, with "
            f"{STEPS} steps of the rule from 1 and the two roots in the complex plane.",
            *(f"At learning rate times curvature {number(s)} and beta {number(beta)}: {kind}, "
              f"rate {number(rate)} a step." for s, kind, rate in zip(ends, self.kinds, self.rates, strict=True)),
        )  # fmt: skip

    def _set(self):
        value = " to ".join(number(s) for s in self.ends)
        title = (
            f"{'Nesterov' if self.nesterov else 'Momentum'} at ηλ = {value}, β = {number(self.beta)}: "
            f"{' / '.join(dict.fromkeys(self.kinds))}\n"
            f"In the long run each step multiplies the distance by {number(max(self.rates))}"
        )
        traces = [trace_of(s, self.beta, self.nesterov) for s in self.ends]
        roots = [np.linalg.eigvals(momentum_matrix(s, self.beta, self.nesterov)) for s in self.ends]
        self.board.set(self.ends, self.beta, max(self.rates), traces, roots, title)


def kind_of(lr_curvature, beta, nesterov=False):
    """Index into `KINDS`, by the roots of z² - trace z + determinant; arrays broadcast against each other.

    Roots that coincide count as real: critical damping is the edge of creeping, or of flipping.
    """
    trace, discriminant = trace_and_discriminant(lr_curvature, beta, nesterov)
    diverges = spectral_radius(lr_curvature, beta, nesterov) >= 1
    return np.select([diverges, discriminant < -1e-12, trace >= 0], [3, 1, 0], 2)


def trace_and_discriminant(lr_curvature, beta, nesterov=False):
    """Trace of the 2 x 2 matrix, and the discriminant of the quadratic for its two eigenvalues."""
    matrix = momentum_matrix(lr_curvature, beta, nesterov)
    trace, determinant = matrix[..., 0, 0], -matrix[..., 0, 1]
    return trace, trace**2 - 4 * determinant


def trace_of(lr_curvature, beta, nesterov=False, steps=STEPS):
    """Points 0 to ``steps`` of the rule itself on lr_curvature x²/2 from 1, shape (steps + 1,)."""
    rule, x = (Nesterov if nesterov else Momentum)(lr=1.0, beta=beta), [1.0]
    for _ in range(steps):
        x.append(rule.advance(x[-1], lr_curvature * x[-1]))
    return np.array(x)


def _kind_in_words(s, beta, nesterov):
    kind, (_, discriminant) = int(kind_of(s, beta, nesterov)), trace_and_discriminant(s, beta, nesterov)
    return CRITICAL if kind < 3 and abs(discriminant) < NEAR else WORDS[kind]


class Board(KeptFigure):
    """The figure: map, frames and lettering stay; points, traces, roots and the title move."""

    def __init__(self, nesterov):
        self.nesterov = nesterov
        with theme.themed():
            backgrounds = (theme.PAPER, *(theme.mix(tint, theme.PAPER, PALE) for tint in TINTS))
            super().__init__(_SIZE, (theme.INK, theme.PURPLE, theme.VERMILLION), backgrounds, (0.0, 0.35, 0.7))
            self.axes = [self.figure.add_axes(place) for place in (_MAP, _TRACE, _ROOTS)]
            self._draw_map(self.axes[0])
            self._draw_frames(*self.axes[1:])
            self._make_moving(*self.axes)

    def set(self, ends, beta, rate, traces, roots, title):
        """Place everything that moves: one trace (STEPS + 1,) and two complex roots for each of one or two ends."""
        k = np.arange(STEPS + 1)
        self.title.set_text(title)
        for artist in (self.bar, self.marks):
            artist.set_data(np.sqrt(ends), [beta] * len(ends))
        for artist in (*self.traces, *self.roots):
            artist.set_data([], [])
        for artist, x in zip(self.traces, traces, strict=False):
            artist.set_data(k, np.clip(x, -_FAR, _FAR))
        for artist, z in zip(self.roots, roots, strict=False):
            artist.set_data(np.clip(z.real, -_FAR, _FAR), z.imag)
        for artist, sign in zip(self.envelopes, (1, -1), strict=True):
            artist.set_data(k, sign * np.minimum(rate**k, _FAR))

    # --- what stays ------------------------------------------------------------------------------------------

    def _draw_map(self, axes):
        root, beta = np.linspace(0, WIDEST**0.5, 701), np.linspace(0, 0.9999, 401)
        S, B = np.meshgrid(root**2, beta)
        colors = ListedColormap([theme.mix(tint, theme.PAPER, PALE) for tint in TINTS])
        kinds = kind_of(np.maximum(S, 1e-9), B, self.nesterov)  # at 0 nothing moves: show the limit instead
        axes.imshow(kinds, cmap=colors, vmin=0, vmax=3, extent=(0, root[-1], 0, 1), origin="lower", aspect="auto",
                    interpolation="nearest")  # fmt: skip
        lines = axes.contour(root, beta, spectral_radius(S, B, self.nesterov), levels=RATES, colors=theme.FAINT,
                             linewidths=0.9)  # fmt: skip
        # Put each label where its line swings: there the rate is the root of beta, or of beta (1 - lr curvature).
        at = [((1 - r**2 / 0.95) ** 0.5, 0.95) if self.nesterov else (0.62, r**2) for r in RATES]
        axes.clabel(lines, fmt="%g", fontsize=9.5, inline_spacing=2, manual=at)
        border = (2 + 2 * beta) / (1 + 2 * beta if self.nesterov else 1)
        axes.plot(np.sqrt(border), beta, color=theme.INK, linewidth=2)
        ticks = (0, 0.1, 0.5, 1, 2, 3, 4)
        axes.set_xticks(np.sqrt(ticks), [number(s) for s in ticks])
        axes.set(xlim=(0, root[-1]), ylim=(0, 1), ylabel="β")
        axes.set_xlabel("learning rate × curvature ηλ, spaced like its root")
        for name, place, color in zip(KINDS, _PLACES[self.nesterov], colors.colors, strict=True):
            box = {"facecolor": color, "edgecolor": "none", "pad": 1}
            axes.text(*place, name, ha="center", va="center", fontsize=12, bbox=box)

    def _draw_frames(self, trace, roots):
        trace.axhline(0, color=theme.FAINT, linewidth=0.8)
        trace.set(xlim=(0, STEPS), ylim=(-EDGE, EDGE), xlabel="step $k$")
        trace.set_title(r"$x_k$, and $\pm\,$rate$^k$", fontsize=12, loc="left")
        around = np.linspace(0, 2 * np.pi, 200)
        roots.plot(np.cos(around), np.sin(around), color=theme.FAINT, linewidth=1)
        roots.axhline(0, color=theme.FAINT, linewidth=0.6)
        roots.axvline(0, color=theme.FAINT, linewidth=0.6)
        roots.set(xlim=(-1.6, 1.6), ylim=(-1.15, 1.15), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
        roots.set_title("the two roots", fontsize=12, loc="left")

    # --- what moves ------------------------------------------------------------------------------------------

    def _make_moving(self, plane, trace, roots):
        looks = ((theme.INK, "o", 1.3), (theme.PURPLE, "s", 0.5))  # of the smallest and of the largest curvature
        dashed = {"color": theme.VERMILLION, "linewidth": 1.2, "linestyle": (0, theme.DASHED)}
        self.title = self.figure.suptitle("", x=0.015, y=0.985, ha="left", fontsize=13, linespacing=1.4)
        (self.bar,) = plane.plot([], [], color=theme.INK, linewidth=2.5)
        (self.marks,) = plane.plot([], [], "o", color=theme.PAPER, markeredgecolor=theme.INK, markeredgewidth=2.2,
                                   markersize=9, clip_on=False)  # fmt: skip
        self.envelopes = [trace.plot([], [], **dashed)[0] for _ in range(2)]
        self.traces = [trace.plot([], [], color=color, linewidth=width, marker=marker, markersize=2.8)[0]
                       for color, marker, width in looks]  # fmt: skip
        self.roots = [roots.plot([], [], marker, color=color, markersize=9, markeredgecolor=theme.PAPER)[0]
                      for color, marker, _ in looks]  # fmt: skip
        self.moving = [self.title, self.bar, self.marks, *self.envelopes, *self.traces[::-1], *self.roots]


_board = functools.lru_cache(maxsize=2)(Board)  # of each rule, kept for the next picture
