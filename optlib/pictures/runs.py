"""Training runs: one progress against three axes, what is logged, means over seeds, and a ranking of rules."""

import math

import numpy as np
from matplotlib.ticker import PercentFormatter

from ..checks import choice, vector
from . import theme
from .charts import EVERY_POINT, checked_dict, drawable, marks, scales, styles, wants_log
from .draw import every
from .picture import Picture, canvas, headline, number, text
from .tracks import title_and_legend

AXES = {"steps": "steps", "examples": "examples read", "seconds": "seconds"}
PANELS = {"loss": "training loss", "accuracy": "test accuracy"}
TOP = 0.1  # so far above the highest first value the loss axis of a race ends: what rises beyond is cut off


def progress(runs, ylabel="loss", title=None):
    """The same runs three times, on logarithmic axes: against steps, against examples read, against seconds.

    Parameters
    ----------
    runs : dict of label -> dict with the arrays (n,) "steps", "examples", "seconds" and "loss"
    ylabel, title : str
    """
    data = {label: _checked_run(label, run) for label, run in checked_dict("progress", "runs", runs, "run").items()}
    with canvas((9.6, 4.8), ncols=3, sharey=True) as (figure, panels):
        for axes, (key, name) in zip(panels, AXES.items(), strict=True):
            for (label, run), style in zip(data.items(), styles(data), strict=True):
                y = drawable(run["loss"], True)
                axes.plot(drawable(run[key], True), y, label=label, **style, markevery=every(len(y), EVERY_POINT, 8))
            scales(axes, True, True, [run[key] for run in data.values()])
            axes.set_xlabel(name)
        panels[0].set_ylabel(text(ylabel))
        headline(figure, title or f"{ylabel} per step, per example and per second")
        _legend_below(figure, panels[0], len(data))
    return Picture(
        figure, list(panels),
        f"{title}." if title else "",
        f"Three panels: {ylabel} against steps, examples read and seconds.",
        # Seconds differ from machine to machine: leave them out.
        *(f"{label}: {_ends(run['loss'], True)} in {int(run['steps'][-1]):,} steps and "
          f"{int(run['examples'][-1]):,} examples." for label, run in data.items()))  # fmt: skip


def dashboard(x, runs, title=None, *, hlines=None):
    """What is logged of several runs: one panel for each quantity, all against the step.

    Parameters
    ----------
    x : array (n,) of steps
    runs : dict of label -> dict of quantity -> array (n,)
        All runs log the same quantities, two to six.  The axis of one that is above zero and spans more than a factor
        of a hundred is logarithmic.
    title : str
    hlines : dict of quantity -> number, optional
        Where a dashed line crosses the panel of that quantity.
    """
    data, hlines = checked_dict("dashboard", "runs", runs, "dict of quantities"), hlines or {}
    x = vector("dashboard", "x", x)
    if hlines:
        vector("dashboard", "hlines", [*hlines.values()])
    names = [*checked_dict("dashboard", "the first run", next(iter(data.values())), "values (n,)")]
    for label, run in data.items():
        checked_dict("dashboard", f"run {label}", run, "values (n,)")
        if {name: np.shape(v) for name, v in run.items()} != dict.fromkeys(names, x.shape):
            raise ValueError(f"dashboard: run {label!r} must have {names}, each of the shape of x, {x.shape}")
    if not 2 <= len(names) <= 6 or set(hlines) - set(names):
        raise ValueError(f"dashboard: hlines={hlines!r} must be among the quantities, two to six: {names}")
    rows, columns = (1, len(names)) if len(names) < 4 else (2, -(-len(names) // 2))
    with canvas((9.6, 1.8 + 2.4 * rows), nrows=rows, ncols=columns) as (figure, grid):
        panels, logs = list(grid.ravel()), {}
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        for name, axes in zip(names, panels, strict=False):
            lines = [np.asarray(run[name], dtype=float) for run in data.values()]
            logs[name] = log = wants_log(lines)
            for line, label, style in zip(lines, data, styles(data), strict=True):
                axes.plot(x, drawable(line, log), label=label, **style | {"marker": None})
            scales(axes, False, log, [x])
            if name in hlines:  # its height stands beside the panel, where no curve runs
                marks(axes, {}, {"": hlines[name]})
                axes.text(1.02, hlines[name], f"{hlines[name]:.4g}", transform=axes.get_yaxis_transform(), va="center",
                          color=theme.FAINT)  # fmt: skip
            axes.set_title(text(name))
            axes.set_xlabel("step")
            axes.yaxis.get_offset_text().set_ha("right")  # a power of ten above the labels, not against the title
        headline(figure, title or "What was logged")
        _legend_below(figure, panels[0], len(data))
    ends = lambda run: ", ".join(f"{name} {_ends(run[name], logs[name])}" for name in names)
    return Picture(
        figure, panels[: len(names)],
        (f"{title}: " if title else "") + f"{len(names)} panels against the step, {', '.join(names)}.",
        *(f"{label}: {ends(run)}." for label, run in data.items()))  # fmt: skip


def race_picture(runs, settings):
    """Training loss and test accuracy of several runs against epochs.

    ``runs`` are label -> dict with the arrays (n,) "epochs", "loss", "accuracy", and the bool "diverged"; a label that
    is the name of an optimizer, or starts with one, gets that optimizer's look.  A run that diverged at once, or has
    not begun, has empty arrays.  ``settings`` is the second line of the title.
    """
    started = [run for run in runs.values() if len(run["epochs"])]
    with canvas((9.6, 4.8), ncols=2) as (figure, panels):
        for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
            for (label, run), style in zip(runs.items(), styles(runs), strict=True):
                label = label + " (diverged)" if run["diverged"] else label
                axes.plot(run["epochs"], run[key], label=label, **style)
                if run["diverged"] and len(run["epochs"]):
                    axes.plot(run["epochs"][-1], run[key][-1], marker="X", markersize=12, color=style["color"])
            axes.grid(True)
            axes.set_axisbelow(True)
            axes.set(xlabel="epochs", ylabel=name, xlim=(0, None))
        if started:
            lowest, highest = min(min(run["loss"]) for run in started), max(run["loss"][0] for run in started)
            panels[0].set_ylim(0.9 * lowest, (1 + TOP) * highest)
        else:
            for axes in panels:  # no ticks without a run
                axes.set(xticks=[], yticks=[])
        panels[1].set_ylim(0, None)
        panels[1].yaxis.set_major_formatter(PercentFormatter(1.0))
        headline(figure, "Live race", settings)
        _legend_below(figure, panels[0], min(4, len(runs)))
    words = [f"Live race, {settings}: training loss and test accuracy against epochs."]
    for label, run in runs.items():
        if not len(run["epochs"]):
            words.append(f"{label}: diverged at once." if run["diverged"] else f"{label}: not begun.")
            continue
        end = f", where it diverged after {number(run['epochs'][-1])} epochs" if run["diverged"] else ""
        first, last = (f"{number(run['loss'][i])} and {run['accuracy'][i]:.1%} right" for i in (0, -1))
        words.append(f"{label}: from loss {first} to {last}{end}.")
    return Picture(figure, list(panels), *words)


def bands(x, ys, xlabel, ylabel, title=None, *, logy=False):
    """Means over several runs as lines, and bands of one standard deviation around them.

    Parameters
    ----------
    x : array (n,)
    ys : dict of label -> array (n, runs)
        A label that is the name of an optimizer, or starts with one, gets that optimizer's look.
    xlabel, ylabel, title : str
    logy : bool
        On a logarithmic axis mean and deviation are those of the logarithms.
    """
    x, data = np.asarray(x, dtype=float), {}
    for label, y in checked_dict("bands", "ys", ys, "values (n, runs)").items():
        y = np.asarray(y, dtype=float)
        if x.ndim != 1 or y.ndim != 2 or len(y) != len(x) or not y.size:
            raise ValueError(f"bands: x has shape {x.shape} and {label!r} has {y.shape}; they must be (n,), (n, runs)")
        data[label] = drawable(y, logy)
        if not np.isfinite(data[label]).all():
            raise ValueError(f"bands: {label!r} has values that cannot be drawn on these axes, such as NaN")
    counts = {y.shape[1] for y in data.values()}
    up_to = "up to " * (len(counts) > 1)
    shown = "one run" if counts == {1} else f"mean and standard deviation of {up_to}{max(counts)} runs"
    words = [(f"{title}: " if title else "") + f"{ylabel} against {xlabel}, {shown}."]
    with canvas() as (figure, axes):
        for (label, y), style in zip(data.items(), styles(data), strict=True):
            y = np.log(y) if logy else y
            mean, spread = y.mean(axis=1), _deviation(y)
            lines = mean, mean - spread, mean + spread
            mean, low, high = (np.exp(line) for line in lines) if logy else lines
            axes.fill_between(x, low, high, color=style["color"], alpha=0.18, linewidth=0)
            axes.plot(x, mean, label=label, **style, markevery=every(len(x), EVERY_POINT, 10))
            words.append(f"{label}: from {_ends(mean, logy)}.")
        scales(axes, False, logy, [x])
        axes.set(xlabel=text(xlabel), ylabel=text(ylabel))
        title_and_legend(figure, title or f"{ylabel} against {xlabel}", shown, axes.lines)
    return Picture(figure, axes, *words)


def ranking(results, xlabel, title=None, *, settings="", best="min", logx=False):
    """One row a rule, the best on top: a dot for each run, and their mean with its standard deviation.

    Parameters
    ----------
    results : dict of label -> array (runs,) of finite numbers
        A label that is the name of an optimizer, or starts with one, gets that optimizer's color.
    xlabel, title : str
    settings : str
        Second line of the title.
    best : "min" or "max"
    logx : bool
    """
    choice("ranking", "best", best, ("min", "max"))
    data = checked_dict("ranking", "results", results, "values")
    data = {label: np.asarray(values, dtype=float) for label, values in data.items()}
    for label, values in data.items():
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (logx and values.min() <= 0):
            above = " above 0" if logx else ""
            raise ValueError(f"ranking: {label!r} has shape {values.shape}; it must be (runs,), finite numbers{above}")
    names = sorted(data, key=lambda name: data[name].mean(), reverse=best == "max")
    rows = max(min(0.3 * len(names), 4.4), 0.2 * len(names))  # inches: up to 22 rows still fit a slide
    with canvas((8.0, 1.6 + rows)) as (figure, axes):
        for row, (name, style) in enumerate(zip(names, styles(names), strict=True)):
            values, color = data[name], style["color"]
            axes.plot(values, np.full(len(values), row), "o", color=color, markersize=4, alpha=0.35)
            axes.errorbar(values.mean(), row, xerr=_deviation(values), fmt=style["marker"], color=color, capsize=4,
                          markersize=8, markeredgecolor=theme.PAPER, linewidth=2, zorder=3)  # fmt: skip
        axes.set_yticks(range(len(names)), [text(name) for name in names])
        axes.set(ylim=(len(names) - 0.4, -0.6), xlabel=text(xlabel))
        if logx:
            axes.set_xscale("log")
        axes.grid(True, axis="x")
        axes.set_axisbelow(True)
        headline(figure, title or xlabel, settings)
    largest = min(1.0, max(np.abs(values).max() for values in data.values())) or 1.0
    return Picture(
        figure, axes,
        (f"{title}: {xlabel}" if title else xlabel)
        + f" of {len(names)} entries, the best first{f'; {settings}' if settings else ''}.",
        *(f"{name}: {_mean_words(data[name], data[name].mean() if logx else largest)}." for name in names))  # fmt: skip


def _legend_below(figure, axes, columns):
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, [text(label) for label in labels], loc="outside lower center", ncols=columns)


def _ends(values, log):
    """The first value and the last; on a logarithmic axis neither is too small to be told."""
    return " to ".join(number(values[i], 0 if log else min(1.0, np.abs(values).max())) for i in (0, -1))


def _mean_words(values, beside):
    """Mean ± deviation, both to the second digit of the deviation; a single run has none."""
    mean, spread = values.mean(), _deviation(values)
    if spread < 1e-9 * beside:
        return number(mean, beside) + " (one run)" * (len(values) == 1)
    if max(abs(mean), spread) < 1e-4:
        return f"{mean:.3g} ± {spread:.2g}"
    places = max(0, 1 - math.floor(math.log10(spread)))
    return f"{mean:.{places}f} ± {spread:.{places}f}"


def _deviation(values):
    """Standard deviation of a sample over the last axis; 0 for a single run."""
    return values.std(axis=-1, ddof=min(1, values.shape[-1] - 1))


def _checked_run(label, run):
    """The arrays of a run, of one shape (n,)."""
    keys = (*AXES, "loss")
    if not isinstance(run, dict) or not set(keys) <= set(run):
        raise ValueError(f"progress: run {label!r} must be a dict with {', '.join(map(repr, keys))}")
    arrays = {key: np.asarray(run[key], dtype=float) for key in keys}
    shapes = {key: values.shape for key, values in arrays.items()}
    if len(set(shapes.values())) > 1 or len(shapes["loss"]) != 1 or not shapes["loss"][0]:
        raise ValueError(f"progress: the arrays of run {label!r} have shapes {shapes}; all must be (n,)")
    return arrays
