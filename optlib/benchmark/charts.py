"""Results as pictures."""

import numpy as np

from ..pictures import plots
from . import records
from .statistics import counted, place_words

METRICS = {"test_accuracy": "test accuracy", "train_accuracy": "training accuracy", "test_loss": "test loss",
           "train_loss": "training loss"}  # fmt: skip
SHARE = "%"  # the ticks of an axis are the values as they are, of accuracies shares
WIDE = 10  # times the lowest value: from here on an axis is logarithmic


def curves(results, metric=None, rules=None, variant=None):
    """Picture: the mean over seeds after each epoch, with a band of one standard deviation.

    ``metric`` is "test_accuracy" by default, or "train_accuracy", "test_loss", "train_loss"; of a task "test" by
    default, which is its metric, or "train", "test_loss", "train_loss".
    """
    variant = results.one_of(variant)
    data = {rule: results.final(rule, variant) for rule in results.protocol.with_only(rules).rules}
    metrics = METRICS
    if results.protocol.tasks:
        name = results.metric(variant).words(silent=SHARE)
        losses = {key: METRICS[key] for key in ("test_loss", "train_loss")}
        metrics = {"test": f"test {name}", "train": f"training {name}", **losses}
    return _bands(data, metric, metrics, _title(results, variant))


def variant_curves(results, metric="test_accuracy"):
    """Picture: mean and deviation over seeds after each epoch, for each variant of a protocol, as it reports them."""
    results.refuse_tasks("variant_curves", "curves")
    data = {results.words(*pair): results.final(*pair) for pair in results.protocol.pairs()}
    return _bands(data, metric, METRICS | {"test_accuracy": "reported as test accuracy"}, results.protocol.title)


def sensitivity(results, rules=None, variant=None):
    """Picture: mean accuracy, or the task's metric, on what is held out against the learning rate, rule by rule."""
    variant = results.one_of(variant)
    protocol, data, metric = results.protocol, {}, results.metric(variant)
    for rule in protocol.with_only(rules).rules:
        tried = [(lr, value) for lr, own, value in results.tuning(rule, variant) if own == protocol.rules[rule]]
        rates, accuracies = np.array(tried).reshape(-1, 2).T
        if len(tried) > 1 and np.isfinite(accuracies).any():
            data[rule] = rates, accuracies
    if not data:
        raise ValueError("sensitivity: no learning rates were tried for these rules")
    if protocol.tasks:
        title = f"Which learning rates work: {variant}"
    else:
        length = "short epoch" if protocol.tuning["images"] else "epoch"
        title = f"Which learning rates work: {counted(protocol.tuning['epochs'], length)}"
    return plots.curves(None, data, "learning rate", f"validation {metric.words(silent=SHARE)}", title, logx=True,
                        logy=not metric.higher, ylim=(0, None) if metric.higher else None)  # fmt: skip


def ranking(results, variant=None):
    """Picture: a row a rule, a dot a run, the best on top, with the places that it may hold."""
    variant = results.one_of(variant)
    spans, metric = results.places(variant), results.metric(variant)
    if not spans:
        raise ValueError(f"ranking: no rule has a final run. {results.missing(variant)}")
    named = {rule: f"{rule}, place{'s' * (span[0] < span[1])} {place_words(span)}" for rule, span in spans.items()}
    scale = 100 if metric.unit == "%" else 1
    data = {label: scale * np.array(results.accuracies(rule, variant)) for rule, label in named.items()}
    fewest, most = min(map(len, data.values())), max(map(len, data.values()))
    runs = f"{most} runs" if most > 1 else "one run"
    if fewest < most:
        runs = f"{fewest} to {runs}"
    lowest, highest = min(map(min, data.values())), max(map(max, data.values()))
    wide = not metric.higher and 0 < WIDE * lowest < highest  # a rule that hardly learns would leave no room to others
    label = f"test {metric.words()}"
    return plots.ranking(data, label, _title(results, variant), best="max" if metric.higher else "min",
                         settings=f"{runs} a rule; places by paired tests", logx=wide)  # fmt: skip


def _title(results, variant):
    return f"{results.protocol.title}: {variant}" if results.protocol.tasks else results.protocol.title


def _bands(runs, metric, metrics, title):
    """Mean and deviation of one of the ``metrics`` (key -> words), from lists of records by name.

    Runs that diverged are left out.
    """
    metric = next(iter(metrics)) if metric is None else metric
    if metric not in metrics:
        raise ValueError(f"curves: metric={metric!r} must be one of {', '.join(metrics)}")
    values = lambda run: records.reached(run, metric) if metric in ("test", "train") else run["history"][metric]
    data = {}
    for name, each in runs.items():
        rows = np.array([values(run) for run in each if not run["history"]["diverged"]])
        if rows.size:
            data[name] = rows.T
    if not data:
        raise ValueError("curves: none of these rules has a final run that did not diverge")
    epochs = {name: np.arange(1, len(values) + 1) for name, values in data.items()}
    if len(set(map(len, epochs.values()))) > 1:
        means = {name: (epochs[name], values.mean(1)) for name, values in data.items()}
        return plots.curves(None, means, "epoch", metrics[metric], title)
    return plots.bands(next(iter(epochs.values())), data, "epoch", metrics[metric], title)
