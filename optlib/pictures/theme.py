"""How the course looks: one color for one optimizer, sizes for a lecture hall, and the source of the colors.

Seven of the eight colors of Okabe and Ito mark the optimizers (M. Okabe, K. Ito, 2008, *Color Universal Design*):
color-blind readers can tell them apart, and line style and marker do so on gray paper.  The eighth, yellow, is too
pale for a line; it fills the stars that mark minima.

Everything here is plain data (hex colors, numbers), so that players in the browser draw in the same style.
matplotlib is imported only by the functions that need it.
"""

import contextlib

BLACK, BLUE, SKY, GREEN = "#000000", "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#F0E442"
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
# For rules of one family in one picture; and for one rule at several settings, from dark to light as in "plasma".
MORE = ("#7A8794", "#6B4423", "#A50F3C", "#8A8500", "#6A3D9A")
SCALE = ("#3A2CA0", "#5F22A4", "#7E22A1", "#9C2796", "#BB3486", "#D2476F", "#E35F56", "#EC7A3C", "#F09228", "#F2A81E")
PATH_COLORS = COLORS + MORE + SCALE

PAPER, INK, FAINT = "#FFFFFF", "#1A1A1A", "#6B6B6B"  # page, text, grid and secondary text
UNDEFINED, UNDEFINED_HATCH = "#E4E4E4", "#9A9A9A"  # where a function has no value or a run diverged

# From low values to high.  Lightness only grows; muted hues let every path color stand out.
LANDSCAPE = ("#52748F", "#7E9FB2", "#A9C3C9", "#CFDDD8", "#E9EADB", "#F8F4E6")
# The same for results: nothing is drawn on top, so contrast may be stronger.
RESULTS = ("#12304B", "#1F5A7D", "#3E87A0", "#7DB3AE", "#BED7B8", "#F3F1CF")

# Dash patterns in multiples of the line width, as matplotlib and a canvas both take them; () is a solid line.
SOLID, DASHED, DOTTED, DASH_DOT = (), (4.0, 1.6), (1.0, 1.4), (5.0, 1.4, 1.0, 1.4)
LONG, DASH_DOT_DOT = (8.0, 2.0), (5.0, 1.4, 1.0, 1.4, 1.0, 1.4)
SPARSE, LONG_DOT = (1.0, 3.5), (10.0, 1.4, 2.0, 1.4)
DASHES = (SOLID, DASHED, DOTTED, DASH_DOT, LONG, DASH_DOT_DOT, SPARSE, LONG_DOT)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "h", "<", ">", "d")

# Families share a color; the first of each family, the one most often raced, has the solid line, but for RMSProp: who
# sees no red and green takes its purple for AdaGrad's green.
_STYLES = {
    "GradientDescent":     (BLACK, SOLID, "o"),
    "ASGD":                (BLACK, DASHED, "h"),
    "Newton":              (BLACK, DASH_DOT, "X"),
    "Momentum":            (BLUE, SOLID, "s"),
    "QHM":                 (BLUE, DASHED, "p"),
    "AggMo":               (BLUE, DOTTED, "P"),
    "DemonMomentum":       (BLUE, DASH_DOT, "d"),
    "Nesterov":            (SKY, SOLID, "D"),
    "YellowFin":           (SKY, DASHED, "<"),
    "AdaGrad":             (GREEN, SOLID, "^"),
    "AdaDelta":            (GREEN, DASHED, ">"),
    "RMSProp":             (PURPLE, LONG, "v"),
    "SimulatedAnnealing":  (PURPLE, DASHED, "h"),
    "GeneticAlgorithm":    (PURPLE, DOTTED, "d"),
    "Adam":                (VERMILLION, SOLID, "P"),
    "AdaMax":              (VERMILLION, DASHED, "^"),
    "AMSGrad":             (VERMILLION, DOTTED, "v"),
    "QHAdam":              (VERMILLION, DASH_DOT, "p"),
    "AdamW":               (ORANGE, SOLID, "X"),
    "Nadam":               (ORANGE, DASHED, "D"),
    "RAdam":               (ORANGE, DOTTED, "s"),
    "DemonAdam":           (ORANGE, DASH_DOT, "d"),
}  # fmt: skip
# Rules of today: each takes the next free line of its family's color.
for _color, _names in {
    BLACK: "Muon Shampoo SOAP LBFGS", BLUE: "Lion LARS SAM", GREEN: "Adafactor AdamMini Prodigy DAdaptAdam Sophia",
    SKY: "ScheduleFree Lookahead EMA Cautious ClipNorm ClipValue", PURPLE: "Adan MARS AdEMAMix",
    VERMILLION: "AdaBelief ADOPT LaProp", ORANGE: "LAMB WeightDecay",
}.items():  # fmt: skip
    _free = [dashes for dashes in DASHES if (_color, dashes) not in {style[:2] for style in _STYLES.values()}]
    _STYLES |= {name: (_color, *each) for name, *each in zip(_names.split(), _free, MARKERS, strict=False)}

# Looks for rules that readers register: none of them is that of a rule of the course.
_TAKEN = {(color, dashes) for color, dashes, _ in _STYLES.values()}
_SPARE = tuple((color, dashes) for dashes in DASHES for color in COLORS if (color, dashes) not in _TAKEN)

# Sizes are chosen for figures of 8 x 5.5 inches, seen 760 pixels wide: text of 16 pixels and more.  Slides show them a
# little larger, and count on no text below 12 points (PICTURE in tools/slides/plan.js).
SIZE = (8.0, 5.5)
_RC = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), PAPER),
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), FAINT),
    **dict.fromkeys(("font.size", "legend.fontsize", "xtick.labelsize", "ytick.labelsize"), 12),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon"), False),
    **{"figure.constrained_layout.w_pad": 0.1, "figure.constrained_layout.h_pad": 0.06},  # inches around the whole
    "axes.labelsize": 13,
    "axes.titlesize": 14,
    "axes.formatter.use_mathtext": True,
    "axes.formatter.limits": (-4, 5),
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same picture on every machine
    "grid.color": "#DDDDDD",
    "hatch.color": UNDEFINED_HATCH,
    "hatch.linewidth": 0.6,
    "legend.handlelength": 2.6,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "svg.hashsalt": "optlib",  # the same figure gives the same file
}


def style_of(rule):
    """Color, line style and marker of an optimizer, given as class, instance or name, the same throughout the course.

    A dict with ``color`` (hex), ``linestyle`` ("solid" or matplotlib's (0, dashes)) and ``marker``, as ``axes.plot``
    takes them; `dash_array` turns the line style into plain numbers.  A name that the course does not know gets a
    style that depends on the name alone.
    """
    name = name_of(rule)
    if name in _STYLES:
        color, dashes, marker = _STYLES[name]
    else:
        # A sum over the letters rather than hash(), which Python salts anew in every session.
        checksum = sum(place * ord(letter) for place, letter in enumerate(name, start=1))
        color, dashes = _SPARE[checksum % len(_SPARE)]
        marker = MARKERS[checksum % len(MARKERS)]
    return _style(color, dashes, marker)


def looks(names):
    """The styles of all curves of one picture, as `style_of` gives them: no two of up to twelve share a color.

    ``names`` are those of rules, None for a curve that is no rule's.  A rule has its own color, or the next free one
    where a curve before has that; in a crowd, its own.  One rule alone, at several settings, runs through a scale from
    dark to light, which gray paper keeps apart as well.
    """
    owns = [style_of(name) if name else _style(None, SOLID, MARKERS[0]) for name in names]
    taken = {own["color"] for own in owns}
    alone, crowd = len(names) > 1 and len(set(names)) == 1 and names[0], len(names) > len(COLORS + MORE)
    styles, free, colors = [], [], {None}
    for i, (name, own) in enumerate(zip(names, owns, strict=True)):
        turn, dash, marker = names[:i].count(name), DASHES.index(dash_array(own)), MARKERS.index(own["marker"])
        free = free or [color for color in COLORS + MORE if color not in taken]
        color = own["color"] if name and crowd or own["color"] not in colors else free.pop(-1 if name else 0)
        if alone:
            color, dash = SCALE[round(i * (len(SCALE) - 1) / (len(names) - 1))], dash - turn
        colors.add(color)
        dash += turn + turn // len(MARKERS)
        styles.append(_style(color, DASHES[dash % len(DASHES)], MARKERS[(marker + turn) % len(MARKERS)]))
    return styles


def dash_array(style):
    """The dash pattern of a style as a tuple of numbers in multiples of the line width; () for solid."""
    return () if style["linestyle"] == "solid" else tuple(style["linestyle"][1])


def name_of(rule):
    """Name of an optimizer given as class, instance or name."""
    if isinstance(rule, str):
        return rule
    return rule.__name__ if isinstance(rule, type) else type(rule).__name__


def rgb(color):
    """A hex color as three integers from 0 to 255."""
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def mix(color, other, share):
    """A hex color, moved the given share of the way (0 to 1) to another."""
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in zip(rgb(color), rgb(other), strict=True))


def shade(share, stops=LANDSCAPE):
    """A hex color of the landscape: that of its low end at 0, of its high end at 1."""
    place = share * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    return mix(stops[first], stops[first + 1], place - first)


def colormap(stops=LANDSCAPE):
    """A matplotlib colormap through the given hex colors; undefined values are transparent."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("optlib", list(stops))


@contextlib.contextmanager
def themed():
    """Draw in the style of the course within this block; restore the reader's own settings after it."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def _style(color, dashes, marker):
    return {"color": color, "linestyle": (0, dashes) if dashes else "solid", "marker": marker}
