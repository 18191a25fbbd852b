"""Does the runs of a protocol: in this process, in several, or in any executor of `concurrent.futures`."""

import collections
import concurrent.futures
import contextlib
import functools
import importlib
import math
import multiprocessing
import os
import pathlib
import threading
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor

from .. import checks
from . import records
from .circumstances import of_other_code
from .plan import jobs
from .statistics import counted, measured

TRIES = 3  # of a run whose worker is killed


def run(protocol, out, *, root=None, workers=1, executor=None, threads=None, device=None, minutes=None, command=None,
        say=print, progress=False):  # fmt: skip
    """Do every run that a protocol asks for and that is not recorded yet; returns all records, old and new, as dicts.

    Killed at any moment and started again, it repeats no recorded run, and resumes an unfinished one after its last
    complete epoch.

    Parameters
    ----------
    protocol : Protocol
    out : path
        JSON lines; each run is appended when it is done.  Beside it a folder keeps the state of unfinished runs.
    root : path, optional
        Folder of the whole CIFAR-10, as in `ol.data.cifar10`; of the data of the task, where there is one.
    workers : int, at least 1
        Runs at the same time.
    executor : concurrent.futures.Executor or str, optional
        Where they run; by default here for one worker, else in processes of this machine.  It is left open.  One that
        is given by name, as to `executor_from`, is closed, and made anew where it breaks because a worker was killed.
        It must do one run at a time in each process, so no threads: torch has one random state for all of them.
    threads : int, optional
        Of torch in each worker; by default the processors of this machine are shared out evenly.
    device : str, optional
    minutes : float, optional
        After them no further run is started.
    command : str, optional
        Goes into the records.
    say : callable
        Is given a line of text for each run.
    progress : bool
        Show a line within runs.

    Raises
    ------
    RuntimeError
        If a run fails, naming it; those under way are waited for and recorded first.  And if another command is writing
        the same file.  A task whose data are not there is left out, and said to be.
    """
    workers, out = checks.integer("run", "workers", workers, least=1), pathlib.Path(out)
    if out.is_dir():
        raise ValueError(f"run: out={str(out)!r} is a folder; it must be a file of records, such as results/mine.jsonl")
    threads = threads if threads is None else checks.integer("run", "threads", threads, least=1)
    seconds = math.inf if minutes is None else 60 * checks.number("run", "minutes", minutes, "[0, inf)")
    if root is not None and len(protocol.tasks) > 1:
        raise ValueError(
            f"run: root={str(root)!r} is the folder of one data set, for one task of {', '.join(protocol.tasks)}; the "
            "sets of several are looked for in folders of $OPTLIB_DATA and of data/"
        )
    from .job import run as run_job  # torch: only when something is to be trained

    if executor is None and workers > 1:
        executor = "processes"
    until = time.monotonic() + seconds
    _refuse_threads(executor, workers, type(executor).__name__)
    if threads is None and workers > 1 and (executor == "processes" or isinstance(executor, ProcessPoolExecutor)):
        threads = max(1, (os.cpu_count() or 1) // workers)
    root, states = root and os.path.abspath(root), str(checkpoints_of(out).absolute())  # of workers with other folders
    work = functools.partial(run_job, root=root, checkpoints=states, threads=threads, device=device, progress=progress,
                             command=command)  # fmt: skip
    with _locked(out), contextlib.ExitStack() as stack:

        def make():
            if not isinstance(executor, str):
                return executor or _Here()
            new = executor_from(executor, workers)
            return stack.enter_context(new) if hasattr(new, "__exit__") else new

        tries = TRIES if isinstance(executor, str) else 1  # one that was given is not made anew
        _run_all(protocol, out, make, tries, workers, work, until, say)
    return records.read(out)


def checkpoints_of(out):
    """The folder for unfinished runs of a results file."""
    return out.with_name(out.stem + ".unfinished")


@contextlib.contextmanager
def _locked(out):
    """Keep a second command from this file: it would repeat the runs, and overwrite their unfinished states."""
    from filelock import FileLock, Timeout  # torch brings it

    records.read(out)  # refuses a file of another kind before anything is written beside it
    folder = checkpoints_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")  # the system frees it when a process ends, also by kill -9
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(f"run: another command writes {out}; wait for it, stop it, or name another file") from None
    try:
        for file in folder.glob("*.part"):  # of a command that was killed while it wrote a checkpoint
            file.unlink()
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows does not remove open files
            os.remove(lock.lock_file)
        lock.release()
        with contextlib.suppress(OSError):  # not empty: states of unfinished runs
            folder.rmdir()


def _say_what_to_know(protocol, out, done, device, say):
    """Before the first run: whether records are of other code, and whether this machine emulates the precision."""
    from ..vision.precision import device_of, probe

    if old := sum(map(of_other_code, done)):
        say(f"{counted(old, 'recorded run')} made by other code than today's; "
            f"python -m optlib.benchmark list --results {out} marks them")
    precisions = {records.as_computed(job, done)["training"]["precision"] for job in jobs(protocol, done)}
    if "bfloat16" in precisions and probe(device_of("run", device)).best()[0] != "bfloat16":
        say("these runs compute in bfloat16, for which this machine has no units: float32 is several times as fast")


def _run_all(protocol, out, make, tries, workers, work, until, say):
    running, failures, left_out, killed = {}, [], [], collections.Counter()
    start, done, executor, silent = time.monotonic(), records.read(out), make(), True
    _say_what_to_know(protocol, out, done, work.keywords["device"], say)

    def lost(job, error):
        killed[job["id"]] += 1
        if killed[job["id"]] == tries:
            failures.append((job, error))

    try:
        while True:
            ids = {job["id"] for job in running.values()}
            ready = [job for job in jobs(protocol, done) if job["id"] not in ids and job["variant"] not in left_out]
            if not failures and executor is not None and time.monotonic() < until:
                try:
                    for job in ready[: workers - len(running)]:
                        if silent:
                            say(f"begins with {_name(job)}; each run has its line when it is done")
                        silent = False
                        running[executor.submit(work, records.as_computed(job, done))] = job
                except BrokenExecutor as error:
                    executor = None
                    lost(job, error)
            if not running:
                if executor is not None or failures:
                    break
                say("a worker was killed; what it did begins again after its last whole epoch")
                executor = make()
                continue
            finished, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in finished:
                job = running.pop(future)
                try:
                    record = {**future.result(), "training": job["training"]}
                except BrokenExecutor as error:  # all that are under way there end with it
                    executor = None
                    lost(job, error)
                except Exception as error:  # raised when the other runs under way are recorded
                    if not (protocol.tasks and isinstance(error, FileNotFoundError)):
                        failures.append((job, error))
                    elif job["variant"] not in left_out:
                        left_out.append(job["variant"])
                        say(f"{job['variant']} is left out: {error}")
                else:
                    records.append(out, record)
                    done.append(record)
                    say(f"{time.monotonic() - start:7.0f} s  {line(record)}")
    finally:
        for future in running:
            future.cancel()
    if failures:
        job, error = failures[0]
        raise RuntimeError(f"{_name(job)} failed: {type(error).__name__}: {error}") from error
    others = f", but those of {', '.join(left_out)}" * bool(left_out)
    say(f"at least {len(ready)} runs are left{others}" if ready else f"every run of the protocol is recorded{others}")


def line(record):
    """A record in one line."""
    history = record["history"]
    kind = "validation" if record["stage"] == "tuning" else "test"
    if history["diverged"]:
        result = f"diverged at step {history['diverged_at']}"
    else:
        value, metric = records.reached(record)[-1], record.get("metric")
        value = f"{metric['name']} {measured([value], metric['unit'])}" if metric else f"{value:.2%}"
        result = f"{kind} {value}, {sum(history['seconds']):.1f} s of training"
        if record.get("flips_accuracy") is not None:
            result += f", {record['flips_accuracy']:.2%} with flips"
    return f"{_name(record)}: {result}"


def _name(job):
    variant = f"{job['variant']}: " * bool(job["variant"])
    return f"{job['id']}  {job['stage']:7}  {variant}{job['rule']}, lr {job['lr']:g}, seed {job['seed']}"


def executor_from(text, workers):
    """An executor by its name, such as "mpi4py.futures:MPIPoolExecutor" or "distributed:Client".

    The module is imported and the name called without arguments; "processes" are Python's own.  A Dask client is asked
    for its executor.  Its workers must have optlib and the data, and one thread each.
    """
    if text == "processes":
        # A fresh interpreter each: a copy of this one would inherit torch's threads in the middle of their work.
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _end_with_parent)
    module, _, name = text.partition(":")
    problem = "must be 'processes' or 'module:name' of something that can be imported"
    try:
        factory, problem = getattr(importlib.import_module(module), name), "cannot be made without arguments"
        executor = factory()
        executor = executor.get_executor() if hasattr(executor, "get_executor") else executor
    except Exception as error:  # other people's code may raise anything
        raise ValueError(f"executor={text!r} {problem}: {error}") from error
    if not hasattr(executor, "submit"):
        kind = type(executor).__name__
        raise ValueError(f"executor={text!r} gives a {kind}, which has no submit(function, argument)")
    try:
        _refuse_threads(executor, workers, text)
    except ValueError:
        getattr(executor, "shutdown", int)()  # one of a reader's own may have nothing but submit
        raise
    return executor


def _end_with_parent():
    """Let this worker end when the command is killed: it would compute on for hours, in vain."""

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _refuse_threads(executor, workers, given):
    """ValueError for an executor that does several runs in one process, where each draws from the others' numbers."""
    of_dask = getattr(getattr(executor, "_client", None), "nthreads", dict)()  # address of a worker -> its threads
    if isinstance(executor, ThreadPoolExecutor) or (workers > 1 and max(of_dask.values(), default=1) > 1):
        one = "it must do one run at a time in each process: 'processes', or dask worker --nthreads 1"
        raise ValueError(f"executor={given!r} does runs in threads, which share torch's random state; {one}")


class _Here:
    """An executor that does the work at once, in this process."""

    def submit(self, function, *arguments):
        future = concurrent.futures.Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future
