"""`train`, one run in a plain loop, and `train_many`, seeds and settings together as one computation.

The plain loop spends most of its time between the formulas: the matrices are so small that calling NumPy costs more
than NumPy's work.  So `train_many` stacks the runs: one product multiplies the matrices of all of them, one step of the
rule moves all their weights.  Each run stays what it is alone, with its seed's start and its seed's batches.

For the rule, the weights of a run are laid end to end as one point, as in `minimize`: the points of all runs are an
array of shape (seeds, settings, numbers), of which the network gets views, and a setting has shape (settings, 1).
"""

import concurrent.futures
import itertools
import math
import os
import time
from collections.abc import Mapping

import numpy as np

from .. import checks
from ..minimize import keep_freed_memory
from ..optimizers.kinds import steps_points_apart
from .dict_optimizer import DictOptimizer
from .layout import flatten, size, unflatten
from .plan import Plan
from .record import Training

CHUNK_NUMBERS = 2**18  # parameters in one chunk of runs: enough work between two calls of Python, not too much memory
LEAST_NUMBERS = 2**16  # with fewer, two threads wait for each other's Python longer than one needs for all of it


def train(network, rule, data, *, seed=0, start=None, batch=32, epochs=None, steps=None, validation=None, every=1,
          path=False, schedule=None, last="keep", replacement=False, dtype=np.float64):  # fmt: skip
    """Train one network on mini-batches, in a plain loop.

    Parameters
    ----------
    network : Network
        From `optlib.networks`, such as ``ol.networks.MLP([64, 32, 10])``.
    rule : Optimizer or its class
        Any rule that reads nothing but the gradient.  It is copied, not changed.
    data : Data
        The examples to train on.
    seed : int, at least 0
        Decides the start, ``network.init(seed)``, and the order of the examples, ``ol.data.batches(..., seed=seed)``.
    start : dict of arrays, optional
        Parameters to start from in place of the seed's.
    batch : int
        Examples in a mini-batch.
    epochs, steps : int, at least 1
        How long: one of the two.
    validation : Data, optional
        Examples that the network is evaluated on, but not trained on.
    every : int, at least 1
        Epochs between two evaluations on all examples, which cost about a quarter of the time when made after each
        epoch.
    path : bool
        Whether the weights after each step are kept, as ``path`` of the result.
    schedule : function of t, optional
        Factor on the rule's learning rate, such as ``ol.schedules.Cosine(1.0, steps=450)``; t is 0 at the first step.
    last, replacement : as in `optlib.data.batches`
    dtype : np.float64 or np.float32
        Of weights and data.

    Returns
    -------
    Training
        What was recorded; its arrays have no axes for seeds and settings.

    Raises
    ------
    TypeError, ValueError
        For wrong arguments; the message names argument, value and what is allowed.  A loss or weight that is not
        finite is no error: the run ends there, marked as diverged.
    """
    plan = Plan("train", network, rule, data, start=start, batch=batch, epochs=epochs, steps=steps, path=path,
                validation=validation, every=every, schedule=schedule, last=last, replacement=replacement,
                dtype=dtype)  # fmt: skip
    began = time.perf_counter()
    record = Training(plan, (), seed, {})
    point, average = _train_one(plan, seed, {}, record)
    return record._close(point, average, time.perf_counter() - began)


def _train_one(plan, seed, settings, record):
    """One run in a plain loop; returns its last weights and the average of its path (or None), as vectors."""
    network, shapes = plan.network, plan.network.shapes
    params, opt = plan.start(seed), DictOptimizer(plan.rule_with(settings))
    with np.errstate(all="ignore"):
        record._evaluate(0, params, plan)
        if plan.path:
            record._points[0] = flatten(params, shapes)
        for t, (i, weight) in enumerate(plan.batches(seed)):
            loss, grads = network.backward(params, plan.data.x[i], plan.data.y[i], weight)
            record.losses[t] = loss = loss if weight is None else loss / weight
            finite = np.isfinite(loss)
            if finite:
                try:
                    params = opt.step(params, grads, loss=float(loss))
                except ValueError:  # The driver refuses what is not finite, so this loop need not look at each number.
                    finite = _all_finite(params) and _all_finite(grads)
                    if finite:
                        raise
            if not finite:
                record.diverged_at[...] = t if _all_finite(params) else t - 1
                break
            if plan.path:
                record._points[t + 1] = flatten(params, shapes)
            if t + 1 in plan.rows:
                record._evaluate(t + 1, opt.evaluation_point(params), plan)
    return flatten(params, shapes), flatten(opt.evaluation_point(params), shapes) if plan.averages else None


def _all_finite(entries):
    return all(np.isfinite(value).all() for value in entries.values())


def train_many(network, rule, data, *, seeds, settings=None, start=None, batch=32, epochs=None, steps=None,
               validation=None, every=1, path=False, schedule=None, last="keep", replacement=False, dtype=np.float64,
               workers=None):  # fmt: skip
    """Train one network for each seed and each setting, all together, with the numbers of `train`.

    >>> rates = np.geomspace(1e-4, 1, 7)
    >>> runs = ol.train_many(network, ol.Adam, train, seeds=range(10), settings={"lr": rates}, epochs=5)
    >>> runs.losses.shape, runs.best()

    Parameters
    ----------
    seeds : sequence of ints
    settings : dict of 1-D arrays, optional
        Hyper-parameters of the rule by name; several arrays span a grid, as in `optlib.grid`.
    workers : int, optional
        Threads, at most, that the runs are divided among; by default one a core.  The numbers do not depend on it.
    start : dict of arrays, optional
        Parameters to start from in place of those of the seeds: the same for all runs.
    network, rule, data, batch, epochs, steps, validation, every, path, schedule, last, replacement, dtype
        As in `train`.  A rule that sees one tensor or matrix at a time, or does not say what it sees, takes much
        longer, because its runs are trained one by one; so does a rule that takes norms without `Optimizer.inner`.
        In float64 the losses are those of `train` up to rounding; adaptive rules then amplify the last bits slowly.
        float32 is two to three times as fast.

    Returns
    -------
    Training
        Its arrays have an axis for the seeds and then one for each array in ``settings``.

    Raises
    ------
    TypeError, ValueError
        As `train`.  A run that diverges is marked and disturbs no other.
    """
    plan = Plan("train_many", network, rule, data, start=start, batch=batch, epochs=epochs, steps=steps, path=path,
                validation=validation, every=every, schedule=schedule, last=last, replacement=replacement,
                dtype=dtype)  # fmt: skip
    if np.ndim(seeds) != 1 or not len(seeds):
        raise TypeError(f"train_many: seeds={seeds!r} must be a sequence of integers, such as range(10)")
    seeds = [checks.integer("train_many", "seeds", seed, least=0) for seed in seeds]
    settings = {} if settings is None else settings
    if not isinstance(settings, Mapping):
        raise TypeError(f"train_many: settings={settings!r} must be a dict of arrays by name, such as {{'lr': rates}}")
    settings = {name: checks.vector("train_many", f"settings[{name!r}]", v) for name, v in settings.items()}
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    checks.integer("train_many", "workers", workers, least=1)
    axes = np.meshgrid(*settings.values(), indexing="ij")
    grid = {name: axis.reshape(-1, 1) for name, axis in zip(settings, axes, strict=True)}
    plan.rule_with(grid)  # refuses wrong settings before any work is done

    began = time.perf_counter()
    keep_freed_memory()
    record = Training(plan, (len(seeds), *map(len, settings.values())), seeds, settings)
    points = np.empty((len(seeds), math.prod(map(len, settings.values())), size(network.shapes)), dtype)
    averages = np.empty_like(points) if plan.averages else None
    # Other rules would mix what the array holds: the tensors of a run, which are laid end to end, or the runs.
    stacked = plan.rule.sees in ("number", "group") and steps_points_apart(type(plan.rule))

    def train_chunk(s, k):
        chosen, chunk = {name: values[k] for name, values in grid.items()}, record._chunk(s, k)
        if stacked:
            point, average = _train_stacked(plan, seeds[s], chosen, chunk)
        else:
            point, average = _train_one(plan, *seeds[s], {name: value.item() for name, value in chosen.items()}, chunk)
        points[s, k] = point
        if plan.averages:
            averages[s, k] = average

    most = points.size // LEAST_NUMBERS if stacked else workers * (points.shape[-1] >= LEAST_NUMBERS)
    workers = max(1, min(workers, most))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(train_chunk, s, k) for s, k in _chunks(*points.shape, workers if stacked else math.inf)]
        try:
            for task in tasks:
                task.result()
        except BaseException:  # Also when a notebook is interrupted: do not start the tasks that still wait.
            pool.shutdown(cancel_futures=True)
            raise
    shape = *record.diverged_at.shape, -1
    averages = averages.reshape(shape) if plan.averages else None
    return record._close(points.reshape(shape), averages, time.perf_counter() - began)


def _train_stacked(plan, seeds, settings, record):
    """Some runs as one array (seeds, settings, numbers); returns their points and averages of their paths, or None."""
    shapes, rule = plan.network.shapes, plan.rule_with(settings).batched()  # norms are taken run by run
    starts = np.stack([flatten(plan.start(seed), shapes) for seed in seeds])[:, None]
    x = np.repeat(starts, record.diverged_at.shape[1], axis=1)
    with np.errstate(all="ignore"):
        record._evaluate(0, unflatten(x, shapes), plan)
        if plan.path:
            record._points[0] = x
        for t, batches in enumerate(zip(*map(plan.batches, seeds), strict=True)):
            i, weight = np.stack([indices for indices, _ in batches])[:, None], batches[0][1]
            loss, grads = plan.network.backward(unflatten(x, shapes), plan.data.x[i], plan.data.y[i], weight)
            record.losses[t] = loss = loss if weight is None else loss / weight  # of the batch; the gradient has it
            x = rule.advance(x, flatten(grads, shapes), loss=loss[..., None])
            if plan.path:
                record._points[t + 1] = x
            finite = np.isfinite(loss) & np.isfinite(x).all(axis=-1)
            if not finite.all():
                np.minimum(record.diverged_at, np.where(finite, plan.steps, t), out=record.diverged_at)
                if record.diverged.all():
                    x = np.full_like(x, np.nan)
                    break
            if t + 1 in plan.rows:
                record._evaluate(t + 1, unflatten(rule.evaluation_point(x), shapes), plan)
    return x, rule.evaluation_point(x) if plan.averages else None


def _chunks(seeds, settings, numbers, workers):
    """Pairs of slices: chunks of about `CHUNK_NUMBERS`, at least one for each worker where there is enough to do."""
    most = max(1, min(CHUNK_NUMBERS // numbers, math.ceil(seeds * settings / workers)))
    k_size = min(settings, most)
    s_size = max(1, most // k_size)
    cut = lambda count, size: [slice(first, first + size) for first in range(0, count, size)]
    return list(itertools.product(cut(seeds, s_size), cut(settings, k_size)))
