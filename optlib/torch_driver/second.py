"""A second gradient in one step, for rules that read the gradient as a function: SAM."""

import torch

from .state import join, resume, wide, write_pieces


class _Asked(Exception):
    """A rule asked for the gradient at the point that this holds."""


def needs_second(rule):
    """Whether a rule reads the gradient as a function."""
    return "gradient_function" in rule.reads


def second_gradients(asking, states, closure):
    """Gradients here and where rules ask for them.

    All parameters go to the points that are asked for together, and the closure is called there once.

    Parameters
    ----------
    asking : list of (params, rule, move)
    states : dict of the states of parameters
    closure : callable or None
        Computes the loss and its gradients anew.

    Returns
    -------
    list of (g, gradient_function), one for each of ``asking``
        What a step reads: a vector, and a function that gives another vector at the point that was asked for.
    """
    if closure is None:
        raise TypeError(
            f"TorchOptimizer: {type(asking[0][1]).__name__} takes two gradients a step; call step(closure) with a "
            "function that zeroes the gradients, computes the loss, calls backward and returns the loss"
        )
    here = [(join(params), join([p.grad for p in params])) for params, _, _ in asking]
    try:
        for (params, rule, move), (x, g) in zip(asking, here, strict=True):
            resume(rule, states[params[0]])
            write_pieces(params, _point_asked_for(move, x, g))
        with torch.enable_grad():
            closure()
        if any(p.grad is None for params, _, _ in asking for p in params):
            raise ValueError("TorchOptimizer: closure gave a parameter a gradient in the first call, not in the second")
        there = [wide(join([p.grad for p in params])) for params, _, _ in asking]
        return [(g, lambda _, second=second: second) for (_, g), second in zip(here, there, strict=True)]
    finally:
        for (params, _, _), (x, _) in zip(asking, here, strict=True):
            write_pieces(params, x)


def _point_asked_for(move, x, g):
    def ask(point):
        raise _Asked(point)

    try:
        move(x, g, ask)
    except _Asked as asked:
        return asked.args[0]
    return x
