"""Data: bundled sets, the split into training and validation part, standardization, mini-batches.

>>> train, validation = ol.data.split(ol.data.digits(), validation=0.2, seed=0)
>>> train, validation = ol.data.standardize(train, validation)
>>> for i in ol.data.batches(train, 32, seed=0, epochs=10):
...     loss, grads = network.loss_and_grads(params, train.x[i], train.y[i])

All chance is seeded and independent of NumPy's global state.  Only NumPy is needed.
"""

from .batching import Batches, batches
from .preparation import Standardizer, split, standardize
from .sets import Data, digits, least_squares, linear_regression

__all__ = [
    "Batches", "Data", "Standardizer", "batches", "digits", "least_squares", "linear_regression", "split",
    "standardize",
]
