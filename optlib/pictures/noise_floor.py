"""Many runs on noisy gradients: the cloud in which they end, and the loss below which they do not come."""

import math

import numpy as np

from .. import checks
from ..theory import stationary_variance
from . import theme
from .sketch import AREA, DOTS, LINE, Drawing, Layer, Panel, Sketch, moving

CURVATURES = (0.2, 1.0)
START = (-2.6, 1.6)
RUNS, STEPS = 150, 100
REACH = (3.4, 2.4)  # shown to either side of the minimum
INSIDE = 2.0  # standard deviations from the center to the ellipse
LEVELS = tuple(3.0 * 0.55**k for k in range(9))
GAPS = (1e-3, 30.0)  # shown


@moving("lr", "beta", "batch")
def noise_floor(lr, beta=0.0, batch=1):
    """Where 150 runs of momentum on noisy gradients are after 100 steps, and their mean loss gap at each.

    The loss is (0.2 x² + y²) / 2; the gradient comes with independent normal noise of standard deviation 1/sqrt(batch)
    in each coordinate, the same numbers for every setting.  The ellipse is two standard deviations wide by theory, the
    dashed line the loss gap that belongs to it (`theory.stationary_variance`).

    ``lr`` is above 0, ``beta`` from 0 to below 1 and ``batch``, any number, at least 1.
    """
    lr = checks.number("noise_floor", "lr", lr, "(0, inf)")
    beta = checks.number("noise_floor", "beta", beta, "[0, 1)")
    batch = checks.number("noise_floor", "batch", batch, "[1, inf)")

    def balances(lr, beta):
        return lr * CURVATURES[1] < 2 * (1 + beta)

    def deviations(lr, beta, batch):
        noise = 1 / math.sqrt(batch)
        return [math.sqrt(stationary_variance(lr, c, beta, noise)) for c in CURVATURES]

    def floor(lr, beta, batch):
        wide, narrow = deviations(lr, beta, batch)
        return (CURVATURES[0] * wide**2 + CURVATURES[1] * narrow**2) / 2

    def points(lr, beta, batch):
        ends, gaps = noisy_runs(lr, beta, batch)
        curve = list(enumerate(gaps))
        if not balances(lr, beta):
            return [ends, [], curve, []]
        wide, narrow = deviations(lr, beta, batch)
        around = [k * math.pi / 36 for k in range(73)]
        ellipse = [(INSIDE * wide * math.cos(t), INSIDE * narrow * math.sin(t)) for t in around]
        lowest = floor(lr, beta, batch)
        return [ends, ellipse, curve, [(0, lowest), (STEPS, lowest)]]

    def words(lr, beta, batch):
        told = f"noise floor {floor(lr, beta, batch):.3g}" if balances(lr, beta) else "no balance, the runs diverge"
        return (
            f"lr {lr:.4g}, β {beta:.4g}, batch {batch:.4g}: {told}",
            f"lr / (batch (1 − β)) = {lr / batch / (1 - beta):.3g}",
            f"{RUNS} runs of momentum on noisy gradients after {STEPS} steps, at learning rate {lr:.4g}, beta "
            f"{beta:.4g} and batches of {batch:.4g}, on the contours of a bowl, and the mean of their loss at "
            f"each step: {told}.",
            [f"{RUNS} runs", "theory: 86 % inside", "mean of the runs", "floor of theory"],
        )

    def handles(lr, beta, batch):
        if not balances(lr, beta):
            return [(0, REACH[0], 0.0), (1, STEPS, GAPS[1])]
        return [(0, INSIDE * deviations(lr, beta, batch)[0], 0.0), (1, STEPS, floor(lr, beta, batch))]

    around = np.linspace(0, 2 * np.pi, 61)
    rings = [np.sqrt(2 * c / np.array(CURVATURES)) * np.stack([np.cos(around), np.sin(around)], -1) for c in LEVELS]
    layers = (
        Layer(AREA, 1.0, points=[(-9, -9), (9, -9), (9, 9), (-9, 9)]),
        *(Layer(AREA, 1 - (k + 1) / len(rings), points=ring.tolist()) for k, ring in enumerate(rings)),
        Layer(DOTS, theme.INK, size=3.5), Layer(LINE, theme.VERMILLION, width=2.5),
        Layer(LINE, theme.INK, 1), Layer(LINE, theme.VERMILLION, 1, dashes=theme.DASHED),
    )  # fmt: skip
    panels = (
        Panel((-REACH[0], REACH[0]), (-REACH[1], REACH[1]), ("x", "y"), equal=True),
        Panel((0, STEPS), GAPS, ("step", ""), (False, True), title="mean loss gap"),
    )
    return Drawing(Sketch(panels, layers, points, words, handles, (("lr",), ("lr",)), (9.6, 4.8)), lr, beta, batch)


def noisy_runs(lr, beta, batch):
    """Where each run ends, a list of (x, y), and the mean loss gap at each step, from a small generator of its own."""
    seed, ends, gaps, noise = 1, [], [0.0 for _ in range(STEPS + 1)], 1 / math.sqrt(batch)
    a, b = CURVATURES
    for _ in range(RUNS):
        x, y, vx, vy = START[0], START[1], 0.0, 0.0
        for t in range(STEPS + 1):
            gaps[t] += (a * x * x + b * y * y) / 2 / RUNS
            seed = seed * 16807 % 2147483647  # Lehmer's generator: two uniform numbers, and two normal ones of them
            size = noise * math.sqrt(-2 * math.log(seed / 2147483647))
            seed = seed * 16807 % 2147483647
            turn = 2 * math.pi * seed / 2147483647
            vx = beta * vx + a * x + size * math.cos(turn)
            vy = beta * vy + b * y + size * math.sin(turn)
            if t < STEPS:
                x, y = x - lr * vx, y - lr * vy
        ends.append((x, y))
    return ends, gaps
