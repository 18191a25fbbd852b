"""`Results`: what was recorded for a protocol, as tables and pictures; what was not run is said to be not run."""

import pathlib

from . import charts, records, tables
from .plan import best_rate, default_rate, jobs, score, tuning_jobs
from .protocol import Protocol, load_protocol, names
from .statistics import measured, places

RECORDED = pathlib.Path("data") / "results"
TEST_IMAGES = {"full": 10_000, "subset": 1_000}


class Results:
    """The records of one protocol.

    Parameters
    ----------
    protocol : Protocol
    records : list of dict
        Those that the protocol does not ask for are never looked at.

    Attributes
    ----------
    rules : list of str
        Those with at least one final run, in the order of the registry.
    variants : list of str
    """

    def __init__(self, protocol: Protocol, records):
        self.protocol = protocol
        self.done = {record["id"]: record for record in records}
        self.variants = list(protocol.variants)
        self.rules = [name for name in protocol.rules if any(self.final(name, v) for v in self.variants)]

    # --- what was run ------------------------------------------------------------------------------------

    def tuning(self, rule, variant=""):
        """The records of the learning rates that were tried, lowest rate first."""
        if not self.protocol.tuning:
            return []
        wanted = tuning_jobs(self.protocol, self.done, variant, rule)
        found = [self.done[job["id"]] for job in wanted if job["id"] in self.done]
        return sorted(found, key=lambda record: record["lr"])

    def best_rate(self, rule, variant=""):
        """The learning rate of the final runs, or None where it is not known."""
        return best_rate(self.protocol, self.done, variant, rule)

    def final(self, rule, variant="", default=False):
        """The records of the final runs, by seed; of those at the rule's default rate where ``default`` is true."""
        lr = default_rate(self.protocol, rule) if default else self.best_rate(rule, variant)
        found = [
            record for record in self.done.values()
            if record["stage"] != "tuning" and (record["rule"], record["variant"], record["lr"]) == (rule, variant, lr)
        ]  # fmt: skip
        return sorted(found, key=lambda record: record["seed"])

    def accuracies(self, rule, variant="", default=False):
        """Test accuracy after the last epoch of each final run that did not diverge."""
        runs = self.final(rule, variant, default)
        return [run["history"]["test_accuracy"][-1] for run in runs if not run["history"]["diverged"]]

    def accuracy(self, rule, variant="", default=False):
        """`Measured` test accuracy, or None where there is no run that did not diverge."""
        found = self.accuracies(rule, variant, default)
        return measured(found, TEST_IMAGES[self.protocol.data["set"]]) if found else None

    def validation(self, rule, lr, variant=""):
        """Accuracy on the images held out when that rate was tried; None where it was not tried or diverged."""
        tried = [record for record in self.tuning(rule, variant) if record["lr"] == lr]
        return score(tried[0])[0] if tried and not tried[0]["history"]["diverged"] else None

    def places(self, variant=""):
        """First and last place that each rule may hold, best first; rules whose bands overlap share places."""
        found = {rule: self.accuracy(rule, variant) for rule in self.rules}
        return places({rule: value for rule, value in found.items() if value})

    def missing(self):
        """What the protocol asks for and was not run, in words; "" where all was."""
        left = jobs(self.protocol, list(self.done.values()))
        if not left:
            return ""
        untuned = [rule for rule in self.protocol.rules if self.protocol.tuning and self.best_rate(rule) is None]
        runs = {}
        for job in left:
            if job["stage"] != "tuning":
                runs.setdefault(job["seed"], []).append(job["rule"])
        said = [f"{', '.join(untuned)}: not tuned to the end"] if untuned else []
        said += [f"seed {seed}: {_listed(rules, self.protocol.rules)}" for seed, rules in runs.items()]
        return "Not run. " + "; ".join(said) + "."

    # --- what came of it -----------------------------------------------------------------------------------

    def table(self):
        """Every rule: rates, accuracies at the best and the default rate, place, memory."""
        return tables.summary(self)

    def time_to(self, accuracy):
        """Every rule: epochs and seconds to a test accuracy."""
        return tables.time_to(self, accuracy)

    def compared(self):
        """The variants beside each other; for protocols that switch something on and off."""
        return tables.variants(self)

    def curves(self, metric="test_accuracy", rules=None):
        """Picture: the mean over seeds after each epoch, with a band of one standard deviation."""
        return charts.curves(self, metric, rules)

    def variant_curves(self, metric="test_accuracy"):
        """Picture: the same for the variants of a protocol with one rule."""
        return charts.variant_curves(self, metric)

    def sensitivity(self, rules=None):
        """Picture: accuracy on the images held out against the learning rate."""
        return charts.sensitivity(self, rules)

    def ranking(self):
        """Picture: a row a rule, a dot a run, the best on top, with the places that it may hold."""
        return charts.ranking(self)

    def __repr__(self):
        runs = sum(record["stage"] != "tuning" for record in self.done.values())
        return (
            f"<Results of {self.protocol.name!r}: {len(self.done) - runs} learning rates tried, {runs} final runs of "
            f"{len(self.rules)} rules. {self.missing() or 'Everything was run.'}>"
        )


def load(which, protocol=None):
    """The results that come with the course, by the name of their protocol, or those in a file of one's own.

    >>> results = load("cpu")
    >>> results = load("results/mine.jsonl", protocol="mine.toml")

    Parameters
    ----------
    which : str or path
    protocol : str or path, optional
        As in `load_protocol`; by default the one that the records name.

    Raises
    ------
    FileNotFoundError
        With the places looked at and the command that makes the results.
    ValueError
        For a file that is no list of records, naming the line.
    """
    path = pathlib.Path(which)
    if path.suffix != ".jsonl":
        path = find(str(which))
    found = records.read(path)
    if not found:
        raise FileNotFoundError(
            f"benchmark: no results in {str(path)!r}; make them with: python -m optlib.benchmark run --protocol "
            f"{protocol or path.stem} --out {path}"
        )
    return Results(load_protocol(protocol or found[0]["protocol"]), found)


def find(name):
    """The file of results of that name that comes with the course."""
    here = pathlib.Path.cwd()
    bases = [pathlib.Path(__file__).resolve().parents[2], here, *here.parents]
    found = [base / RECORDED / f"{name}.jsonl" for base in bases]
    for path in found:
        if path.is_file():
            return path
    if name not in names():
        raise FileNotFoundError(f"benchmark: {name!r} is no protocol; there are {', '.join(names())}, or a .jsonl file")
    raise FileNotFoundError(
        f"benchmark: {name!r} was not run: no {RECORDED / name}.jsonl in {bases[0]} or here; run it with: "
        f"python -m optlib.benchmark run --protocol {name}"
    )


def _listed(rules, everything):
    rules = list(dict.fromkeys(rules))
    return "all rules" if set(rules) >= set(everything) else ", ".join(rules)
