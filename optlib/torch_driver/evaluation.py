"""The weights to evaluate in the place of those that are trained, for as long as a block lasts."""

import contextlib

import torch

from ..optimizers.around import has_another_evaluation_point
from .state import join, resume, wide, write_pieces


@contextlib.contextmanager
def weights_to_evaluate(groups, states):
    """Put `Optimizer.evaluation_point` into the parameters, and at the end what was there before."""
    kept = []
    try:
        with torch.no_grad():
            for group in groups:
                if (rule := getattr(group, "rule", None)) and has_another_evaluation_point(type(rule)):
                    params = [p for p in group["params"] if states.get(p)]
                    kept += [(p, p.detach().clone()) for p in params]
                    _put(rule, params, states)
        yield
    finally:
        with torch.no_grad():
            for p, value in reversed(kept):  # of two that lie in the same memory the first was as trained
                p.copy_(value)


def _put(rule, params, states):
    if rule.sees == "group" and params:
        resume(rule, states[params[0]])
        write_pieces(params, rule.evaluation_point(wide(join(params))))
        return
    for p in params:
        resume(rule, states[p])
        p.copy_(rule.evaluation_point(wide(p)))
