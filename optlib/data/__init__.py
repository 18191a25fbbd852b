"""Data: bundled and official sets, the split into training and validation part, standardization, mini-batches.

>>> train, validation = ol.data.split(ol.data.digits(), validation=0.2, seed=0)
>>> train, validation = ol.data.standardize(train, validation)
>>> for i in ol.data.batches(train, 32, seed=0, epochs=10):
...     loss, grads = network.loss_and_grads(params, train.x[i], train.y[i])

All random numbers are seeded and independent of NumPy's global state.  Only NumPy is needed,
Pillow for bundled photographs, and torch for `optlib.data.pixels`.
"""

from .batching import Batches, batches
from .cifar import CIFAR10_CLASSES, CIFAR10_MEAN, CIFAR10_STD, cifar10, cifar100
from .idx import FASHION_MNIST_CLASSES, fashion_mnist, mnist
from .preparation import Standardizer, split, standardize
from .sets import Data, digits, least_squares, linear_regression, penguins, squared_error
from .stl import STL10_CLASSES, stl10
from .text import novel

__all__ = [
    "CIFAR10_CLASSES", "CIFAR10_MEAN", "CIFAR10_STD", "FASHION_MNIST_CLASSES", "STL10_CLASSES", "Batches", "Data",
    "Standardizer", "batches", "cifar10", "cifar100", "digits", "fashion_mnist", "least_squares", "linear_regression",
    "mnist", "novel", "penguins", "split", "squared_error", "standardize", "stl10",
]
