"""``python -m tools.elsewhere.match``: every recorded path against the rule of its row, into the package's table."""

import functools
import itertools
import json
from pathlib import Path

import numpy as np

from optlib.course.elsewhere import matcher, table
from optlib.course.elsewhere.conventions import build, words_of

from . import defaults, paths

DATA = Path(__file__).resolve().parents[2] / "data" / "elsewhere"
GLANCE, KEPT = 3, 8  # steps of a first look at all candidates, and how many are then walked to the end
EXACT = 1e-9
OUT = Path(table.__file__).with_name("measured.json")
# A learning rate that drops is not the library's own there, or it has no part in the path.
NO_DROP = {("tf_compat_v1", "ProximalGradientDescentOptimizer"), ("tf_compat_v1", "ProximalAdagradOptimizer"),
           ("optax", "adadelta without rate"), ("lightning", "SGD cosine of the step"),
           ("pytorch_optimizer", "AdaFactor"), ("pytorch_optimizer", "AdaFactor without momentum")}  # fmt: skip


@functools.cache
def sequences():
    return {each["name"]: each for each in json.loads((DATA / "sequences.json").read_text())["runs"]}


def files():
    """library -> its recorded file, of those that have names in the table."""
    known = table.read("names")["names"]
    return {path.stem: json.loads(path.read_text()) for path in sorted(DATA.glob("*.json")) if path.stem in known}


def row_name(library, run):
    """The row of a run: the longest name that its own begins with."""
    names = [name for name in table.rows(library) if run == name or run.startswith((f"{name} ", f"{name},"))]
    return max(names, key=len, default=None)


def settings_of(file, run):
    """All settings of a run, its learning rate in whatever argument it has."""
    settings = table.LENGTH | defaults(file, run) | run["settings"]
    if run["lr"] is not None and not any(rate in run["settings"] for rate in table.RATES):
        settings = {a: v for a, v in settings.items() if a not in table.RATES} | {"learning_rate": run["lr"]}
    return settings


def walks(library, file, run):
    """Each recorded path: dtype, sequence, kind of weights, whether the rate drops, x0, gradients, points."""
    for dtype, recorded in paths(file, run).items():
        for name, points in recorded.items():
            plain = name.removesuffix(" drop")
            about, drop = sequences()[plain], plain != name
            if drop and (library, run["name"]) in NO_DROP:
                continue
            x0 = np.array(about["x0"], dtype)
            points = np.array(points, float).reshape(-1, *x0.shape)
            if len(points) == 6:
                points = np.concatenate([np.array(recorded[plain], float).reshape(-1, *x0.shape)[:6], points])
            kind = plain if plain in table.KINDS else "matrix" if plain == "square" else "vector"
            yield dtype, name, kind, drop, x0, np.array(about["gradients"], dtype), points


def errors(library, file, run):
    """(dtype, sequence) -> error of the rule of the run's row; empty for a run without a row."""
    name, each = row_name(library, run["name"]), {}
    for dtype, sequence, kind, drop, x0, gradients, points in walks(library, file, run) if name else ():
        rule = table.rule_of(library, name, settings_of(file, run), kind)
        ours = matcher.walk(rule, x0, gradients, dtype, drop, "evaluated" in run["name"])
        each[dtype, sequence] = matcher.error(ours, points, x0, dtype)
    return each


def numbers_of(settings):
    """Settings by our names, as far as names alone tell."""
    numbers = {}
    for argument, value in settings.items():
        meaning = table.read("names")["means"].get(argument)
        if meaning and isinstance(value, int | float | list) and not isinstance(value, bool):
            pairs = zip(meaning, value, strict=False) if isinstance(value, list) else [(meaning, value)]
            numbers |= {name: number for name, number in pairs if number is not None}
    return numbers


def candidates(numbers, only=matcher.AXES):
    """Rules with these numbers (``lr``, ``beta1``, ``momentum``, ...) and all their conventions: name, words, rule."""
    for name in only:
        own = {word: value for word, value in numbers.items() if word in words_of(name)}
        axes = [axis for axis in matcher.AXES[name] if axis is not matcher.DECAYS or own.get("weight_decay")]
        for chosen in itertools.product(*axes):
            words = {word: value for each in chosen for word, value in each.items()}
            try:
                yield name, words, build(name, **{"decay": "l2"} | own | words)
            except matcher.FAILURES:
                continue


def match(runs, numbers, only=matcher.AXES):
    """The rules nearest to recorded paths, the nearest first: a list of (error, name, words, rule).

    The runs, (x0, gradients, points, dtype, drop), are all of one optimizer; ``numbers`` are its hyper-parameters by
    our names: lr, momentum, beta1, beta2, eps, weight_decay, ...
    """
    x0, gradients, points, dtype, _ = runs[0]
    glances = []
    for name, words, rule in candidates(numbers, only):
        try:
            apart = matcher.error(matcher.walk(rule, x0, gradients[:GLANCE], dtype), points[:GLANCE], x0, dtype)
        except matcher.FAILURES:
            continue
        if apart <= EXACT and (largest := _largest(rule, runs)) <= EXACT:
            return [(largest, name, words, rule)]
        glances.append((apart, name, words, rule))
    kept = sorted(glances, key=lambda each: each[0])[:KEPT]
    whole = [(_largest(rule, runs), name, words, rule) for _, name, words, rule in kept]
    return sorted(whole, key=lambda each: each[0])


def _largest(rule, runs):
    return max(matcher.error(matcher.walk(rule, x0, gradients, dtype, drop), points, x0, dtype)
               for x0, gradients, points, dtype, drop in runs)  # fmt: skip


def nearest(library, file, run):
    """The rule nearest to the longest of the paths of one kind: error and its text."""
    walked = list(walks(library, file, run))
    dtype, _, kind, *_ = walked[0]
    runs = [(x0, g, points, dtype, drop) for d, _, k, drop, x0, g, points in walked if (d, k) == (dtype, kind)]
    apart, *_, rule = next(iter(match(runs, numbers_of(settings_of(file, run)))), (float("inf"), "none"))
    return apart, str(rule)


def worst(library, file, run):
    """Error of a run in its first dtype, and the nearest rule where it is not the row's."""
    if not run["paths"]:
        return float("nan"), ""
    first = next(iter(run["paths"]))
    error = max((e for (dtype, _), e in errors(library, file, run).items() if dtype == first), default=float("inf"))
    if error <= table.ROUNDING["float32"]:
        return error, ""
    apart, text = nearest(library, file, run)
    name = row_name(library, run["name"])
    if name is not None and error <= apart:
        return error, str(table.rule_of(library, name, settings_of(file, run)))
    return apart, text


def measure():
    """All libraries: what `optlib.course.elsewhere.table` reads."""
    libraries = {}
    for library, file in files().items():
        rows = {}
        for run in file["runs"]:
            name = row_name(library, run["name"]) or run["name"]
            error, near = worst(library, file, run)
            settings = {a: None if v == "_RequiredParameter" else v for a, v in defaults(file, run).items()}
            row = rows.setdefault(name, {"defaults": settings, "runs": []})
            row["runs"].append([run["settings"], float(f"{error:.2g}") if error == error else None, near])
        libraries[library] = {"version": file["version"], "date": file["date"], "rows": rows}
    return libraries


if __name__ == "__main__":
    lines = []
    for library, about in measure().items():
        head = {name: value for name, value in about.items() if name != "rows"}
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in about["rows"].items())
        lines.append(f'{json.dumps(library)}: {json.dumps(head)[:-1]}, "rows": {{\n{rows}\n}}}}')
        runs = [run for row in about["rows"].values() for run in row["runs"]]
        print(library, sum(run[1] is not None and not run[2] for run in runs), "of", len(runs))
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
