"""Rules in a quadratic valley that a slider makes narrow, and turns."""

import math

from .. import checks
from ..optimizers.base import as_rule
from ..words import settings_text
from . import theme
from .picture import number, point
from .sketch import AREA, DOTS, LINE, Drawing, Layer, Panel, Sketch, moving, walk

START = (-4.0, 2.0)
REACH = 5.0  # shown to either side of the minimum
HIGHEST, FACTOR, BANDS = 12.0, 0.5, 13  # contour lines: the highest, from each to the next, and how many
LOWEST = 1e-10  # of the values that are shown
LOST = 1e6  # beyond this value a path counts as diverged


@moving("kappa", "angle", "lr")
def valley(rules, kappa, angle=0.0, lr=None, steps=60):
    """Paths of rules in the quadratic valley of condition number ``kappa``, and their values.

    The curvatures are 1/kappa and 1, as of ``functions.quadratic(kappa, angle)``.  The start, (-4, 2), turns with the
    valley.

    Parameters
    ----------
    rules : optimizer, or sequence of them: classes, instances or names
    kappa : float, at least 1
    angle : float
        Degrees by which valley and start are turned counterclockwise.
    lr : float, optional
        Learning rate of all rules, in place of their own.
    steps : int
    """
    rules = rules if isinstance(rules, (list, tuple)) else [rules]
    rules = [as_rule("valley", rule, by_name=True) for rule in rules]
    if not rules:
        raise TypeError("valley: give at least one rule, such as ol.GradientDescent")
    kappa = checks.number("valley", "kappa", kappa, "[1, inf)")
    angle = checks.number("valley", "angle", angle)
    lr = lr if lr is None else checks.number("valley", "lr", lr, "(0, inf)")
    steps = checks.integer("valley", "steps", steps, least=1)
    several = len(rules) > 1
    names = [settings_text(rule) for rule in rules] if lr is None else [type(rule).__name__ for rule in rules]
    labels, alone = (names, "") if several else ([""], f"{names[0]}, ")

    def turned(x, y, angle):
        c, s = math.cos(angle * math.pi / 180), math.sin(angle * math.pi / 180)
        return [c * x - s * y, s * x + c * y]

    def value(x, y, kappa, angle):
        along, across = turned(x, y, -angle)
        return (along * along / kappa + across * across) / 2

    def walks(kappa, angle, lr):
        c, s = math.cos(angle * math.pi / 180), math.sin(angle * math.pi / 180)
        a, b, d = c * c / kappa + s * s, c * s * (1 / kappa - 1), s * s / kappa + c * c
        slopes = lambda x, y: (a * x + b * y, b * x + d * y)
        return [walk(rule, slopes, turned(START[0], START[1], angle), steps, lr) for rule in rules]

    def ellipse(height, kappa, angle):
        wide, narrow = math.sqrt(2 * height * kappa), math.sqrt(2 * height)
        around = [k * math.pi / 45 for k in range(90)]
        return [turned(wide * math.cos(t), narrow * math.sin(t), angle) for t in around]

    def points(kappa, angle, lr):
        paths = walks(kappa, angle, lr)
        heights = [[(t, value(p[0], p[1], kappa, angle)) for t, p in enumerate(path)] for path in paths]
        bands = [ellipse(HIGHEST * FACTOR**k, kappa, angle) for k in range(BANDS)]
        ends = [[path[-1]] for path in paths]
        return [*bands, *paths, *ends, [paths[0][0]], *heights]

    def words(kappa, angle, lr):
        ends = [path[-1] for path in walks(kappa, angle, lr)]
        values = [value(p[0], p[1], kappa, angle) for p in ends]
        reached = [f"f = {number(v)}" if v < LOST else "it diverged" for v in values]
        rate = "" if lr is None else f", lr {lr:.4g}"
        turn = f", turned by {angle:.4g} degrees" if angle else ""
        told = [
            f" {name}: at {point(p)}, {text}." if v < LOST else f" {name} diverged."
            for name, p, v, text in zip(names, ends, values, reached, strict=True)
        ]
        return (
            f"Valley of condition number {kappa:.4g}{turn}",
            f"{alone}{steps} steps{rate}{'' if several else f': {reached[0]}'}",
            f"A quadratic valley of condition number {kappa:.4g}{turn}, with {steps} steps of each rule{rate}."
            f"{''.join(told)}",
            ["" for _ in range(BANDS)] + labels + ["" for _ in range(2 * len(names) + 1)],
        )

    def handles(kappa, angle, lr):
        return [(0, *turned(START[0], START[1], angle))]

    styles = theme.looks([type(rule).__name__ for rule in rules])
    lines = [(style["color"], theme.dash_array(style)) for style in styles]
    corners = [(-20, -20), (20, -20), (20, 20), (-20, 20)]  # a page may show more than the panel
    layers = (
        Layer(AREA, 1.0, points=corners),
        *(Layer(AREA, 1 - (k + 1) / BANDS) for k in range(BANDS)),
        *(Layer(LINE, color, dashes=dashes) for color, dashes in lines),
        *(Layer(DOTS, style["color"], marker=style["marker"], size=10.0) for style in styles),
        Layer(DOTS, theme.PAPER, size=9.0, edge=theme.INK),
        Layer(DOTS, theme.YELLOW, points=[(0, 0)], marker="*", size=12.0, edge=theme.INK),
        *(Layer(LINE, color, 1, dashes=dashes) for color, dashes in lines),
    )  # fmt: skip
    side = (-REACH, REACH)
    panels = (
        Panel(side, side, ("x", "y"), equal=True),
        Panel((0, steps), (LOWEST, 100.0), ("step", ""), (False, True), title="value of f"),
    )
    sketch = Sketch(panels, layers, points, words, handles, (("angle",),), (9.6, 5.4))
    return Drawing(sketch, kappa, angle, lr)
