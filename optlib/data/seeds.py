"""One stream of random numbers for each seed and purpose."""

import numpy as np

from .. import checks

PURPOSES = ("order", "start", "split", "set")


def generator(who, seed, purpose, *key):
    """The NumPy generator of a seed, a purpose and a ``key`` of integers; ``who`` is named in errors.

    The streams are independent: a network's initial weights of the order of its examples, and epoch 7 of the epochs
    before it.
    """
    checks.integer(who, "seed", seed, least=0)
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(PURPOSES.index(purpose), *key)))


def number_for(*key):
    """A seed for torch, another one for each key of integers."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))
