"""One stream of random numbers for each seed and purpose."""

import numpy as np


def generator(who, seed, *key):
    """A NumPy generator of its own for each seed and each ``key`` of integers; ``who`` is named in errors.

    The key makes streams that have nothing to do with each other: epoch 7 needs no number of the epochs before it.
    """
    check_whole(who, "seed", seed, least=0)
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=key))


def check_whole(who, name, value, least, most=None):
    """Refuse what is not an integer from ``least`` to ``most``."""
    allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{who}: {name}={value!r} must be an integer {allowed}")
    if value < least or most is not None and value > most:
        raise ValueError(f"{who}: {name}={value!r} must be an integer {allowed}")
