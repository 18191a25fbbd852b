"""Results as pictures."""

import numpy as np

from ..pictures import plots
from .statistics import counted, place_words

METRICS = {
    "test_accuracy": "test accuracy", "train_accuracy": "training accuracy", "test_loss": "test loss",
    "train_loss": "training loss",
}  # fmt: skip


def curves(results, metric="test_accuracy", rules=None):
    """Mean and deviation over seeds after each epoch."""
    data = {rule: results.final(rule) for rule in _chosen(results, rules)}
    return _bands(data, metric, results.protocol.title)


def variant_curves(results, metric="test_accuracy"):
    """The same for each variant."""
    data = {results.words(*pair): results.final(*pair) for pair in results.protocol.pairs()}
    return _bands(data, metric, results.protocol.title)


def sensitivity(results, rules=None):
    """Mean accuracy on the images held out against the learning rate, a curve for each rule."""
    protocol, data = results.protocol, {}
    for rule in _chosen(results, rules):
        tried = [(lr, accuracy) for lr, own, accuracy in results.tuning(rule) if own == protocol.rules[rule]]
        rates, accuracies = np.array(tried).reshape(-1, 2).T
        if len(tried) > 1 and np.isfinite(accuracies).any():
            data[rule] = rates, accuracies
    if not data:
        raise ValueError("sensitivity: no learning rates were tried for these rules")
    length = "short epoch" if protocol.tuning["images"] else "epoch"
    title = f"Which learning rates work: {counted(protocol.tuning['epochs'], length)}"
    return plots.curves(None, data, "learning rate", "validation accuracy", title, logx=True, ylim=(0, None))


def ranking(results):
    """A row for each rule, the best on top, with the places that it may hold."""
    spans = results.places()
    if not spans:
        raise ValueError(f"ranking: no rule has a final run. {results.missing()}")
    named = {rule: f"{rule}, place{'s' * (span[0] < span[1])} {place_words(span)}" for rule, span in spans.items()}
    data = {label: 100 * np.array(results.accuracies(rule)) for rule, label in named.items()}
    low, high = min(map(len, data.values())), max(map(len, data.values()))
    runs = "one run" if high == 1 else f"{low} to {high} runs" if low < high else f"{high} runs"
    return plots.ranking(data, "test accuracy in %", results.protocol.title, best="max",
                         settings=f"{runs} a rule; places by paired tests")  # fmt: skip


def _bands(records, metric, title):
    """Mean and deviation of a metric, from lists of records by name; runs that diverged are left out."""
    if metric not in METRICS:
        raise ValueError(f"curves: metric={metric!r} must be one of {', '.join(METRICS)}")
    histories = {name: [run["history"] for run in runs] for name, runs in records.items()}
    data = {name: np.array([h[metric] for h in each if not h["diverged"]]).T for name, each in histories.items()}
    data = {name: values for name, values in data.items() if values.size}
    if not data:
        raise ValueError("curves: none of these rules has a final run that did not diverge")
    epochs = {name: np.arange(1, len(values) + 1) for name, values in data.items()}
    if len(set(map(len, epochs.values()))) > 1:
        means = {name: (epochs[name], values.mean(1)) for name, values in data.items()}
        return plots.curves(None, means, "epoch", METRICS[metric], title)
    return plots.bands(next(iter(epochs.values())), data, "epoch", METRICS[metric], title)


def _chosen(results, rules):
    unknown = [name for name in rules or () if name not in results.protocol.rules]
    if unknown:
        raise ValueError(f"rules={unknown!r} are not in the protocol; it has {', '.join(results.protocol.rules)}")
    return list(rules or results.protocol.rules)
