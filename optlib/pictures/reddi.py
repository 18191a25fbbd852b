"""Adam on the gradients C, -1, ..., -1: where its memory is too short for it to converge, and the run itself."""

import math

from .. import checks
from . import theme
from .sketch import AREA, DOTS, LINE, TEXT, Drawing, Layer, Panel, Sketch, moving

STEPS, RATE = 20_000, 4.0  # the learning rate is RATE / sqrt(t)
MEMORY, PERIOD = (1.0, 1e4), (3.0, 100.0)
PALE = 0.6
APART = 1.06  # from one point that is drawn to the next, in steps


@moving("C", "memory")
def reddi(C, memory):
    """Adam without momentum on [-1, 1], where the gradient is C at every C-th step and -1 at all others.

    The sum of the gradients of a round is 1, so -1 is the best place and 1 the worst.  A map of both numbers, with the
    border that is measured, memory = C²/4; and 20,000 steps from 0 at the learning rate 4 / sqrt(t).

    Parameters
    ----------
    C : int from 3 to 100
    memory : float from 1 to 10,000
        Steps over which Adam averages the squares, 1 / (1 - beta2).

    Source: S. Reddi, S. Kale, S. Kumar (2018), On the Convergence of Adam and Beyond, ICLR, section 3.
    """
    C = checks.number("reddi", "C", C, "[3, 100]")
    memory = checks.number("reddi", "memory", memory, "[1, 10000]")

    def points(C, memory):
        return [[(memory, C)], reddi_run(C, memory)]

    def words(C, memory):
        end = reddi_run(C, memory)[-1][1]
        return (
            f"C = {C:.4g}, β₂ = {1 - 1 / memory:.4g}: after {STEPS} steps at {end:.3f}",
            "−1 is the best place, 1 the worst",
            f"Adam on the gradients {C:.4g}, then −1 until the round of {C:.4g} steps is over, with a memory "
            f"of {memory:.4g} steps: after {STEPS} steps it is at {end:.3f}. The best place is −1, the worst 1. A "
            "map shows that it needs a memory of about a quarter of the square of C.",
            ["", ""],
        )

    def handles(C, memory):
        return [(0, memory, C)]

    (left, right), (low, high) = MEMORY, PERIOD
    corner = (low * low / 4, low)
    tints = (theme.VERMILLION, theme.GREEN)
    layers = (
        Layer(AREA, tints[1], points=[(left, low), (right, low), (right, high), (left, high)], pale=PALE),
        Layer(AREA, tints[0], points=[(left, low), corner, (high * high / 4, high), (left, high)], pale=PALE),
        Layer(LINE, theme.INK, points=[corner, (high * high / 4, high)]),
        Layer(TEXT, tints[0], points=[(15.0, 50.0)], label="to the worst place", pale=PALE, size=12.0),
        Layer(TEXT, tints[1], points=[(700.0, 9.0)], label="to the best place", pale=PALE, size=12.0),
        Layer(DOTS, theme.PAPER, size=9.0, edge=theme.INK),
        Layer(LINE, theme.FAINT, 1, [(1, 0), (STEPS, 0)], width=0.8), Layer(LINE, theme.VERMILLION, 1, width=1.4),
    )  # fmt: skip
    panels = (
        Panel(MEMORY, PERIOD, ("memory 1 / (1 − β₂)", "C"), (True, True),
              (None, {v: f"{v}" for v in (3, 10, 30, 100)})),
        Panel((1, STEPS), (-1.1, 1.1), ("step", ""), (True, False), title="x"),
    )
    return Drawing(Sketch(panels, layers, points, words, handles, (("C", "memory"),), (9.6, 4.8)), C, memory)


def reddi_run(C, memory):
    """Some points (t, x) of the run, the last one among them."""
    period, keep = math.floor(C + 0.5), 1 - 1 / memory
    x, v, wait, points = 0.0, 0.0, 1.0, [(1, 0.0)]
    for t in range(STEPS):
        g = period if t % period == 0 else -1.0
        v = keep * v + (1 - keep) * g * g
        x = x - RATE / math.sqrt(t + 1) * g / (math.sqrt(v / (1 - keep ** (t + 1))) + 1e-8)
        x = 1.0 if x > 1 else -1.0 if x < -1 else x
        if t + 1 >= wait or t == STEPS - 1:
            wait = wait * APART
            points.append((t + 1, x))
    return points
