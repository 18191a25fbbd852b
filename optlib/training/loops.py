"""`train`, one run in a plain loop, and `train_many`, seeds and settings together as one computation.

The plain loop spends most of its time between the formulas: the matrices are so small that calling NumPy costs more
than NumPy's work.  So `train_many` stacks the runs: one product multiplies the matrices of all of them, one step of the
rule moves all their weights.  Each run stays what it is alone, with its seed's start and its seed's batches.

For the rule, the weights of a run are laid end to end as one point, as in `minimize`: the points of all runs are an
array of shape (seeds, settings, numbers), of which the network sees parts, and a setting has shape (settings, 1).
"""

import concurrent.futures
import math
import os
import time
from collections.abc import Mapping

import numpy as np

from .. import checks
from ..minimize import _keep_freed_memory
from .dict_optimizer import DictOptimizer
from .layout import count, parts, whole
from .plan import Plan
from .record import Training

CHUNK_NUMBERS = 2**18  # parameters in one chunk of runs: enough work between two calls of Python, not too much memory


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
        Examples that are looked at, but not trained on.
    every : int, at least 1
        Epochs between two looks at all examples, which cost about a quarter of the time when made after each epoch.
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
        For arguments that cannot be; the message names argument, value and what is allowed.  A loss or weight that is
        not finite is no error: the run ends there, marked as diverged.
    """
    plan = Plan("train", network, rule, data, start=start, batch=batch, epochs=epochs, steps=steps, path=path,
                validation=validation, every=every, schedule=schedule, last=last, replacement=replacement,
                dtype=dtype)  # fmt: skip
    began = time.perf_counter()
    record = Training(plan, (), seed, {})
    params, opt = plan.start(seed), DictOptimizer(plan.rule_with({}))
    with np.errstate(all="ignore"):
        record._look(0, params, plan)
        record._keep(0, params)
        for t, (i, weight) in enumerate(plan.stream(seed)):
            loss, grads = network.backward(params, plan.data.x[i], plan.data.y[i], weight)
            record.losses[t] = loss
            new = _step(opt, params, grads, float(loss))
            if new is None:
                record.diverged_at[()] = t if _finite(params) else t - 1
                break
            params = new
            record._keep(t + 1, params)
            if t + 1 in plan.looks:
                record._look(t + 1, _averaged(opt, params) or params, plan)
    return record._close(params, _averaged(opt, params), time.perf_counter() - began)


def _step(opt, params, grads, loss):
    """The next parameters, or None where anything is not finite."""
    if not np.isfinite(loss):
        return None
    try:
        return opt.step(params, grads, loss=loss)
    except ValueError:  # the driver refuses what is not finite, and so the loop need not look at each number again
        if _finite(params) and _finite(grads):
            raise
        return None


def _finite(entries):
    return all(np.isfinite(value).all() for value in entries.values())


def _averaged(opt, params):
    """The average that a rule keeps of its path, in the form of ``params``; None for rules that keep none."""
    state = opt.state
    if "average" in state:  # of all weights as one vector
        return parts(state["average"], {name: value.shape for name, value in params.items()})
    if all("average" in state.get(name, ()) for name in params):
        return {name: state[name]["average"] for name in params}
    return None


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
        Threads among which the runs are dealt; by default one a core.  It changes no number.
    start : dict of arrays, optional
        Parameters to start from in place of those of the seeds: the same for all runs.
    network, rule, data, batch, epochs, steps, validation, every, path, schedule, last, replacement, dtype
        As in `train`.
        In float64 the losses are those of `train` up to rounding; adaptive rules then amplify the last bits slowly.
        float32 is two to three times as fast.

    Returns
    -------
    Training
        Its arrays have an axis for the seeds and then one for each array in ``settings``.

    Raises
    ------
    TypeError, ValueError
        As `train`.  Rules whose numbers belong together, such as `YellowFin`, train too: norms are taken run by run.
        A run that diverges is marked and disturbs no other.
    """
    plan = Plan("train_many", network, rule, data, start=start, batch=batch, epochs=epochs, steps=steps, path=path,
                validation=validation, every=every, schedule=schedule, last=last, replacement=replacement,
                dtype=dtype)  # fmt: skip
    seeds, settings = _checked_seeds(seeds), _checked_settings(settings or {})
    workers = _cores() if workers is None else workers
    checks.integer("train_many", "workers", workers, least=1)
    grid = [len(values) for values in settings.values()]
    axes = np.meshgrid(*settings.values(), indexing="ij")
    flat = {name: axis.reshape(-1, 1) for name, axis in zip(settings, axes, strict=True)}
    plan.rule_with(flat)  # refuses wrong settings before any work is done

    began = time.perf_counter()
    _keep_freed_memory()
    shape = len(seeds), math.prod(grid)
    points = np.empty((*shape, count(network.shapes)), dtype)
    averages = np.empty_like(points)
    record = Training(plan, shape, seeds, settings)

    def train_chunk(s, k):
        chosen = {name: values[k] for name, values in flat.items()}
        x, average = _train_chunk(plan, seeds[s], chosen, record._part(s, k))
        points[s, k] = x
        if average is not None:
            averages[s, k] = average
        return average is not None

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(train_chunk, s, k) for s, k in _chunks(*points.shape, workers)]
        try:
            has_average = [task.result() for task in tasks][0]
        except BaseException:  # the interrupt of a notebook too: what has not begun must not begin
            pool.shutdown(cancel_futures=True)
            raise
    average = parts(averages, network.shapes) if has_average else None
    record._close(parts(points, network.shapes), average, time.perf_counter() - began)
    return record._reshaped((len(seeds), *grid))


def _train_chunk(plan, seeds, settings, record):
    """Train some of the runs to their end; returns their points and the averages of their paths, or None."""
    shapes, rule = plan.network.shapes, plan.rule_with(settings)
    rule._axis = -1  # a norm is one of each run
    starts = np.stack([whole(plan.start(seed), shapes) for seed in seeds])[:, None]
    x = np.repeat(starts, record.diverged_at.shape[1], axis=1)
    with np.errstate(all="ignore"):
        record._look(0, parts(x, shapes), plan)
        record._keep(0, x)
        for t, drawn in enumerate(zip(*map(plan.stream, seeds), strict=True)):
            i, weight = np.stack([index for index, _ in drawn])[:, None], drawn[0][1]
            loss, grads = plan.network.backward(parts(x, shapes), plan.data.x[i], plan.data.y[i], weight)
            x = rule.advance(x, whole(grads, shapes), loss=loss[..., None])
            record.losses[t] = loss
            record._keep(t + 1, x)
            fine = np.isfinite(loss) & np.isfinite(x).all(axis=-1)
            if not fine.all():
                np.minimum(record.diverged_at, np.where(fine, plan.steps, t), out=record.diverged_at)
                if record.diverged.all():
                    x = np.full_like(x, np.nan)
                    break
            if t + 1 in plan.looks:
                record._look(t + 1, parts(getattr(rule, "average", x), shapes), plan)
    return x, getattr(rule, "average", None)


def _chunks(seeds, settings, numbers, workers):
    """Pairs of slices that deal seeds and settings into chunks of about `CHUNK_NUMBERS`, for each worker at least one
    where there is enough to do."""
    most = max(1, min(CHUNK_NUMBERS // numbers, -(-seeds * settings // workers)))
    k_size = min(settings, most)
    s_size = max(1, most // k_size)
    return [
        (slice(s, s + s_size), slice(k, k + k_size))
        for s in range(0, seeds, s_size)
        for k in range(0, settings, k_size)
    ]


def _cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _checked_seeds(seeds):
    if np.ndim(seeds) != 1 or not len(seeds):
        raise TypeError(f"train_many: seeds={seeds!r} must be a sequence of integers, such as range(10)")
    for seed in seeds:
        checks.integer("train_many", "seeds", seed, least=0)
    return [int(seed) for seed in seeds]


def _checked_settings(settings):
    if not isinstance(settings, Mapping):
        raise TypeError(f"train_many: settings={settings!r} must be a dict of arrays by name, such as {{'lr': rates}}")
    arrays = {name: np.asarray(values) for name, values in settings.items()}
    for name, values in arrays.items():
        if values.ndim != 1 or not values.size or values.dtype.kind not in "fiu":
            raise ValueError(
                f"train_many: settings[{name!r}]={settings[name]!r} must be a 1-D array of at least one number"
            )
    return {name: values.astype(np.float64) for name, values in arrays.items()}
