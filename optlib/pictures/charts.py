"""Charts: values against steps, and any curves against a common axis."""

import re

import numpy as np

from ..checks import choice
from ..minimize import Trajectory
from ..registry import OPTIMIZERS
from . import theme
from .draw import every
from .picture import Picture, canvas, capitalized, number, show_name, text
from .terrain import LOG
from .tracks import Track, sentences, settings_line, title_and_legend, tracks

EVERY_POINT = 30  # curves of up to so many points show each as a mark
DECADES = 100  # values whose largest is so many times the smallest are drawn on a logarithmic axis
GAP = 0.052  # of the axes' height: from name to name at the ends of curves
TOP = 1e6  # times the highest first value: what rises beyond is cut off, or a path that diverges hides all others
TINY, HUGE = 1e-100, 1e100  # beyond them the arithmetic of ticks on a logarithmic axis may overflow


def loss(*paths, labels=None, title=None, log="auto", minus_minimum=True):
    """The value after each step, above the known minimum where there is one.

    Parameters
    ----------
    *paths : Trajectory objects (also of batches) or arrays of values (n,)
    labels, title : optional
        As in `plots.contour`.
    log : "auto", True or False
        Logarithmic value axis.  Values that are not above zero are then left out, and the description says so.
    minus_minimum : bool
        Whether to subtract the function's minimum where it is known; each path its own where functions differ.
    """
    choice("loss", "log", log, LOG)
    if not paths:
        raise ValueError("loss: no path was given; pass what ol.minimize returns")
    all_tracks = tracks("loss", None, [p if isinstance(p, Trajectory) else _values(p) for p in paths], labels)
    ylabel, values = _heights(all_tracks, minus_minimum)
    log = wants_log(values) if log == "auto" else log
    top = TOP * max([abs(float(v)) for y in values for v in y[np.isfinite(y)][:1] if v], default=1.0)
    cut = sum(bool((y > top).any()) for y in values)
    with canvas() as (figure, axes):
        for track, y in zip(all_tracks, values, strict=True):
            y = drawable(np.minimum(y, TOP * top), log)
            style, steps = track.style, np.arange(len(y))
            if track.thin:
                axes.plot(steps, y, label=track.name, **style | {"marker": None}, alpha=0.7, linewidth=1.1)
            else:
                axes.plot(steps, y, label=track.legend, **style, markevery=every(len(y), EVERY_POINT, 10))
            if track.diverged:
                axes.plot(steps[-1], y[-1], marker="X", markersize=10, color=style["color"])
        scales(axes, False, log, [np.arange(len(y)) for y in values])
        if cut:
            lowest = min(y[(y <= top) & np.isfinite(drawable(y, log))].min(initial=top) for y in values)
            axes.set_ylim(lowest / 3 if log else min(0.0, lowest), top)
        axes.set(xlabel="step", ylabel=ylabel)
        names = dict.fromkeys(show_name(track.function) for track in all_tracks if track.function is not None)
        title = title or ", ".join(names) or "Value after each step"
        title_and_legend(figure, title, settings_line(all_tracks), axes.lines)
    hidden = sum(int((y <= 0).sum()) for y in values) if log else 0
    return Picture(
        figure, axes, f"{ylabel} against step{', on a logarithmic axis' if log else ''}.",
        f"{hidden} values that are not above zero are left out." if hidden else "",
        f"{cut} of {len(all_tracks)} curves rise beyond the upper edge, {number(top)}." if cut else "",
        *sentences(all_tracks))  # fmt: skip


def curves(x, ys, xlabel, ylabel, title=None, *, logx=False, logy=False, slopes=None, vlines=None, hlines=None,
           xlim=None, ylim=None, ends=False):  # fmt: skip
    """Curves against a common axis.

    Parameters
    ----------
    x : array (n,)
    ys : dict of label -> array (n,), or to a pair of arrays (x, y) for a curve with its own x
        A label that is the name of an optimizer, or starts with one, gets that optimizer's look.  NaN and
        infinity leave gaps.
    xlabel, ylabel, title : str
    logx, logy : bool
    slopes : dict of label -> number, optional
        For each curve named here a thin line of that slope beside it; for two logarithmic axes.
    vlines, hlines : dict of label -> position, optional
        Marked positions on the axes.
    xlim, ylim : (low, high), optional
    ends : bool
        Names of the curves (what follows the rule) at their right ends instead of in a legend.
    """
    data = {}
    for label, y in checked_dict("curves", "ys", ys, "values").items():
        own_x = isinstance(y, tuple) and len(y) == 2 and np.ndim(y[0]) == 1
        at, y = (np.asarray(v, dtype=float) for v in (y if own_x else (x, y)))
        if at.ndim != 1 or at.shape != y.shape:
            raise ValueError(f"curves: x has shape {at.shape} and {label!r} has {y.shape}; both must be (n,)")
        at, y = drawable(at, logx), drawable(y, logy)
        if not (np.isfinite(at) & np.isfinite(y)).any():
            raise ValueError(f"curves: {label!r} has no value that can be drawn on these axes")
        data[label] = at, np.where(np.isfinite(at), y, np.nan)
    slopes, vlines, hlines = slopes or {}, vlines or {}, hlines or {}
    if set(slopes) - set(data) or (slopes and not (logx and logy)):
        raise ValueError(f"curves: slopes={slopes!r} needs logx=True, logy=True and labels out of {list(data)}")
    with canvas() as (figure, axes):
        for (label, (at, y)), style in zip(data.items(), styles(data), strict=True):
            axes.plot(at, y, label=label, **style, markevery=_marked(at, logx))
        scales(axes, logx, logy, [at for at, _ in data.values()])
        axes.set(xlabel=text(xlabel), ylabel=text(ylabel))
        axes.set_xlim(xlim, auto=xlim is None)
        axes.set_ylim(ylim, auto=ylim is None)
        marks(axes, vlines, hlines)
        axes.set(xlim=None, ylim=None)  # so far the axes follow what is drawn: the marks, but no line of a slope
        for label, slope in slopes.items():
            _slope(axes, *data[label], slope)
        # A single curve needs no legend where title or axis name it.
        named = len(data) == 1 and re.search(rf"\b{re.escape([*data][0])}\b", f"{title or ''} {ylabel}", re.IGNORECASE)
        handles = [] if named or ends else axes.lines
        title_and_legend(figure, title or capitalized(f"{ylabel} against {xlabel}"), "", handles)
        if ends:
            _name_ends(axes, data)
    scale_words = {(True, True): ", on two logarithmic axes", (True, False): f", {xlabel} on a logarithmic axis",
                   (False, True): f", {ylabel} on a logarithmic axis", (False, False): ""}  # fmt: skip
    return Picture(
        figure, axes,
        (f"{title}: " if title else "") + f"{ylabel} against {xlabel}{scale_words[bool(logx), bool(logy)]}.",
        *(_curve_words(label, *xy, logx, logy) for label, xy in data.items()),
        *(f"Beside {label} a line of slope {slope:.4g}." for label, slope in slopes.items()),
        *(f"Marked: {label} at {v:.4g}." for label, v in (vlines | hlines).items()))  # fmt: skip


def rates(kappas, factors, title="Error left after one step, by condition number"):
    """Factors by which rules shrink the error in a step, against the condition number.

    Parameters
    ----------
    kappas : array (n,) of condition numbers, at least 1
    factors : dict of rule name -> array (n,) of factors
        What is drawn is 1 - factor on two logarithmic axes: there a rule that needs kappa steps has slope -1,
        and one that needs only the root of kappa has slope -1/2.
    """
    left = {label: 1 - np.asarray(factor, dtype=float) for label, factor in factors.items()}
    if (np.asarray(kappas, dtype=float) < 1).any():
        raise ValueError("rates: kappas must be condition numbers of at least 1")
    return curves(kappas, left, "condition number κ", "1 − factor per step", title, logx=True, logy=True)


def checked_dict(who, name, value, what):
    """A dict with the same entries under str labels; TypeError unless ``value`` is a dict with an entry."""
    if not isinstance(value, dict) or not value:
        raise TypeError(f"{who}: {name}={value!r} must be a dict of label -> {what}, with at least one entry")
    return {str(label): entry for label, entry in value.items()}


def drawable(values, log):
    """Values with NaN for those that an axis cannot show."""
    with np.errstate(invalid="ignore"):
        return np.where((values > TINY) & (values < HUGE) if log else np.abs(values) < HUGE, values, np.nan)


def styles(labels):
    """The look of a rule for labels that name one, or start with one; others in turn."""
    rules = [label.split(",")[0].strip() for label in labels]
    return theme.looks([rule if rule in OPTIMIZERS else None for rule in rules])


def scales(axes, logx, logy, xs):
    """Scales and grid; where all of ``xs`` are integers, such as epochs, so are the ticks below them."""
    if logx:
        axes.set_xscale("log")
    elif all((x[np.isfinite(x)] % 1 == 0).all() for x in xs):
        axes.xaxis.get_major_locator().set_params(integer=True)
    if logy:
        axes.set_yscale("log")
    axes.grid(True)
    axes.set_axisbelow(True)


def marks(axes, vlines, hlines):
    """Dashed lines across the axes, each with its label."""
    line = {"color": theme.FAINT, "linestyle": (0, theme.DASHED), "linewidth": 1.2, "zorder": 1}
    look = {"textcoords": "offset points", "color": theme.FAINT, "annotation_clip": True}
    for label, at in vlines.items():
        axes.axvline(at, **line)
        axes.annotate(text(label), (at, 1), xycoords=("data", "axes fraction"), xytext=(4, -4), va="top", **look)
    for label, at in hlines.items():
        axes.axhline(at, **line)
        axes.annotate(text(label), (1, at), xycoords=("axes fraction", "data"), xytext=(-4, 4), ha="right", **look)


def _values(values):
    """A path of which only the values are known, as a `Track`."""
    try:
        y = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"loss: path={values!r} must be a Trajectory or an array of values (n,)") from None
    if y.ndim != 1 or not len(y):
        raise ValueError(f"loss: values of shape {y.shape} were given; they must have shape (n,)")
    return Track(None, y, "path", len(y) - 1)


def _heights(tracks, minus_minimum):
    """The name of what is drawn, and its values for each path."""
    least = [track.function.minimum if track.function is not None and minus_minimum else None for track in tracks]
    values = [track.f if low is None else track.f - low for track, low in zip(tracks, least, strict=True)]
    known = any(track.function is not None for track in tracks)
    return "f(x) − minimum" if any(least) else "f(x)" if known else "value", values


def wants_log(values):
    """Whether these arrays are drawn on a logarithmic axis: none below zero, and many sizes."""
    values = np.concatenate(values)
    positive = values[np.isfinite(values) & (values > 0)]
    return bool(positive.size and not (values < -1e-9).any() and positive.max() / DECADES > positive.min())


def _marked(x, log):
    """Which points of a curve are marked: of a long one on a logarithmic axis, some at equal distances on this axis."""
    if not log or len(x) <= EVERY_POINT:
        return every(len(x), EVERY_POINT, 10)
    x = np.log(x)
    return [int(np.nanargmin(np.abs(x - place))) for place in np.linspace(np.nanmin(x), np.nanmax(x), 10)]


def _slope(axes, x, y, slope):
    """A line of the given slope below the curve's right half and above its lowest point, with its slope beside it.

    At the left end of a curve of errors rounding may have taken over.
    """
    x, y = (values[np.isfinite(y)] for values in (x, y))
    end, left = np.argmax(x), np.exp(np.log(x).mean())
    if slope > 0:
        left = max(left, x[end] * (4 * y.min() / y[end]) ** (1 / slope))
    ends = np.array([left, x[end]])
    line = y[end] / 4 * (ends / x[end]) ** slope
    axes.plot(ends, line, color=theme.FAINT, linewidth=1.2)
    place = (values[0] ** 0.75 * values[1] ** 0.25 for values in (ends, line))
    side = 1 if slope > 0 else -1
    axes.annotate(f"slope {slope:g}", tuple(place), xytext=(8 * side, -6), ha="left" if side > 0 else "right",
                  textcoords="offset points", va="top", color=theme.FAINT,
                  bbox={"facecolor": theme.PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1})  # fmt: skip


def _name_ends(axes, data):
    """Names of curves at their right ends, moved apart where they would cover one another."""
    last = [(x[k], y[k]) for x, y in data.values() for k in np.flatnonzero(np.isfinite(x + y))[-1:]]
    places = (axes.transScale + axes.transLimits).transform(last).clip(0, 1)
    order, room = np.argsort(places[:, 1], kind="stable"), GAP * np.arange(len(places))
    free = places[order, 1] - room
    free = (np.maximum.accumulate(free) + np.minimum.accumulate(free[::-1])[::-1]) / 2
    for i, height in zip(order, free.clip(0, max(0, 1 - room[-1])) + room, strict=True):
        line = {"arrowstyle": "-", "color": axes.lines[i].get_color(), "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0}
        axes.annotate(text([*data][i].split(", ")[-1]), places[i], (1.06, height), *["axes fraction"] * 2,
                      va="center", arrowprops=line)  # fmt: skip


def _curve_words(label, x, y, logx, logy):
    """Both ends of a curve and its lowest point; what is tiny or huge beside the rest as the nearest power of ten."""
    drawn = np.flatnonzero(np.isfinite(y))
    first, last, low, top = drawn[0], drawn[-1], drawn[np.argmin(y[drawn])], y[drawn].max()
    rough = logy and top > 1e6 * y[low]
    vague = lambda i: rough and not 1e-6 * min(1, top) <= y[i] <= 1e6
    tens = lambda value: f"1e{round(np.log10(value)):+03d}"
    value = lambda i: tens(y[i]) if vague(i) else f"{y[i]:.0e}" if rough else f"{y[i]:.3g}"
    at = lambda i: f"{value(i)} at {tens(x[i]) if vague(i) and logx and i not in (first, last) else f'{x[i]:.3g}'}"
    lowest = "" if value(low) in (value(first), value(last)) else f", lowest {at(low)}"  # where it reads lower
    return f"{label}: from {'about ' if rough else ''}{at(first)} to {at(last)}{lowest}."
