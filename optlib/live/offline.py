"""What a page needs for `explore`: it computes the paths by itself, at any setting and from any start.

The program of a page is translated from the Python source of its function, rules and schedules (`translate`).  With it
go reference numbers, so that a page whose browser computes anything else stands still and says so.  Functions and rules
are described apart from each other: a kernel sends single ones to a page that has been opened already (`explorer`).
"""

import numpy as np

from .. import checks, numerical, theory
from ..arrays import is_array
from ..pictures.picture import show_name
from ..trajectory import late_steps
from . import browser_data, page, translate
from .scene import scene
from .setting import code_name, code_of_wrapped, code_settings

SCRIPTS = ("core.js", "canvas.js", "runtime.js", "engine.js", "slider.js", "tuning.js", "bridge.js", "chart.js",
           "explore.js", "state.js")  # fmt: skip
CHECKED_POINTS, CHECKED_STEPS = 5, 10
MOST_POINTS = 400  # of a path that Python computes


def html(setting, view, picture, names=None, chart=None, bridge=""):
    """The explorable as one piece of HTML around a still picture; without any reference to the network.

    ``names`` are the hyper-parameters that get sliders, each with values, rising, to which its slider reaches at least;
    by default all that are single numbers with a range.  ``chart`` is a map over two of them that stands right before
    it on the page; a click in the map turns both sliders.  ``bridge`` is the CSS class of the widgets by which the page
    talks to Python.  What a page cannot compute stands still, with the reason, until Python answers.
    """
    contents = data(setting, view, names)
    contents["program"], put = page.program(program(setting))
    if chart:
        contents["chart"] = chart
    return page.player("optlib-explorable", picture, contents, SCRIPTS, put, ("player.css", "explore.css"), bridge)


def program(setting):
    """JavaScript of function, chosen rules and what counts as late; null in the place of what a page cannot compute."""
    all_of_it = setting.f, *map(setting.rule, setting.chosen)
    f, *rules = (translated(one, setting.evaluated)[0] or "null" for one in all_of_it)
    late = translate.schedule(late_steps).source
    return f"{{f: {f}, rules: [{', '.join(rules)}], late: {late}}}"


def translated(one, evaluated=False):
    """JavaScript of a function or a rule, and the reason why there is none; one of the two is None."""
    try:
        if hasattr(one, "formula"):
            return translate.function(one).source, None
        return translate.rule(one, evaluated).walker, None
    except translate.Untranslatable as reason:
        return None, str(reason)


def data(setting, view, names=None):
    """What the page needs beside the program, as plain data."""
    f, listed = setting.f, ", ".join(setting.chosen)
    reasons = filter(None, (translated(one, setting.evaluated)[1] for one in (f, *map(setting.rule, setting.chosen))))
    return {
        "description": f"Paths of {listed} on {f.name}, computed by this page.",
        "f": function_data(f, view),
        "rules": [rule_data(setting, name, names) for name in setting.chosen],
        "steps": setting.steps,
        "start": list(setting.start),
        "still": next((f"This picture moves only where Python runs: {reason}." for reason in reasons), ""),
    }  # fmt: skip


def function_data(f, view):
    """A function as the page knows it: what is drawn of it, its names, what theory says, and some of its values."""
    computed = translated(f)[1] is None
    return {
        "name": f.name, "title": show_name(f), "known": page.known_name(f),
        "start": list(map(float, f.start)), "scene": browser_data.scene_data(view, computed),
        "snaps": snaps(f), "check": _function_check(f) if computed else None, "values": browser_data.named_values(view),
    }  # fmt: skip


def rule_data(setting, name, names=None):
    """A rule as the page knows it; ``names`` are the hyper-parameters with sliders, see `html`."""
    rule = setting.rule(name)
    own = names or [h for h in rule.hypers if h not in setting.fixed and has_control(rule, h)]
    arguments = code_settings(rule, never=own) | {h: h for h in own}  # a page puts in what its sliders say
    track = setting.track(name)
    steps = min(CHECKED_STEPS, setting.steps)
    end = track.x[min(steps, track.steps)].tolist()
    return {
        "label": name, "call": code_name(type(rule)), "theory": type(rule).__name__,
        "hypers": [_hyper(rule, h, *(names[h][[0, -1]].tolist() if names else ())) for h in own],
        "args": [*code_of_wrapped(type(rule)), *(arguments[h] for h in rule.hypers if h in arguments)],
        "check": {"start": list(setting.start), "steps": steps, "end": end}, "evaluated": setting.evaluated,
        **browser_data.style_data(track.style),
    }  # fmt: skip


def can_turn(rule, name, ranged=False):
    """Whether a slider can turn this hyper-parameter: a single real number with a range, its own or one it is given."""
    about, value = rule.hypers[name], rule.settings()[name]
    has_range = ranged or about.slider is not None
    return has_range and type(about.default) is float and not is_array(value) and not callable(value)


def has_control(rule, name):
    """Whether the page has a control for it: a slider, also for integers, or a check box."""
    about = rule.hypers[name]
    kind = type(about.default)
    return can_turn(rule, name) or kind is bool or (kind is int and about.slider is not None)


def _hyper(rule, name, *reached):
    about, now = rule.hypers[name], getattr(rule, name)
    kind = type(about.default)
    if kind is bool:
        return {"name": name, "flag": True, "now": now, "otherwise": about.default}
    reached = [value for value in (now, *reached, *(about.slider or ())) if value > 0 or not about.log]
    ends = [end if isinstance(end, bool) or np.isfinite(end) else None for end in checks.ends(about.allowed)]
    return {
        "name": name, "low": min(reached), "high": max(reached), "log": about.log, "now": now,
        "otherwise": about.default, "allowed": ends, **({"integer": True} if kind is int else {}),
    }  # fmt: skip


def snaps(f):
    """Settings that theory names, from the curvatures at the minimum: rule -> hyper-parameter -> pairs (value, name).

    On a quadratic they hold everywhere, elsewhere near the minimum.  Empty where the minimum is not known, or is not
    curved in all directions.
    """
    if not f.minima:
        return {}
    with np.errstate(all="ignore"):
        wide, narrow = (numerical.batch_hessian(f.grad, np.array(f.minima[0]), width) for width in (1e-4, 1e-5))
    if not np.isfinite(narrow).all() or not np.allclose(wide, narrow, rtol=0.01, atol=1e-6):  # a kink
        return {}
    curvatures = np.linalg.eigvalsh(narrow)
    smallest, largest = float(curvatures[0]), float(curvatures[-1])
    if smallest <= 1e-6 * largest:
        return {}

    def pair(value, word):
        return [float(f"{value:.6g}"), word]

    descent, momentum, nesterov = (settings(smallest, largest) for settings in (
        theory.gd_settings, theory.heavy_ball_settings, theory.nesterov_settings))  # fmt: skip
    best = [pair(descent["lr"], "best")] if smallest < largest else []  # else it is 1/L
    return {
        "GradientDescent": {"lr": [pair(1 / largest, "1/L"), *best, pair(2 / largest, "2/L")]},
        "Momentum": {name: [pair(value, "best")] for name, value in momentum.items()},
        "Nesterov": {"lr": [pair(nesterov["lr"], "1/L")], "beta": [pair(nesterov["beta"], "best")]},
    }


def _function_check(f):
    """Values and slopes at a few points of the picture."""
    low, high = np.array(f.domain).T
    points = low + (high - low) * np.random.default_rng(0).random((CHECKED_POINTS, f.dim))
    with np.errstate(all="ignore"):
        points = points[np.isfinite(f(points)) & np.isfinite(f.grad(points)).all(axis=-1)]
    return {"points": points.tolist(), "values": f(points).tolist(), "slopes": f.grad(points).tolist()}


def function_piece(f):
    """A function of the course for a page that has it not: its data and its program."""
    view, (source, reason) = scene(f, who="explore"), translated(f)
    about = function_data(f, view)
    if f.dim == 2 and reason:  # the page cannot draw it, and has the still of its first function only
        about["scene"]["bands"] = page.data_url(browser_data.bands_png(view, browser_data.MAP_SIZE))
    return [about, source]


def path_data(path):
    """A path that Python computes, thinned as the page's own runs are."""
    last = int(path.ended_at)
    stride = -(-max(last, 1) // MOST_POINTS)
    kept = np.append(np.arange(0, last, stride), last)
    return {
        "points": [[float(f"{v:.7g}") for v in point] for point in path.x[kept]],
        "values": browser_data.short(path.f[kept], 7), "stride": stride, "diverged": bool(path.diverged),
    }  # fmt: skip
