"""Training runs: the same progress against three axes, means and deviations over seeds, and a ranking of rules."""

import math

import numpy as np

from . import theme
from .charts import EVERY_POINT, _drawable, _scales, _styles
from .picture import Picture, headline, joined, new_figure, number, text
from .tracks import legend

AXES = {"steps": "steps", "examples": "examples read", "seconds": "seconds"}


def progress(runs, ylabel="loss", title=None, *, logx=True, logy=True):
    """The same runs three times: against steps, against examples read, against seconds.

    Parameters
    ----------
    runs : dict of label -> dict with the arrays (n,) "steps", "examples", "seconds" and "loss"
    ylabel, title : str
    logx, logy : bool

    Returns
    -------
    Picture
    """
    data = _checked_runs(runs)
    with theme.themed():
        figure = new_figure((9.6, 4.8))
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (key, name) in zip(panels, AXES.items(), strict=True):
            for (label, run), style in zip(data.items(), _styles(list(data)), strict=True):
                y = _drawable(run["loss"], logy)
                every = 1 if len(y) <= EVERY_POINT else max(1, len(y) // 8)
                axes.plot(_drawable(run[key], logx), y, label=label, **style, markevery=every)
            _scales(axes, logx, logy, [np.asarray(run[key]) for run in data.values()])
            axes.set_xlabel(name)
        panels[0].set_ylabel(text(ylabel))
        headline(figure, title or f"{ylabel} per step, per example and per second")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, [text(label) for label in labels], loc="outside lower center", ncols=len(labels))
    said = [f"{title}." if title else "", f"Three panels: {ylabel} against steps, examples read and seconds."]
    # Seconds differ from machine to machine, and so are not told.
    said += [f"{label}: {number(run['loss'][0])} to {number(run['loss'][-1])} in {int(run['steps'][-1]):,} steps and "
             f"{int(run['examples'][-1]):,} examples." for label, run in data.items()]  # fmt: skip
    return Picture(figure, list(panels), joined(said))


def bands(x, ys, xlabel, ylabel, title=None, *, logx=False, logy=False, ylim=None):
    """Means over several runs as lines, and bands of one standard deviation around them.

    Parameters
    ----------
    x : array (n,)
    ys : dict of label -> array (n, runs)
        A label that is the name of an optimizer, or starts with one, gets that optimizer's look.
    xlabel, ylabel, title : str
    logx, logy : bool
        On a logarithmic axis mean and deviation are those of the logarithms.
    ylim : (low, high), optional

    Returns
    -------
    Picture
    """
    data = _checked_bands(x, ys, logy)
    with theme.themed():
        figure = new_figure()
        axes = figure.subplots()
        for (label, (at, middle, low, high)), style in zip(data.items(), _styles(list(data)), strict=True):
            every = 1 if len(at) <= EVERY_POINT else max(1, len(at) // 10)
            axes.fill_between(at, low, high, color=style["color"], alpha=0.18, linewidth=0)
            axes.plot(at, middle, label=label, **style, markevery=every)
        _scales(axes, logx, logy, [at for at, *_ in data.values()])
        axes.set(xlabel=text(xlabel), ylabel=text(ylabel), ylim=ylim)
        shown = _shown({np.shape(y)[1] for y in ys.values()})
        headline(figure, title or f"{ylabel} against {xlabel}", shown)
        legend(figure, *axes.get_legend_handles_labels())
    said = [f"{title}: {ylabel} against {xlabel}," if title else f"{ylabel} against {xlabel},"]
    said[0] += f" {shown}."
    said += [f"{label}: from {number(m[0])} to {number(m[-1])}." for label, (_, m, _, _) in data.items()]
    return Picture(figure, axes, joined(said))


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

    Returns
    -------
    Picture
    """
    data = _checked_results(results, best, logx)
    names = sorted(data, key=lambda name: data[name].mean(), reverse=best == "max")
    with theme.themed():
        figure = new_figure((8.0, 1.6 + 0.3 * len(names)))
        axes = figure.subplots()
        for row, (name, style) in enumerate(zip(names, _styles(names), strict=True)):
            values = data[name]
            mean, spread = values.mean(), _deviation(values)
            axes.plot(values, np.full(len(values), row), "o", color=style["color"], markersize=4, alpha=0.35)
            axes.errorbar(mean, row, xerr=spread, fmt=style["marker"], color=style["color"], capsize=4, markersize=8,
                          markeredgecolor=theme.PAPER, linewidth=2, zorder=3)  # fmt: skip
        axes.set_yticks(range(len(names)), [text(name) for name in names])
        axes.set(ylim=(len(names) - 0.4, -0.6), xlabel=text(xlabel))
        if logx:
            axes.set_xscale("log")
        axes.grid(True, axis="x")
        axes.set_axisbelow(True)
        headline(figure, title or xlabel, settings)
    said = [f"{title}: {xlabel}" if title else xlabel]
    said[0] += f" of {len(names)} entries, the best first{f'; {settings}' if settings else ''}."
    said += [f"{name}: {_mean_words(data[name])}." for name in names]
    return Picture(figure, axes, joined(said))


def _mean_words(values):
    """Mean ± deviation, both to the second digit of the deviation; a single run has none."""
    mean, spread = values.mean(), _deviation(values)
    if abs(spread) < 1e-9:
        return number(mean) + " (one run)" * (len(values) == 1)
    places = max(0, 1 - math.floor(math.log10(spread)))
    return f"{mean:.{places}f} ± {spread:.{places}f}"


def _deviation(values):
    """Standard deviation over the last axis, as a sample tells it; 0 for a single run."""
    return values.std(axis=-1, ddof=min(1, values.shape[-1] - 1))


# --- data --------------------------------------------------------------------------------------------------------


def _checked_runs(runs):
    if not isinstance(runs, dict) or not runs:
        raise TypeError(f"progress: runs={runs!r} must be a dict of label -> run, with at least one entry")
    wanted = (*AXES, "loss")
    data = {}
    for label, run in runs.items():
        if not isinstance(run, dict) or not set(wanted) <= set(run):
            raise ValueError(f"progress: run {label!r} must be a dict with {', '.join(map(repr, wanted))}")
        data[str(label)] = {key: np.asarray(run[key], dtype=float) for key in wanted}
        shapes = {key: values.shape for key, values in data[str(label)].items()}
        if len(set(shapes.values())) > 1 or len(shapes["loss"]) != 1 or not shapes["loss"][0]:
            raise ValueError(f"progress: the arrays of run {label!r} have shapes {shapes}; all must be (n,)")
    return data


def _shown(runs):
    """What a picture of bands shows, for the different numbers of runs of its lines."""
    if max(runs) == 1:
        return "one run"
    return f"mean and standard deviation of {'up to ' * (len(runs) > 1)}{max(runs)} runs"


def _checked_bands(x, ys, logy):
    if not isinstance(ys, dict) or not ys:
        raise TypeError(f"bands: ys={ys!r} must be a dict of label -> values (n, runs), with at least one entry")
    x, data = np.asarray(x, dtype=float), {}
    for label, y in ys.items():
        y = np.asarray(y, dtype=float)
        if x.ndim != 1 or y.ndim != 2 or len(y) != len(x) or not y.size:
            raise ValueError(f"bands: x has shape {x.shape} and {label!r} has {y.shape}; they must be (n,), (n, runs)")
        y = _drawable(y, logy)
        if not np.isfinite(y).all():
            raise ValueError(f"bands: {label!r} has values that cannot be drawn on these axes, such as NaN")
        y = np.log(y) if logy else y
        mean, spread = y.mean(axis=1), _deviation(y)
        lines = mean, mean - spread, mean + spread
        data[str(label)] = x, *(np.exp(line) if logy else line for line in lines)
    return data


def _checked_results(results, best, logx):
    if best not in ("min", "max"):
        raise ValueError(f"ranking: best={best!r} must be 'min' or 'max'")
    if not isinstance(results, dict) or not results:
        raise TypeError(f"ranking: results={results!r} must be a dict of label -> values, with at least one entry")
    data = {str(label): np.asarray(values, dtype=float) for label, values in results.items()}
    for label, values in data.items():
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (logx and values.min() <= 0):
            above = " above 0" if logx else ""
            raise ValueError(f"ranking: {label!r} has shape {values.shape}; it must be (runs,), finite numbers{above}")
    return data
