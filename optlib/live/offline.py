"""`explore` without a kernel: the page computes the paths by itself, at any setting and from any start.

The program of a page is translated from the Python source of its function, rules and schedules (`translate`).  With it
go reference numbers, so that a page whose browser computes anything else stands still and says so.
"""

import html as markup

import numpy as np

from .. import checks
from ..arrays import is_array
from ..minimize import minimize
from . import browser_data, page, translate
from .setting import code_name, given

SCRIPTS = ("core.js", "canvas.js", "runtime.js", "explore.js")
CHECKED_POINTS, CHECKED_STEPS = 5, 10


def html(setting, scene, picture, names=None, chart=None):
    """The explorable as one piece of HTML around a still picture; without any reference to the network.

    ``names`` are the hyper-parameters that get sliders, by default all that are single numbers with a range.  ``chart``
    is a map over two of them that stands right before it on the page; a click in the map turns both sliders.

    Raises
    ------
    translate.Untranslatable
        Where a page cannot compute the paths; see `note`.
    """
    source = program(setting)
    mark = page.mark(source)
    contents = data(setting, scene, names) | {"program": mark}
    scripts = SCRIPTS
    if chart:
        contents["chart"] = chart
        scripts = (*SCRIPTS[:-1], "chart.js", SCRIPTS[-1])
    # Under its mark: a page has the programs of all its explorables.
    put = f'((globalThis.optlib = globalThis.optlib || {{}}).programs ||= {{}})["{mark}"] = (R) => ({source});'
    return page.player("optlib-explorable", picture, contents, scripts, put)


def note(reason):
    """Why a picture stands still, as HTML below it."""
    return f"\n<p>This picture moves only where Python runs: {markup.escape(str(reason))}.</p>"


def program(setting):
    """JavaScript of the function and of the chosen rules."""
    rules = []
    for name in setting.chosen:
        made = translate.rule(setting.rule(name))
        rules.append(f"{{rule: {made.source}, fields: {made.fields}, schedules: {made.schedules}}}")
    return f"{{f: {translate.function(setting.f).source}, rules: [{', '.join(rules)}]}}"


def data(setting, scene, names=None):
    """What the page needs beside the program, as plain data."""
    tracks = setting.tracks()
    rules = []
    for name, track in zip(setting.chosen, tracks, strict=True):
        rule = setting.rule(name)
        own = [h for h in names or rule.hypers if h not in setting.fixed and can_turn(rule, h)]
        rules.append({
            "label": name, "call": code_name(type(rule)), "hypers": [_hyper(rule, h) for h in own],
            "rest": given(rule, never=own), **browser_data.style_data(track.style),
        })  # fmt: skip
    f = setting.f
    return {
        "title": scene.f.name.replace("_", " ").capitalize(),
        "description": f"Paths of {', '.join(setting.chosen)} on {f.name}, computed by this page.",
        "known": page.known_name(f),
        "steps": setting.steps,
        "start": list(setting.start),
        "rules": rules,
        "scene": browser_data.scene_data(scene),
        "values": browser_data.values_data(scene, tracks, setting.steps),
        "check": _check(setting),
    }


def can_turn(rule, name):
    """Whether a slider can turn this hyper-parameter: a single number with a range."""
    if name not in rule.hypers:
        return False
    about, value = rule.hypers[name], rule.settings()[name]
    return about.slider is not None and type(about.default) is float and not is_array(value) and not callable(value)


def _hyper(rule, name):
    about, now = rule.hypers[name], getattr(rule, name)
    low, high = about.slider
    low, high = min(low, now) if now > 0 or not about.log else low, max(high, now)
    ends = [end if isinstance(end, bool) or np.isfinite(end) else None for end in checks.ends(about.allowed)]
    return {
        "name": name, "low": low, "high": high, "log": about.log, "now": now, "otherwise": about.default,
        "allowed": ends,
    }  # fmt: skip


def _check(setting):
    """Values and slopes at a few points of the picture, and where each rule is after some steps."""
    f, steps = setting.f, min(CHECKED_STEPS, setting.steps)
    low, high = np.array(f.domain).T
    points = low + (high - low) * np.random.default_rng(0).random((CHECKED_POINTS, f.dim))
    with np.errstate(all="ignore"):
        points = points[np.isfinite(f(points)) & np.isfinite(f.grad(points)).all(axis=-1)]
    paths = [minimize(f, setting.rule(name), setting.start, steps) for name in setting.chosen]
    return {
        "points": points.tolist(), "values": f(points).tolist(), "slopes": f.grad(points).tolist(), "steps": steps,
        "ends": [path.x[-1].tolist() for path in paths],
    }  # fmt: skip
