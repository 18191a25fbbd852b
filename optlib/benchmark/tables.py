"""Results as tables."""

import math

from .plan import default_rate, jobs
from .statistics import counted, place_words
from .table import Table

NONE = "–"


def summary(results):
    """Every rule of the protocol, the best first; rules without a final run stand at the end."""
    protocol, spans = results.protocol, results.places()
    untuned = {job["rule"] for job in jobs(protocol, list(results.done.values())) if job["stage"] == "tuning"}
    rows = []
    for rule in [*spans, *(name for name in protocol.rules if name not in spans)]:
        best, default, tried = results.best_rate(rule), default_rate(protocol, rule), results.tuning(rule)
        runs = results.final(rule)
        lost = sum(run["history"]["diverged"] for run in runs)
        hopeless = rule not in untuned and best is None
        rows.append([
            rule, place_words(spans[rule]) if rule in spans else NONE, _rate(best), _rate(default), str(len(tried)),
            _percent(results.validation(rule, best)), _percent(results.validation(rule, default)),
            "diverged at every rate" if hopeless else _tested(results, rule), _tested(results, rule, default=True),
            str(results.with_flips(rule) or NONE), _range(results.minutes(rule)),
            f"{len(runs)}" + f" ({lost} diverged)" * bool(lost), _memory(runs),
        ])  # fmt: skip
    columns = ["rule", "place", "best lr", "default lr", "rates tried", "validation, best lr", "validation, default lr",
               "test, best lr", "test, default lr", "with flips", "minutes", "runs", "memory"]  # fmt: skip
    without = set()
    if not protocol.tuning:
        without |= {"best lr", "test, default lr"}  # they would say the same twice
    elif not protocol.final["default_seeds"]:
        without |= {"test, default lr"}  # runs there only where it is the best one
    if not protocol.final["flips"]:
        without |= {"minutes"}  # for protocols that are about speed
    if len(protocol.rules) == 1:
        without |= {"place"}
    shown = [
        i for i, name in enumerate(columns)
        if name not in without and (i < 2 or any(row[i] not in (NONE, "not run", "0") for row in rows))
    ]  # fmt: skip
    if not protocol.tuning:
        columns[columns.index("test, best lr")] = "test"
        columns[columns.index("default lr")] = "lr"
    caption = f"{protocol.title}. {_length(protocol)} {_tuned(protocol)} {_columns(protocol)}"
    if missing := results.missing():
        caption += f" {missing}"
    return Table(caption, [columns[i] for i in shown], [[row[i] for i in shown] for row in rows])


def time_to(results, accuracy):
    """Epochs and seconds of training until the mean test accuracy over seeds first reaches a value."""
    if isinstance(accuracy, bool) or not isinstance(accuracy, (int, float)) or not 0 < accuracy < 1:
        raise ValueError(f"time_to: accuracy={accuracy!r} must be a number between 0 and 1, such as 0.7")
    rows = []
    for rule in results.rules:
        runs = [run["history"] for run in results.final(rule) if not run["history"]["diverged"]]
        reached = [_first(history["test_accuracy"], accuracy) for history in runs]
        whole = [epoch for epoch in reached if epoch is not None]
        seconds = [sum(h["seconds"][: e + 1]) for h, e in zip(runs, reached, strict=True) if e is not None]
        never = len(runs) - len(whole)
        mean = sum(whole) / len(whole) + 1 if whole else math.inf
        rows.append([
            mean, rule, f"{mean:.1f}" if whole else "not reached",
            f"{sum(seconds) / len(whole):.0f}" if whole else NONE,
            f"{len(whole)} of {len(runs)}" if never or not runs else f"all {len(runs)}",
        ])  # fmt: skip
    rows.sort(key=lambda row: row[0])
    caption = (
        f"Epochs and seconds of training to {100 * accuracy:g} % test accuracy, looked at after each epoch, mean of "
        "the runs that reach it. Seconds are those of the machines in the records, which may have had other work."
    )
    return Table(caption, ["rule", "epochs", "seconds", "runs that reach it"], [row[1:] for row in rows])


def variants(results):
    """What each variant reports, beside the first one."""
    base, rows = results.variants[0], []
    for rule in results.rules:
        first = results.accuracy(rule, base)
        for variant in results.variants:
            value = results.accuracy(rule, variant)
            away = NONE if variant == base or not (value and first) else f"{100 * (value.mean - first.mean):+.2f}"
            name = variant if len(results.rules) == 1 else f"{rule}, {variant}"
            rows.append([name, str(value or "not run"), away, str(len(results.final(rule, variant)))])
    caption = f"{results.protocol.title}. {_length(results.protocol)} Difference in points from {base!r}."
    return Table(caption, ["variant", "reported as test accuracy", "difference", "runs"], rows)


def _length(protocol):
    images = "all of CIFAR-10" if protocol.data["set"] == "full" else "the bundled images"
    size = f" {protocol.network['size']}" if protocol.network["name"] == "SpeedNet" else ""
    epochs = counted(protocol.training["epochs"], "epoch")
    return f"{protocol.network['name']}{size} on {images}, {epochs}, batch {protocol.training['batch']}."


def _tuned(protocol):
    if not protocol.tuning:
        return "No learning rate was tuned."
    count, held = len(protocol.tuning["exponents"]), protocol.data["validation"]
    return (
        f"Learning rates: the best of {count} or more, each rule's default times a power of ten, on {held:,} training "
        "images held out."
    )


def _columns(protocol):
    """What the names of the columns leave open."""
    said = "Memory is in numbers kept for each parameter."
    if len(protocol.rules) > 1:
        said = f"Places are shared where means lie nearer to each other than their spreads together. {said}"
    if protocol.final["flips"]:
        said += " With flips, each test image is also looked at in the mirror. Minutes are those of training alone."
    return said


def _first(values, least):
    return next((i for i, value in enumerate(values) if value >= least), None)


def _rate(value):
    return NONE if value is None else f"{value:g}"


def _tested(results, rule, default=False):
    found = results.accuracy(rule, default=default)
    return str(found or ("diverged" if results.final(rule, default=default) else "not run"))


def _percent(value):
    return NONE if value is None else f"{100 * value:.1f} %"


def _range(values):
    return " to ".join(f"{value:.1f}" for value in sorted({min(values), max(values)})) if values else NONE


def _memory(runs):
    return f"{runs[0]['memory']:g}" if runs else NONE
