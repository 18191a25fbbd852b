"""Which runs a protocol asks for, as a function of the protocol and of the records, so that any break is resumed.

Stage "tuning" tries a grid of learning rates on images held out of the training set.  Stage "final" trains with the
best of them on all training images, once for each seed, and is tested on the test images.  Stage "default" is the same
at the rule's default learning rate.
"""

import hashlib
import json

from ..registry import OPTIMIZERS

DIGITS = 3  # of a learning rate
# Settings that came after the first records, and what these were made with.  A run with the same is recorded without
# them, so that old records keep their ids.
LATER = {"identity": False, "decay_biases": False, "whiten_epochs": 0}


def jobs(protocol, records):
    """The runs that can be started now and are not recorded, the most urgent first.

    All rules are tuned first; then all run with the first seed, then with the second, so that whatever is recorded when
    time is over can be compared.

    Parameters
    ----------
    protocol : Protocol
    records : list of dict

    Returns
    -------
    list of dict
        What `job.run` takes.
    """
    done = {record["id"]: record for record in records}
    wanted = []
    pairs = [(variant, rule) for variant in protocol.variants for rule in protocol.rules]
    if protocol.tuning:
        for pair in pairs:
            wanted += tuning_jobs(protocol, done, *pair)
    rates = {pair: best_rate(protocol, done, *pair) for pair in pairs}
    seeds = protocol.final["seeds"]
    for seed in [*seeds, *(s for s in protocol.final["default_seeds"] if s not in seeds)]:
        for variant, rule in pairs:
            lr, default = rates[variant, rule], default_rate(protocol, rule)
            if lr is not None and seed in seeds:
                wanted.append(make(protocol, "final" if protocol.tuning else "default", variant, rule, lr, seed))
            if protocol.tuning and seed in protocol.final["default_seeds"] and lr != default:
                wanted.append(make(protocol, "default", variant, rule, default, seed))
    unique = {}
    for job in wanted:  # variants may ask for the same run
        unique.setdefault(job["id"], job)
    return [job for name, job in unique.items() if name not in done]


def make(protocol, stage, variant, rule, lr, seed):
    """One run, in plain values; its id is a checksum of all that decides its numbers."""
    training = dict(protocol.trained(variant))
    if stage == "tuning":
        training["epochs"] = protocol.tuning["epochs"]
    decides = {
        "stage": "tuning" if stage == "tuning" else "final",  # the default's rate may also be the best one
        "rule": rule, "settings": protocol.rules[rule], "lr": lr, "seed": seed,
        "data": protocol.data,
        "network": _without_later(protocol.network), "training": _without_later(training),
        "images": protocol.tuning["images"] if stage == "tuning" else 0,
        "flips": protocol.final["flips"] and stage != "tuning",
    }  # fmt: skip
    text = json.dumps(decides, sort_keys=True)
    return {
        "id": hashlib.sha256(text.encode()).hexdigest()[:12], "protocol": protocol.name, "variant": variant,
        **decides, "stage": stage,
    }  # fmt: skip


def _without_later(settings):
    return {key: value for key, value in settings.items() if key not in LATER or value != LATER[key]}


def default_rate(protocol, rule):
    """The rule's learning rate where nothing is tuned."""
    return float(protocol.rules[rule].get("lr", OPTIMIZERS[rule].hypers["lr"].default))


def rate(protocol, rule, exponent):
    """The default learning rate times ten to the exponent, to three digits."""
    return float(f"{default_rate(protocol, rule) * 10**exponent:.{DIGITS}g}")


def tuning_jobs(protocol, done, variant, rule):
    """The grid of a rule and, when all of it is recorded, one rate beyond the end at which the best one lies."""
    tuning = protocol.tuning
    job = lambda exponent: make(protocol, "tuning", variant, rule, rate(protocol, rule, exponent), tuning["seed"])
    exponents = list(tuning["exponents"])
    step, wanted = exponents[1] - exponents[0], [job(e) for e in exponents]
    for _ in range(tuning["widen"]):
        tried = [done.get(each["id"]) for each in wanted]
        if None in tried:
            break
        place = best_place(tried)
        if place is None or place == 0:  # also where all diverged: a smaller one may not
            exponents.insert(0, exponents[0] - step)
            wanted.insert(0, job(exponents[0]))
        elif place == len(tried) - 1:
            exponents.append(exponents[-1] + step)
            wanted.append(job(exponents[-1]))
        else:
            break
    return wanted


def best_place(tried):
    """Position of the best of some tuning records: the highest accuracy, then the lowest loss; None if all diverged."""
    scores = [score(record) for record in tried]
    best = max(scores)
    return None if best == LOST else scores.index(best)


LOST = (-1.0, 0.0)


def score(record):
    """What is compared when the learning rate is chosen: accuracy and minus the loss on the images held out."""
    history = record["history"]
    if history["diverged"] or not history["test_accuracy"]:
        return LOST
    return history["test_accuracy"][-1], -history["test_loss"][-1]


def best_rate(protocol, done, variant, rule):
    """The learning rate of the final runs; None while it is not known, or where every rate diverged."""
    if not protocol.tuning:
        return default_rate(protocol, rule)
    wanted = tuning_jobs(protocol, done, variant, rule)
    tried = [done.get(each["id"]) for each in wanted]
    if None in tried:
        return None
    place = best_place(tried)
    return None if place is None else tried[place]["lr"]
