"""One stream of random numbers for each seed and purpose."""

import numpy as np

from .. import checks

PURPOSES = ("order", "start", "split", "set")


def generator(who, seed, purpose, *key):
    """A NumPy generator of its own for each seed, purpose and ``key`` of integers; ``who`` is named in errors.

    The streams have nothing to do with each other: a network's start is independent of the order of its examples, and
    epoch 7 needs no number of the epochs before it.
    """
    checks.integer(who, "seed", seed, least=0)
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(PURPOSES.index(purpose), *key)))


def number_for(*key):
    """A random integer of its own for each key of integers, fit to seed torch."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))
