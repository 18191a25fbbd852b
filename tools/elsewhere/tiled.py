"""Sequences tiled to 4608 numbers, in blocks of 256: states of few bits begin at 4096 and share a scale in a block."""

from . import torch_api


def tiled(values):
    values = values if isinstance(values, list) else [values]
    return values * (4608 // len(values))


def walk(run, dtype, x0, gradients, factors):
    """Of the tiles, which all walk alike, the first."""
    kept = len(x0) if isinstance(x0, list) else 1
    for step in torch_api.walk(run, dtype, tiled(x0), [tiled(each) for each in gradients], factors):
        yield step[:kept]
