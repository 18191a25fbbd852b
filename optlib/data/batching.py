"""Mini-batches: the examples of an epoch, shuffled and cut."""

import numpy as np

from .. import checks
from .seeds import generator
from .sets import Data


def batches(data, size, *, seed=0, epochs=1, last="keep", replacement=False):
    """Cut the examples into mini-batches, shuffled anew for each epoch.

    >>> for i in ol.data.batches(train, 32, seed=0, epochs=10):
    ...     loss, grads = network.loss_and_grads(params, train.x[i], train.y[i])

    Parameters
    ----------
    data : Data or int
        The examples, or how many there are.
    size : int from 1 to the number of examples
    seed : int, at least 0
        Each seed has its own order of each epoch, the same in every run.
    epochs : int, at least 0
        Passes through all examples.
    last : "keep", "drop" or "weight"
        The last batch of an epoch where ``size`` does not divide the number of examples n.  "keep": it stays, smaller
        than the others, so its examples count more.  "drop": it is left out, so its examples are not seen in this
        epoch.  "weight": it stays, and a batch of b examples, of K batches, has the weight K b / n (see
        `Batches.weights`); then the mean of the weighted batch losses is the mean over all examples.
    replacement : bool
        False: each example is in exactly one batch of an epoch.  True: each place is filled by an example drawn from
        all of them, so an epoch of n draws holds some of them repeatedly and others not at all.

    Returns
    -------
    Batches
        Iterating gives arrays of indices, int64, batch by batch through all epochs.
    """
    n = len(data) if isinstance(data, Data) else data
    if not isinstance(n, (int, np.integer)):
        raise TypeError(f"batches: data is a {type(n).__name__}; it must be ol.data.Data(x, y) or a number of examples")
    checks.integer("batches", "data", n, least=1)
    checks.integer("batches", "size", size, least=1, most=n)
    checks.integer("batches", "epochs", epochs, least=0)
    checks.integer("batches", "seed", seed, least=0)
    checks.choice("batches", "last", last, ("keep", "drop", "weight"))
    checks.flag("batches", "replacement", replacement)
    return Batches(int(n), int(size), int(seed), int(epochs), last, bool(replacement))


class Batches:
    """Mini-batches of some epochs, from `batches`.

    Nothing is remembered: iterating twice gives the same batches twice, and any epoch can be had alone.

    Attributes
    ----------
    n, size, seed, epochs, last, replacement : as given to `batches`
    per_epoch : int
        Batches in an epoch.  ``len`` is their number in all epochs.
    weights : array (len,)
        How much each batch counts, for the argument ``weights`` of a network's loss:
        ``for i, w in zip(batches, batches.weights)``.  All 1 unless ``last="weight"``.
    """

    def __init__(self, n, size, seed, epochs, last, replacement):
        self.n, self.size, self.seed, self.epochs = n, size, seed, epochs
        self.last, self.replacement = last, replacement
        self.per_epoch = n // size if last == "drop" else -(-n // size)

    def __len__(self):
        return self.epochs * self.per_epoch

    def __iter__(self):
        for k in range(self.epochs):
            yield from self.epoch(k)

    def epoch(self, k):
        """The batches of epoch ``k`` = 0, 1, 2, ..., as a list of index arrays; also beyond ``epochs``."""
        order = self.order(k)
        return [order[first : first + self.size] for first in range(0, self.per_epoch * self.size, self.size)]

    def order(self, k):
        """All n indices of epoch ``k`` in the order drawn, including those that "drop" leaves out."""
        checks.integer("Batches.epoch", "k", k, least=0)
        rng = generator("Batches", self.seed, "order", int(k))
        return rng.integers(self.n, size=self.n) if self.replacement else rng.permutation(self.n)

    @property
    def weights(self):
        one_epoch = np.ones(self.per_epoch)
        if self.last == "weight":
            sizes = np.full(self.per_epoch, self.size)
            sizes[-1] = self.n - self.size * (self.per_epoch - 1)
            one_epoch = self.per_epoch * sizes / self.n
        return np.tile(one_epoch, self.epochs)

    def __repr__(self):
        rest = self.n % self.size
        end = "" if not rest else f" (dropped: {rest})" if self.last == "drop" else f" (last: {rest})"
        drawn = ", with replacement" if self.replacement else ""
        return (
            f"<Batches: {self.n:,} examples in {self.per_epoch} batches of {self.size}{end}, "
            f"{self.epochs} epoch{'s' * (self.epochs != 1)}, seed {self.seed}{drawn}>"
        )
