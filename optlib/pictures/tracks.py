"""What pictures are told of a path: its points, its look, and the words for it."""

import dataclasses

import numpy as np

from ..arrays import is_array
from ..functions import Function
from ..minimize import Trajectory
from ..words import settings_text
from . import theme
from .picture import number, point, text

MOST_NAMED = 10  # of more paths than these the legend names only the rules, the description only the first
WRAP = 22  # characters in a line of the legend


@dataclasses.dataclass
class Track:
    """One path, ready to be drawn.

    ``x`` has shape (n, d), ``f`` shape (n,); both end where the path ended.  ``rule`` and ``function`` are None
    and ``settings`` empty for a path that was given as an array, and ``x`` is None if that held only values.
    """

    x: np.ndarray | None
    f: np.ndarray
    label: str
    asked: int
    stopped_by: str = "steps"
    rule: object = None
    function: Function | None = None
    settings: dict = dataclasses.field(default_factory=dict)
    style: dict | None = None
    thin: bool = False

    @property
    def steps(self):
        return len(self.f) - 1

    @property
    def diverged(self):
        return self.stopped_by == "diverged"

    @property
    def name(self):
        """Name of the rule; "path" for one that was given as an array."""
        return "path" if self.rule is None else theme.name_of(self.rule)

    @property
    def legend(self):
        """The label, broken into lines, with what the reader must know of the end."""
        return _wrapped(self.label + (" (diverged)" if self.diverged else ""))

    def end(self):
        """Number of steps, last point and value there in words."""
        at = f"value {number(self.f[-1])}" if self.x is None else f"{point(self.x[-1])}, f = {number(self.f[-1])}"
        if self.diverged:
            return f"diverged, its last finite point after {_count(self.steps)} is {at}."
        met = "" if self.stopped_by == "steps" else f", where it met its {self.stopped_by} criterion"
        return f"after {_count(self.steps)} at {at}{met}."


def tracks(who, f, paths, labels=None):
    """The `Track` of each path; a trajectory of a batch gives one for each of its paths.

    Parameters
    ----------
    who : str
        Name of the caller, for messages.
    f : Function, or None where the paths need not belong to one
    paths : Trajectory objects, arrays (n, d), or tracks
    labels : sequence of str, one a path, optional
    """
    found = []
    for path in paths:
        if isinstance(path, Track):
            found.append(path)
        else:
            found += _of_trajectory(path) if isinstance(path, Trajectory) else [_of_array(who, f, path)]
    for track in found:
        if f is not None and track.x.shape[1] != f.dim:
            raise ValueError(f"{who}: a path has points of {track.x.shape[1]} coordinates, but {f.name} has {f.dim}")
    _label(who, found, labels)
    _style(found)
    return found


def check_function(who, f, dim=2):
    """Refuse what is no function of ``dim`` coordinates, with a word on what draws it."""
    if not isinstance(f, Function):
        raise TypeError(f"{who}: f={f!r} must be a Function; wrap your own with ol.objective(...)")
    if f.dim != dim:
        other = "; use plots.line" if f.dim == 1 else "; use plots.contour" if f.dim == 2 else ""
        raise ValueError(
            f"{who}: {f.name} has {f.dim} coordinate{'s' if f.dim > 1 else ''}, {who} draws functions of {dim}{other}"
        )


# --- looks ---------------------------------------------------------------------------------------------------


def _style(found):
    """Each rule in its own color; a rule that comes several times in as many variants of it."""
    groups = {}
    for track in found:
        groups.setdefault(track.name, []).append(track)
    for name, group in groups.items():
        if name == "path":
            styles = theme.plain_styles(len(group))
        elif len(found) > MOST_NAMED:
            styles = [theme.style_of(name)] * len(group)
        else:
            styles = theme.variants(theme.style_of(name), len(group))
        for track, style in zip(group, styles, strict=True):
            track.style, track.thin = style, len(found) > MOST_NAMED


def legend(figure, handles, labels, **place):
    """A legend beside the axes, below the title; equal labels are named once and counted."""
    counts = {label: labels.count(label) for label in labels}
    first = {label: handles[labels.index(label)] for label in counts}
    names = [text(_wrapped(f"{label}: {n} paths") if n > 1 else label) for label, n in counts.items()]
    # As many empty lines on top as the figure's title has: it may reach over the legend's column.
    room = " \n" * figure.get_suptitle().count("\n") + " "
    place = place or {"loc": "outside right upper", "title": room, "title_fontsize": 14}
    return figure.legend(list(first.values()), names, **place)


def _wrapped(label):
    """A label in lines of at most `WRAP` characters, broken after commas where that is possible."""
    lines = [""]
    for piece in label.replace(", ", ",\0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(piece) >= WRAP:
            lines.append("")
        lines[-1] = f"{lines[-1]} {piece}".strip()
    return "\n".join(lines)


# --- words ---------------------------------------------------------------------------------------------------


def _label(who, found, labels):
    """Take the labels given, or name what tells the paths apart: rule, settings, start."""
    if labels is not None:
        labels = [labels] if isinstance(labels, str) else list(labels)
        if len(labels) != len(found):
            raise ValueError(f"{who}: labels has {len(labels)} entries for {len(found)} paths; give one for each")
        for track, label in zip(found, labels, strict=True):
            track.label = str(label)
        return
    if len(found) > 1 and all(track.rule for track in found):
        for track in found:
            track.label = _settings(track, without=_shared(found), named=len({t.name for t in found}) > 1)
    seen = [track.label for track in found]
    for i, track in enumerate(found, start=1):
        if seen.count(track.label) > 1:
            apart = f"from {point(track.x[0])}" if track.rule is not None else f"{i}"
            track.label = ", ".join(filter(None, [track.label, apart])) if track.rule is not None else f"path {i}"


def settings_line(found):
    """For the title: the rule and settings that all paths share, the range of their lr, steps and start."""
    if not found:
        return ""
    parts = []
    if len(found) == 1:
        parts.append(found[0].label)
    elif all(track.rule for track in found):
        shared = _shared(found)
        rates = [track.settings.get("lr") for track in found]
        others = {name for track in found for name in track.settings} - set(shared)
        parts.append(_settings(found[0], without=others, named=len({t.name for t in found}) == 1))
        if "lr" not in shared and all(isinstance(rate, float) for rate in rates):
            parts.append(f"lr {number(min(rates))} to {number(max(rates))}")
    asked = {track.asked for track in found}
    parts.append(_count(max(asked)) if len(asked) == 1 else f"up to {_count(max(asked))}")
    starts = {point(track.x[0]) for track in found if track.x is not None}
    where = f" from {len(starts)} starts" if len(starts) > 1 else f" from {starts.pop()}" if starts else ""
    return ", ".join(filter(None, parts)) + where


def sentences(found):
    """What the paths share, one sentence a path, and a count of those that are too many to name."""
    if not found:
        return []
    if len(found) == 1:
        return [f"{settings_line(found)}: {found[0].end()}"]
    said = [f"{settings_line(found)}."] + [f"{track.label}: {track.end()}" for track in found[:MOST_NAMED]]
    rest = found[MOST_NAMED:]
    if rest:
        lost = sum(track.diverged for track in rest)
        said.append(f"{len(rest)} more paths" + (f", {lost} of which diverged." if lost else "."))
    return said


def _shared(found):
    """Names of the hyper-parameters that all paths have, at the same value."""
    texts = [{name: settings_text(t.rule, {name: value}) for name, value in t.settings.items()} for t in found]
    values = [{name: words.removeprefix(t.name) for name, words in line.items()}
              for t, line in zip(found, texts, strict=True)]
    return [name for name in values[0] if all(line.get(name) == values[0][name] for line in values)]


def _settings(track, without, named):
    """Rule and settings in words, without some of the settings and perhaps without the rule's name."""
    words = settings_text(track.rule, {k: v for k, v in track.settings.items() if k not in without})
    return words if named else words.removeprefix(track.name).removeprefix(", ")


def _count(steps):
    return f"{steps:,} step{'' if steps == 1 else 's'}"


# --- from what was given ---------------------------------------------------------------------------------------


def _of_trajectory(path):
    batch = path.f.shape[1:]
    found = []
    for index in np.ndindex(*batch):
        at = (slice(None), *index)
        last = int(np.asarray(path.ended_at)[index])
        settings = {name: _pick(value, batch, index) for name, value in path.rule.settings().items()}
        found.append(Track(
            x=np.asarray(path.x[at], dtype=float)[: last + 1],
            f=np.asarray(path.f[at], dtype=float)[: last + 1],
            label=settings_text(path.rule, settings),
            asked=path.steps,
            stopped_by=str(np.asarray(path.stopped_by)[index]),
            rule=path.rule,
            function=path.function,
            settings=settings,
        ))  # fmt: skip
    return found


def _pick(value, batch, index):
    """The setting of one path of a batch: a number where the batch had an array that ends in an axis of 1."""
    if not is_array(value):
        return value
    value = np.asarray(value)
    if not value.ndim:
        return value.item()
    one = np.broadcast_to(value, (*batch, value.shape[-1]))[index]
    return one.item() if one.size == 1 else one


def _of_array(who, f, path):
    try:
        x = np.asarray(path, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{who}: path={path!r} must be a Trajectory or an array of points (n, {f.dim})") from None
    x = x[:, None] if x.ndim == 1 and f.dim == 1 else x
    if x.ndim != 2 or not len(x):
        raise ValueError(f"{who}: a path of shape {x.shape} was given; points must have shape (n, {f.dim})")
    finite = np.isfinite(x).all(axis=1)
    if not finite[0]:
        raise ValueError(f"{who}: a path starts at {x[0]}; its first point must be finite")
    last = len(x) if finite.all() else int(finite.argmin())
    with np.errstate(all="ignore"):
        values = np.asarray(f(x[:last]), dtype=float) if x.shape[1] == f.dim else np.zeros(last)
    return Track(x[:last], values, "path", len(x) - 1, "steps" if last == len(x) else "diverged")
