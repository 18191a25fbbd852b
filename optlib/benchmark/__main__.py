"""``python -m optlib.benchmark``: run a protocol, resume it, and look at what was recorded."""

import argparse
import functools
import os
import pathlib
import shlex
import sys

from . import records, runner
from .charts import METRICS
from .circumstances import COMMITS, of_other_code, same_code
from .protocol import load_protocol, names
from .results import Results, load

INTERRUPTED = 130  # a shell's status for Ctrl-C
_say = functools.partial(print, flush=True)


def main(arguments=None):
    """Run the command; returns its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0].startswith("--protocol"):
        arguments.insert(0, "run")
    options = _parser().parse_args(arguments)
    options.line = "python -m optlib.benchmark " + shlex.join(map(_without_folders, arguments))
    try:
        status = options.act(options) or 0
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on where it was", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        return 0
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _without_folders(argument):
    """Keep the last part of an absolute path: the rest names the machine or its user, and no record needs it."""
    option, equals, value = argument.rpartition("=")
    if os.path.isabs(value):
        value = os.path.basename(os.path.normpath(value))
    return option + equals + value


def _protocols(options):
    from .. import tasks  # torch

    for name in names():
        print(f"{name:{max(map(len, names()))}} {load_protocol(name).title}")
    print(f"\nTasks that a protocol may have: {', '.join(tasks.TASKS)}")


def _run(options):
    protocol = load_protocol(options.protocol).with_only(options.rules, options.seeds, options.tasks)
    keys = "root", "workers", "executor", "threads", "device", "minutes", "progress"
    more = {key: getattr(options, key) for key in keys}
    done = runner.run(protocol, options.out or _own(protocol.name), command=options.line, say=_say, **more)
    if options.command == "speedrun":
        _say(Results(protocol, done).table())


def _list(options):
    results = _results(options)
    for record in results.done.values():
        print(runner.line(record) + (f"  [{_code(record)}]" if of_other_code(record) else ""))
    print(results.missing() or "Every run of the protocol is recorded.")


def _code(record):
    """The code that made a record: the commits that have it, where they are known."""
    return f"code of {COMMITS[record['code']]}" if record["code"] in COMMITS else "other code"


def _table(options):
    results = _results(options)
    table = results.table(options.task) if options.time_to is None else results.time_to(options.time_to)
    print(table.markdown() if options.markdown else table)


def _plot(options):
    results, drawn = _results(options), 0
    options.out.mkdir(parents=True, exist_ok=True)
    for name, draw in _pictures(results).items():
        try:
            print(draw().save(options.out / f"{results.protocol.name}_{name}.png"))
            drawn += 1
        except ValueError as error:  # of one task, or stage, there may be runs, of another none
            print(f"{name} is not drawn: {error}", file=sys.stderr)
    if not drawn:
        raise ValueError("plot: nothing can be drawn")


def _pictures(results):
    """Each picture of the results, as a function that draws it, by its name."""
    of_tasks, pictures = bool(results.protocol.tasks), {}
    if len(results.variants) > 1 and not of_tasks:
        return {"variants": results.variant_curves}
    for variant in results.tasks or results.variants:
        start = f"{variant}_" if of_tasks else ""
        pictures[start + "curves"] = functools.partial(results.curves, variant=variant)
        if len(results.protocol.rules) > 1:
            pictures[start + "ranking"] = functools.partial(results.ranking, variant)
        if results.protocol.tuning:
            pictures[start + "sensitivity"] = functools.partial(results.sensitivity, variant=variant)
        else:  # the first metric is that of "curves"
            for metric in ("train", "test_loss", "train_loss") if of_tasks else [*METRICS][1:]:
                pictures[start + metric] = functools.partial(results.curves, metric, variant=variant)
    return pictures


def _rerun(options):
    from .job import run  # torch: only when something is to be trained

    results = _results(options)
    matches = [record for name, record in results.done.items() if name.startswith(options.record)]
    if len(matches) != 1:
        raise ValueError(f"{options.record!r} begins the id of {len(matches)} records; give more of one, see: list")
    old = matches[0]
    keys = ("id", "protocol", "variant", "stage", "rule", "settings", "lr", "seed", "data", "network", "task",
            "training", "images", "flips")  # fmt: skip
    job = records.as_computed({key: old[key] for key in keys if key in old}, [old])
    # The number of threads decides the order in which numbers are added up.
    threads = options.threads or old["hardware"]["threads"]
    new = run(job, root=options.root, threads=threads, device=options.device, progress=True)
    diverged = any(record["history"]["diverged"] for record in (old, new))
    tested = "test_loss" if "task" in old else "test_accuracy"  # the loss decides the metric of a task
    for key in ("train_loss", tested, *["diverged_at"] * diverged):
        before, after = old["history"][key], new["history"][key]
        same = "the same to the last bit" if before == after else f"now {after}"
        print(f"{key}: {before}, {same}")
    if not same_code(old, new):
        print(f"code differs: {_code(old)} then, {new['code']} now")
    for key in ("versions", "hardware"):
        if old[key] != new[key]:
            print(f"{key} differs: {old[key]} then, {new[key]} now")


def _parser():
    parser = argparse.ArgumentParser(prog="python -m optlib.benchmark", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, act, text, **more):
        description = text[0].upper() + text[1:] + "."
        command = commands.add_parser(name, help=text.replace("%", "%%"), description=description, **more)
        command.set_defaults(act=act)
        return command

    add("protocols", _protocols, "list the protocols that come with the course")
    run = add("run", _run, "do the runs that are not recorded yet", aliases=["resume"])
    run.add_argument("--protocol", required=True, metavar="NAME", help=f"{', '.join(names())}, or a TOML file")
    run.add_argument("--rules", nargs="+", metavar="RULE", help="only these rules of the protocol")
    run.add_argument("--tasks", nargs="+", metavar="TASK", help="only these tasks, of a protocol that has some")
    run.add_argument("--workers", type=int, default=1, help="runs at the same time (default 1)")
    run.add_argument("--executor", help="where they run: processes, or module:name of an executor, such as "
                     "mpi4py.futures:MPIPoolExecutor or distributed:Client")  # fmt: skip
    run.add_argument("--minutes", type=float, help="start no further run after so many minutes")
    run.add_argument("--progress", action="store_true", help="show a line within each run")
    speed = add("speedrun", _run, "94 % on CIFAR-10 with one of the course's own rules")
    speed.set_defaults(protocol="speedrun", **dict.fromkeys(("rules", "tasks", "executor", "minutes")), workers=1,
                       progress=True)  # fmt: skip
    for each in (run, speed):
        each.add_argument("--seeds", nargs="+", type=int, help="of the final runs (default: the protocol's)")
        each.add_argument("--out", type=pathlib.Path, help="file of records (default: results/NAME.jsonl here)")
    show = add("list", _list, "one line for each recorded run, and what is missing")
    table = add("table", _table, "the results as a table")
    table.add_argument("--markdown", action="store_true", help="in Markdown")
    what = table.add_mutually_exclusive_group()
    what.add_argument("--task", help="of a protocol with tasks: only this one, with rates and places")
    what.add_argument("--time-to", type=float, metavar="ACCURACY", help="instead: epochs and seconds to this accuracy")
    plot = add("plot", _plot, "the results as pictures")
    plot.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results"), help="folder (default: results)")
    rerun = add("rerun", _rerun, "do a recorded run again and compare")
    rerun.add_argument("record", help="its id, or how it begins; see: list")
    for each in (show, table, plot, rerun):
        each.add_argument("--results", default="cpu", metavar="NAME", help="of what: the name of a protocol whose "
                          "results come with the course, or a .jsonl file (default: cpu)")  # fmt: skip
        each.add_argument("--protocol", metavar="FILE", help="by which they were made, where it is a file of your own")
    for each in (run, speed, rerun):
        each.add_argument("--root", type=pathlib.Path,
                          help="folder of CIFAR-10, or of a task's data (default: where ol.data looks)")  # fmt: skip
        each.add_argument("--threads", type=int, help="of torch in each run")
        each.add_argument("--device", help="cpu or cuda (default: a GPU where there is one)")
    return parser


def _own(name):
    return pathlib.Path("results") / f"{name}.jsonl"


def _results(options):
    """The reader's own results where there are some, or those that come with the course."""
    name = options.results
    if not name.endswith(".jsonl") and _own(name).is_file():
        name = _own(name)
        print(f"{name}:", file=sys.stderr)
    return load(name, options.protocol)


if __name__ == "__main__":
    sys.exit(main())
