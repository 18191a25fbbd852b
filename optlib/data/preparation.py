"""Preparation before training: the split, and standardization by the training part alone."""

import dataclasses

import numpy as np

from .. import checks
from .seeds import generator
from .sets import check_data


def split(data, validation=0.2, seed=0):
    """Divide the examples at random into a part to train on and a part to validate on.

    Parameters
    ----------
    data : Data
    validation : float between 0 and 1
        Share of the examples in the second part, rounded to whole examples.
    seed : int, at least 0

    Returns
    -------
    train, validation : Data
        Together they hold each example once.

    Raises
    ------
    ValueError
        If a part would be empty.
    """
    check_data("split", "data", data)
    checks.number("split", "validation", validation, "(0, 1)")
    order = generator("split", seed, "split").permutation(len(data))
    held_out = round(validation * len(data))
    if not 0 < held_out < len(data):
        raise ValueError(
            f"split: validation={validation!r} of {len(data)} examples leaves one part empty; each needs at least one"
        )
    return data.take(order[held_out:]), data.take(order[:held_out])


class Standardizer:
    """Shifts and scales each input as the training part needs it to have mean 0 and standard deviation 1.

    >>> prepare = Standardizer(train)
    >>> train, validation = prepare(train), prepare(validation)

    The validation part is shifted and scaled by the same numbers, so that nothing is learned from it.  An input that is
    constant in the training part, such as a corner pixel that is always white, is only shifted.

    Attributes
    ----------
    mean, scale : arrays (d,)
        What is subtracted, and what is then divided by; ``scale`` is 1 for constant inputs.
    """

    def __init__(self, train):
        check_data("Standardizer", "train", train)
        x = train.x.astype(np.float64)
        constant, (_, power) = (x == x[0]).all(axis=0), np.frexp(abs(x).max(axis=0))
        self.mean = np.where(constant, x[0], x.mean(axis=0))
        # Times a power of two, which changes no digit: squares of 1e200 would be infinite, those of 1e-200 zero.
        self.scale = np.where(constant, 1.0, np.ldexp(np.ldexp(x, -power).std(axis=0), power))

    def __call__(self, data):
        """``data`` with standardized inputs, in its dtype, as `Data`."""
        check_data("Standardizer", "data", data)
        if data.x.shape[1:] != self.mean.shape:
            raise ValueError(
                f"Standardizer: data has {data.x.shape[1]} inputs, but the training part has {len(self.mean)}"
            )
        return dataclasses.replace(data, x=((data.x - self.mean) / self.scale).astype(data.x.dtype), truth=None)


def standardize(train, *others):
    """Standardize each input by mean and deviation of the training part: `Standardizer` in one line.

    >>> train, validation = ol.data.standardize(train, validation)

    Returns
    -------
    Data, or a tuple of Data in the order given where there are ``others``
    """
    prepare = Standardizer(train)
    return tuple(map(prepare, (train, *others))) if others else prepare(train)
