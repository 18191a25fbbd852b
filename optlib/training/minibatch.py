"""Measurements on mini-batches: how noisy their gradients are, what a step costs, how many it takes.

>>> rows = ol.minibatch.per_example(network, network.init(seed=0), train)
>>> ol.minibatch.noise_scale(rows)

Networks are those of `optlib.networks`, data those of `optlib.data`; steps are those of plain descent and momentum, so
that the clock measures the network and not the rule.
"""

import time

import numpy as np

from .. import checks
from ..data import batches
from .plan import check_data

__all__ = [
    "clocked", "cosines", "noise_scale", "per_example", "reached", "stationary_covariance", "step_time", "steps_to",
]  # fmt: skip

EVALUATE_EVERY = 64  # examples between two evaluations in `steps_to`: with small batches, not after each step
MOST_EPOCHS = 400  # after which `steps_to` gives up


def per_example(network, params, data):
    """The gradients of the loss of each example alone: rows (n, numbers), all parameters end to end as in ``params``.

    Every formula of a network also holds for many networks at once; here for as many batches of one example each.

    Parameters
    ----------
    network : Network
    params : dict of arrays, of one network
    data : Data
    """
    check_data("per_example", "data", data, network)
    stacked = {name: value[None] for name, value in params.items()}
    grads = network.loss_and_grads(stacked, data.x[:, None], data.y[:, None])[1]
    return np.concatenate([grads[name].reshape(len(data), -1) for name in params], axis=1)


def noise_scale(rows):
    r"""Batch size at which the noise of the gradient is as long as the gradient itself; ``rows`` as from `per_example`.

    $$\mathcal B = \frac{\operatorname{tr}\Sigma}{\lvert\nabla L\rvert^2}$$

    Source: S. McCandlish, J. Kaplan, D. Amodei and others (2018), An Empirical Model of Large-Batch Training,
    equation 2.9 ("simple" noise scale).  arXiv:1812.06162
    """
    rows = _check_rows("noise_scale", rows)
    return float(rows.var(axis=0).sum() / (rows.mean(axis=0) ** 2).sum())


def cosines(rows, B, draws=2000, seed=0):
    """Cosines (draws,) of the angles between the gradients of random batches and that of all examples.

    Parameters
    ----------
    rows : array (n, numbers), as from `per_example`
    B : int, at least 1
        Examples in a batch, drawn with replacement.
    draws, seed : int
    """
    rows = _check_rows("cosines", rows)
    checks.integer("cosines", "B", B, least=1)
    checks.integer("cosines", "draws", draws, least=1)
    checks.integer("cosines", "seed", seed, least=0)
    n = len(rows)
    drawn = np.random.default_rng(seed).integers(n, size=(draws, B))
    counts = np.stack([np.bincount(batch, minlength=n) for batch in drawn])  # how often each example is drawn
    estimates, full = counts @ rows / B, rows.mean(axis=0)
    return estimates @ full / (np.linalg.norm(estimates, axis=1) * np.linalg.norm(full))


def stationary_covariance(A, y, lr, B):
    r"""Covariance (d, d) of the weights of a linear model, long after the start of descent on random mini-batches.

    The loss is the mean of (A w - y)^2 / 2 over the rows; batches are drawn with replacement.  With delta = w - w* and
    the Hessian of a batch, H_b, delta becomes (I - lr H_b) delta - lr g_b, and so the covariance P satisfies

    $$P = \operatorname{E}[(I - \eta H_b) P (I - \eta H_b)] + \frac{\eta^2}{B} \Sigma$$

    which are linear equations for its entries.  It is exact for every learning rate at which it exists; for small ones
    it is `theory.stationary_variance` in each direction.

    Parameters
    ----------
    A : array (n, d)
        One example a row.
    y : array (n,)
    lr : float above 0
    B : int, at least 1

    Raises
    ------
    ValueError
        If the variance grows without limit at this learning rate, and if the columns of A are linearly dependent.
    """
    A, y = np.asarray(A, dtype=float), np.asarray(y, dtype=float)
    if A.ndim != 2 or y.shape != A.shape[:1] or not (np.isfinite(A).all() and np.isfinite(y).all()):
        allowed = "they must be (n, d) and (n,), of finite numbers"
        raise ValueError(f"stationary_covariance: A has shape {A.shape} and y {y.shape}; {allowed}")
    lr = checks.number("stationary_covariance", "lr", lr, "(0, inf)")
    checks.integer("stationary_covariance", "B", B, least=1)
    n, d = A.shape
    if np.linalg.matrix_rank(A) < d:
        raise ValueError("stationary_covariance: the columns of A are linearly dependent, so w keeps its component in "
                         "the null space of A")  # fmt: skip
    H = A.T @ A / n
    residual = A @ np.linalg.lstsq(A, y)[0] - y
    S = (A * residual[:, None] ** 2).T @ A / n
    pairs = np.einsum("ni,nj->nij", A, A).reshape(n, d * d)
    fourth = (pairs.T @ pairs / n).reshape(d, d, d, d).transpose(0, 2, 1, 3).reshape(d * d, d * d)
    shrink = np.eye(d) - lr * H
    transition = np.kron(shrink, shrink) + lr**2 / B * (fourth - np.kron(H, H))  # of the entries of P in one step
    if np.abs(np.linalg.eigvals(transition)).max() >= 1:
        raise ValueError(f"stationary_covariance: at lr={lr!r} and B={B!r} the variance grows without limit")
    return np.linalg.solve(np.eye(d * d) - transition, lr**2 / B * S.ravel()).reshape(d, d)


def clocked(network, data, B, lr, steps, looks=32, seed=0):
    """One run of plain descent on mini-batches, with three clocks.

    Parameters
    ----------
    network : Network
    data : Data
    B : int from 1 to the number of examples
    lr : float above 0
    steps : int, at least 1
    looks : int, at least 1
        About how often the loss on all examples is computed; the clock stops meanwhile.
    seed : int

    Returns
    -------
    dict of arrays (m,)
        "steps", "examples", "seconds" and "loss", for `plots.progress`.
    """
    check_data("clocked", "data", data, network)
    lr = checks.number("clocked", "lr", lr, "(0, inf)")
    checks.integer("clocked", "steps", steps, least=1)
    checks.integer("clocked", "looks", looks, least=1)
    params, every = network.init(seed), max(1, steps // looks)
    examples, seconds, record = 0, 0.0, []
    for t, i in zip(range(steps + 1), batches(data, B, seed=seed, epochs=steps + 1), strict=False):
        if t % every == 0:
            record.append((t, examples, seconds, network.evaluate(params, data)[0]))
        began = time.perf_counter()
        params, examples = _step(network, data, params, lr, i), examples + len(i)
        seconds += time.perf_counter() - began
    return dict(zip(("steps", "examples", "seconds", "loss"), np.array(record, dtype=float).T, strict=True))


def reached(run, target):
    """When the loss of a run, as from `clocked`, was first at ``target`` or below.

    Returns a dict of the numbers of "steps", "examples" and "seconds" up to there; infinite if it never was.
    """
    below = np.flatnonzero(np.asarray(run["loss"]) <= target)
    return {name: float(run[name][below[0]]) if len(below) else np.inf for name in ("steps", "examples", "seconds")}


def step_time(network, data, B, repeats=30):
    """Seconds that one step of plain descent takes, the median of ``repeats``.

    ``B`` may be larger than the number of examples; they are then repeated.
    """
    check_data("step_time", "data", data, network)
    checks.integer("step_time", "B", B, least=1)
    checks.integer("step_time", "repeats", repeats, least=1)
    i, params, times = np.arange(B) % len(data), network.init(seed=0), []
    for _ in range(repeats):
        began = time.perf_counter()
        params = _step(network, data, params, 0.01, i)
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def steps_to(network, data, target, B, rates, beta=0.0, seeds=range(3)):
    """Steps until the best of several learning rates brings the loss on all examples, a mean over seeds, to a target.

    All rates and seeds run together, in float32, until the first rate arrives.

    Parameters
    ----------
    network : Network
    data : Data
    target : float
    B : int from 1 to the number of examples
    rates : 1-D array of learning rates
        Of momentum in the sum form; those that diverge lose.
    beta : float from 0 to below 1
        Momentum.
    seeds : sequence of ints

    Returns
    -------
    steps, rate : float
        Infinity and NaN if none arrives within 400 epochs.  The loss is computed about once in 64 examples, so small
        batches may arrive a little earlier than the number returned.
    """
    check_data("steps_to", "data", data, network)
    rates = checks.vector("steps_to", "rates", rates, "(0, inf)")
    beta = checks.number("steps_to", "beta", beta, "[0, 1)")
    checks.integer("steps_to", "B", B, least=1, most=len(data))
    if np.ndim(seeds) != 1 or not len(seeds):
        raise TypeError(f"steps_to: seeds={seeds!r} must be a sequence of integers, such as range(3)")
    data, lr, beta = data.astype(np.float32), np.float32(rates).reshape(-1, 1, 1), np.float32(beta)
    params = {k: np.repeat(v[:, None], len(rates), axis=1) for k, v in network.init(seeds, np.float32).items()}
    velocity = {k: np.zeros_like(v) for k, v in params.items()}
    all_batches = zip(*(batches(data, B, seed=seed, epochs=MOST_EPOCHS) for seed in seeds), strict=True)
    with np.errstate(all="ignore"):  # rates that diverge
        for t, indices in enumerate(all_batches):
            if t % max(1, EVALUATE_EVERY // B) == 0:
                loss = np.nan_to_num(network.evaluate(params, data)[0].mean(axis=0), nan=np.inf)
                if loss.min() <= target:
                    return float(t), float(rates[loss.argmin()])
            i = np.stack(indices)[:, None]  # (seeds, 1, B): all rates of a seed read the same examples
            grads = network.backward(params, data.x[i], data.y[i])[1]
            velocity = {k: beta * velocity[k] + grads[k] for k in params}
            params = {k: params[k] - lr * velocity[k] for k in params}
    return np.inf, np.nan


def _step(network, data, params, lr, i):
    grads = network.backward(params, data.x[i], data.y[i])[1]
    return {name: params[name] - lr * grads[name] for name in params}


def _check_rows(who, rows):
    rows = np.asarray(rows, dtype=float)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise ValueError(f"{who}: rows has shape {rows.shape}; it must be (n, numbers), finite, one gradient a row")
    return rows
