"""What is done once, before training: the split, and standardization by what the training part alone tells."""

import dataclasses
import numbers

import numpy as np

from .seeds import generator
from .sets import Data


def split(data, validation=0.2, seed=0):
    """Deal the examples at random into a part to train on and a part to validate on.

    Parameters
    ----------
    data : Data
    validation : float between 0 and 1
        Share of the examples in the second part, rounded to whole examples; each part has at least one.
    seed : int, at least 0

    Returns
    -------
    train, validation : Data
        Together they hold each example once.
    """
    _check_data("split", "data", data)
    if isinstance(validation, bool) or not isinstance(validation, numbers.Real) or not 0 < validation < 1:
        raise ValueError(f"split: validation={validation!r} must be a number between 0 and 1, such as 0.2")
    order = generator("split", seed, "split").permutation(len(data))
    held_out = round(validation * len(data))
    if not 0 < held_out < len(data):
        raise ValueError(
            f"split: validation={validation!r} of {len(data)} examples leaves one part empty; each needs at least one"
        )
    return data.take(order[held_out:]), data.take(order[:held_out])


class Standardizer:
    """Shifts and scales each input as the training part needs it to have mean 0 and standard deviation 1.

    >>> prepared = Standardizer(train)
    >>> train, validation = prepared(train), prepared(validation)

    The validation part is shifted and scaled by the numbers of the training part, since nothing may be known of it.
    An input that is constant in the training part, such as a corner pixel that is always white, is only shifted.

    Attributes
    ----------
    mean, scale : arrays (d,)
        What is subtracted, and what is then divided by; ``scale`` is 1 for constant inputs.
    """

    def __init__(self, train):
        _check_data("Standardizer", "train", train)
        x = train.x.astype(np.float64)
        constant = (x == x[0]).all(axis=0)
        self.mean = np.where(constant, x[0], x.mean(axis=0))
        self.scale = np.where(constant, 1.0, x.std(axis=0))

    def __call__(self, data):
        """``data`` with standardized inputs, in its dtype, as `Data`."""
        _check_data("Standardizer", "data", data)
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
    prepared = Standardizer(train)
    parts = tuple(prepared(part) for part in (train, *others))
    return parts if others else parts[0]


def _check_data(who, name, value):
    if not isinstance(value, Data):
        raise TypeError(f"{who}: {name} is a {type(value).__name__}; it must be ol.data.Data(x, y)")
