"""Which runs a protocol asks for, as a function of the protocol and of the records, so that any break is resumed.

Stage "tuning" tries a grid of learning rates on examples held out of the training set and, where the protocol names a
second hyper-parameter, that one near the best rate.  Stage "final" trains with the best of them on all training images,
once for each seed, and is tested on the test images.  Stage "default" is the same at the rule's default learning rate.
"""

import hashlib
import json
import math

from ..checks import inside
from . import records
from .protocol import IMAGES, rule_named

DIGITS = 3  # of a learning rate
# Settings that are younger than the first records, and the values with which these were made.  A run with these values
# is recorded without them, so that old records keep their ids.
LATER = {"identity": False, "decay_biases": False, "whiten_epochs": 0, "reset_norms": False}


def jobs(protocol, recorded):
    """The runs, as `job.run` takes them, that can be started now and are not recorded, the most urgent first.

    All rules are tuned first; then all run with the first seed, then with the second, so that whatever is recorded when
    time is over can be compared.
    """
    done = {record["id"]: record for record in recorded}
    pairs = [(variant, rule) for rule, variant in protocol.pairs()]
    tried = {pair: trials(protocol, done, *pair) for pair in pairs}
    wanted = [job for each in tried.values() for trial in each for job in trial]
    best = {(variant, rule): best_setting(protocol, done, rule, tried[variant, rule]) for variant, rule in pairs}
    seeds = protocol.final["seeds"]
    for seed in [*seeds, *(s for s in protocol.final["default_seeds"] if s not in seeds)]:
        for variant, rule in pairs:
            if (chosen := best[variant, rule]) and seed in seeds:
                wanted.append(make(protocol, "final" if protocol.tuning else "default", variant, rule, *chosen, seed))
            if seed in protocol.final["default_seeds"]:
                wanted.append(make(protocol, "default", variant, rule, default_rate(protocol, rule), {}, seed))
    unique = {}
    for job in wanted:  # variants may ask for the same run, and the default rate may be the best one
        unique.setdefault(job["id"], job)
    return [job for name, job in unique.items() if name not in done]


def make(protocol, stage, variant, rule, lr, settings, seed):
    """One run, in plain values; its id is a checksum of all that decides its numbers.

    ``settings`` are hyper-parameters that differ from those which the protocol gives this rule.
    """
    hypers, settings = rule_named(rule).hypers, protocol.rules[rule] | settings
    for name, value in settings.items():
        if type(value) is int and type(hypers[name].default) is float:  # 1 and 1.0 are one setting
            settings[name] = float(value)
    decides = {
        "stage": "tuning" if stage == "tuning" else "final",  # the default's rate may also be the best one
        "rule": rule, "settings": settings, "lr": lr, "seed": seed, **_trained(protocol, stage, variant),
    }  # fmt: skip
    checksum = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    return {"id": checksum[:12], "protocol": protocol.name, "variant": variant, **decides, "stage": stage}


def _trained(protocol, stage, variant):
    """What a run trains: a task, or a network on images, of which tuning takes fewer, and for fewer epochs."""
    if protocol.tasks:
        return {"task": {"name": variant, **protocol.tasks[variant]}, "training": protocol.training}
    training, images, flips = protocol.trained(variant), 0, protocol.final["flips"]
    if stage == "tuning":
        training["epochs"], images, flips = protocol.tuning["epochs"], protocol.tuning["images"], False
    network, training = _without_later(protocol.network), _without_later(training)
    return {"data": protocol.data, "network": network, "training": training, "images": images, "flips": flips}


def _without_later(settings):
    return {key: value for key, value in settings.items() if key not in LATER or value != LATER[key]}


def untuned(protocol, rule, name):
    """A hyper-parameter where it is not tuned: the protocol's value, or the rule's default."""
    return protocol.rules[rule].get(name, rule_named(rule).hypers[name].default)


def default_rate(protocol, rule):
    """The rule's learning rate where nothing is tuned."""
    return float(untuned(protocol, rule, "lr"))


def trials(protocol, done, variant, rule):
    """What is tried and wanted so far: lists of runs, one for each seed of the tuning, that share all but the seed.

    First the grid of rates and, when all of it is recorded, one rate beyond the end at which the best one lies.  Then
    each value of the second hyper-parameter, on a grid of the best rate and those beside it that is widened likewise.
    Nothing where the protocol does not tune.
    """
    tuning = protocol.tuning
    if not tuning:
        return []
    step = tuning["exponents"][1] - tuning["exponents"][0]
    allowed = rule_named(rule).hypers["lr"].allowed

    def trial(exponent, settings):
        """Its runs; none where the rule does not take such a rate."""
        lr = float(f"{default_rate(protocol, rule) * 10**exponent:.{DIGITS}g}")
        seeds = tuning["seeds"] if inside(lr, allowed) else ()
        return [make(protocol, "tuning", variant, rule, lr, settings, seed) for seed in seeds]

    def widened(exponents, settings):
        """A dict of exponent -> trial, from the lowest exponent to the highest."""
        grid = {exponent: runs for exponent in exponents if (runs := trial(exponent, settings))}
        if not grid:
            raise ValueError(f"protocol {protocol.name} [tuning]: exponents={exponents} give {rule} no lr of {allowed}")
        for _ in range(tuning["widen"]):
            scores = [score(runs, done) for runs in grid.values()]
            place = best_place(scores)
            if None in scores or place not in (None, 0, len(grid) - 1):
                break
            # Where all diverged, too, a smaller one may not.
            beyond = max(grid) + step if place and place == len(grid) - 1 else min(grid) - step
            if not (runs := trial(beyond, settings)):
                break
            grid = dict(sorted({**grid, beyond: runs}.items()))
        return grid

    grid = widened(tuning["exponents"], {})
    wanted = [*grid.values()]
    place = best_place([score(runs, done) for runs in wanted])
    if place is not None:
        best = [*grid][place]
        for name, values in tuning["also"].get(rule, {}).items():
            first = json.loads(json.dumps(untuned(protocol, rule, name)))  # its grid is the first one
            for value in values:
                if value != first:
                    wanted += widened((best - step, best, best + step), {name: value}).values()
    return wanted


def tuning_steps(protocol, variant):
    """Steps of a run of the tuning of a variant."""
    images = protocol.tuning["images"] or IMAGES[protocol.data["set"]] - protocol.data["validation"]
    return protocol.tuning["epochs"] * -(-images // protocol.trained(variant)["batch"])


def best_place(scores):
    """Position of the highest accuracy, then of the lowest loss; None if one is missing, or each trial diverged."""
    if None in scores or max(scores) == LOST:
        return None
    return scores.index(max(scores))


LOST = (-math.inf, -math.inf)


def score(trial, done):
    """What is compared: mean score and minus the mean loss on the examples held out, over the seeds of a trial.

    None while a run is not recorded; `LOST` where one of them diverged.
    """
    if any(run["id"] not in done for run in trial):
        return None
    runs = [done[run["id"]] for run in trial]
    if any(run["history"]["diverged"] or not run["history"]["test_loss"] for run in runs):
        return LOST
    mean = lambda values: sum(values) / len(runs)
    return mean(map(records.score, runs)), -mean(run["history"]["test_loss"][-1] for run in runs)


def best_setting(protocol, done, rule, tried):
    """Learning rate and other settings of the final runs; None while not known, or where every rate diverged."""
    if not protocol.tuning:
        return default_rate(protocol, rule), {}
    place = best_place([score(runs, done) for runs in tried])
    return None if place is None else (tried[place][0]["lr"], tried[place][0]["settings"])
