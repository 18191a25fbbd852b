"""What pictures need to know of a path: its points, its look, and the words for it."""

import dataclasses

import numpy as np

from ..arrays import is_array
from ..checks import instance
from ..functions import Function
from ..minimize import Trajectory
from ..words import settings_text
from . import theme
from .picture import headline, number, point, show_name, text

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
    def full_label(self):
        """The label, and whether the path diverged."""
        return self.label + (" (diverged)" if self.diverged else "")

    @property
    def legend(self):
        """The same, broken into lines."""
        return _wrapped(self.full_label)

    def on_graph(self):
        """Points (n, 2) of the graph of a function of one coordinate."""
        return np.column_stack([self.x[:, 0], self.f])

    def end(self):
        """Number of steps, last point and value there in words."""
        place = f"value {number(self.f[-1])}" if self.x is None else f"{point(self.x[-1])}, f = {number(self.f[-1])}"
        if self.diverged:
            return f"diverged, its last finite point after {_count(self.steps)} is {place}."
        met = "" if self.stopped_by == "steps" else f", where it met its {self.stopped_by} criterion"
        return f"after {_count(self.steps)} at {place}{met}."

    def settings_text(self, without=(), named=True):
        """Rule and settings in words, without some of the settings, and unless ``named`` without the rule's name."""
        words = settings_text(self.rule, {k: v for k, v in self.settings.items() if k not in without})
        return words if named else words.removeprefix(self.name).removeprefix(", ")


def tracks(who, f, paths, labels=None):
    """The `Track` of each path, a Trajectory, array (n, d) or track; one of a batch gives one for each of its paths.

    ``f`` is None where they need not belong to one function; ``who`` is named in errors.
    """
    all_tracks = []
    for path in paths:
        if isinstance(path, Track):
            all_tracks.append(path)
        elif isinstance(path, Trajectory):
            all_tracks += _of_trajectory(who, f, path)
        else:
            all_tracks.append(_of_array(who, f, path))
    for track in all_tracks:
        if f is not None and track.x.shape[1] != f.dim:
            raise ValueError(f"{who}: a path has points of {track.x.shape[1]} coordinates, but {f.name} has {f.dim}")
    _label(who, all_tracks, labels)
    _style(all_tracks)
    return all_tracks


def check_function(who, f, dim=2):
    """Refuse what is no function of ``dim`` coordinates, and name the picture that draws it."""
    instance(who, "f", f, Function, "ol.objective(lambda x: x**2)")
    if f.dim != dim:
        other = "; use plots.line" if f.dim == 1 else "; use plots.contour" if f.dim == 2 else ""
        plural = "s" if f.dim > 1 else ""
        raise ValueError(f"{who}: {f.name} has {f.dim} coordinate{plural}, {who} draws functions of {dim}{other}")


def path_points(who, f, x, least=1):
    """The points of a run in the plane as an array (steps + 1, 2), and how many come before one that is not finite."""
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or x.shape[1] != 2 or len(x) < least or not np.isfinite(x[:1]).all():
        raise ValueError(f"{who}: x has shape {x.shape}; it must be (steps + 1, 2), with a finite start")
    return x, len(_finite(who, f, x)[0])


def _style(tracks):
    """Each path in a color of its own; of a crowd, each rule."""
    crowded = len(tracks) > MOST_NAMED
    names = [None if track.rule is None else track.name for track in tracks]
    if crowded and None not in names:
        rules = list(dict.fromkeys(names))
        look = dict(zip(rules, theme.looks(rules), strict=True))
        styles = [look[name] for name in names]
    else:
        styles = theme.looks(names)
    for i, style in zip(_by_setting(tracks), styles, strict=True):
        tracks[i].style, tracks[i].thin = style, crowded


def _by_setting(tracks):
    """Places of the paths, for one rule in the order of the number in which they differ."""
    if tracks and all(track.rule and track.name == tracks[0].name for track in tracks):
        differ = set(tracks[0].settings) - set(_shared(tracks))
        values = [track.settings[name] for track in tracks for name in differ]
        if len(differ) == 1 and all(isinstance(value, (int, float)) for value in values):
            return np.argsort(values, kind="stable")
    return range(len(tracks))


def title_and_legend(figure, title, settings, handles, **place):
    """The headline, and a legend of what has a label beside the axes; equal labels are named once and counted."""
    headline(figure, title, settings)
    handles = [h for h in handles if h.get_label() and not h.get_label().startswith("_child")]  # matplotlib's own
    if not handles:
        return
    labels = [handle.get_label() for handle in handles]
    counts = {label: labels.count(label) for label in labels}
    names = [text(_wrapped(f"{label}: {n} paths") if n > 1 else label) for label, n in counts.items()]
    # As many empty lines on top as the figure's title has: it may reach over the legend's column.
    room = " \n" * figure.get_suptitle().count("\n") + " "
    place = place or {"loc": "outside right upper", "title": room, "title_fontsize": 14}
    figure.legend([handles[labels.index(label)] for label in counts], names, **place)


def _wrapped(label):
    """A label in lines of at most `WRAP` characters, broken after commas where that is possible."""
    lines = [""]
    for piece in label.replace(", ", ",\0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(piece) >= WRAP:
            lines.append("")
        lines[-1] = f"{lines[-1]} {piece}".strip()
    return "\n".join(lines)


def _label(who, tracks, labels):
    """Take the labels given, or name what tells the paths apart: rule, settings, start."""
    if labels is not None:
        labels = [labels] if isinstance(labels, str) else list(labels)
        if len(labels) != len(tracks):
            raise ValueError(f"{who}: labels has {len(labels)} entries for {len(tracks)} paths; give one for each")
        for track, label in zip(tracks, labels, strict=True):
            track.label = str(label)
        return
    if len(tracks) > 1 and all(track.rule for track in tracks):
        shared, named = _shared(tracks), len({track.name for track in tracks}) > 1
        for track in tracks:
            track.label = track.settings_text(shared, named)
    labels, several = [track.label for track in tracks], len({id(track.function) for track in tracks}) > 1
    for i, track in enumerate(tracks, start=1):
        if labels.count(track.label) > 1 and track.rule is None:
            track.label = f"path {i}"
        elif labels.count(track.label) > 1:
            on = several and f"on {show_name(track.function)}"
            track.label = ", ".join(filter(None, [track.label, on, f"from {point(track.x[0], 0)}"]))


def settings_line(tracks):
    """For the title: the rule and settings that all paths share, the range of their lr, steps and start."""
    if not tracks:
        return ""
    words = []
    if len(tracks) == 1:
        words.append(tracks[0].label)
    elif all(track.rule for track in tracks):
        shared = _shared(tracks)
        rates = [track.settings.get("lr") for track in tracks]
        others = {name for track in tracks for name in track.settings} - set(shared)
        words.append(tracks[0].settings_text(others, named=len({track.name for track in tracks}) == 1))
        if "lr" not in shared and all(isinstance(rate, float) for rate in rates):
            words.append(f"lr {min(rates):.4g} to {max(rates):.4g}")
    asked = {track.asked for track in tracks}
    words.append(_count(max(asked)) if len(asked) == 1 else f"up to {_count(max(asked))}")
    starts = {point(track.x[0], 0) for track in tracks if track.x is not None}
    where = f" from {len(starts)} starts" if len(starts) > 1 else f" from {starts.pop()}" if starts else ""
    return ", ".join(filter(None, words)) + where


def sentences(tracks):
    """What the paths share, one sentence a path, and a count of those that are too many to name."""
    if len(tracks) < 2:
        return [f"{settings_line(tracks)}: {track.end()}" for track in tracks]
    words = [f"{settings_line(tracks)}.", *(f"{track.label}: {track.end()}" for track in tracks[:MOST_NAMED])]
    rest = tracks[MOST_NAMED:]
    if rest:
        diverged = sum(track.diverged for track in rest)
        words.append(f"{len(rest)} more paths" + (f", {diverged} of which diverged." if diverged else "."))
    return words


def _shared(tracks):
    """Names of the hyper-parameters that all paths have, at the same value."""
    settings = [
        {name: settings_text(t.rule, {name: value}).removeprefix(t.name) for name, value in t.settings.items()}
        for t in tracks
    ]
    return [name for name, words in settings[0].items() if all(others.get(name) == words for others in settings)]


def _count(steps):
    return f"{steps:,} step{'' if steps == 1 else 's'}"


def _of_trajectory(who, f, path):
    batch, tracks = path.f.shape[1:], []
    for index in np.ndindex(*batch):
        at, last = (slice(None), *index), int(np.asarray(path.ended_at)[index])
        settings = {name: _setting(value, batch, index) for name, value in path.rule.settings().items()}
        x, values = (np.asarray(each[at], dtype=float)[: last + 1] for each in (path.x, path.f))
        if f is not None and f is not path.function:  # another was walked
            x, values = _finite(who, f, x)
        tracks.append(Track(
            x=x, f=values, label=settings_text(path.rule, settings), asked=path.steps,
            stopped_by=str(np.asarray(path.stopped_by)[index]) if len(x) > last else "diverged",
            rule=path.rule, function=path.function, settings=settings,
        ))  # fmt: skip
    return tracks


def _setting(value, batch, index):
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
    kept, values = _finite(who, f, x)
    return Track(kept, values, "path", len(x) - 1, "steps" if len(kept) == len(x) else "diverged")


def _finite(who, f, x):
    """Points and their values of ``f`` up to where one is not finite; 0 at those that `tracks` refuses."""
    finite = np.isfinite(x).all(axis=1)
    with np.errstate(all="ignore"):
        values = np.asarray(f(np.where(finite[:, None], x, x[:1])), float) if x.shape[1] == f.dim else np.zeros(len(x))
    finite &= np.isfinite(values)
    if not finite[0]:
        raise ValueError(f"{who}: a path starts at {x[0]}, of value {values[0]:g}; both must be finite")
    last = len(x) if finite.all() else int(finite.argmin())
    return x[:last], values[:last]
