"""Data: bundled sets, the split into training and validation part, standardization, mini-batches.

>>> train, validation = ol.data.split(ol.data.digits(), validation=0.2, seed=0)
>>> train, validation = ol.data.standardize(train, validation)
>>> for i in ol.data.batches(train, 32, seed=0, epochs=10):
...     loss, grads = network.loss_and_grads(params, train.x[i], train.y[i])

All random numbers are seeded and independent of NumPy's global state.  Only NumPy is needed,
Pillow for the bundled images of CIFAR-10, and torch for `optlib.data.pixels`.
"""

from .batching import Batches, batches
from .cifar import CIFAR10_CLASSES, CIFAR10_MEAN, CIFAR10_STD, cifar10
from .preparation import Standardizer, split, standardize
from .sets import Data, digits, least_squares, linear_regression, penguins, squared_error

__all__ = [
    "CIFAR10_CLASSES", "CIFAR10_MEAN", "CIFAR10_STD", "Batches", "Data", "Standardizer", "batches", "cifar10", "digits",
    "least_squares", "linear_regression", "penguins", "split", "squared_error", "standardize",
]
