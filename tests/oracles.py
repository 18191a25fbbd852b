"""Feeding the same gradients to a rule of the course and to an optimizer of another library."""

import warnings

import numpy as np
import torch

STEPS, SHAPE = 300, (4, 3)
TOLERANCE = 1e-12


def packages():
    """Two public collections of optimizers; they warn while they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pytorch_optimizer
        import torch_optimizer
    return {"pytorch_optimizer": pytorch_optimizer, "torch_optimizer": torch_optimizer}


def path(rule, x, gradients):
    """Points (steps, *shape) of a rule of the course; the start is left out."""
    points = []
    for g in gradients:
        x = rule.step(x, g)
        points.append(x)
    return np.array(points)


def torch_path(make, x, gradients, state=None, **options):
    """Points of a torch optimizer, or of the entry ``state`` that it keeps."""
    weights = torch.nn.Parameter(torch.tensor(x))
    points = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opt = make([weights], **options)
        for g in gradients:
            weights.grad = torch.tensor(g)
            opt.step()
            kept = weights if state is None else opt.state[weights][state]
            points.append(kept.detach().numpy().copy())
    return np.array(points)
