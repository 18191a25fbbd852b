"""`Results`: what was recorded for a protocol, as tables and pictures; what was not run is said to be not run."""

import math
import pathlib
from typing import NamedTuple

from . import charts, records, tables
from .plan import LOST, best_setting, default_rate, jobs, make, score, trials
from .protocol import Protocol, load_protocol, names
from .statistics import compare, counted, measured, places

RECORDED = pathlib.Path("data") / "results"


class Metric(NamedTuple):
    """What is compared; in "%" are shares from 0 to 1."""

    name: str
    unit: str
    higher: bool  # is better

    def words(self, silent=""):
        """Name and unit, on an axis or over a column; ``silent`` is a unit that stays unsaid."""
        return self.name + f" in {self.unit}" * (self.unit not in ("", silent))


ACCURACY = Metric("accuracy", "%", True)


class Results:
    """The records of one protocol.

    Parameters
    ----------
    protocol : Protocol
    records : list of dict
        Those of other settings than the protocol's are ignored; further seeds count.

    Attributes
    ----------
    rules : list of str
        Those with at least one final run, in the order of the registry.
    variants : list of str
        Or tasks.  Where there are several, the methods that take one must be given one of them.
    tasks : list of str
        Those of which anything was run.
    """

    def __init__(self, protocol: Protocol, records):
        self.protocol = protocol
        self.variants = list(protocol.variants)
        self.done = {record["id"]: record for record in records}
        self.seeds = sorted({record["seed"] for record in self.done.values()})
        begun = {record["variant"] for record in self.done.values()}
        self.tasks = [name for name in protocol.tasks if name in begun]
        self.rules = [name for name in protocol.rules if any(self.final(name, v) for v in self.variants)]

    def tuning(self, rule, variant=None):
        """What was tried: (learning rate, settings, mean accuracy on the images held out or nan), lowest rate first.

        The accuracy is nan where a run diverged.  Of a task it is its metric on the examples held out.
        """
        rows = []
        for runs in self._trials(rule, variant):
            if (reached := score(runs, self.done)) is not None:
                ends = [math.nan if reached == LOST else records.reached(self.done[run["id"]])[-1] for run in runs]
                rows.append((runs[0]["lr"], runs[0]["settings"], sum(ends) / len(runs)))
        return sorted(rows, key=lambda row: row[0])

    def best_setting(self, rule, variant=None):
        """Learning rate and other settings of the final runs, or None where they are not known."""
        return best_setting(self.protocol, self.done, rule, self._trials(rule, variant))

    def best_rate(self, rule, variant=None):
        """The learning rate of the final runs, or None where it is not known."""
        setting = self.best_setting(rule, variant)
        return setting and setting[0]

    def diverged_everywhere(self, rule, variant=None):
        """Whether a rule was tuned, and with every setting that was tried a run diverged."""
        tried = self._trials(rule, variant)
        return bool(tried) and all(score(runs, self.done) == LOST for runs in tried)

    def final(self, rule, variant=None, default=False):
        """The records of the final runs, by seed; of those at the rule's default rate where ``default`` is true."""
        variant = self.one_of(variant)
        setting = (default_rate(self.protocol, rule), {}) if default else self.best_setting(rule, variant)
        if setting is None:
            return []
        ids = [make(self.protocol, "final", variant, rule, *setting, seed)["id"] for seed in self.seeds]
        return [self.done[each] for each in ids if each in self.done]

    def accuracies(self, rule, variant=None, default=False):
        """Test accuracy, or the task's metric, after the last epoch of each final run that did not diverge."""
        return list(self.by_seed(rule, variant, default).values())

    def accuracy(self, rule, variant=None, default=False):
        """`Measured` test accuracy, or the task's metric; None where there is no run that did not diverge."""
        values, unit = self.accuracies(rule, variant, default), self.metric(variant).unit
        return measured(values, unit if self.protocol.tasks else None) if values else None

    def with_flips(self, rule, variant=None):
        """`Measured` test accuracy where each image was also evaluated mirrored; None where that was not done."""
        mirrored = [run["flips_accuracy"] for run in self.final(rule, variant) if run.get("flips_accuracy") is not None]
        return measured(mirrored) if mirrored else None

    def minutes(self, rule, variant=None):
        """Minutes of training, without tests, of each final run that did not diverge."""
        return [sum(run["history"]["seconds"]) / 60 for run in self._finished(rule, variant)]

    def validation(self, rule, lr, variant=None):
        """The best accuracy on the images held out with that rate; None where it was not tried or diverged."""
        tried = [value for rate, _, value in self.tuning(rule, variant) if rate == lr and not math.isnan(value)]
        return (max if self.metric(variant).higher else min)(tried, default=None)

    def by_seed(self, rule, variant=None, default=False):
        """The `accuracies` by the seed of the run."""
        return {run["seed"]: records.reached(run)[-1] for run in self._finished(rule, variant, default)}

    def compare(self, pairs):
        """`statistics.Difference` of the first above the second for each pair of rules or (rule, variant)."""
        scores = lambda entry: self._scores(entry) if isinstance(entry, str) else self._scores(*entry)
        return compare({(a, b): (scores(a), scores(b)) for a, b in pairs})

    def places(self, variant=None):
        """First and last place that each rule may hold, best first; see `statistics.places`."""
        return places({rule: runs for rule in self.rules if (runs := self._scores(rule, variant))})

    def scores(self, default=False):
        """Task or variant -> rule -> seed -> score of the final run, higher is better: what `benchmark.ranks` takes.

        The score of accuracy is the share, that of a metric of which less is better minus the loss.  It is -inf for a
        run that diverged, and for all seeds of a rule that diverged at every rate.  Of runs at the rules' default rates
        where ``default`` is true.
        """

        def by_seed(rule, variant):
            if not default and self.diverged_everywhere(rule, variant):
                return dict.fromkeys(self.protocol.final["seeds"], -math.inf)
            runs = self.final(rule, variant, default)
            return {run["seed"]: -math.inf if run["history"]["diverged"] else records.score(run) for run in runs}

        return {variant: {rule: runs for rule in self.protocol.rules if (runs := by_seed(rule, variant))}
                for variant in self.tasks or self.variants}  # fmt: skip

    def metric(self, variant=None):
        """Name, unit and direction of what is compared: of accuracy, or of the metric of a task."""
        variant = self.one_of(variant)
        if not self.protocol.tasks:
            return ACCURACY
        from ..tasks import TASKS  # torch: only where there are tasks

        metric = TASKS[variant].metric
        return Metric(metric.name, metric.unit, metric.higher)

    def _finished(self, rule, variant=None, default=False):
        return [run for run in self.final(rule, variant, default) if not run["history"]["diverged"]]

    def _scores(self, rule, variant=None):
        return {run["seed"]: records.score(run) for run in self._finished(rule, variant)}

    def missing(self, variant=None):
        """What the protocol asks for and was not run, in words; "" where all was.  By default of all variants."""
        untouched = [name for name in self.protocol.tasks if name not in self.tasks and variant in (None, name)]
        begun = [each for each in self.variants if each not in untouched and variant in (None, each)]
        everything = [self.words(*pair) for pair in self.protocol.pairs() if pair[1] in begun]
        gaps = {}  # (stage, seed), of the tuning (stage, None) -> rules and variants in words
        for job in self.left():
            if job["variant"] in begun:
                gap = job["stage"], None if job["stage"] == "tuning" else job["seed"]
                gaps.setdefault(gap, set()).add(self.words(job["rule"], job["variant"]))
        texts = [f"task{'s' * (len(untouched) > 1)} {', '.join(untouched)}"] if untouched else []
        for (stage, seed), gap in gaps.items():
            every = len(gap) == len(everything) > 1
            missed = "all rules" if every else ", ".join(each for each in everything if each in gap)
            if stage == "tuning":
                texts.append(f"{missed}: not tuned to the end")
            else:
                at = " at the default rate" * (stage == "default" and self.protocol.tuning is not None)
                texts.append(f"seed {seed}{at}" + f": {missed}" * (len(everything) > 1))
        return f"Not run: {'; '.join(texts)}." if texts else ""

    def left(self, variant=None):
        """The runs that the protocol asks for and that were not made, as far as they are known; see `plan.jobs`."""
        return [job for job in jobs(self.protocol, self.done.values()) if variant in (None, job["variant"])]

    def _trials(self, rule, variant):
        return trials(self.protocol, self.done, self.one_of(variant), rule)

    def words(self, rule, variant):
        """A rule and its variant, without what all runs of the protocol share."""
        names = [rule] * (len(self.protocol.rules) > 1 or not variant) + [variant] * (len(self.variants) > 1)
        return (" on " if self.protocol.tasks else ", ").join(filter(None, names)) or rule

    def refuse_tasks(self, who, instead):
        if self.protocol.tasks:
            raise ValueError(f"{who}: {self.protocol.name} has tasks, each with a metric of its own; see: {instead}")

    def one_of(self, variant):
        """The variant asked for; the only one by default."""
        if variant is None and len(self.variants) == 1:
            return self.variants[0]
        if variant not in self.variants:
            shows = "table() shows" if self.protocol.tasks else "compared() and variant_curves() show"
            known = f"must be one of {', '.join(map(repr, self.variants))}; {shows} all of them"
            known = known if any(self.variants) else "is unknown; it has neither variants nor tasks"
            raise ValueError(f"{self.protocol.name}: variant={variant!r} {known}")
        return variant

    def table(self, variant=None):
        """Every rule: rates, results at the best and the default rate, place, memory.

        Of several tasks, or variants, by default all of them beside each other.
        """
        if variant is None and len(self.variants) > 1:
            return tables.tasks(self) if self.protocol.tasks else self.compared()
        return tables.summary(self, self.one_of(variant))

    time_to, compared, variant_curves = tables.time_to, tables.variants, charts.variant_curves
    curves, sensitivity, ranking = charts.curves, charts.sensitivity, charts.ranking

    def __repr__(self):
        pairs = self.protocol.pairs()
        tried = sum(len(self.tuning(*pair)) for pair in pairs)
        runs = len({run["id"] for pair in pairs for run in self.final(*pair) + self.final(*pair, default=True)})
        rates = f"{counted(tried, 'setting')} tried, " * (self.protocol.tuning is not None)
        return (
            f"<Results of {self.protocol.name!r}: {rates}{counted(runs, 'run')} with test images, of "
            f"{counted(len(self.rules), 'rule')}. {self.missing() or 'Everything was run.'}>"
        )


def load(which, protocol=None):
    """The results that come with the course, by the name of their protocol, or those of a file.

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
        For a file that is no list of records, naming the line, and for one without a run of this protocol.
    """
    path = pathlib.Path(which)
    if path.suffix != ".jsonl":
        path = find(str(which))
    runs = records.read(path)
    if not runs:
        raise FileNotFoundError(f"benchmark: no results in {str(path)!r}; make them with: python -m optlib.benchmark "
                                f"run --protocol {protocol or path.stem} --out {path}")  # fmt: skip
    made_by = runs[0]["protocol"]
    if protocol is None and made_by not in names():
        raise FileNotFoundError(
            f"benchmark: {str(path)!r} was made by protocol {made_by!r}, which is none of the course's own; name its "
            "file: protocol=..., or --protocol on the command line"
        )
    results = Results(load_protocol(protocol or made_by), runs)
    if not results.rules and results.done.keys().isdisjoint(job["id"] for job in jobs(results.protocol, [])):
        raise ValueError(f"benchmark: {str(path)!r} holds no run that {results.protocol.name!r} asks for; they were "
                         f"made by {made_by!r}")  # fmt: skip
    return results


def find(name):
    """The file of results of that name that comes with the course."""
    here = pathlib.Path.cwd()
    bases = [pathlib.Path(__file__).resolve().parents[2], here, *here.parents]
    for path in (base / RECORDED / f"{name}.jsonl" for base in bases):
        if path.is_file():
            return path
    if name not in names():
        raise FileNotFoundError(f"benchmark: {name!r} is no protocol; there are {', '.join(names())}, or a .jsonl file")
    raise FileNotFoundError(f"benchmark: {name!r} was not run: no {RECORDED / name}.jsonl in {bases[0]} or here; run "
                            f"it with: python -m optlib.benchmark run --protocol {name}")  # fmt: skip
