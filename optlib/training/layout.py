"""The parameters of a network as one row of numbers, and back."""

import math

import numpy as np


def whole(entries, shapes):
    """Entries (..., *shape) laid end to end in the order of ``shapes``: an array (..., numbers)."""
    pieces = [(entries[name], np.ndim(entries[name]) - len(shape)) for name, shape in shapes.items()]
    return np.concatenate([piece.reshape(*piece.shape[:front], -1) for piece, front in pieces], axis=-1)


def parts(points, shapes):
    """The inverse of `whole`: entries (..., *shape) by name, as views of an array (..., numbers)."""
    entries, first = {}, 0
    for name, shape in shapes.items():
        last = first + math.prod(shape)
        entries[name] = points[..., first:last].reshape(*points.shape[:-1], *shape)
        first = last
    return entries


def count(shapes):
    """How many numbers there are in all."""
    return sum(map(math.prod, shapes.values()))
