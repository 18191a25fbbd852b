"""Results as tables."""

import math

from .. import checks
from ..pictures.maps import on_edge
from ..pictures.table import Table
from ..words import short
from .plan import default_rate, tuning_steps, untuned
from .protocol import rule_named
from .statistics import counted, place_words

NONE = "–"
MEMORY = "Memory is in numbers kept for each parameter."
SPREAD = "± is the standard deviation over the seeds."
PLACES = "Places are shared where runs of the same seeds do not separate two rules (paired t test, Holm's correction)."
FLIPS = "With flips, each test image is also looked at in the mirror. Minutes are those of training alone."


def summary(results, variant):
    """Every rule of the protocol, the best first; rules without a final run stand at the end."""
    protocol, places, unit = results.protocol, results.places(variant), results.metric(variant).unit
    rules = [rule for rule, of in protocol.pairs() if of == variant]

    def held_out(value):
        if value is None or math.isnan(value):
            return NONE
        return f"{100 * value:.1f} %" if unit == "%" else f"{value:.4g} {unit}".rstrip()

    rows, rates_at_end, seconds_at_end = [], [], []
    for rule in [*places, *(name for name in rules if name not in places)]:
        runs, tried = results.final(rule, variant), results.tuning(rule, variant)
        plain, default = protocol.rules[rule], default_rate(protocol, rule)
        best, settings = results.best_setting(rule, variant) or (None, {})
        rates = [lr for lr, others, _ in tried if others == plain | settings]
        if best in rates[:1] + rates[-1:]:
            rates_at_end.append(rule)
        if best and _second_at_end(protocol, rule, settings):
            seconds_at_end.append(rule)
        changed = ", ".join(f"{name}={short(value)}" for name, value in settings.items() if plain.get(name) != value)
        at_default = next((value for lr, others, value in tried if (lr, others) == (default, plain)), None)
        rows.append({
            "rule": rule, "place": place_words(places[rule]) if rule in places else NONE,
            "best lr": f"{best:g}" if best else NONE, "and": changed or NONE, "default lr": f"{default:g}",
            "settings tried": str(len(tried)), "validation, best lr": held_out(results.validation(rule, best, variant)),
            "validation, default lr": held_out(at_default),
            "test, best lr": _tested(results, rule, variant), "test, default lr": _tested(results, rule, variant, True),
            "with flips": str(results.with_flips(rule, variant) or NONE),
            "minutes": _range(results.minutes(rule, variant)), "runs": str(len(runs)),
            "memory": f"{runs[0]['memory']:g}" if runs else NONE,
        })  # fmt: skip
    omitted = {
        "best lr": not protocol.tuning,  # the same as "lr"
        "test, default lr": not protocol.final["default_seeds"],  # there are runs only where it is the best rate
        "minutes": not protocol.final["flips"],  # for protocols that are about speed
        "place": len(rules) == 1,
    }
    filled = lambda name: name in ("rule", "place") or any(row[name] not in (NONE, "not run", "0") for row in rows)
    columns = {name: name for name in rows[0] if not omitted.get(name) and filled(name)}
    if not protocol.tuning:
        columns |= {"test, best lr": "test", "default lr": "lr"}
    tuned = _tuned(protocol, variant) if protocol.tuning else "No learning rate was tuned."
    notes = [_trained(results, variant), tuned]
    for what, names in (("rate", rates_at_end), ("second hyper-parameter", seconds_at_end)):
        if names:
            notes.append(f"The best {what} is the lowest or the highest that was tried for {', '.join(names)}.")
    notes += [PLACES * (len(rules) > 1), MEMORY, FLIPS * protocol.final["flips"]]
    return _table(results, variant, notes, [*columns.values()], [[row[name] for name in columns] for row in rows])


def tasks(results):
    """Every rule on every task, in the order of the registry, with its place there."""
    places = {task: results.places(task) for task in results.tasks}

    def cell(rule, task):
        place = f" ({place_words(places[task][rule])})" if rule in places[task] else ""
        return _tested(results, rule, task) + place

    metrics = {task: results.metric(task) for task in results.tasks}
    columns = [f"{task}, {metric.words(silent='%')}" for task, metric in metrics.items()]  # the cells say it
    rows = [[rule, *(cell(rule, task) for task in results.tasks)] for rule in _shown(results)]
    lower = [task for task, metric in metrics.items() if not metric.higher]
    note = f"Less is better on {', '.join(lower)}." if lower else ""
    tuned = _tuned(results.protocol, None) if results.protocol.tuning else ""
    return _table(results, None, [note, tuned, f"In parentheses places. {PLACES}"], ["rule", *columns], rows)


def time_to(results, accuracy):
    """Epochs and seconds of training until a test accuracy is reached; first by the share of runs that reach it."""
    accuracy = checks.number("time_to", "accuracy", accuracy, "(0, 1)")
    results.refuse_tasks("time_to", "curves")
    rows = []
    for pair in results.protocol.pairs():
        name, reached, runs = results.words(*pair), [], [run["history"] for run in results.final(*pair)]
        if not runs and not results.diverged_everywhere(*pair):
            continue
        for history in runs:
            epochs = next((k for k, value in enumerate(history["test_accuracy"], start=1) if value >= accuracy), None)
            if epochs is not None and not history["diverged"]:
                reached.append((epochs, sum(history["seconds"][:epochs])))
        count = f"all {len(runs)}" if len(reached) == len(runs) > 0 else f"{len(reached)} of {len(runs)}"
        if reached:
            epochs, seconds = (sum(column) / len(reached) for column in zip(*reached, strict=True))
            rows.append([(1 - len(reached) / len(runs), epochs), name, f"{epochs:.1f}", f"{seconds:.0f}", count])
        else:
            rows.append([(1, math.inf), name, "not reached" if runs else "diverged at every rate", NONE, count])
    rows.sort(key=lambda row: row[0])
    caption = (
        f"Epochs and seconds of training to {100 * accuracy:g} % test accuracy, looked at after each epoch, mean of "
        "the runs that reach it. Seconds are those of the machines in the records, which may have had other work."
    )
    what = "variant" if len(results.variants) > 1 else "rule"
    return Table(caption, [what, "epochs", "seconds", "runs that reach it"], [row[1:] for row in rows])


def variants(results):
    """What each variant reports, beside the first one; for protocols that switch something on and off."""
    results.refuse_tasks("compared", "table")
    base, rows, flips = results.protocol.pairs()[0], [], results.protocol.final["flips"]
    first = results.by_seed(*base)
    for pair in results.protocol.pairs():
        own, runs = results.by_seed(*pair), str(len(results.final(*pair)))
        gaps = [own[seed] - first[seed] for seed in own if seed in first and pair != base]
        gap = f"{100 * sum(gaps) / len(gaps):+.2f}" if gaps else NONE
        timed = [str(results.with_flips(*pair) or NONE), _range(results.minutes(*pair))] * flips
        rows.append([results.words(*pair), _tested(results, *pair), gap, *timed, runs])
    other = any({"epochs", "batch"} & changes.keys() for changes in results.protocol.variants.values())
    beside = f"Difference in points from {results.words(*base)!r}, of the seeds that both have."
    columns = ["variant", "reported as test accuracy", "difference", *["with flips", "minutes"] * flips, "runs"]
    notes = ["Variants may have other epochs and batches." * other, beside, FLIPS * flips]
    return _table(results, None, [_trained(results, base[1]), *notes], columns, rows)


def _table(results, variant, notes, columns, rows):
    """With a caption of title, notes and what is to be known of the runs, also where they are of two precisions."""
    runs = [run for rule, of in results.protocol.pairs() if variant in (None, of) for run in results.final(rule, of)]
    used = sorted({run["history"]["settings"]["precision"] for run in runs})
    mixed = f"Not all runs have one precision: they are in {' or '.join(used)}." if len(used) > 1 else ""
    spread = SPREAD * any("±" in cell for row in rows for cell in row)
    texts = [f"{results.protocol.title}.", *notes, spread, mixed, results.missing(variant)]
    return Table(" ".join(filter(None, texts)), columns, rows)


def _second_at_end(protocol, rule, settings):
    """Whether the second hyper-parameter is the least or the greatest of its values, and no bound of its own."""
    seconds = protocol.tuning["also"].get(rule, {}) if protocol.tuning else {}
    for name, values in seconds.items():
        default = untuned(protocol, rule, name)
        if type(default) in (int, float):  # a switch has no end
            grid = sorted({default, *values})
            return on_edge(rule_named(rule).hypers[name], grid, grid.index(settings.get(name, default)))
    return False


def _shown(results):
    """The rules that have a final run, and those that have none since they diverged at every rate."""
    lost = lambda rule: any(results.diverged_everywhere(rule, each) for each in results.tasks or results.variants)
    return [rule for rule in results.protocol.rules if rule in results.rules or lost(rule)]


def _tuned(protocol, variant):
    tuning, seeds = protocol.tuning, counted(len(protocol.tuning["seeds"]), "seed")
    held_out = f"on {protocol.data['validation']:,} training images held out" if protocol.data else "on held-out data"
    steps = f", after {tuning_steps(protocol, variant)} steps with {seeds}" if protocol.data else f" with {seeds}"
    return (
        f"Learning rates: the best of {len(tuning['exponents'])} or more, each rule's default times a power of "
        f"ten{', with some values of a second hyper-parameter' * bool(tuning['also'])}, {held_out}{steps}."
    )


def _trained(results, variant):
    """What is trained, on what, and for how long."""
    protocol, metric = results.protocol, results.metric(variant)
    settings = protocol.tasks[variant] if protocol.tasks else protocol.trained(variant)
    length = f"{counted(settings['epochs'], 'epoch')}, batch {settings['batch']}"
    if protocol.tasks:
        better = "" if metric.higher else ", of which less is better"
        return f"Task {variant}, {length}; results are {metric.words()}{better}."
    images = "all of CIFAR-10" if protocol.data["set"] == "full" else "the bundled images"
    size = f" {protocol.network['size']}" if protocol.network["name"] == "SpeedNet" else ""
    return f"{protocol.network['name']}{size} on {images}, {length}."


def _tested(results, rule, variant, default=False):
    runs = results.final(rule, variant, default)
    diverged = sum(run["history"]["diverged"] for run in runs)
    if diverged == len(runs):
        if not default and results.diverged_everywhere(rule, variant):
            return "diverged at every rate"
        return "diverged" if runs else "not run"
    return f"{results.accuracy(rule, variant, default)}" + f", {diverged} of {len(runs)} diverged" * bool(diverged)


def _range(values):
    return " to ".join(dict.fromkeys(f"{end:.1f}" for end in (min(values), max(values)))) if values else NONE
