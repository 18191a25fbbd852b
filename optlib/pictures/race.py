"""Training runs that grow together: loss and accuracy against epochs."""

from matplotlib.ticker import PercentFormatter

from . import theme
from .charts import _styles
from .picture import Picture, headline, joined, new_figure, number, text

PANELS = {"loss": "training loss", "accuracy": "test accuracy"}
TOP = 0.1  # so far above the highest first value the loss axis ends: what rises beyond is cut off


def race_picture(runs, settings, title="Live race"):
    """Training loss and test accuracy of several runs against epochs.

    Parameters
    ----------
    runs : dict of label -> dict with the arrays (n,) "epochs", "loss", "accuracy", and the bool "diverged"
        A label that is the name of an optimizer, or starts with one, gets that optimizer's look.  A run that diverged
        at once, or has not begun, has empty arrays.
    settings : str
        Second line of the title.
    title : str

    Returns
    -------
    Picture
    """
    started = [run for run in runs.values() if len(run["epochs"])]
    with theme.themed():
        figure = new_figure((9.6, 4.8))
        panels = figure.subplots(1, 2)
        for axes, (key, name) in zip(panels, PANELS.items(), strict=True):
            for (label, run), style in zip(runs.items(), _styles(list(runs)), strict=True):
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
            for axes in panels:  # no numbers where there is nothing to measure by them
                axes.set(xticks=[], yticks=[])
        panels[1].set_ylim(0, None)
        panels[1].yaxis.set_major_formatter(PercentFormatter(1.0))
        headline(figure, title, settings)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, [text(label) for label in labels], loc="outside lower center", ncols=min(4, len(labels)))
    said = [f"{title}, {settings}: training loss and test accuracy against epochs."]
    for label, run in runs.items():
        if not len(run["epochs"]):
            said.append(f"{label}: diverged at once." if run["diverged"] else f"{label}: not begun.")
            continue
        end = f", where it diverged after {number(run['epochs'][-1])} epochs" if run["diverged"] else ""
        first, last = (f"{number(run['loss'][i])} and {run['accuracy'][i]:.1%} right" for i in (0, -1))
        said.append(f"{label}: from loss {first} to {last}{end}.")
    return Picture(figure, list(panels), joined(said))
