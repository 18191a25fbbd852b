"""The phase diagram of momentum: how one curvature answers to learning rate and beta, beside the run itself."""

import math

import numpy as np

from ..checks import number as checked_number
from . import theme
from .picture import number
from .sketch import AREA, DOTS, LINE, TEXT, Drawing, Layer, Panel, Sketch, moving

KINDS = ("creeps", "swings", "flips", "diverges")
TINTS = (theme.BLUE, theme.ORANGE, theme.GREEN, theme.VERMILLION)
PALE = 0.6  # share of paper in the colors of the map
WIDEST = 4.2  # of learning rate times curvature: a little beyond the last stable one
STEPS = 60
RATES = (0.5, 0.6, 0.7, 0.8, 0.9)
EDGE = 1.6  # traces are shown from -EDGE to EDGE times the start
# Where the names of `KINDS` stand on the map: root of lr times curvature, and beta.
_PLACES = {False: ((0.24, 0.16), (1.0, 0.72), (1.28, 0.025), (1.8, 0.25)),
           True: ((0.22, 0.18), (0.8, 0.35), (1.1, 0.25), (1.65, 0.5))}  # fmt: skip
WORDS = ("overdamped, it creeps", "underdamped, it swings", "it flips from side to side", "it diverges")
CRITICAL, NEAR = "critically damped", 1e-4  # the words where the discriminant is so small
_LOOKS = ((theme.INK, "o"), (theme.PURPLE, "s"))  # of the smallest and of the largest curvature


@moving("lr_curvature", "beta")
def phase_diagram(lr_curvature, beta, *, nesterov=False):
    """Where a setting lies among creeping, swinging, flipping and diverging, and the run that shows it.

    Three panels.  A map over learning rate times curvature (spaced like its square root) and beta, with lines of equal
    factor.  Sixty steps of the rule itself, from 1 on a parabola of that curvature, and the envelope plus and minus
    factor^t.  The two roots of the 2 x 2 system in the complex plane, with the unit circle.

    Parameters
    ----------
    lr_curvature : float, or pair (smallest, largest)
        Learning rate times curvature, from 0 to 4.2.  A pair stands for a function whose curvatures lie in between:
        its setting is a bar on the map, and the slower end decides.
    beta : float
        From 0 to below 1.
    nesterov : bool
        Nesterov's rule instead of momentum.
    """
    try:
        ends = tuple(float(s) for s in np.atleast_1d(lr_curvature))
        right = len(ends) in (1, 2) and all(0 <= s <= WIDEST for s in ends) and list(ends) == sorted(ends)
    except (TypeError, ValueError):
        right = False
    if not right:
        allowed = f"a number from 0 to {WIDEST}, or a pair of them, the smaller first"
        raise ValueError(f"phase_diagram: lr_curvature={lr_curvature!r} must be {allowed}")
    beta = checked_number("phase_diagram", "beta", beta, "[0, 1)")
    several = len(ends) == 2
    return Drawing(_sketch(several, bool(nesterov)), ends if several else ends[0], beta)


def roots(s, beta, nesterov=False):
    """The two eigenvalues of `theory.momentum_matrix` at ``s``, learning rate times curvature, as (real, imaginary)."""
    trace = (1 + beta) * (1 - s) if nesterov else 1 + beta - s
    determinant = beta * (1 - s) if nesterov else beta
    under_root = trace * trace / 4 - determinant
    root = math.sqrt(abs(under_root))
    if under_root < 0:
        return [(trace / 2, root), (trace / 2, -root)]
    return [(trace / 2 + root, 0.0), (trace / 2 - root, 0.0)]


def rate_of(s, beta, nesterov=False):
    """The larger size of the two roots: the factor of one step in the long run."""
    return max([math.hypot(*z) for z in roots(s, beta, nesterov)])


def kind_of(s, beta, nesterov=False):
    """Index into `KINDS`; roots that coincide count as real, critical damping is the edge of creeping or flipping."""
    first, second = roots(s, beta, nesterov)
    if rate_of(s, beta, nesterov) >= 1:
        return 3
    if first[1] > 5e-7:
        return 1
    return 0 if first[0] + second[0] >= 0 else 2


def trace_of(s, beta, nesterov=False, steps=STEPS):
    """Points 0 to ``steps`` of the rule itself on s x²/2 from 1, at the learning rate 1."""
    x, v, points = 1.0, 0.0, [1.0]
    for _ in range(steps):
        g = s * x
        v = beta * v + g
        x = x - (g + beta * v if nesterov else v)
        points.append(x)
    return points


def words_of(s, beta, nesterov=False):
    """The kind of motion in words."""
    first, second = roots(s, beta, nesterov)
    apart = (first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2  # the discriminant, without its sign
    kind = kind_of(s, beta, nesterov)
    return CRITICAL if kind < 3 and apart < NEAR else WORDS[kind]


def _sketch(several, nesterov):
    rule, title = ("Nesterov's rule", "Nesterov") if nesterov else ("momentum", "Momentum")
    names = ["smallest curvature", "largest curvature"] if several else [""]

    def ends_of(lr_curvature):
        return lr_curvature if several else [lr_curvature]

    def points(lr_curvature, beta):
        ends = ends_of(lr_curvature)
        bar = [(math.sqrt(s), beta) for s in ends]
        rate = max([rate_of(s, beta, nesterov) for s in ends])
        envelopes = [[(k, sign * min(rate**k, 9.0)) for k in range(STEPS + 1)] for sign in (1, -1)]
        traces = [list(enumerate(trace_of(s, beta, nesterov))) for s in ends]
        return [bar, bar, *envelopes, *traces, *[roots(s, beta, nesterov) for s in ends]]

    def words(lr_curvature, beta):
        ends = ends_of(lr_curvature)
        kinds, rates = [words_of(s, beta, nesterov) for s in ends], [rate_of(s, beta, nesterov) for s in ends]
        sentences = [
            f" At learning rate times curvature {s:.4g} and beta {beta:.4g}: {kind}, factor {number(rate)} a step."
            for s, kind, rate in zip(ends, kinds, rates, strict=True)
        ]
        kind = kinds[0] if kinds[0] == kinds[-1] else f"{kinds[0]} / {kinds[-1]}"
        return (
            f"{title} at ηλ = {' to '.join([f'{s:.4g}' for s in ends])}, β = {beta:.4g}: {kind}",
            f"In the long run each step multiplies the distance by {number(max(rates))}",
            f"Phase diagram of {rule} over learning rate times curvature from 0 to {WIDEST} and beta from 0 to 1, with "
            f"{STEPS} steps of the rule from 1 and the two roots in the complex plane.{''.join(sentences)}",
            [*["" for _ in range(4 + len(ends))], *names],
        )

    def handles(lr_curvature, beta):
        ends = ends_of(lr_curvature)
        rings = [(0, math.sqrt(s), beta) for s in (ends[-1], ends[0])]
        return [*rings, *[(2, *z) for s in ends for z in roots(s, beta, nesterov)]]

    looks = _LOOKS[: 1 + several]
    layers = (
        *_map(nesterov),
        Layer(LINE, theme.INK, width=2.5),
        Layer(DOTS, theme.PAPER, size=9.0, edge=theme.INK),
        Layer(LINE, theme.FAINT, 1, [(0, 0), (STEPS, 0)], width=0.8),
        *[Layer(LINE, theme.VERMILLION, 1, width=1.2, dashes=theme.DASHED)] * 2,
        *(Layer(LINE, color, 1, width=1.4, marker=marker) for color, marker in looks),
        *_circle(),
        *(Layer(DOTS, color, 2, marker=marker, size=9.0) for color, marker in looks),
    )  # fmt: skip
    ticks = {math.sqrt(s): number(s) for s in (0, 0.1, 0.5, 1, 2, 3, 4)}
    panels = (
        Panel((0.0, math.sqrt(WIDEST)), (0.0, 1.0), ("learning rate × curvature ηλ, spaced like its root", "β"),
              ticks=(ticks, None)),
        Panel((0, STEPS), (-EDGE, EDGE), ("step", ""), title="xₜ and ±factorᵗ"),
        Panel((-1.6, 1.6), (-1.15, 1.15), ticks=({-1: "-1", 0: "0", 1: "1"},) * 2, title="the two roots", equal=True),
    )  # fmt: skip
    legend = {"loc": "outside lower right", "ncols": 2}
    return Sketch(panels, layers, points, words, handles, (("lr_curvature", "beta"),) * 6, (9.6, 5.6), legend)


def _map(nesterov):
    """Layers of the plane of settings: four areas, lines of equal rate, the border of divergence, and their names."""
    beta = np.linspace(0, 1, 41) ** 2  # close where the borders bend
    if nesterov:
        left, right, border = ((1 - beta) / (1 + beta)) ** 2, np.ones(41), (2 + 2 * beta) / (1 + 2 * beta)
    else:
        left, right, border = (1 - np.sqrt(beta)) ** 2, (1 + np.sqrt(beta)) ** 2, 2 + 2 * beta

    def line(s, beta=beta):
        return list(zip(np.sqrt(s).tolist(), beta.tolist(), strict=True))

    widest = math.sqrt(WIDEST)
    areas = (
        [(0, 0), *line(left), (0, 1)], line(left) + line(right)[::-1], [(0, 0), *line(border), (0, 1)],
        [(0, 0), (widest, 0), (widest, 1), (0, 1)],
    )  # fmt: skip
    for area, tint in reversed(list(zip(areas, TINTS, strict=True))):
        yield Layer(AREA, tint, points=area, pale=PALE)
    for r in RATES:
        b = np.linspace(1e-9, 1 if nesterov else r * r, 33)
        with np.errstate(divide="ignore"):
            low = np.maximum(1 - r * r / b, 1 - r * r / (r + r * b - b)) if nesterov else (1 - r) * (1 - b / r)
            high = 1 + r * r / (r + r * b + b) if nesterov else (1 + r) * (1 + b / r)
        top = [] if nesterov else line(low[-1:], b[-1:])
        yield Layer(LINE, theme.FAINT, points=top + line(high, b)[::-1] + line(low, b), width=0.9)
        # Each label where its line swings: there the rate is the root of beta, or of beta (1 - lr curvature).
        at = (math.sqrt(1 - r**2 / (0.95 * r + 0.1)), 0.95 * r + 0.1) if nesterov else (0.62, r**2)
        yield Layer(TEXT, theme.ORANGE, points=[at], label=f"{r:g}", pale=PALE, size=12.0)
    yield Layer(LINE, theme.INK, points=line(border))
    for name, place, tint in zip(KINDS, _PLACES[nesterov], TINTS, strict=True):
        yield Layer(TEXT, tint, points=[place], label=name, pale=PALE, size=12.0)


def _circle():
    around = np.linspace(0, 2 * np.pi, 73)
    circle = list(zip(np.cos(around), np.sin(around), strict=True))
    for points, width in ((circle, 1.0), ([(-9, 0), (9, 0)], 0.6), ([(0, -9), (0, 9)], 0.6)):
        yield Layer(LINE, theme.FAINT, 2, points, width=width)
