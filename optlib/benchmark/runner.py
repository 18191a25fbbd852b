"""Works off a protocol: in this process, in several, or on whatever has a pool of `concurrent.futures`."""

import concurrent.futures
import contextlib
import functools
import importlib
import multiprocessing
import os
import pathlib
import time

from . import records as files
from .plan import jobs


def run(protocol, out, *, root=None, workers=1, executor=None, threads=None, device=None, minutes=None, command=None,
        say=print, progress=False):  # fmt: skip
    """Do every run that a protocol asks for and that is not recorded yet.

    Killed at any moment and started again, it repeats no run that is recorded, and goes on with an unfinished one after
    its last whole epoch.

    Parameters
    ----------
    protocol : Protocol
    out : path
        JSON lines; each run is appended when it is done.  Beside it a folder keeps the state of unfinished runs.
    root : path, optional
        Folder of the whole CIFAR-10, as in `ol.data.cifar10`.
    workers : int, at least 1
        Runs at the same time.
    executor : concurrent.futures.Executor, optional
        Where they run; by default here for one worker, else in processes of this machine.  It is left open.
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

    Returns
    -------
    list of dict
        All records of the file, old and new.

    Raises
    ------
    RuntimeError
        If a run fails, naming it; those under way are waited for and recorded first.  And if another command is writing
        the same file.
    """
    if type(workers) is not int or workers < 1:
        raise ValueError(f"run: workers={workers!r} must be an integer of at least 1")
    out = pathlib.Path(out)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    from .job import run as run_job  # torch: only when something is to be trained

    if threads is None and workers > 1 and isinstance(executor, (type(None), *OWN.values())):
        threads = max(1, (os.cpu_count() or 1) // workers)
    work = functools.partial(run_job, root=root and str(root), checkpoints=str(checkpoints_of(out)), threads=threads,
                             device=device, progress=progress, command=command)  # fmt: skip
    with _alone(out), _pool(executor, workers) as pool:
        _work_off(protocol, out, pool, workers, work, until, say)
    return files.read(out)


def checkpoints_of(out):
    """The folder for unfinished runs of a results file."""
    out = pathlib.Path(out)
    return out.with_name(out.stem + ".unfinished")


@contextlib.contextmanager
def _alone(out):
    """Two commands at one file would do the same runs twice, and write over each other's unfinished states."""
    from filelock import FileLock, Timeout  # torch brings it

    folder = checkpoints_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")  # of the system, which frees it when a process ends, be it by kill -9
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(f"run: another command writes {out}; wait for it, stop it, or name another file") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes no open file
            os.remove(lock.lock_file)
        lock.release()
        with contextlib.suppress(OSError):  # runs may still be unfinished
            folder.rmdir()


def _work_off(protocol, out, pool, workers, work, until, say):
    flying, failed, began = {}, [], time.monotonic()
    done = files.read(out)
    try:
        while True:
            ready = [job for job in jobs(protocol, done) if job["id"] not in {j["id"] for j in flying.values()}]
            if not failed and (until is None or time.monotonic() < until):
                for job in ready[: workers - len(flying)]:
                    flying[pool.submit(work, job)] = job
            if not flying:
                break
            finished, _ = concurrent.futures.wait(flying, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in finished:
                job = flying.pop(future)
                try:
                    record = future.result()
                except Exception as error:  # what else is under way is recorded first
                    failed.append((job, error))
                    continue
                files.append(out, record)
                done.append(record)
                say(f"{time.monotonic() - began:7.0f} s  {line(record)}")
    finally:
        for future in flying:
            future.cancel()
    if failed:
        job, error = failed[0]
        raise RuntimeError(f"{_name(job)} failed: {type(error).__name__}: {error}") from error
    say(f"at least {len(ready)} runs are left" if ready else "every run of the protocol is recorded")


def line(record):
    """A record in one line."""
    history = record["history"]
    kind = "validation" if record["stage"] == "tuning" else "test"
    if history["diverged"]:
        found = f"diverged at step {history['diverged_at']}"
    else:
        found = f"{kind} {history['test_accuracy'][-1]:.2%}, {sum(history['seconds']):.1f} s of training"
        if record.get("flips_accuracy") is not None:
            found += f", {record['flips_accuracy']:.2%} with flips"
    return f"{_name(record)}: {found}"


def _name(job):
    variant = f"{job['variant']}: " * bool(job["variant"])
    return f"{job['id']}  {job['stage']:7}  {variant}{job['rule']}, lr {job['lr']:g}, seed {job['seed']}"


# --- where the work is done ----------------------------------------------------------------------------------

OWN = {"processes": concurrent.futures.ProcessPoolExecutor, "threads": concurrent.futures.ThreadPoolExecutor}


def executor_from(text, workers):
    """An executor by its name, such as "mpi4py.futures:MPIPoolExecutor" or "distributed:Client".

    The module is imported and the name called without arguments; "processes" and "threads" are Python's own.  A Dask
    client is asked for its executor.  Its workers must have optlib and the data.
    """
    if text in OWN:
        return _own(text, workers)
    module, _, name = text.partition(":")
    try:
        factory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"executor={text!r} must be 'processes', 'threads' or 'module:name' of something that can be imported: "
            f"{error}"
        ) from error
    try:
        made = factory()
        made = made.get_executor() if hasattr(made, "get_executor") else made
    except Exception as error:  # whatever it may raise
        raise ValueError(f"executor={text!r} cannot be made without arguments: {error}") from error
    if not hasattr(made, "submit"):
        raise ValueError(f"executor={text!r} gives a {type(made).__name__}, which has no submit(function, argument)")
    return made


def _own(kind, workers):
    if kind == "threads":
        return OWN[kind](workers)
    # A fresh interpreter each: a copy of this one would inherit torch's threads in the middle of their work.
    return OWN[kind](workers, mp_context=multiprocessing.get_context("spawn"))


def _pool(executor, workers):
    if executor is not None:
        return contextlib.nullcontext(executor)
    return _own("processes", workers) if workers > 1 else _Here()


class _Here:
    """An executor that does the work at once, in this process."""

    def submit(self, function, *arguments):
        future = concurrent.futures.Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False
