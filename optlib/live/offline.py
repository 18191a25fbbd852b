"""`explore` without a kernel: paths for a grid of settings, computed ahead and small enough for the notebook.

Sliders in the page choose among them: learning rates, for a single rule a second hyper-parameter, and starts.  The
paths are exact at these settings; positions are rounded to a thousandth of the picture, values to about a tenth of a
percent.
"""

import base64
import zlib

import numpy as np

from ..arrays import is_array
from ..minimize import minimize
from . import browser_data, page
from .setting import code_name, given, with_settings

UNITS = 1000  # positions are integers, so many across the picture; explore.js has the same three constants
PER_DECADE, SMALLEST = 500, 1e-9  # values are kept as signed logarithms
REACH = 30  # pictures to each side, beyond which a path is cut off
MOST_NUMBERS = 240_000  # in one explorable: about 250 kB as text
MOST_POINTS = 101  # of one path; longer ones are thinned out
LEVELS = {"first": (25, 17, 9), "second": (9, 5, 1), "start": (5, 3, 1)}
ONE_START = {"first": (33, 25, 17), "second": (23, 17, 9), "start": (1,)}
SCRIPTS = ("core.js", "canvas.js", "animation.js", "explore.js")


def html(setting, scene, picture, names=None, chart=None):
    """The explorable as one piece of HTML around a still picture; without any reference to the network.

    ``names`` are the hyper-parameters that get sliders, by default those of `_names`.  ``chart`` is a map over two of
    them that stands right before it on the page; a click in the map turns both sliders.
    """
    if not chart:
        return page.player("optlib-explorable", picture, data(setting, scene, names), SCRIPTS)
    # Spend the size budget on these two; keep one start.
    with_chart = data(setting, scene, names, ONE_START) | {"chart": chart}
    return page.player("optlib-explorable", picture, with_chart, (*SCRIPTS[:-1], "chart.js", SCRIPTS[-1]))


def data(setting, scene, names=None, sizes=LEVELS):
    """What the page needs, as plain data: axes of sliders, rules, and the packed paths."""
    tracks = setting.tracks()
    hypers = _hypers(setting, names or _names(setting))
    steps = np.unique(np.linspace(0, setting.steps, min(setting.steps + 1, MOST_POINTS)).round().astype(int))
    axes, starts = _axes(setting, scene, hypers, len(steps), sizes)
    rules, numbers = [], []
    for name, track in zip(setting.chosen, tracks, strict=True):
        rule = setting.rule(name)
        own = [h for h in hypers if h in rule.hypers and can_turn(rule, h)]
        runs = _runs(setting.f, rule, {h: axes[h] for h in own}, starts, setting.steps)
        numbers.append(_rounded(scene, runs, steps))
        rules.append({
            "label": name, "call": code_name(type(rule)), "axes": own, "rest": given(rule, never=own),
            "ended": [run["ended"] for run in runs], "diverged": [i for i, run in enumerate(runs) if run["diverged"]],
            **browser_data.style_data(track.style),
        })  # fmt: skip
    f = setting.f
    return {
        "title": scene.f.name.replace("_", " ").capitalize(),
        "description": f"Paths of {', '.join(setting.chosen)} on {f.name}, computed ahead for the sliders below.",
        "known": page.known_name(f),
        "steps": steps.tolist(),
        "axes": [
            {"name": h, "symbol": rule_symbol, "values": axes[h], "now": axes[h].index(now)}
            for h, (now, rule_symbol) in hypers.items()
        ],
        "starts": starts,
        "start": starts.index(list(setting.start)),
        "places": (browser_data.fractions(scene, _places(scene, starts)) / browser_data.UNITS).round(4).tolist(),
        "rules": rules,
        "scene": browser_data.scene_data(scene),
        "values": browser_data.values_data(scene, tracks, setting.steps),
        "packed": pack(np.concatenate(numbers)),
    }


def pack(numbers):
    """Integers (paths, points, 3) as text: second differences along each path, compressed.

    Arithmetic is modulo 2^16, so that differences of any size come back exactly.
    """
    # Points last: then the numbers of one curve lie side by side.
    lines = np.ascontiguousarray(np.swapaxes(numbers, 1, 2)).astype(np.int16)
    for _ in range(2):
        lines = np.diff(lines, axis=-1, prepend=np.int16(0))
    folded = ((lines << 1) ^ (lines >> 15)).astype(np.uint16).ravel()  # small numbers of either sign are small
    planes = np.concatenate([folded & 255, folded >> 8]).astype(np.uint8)
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")


def unpack(text, points):
    """The inverse of `pack`: integers (paths, points, 3)."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).astype(np.uint16)
    low, high = planes.reshape(2, -1)
    folded = low | (high << 8)
    lines = ((folded >> 1).astype(np.int16) ^ -(folded & 1).astype(np.int16)).reshape(-1, 3, points)
    for _ in range(2):
        lines = np.cumsum(lines, axis=-1, dtype=np.int16)
    return np.swapaxes(lines, 1, 2)


# --- which settings ------------------------------------------------------------------------------------------


def _names(setting):
    """Hyper-parameters that get a slider: the shared lr, and one more of a lone rule."""
    rules = [setting.rule(name) for name in setting.chosen]
    names = [h for h in rules[0].hypers if len(rules) == 1 and h not in setting.fixed and can_turn(rules[0], h)]
    if len(rules) > 1:
        names = ["lr"] if "lr" not in setting.fixed and any(can_turn(rule, "lr") for rule in rules) else []
    elif "lr" in names:
        names = ["lr", *[h for h in names if h != "lr"][:1]]
    return names[:2]


def _hypers(setting, names):
    """Present value and symbol of each."""
    rules, hypers = [setting.rule(name) for name in setting.chosen], {}
    for name in names:
        rule = next(rule for rule in rules if can_turn(rule, name))
        hypers[name] = rule.settings()[name], rule.hypers[name].symbol
    return hypers


def can_turn(rule, name):
    """Whether a slider can turn this hyper-parameter: a single number with a range."""
    if name not in rule.hypers:
        return False
    about, value = rule.hypers[name], rule.settings()[name]
    return about.slider is not None and type(about.default) is float and not is_array(value) and not callable(value)


def _axes(setting, scene, hypers, points, sizes):
    """Values of each slider and the list of starts, as many as fit into `MOST_NUMBERS`."""
    room = MOST_NUMBERS / (3 * points * len(setting.chosen))
    choices = [
        (first, second, start)
        for start in sizes["start"] for first in sizes["first"] for second in sizes["second"]
    ]  # fmt: skip

    def fit(choice):
        first, second, start = choice
        size = int(np.prod([*(first, second)[: len(hypers)], start**2]))
        return size <= room, -size if size > room else size, first

    first, second, start = max(choices, key=fit)
    axes = {}
    for (name, (now, _)), count in zip(hypers.items(), (first, second), strict=False):
        rule = next(setting.rule(n) for n in setting.chosen if can_turn(setting.rule(n), name))
        axes[name] = levels(rule.hypers[name], now, count)
    return axes, _starts(scene, setting.start, start)


def levels(about, now, count):
    """``count`` values of a slider, the present one among them exactly."""
    low, high = about.slider
    low, high = min(low, now), max(high, now)
    values = np.geomspace(low, high, count) if about.log and low > 0 else np.linspace(low, high, count)
    values = [float(f"{v:.3g}") for v in values]
    far = [abs(np.log(v / now)) if about.log and v > 0 and now > 0 else abs(v - now) for v in values]
    values[int(np.argmin(far))] = now
    return sorted(set(values))


def _starts(scene, start, count):
    """``count`` squared starts over the picture; ``start`` takes the place of the nearest."""
    count = count**2 if len(start) == 1 else count
    sides = (scene.x, scene.y)[: len(start)]
    lines = [[float(f"{v:.3g}") for v in low + (high - low) * (np.arange(count) + 0.5) / count] for low, high in sides]
    for line, value in zip(lines, start, strict=True):
        line[int(np.argmin(np.abs(np.array(line) - value)))] = value
    grid = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    return grid.reshape(-1, len(start)).tolist()


def _places(scene, starts):
    """Where the starts lie in the picture."""
    points = np.array(starts)
    with np.errstate(all="ignore"):
        return points if scene.flat else np.column_stack([points, scene.f(points)])


# --- the paths -----------------------------------------------------------------------------------------------


def _runs(f, rule, axes, starts, steps):
    """One dict a path, in the order of the axes and then the starts; unusable starts give an empty path."""
    settings = [grid.ravel() for grid in np.meshgrid(*axes.values(), np.arange(len(starts)), indexing="ij")]
    points = np.array(starts)[settings[-1].astype(int)]
    values = dict(zip(axes, settings[:-1], strict=True))
    with np.errstate(all="ignore"):
        usable = np.isfinite(np.broadcast_to(f(points), len(points)))
    # Random rules draw from one generator for a batch: run them one by one, to get the paths of `minimize`.
    one_by_one = "function" in rule.reads
    groups = [[i] for i in np.flatnonzero(usable)] if one_by_one else [np.flatnonzero(usable)]
    runs = [{"ended": 0, "diverged": False, "x": points[i : i + 1], "f": np.zeros(1)} for i in range(len(points))]
    for group in filter(len, groups):
        path = minimize(f, with_settings(rule, {h: v[group][:, None] for h, v in values.items()}), points[group], steps)
        for k, i in enumerate(group):
            ended, diverged = int(path.ended_at[k]), bool(path.diverged[k])
            runs[i] = {"ended": ended, "diverged": diverged, "x": path.x[:, k], "f": path.f[:, k]}
    return runs


def _rounded(scene, runs, steps):
    """Places and values of paths at ``steps`` as integers (paths, points, 3)."""
    rows = np.empty((len(runs), len(steps), 3), dtype=np.int64)
    low, high = np.array([scene.x[0], scene.y[0]]), np.array([scene.x[1], scene.y[1]])
    for row, run in zip(rows, runs, strict=True):
        kept = np.minimum(steps, len(run["f"]) - 1)
        x, f = run["x"][kept], run["f"][kept]
        place = x if scene.flat else np.column_stack([x[:, 0], f])
        row[:, :2] = np.round(np.clip((place - low) / (high - low), -REACH, REACH) * UNITS)
        row[:, 2] = signed_logarithms(f - browser_data.base_of(scene))
    return rows


def signed_logarithms(values):
    """Values as signed logarithms, integers that fit into 16 bits."""
    size = np.clip(np.abs(values), 0, 1e50) / SMALLEST
    return (np.sign(values) * np.round(PER_DECADE * np.log10(1 + size))).astype(np.int64)
