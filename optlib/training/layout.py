"""Arrays by name as one vector, and back."""

import math

from ..arrays import namespace


def flatten(arrays, shapes):
    """Arrays (..., *shape) laid end to end in the order of ``shapes``, a dict by name: one array (..., numbers).

    Axes of an array in front of its shape are those of a batch.
    """
    named = ((arrays[name], shape) for name, shape in shapes.items())
    rows = [array.reshape((*array.shape[: array.ndim - len(shape)], math.prod(shape))) for array, shape in named]
    return namespace(rows[0]).concat(rows, axis=-1)


def unflatten(vectors, shapes):
    """The inverse of `flatten`: arrays (..., *shape) by name, as views of ``vectors`` (..., numbers)."""
    arrays, first = {}, 0
    for name, shape in shapes.items():
        last = first + math.prod(shape)
        arrays[name] = vectors[..., first:last].reshape((*vectors.shape[:-1], *shape))
        first = last
    return arrays


def size(shapes):
    """How many numbers there are in all."""
    return sum(map(math.prod, shapes.values()))
